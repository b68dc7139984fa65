"""What is drawn is what was given."""

import numpy as np
import pytest
from matplotlib.colors import LogNorm

from jaxopt_lab import plots, problems
from jaxopt_lab.plots.style import DIVERGED

WINDOW = ((-2.0, 2.0), (-1.0, 1.0))
PATHS = {"a": np.array([[1.0, 0.5], [0.5, 0.2], [0.1, 0.0]]), "b": np.array([[1.0, 0.5], [9.0, 9.0]])}


def bowl(points: np.ndarray) -> np.ndarray:
    return (points**2).sum(-1)


def test_paths_are_drawn_as_given_over_their_contours():
    drawn = plots.paths(bowl, PATHS, WINDOW, levels=(0.01, 0.1, 1.0, 10.0), marks={"minimum": (0, 0)}, title="bowl")
    assert [line.get_label() for line in drawn.lines] == ["a", "b (ends outside)"]
    np.testing.assert_array_equal(np.column_stack(drawn.lines[0].get_data()), PATHS["a"])
    np.testing.assert_array_equal(drawn.contours.levels, (0.01, 0.1, 1.0, 10.0))
    assert isinstance(drawn.contours.norm, LogNorm)
    legend = drawn.ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b (ends outside)", "start", "minimum"]
    assert drawn.ax.get_xlim() == (-2.0, 2.0)  # a path that leaves the window does not stretch it
    assert drawn.ax.get_xlabel() == "$w_1$"
    assert drawn.ax.get_title(loc="left") == "bowl"


def test_contours_lie_at_the_heights_of_the_surface():
    drawn = plots.contours(bowl(plots.grid_points(WINDOW)), WINDOW, levels=[0.25, 0.5])
    points = drawn.get_paths()[0].vertices
    # Linear interpolation between 200 points a side.
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 0.5, atol=1e-3)


def test_a_number_of_levels_encloses_equal_shares():
    heights = bowl(plots.grid_points(WINDOW))
    drawn = plots.contours(heights, WINDOW, levels=4)
    shares = [(heights <= level).mean() for level in drawn.levels]
    np.testing.assert_allclose(np.diff(shares), 0.2, atol=0.01)


def test_ax_is_used_when_given():
    _, axes = plots.new_figure(1, 2)
    drawn = plots.paths(bowl, PATHS, WINDOW, ax=axes[1])
    assert drawn.ax is axes[1]
    assert not axes[0].lines


def test_decay_draws_the_exact_factor_through_the_last_point():
    values = 3.0 * 0.9 ** np.arange(10)
    drawn = plots.decay({"run": values}, factors={"run": 0.9}, ylabel="distance")
    law = np.asarray(drawn.ax.lines[1].get_ydata())
    np.testing.assert_allclose(law, values)
    assert drawn.lines[0].get_label() == "run: × 0.9 a step"


def test_bands_stop_where_the_median_is_not_finite():
    quantiles = np.array([[1.0, 2.0, 3.0], [2.0, 1.0, np.inf], [3.0, np.inf, np.inf]])
    drawn = plots.quantile_bands(np.array([0.1, 1.0, 10.0]), {"a": quantiles}, xlabel="rate", ylabel="loss")
    np.testing.assert_array_equal(drawn.lines[0].get_ydata(), [2.0, 1.0, np.nan])
    assert drawn.ax.get_xscale() == drawn.ax.get_yscale() == "log"
    assert np.asarray(drawn.ax.lines[1].get_xdata()) == 1.0  # the dot at the best


@pytest.mark.parametrize(
    ("x", "scale"), [([0.01, 0.1, 1.0], "log"), ([1.0, 2.0, 3.0], "linear"), ([0.5, 0.9, 0.99], "linear")]
)
def test_heat_map_marks_what_diverged_and_chooses_its_axes(x, scale):
    values = np.array([[1.0, np.nan, 1e-3], [10.0, 1e3, 1.0]])
    mesh = plots.heat_map(values, np.array(x), np.array([0.0, 1.0]), xlabel="x", ylabel="y", label="loss")
    ax = mesh.axes
    assert ax is not None
    assert ax.get_xscale() == scale
    assert np.ma.getmaskarray(np.ma.asarray(mesh.get_array())).sum() == 1
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["diverged"]
    assert DIVERGED == "#9e9e9e"
    if x[-1] == 0.99:  # evenly spaced on no axis: side by side under their own numbers
        assert [label.get_text() for label in ax.get_xticklabels()] == ["0.5", "0.9", "0.99"]


def test_shares_show_the_law_beside_the_measurement():
    drawn = plots.shares({"SGD": np.array([1.0, 0.5])}, {"SGD": np.array([1.0, 0.4])}, xlabel="step", ylabel="share")
    np.testing.assert_array_equal(drawn.ax.lines[1].get_ydata(), [1.0, 0.4])


def test_log_levels_are_powers_of_ten_above_the_lowest_height():
    """A bowl that lies at -3: its contours are circles at 10^(k/n) above that, whatever its height."""
    heights = bowl(plots.grid_points(WINDOW)) - 3
    drawn = plots.contours(heights, WINDOW, levels="log")
    assert isinstance(drawn.norm, LogNorm)
    levels = np.asarray(drawn.levels)
    ratios = levels[1:] / levels[:-1]
    np.testing.assert_allclose(ratios, ratios[0])
    assert 0 < levels[0] < 0.01
    assert 2 < levels[-1] < 5  # the corners lie 5 above the centre
    radius = np.linalg.norm(drawn.get_paths()[-1].vertices, axis=1)
    np.testing.assert_allclose(radius, np.sqrt(levels[-1]), atol=2e-3)
    labels = [ax.get_ylabel() for ax in plots.figure_of(drawn.axes).axes]
    assert "loss above -3" in labels


def test_a_contour_through_zero_needs_no_logarithm_of_it():
    window = ((-1.0, 1.0), (-1.0, 1.0))
    heights = bowl(plots.grid_points(window, resolution=5))  # exactly 0 in the middle
    given = plots.contours(heights, window, levels=(0.001, 0.1, 1.0))
    np.testing.assert_array_equal(given.levels, [0.001, 0.1, 1.0])
    assert len(np.asarray(plots.contours(heights, window, levels="log").levels)) > 1


def test_the_legend_says_who_diverged_and_who_left():
    lost = np.array([[1.0, 0.5], [-8.0, 3.0], [1e38, -1e38], [np.nan, np.inf]], np.float32)
    gone = np.array([[1.0, 0.5], [0.0, 0.0], [0.0, 5.0]])
    back = np.array([[1.0, 0.5], [0.0, 5.0], [0.0, 0.0]])
    drawn = plots.paths(bowl, {"lost": lost, "gone": gone, "back": back}, WINDOW)
    assert [line.get_label() for line in drawn.lines] == ["lost (diverged)", "gone (ends outside)", "back"]
    x, y = (np.asarray(each) for each in drawn.lines[0].get_data())
    assert np.abs(x[:3]).max() < 1e5  # drawn nearer, in the same direction
    assert (x[2], y[2]) == pytest.approx((2000.0, -2000.0))
    assert np.isnan(x[3])


def test_a_long_path_has_a_line_through_all_points_and_fewer_markers():
    path = np.linspace((-1.0, 0.0), (1.0, 0.0), 601)
    (line,) = plots.paths(bowl, {"long": path}, WINDOW).lines
    assert len(np.asarray(line.get_xdata())) == 601
    assert line.get_markevery() == 11


def fails(w):
    raise TypeError("loss() missing 1 required positional argument: 'key'")


@pytest.mark.parametrize(
    ("surface", "message"),
    [
        (problems.rosenbrock(), "got a Problem, which is no function; pass a function of many points"),
        (fails, r"it fails at points of shape \(200, 200, 2\): loss\(\) missing 1 required"),
        (lambda w: (w**2).sum(), r"it gives shape \(\) for points of shape \(200, 200, 2\)"),
    ],
)
def test_what_is_no_surface_is_refused_with_a_remedy(surface, message):
    with pytest.raises(ValueError, match=message):
        plots.paths(surface, PATHS, WINDOW)


def test_other_bad_input():
    with pytest.raises(ValueError, match=r"points: 'a' has shape \(3,\)"):
        plots.paths(bowl, {"a": np.ones(3)}, WINDOW)
    with pytest.raises(ValueError, match="levels: got 'logarithmic'"):
        plots.paths(bowl, PATHS, WINDOW, levels="logarithmic")
    with pytest.raises(ValueError, match="they are all the same"):
        plots.contours(np.ones((5, 5)), WINDOW)


@pytest.mark.parametrize(
    "names",
    [
        [f"an optimiser with learning rate {rate} and momentum" for rate in (0.1, 0.2, 0.3, 0.4)],
        [f"{name}, start {start}" for name in ("adam", "sgd_momentum") for start in (0, 1, 2)],
    ],
    ids=["long names", "columns of unequal length"],
)
def test_a_legend_leaves_the_picture_its_size(names):
    ax = plots.paths(bowl, dict.fromkeys(names, PATHS["a"]), ((-1.0, 1.0), (-1.0, 1.0))).ax
    figure = plots.figure_of(ax)
    figure.draw_without_rendering()
    assert ax.get_position().width > 0.6
    legend = ax.get_legend()
    assert legend is not None
    box = legend.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width
    assert box.y0 >= 0
