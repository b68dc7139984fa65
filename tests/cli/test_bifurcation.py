"""``jaxopt-lab bifurcation`` writes its picture and prints the measured thresholds beside the exact ones."""

import jax
import numpy as np
import pytest
import xarray as xr

FEW = ("--grid", "learning_rate=0.9:2.1:lin:61", "--starts", "2", "--steps", "800", "--keep", "32")


@pytest.fixture(autouse=True)
def _keep_the_float_switch():
    """The command turns float64 on for its process, which here is that of all tests."""
    before = bool(jax.config.read("jax_enable_x64"))
    yield
    jax.config.update("jax_enable_x64", before)


def rows(out: str) -> dict[str, list[str]]:
    """The table: for each name what was measured and what is exact."""
    return {line[:20].strip(): line[20:].split() for line in out.splitlines() if line[20:].count(" ") > 3}


def test_measured_thresholds_stand_beside_the_exact_ones(call, tmp_path):
    outcome = call("bifurcation", *FEW)
    assert outcome.status == 0, outcome.err
    assert "double_well: sgd: 61 values of learning_rate, 4 starts, 800 steps" in outcome.out
    table = rows(outcome.out)
    exact = {"period 2": "1", "period 4": "1.2361", "wells merge": "1.5981", "exponent at 2": "1.0986"}
    for name, law in exact.items():
        measured, stated = table[name]
        assert stated == law
        # values lie 0.02 apart; over 400 steps the exponent is known to some hundredths
        assert float(measured) == pytest.approx(float(law), abs=0.03)
    assert (tmp_path / "bifurcation.png").read_bytes().startswith(b"\x89PNG")


def test_numbers_may_be_had_instead_of_the_picture(call):
    words = "himmelblau sgd_momentum --grid learning_rate=0.02:0.04:lin:21 momentum=0.5 --dtype float32 "
    words += "--starts 1 --steps 400 --keep 8 --out run.nc"
    outcome = call("bifurcation", *words.split())
    assert outcome.status == 0, outcome.err
    with xr.open_dataset("run.nc") as saved:
        assert dict(saved.sizes) == {"learning_rate": 21, "start": 5, "point": 8, "param": 2}
        assert saved.points.dtype == np.float32
    # (2 + 2 * 0.5) / h of each minimum: 1.5 times that of gradient descent, 0.024306, 0.024829, 0.014949, 0.018972
    table = rows(outcome.out)
    exact = [float(table[f"minimum {place}"][1]) for place in (1, 2, 3, 4)]
    assert exact == pytest.approx([0.036459, 0.037244, 0.022424, 0.028458], rel=1e-4)
    assert float(table["minimum 3"][0]) == pytest.approx(0.022424, abs=0.0015)


def test_the_diagram_may_go_over_the_problem(call):
    """The heavy ball with 0.5 breaks at (2 + 2 * 0.5) / 0.25 = 12, of the largest curvature: the condition."""
    words = "ill_conditioned sgd_momentum --grid condition=8,10,11,13 learning_rate=0.25 momentum=0.5"
    outcome = call("bifurcation", *words.split(), "--starts", "1", "--steps", "400", "--keep", "4", "--out", "run.nc")
    assert outcome.status == 0, outcome.err
    with xr.open_dataset("run.nc") as saved:
        np.testing.assert_array_equal(saved.exponent[:, 0] < 0, [True, True, True, False])


@pytest.mark.parametrize(
    ("words", "fragments"),
    [
        (["rosenbok"], ["problem", "did you mean 'rosenbrock'"]),
        (["double_well", "sgdd"], ["optimizer", "'sgdd'"]),
        (["rosenbrock", "adam"], ["--grid", "rosenbrock with adam", "learning_rate=0.01:1:log:1000"]),
        (["--grid", "learning_rate=1:2:lin:5", "momentum=0.5"], ["--grid", "'momentum'"]),
        (["double_well", "adam", "--grid", "learning_rate=1,2", "b1=0.5,0.9"], ["--grid", "one of them"]),
        (["--static", "dim=1,2"], ["--static", "dim has 2 values"]),
        (["--static", "dim=0"], ["dim: got 0"]),
        (["--steps", "100", "--keep", "60"], ["keep: got 60"]),
        (["--starts", "0"], ["starts: got 0"]),
        (["--out", "a.gif"], ["--out", ".png"]),
        (["--require", "tpu"], ["--require", "tpu"]),
    ],
)
def test_mistakes_get_one_sentence_and_status_2(call, tmp_path, words, fragments):
    outcome = call("bifurcation", *words)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    for fragment in fragments:
        assert fragment in outcome.err
    assert not list(tmp_path.iterdir())


def test_a_picture_is_kept_unless_asked(call, tmp_path):
    (tmp_path / "bifurcation.png").write_text("mine")
    outcome = call("bifurcation", *FEW)
    assert (outcome.status, "--overwrite" in outcome.err) == (2, True)
    assert (tmp_path / "bifurcation.png").read_text() == "mine"
