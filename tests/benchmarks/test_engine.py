"""The benchmark of the engine runs at a size that says nothing about speed, and all its methods compute the same."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxopt_lab.bench import bowl
from jaxopt_lab.bench.rounds import MissingPeerError

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "engine.py"
LANES, STEPS = 200, 20
WORDS = ["--lanes", "200", "--steps", "5", "--rounds", "2", "--copy-bytes", "65536"]


def is_there(what: str) -> bool:
    return shutil.which("cc") is not None if what == "cc" else importlib.util.find_spec(what) is not None


def made_or_named(what, make):
    """What a peer computes; where it is missing, that it says why."""
    if is_there(what):
        return make()
    with pytest.raises(MissingPeerError, match=r"no C compiler" if what == "cc" else rf"No module named '{what}'"):
        make()
    return pytest.skip(f"{what} is not here, and the benchmark says so")


@pytest.fixture
def expected():
    """Adam's end points, by the exercise's loop in float64."""
    rates, points = bowl.all_lanes(LANES)
    return bowl.seed_adam(points.astype(float), rates[:, None].astype(float), np.array(bowl.CURVATURES), STEPS)


def assert_same(points, expected):
    # 1 - 0.999 is 0.001 but for 5e-5 of it in float32, and each method rounds that at another place.
    np.testing.assert_allclose(np.asarray(points), expected, rtol=1e-4, atol=3e-5)


@pytest.mark.parametrize("record", ["final", "summary"])
def test_the_sweep_computes_what_the_exercise_does(record, expected):
    assert_same(bowl.ours(record, LANES, STEPS)().final_params.values.reshape(-1, 2), expected)


def test_optax_computes_what_the_exercise_does(expected):
    assert_same(bowl.optax_over_all_lanes(LANES, STEPS)(), expected)


@pytest.mark.parametrize("coordinates_first", [False, True])
def test_numpy_computes_what_the_exercise_does(coordinates_first, expected):
    assert_same(bowl.numpy_over_all_lanes(LANES, STEPS, coordinates_first=coordinates_first)(), expected)


@pytest.mark.parametrize(
    ("what", "method", "options"),
    [
        ("torch", "torch_over_all_lanes", {}),
        ("torch", "torch_over_all_lanes", {"coordinates_first": True}),
        ("numba", "numba_over_all_lanes", {"make": "_numba_kernel"}),
        ("numba", "numba_over_all_lanes", {"make": "_numba_blocks"}),
        ("cc", "c_over_all_lanes", {}),
    ],
)
def test_a_peer_computes_what_the_exercise_does(what, method, options, script, expected):
    peers = script("engine_peers")
    if "make" in options:
        options = {"make": getattr(peers, options["make"])}
    assert_same(made_or_named(what, lambda: getattr(peers, method)(LANES, STEPS, **options))(), expected)


def test_c_computes_lanes_that_fill_no_block(script):
    """700 lanes on any number of cores: parts that 64 does not divide."""
    run = made_or_named("cc", lambda: script("engine_peers").c_over_all_lanes(700, STEPS))
    assert_same(run(), bowl.numpy_over_all_lanes(700, STEPS)())
    assert_same(run(), run())  # a call leaves the start points as they were


def test_one_trajectory_is_the_same_by_torch_optim(script):
    peers = script("engine_peers")
    run = made_or_named("torch", lambda: peers.torch_optim_one_at_a_time(STEPS))
    assert_same(run(), peers.one_trajectory_at_a_time(STEPS)())


def test_a_machine_without_a_compiler_is_told_so(script, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingPeerError, match="no C compiler: there is no 'cc' on the path"):
        script("engine_peers").c_over_all_lanes(LANES, STEPS)


@pytest.mark.long
def test_both_modes_are_measured_and_every_method_is_timed_or_named(script, tmp_path):
    out = tmp_path / "engine.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *WORDS, "--out", str(out)], capture_output=True, text=True, check=True
    )
    result = json.loads(out.read_text())
    tuned, plain = result["modes"]["tuned"], result["modes"]["plain"]
    assert "xla_cpu_prefer_vector_width" in tuned["machine"]["xla_flags"]
    assert "xla_cpu_prefer_vector_width" not in plain["machine"]["xla_flags"]
    engine, peers = script("engine"), script("engine_peers")
    every = {bowl.OPTAX, bowl.FINAL, bowl.SUMMARY, bowl.NUMPY, bowl.NUMPY_FIRST, *peers.peers(200, 5)}
    assert tuned["methods"].keys() | tuned["missing"].keys() == every
    assert plain["methods"].keys() == {bowl.OPTAX, bowl.FINAL, bowl.SUMMARY}
    assert {peers.TORCH, peers.TORCH_FIRST, peers.TORCH_OPTIM} & tuned["missing"].keys() in (
        set() if is_there("torch") else {peers.TORCH, peers.TORCH_FIRST, peers.TORCH_OPTIM},
    )
    for name, reason in tuned["missing"].items():
        assert f"missing: {name} ({reason})" in done.stdout
    for name, row in tuned["methods"].items():
        assert name in done.stdout
        assert row["spread"][0] <= row["rate"] <= row["spread"][1]
        assert len(row["each_round"]) == 2
    assert tuned["methods"][bowl.OPTAX]["ratio_to_optax"] == 1.0
    assert [(t["mode"], t["method"], t["peer"], t["target"]) for t in result["targets"]] == list(engine.TARGETS)
    for target in result["targets"]:
        assert (target["reached"] is None) == (target["peer"] in tuned["missing"])


def test_a_target_is_met_missed_or_without_its_peer(script):
    engine = script("engine")
    ratios = {bowl.FINAL: {bowl.OPTAX: 3.0, bowl.NUMPY: 17.9}}
    met = {target["peer"]: target["met"] for target in engine.reached("tuned", {"ratios": ratios})[:4]}
    assert list(met.values()) == [True, None, False, None]
    assert "peer missing" in engine.targets_table(engine.reached("tuned", {"ratios": ratios}))
