"""A problem or an optimiser of the user's own, named as file.py:name, runs as ours do; or one sentence says why not."""

import numpy as np
import optax
import pytest

from jaxopt_lab import open_sweep, problems, sweep
from jaxopt_lab.cli.own import own_factory

FILE = """
import beside
import optax
from jaxopt_lab.problems import Problem, as_problem

def loss(w, height=1.0):
    x, y = w
    return (x**2 + y**2) / beside.EIGHT + height * optax.losses.l2_loss(x * y)

ripples = as_problem(loss, domain=((-3, -3), (3, 3)))

def made(height=2.0):
    return as_problem(lambda w: height * loss(w), domain=((-3, -3), (3, 3)))

def noisy(w, key):
    return (w**2).sum()

def slow(learning_rate):
    return optax.sgd(learning_rate / 10)

def two(x, y):
    return x * y

def nothing():
    return 1.0

built, number = optax.sgd(0.1), 3.0
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "beside.py").write_text("EIGHT = 8\n")
    (tmp_path / "mine.py").write_text(FILE)
    return tmp_path / "mine.py"


def test_a_problem_is_swept_saved_and_drawn(call, file, tmp_path):
    words = ("--grid", "learning_rate=0.1", "--starts", "3", "--steps", "5", "--record", "path", "--out", "run.zarr")
    outcome = call("sweep", "mine.py:ripples", "sgd", *words)
    assert outcome.status == 0, outcome.err
    saved = open_sweep("run.zarr").load()
    assert saved.attrs["title"].startswith("ripples: ")
    draw = ("plot", "run.zarr", "--out", "a.png")
    assert "--problem file.py:ripples" in call(*draw).err
    file.write_text(FILE.replace("/ beside.EIGHT", ""))
    outcome = call(*draw, "--problem", "mine.py:ripples")
    assert (outcome.status, "ripples is not what was swept" in outcome.err) == (2, True)
    assert not (tmp_path / "a.png").exists()
    file.write_text(FILE)
    assert call(*draw, "--problem", "mine.py:ripples").status == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_arguments_of_a_factory_are_hyperparameters(call, file):
    words = ("--grid", "learning_rate=0.1", "height=1,2", "--starts", "2", "--dry-run")
    assert "learning_rate 1 × height 2 × start 2" in call("sweep", "mine.py:made", "mine.py:slow", *words).out


def test_a_function_is_the_problem_that_the_library_makes_of_it(file):
    assert own_factory("problem", f"{file}:made")(height=3.0).name == "made"
    assert float(own_factory("problem", f"{file}:noisy")().loss(np.ones(2), None)) == 2
    assert float(own_factory("problem", f"{file}:loss")(height=0.0).loss(np.ones(2), None)) == 0.25


def test_a_bare_loss_has_basins_in_a_window(call, file, tmp_path):
    words = ("--window", "-3", "3", "-3", "3", "--resolution", "32", "--steps", "100")
    outcome = call("basins", "mine.py:loss", "sgd", *words)
    assert outcome.status == 0, outcome.err
    assert "sgd(learning_rate=0.1) on loss" in outcome.out
    assert (tmp_path / "basins.png").exists()


BAD = {
    "no file": ("other.py:loss", ["there is no file other.py"]),
    "no name": ("mine.py", ["names no problem", "loss", "ripples"]),
    "unknown name": ("mine.py:riples", ["problem mine.py: there is no 'riples'", "did you mean 'ripples'"]),
    "two arguments": ("mine.py:two", ["takes x, y", "def two(w)"]),
    "no problem": ("mine.py:nothing", ["mine.py:nothing returned a float"]),
    "a number": ("mine.py:number", ["is a float", "returns the loss"]),
    "an optimiser": ("mine.py:built", ["is a GradientTransformation"]),
    "no domain": ("mine.py:loss", ["loss has no init", "starts"]),
    "fails": ("fails.py:loss", ["fails.py fails in line 2", "ZeroDivisionError"]),
    "no Python": ("text.py:loss", ["text.py fails", "SyntaxError"]),
    "leaves": ("leaves.py:loss", ["leaves.py fails in line 1", "SystemExit"]),
}


@pytest.mark.parametrize("case", BAD)
def test_mistakes_get_one_sentence_and_status_2(call, file, tmp_path, case):
    name, fragments = BAD[case]
    (tmp_path / "fails.py").write_text("\n1 / 0\n")
    (tmp_path / "text.py").write_text("let it be\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit\n")
    outcome = call("sweep", name, "sgd", "--grid", "learning_rate=0.1", "--out", "run.zarr")
    assert (outcome.status, outcome.err.count("\n")) == (2, 1), outcome.err
    for fragment in fragments:
        assert fragment in outcome.err
    assert not (tmp_path / "run.zarr").exists()


@pytest.mark.parametrize(
    ("name", "fragment"), [("mine.py:built", "makes an optimizer"), ("mine.py:two", "no 'learning_rate'")]
)
def test_own_optimizers_that_are_none(call, file, name, fragment):
    outcome = call("sweep", "quadratic", name, "--grid", "learning_rate=0.1", "--dry-run")
    assert (outcome.status, fragment in outcome.err) == (2, True), outcome.err


def test_a_sweep_from_python_over_a_function_is_not_drawn_over_ours_of_that_name(call, tmp_path):
    def quadratic(w):
        return (w**4).sum()

    sweep(
        problems.as_problem(quadratic, domain=((-1, -1), (1, 1))), optax.sgd(0.1), None, starts=2, num_steps=3,
        record="path", store="run.zarr",
    )  # fmt: skip
    outcome = call("plot", "run.zarr", "--out", "a.png")
    assert (outcome.status, "quadratic is not what was swept" in outcome.err) == (2, True)
