"""Histograms and medians are those of the steps that were given."""

import numpy as np
import pytest

from jaxopt_lab import plots


def test_a_histogram_adds_up_to_the_share_that_leaves():
    steps = np.random.default_rng(0).binomial(60, 0.5, size=2000)
    steps[:100] = -1
    drawn = plots.escape_histogram({"SGD": steps, "held": [-1, -1]})
    heights, edges, _ = drawn.histograms[0].get_data()
    assert (heights * np.diff(edges)).sum() == pytest.approx(0.95)
    first = steps[steps >= 0].min()
    assert edges[0] == first - 0.5
    assert heights[30 - first] == pytest.approx((steps == 30).mean())
    assert [each.get_label() for each in drawn.histograms] == ["SGD (5% never leave)", "held (100% never leave)"]
    assert drawn.laws == []


def test_the_law_lies_on_the_steps():
    law = np.array([0.0, 0.0, 0.25, 0.5, 0.25, 1e-6])
    drawn = plots.escape_histogram({"SGD": [2, 3, 3, 4]}, {"SGD": law})
    np.testing.assert_array_equal(drawn.laws[0].get_data(), [[2, 3, 4], [0.25, 0.5, 0.25]])


def test_wide_ranges_are_drawn_in_bins_of_several_steps_and_so_is_their_law():
    """1,200 steps in bins of 10: the share of each step stays what it is."""
    steps = np.arange(1200)
    drawn = plots.escape_histogram({"even": steps}, {"even": np.full(1200, 1 / 1200)})
    heights, edges, _ = drawn.histograms[0].get_data()
    assert np.unique(np.diff(edges)).tolist() == [10.0]
    np.testing.assert_allclose(heights, 1 / 1200)
    np.testing.assert_allclose(np.asarray(drawn.laws[0].get_ydata()), 1 / 1200)
    assert np.asarray(drawn.laws[0].get_xdata())[0] == 4.5  # the middle of steps 0 to 9


def test_medians_with_the_law_as_a_line():
    distances = np.array([1e-3, 1e-2, 1e-1])
    quartiles = {"SGD": [[30, 18, np.nan], [38, 25, np.inf], [45, 33, np.inf]], "Adam": [[3, 3, 3]] * 3}
    drawn = plots.escape_medians(distances, quartiles, {"SGD": [38.0, 25.0, np.inf]}, title="later")
    np.testing.assert_array_equal(drawn.lines[0].get_ydata(), [38, 25, np.nan])
    np.testing.assert_array_equal(drawn.laws[0].get_ydata(), [38, 25, np.nan])
    assert [line.get_linestyle() for line in drawn.lines] == ["None", "-"]  # a line would hide the law
    assert drawn.ax.get_xscale() == "log"
    legend = drawn.ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "SGD", "Adam", "median by the law", "middle half of the starts",
    ]  # fmt: skip
