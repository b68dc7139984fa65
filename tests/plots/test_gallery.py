"""Surfaces side by side: each by its own heights, nothing drawn that is not there."""

import numpy as np
import pytest

from jaxopt_lab.plots import figure_of, gallery, grid_points, new_figure
from jaxopt_lab.plots.style import DIVERGED

WINDOW = ((-1.0, 1.0), (0.0, 4.0))
BOWL = (grid_points(WINDOW, 21) ** 2).sum(-1)


def test_each_surface_has_its_own_logarithmic_colours():
    drawn = gallery({"bowl": BOWL, "steep": 1e6 * BOWL}, WINDOW)
    (low, high), (steep_low, steep_high) = (drawn.images[name].get_clim() for name in ("bowl", "steep"))
    # The top is at a corner, 1 + 16; the steps of the grid are 0.1 and 0.2, whose squares are the lowest but 0.
    assert high == pytest.approx(17.0)
    assert 0.01 <= low <= 0.04
    assert (steep_low, steep_high) == pytest.approx((1e6 * low, 1e6 * high))
    shades = np.asarray(drawn.images["bowl"].norm(np.array([low, np.sqrt(low * high), high])))
    np.testing.assert_allclose(shades, [0, 0.5, 1], atol=1e-12)


def test_rows_run_upwards_over_the_window():
    image = gallery({"bowl": BOWL}, WINDOW).images["bowl"]
    assert image.origin == "lower"
    assert image.get_extent() == [-1.0, 1.0, 0.0, 4.0]


def test_what_is_not_finite_is_grey_and_a_minimum_of_0_is_dark():
    heights = BOWL.copy()
    heights[3, 4] = np.nan
    drawn = gallery({"bowl": heights}, WINDOW)
    shown = np.ma.asarray(drawn.images["bowl"].get_array())
    assert np.argwhere(np.ma.getmaskarray(shown)).tolist() == [[3, 4]]
    assert shown[0, 10] > 0
    assert drawn.axes["bowl"].get_facecolor()[:3] == pytest.approx([int(DIVERGED[1:3], 16) / 255] * 3)


@pytest.mark.parametrize("heights", [np.zeros((4, 4)), np.full((4, 4), np.inf)])
def test_a_surface_without_heights_is_drawn_too(heights):
    drawn = gallery({"flat": heights}, WINDOW)
    figure_of(drawn.axes["flat"]).draw_without_rendering()
    shown = np.ma.asarray(drawn.images["flat"].get_array())
    assert shown.compressed().tolist() == heights[np.isfinite(heights)].tolist()


def test_marks_stand_where_they_are_and_spare_axes_are_empty():
    _, axes = new_figure(2, 2, width=1.0, height=1.0)
    marks = {"b": np.array([[0.5, 1.0], [-1.0, 4.0]])}
    drawn = gallery({"a": BOWL, "b": BOWL, "c": BOWL}, WINDOW, marks=marks, axes=axes)
    assert drawn.axes == {"a": axes[0, 0], "b": axes[0, 1], "c": axes[1, 0]}
    assert [len(axes.flat[k].lines) for k in range(4)] == [0, 2, 0, 0]
    np.testing.assert_array_equal([line.get_xydata()[0] for line in axes[0, 1].lines], marks["b"])
    assert not axes[1, 1].axison


def test_rows_are_filled_one_after_the_other():
    drawn = gallery({str(k): BOWL for k in range(5)}, WINDOW, columns=3)
    figure_of(drawn.axes["0"]).draw_without_rendering()
    corners = np.array([ax.get_position().min for ax in drawn.axes.values()])
    assert (np.diff(corners[:3, 0]) > 0.1).all()
    np.testing.assert_allclose(corners[3:, 0], corners[:2, 0])
    assert (corners[3:, 1] < corners[0, 1] - 0.1).all()


def test_bad_galleries():
    with pytest.raises(ValueError, match="heights: got no surface"):
        gallery({}, WINDOW)
    with pytest.raises(ValueError, match="axes: got 1 for 2 surfaces"):
        gallery({"a": BOWL, "b": BOWL}, WINDOW, axes=np.array([new_figure()[1]]))
