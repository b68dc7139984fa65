"""Which hyperparameters a grid names, whose they are, and which values are taken."""

import functools
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems
from jaxopt_lab.engine.grid import Axis, arguments, is_built, required, static_axes, traced_axes, unknown

BOTH = {"adam": optimizers.adam}


def owners(grid: dict[str, Any], problem: Any = problems.rosenbrock, several: Any = BOTH) -> list[tuple[str, str, str]]:
    return [(axis.name, axis.owner, axis.argument) for axis in traced_axes(grid, problem, several, np.dtype("float32"))]


@pytest.mark.parametrize(
    ("factory", "names", "needed"),
    [
        (optimizers.adam, ("learning_rate", "b1", "b2", "eps"), ("learning_rate",)),
        (problems.rosenbrock, ("a", "b", "dim"), ()),
        (functools.partial(optimizers.adam, 0.1), ("b1", "b2", "eps"), ()),
        (functools.partial(optimizers.adam, b1=0.5), ("learning_rate", "b1", "b2", "eps"), ("learning_rate",)),
        (lambda x, /, y, *args, z=1, **rest: None, ("y", "z"), ("y",)),
    ],
)
def test_the_names_a_factory_takes_and_those_it_needs(factory, names, needed):
    assert arguments(factory) == names
    assert required(factory) == needed


def test_what_is_built_takes_no_names():
    for built in (problems.rosenbrock(), optax.adam(0.1), optimizers.adam(0.1), 3, "adam"):
        assert arguments(built) == ()


def test_is_built():
    assert is_built(optax.adam(0.1))
    assert is_built(optax.chain(optax.clip(1.0), optimizers.sgd(0.1)))
    assert is_built(problems.beale())
    assert not is_built(optax.adam)
    assert not is_built(problems.beale)
    assert not is_built(lambda x: x)


def test_each_name_finds_its_owner_in_the_order_given():
    assert owners({"b": [1.0], "learning_rate": [0.1], "a": [2.0], "b1": [0.5]}) == [
        ("b", "problem", "b"),
        ("learning_rate", "optimizer", "learning_rate"),
        ("a", "problem", "a"),
        ("b1", "optimizer", "b1"),
    ]


def test_a_prefix_says_the_owner():
    both = lambda b1=1.0: problems.quadratic((b1,))
    assert owners({"problem.b1": [1.0], "optimizer.b1": [0.5], "learning_rate": [0.1]}, both) == [
        ("problem.b1", "problem", "b1"),
        ("optimizer.b1", "optimizer", "b1"),
        ("learning_rate", "optimizer", "learning_rate"),
    ]


def test_every_optimizer_of_a_mapping_takes_the_whole_grid():
    assert owners({"learning_rate": [0.1]}, several={"a": optimizers.adam, "b": optax.lion})
    with pytest.raises(ValueError, match=r"'eps' is no argument of b; sweep such optimizers apart"):
        owners({"eps": [0.1]}, several={"a": optimizers.adam, "b": optax.lion})


@pytest.mark.parametrize(
    "values",
    [[0.5, 1.5], (0.5, 1.5), np.array([0.5, 1.5]), range(1, 3), (v for v in [0.5, 1.5]), jnp.array([0.5, 1.5])],
)
def test_any_flat_collection_of_numbers_is_one_axis(values):
    (axis,) = traced_axes({"b1": values}, problems.beale, BOTH, np.dtype("float32"))
    assert (axis.name, len(axis.values)) == ("b1", 2)


def test_one_number_is_an_axis_of_one():
    (axis,) = traced_axes({"b1": 0.5}, problems.beale, BOTH, np.dtype("float32"))
    np.testing.assert_array_equal(axis.values, [0.5])


def test_the_coordinates_keep_the_users_digits():
    """A coordinate rounded to float32 could not be selected by the number one wrote: 0.1 is another number there."""
    (axis,) = traced_axes({"b1": [0.1, 0.3]}, problems.beale, BOTH, np.dtype("float32"))
    assert axis.values.tolist() == [0.1, 0.3]


def test_float64_tells_apart_what_float32_cannot():
    values = [0.1, 0.1 + 1e-12]
    (axis,) = traced_axes({"b1": values}, problems.beale, BOTH, np.dtype("float64"))
    assert axis.values.tolist() == values
    with pytest.raises(ValueError, match=r"grid\['b1'\]: neighbouring values are equal in float32"):
        traced_axes({"b1": values}, problems.beale, BOTH, np.dtype("float32"))


def test_static_values_may_be_anything():
    values = ["relu", None, optax.adam, (16, 16), True, 3]
    (axis,) = static_axes({"dim": values}, problems.rosenbrock, BOTH)
    assert axis == Axis("dim", "problem", "dim", values)


@pytest.mark.parametrize("values", [np.array([-(2**63), 1]), np.array([2**63], np.uint64), np.array([-(2**31) - 1])])
def test_whole_numbers_beyond_32_bits_are_refused(values):
    """The absolute value of the lowest of 64 bits is negative itself."""
    with pytest.raises(ValueError, match=f"got {values[0]}, beyond 32 bits"):
        traced_axes({"learning_rate": values}, problems.rosenbrock(), {"sgd": optimizers.sgd}, np.float32)


def test_the_sentence_for_an_unknown_name():
    assert unknown("grid", "learning_rat", ["learning_rate", "b1"]) == (
        "grid: there is no 'learning_rat'; did you mean 'learning_rate'?"
    )
    assert unknown("grid", "zzz", ["b2", "b1"]) == "grid: there is no 'zzz'; known are b1, b2"
    assert unknown("grid", "zzz", []) == "grid: there is no 'zzz'; known are none"


def test_what_is_written_to_the_values_later_does_not_reach_the_sweep():
    values = np.array([0.1, 0.2])
    (axis,) = traced_axes({"learning_rate": values}, problems.quadratic(), {"sgd": optimizers.sgd}, np.float32)
    values[:] = 9
    assert axis.values.tolist() == [0.1, 0.2]
