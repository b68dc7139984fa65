"""Momentum: right answers in every dialect, and the wrong ones that students give, each with its sentence."""

import itertools
import textwrap
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import optimizers, simulate
from jaxopt_lab.exercises import check_momentum
from jaxopt_lab.exercises.momentum import MISTAKES, TASK, Rule, momentum_path
from jaxopt_lab.exercises.path_checks import HESSIAN, NUM_STEPS, START

USUAL = """
v = momentum * v + learning_rate * gradient(w)
w = w - v
path.append(w)
"""


def momentum(loop: str = USUAL, *, before: str = "", end: str = "np.array(path)", start: str = "start"):
    """A student's function, whose loop has this body."""
    source = f"""
def sgd_momentum(gradient, start, num_steps, learning_rate, momentum):
    w = {start}
    path = [w]
    v = np.zeros(2)
{textwrap.indent(before, "    ")}
    for _ in range(num_steps):
        pass
{textwrap.indent(loop, "        ")}
    return {end}
"""
    names: dict[str, Any] = {"np": np, "jnp": jnp}
    exec(source, names)  # noqa: S102 - what stands there is written in this file
    return names["sgd_momentum"]


RIGHT = {
    "as the sheet has it": momentum(),
    "the velocity points down the slope": momentum(
        "v = momentum * v - learning_rate * gradient(w)\nw = w + v\npath.append(w)"
    ),
    "the rate outside, as PyTorch has it": momentum(
        "v = momentum * v + gradient(w)\nw = w - learning_rate * v\npath.append(w)"
    ),
    "in place, with copies": momentum(
        "v *= momentum\nv += learning_rate * gradient(w)\nw -= v\npath.append(w.copy())",
        start="start.copy()",
        before="path = [w.copy()]",
    ),
    "jax.numpy": momentum(before="v = jnp.zeros(2)", end="jnp.array(path)"),
    "a list of points": momentum(end="path"),
}


@pytest.mark.parametrize("answer", RIGHT.values(), ids=RIGHT)
def test_right_answers(answer):
    verdict = check_momentum(answer)
    assert verdict.is_right, verdict


def test_the_right_path_is_the_librarys():
    settings = TASK.settings
    run = simulate(lambda w: 0.5 * w @ HESSIAN @ w, optimizers.sgd_momentum(**settings), jnp.array(START), NUM_STEPS)
    ours = momentum_path(Rule(), lambda w: HESSIAN @ w, np.array(START), NUM_STEPS, **settings)
    np.testing.assert_allclose(run.params, ours, rtol=1e-5)  # theirs in float32


WRONG = {
    "w + v": (
        momentum("v = momentum * v + learning_rate * gradient(w)\nw = w + v\npath.append(w)"),
        "your path climbs",
    ),
    "minus in the velocity only": (
        momentum("v = momentum * v - learning_rate * gradient(w)\nw = w - v\npath.append(w)"),
        "your path climbs",
    ),
    "velocity new at each step": (
        momentum("v = learning_rate * gradient(w)\nw = w - v\npath.append(w)"),
        "the velocity is not carried over",
    ),
    "velocity set to zero in the loop": (momentum("v = np.zeros(2)\n" + USUAL), "not carried over"),
    "momentum subtracted": (
        momentum("v = learning_rate * gradient(w) - momentum * v\nw = w - v\npath.append(w)"),
        "momentum enters with the wrong sign",
    ),
    "momentum forgotten": (
        momentum("v = v + learning_rate * gradient(w)\nw = w - v\npath.append(w)"),
        "the old velocity is carried over whole",
    ),
    "rate forgotten": (
        momentum("v = momentum * v + gradient(w)\nw = w - v\npath.append(w)"),
        "the learning rate is missing",
    ),
    "rate twice": (
        momentum("v = momentum * v + learning_rate * gradient(w)\nw = w - learning_rate * v\npath.append(w)"),
        "the learning rate is applied twice",
    ),
    "rate before the bracket": (
        momentum("v = learning_rate * (momentum * v + gradient(w))\nw = w - v\npath.append(w)"),
        "the learning rate multiplies the old velocity too",
    ),
    "momentum before the bracket": (
        momentum("v = momentum * (v + learning_rate * gradient(w))\nw = w - v\npath.append(w)"),
        "momentum multiplies the gradient too",
    ),
    "running mean": (
        momentum("v = momentum * v + (1 - momentum) * learning_rate * gradient(w)\nw = w - v\npath.append(w)"),
        "there is a factor 1 - momentum",
    ),
    "swapped": (
        momentum("v = learning_rate * v + momentum * gradient(w)\nw = w - v\npath.append(w)"),
        "momentum and learning rate are swapped",
    ),
    "w before v": (
        momentum("g = gradient(w)\nw = w - v\nv = momentum * v + learning_rate * g\npath.append(w)"),
        "the step is taken with the old velocity",
    ),
    "gradient before the loop": (
        momentum("v = momentum * v + learning_rate * g\nw = w - v\npath.append(w)", before="g = gradient(w)"),
        "the gradient is always that of the start",
    ),
    "gradient added to the step": (
        momentum(
            "g = gradient(w)\nv = momentum * v + learning_rate * g\nw = w - v - learning_rate * g\npath.append(w)"
        ),
        "the gradient is subtracted a second time",
    ),
    "Nesterov": (
        momentum(
            "g = gradient(w)\nv = momentum * v + learning_rate * g\n"
            "w = w - momentum * v - learning_rate * g\npath.append(w)"
        ),
        "this is Nesterov's momentum",
    ),
    "0.9 by hand": (
        momentum("v = 0.9 * v + learning_rate * gradient(w)\nw = w - v\npath.append(w)"),
        "the momentum is always 0.9",
    ),
    "0.05 by hand": (
        momentum("v = momentum * v + 0.05 * gradient(w)\nw = w - v\npath.append(w)"),
        "the learning rate is always 0.05",
    ),
    "one array many times": (
        momentum("v = momentum * v + learning_rate * gradient(w)\nw -= v\npath.append(w)", start="start.copy()"),
        "changed in place (as by w -= ...), and the path holds that one array many times.",
    ),
    "one array many times, the start too": (
        momentum("v = momentum * v + learning_rate * gradient(w)\nw -= v\npath.append(w)"),
        "It ends at the right point.",
    ),
    "the start is changed": (
        momentum(
            "v = momentum * v + learning_rate * gradient(w)\nw -= v\npath.append(w.copy())", before="path = [w.copy()]"
        ),
        "your function changes the start point",
    ),
    "the first point goes along": (
        momentum("v = momentum * v + learning_rate * gradient(w)\nw -= v\npath.append(w.copy())"),
        "the first point of your path has become the last one",
    ),
    "without the start": (momentum(before="path = []"), "The start point is missing"),
    "only the changes are kept": (
        momentum(USUAL.replace("path.append(w)", "path.append(v)")),
        "the first step already leads to",
    ),
    "a point too many": (momentum(end="np.array([*path, w])"), "your path has 8 points; 6 steps make 7"),
    "only the last point": (momentum(end="w"), "your function returned one point"),
    "turned over": (momentum(end="np.array(path).T"), "rows and columns of the path are swapped"),
    "coordinates turned": (momentum(end="np.array(path)[:, ::-1]"), "your path starts at (1.5, 4)"),
    "three coordinates": (momentum(end="np.zeros((7, 3))"), "your path has the shape (7, 3)"),
    "wrong from step 3 on": (
        momentum(USUAL + "\nif len(path) == 4: w = w + 1.0; path[-1] = w"),
        "up to step 2 all is right; step 3 leads to",
    ),
    "a misspelt name": (
        momentum("v = momentum * v + learning_rate * grad(w)"),
        "your function stopped with NameError: name 'grad' is not defined",
    ),
    "the exercise's way to call gradients": (
        momentum("v = momentum * v + learning_rate * gradient(w[0], w[1])"),
        "your function stopped with TypeError",
    ),
    "called": (momentum()(lambda w: w, np.ones(2), 1, 0.1, 0.5), "pass its name, without calling it"),
    "text": (momentum(end="'path'"), "your function returned 'path', where numbers are wanted"),
    "a ragged list": (momentum(end="[1.0, [2.0, 3.0]]"), "where numbers are wanted"),
}


@pytest.mark.parametrize(("answer", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_answers_are_told_what_is_wrong(answer, sentence):
    verdict = check_momentum(answer)
    assert verdict.status == "wrong"
    assert sentence in verdict.sentence


@pytest.mark.parametrize(
    "answer", [None, momentum(""), momentum("path.append(w)"), momentum(end="None"), momentum(end="...")]
)
def test_a_hole_is_not_yet_filled_in(answer):
    assert check_momentum(answer).status == "not yet filled in"


def test_the_point_of_departure_is_told_in_numbers():
    shifted = check_momentum(momentum(USUAL + "\nif len(path) == 4: w = w + 1.0; path[-1] = w"))
    wanted = momentum_path(Rule(), lambda w: HESSIAN @ w, np.array(START), 3, **TASK.settings)[-1]
    assert f"({wanted[0] + 1:.4g}, {wanted[1] + 1:.4g}), where ({wanted[0]:.4g}, {wanted[1]:.4g}) is" in str(shifted)


def test_no_two_mistakes_lead_to_the_same_path():
    paths = [
        momentum_path(rule, lambda w: HESSIAN @ w, np.array(START), NUM_STEPS, **TASK.settings)
        for rule in [Rule(), *MISTAKES.values()]
    ]
    assert min(np.abs(one - other).max() for one, other in itertools.combinations(paths, 2)) > 1e-3


def test_every_mistake_is_among_the_wrong_answers():
    heard = {check_momentum(answer).sentence for answer, _ in WRONG.values()}
    assert set(MISTAKES) <= heard
