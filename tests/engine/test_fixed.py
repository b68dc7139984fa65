"""Two values are one program's where they are of one type and content, and nowhere else."""

import threading
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import optimizers, sweep
from jaxopt_lab.engine.fixed import Fixed


def square(x):
    return x * x


SAME = {
    "numbers": (1.5, 1.5),
    "not a number": (float("nan"), float("nan")),
    "lists": ([1, [2.0, "a"]], [1, [2.0, "a"]]),
    "mappings": ({"a": [1]}, {"a": [1]}),
    "functions": (square, square),
    "arrays": (np.arange(3), np.arange(3)),
    "arrays of JAX": (jnp.arange(3), jnp.arange(3)),
    "what can only be pickled": (SimpleNamespace(a=1), SimpleNamespace(a=1)),
}
DIFFERENT = {
    "a whole number and a float": (1, 1.0),
    "a number and a flag": (1, True),
    "zeros of two signs": (0.0, -0.0),
    "numbers inside tuples": ((1, 2), (1.0, 2.0)),
    "signs inside lists": ([[0.0]], [[-0.0]]),
    "a list and a tuple": ([1], (1,)),
    "lists inside tuples": (([1], 2), ([1.0], 2)),
    "mappings": ({"a": 1}, {"a": 1.0}),
    "arrays of two types": (np.arange(3), np.arange(3.0)),
    "arrays of two shapes": (np.zeros((2, 3)), np.zeros((3, 2))),
    "arrays that only differ in the middle": (np.zeros(2000), np.eye(1, 2000, 1000)[0]),
    "what can only be pickled": (SimpleNamespace(a=1), SimpleNamespace(a=2)),
}


@pytest.mark.parametrize("case", SAME)
def test_equal_in_type_and_content(case):
    one, other = map(Fixed, SAME[case])
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize("case", DIFFERENT)
def test_different_in_type_or_content(case):
    one, other = map(Fixed, DIFFERENT[case])
    assert one != other


def test_what_is_changed_later_was_another():
    values = [1, 2]
    before = Fixed(values)
    values.append(3)
    assert Fixed(values) != before
    assert before == Fixed([1, 2])


def test_what_cannot_be_told_apart_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"static_grid: got namespace\(.*neither hashed nor pickled \(.*\); give"):
        Fixed([SimpleNamespace(lock=threading.Lock())])


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([(1, 2), (1.0, 2.0)], [5.0, 1.0]),
        ([0.0, -0.0], [1.0, -1.0]),
        ([np.zeros(2000), np.eye(1, 2000, 1000)[0]], [0.0, 1.0]),
    ],
    ids=["whole and not", "two signs", "long arrays"],
)
def test_each_value_runs_its_own_program(values, ends):
    """One step down a slope that says which value the problem was made with."""

    def slope(w):
        if isinstance(w, tuple):
            return 5.0 if isinstance(w[0], int) else 1.0
        return float(w.sum()) if isinstance(w, np.ndarray) else float(np.copysign(1, w))

    result = sweep(
        lambda x, w: slope(w) * x, optimizers.sgd(1.0), static_grid={"w": values}, starts=np.zeros(1), num_steps=1
    )
    np.testing.assert_array_equal(-result.final_params.values.ravel(), ends)
