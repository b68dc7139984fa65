"""How good a classifier is: confusion matrix, ROC and precision-recall curves, metrics with their intervals."""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.plots.style import DIVERGED, MARKERS, PALETTE, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.container import ErrorbarContainer
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D


def draw_confusion_matrix(
    matrix: Any, class_names: Sequence[str], *, title: str = "Confusion matrix", ax: "Axes | None" = None
) -> "AxesImage":
    """A confusion matrix as a heat map with its counts written in.

    Args:
        matrix: ``matrix[i, j]`` rows of class i were called class j, shape ``(classes, classes)``.
        class_names: a name for each class.
        title: what stands above.
        ax: where to draw; None for a new figure.

    Returns:
        The image. The counts are its axes' texts. The colour is the share of the actual class: with few positives the
        counts alone would leave all but one cell white.

    Example:
        >>> image = draw_confusion_matrix([[284, 1], [7, 8]], ["0", "1"])
        >>> [text.get_text().split()[0] for text in image.axes.texts]
        ['284', '1', '7', '8']
    """
    ax = axes_or_new(ax, width=5.0, height=4.2)
    matrix = np.asarray(matrix)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        # Beyond the middle of this colour map white reads better than black.
        colour = "white" if shares[row, column] > 0.5 else "black"
        text = f"{count}\n{shares[row, column]:.1%}"
        ax.text(column, row, text, ha="center", va="center", color=colour, fontsize="large")
    places = range(len(class_names))
    ax.set_xticks(places, [f"Predicted {name}" for name in class_names])
    ax.set_yticks(places, [f"Actual {name}" for name in class_names], rotation=90, va="center")
    ax.set_xlabel("Predicted label")
    ax.set_ylabel("Actual label")
    ax.set_title(title, loc="left")
    ax.grid(visible=False)
    ax.tick_params(length=0)
    return image


def draw_roc(
    fpr: Any, tpr: Any, *, label: str, color: str = PALETTE[1], linestyle: str = "-", ax: "Axes | None" = None
) -> "Line2D":
    """A receiver operating characteristic, with the diagonal of chance below the first that is drawn.

    Args:
        fpr: false positive rates, shape ``(points,)``.
        tpr: true positive rates, shape ``(points,)``.
        label: what the legend calls it.
        color: of the line.
        linestyle: of the line.
        ax: where to draw; None for a new figure.

    Returns:
        The line.

    Example:
        >>> draw_roc([0, 0, 1], [0, 1, 1], label="perfect").get_label()
        'perfect'
    """
    ax = axes_or_new(ax, width=5.0, height=4.8)
    if not ax.lines:
        ax.plot([0, 1], [0, 1], color=DIVERGED, linestyle=":", label="chance")
    (line,) = ax.plot(fpr, tpr, color=color, linestyle=linestyle, linewidth=2, label=label)
    _unit_square(ax)
    ax.set_xlabel("False positive rate")
    ax.set_ylabel("True positive rate (recall)")
    ax.set_title("ROC curve", loc="left")
    ax.legend(loc="lower right", frameon=False)
    return line


def draw_precision_recall(
    recall: Any,
    precision: Any,
    *,
    label: str,
    chance: float,
    color: str = PALETTE[1],
    linestyle: str = "-",
    ax: "Axes | None" = None,
) -> "Line2D":
    """A precision-recall curve in steps, with the precision of chance below the first that is drawn.

    Args:
        recall: decreasing, shape ``(points,)``.
        precision: shape ``(points,)``.
        label: what the legend calls it.
        chance: the share of positives, which is the precision of a guess.
        color: of the line.
        linestyle: of the line.
        ax: where to draw; None for a new figure.

    Returns:
        The line.

    Example:
        >>> draw_precision_recall([1, 1, 0], [0.5, 1, 1], label="perfect", chance=0.5).get_label()
        'perfect'
    """
    ax = axes_or_new(ax, width=5.0, height=4.8)
    if not ax.lines:
        ax.axhline(chance, color=DIVERGED, linestyle=":", label="chance")
    (line,) = ax.plot(
        recall, precision, drawstyle="steps-post", color=color, linestyle=linestyle, linewidth=2, label=label
    )
    _unit_square(ax)
    ax.set_xlabel("Recall")
    ax.set_ylabel("Precision")
    ax.set_title("Precision-recall curve", loc="left")
    ax.legend(loc="lower left", frameon=False, bbox_to_anchor=(0.0, chance))
    return line


def draw_intervals(
    values: Mapping[str, float],
    intervals: Mapping[str, Any],
    *,
    xlabel: str,
    reference: float | None = None,
    ax: "Axes | None" = None,
) -> "list[ErrorbarContainer]":
    """Named values one below the other, each with its interval.

    Args:
        values: the value of each name, the first on top.
        intervals: for each name ``(lower, upper)``; a bootstrap's need not be around the value.
        xlabel: what is measured.
        reference: where to draw a vertical line to compare with, if anywhere.
        ax: where to draw; None for a new figure.

    Returns:
        One container for each name: a marker and its bar.

    Example:
        >>> bars = draw_intervals({"a": 0.5, "b": 0.6}, {"a": (0.4, 0.7), "b": (0.5, 0.8)}, xlabel="recall")
        >>> [float(bar.lines[0].get_xdata()[0]) for bar in bars]
        [0.5, 0.6]
    """
    ax = axes_or_new(ax, width=4.0, height=3.0)
    if reference is not None:
        ax.axvline(reference, color=DIVERGED, linestyle=":")
    bars = []
    for place, (name, value) in enumerate(values.items()):
        lower, upper = intervals[name]
        around = [[max(value - lower, 0)], [max(upper - value, 0)]]
        look = {"color": PALETTE[place % len(PALETTE)], "marker": MARKERS[place % len(MARKERS)]}
        bars.append(ax.errorbar([value], [place], xerr=around, capsize=3, markersize=6, **look))
    ax.set_yticks(range(len(values)), list(values))
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    return bars


def draw_operating_points(points: Mapping[str, tuple[float, float]], *, ax: "Axes") -> "list[PathCollection]":
    """Where classifiers stand on axes that a curve was drawn on, each with a marker of its own.

    Args:
        points: for each name its place ``(x, y)``.
        ax: where to draw.

    Returns:
        One marker for each name.

    Example:
        >>> line = draw_roc([0, 0, 1], [0, 1, 1], label="perfect")
        >>> len(draw_operating_points({"strict": (0.0, 0.5), "lax": (0.5, 1.0)}, ax=line.axes))
        2
    """
    markers = []
    for place, (name, (x, y)) in enumerate(points.items()):
        look = {"color": PALETTE[place % len(PALETTE)], "marker": MARKERS[place % len(MARKERS)]}
        markers.append(ax.scatter([x], [y], s=70, edgecolors="white", linewidths=0.8, zorder=3, label=name, **look))
    return markers


def draw_trade_off(
    knob: Any,
    metrics: Mapping[str, Any],
    *,
    xlabel: str,
    chosen: Mapping[str, float],
    scale: str = "linear",
    ax: "Axes | None" = None,
) -> "list[Line2D]":
    """Metrics over a knob that is turned, and where it was set.

    Args:
        knob: its values, shape ``(points,)``.
        metrics: the values of each metric by name, each of shape ``(points,)``.
        xlabel: what the knob is.
        chosen: settings of the knob by name, drawn as vertical lines.
        scale: of the horizontal axis, as matplotlib names it.
        ax: where to draw; None for a new figure.

    Returns:
        One line for each metric.

    Example:
        >>> lines = draw_trade_off([1, 2], {"recall": [0.5, 0.8]}, xlabel="class weight", chosen={"balanced": 2})
        >>> lines[0].get_ydata()
        [0.5, 0.8]
    """
    ax = axes_or_new(ax, width=5.0, height=3.6)
    lines = []
    for (name, values), color in zip(metrics.items(), itertools.cycle(PALETTE), strict=False):
        lines += ax.plot(knob, values, color=color, linewidth=2, label=name)
    for (name, value), linestyle in zip(chosen.items(), itertools.cycle(("--", ":", "-.")), strict=False):
        ax.axvline(value, color=PALETTE[-1], linestyle=linestyle, linewidth=1.2, label=name)
    ax.set_xscale(scale)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel(xlabel)
    return lines


def _unit_square(ax: "Axes") -> None:
    # A little room on every side: perfect classifiers draw along the border.
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    ax.set_aspect("equal")
