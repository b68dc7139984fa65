"""Curvature, slices and surfaces are drawn as they were given."""

import numpy as np
import pytest

from jaxopt_lab import plots
from jaxopt_lab.plots.style import DIVERGED


def legend_of(ax):
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_a_density_has_its_eigenvalues_at_its_foot():
    grid, density = np.linspace(-1, 2, 50), np.exp(-(np.linspace(-3, 3, 50) ** 2))
    drawn = plots.spectral_density(
        {"start": (grid, density), "end": (grid, 2 * density)}, eigenvalues={"end": [-0.5, 1.5]}
    )
    np.testing.assert_array_equal(drawn.lines[1].get_ydata(), 2 * density)
    np.testing.assert_array_equal(drawn.marks[0].get_xdata(), [-0.5, 1.5])
    assert drawn.marks[0].get_color() == drawn.lines[1].get_color() != drawn.lines[0].get_color()
    assert drawn.ax.get_yscale() == "log"
    assert drawn.ax.get_ylim()[0] == pytest.approx(2e-6, rel=0.01)
    assert legend_of(drawn.ax) == ["start", "end", "end: eigenvalues at the ends"]


def test_sharpness_stands_beside_two_over_the_rate():
    drawn = plots.sharpness([0, 10], {"slow": [1.0, 2.0], "fast": [3.0, 4.0]}, {"slow": 0.1, "fast": 0.5})
    assert [np.asarray(bound.get_ydata()).tolist() for bound in drawn.bounds] == [[20.0, 20.0], [4.0, 4.0]]
    assert [bound.get_linestyle() for bound in drawn.bounds] == ["--", "--"]
    assert [text.get_text() for text in drawn.ax.texts] == ["2 / 0.1\n= 20", "2 / 0.5\n= 4"]
    assert drawn.bounds[0].get_color() == drawn.lines[0].get_color()
    assert legend_of(drawn.ax) == ["slow", "fast", "2 / learning rate"]


def test_several_runs_share_a_colour_and_one_entry_of_the_legend():
    drawn = plots.sharpness([0, 10], {"a": [[1.0, 2.0], [2.0, 3.0]], "b": [3.0, 4.0]}, {"a": 0.1, "b": 0.5})
    assert [np.asarray(line.get_ydata()).tolist() for line in drawn.lines] == [[1, 2], [2, 3], [3, 4]]
    colours = [line.get_color() for line in drawn.lines]
    assert colours[0] == colours[1] != colours[2]
    assert legend_of(drawn.ax) == ["a", "b", "2 / learning rate"]


@pytest.mark.parametrize(("losses", "scale"), [([1.0, 2.0, 3.0], "linear"), ([1.0, 0.001, 3.0], "log")])
def test_a_line_is_logarithmic_where_it_spans_decades(losses, scale):
    drawn = plots.line_slice([-1.0, 0.0, 1.0], {"a": losses})
    np.testing.assert_array_equal(drawn.lines[0].get_ydata(), losses)
    assert drawn.ax.get_yscale() == scale


A, B = np.linspace(-1, 1, 9), np.linspace(0, 1, 5)
HEIGHTS = 1 + A**2 + B[:, None] ** 2


def test_a_path_in_a_plane_is_coloured_by_the_loss_that_it_had():
    path, true = np.array([[0.9, 0.8], [0.5, 0.2], [0.0, 0.0]]), np.array([2.9, 1.4, 1.0])
    drawn = plots.plane_slice(
        A, B, HEIGHTS, path=path, path_loss=true, variance_share=(0.9, 0.085), mismatch=0.123, title="A path"
    )
    assert drawn.points is not None
    np.testing.assert_array_equal(drawn.points.get_offsets(), path)
    np.testing.assert_array_equal(drawn.points.get_array(), true)
    assert drawn.points.norm is drawn.contours.norm  # else the colours would say nothing
    assert drawn.points.get_cmap() == drawn.contours.get_cmap()
    assert np.asarray(drawn.contours.levels)[[0, -1]].tolist() == [1.0, 3.0]
    assert drawn.ax.get_xlabel() == "first direction: 90% of the variance"
    assert drawn.ax.get_ylabel() == "second direction: 8.5% of the variance"
    assert drawn.ax.get_title(loc="left") == "A path\non the path the drawn loss is off by up to 12% of its range"


def test_the_colours_reach_to_the_losses_of_the_path():
    drawn = plots.plane_slice(A, B, HEIGHTS, path=np.zeros((2, 2)), path_loss=[1.0, 250.0])
    levels = np.asarray(drawn.contours.levels)
    assert levels[-1] == pytest.approx(250)
    ratios = levels[1:] / levels[:-1]
    np.testing.assert_allclose(ratios, ratios[0])


def test_a_plane_without_a_path_and_with_a_hole():
    heights = HEIGHTS.copy()
    heights[4, 8] = np.inf
    drawn = plots.plane_slice(A, B, heights)
    assert drawn.points is None
    assert legend_of(drawn.ax) == ["not finite"]
    assert drawn.ax.get_facecolor()[:3] == pytest.approx([int(DIVERGED[1:3], 16) / 255] * 3)
    with pytest.raises(ValueError, match="loss: it is 1 everywhere"):
        plots.plane_slice(A, B, np.ones((5, 9)))


WINDOW = ((-1.0, 1.0), (-1.0, 1.0))


def bowl(points):
    return (points**2).sum(-1) + 2


def test_paths_lie_on_the_surface_and_in_front_of_it():
    path = np.array([[0.8, 0.0], [5.0, 5.0], [0.4, 0.2]])
    drawn = plots.surface(bowl, {"a": path}, WINDOW, title="Bowl")
    x, _, z = np.asarray(drawn.lines[0].get_data_3d())
    np.testing.assert_allclose(x, [0.8, np.nan, 0.4])  # outside the window there is no surface to lie on
    np.testing.assert_allclose(z, [2.64, np.nan, 2.2])
    assert drawn.lines[0].get_zorder() > drawn.surface.get_zorder()
    assert not drawn.ax.computed_zorder
    assert legend_of(drawn.ax) == ["a"]
    lost = plots.surface(bowl, {"a": path, "lost": np.array([[0.5, 0.5], [np.nan, 0.0]])}, WINDOW)
    assert legend_of(lost.ax) == ["a", "lost (diverged)"]


def test_heights_above_the_lowest_on_a_logarithm():
    """The lowest is the path's own end; of the window 0.2% are flat, a disc of r^2 = 0.002 * 4 / pi."""
    drawn = plots.surface(bowl, {"a": np.array([[0.1, 0.0], [0.0, 0.0]])}, WINDOW, log=True)
    _, _, z = np.asarray(drawn.lines[0].get_data_3d())
    assert z[0] == pytest.approx(-2)
    assert 10 ** z[1] == pytest.approx(0.008 / np.pi, rel=0.1)  # of a grid of 120 points a side
    assert drawn.ax.get_zlabel() == "log₁₀(loss above the lowest)"


def test_a_surface_uses_its_own_axes_and_refuses_flat_ones():
    figure, flat = plots.new_figure()
    with pytest.raises(ValueError, match="ax: got flat axes"):
        plots.surface(bowl, {}, WINDOW, ax=flat)
    ax = figure.add_subplot(projection="3d")
    assert plots.surface(bowl, {}, WINDOW, ax=ax).ax is ax
