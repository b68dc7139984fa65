"""The commands map, basins and fractal: a picture or numbers, what was measured in words, one sentence for mistakes."""

import numpy as np
import pytest
import xarray as xr

MAP = ("map", "--grid", "learning_rate=0.01:0.5:lin:12", "momentum=0:0.9:lin:10", "--steps", "60")
BASINS = ("basins", "double_well", "sgd", "--resolution", "32", "--steps", "150")
FRACTAL = ("fractal", "quadratic", "--center", "0.25", "0.5", "--width", "0.3", "--resolution", "32", "--steps", "40")


def test_map_prints_the_measured_beside_the_exact(call, tmp_path):
    outcome = call(*MAP)
    assert outcome.status == 0, outcome.err
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert "sgd_momentum on quadratic: 120 trajectories of 60 steps" in outcome.out
    assert "measured, " in outcome.out
    assert "on the wrong side of the exact boundary: 0.0000% of the cells" in outcome.out


def test_basins_prints_shares_with_intervals(call, tmp_path):
    outcome = call(*BASINS, "--out", "a.nc")
    assert outcome.status == 0, outcome.err
    with xr.open_dataset(tmp_path / "a.nc") as found:
        assert found.basin.shape == (32, 32)
        assert found.attrs["starts"] == "stratified"
    assert f"{'(1, 0)':<34}  50.000% (95%: 46.943% to 53.057%)" in outcome.out
    assert "dimension of the boundaries: 1.000" in outcome.out


def test_fractal_draws_a_surface_too(call, tmp_path):
    outcome = call(*FRACTAL, "--height", "0.8", "--out", "a.svg")
    assert outcome.status == 0, outcome.err
    assert "<svg" in (tmp_path / "a.svg").read_text()
    assert "dimension of the border: " in outcome.out


@pytest.mark.long
def test_fractal_knows_where_the_networks_border_is(call):
    outcome = call("fractal", "--resolution", "32", "--steps", "20", "--out", "a.nc")
    assert outcome.status == 0, outcome.err
    with xr.open_dataset("a.nc") as found:
        assert found.measure.dims == ("learning_rate_1", "learning_rate_0")
        np.testing.assert_allclose(np.log10(found.learning_rate_0[[0, -1]]), [0.909375, 1.490625])


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["map", "rosenbrock", "adam"], "grid: only for heavy ball"),
        (["map", "quadratic", "sgd", "--grid", "learning_rate=0.1,0.2"], "these have them: learning_rate"),
        (["basins", "himelblau"], "did you mean 'himmelblau'"),
        (["basins", "rosenbrock", "adam", "--grid", "learning_rate=0.1,0.2"], "--grid: learning_rate has 2 values"),
        (["basins", "--resolution", "8"], "at least 32 cells"),
        (["fractal", "quadratic"], "--center, --width: where the border of quadratic lies is not known"),
        (
            ["fractal", "quadratic", "layerwise_sgd", "--center", "0", "0", "--width", "1"],
            "optimizer: layerwise_sgd has a rate",
        ),
        (["fractal", "--out", "a.txt"], "end the name in .png"),
    ],
)
def test_mistakes_get_one_sentence_and_status_2(call, tmp_path, words, fragment):
    outcome = call(*words)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1, outcome.err
    assert fragment in outcome.err
    assert not list(tmp_path.iterdir())
