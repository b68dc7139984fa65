"""Adam: right answers, and the wrong ones that students give, each with its sentence."""

import itertools
import textwrap
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import simulate
from jaxopt_lab.exercises import check_adam
from jaxopt_lab.exercises.adam import MISTAKES, TASK, Rule, adam_path
from jaxopt_lab.exercises.path_checks import HESSIAN, NUM_STEPS, START

BODY = """
g = gradient(w)
m = b1 * m + (1 - b1) * g
v = b2 * v + (1 - b2) * g**2
m_hat = m / (1 - b1**t)
v_hat = v / (1 - b2**t)
w = w - learning_rate * m_hat / (np.sqrt(v_hat) + eps)
path.append(w)
"""


def adam(*changes: tuple[str, str], count: str = "1, num_steps + 1"):
    """A student's function: the right one, in which each piece of text is replaced by another."""
    body = BODY
    for old, new in changes:
        assert old in body
        body = body.replace(old, new)
    source = f"""
def adam(gradient, start, num_steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8):
    w, path = start, [start]
    m, v = np.zeros(2), np.zeros(2)
    for t in range({count}):
{textwrap.indent(body, "        ")}
    return np.array(path)
"""
    names: dict[str, Any] = {"np": np, "jnp": jnp}
    exec(source, names)  # noqa: S102 - what stands there is written in this file
    return names["adam"]


RIGHT = {
    "as the paper has it": adam(),
    "jax.numpy": adam(("np.sqrt", "jnp.sqrt")),
    "corrections in the rate": adam(
        ("m / (1 - b1**t)", "m"), ("v / (1 - b2**t)", "v"),
        ("learning_rate * m_hat / (np.sqrt(v_hat) + eps)",
         "learning_rate / (1 - b1**t) * m_hat / (np.sqrt(v_hat / (1 - b2**t)) + eps)"),
    ),
    "counted from 0, corrected by t + 1": adam(("b1**t", "b1**(t + 1)"), ("b2**t", "b2**(t + 1)"), count="num_steps"),
}  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT.values(), ids=RIGHT)
def test_right_answers(answer):
    verdict = check_adam(answer)
    assert verdict.is_right, verdict


def test_the_right_path_is_optaxs():
    run = simulate(lambda w: 0.5 * w @ HESSIAN @ w, optax.adam(*TASK.settings.values()), jnp.array(START), NUM_STEPS)
    ours = adam_path(Rule(), lambda w: HESSIAN @ w, np.array(START), NUM_STEPS, **TASK.settings)
    np.testing.assert_allclose(run.params, ours, rtol=1e-5)  # theirs in float32


WRONG = {
    "no correction": (adam(("m / (1 - b1**t)", "m"), ("v / (1 - b2**t)", "v")), "the bias correction is missing: both"),
    "no correction of m": (adam(("m / (1 - b1**t)", "m")), "the bias correction of the first moment is missing"),
    "m instead of m_hat": (adam(("rate * m_hat", "rate * m")), "the bias correction of the first moment is missing"),
    "no correction of v": (adam(("v / (1 - b2**t)", "v")), "the bias correction of the second moment is missing"),
    "t from 0": (adam(count="num_steps"), "t counts from 0"),
    "t from 2": (adam(count="2, num_steps + 2"), "t counts from 2"),
    "t stays": (adam(("b1**t", "b1"), ("b2**t", "b2")), "t stays 1"),
    "decays swapped": (
        adam(("b1", "b?"), ("b2", "b1"), ("b?", "b2")),
        "b1 and b2 are swapped: b1 belongs to the first moment",
    ),
    "decays swapped in the moments": (
        adam(
            ("b1 * m + (1 - b1) * g\n", "b2 * m + (1 - b2) * g\n"),
            ("b2 * v + (1 - b2) * g**2", "b1 * v + (1 - b1) * g**2"),
        ),
        "b1 and b2 are swapped in the moments",
    ),
    "decays swapped in the corrections": (
        adam(("b1**t", "b?**t"), ("b2**t", "b1**t"), ("b?**t", "b2**t")),
        "b1 and b2 are swapped in the bias correction",
    ),
    "weights swapped": (
        adam(
            ("b1 * m + (1 - b1) * g\n", "(1 - b1) * m + b1 * g\n"),
            ("b2 * v + (1 - b2) * g**2", "(1 - b2) * v + b2 * g**2"),
        ),
        "the weights of old and new are swapped",
    ),
    "full weight": (adam(("(1 - b1) * g\n", "g\n"), ("(1 - b2) * g**2", "g**2")), "the gradient has its full weight"),
    "no square": (adam(("g**2", "g")), "the second moment is one of g"),
    "not carried over": (adam(("b1 * m + ", ""), ("b2 * v + ", "")), "the moments are not carried over"),
    "no root": (adam(("np.sqrt(v_hat)", "v_hat")), "the root is missing"),
    "eps inside": (adam(("(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat + eps)")), "eps stands inside the root"),
    "no eps": (adam(("(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat)")), "eps is missing"),
    "climbing": (adam(("w - learning_rate", "w + learning_rate")), "your path climbs"),
    "gradient in the step": (adam(("m_hat / (np", "g / (np")), "the step uses the gradient itself"),
    "no second moment": (adam((" / (np.sqrt(v_hat) + eps)", "")), "the second moment is not used"),
    "no rate": (adam(("learning_rate * ", "")), "the learning rate is missing"),
    "rate twice": (adam(("learning_rate", "learning_rate * learning_rate")), "the learning rate is applied twice"),
    "brackets": (
        adam(("/ (np.sqrt(v_hat) + eps)", "/ np.sqrt(v_hat) + eps")),
        "the first step already leads to",
    ),
}


@pytest.mark.parametrize(("answer", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_answers_are_told_what_is_wrong(answer, sentence):
    verdict = check_adam(answer)
    assert verdict.status == "wrong"
    assert sentence in verdict.sentence


def test_a_hole_is_not_yet_filled_in():
    assert check_adam(lambda gradient, start, *settings: np.array([start])).status == "not yet filled in"


def test_no_two_mistakes_lead_to_the_same_path():
    with np.errstate(all="ignore"):
        paths = [
            np.nan_to_num(adam_path(rule, lambda w: HESSIAN @ w, np.array(START), NUM_STEPS, **TASK.settings), nan=99.0)
            for rule in [Rule(), *MISTAKES.values()]
        ]
    assert min(np.abs(one - other).max() for one, other in itertools.combinations(paths, 2)) > 1e-3


def test_every_mistake_is_among_the_wrong_answers():
    heard = {check_adam(answer).sentence for answer, _ in WRONG.values()}
    assert set(MISTAKES) <= heard
