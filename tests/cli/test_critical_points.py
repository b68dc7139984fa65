"""``jaxopt-lab critical-points``."""

import pytest
import xarray as xr

from jaxopt_lab import problems
from jaxopt_lab.analysis import critical_points


def test_it_prints_the_table_and_draws_the_picture(call, tmp_path):
    outcome = call("critical-points")
    assert outcome.status == 0, outcome.err
    assert "found: 1 × maximum, 4 × minimum, 4 × saddle" in outcome.out
    assert "sum of (-1)^index: 1, by the gradient on the border: 1" in outcome.out
    (hill,) = [line.split() for line in outcome.out.splitlines() if line.startswith("maximum")]
    assert hill[1:5] == ["2", "181.61652", "-0.27084", "-0.92304"]
    assert (tmp_path / "critical-points.png").read_bytes().startswith(b"\x89PNG")
    again = call("critical-points")
    assert again.status == 2
    assert "exists already" in again.err


def test_the_points_themselves_are_the_librarys(call):
    assert call("critical-points", "--out", "points.nc").status == 0
    with xr.open_dataset("points.nc") as saved:
        xr.testing.assert_equal(saved.load(), critical_points(problems.himmelblau()))


def test_a_landscape_in_many_dimensions_is_drawn_by_height_with_the_theory(call, tmp_path):
    words = ("gaussian_landscape", "--dim", "1", "--starts", "256", "--out", "a.svg")
    outcome = call("critical-points", *words)
    assert outcome.status == 0, outcome.err
    assert "... and " in outcome.out
    assert "expected mean" in (tmp_path / "a.svg").read_text()


def test_what_is_missed_is_said(call):
    """Two starts come to a minimum and the maximum: each counts 1, and so do all nine points together."""
    assert "points were missed: give more --starts" in call("critical-points", "--starts", "2", "--overwrite").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["himmelblo"], "did you mean 'himmelblau'?"),
        (["himmelblau", "--dim", "3"], "--dim: himmelblau has its own number of dimensions"),
        (["ackley"], "ackley is not smooth"),
        (["himmelblau", "--out", "a.txt"], "end the name in .png"),
    ],
)
def test_mistakes_are_one_sentence(call, words, message):
    outcome = call("critical-points", *words)
    assert outcome.status == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
