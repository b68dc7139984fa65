"""How lanes are packed into programs: by rule, by measurement, or as the user says; the result says which."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxopt_lab import Tiling, optimizers, problems, sweep
from jaxopt_lab.engine import cache, settle
from jaxopt_lab.engine.rewriting.kernels import are_taken
from jaxopt_lab.engine.tiling import CARRY_BYTES, LEAST_LANES, as_tiling, rule

TURN = 1 if are_taken() else 2
"""How many steps of the bowl are a turn of the loop by rule: one pass, or where this version of JAX has none, two."""


@given(size=st.integers(1, 10**6), unroll=st.integers(1, 64), scalars=st.booleans())
def test_a_tiling_is_read_as_it_is_written(size, unroll, scalars):
    tiling = Tiling(size, unroll, scalars)
    assert as_tiling(str(tiling)) == as_tiling(tiling) == tiling


def test_a_number_is_a_size():
    assert as_tiling(64) == as_tiling("64") == Tiling(64, 1, False)
    assert as_tiling(None) is None


WRONG = ["", "x", "4096:2:vectors", "4096:0:scalars", "0", "1:2:scalars:4", -1, 0, True, 2.5, ()]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_tiling_is_refused(wrong):
    with pytest.raises(ValueError, match=r"tiling: got .*4096:2:scalars"):
        as_tiling(wrong)


@given(lanes=st.integers(1, 10**9), size=st.integers(1, 10**7), flags=st.tuples(*[st.booleans()] * 3))
def test_a_tile_by_rule_is_a_power_of_two_that_the_cache_holds(lanes, size, flags):
    tiling = rule(lanes, size, with_loss=flags[0], stops=flags[1], scalars=flags[2])
    assert tiling.size & (tiling.size - 1) == 0
    assert tiling.size == 1 or tiling.size * size <= 2 * CARRY_BYTES
    assert tiling.size <= max(LEAST_LANES, 2 * lanes)


def test_an_accelerator_gets_many_lanes_and_many_steps_in_each_launch():
    """The rule alone: nothing of this was tried on one."""
    many = rule(10**7, 24, with_loss=True, stops=False, scalars=True, platform="gpu")
    assert many == Tiling(2**17, 16, True)
    assert rule(1000, 24, with_loss=True, stops=True, scalars=True, platform="gpu") == Tiling(1024, 1, True)
    large = rule(10**7, 10**5, with_loss=True, stops=False, scalars=False, platform="gpu")
    assert large == Tiling(2**13, 1, False), "a gigabyte of lanes of 100 kB"


def bowl(**changed):
    arguments = {"starts": np.array([[4.0, 1.5], [1.0, -2.0]]), "num_steps": 30} | changed
    return sweep(problems.quadratic(), optimizers.adam, {"learning_rate": np.logspace(-3, -1, 50)}, **arguments)


def test_the_result_says_how_it_was_packed():
    assert bowl().attrs["tiling"] == f"128:{TURN}:scalars"
    assert bowl(tiling="64:1:arrays").attrs["tiling"] == "64:1:arrays"
    assert bowl(chunk_size=40).attrs["tiling"] == f"64:{TURN}:scalars"


@pytest.mark.parametrize("tiling", ["32:1:scalars", "64:2:scalars", "128:3:scalars", "100:1:arrays", "7:2:arrays"])
def test_every_tiling_gives_the_same_numbers(tiling):
    """To rounding of float32 over 30 steps."""
    np.testing.assert_allclose(bowl(tiling=tiling).final_params, bowl().final_params, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_taken_apart_is_run_in_arrays():
    """More numbers than scalars are made of; a network; and products that would be thousands of scalar ones."""
    wide = sweep(problems.quadratic(np.ones(40)), optimizers.sgd, {"learning_rate": [0.1]}, num_steps=2)
    assert wide.attrs["tiling"].endswith("arrays")
    network = sweep(problems.mlp("wine", hidden=(3,)), optimizers.sgd, {"learning_rate": [0.1]}, num_steps=2)
    assert network.attrs["tiling"].endswith("arrays")
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(10, 10)))[0]

    def turned(x):
        for _ in range(5):
            x = jnp.sin(turn @ x)
        return x.sum()

    starts = np.ones((1, 10))
    large = sweep(turned, optimizers.sgd, {"learning_rate": [0.1]}, starts=starts, num_steps=2)
    assert large.attrs["tiling"].endswith("arrays")


OTHERS = [pytest.param(name, marks=pytest.mark.long) for name in ("branin", "rosenbrock", "ackley")]


@pytest.mark.parametrize("unroll", [1, 2])
@pytest.mark.parametrize("surface", ["quadratic", *OTHERS])
def test_the_size_of_a_tile_changes_no_bit_of_scalars(surface, unroll):
    """All lanes run as whole vectors, which a few left over would not; so a measured size may be taken unasked."""

    def run(size):
        return sweep(
            getattr(problems, surface)(), optimizers.rmsprop, {"learning_rate": np.logspace(-3, -1, 30)},
            starts=5, num_steps=100, tiling=f"{size}:{unroll}:scalars",
        )  # fmt: skip

    assert len({run(size).final_params.values.tobytes() for size in (32, 100, 128, 288)}) == 1


@pytest.fixture
def measuring(tmp_path, monkeypatch):
    """Every sweep is worth measuring, and what is found is remembered in a folder of the test's own."""
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(settle, "WORTH_MEASURING", 1)
    return tmp_path / "cache" / "tilings.json"


def test_a_large_sweep_takes_the_tiling_that_was_fastest(measuring, monkeypatch):
    """With the seconds given, so that the choice is known: a quarter of the rule's 128 lanes."""
    asked = []

    def seconds(spec, variant, tiling):
        asked.append(tiling)
        return 1.0 if tiling.size == 32 else 2.0

    monkeypatch.setattr(settle, "_seconds_per_lane", seconds)
    assert bowl().attrs["tiling"] == f"32:{TURN}:scalars"
    assert asked == [Tiling(size, TURN, True) for size in (128, 32, 256)]
    assert list(json.loads(measuring.read_text()).values()) == [f"32:{TURN}:scalars"]
    assert bowl().attrs["tiling"] == f"32:{TURN}:scalars"
    assert len(asked) == 3, "what is remembered is not measured again"


def test_what_is_hardly_faster_is_not_taken(measuring, monkeypatch):
    monkeypatch.setattr(settle, "_seconds_per_lane", lambda *arguments: 1.0 if arguments[2].size == 128 else 0.97)
    assert bowl().attrs["tiling"] == f"128:{TURN}:scalars"


def test_a_real_measurement_gives_a_candidate(measuring):
    assert as_tiling(bowl().attrs["tiling"]) in [Tiling(size, TURN, True) for size in (32, 128, 256)]
    assert measuring.is_file()


def test_a_size_of_arrays_is_not_measured_since_it_changes_bits(measuring):
    wide = problems.quadratic(np.ones(40))
    sweep(wide, optimizers.sgd, {"learning_rate": np.logspace(-3, -1, 100)}, num_steps=2)
    assert not measuring.exists()


def test_no_size_is_tried_that_would_change_bits(measuring, monkeypatch):
    asked = []
    monkeypatch.setattr(settle, "_seconds_per_lane", lambda *arguments: asked.append(arguments[2].size) or 1.0)
    bowl(starts=np.ones((1, 2)))  # 50 lanes, a quarter of whose tile would be too few
    assert min(asked) >= 32


def test_a_small_sweep_is_not_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    bowl()
    assert list(tmp_path.iterdir()) == []
