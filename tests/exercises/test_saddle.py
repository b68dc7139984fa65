"""The saddle's gradient: wrong answers that students give, each with its sentence."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab.exercises import check_saddle_gradient
from jaxopt_lab.exercises.saddle import GRADIENT, MISTAKES, POINTS

RIGHT = {
    "NumPy": lambda w1, w2: np.array([2 * w1, -2 * w2]),
    "jax.numpy": lambda w1, w2: jnp.array([2 * w1, -2 * w2]),
    "by jax.grad": lambda w1, w2: jax.grad(lambda w: w[0] ** 2 - w[1] ** 2)(jnp.array([w1, w2])),
    "by differences": lambda w1, w2: np.array([((w1 + 1e-6) ** 2 - w1**2) / 1e-6, (w2**2 - (w2 + 1e-6) ** 2) / 1e-6]),
}


@pytest.mark.parametrize("answer", RIGHT.values(), ids=RIGHT)
def test_right_answers(answer):
    verdict = check_saddle_gradient(answer)
    assert verdict.is_right, verdict


def misspelt(w1, w2):
    return np.array([2 * w1, -2 * W2])  # noqa: F821 # pyright: ignore[reportUndefinedVariable]


def silent(w1, w2):
    raise ValueError


WRONG = {
    "both positive": (lambda w1, w2: np.array([2 * w1, 2 * w2]), "the second component has the wrong sign"),
    "both negative": (lambda w1, w2: np.array([-2 * w1, -2 * w2]), "the first component has the wrong sign"),
    "downhill": (lambda w1, w2: np.array([-2 * w1, 2 * w2]), "both signs are wrong"),
    "no factor": (lambda w1, w2: np.array([w1, -w2]), "the factor 2 is missing in both"),
    "no factor in the first": (lambda w1, w2: np.array([w1, -2 * w2]), "the factor 2 is missing in the first"),
    "no factor in the second": (lambda w1, w2: np.array([2 * w1, -w2]), "the factor 2 is missing in the second"),
    "neither factor nor sign": (lambda w1, w2: np.array([w1, w2]), "the factor 2 is missing, and the second"),
    "components swapped": (lambda w1, w2: np.array([-2 * w2, 2 * w1]), "the components are swapped"),
    "variables swapped": (lambda w1, w2: np.array([2 * w2, -2 * w1]), "w1 and w2 are swapped"),
    "terms": (lambda w1, w2: np.array([w1**2, -(w2**2)]), "these are the terms of the function itself"),
    "curvatures": (lambda w1, w2: np.array([2, -2]), "these are the second derivatives"),
    "whole numbers": (lambda w1, w2: np.array([2 * w1, -2 * w2], dtype=int), "your numbers are cut to whole ones"),
    "value": (lambda w1, w2: w1**2 - w2**2, "this is the value of the function"),
    "sum": (lambda w1, w2: 2 * w1 - 2 * w2, "the two derivatives are added up"),
    "length": (lambda w1, w2: np.sqrt((2 * w1) ** 2 + (2 * w2) ** 2), "this is the length of the gradient"),
    "a tuple": (lambda w1, w2: (2 * w1, -2 * w2), "the numbers are right, but a tuple can't be multiplied"),
    "a row": (lambda w1, w2: np.array([[2 * w1, -2 * w2]]), "your gradient has the shape (1, 2)"),
    "a power too many": (lambda w1, w2: np.array([2 * w1, -2 * w2**2]), "at (0.3, -1.2) you return (0.6, -2.88)"),
    "a misspelt name": (misspelt, "your function stopped with NameError: name 'W2' is not defined"),
    "an error without words": (silent, "your function stopped with ValueError."),
    "one argument": (lambda w: np.array([2 * w[0], -2 * w[1]]), "your function stopped with TypeError"),
    "shapes that change": (lambda w1, w2: np.zeros(2) if w1 > 0 else np.zeros(3), "depends on the point"),
    "an array": (np.zeros(2), "pass its name, without calling it"),
    "text": (lambda w1, w2: "2 w1, -2 w2", "where numbers are wanted"),
}


@pytest.mark.parametrize(("answer", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_answers_are_told_what_is_wrong(answer, sentence):
    verdict = check_saddle_gradient(answer)
    assert verdict.status == "wrong"
    assert sentence in verdict.sentence


def unfinished(w1, w2):
    raise NotImplementedError


@pytest.mark.parametrize("answer", [None, unfinished, lambda w1, w2: None, lambda w1, w2: np.array([0, 0])])
def test_a_hole_is_not_yet_filled_in(answer):
    assert check_saddle_gradient(answer).status == "not yet filled in"


def test_no_two_formulas_agree():
    values = [np.array([formula(*where) for where in POINTS], float) for formula in [GRADIENT, *MISTAKES.values()]]
    for one, other in itertools.combinations(values, 2):
        assert one.shape != other.shape or np.abs(one - other).max() > 0.1


def test_every_mistake_is_among_the_wrong_answers():
    heard = {check_saddle_gradient(answer).sentence for answer, _ in WRONG.values()}
    assert set(MISTAKES) <= heard
