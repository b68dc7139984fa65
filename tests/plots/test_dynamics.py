"""Pictures of dynamics draw what they are given, name the exact laws, and say what diverged or is not to be trusted."""

import numpy as np
import pytest

from jaxopt_lab import plots

RATES = np.linspace(0.5, 2.1, 9)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def shaded(ax):
    """The stretches of grey, left and right."""
    return [(round(patch.get_x(), 6), round(patch.get_x() + patch.get_width(), 6)) for patch in ax.patches]


def test_every_finite_point_is_a_dot_and_what_diverged_is_grey():
    points = np.tile(np.array([1.0, -1.0, 0.5]), (9, 1))
    points[6, 0] = np.nan  # one of three: its value is not lost
    points[7:] = np.inf
    drawn = plots.bifurcation_diagram(RATES, points, thresholds={"period 2": 1.0, "elsewhere": 3.0}, title="wells")
    assert np.shape(drawn.lines[0].get_xydata()) == (7 * 3 - 1, 2)
    assert texts(drawn.ax) == ["period 2\n1"]
    assert legend(drawn.ax) == ["diverged"]
    assert shaded(drawn.ax) == [(1.8, 2.1)]  # from half-way to the last value that is not lost
    assert drawn.ax.get_title(loc="left").startswith("wells")


def test_names_that_would_touch_stand_on_levels_of_their_own():
    names = {"a": 1.0, "b": 1.05, "c": 2.0}
    drawn = plots.bifurcation_diagram(RATES, np.ones((9, 1)), thresholds=names)
    heights = {text.get_text()[0]: text.get_window_extent().y0 for text in drawn.ax.texts}
    assert heights["a"] == heights["c"] < heights["b"] - 10


def test_exponents_have_the_colour_of_their_sign():
    exponents = np.linspace(-0.5, 0.3, 9)
    exponents[[0, 8]] = [-np.inf, np.nan]
    below, above = plots.lyapunov_exponents(RATES, exponents).lines
    assert (np.asarray(below.get_ydata()) <= 0).all()
    np.testing.assert_allclose(np.asarray(above.get_ydata()), [0.1, 0.2])
    assert below.get_color() != above.get_color()
    assert below.axes is not None
    assert legend(below.axes) == ["neighbours meet", "neighbours part", "diverged"]
    assert below.axes.get_ylim()[0] < 0 < below.axes.get_ylim()[1]


def test_logarithmic_values_get_a_logarithmic_axis():
    rates = np.geomspace(0.01, 1, 9)
    assert plots.bifurcation_diagram(rates, np.ones((9, 1))).ax.get_xscale() == "log"
    assert plots.bifurcation_diagram(RATES, np.ones((9, 1))).ax.get_xscale() == "linear"


def test_points_at_rest_are_no_picture_of_rounding():
    drawn = plots.bifurcation_diagram(RATES, 1e-40 * np.random.default_rng(0).normal(size=(9, 4)))
    assert drawn.ax.get_ylim() == pytest.approx((-0.1, 0.1))
    plots.bifurcation_diagram(RATES, np.full((9, 4), np.nan))  # nothing to draw is no error


def test_what_is_not_to_be_trusted_is_shaded_and_what_explodes_goes_by_decades():
    slopes = np.array([0.1, 0.2, -0.3, 0.1, 0.2, 1e9, -1e20, np.nan, 0.3])
    trusted = np.array([True] * 5 + [False] * 3 + [True])
    drawn = plots.trusted_curve(RATES, slopes, trusted, ylabel="slope")
    assert shaded(drawn.ax) == [(1.4, 2.0)]
    assert legend(drawn.ax) == ["derivative not to be trusted"]
    assert drawn.ax.get_yscale() == "symlog"
    np.testing.assert_array_equal(drawn.lines[0].get_ydata(), slopes)
    labels = [label.get_text() for label in drawn.ax.get_yticklabels()]
    assert "0" in labels
    assert "$-10^{20}$" in labels
    calm = plots.trusted_curve(RATES, slopes[:1] * np.arange(9), np.ones(9, bool), ylabel="slope")
    assert calm.ax.get_yscale() == "linear"
    assert calm.ax.get_legend() is None


def test_they_draw_where_they_are_told():
    _, axes = plots.new_figure(1, 3)
    assert plots.bifurcation_diagram(RATES, np.ones((9, 1)), ax=axes[0]).ax is axes[0]
    assert plots.lyapunov_exponents(RATES, np.ones(9), ax=axes[1]).ax is axes[1]
    assert plots.trusted_curve(RATES, np.ones(9), np.ones(9), ylabel="loss", ax=axes[2]).ax is axes[2]
