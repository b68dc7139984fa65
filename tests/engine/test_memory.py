"""What a sweep will take is known before it runs, and refused with the remedy where it is not there."""

import dataclasses

import numpy as np
import pytest

from jaxopt_lab import optimizers, problems, sweep
from jaxopt_lab.engine import memory, settle
from jaxopt_lab.engine.spec import make_spec
from jaxopt_lab.engine.tiling import Tiling

LANES, STEPS, CHUNK = 1000, 9, 100
LANE = 4 * 3 * (STEPS + 2) + 4 * 5 + 1  # two parameters and the loss, along the path and at its end; the summary
CARRY = 4 * 3  # two parameters, and how many steps the optimiser has made


CORES = 1


@pytest.fixture
def one_core(monkeypatch):
    monkeypatch.setattr(memory, "cores", lambda: CORES)


def arguments():
    return {
        "grid": {"learning_rate": np.linspace(0.01, 0.1, LANES)}, "starts": np.ones((1, 2)), "num_steps": STEPS,
        "record": "path", "chunk_size": CHUNK,
    }  # fmt: skip


@pytest.fixture
def settled():
    """A sweep in chunks of 100, each of which is a tile of 128; and its variants."""
    rest = {"tolerance": None, "seeds": None, "seed": 0, "static_grid": None, "observe": None, "dtype": "float32"}
    return settle.settle(make_spec(problems.quadratic(), optimizers.sgd, **arguments(), **rest))


@pytest.mark.usefixtures("one_core")
def test_the_bytes_are_those_of_the_arrays(settled):
    spec, variants = settled
    at_a_time = memory.AT_ONCE * CORES * (LANE + CARRY)
    assert memory.result_bytes(spec, variants) == LANES * LANE
    assert memory.working_bytes(spec, variants) == at_a_time * 128
    assert memory.working_bytes(dataclasses.replace(spec, tiling=Tiling(32)), variants) == at_a_time * CHUNK
    assert memory.working_bytes(dataclasses.replace(spec, tiling=Tiling(5000)), variants) == at_a_time * 5000


@pytest.mark.usefixtures("one_core")
def test_what_does_not_fit_is_refused_with_the_remedy(settled, monkeypatch, tmp_path):
    """With nearly as much memory as it takes, and as much as it takes."""
    monkeypatch.setattr(memory, "SURELY_THERE", 0)
    working, results = memory.working_bytes(*settled), memory.result_bytes(*settled)

    def run(free, **changed):
        monkeypatch.setattr(memory, "available_memory", lambda: int(free / memory.FREE_PART))
        return sweep(problems.quadratic(), optimizers.sgd, **arguments() | changed)

    with pytest.raises(ValueError, match=r"the results take .* GiB, but .* are free; write them to disk with a store"):
        run(working + results - 8)
    assert run(working + results + 8).sizes["learning_rate"] == LANES
    with pytest.raises(ValueError, match=r"the chunks under way take .* GiB, .*; record less.*chunk_size or tiling"):
        run(working - 8, store=tmp_path / "small.zarr")
    assert not (tmp_path / "small.zarr").exists()
    assert run(working + 8, store=tmp_path / "run.zarr").fraction_done == 1


def test_where_nothing_says_how_much_is_free_nothing_is_refused(settled, monkeypatch):
    spec, variants = settled
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    memory.check_memory(dataclasses.replace(spec, tiling=Tiling(10**15)), variants, stored=False)
