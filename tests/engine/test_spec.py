"""The specification: its dimensions, its variants, its lanes in order, and its description."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxopt_lab import optimizers, problems, sweep
from jaxopt_lab.engine.lanes import _places, lane_arguments
from jaxopt_lab.engine.spec import Spec, make_spec


def spec_of(
    problem: Any = problems.rosenbrock, optimizer: Any = optimizers.adam, grid: Any = None, **changed: Any
) -> Spec:
    arguments: dict[str, Any] = {
        "starts": 3, "num_steps": 10, "record": "summary", "tolerance": None, "seeds": None, "seed": 0,
        "static_grid": None, "observe": None, "dtype": "float32", "chunk_size": None,
    }  # fmt: skip
    return make_spec(problem, optimizer, grid or {"learning_rate": [0.1, 0.2]}, **arguments | changed)


def test_dimensions_in_the_order_given_the_starts_and_seeds_last():
    spec = spec_of(grid={"b": [1.0, 2.0, 3.0], "learning_rate": [0.1, 0.2]}, starts=4, seeds=5)
    assert list(spec.lane_dims.items()) == [("b", 3), ("learning_rate", 2), ("start", 4), ("seed", 5)]
    assert spec.num_lanes == 120
    assert spec.num_starts == 4


def test_variants_are_the_optimizers_times_the_static_grid():
    several = {"first": optimizers.adam, "second": optimizers.rmsprop}
    spec = spec_of(optimizer=several, static_grid={"dim": [2, 3]})
    assert [(variant.optimizer, variant.static) for variant in spec.variants] == [
        ("first", (2,)), ("first", (3,)), ("second", (2,)), ("second", (3,)),
    ]  # fmt: skip


@given(st.lists(st.integers(1, 4), min_size=0, max_size=3), st.integers(1, 4), st.integers(1, 3) | st.none(), st.data())
def test_a_lanes_number_tells_its_place_in_the_grid(lengths, starts, seeds, data):
    """The last dimension varies fastest, as in the result's memory."""
    names = ["b1", "b2", "eps"][: len(lengths)]
    grid = {"learning_rate": [0.1]} | {name: 0.1 * np.arange(1, n + 1) for name, n in zip(names, lengths, strict=True)}
    spec = spec_of(grid=grid, starts=starts, seeds=seeds)
    shape = tuple(spec.lane_dims.values())
    assert spec.num_lanes == math.prod(shape)
    lane = data.draw(st.integers(0, spec.num_lanes - 1))
    place = [index[()] for index in np.indices(shape).reshape(len(shape), -1).T[lane]]
    arguments = lane_arguments(spec, lane, lane + 1)
    for value, axis, index in zip(arguments.values, spec.traced, place[: len(spec.traced)], strict=True):
        assert value[0] == np.float32(axis.values[index])
    assert arguments.start_index[0] == place[len(spec.traced)]
    assert arguments.seed_index[0] == (0 if seeds is None else place[-1])


@given(
    st.lists(st.integers(1, 2**20) | st.just(2**32 - 1), min_size=1, max_size=4), st.integers(0, 2**60),
    st.integers(1, 40),
)  # fmt: skip
def test_places_of_lanes_beyond_32_bits(shape, start, count):
    """Python's own whole numbers have no bits to run out of."""
    expected = []
    for lane in range(start, start + count):
        place = []
        for length in reversed(shape):
            lane, here = divmod(lane, length)
            place.append(here)
        expected.append(place[::-1])
    np.testing.assert_array_equal(np.array(_places(start, count, tuple(shape))).T, np.array(expected))


def test_given_starts_come_with_their_lanes_in_the_sweeps_type():
    starts = {"w": np.arange(6).reshape(3, 2), "b": np.array([0.1, 0.2, 0.3])}
    spec = spec_of(lambda p: p["b"], starts=starts)
    lane = lane_arguments(spec, 1, 5)  # they begin again: whoever wants more lanes than there are gets them twice
    np.testing.assert_array_equal(lane.start["w"], [[2, 3], [4, 5], [0, 1], [2, 3]])
    np.testing.assert_array_equal(lane.start["b"], np.array([0.2, 0.3, 0.1, 0.2], np.float32))
    assert {leaf.dtype.name for leaf in lane.start.values()} == {"float32"}


def test_the_description_is_json_that_says_everything():
    spec = spec_of(
        grid={"learning_rate": [0.1, 0.2], "b": [1, 2]}, static_grid={"dim": [2, 3]}, tolerance=1e-3, seeds=2, seed=7,
        record=5, num_steps=12,
    )  # fmt: skip
    assert json.loads(json.dumps(spec.describe())) == {
        "problem": "rosenbrock",
        "optimizers": {"adam": "adam"},
        "grid": {"learning_rate": [0.1, 0.2], "b": [1, 2]},
        "static_grid": {"dim": ["2", "3"]},
        "starts": 3,
        "seeds": 2,
        "num_steps": 12,
        "record": {"summary": True, "every": 5},
        "tolerance": 1e-3,
        "seed": 7,
        "observe": None,
        "dtype": "float32",
    }


def test_long_arrays_are_described_by_their_digest():
    first, second = (spec_of(starts=np.full((5, 2), value)).describe()["starts"] for value in (1.0, 2.0))
    assert first["shapes"] == [[5, 2]]
    assert len(first["sha256"]) == 64
    assert first["sha256"] != second["sha256"]
    long = spec_of(grid={"learning_rate": np.linspace(0.1, 0.2, 1001)}).describe()["grid"]["learning_rate"]
    assert long["shapes"] == [[1001]]


def test_names_of_optimizers_in_the_description():
    import functools

    named = lambda optimizer, grid: spec_of(optimizer=optimizer, grid=grid).describe()["optimizers"]
    assert named(functools.partial(optimizers.adam, b1=0.5), {"learning_rate": [0.1]}) == {"adam": "adam"}
    assert named(optimizers.sgd(0.1), {"b": [1.0]}) == {"sgd": "sgd"}
    assert named({"mine": optimizers.sgd}, {"learning_rate": [0.1]}) == {"mine": "sgd"}


@pytest.mark.parametrize(
    "arguments",
    [
        {"tolerance": np.float32(0.5), "seed": np.int64(3), "seeds": np.int64(2), "starts": np.int64(2)},
        {"tolerance": np.float64(0.5), "num_steps": np.int32(4), "chunk_size": np.int64(2)},
        {"tolerance": 1, "record": np.int64(2)},
    ],
    ids=lambda arguments: "-".join(f"{name}={value!r}" for name, value in arguments.items()),
)  # fmt: skip
def test_numpys_numbers_are_numbers(arguments):
    """Such as come out of a loop over an array."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in arguments.items()}
    usual: dict[str, Any] = {"starts": 2, "num_steps": 4}
    run = lambda given: sweep(problems.beale(), DESCENT, **usual | given)
    result, expected = run(arguments), run(plain)
    assert result.equals(expected)
    assert json.loads(result.attrs["specification"]) == json.loads(expected.attrs["specification"])


DESCENT = optimizers.sgd(1e-3)
