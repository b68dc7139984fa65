"""Pictures of scores: what is drawn is what was given."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from jaxopt_lab.plots import scores as drawing
from jaxopt_lab.plots.style import new_figure

# To matplotlib's types an artist's data are anything that NumPy takes, and its axes may be None.
scores: Any = drawing

CURVE = ([0.0, 0.0, 0.5, 1.0], [0.0, 0.6, 0.8, 1.0])


def labels_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_confusion_map_shows_counts_and_shares_of_the_actual_class():
    image = scores.confusion_map([[284, 1], [7, 8]], ["healthy", "ill"], title="Test rows")
    ax = image.axes
    np.testing.assert_allclose(image.get_array(), [[284 / 285, 1 / 285], [7 / 15, 8 / 15]])
    assert [text.get_text() for text in ax.texts] == ["284\n99.6%", "1\n0.4%", "7\n46.7%", "8\n53.3%"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["Predicted healthy", "Predicted ill"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Actual healthy", "Actual ill"]
    assert ax.get_title(loc="left") == "Test rows"


@pytest.mark.parametrize("share", np.linspace(0, 1, 41))
def test_the_counts_of_a_confusion_map_are_readable(share):
    image = scores.confusion_map([[1000 * share, 1000 * (1 - share)], [0, 0]], ["0", "1"])
    cell, text = (np.array(to_rgb(color)) for color in (image.to_rgba(share), image.axes.texts[0].get_color()))
    # Relative luminance and contrast as in WCAG 2; 3 is its least for large text.
    luminances = [
        np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
        for color in (cell, text)
    ]
    assert (max(luminances) + 0.05) / (min(luminances) + 0.05) > 3


def test_an_empty_class_has_no_shares():
    image = scores.confusion_map(np.array([[3, 1], [0, 0]]), ["0", "1"])
    assert image.get_array()[1].tolist() == [0, 0]


def test_roc_draws_each_curve_and_chance():
    lines = scores.roc({"one": CURVE, "other": CURVE}, title="Two")
    ax = lines[0].axes
    assert [line.get_xydata().tolist() for line in lines] == [np.transpose(CURVE).tolist()] * 2
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 2
    assert labels_of(ax) == ["chance", "one", "other"]
    assert ax.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert ax.get_aspect() == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("False positive rate", "True positive rate (recall)")


def test_a_legend_can_be_left_to_the_figure():
    (line,) = scores.roc({"one": CURVE}, legend=False)
    assert line.axes.get_legend() is None


def test_precision_recall_draws_steps_above_chance():
    recall, precision = [1.0, 0.5, 0.0], [0.2, 0.7, 1.0]
    (line,) = scores.precision_recall({"one": (recall, precision)}, chance=0.05)
    ax = line.axes
    assert line.get_drawstyle() == "steps-post"
    assert line.get_xydata().tolist() == [[1.0, 0.2], [0.5, 0.7], [0.0, 1.0]]
    assert list(ax.lines[0].get_ydata()) == [0.05, 0.05]
    assert labels_of(ax) == ["chance", "one"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Recall", "Precision")


def test_intervals_draw_each_value_with_its_bounds():
    bars = scores.intervals({"a": 0.5, "b": 0.9}, {"a": (0.4, 0.7), "b": (0.8, 0.9)}, xlabel="recall", reference=0.5)
    ax = bars[0].lines[0].axes
    assert [bar.lines[0].get_xydata().tolist() for bar in bars] == [[[0.5, 0]], [[0.9, 1]]]
    spans = [bar.lines[2][0].get_segments()[0][:, 0].tolist() for bar in bars]
    assert spans == [pytest.approx([0.4, 0.7]), pytest.approx([0.8, 0.9])]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert ax.get_ylim() == (1.5, -0.5)  # the first on top
    assert ax.lines[0].get_xdata() == [0.5, 0.5]
    assert ax.get_xlabel() == "recall"


def test_an_interval_beside_its_value_is_drawn_to_the_value():
    (bar,) = scores.intervals({"a": 0.5}, {"a": (0.6, 0.7)}, xlabel="recall")
    assert bar.lines[2][0].get_segments()[0][:, 0].tolist() == pytest.approx([0.5, 0.7])


def test_operating_points_lie_where_they_were_put():
    _, ax = new_figure()
    points = scores.operating_points({"strict": (0.0, 0.5), "lax": (0.5, 1.0)}, ax=ax)
    assert [point.get_offsets().tolist() for point in points] == [[[0.0, 0.5]], [[0.5, 1.0]]]
    assert [point.get_label() for point in points] == ["strict", "lax"]
    assert points[0].get_sizes()[0] > points[1].get_sizes()[0]


def test_a_trade_off_draws_metrics_and_settings():
    metrics = {"recall": [0.5, 0.8], "precision": [0.9, 0.3]}
    lines = scores.trade_off([1, 20], metrics, xlabel="weight", chosen={"balanced": 19.0}, scale="log")
    ax = lines[0].axes
    assert [list(line.get_ydata()) for line in lines[:2]] == list(metrics.values())
    assert list(lines[2].get_xdata()) == [19.0, 19.0]
    assert [line.get_label() for line in lines] == ["recall", "precision", "balanced"]
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "weight")


def test_axes_that_are_given_are_drawn_on():
    _, axes = new_figure(1, 4)
    scores.confusion_map([[1, 0], [0, 1]], ["0", "1"], ax=axes[0])
    scores.roc({"one": CURVE}, ax=axes[1])
    scores.precision_recall({"one": CURVE}, chance=0.1, ax=axes[2])
    scores.intervals({"a": 0.5}, {"a": (0.4, 0.7)}, xlabel="recall", ax=axes[3])
    assert all(ax.has_data() for ax in axes)
