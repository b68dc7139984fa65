"""How good a classifier is: confusion matrix, ROC and precision-recall curves, metrics with their intervals."""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.plots.style import DIVERGED, MARKERS, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.container import ErrorbarContainer
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D

# Curves may coincide: each is thinner than the one below it, so that both are seen.
_WIDTHS = (3.6, 1.6, 1.2)
_ALONE = 1.8
_DASHES = ("-", "--", "-.")
_CHANCE, _CURVE = "chance", "curve"  # how lines are told apart on axes that are drawn on again

_FEW_CLASSES, _MANY_CLASSES = 3, 20

Bands = Mapping[str, tuple[Any, Any, Any]]
"""For each label ``(x, lower, upper)``, each of shape ``(points,)``."""


def confusion_map(
    matrix: Any, class_names: Sequence[str], *, title: str = "Confusion matrix", ax: "Axes | None" = None
) -> "AxesImage":
    """A confusion matrix as a heat map with its counts written in.

    The colour is the share of the actual class: by their counts, rare classes would all be white.

    Args:
        matrix: ``matrix[i, j]`` rows of class i were called class j, shape ``(classes, classes)``.
        class_names: a name for each class.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The image, of the shares. The counts are texts of its axes: with the shares of up to three classes, alone where
        they are not zero of up to twenty, and none of more.

    Example:
        >>> image = confusion_map([[284, 1], [7, 8]], ["0", "1"])
        >>> [text.get_text().split()[0] for text in image.axes.texts]
        ['284', '1', '7', '8']
    """
    ax = axes_or_new(ax, width=5.0, height=4.2)
    matrix = np.asarray(matrix)
    few = len(class_names) <= _FEW_CLASSES
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        share = shares[row, column]
        # From here up this colour map is darker than the grey on which black and white read equally well.
        color = "white" if share > 0.65 else "black"
        if few:
            ax.text(column, row, f"{count}\n{share:.1%}", ha="center", va="center", color=color, fontsize="large")
        elif count and len(class_names) <= _MANY_CLASSES:
            size = 60 / len(class_names)
            ax.text(column, row, f"{count}", ha="center", va="center", color=color, fontsize=min(size, 10))
    places = range(len(class_names))
    if len(class_names) == 2:
        ax.set_xticks(places, [f"Predicted {name}" for name in class_names])
        ax.set_yticks(places, [f"Actual {name}" for name in class_names], rotation=90, va="center")
    else:
        small = 10 if len(class_names) <= _MANY_CLASSES else 5
        ax.set_xticks(places, class_names, rotation=0 if few else 90, fontsize=small)
        ax.set_yticks(places, class_names, fontsize=small)
    ax.grid(visible=False)
    ax.tick_params(length=0)
    describe(ax, title=title, xlabel="Predicted label", ylabel="Actual label")
    return image


def roc(
    curves: Mapping[str, tuple[Any, Any]],
    *,
    bands: Bands | None = None,
    title: str = "ROC curve",
    legend: bool = True,
    ax: "Axes | None" = None,
) -> "list[Line2D]":
    """Receiver operating characteristics, with the diagonal of chance.

    Called again on the same axes it adds curves of the next colours.

    Args:
        curves: for each label ``(fpr, tpr)``, the false and the true positive rates, each of shape ``(points,)``.
        bands: how uncertain the true positive rates of some labels are, over false positive rates.
        title: the title.
        legend: whether to draw one.
        ax: where to draw; None for a new figure.

    Returns:
        One line for each label; that of chance is not among them.

    Example:
        >>> roc({"perfect": ([0, 0, 1], [0, 1, 1])})[0].get_label()
        'perfect'
    """
    ax = axes_or_new(ax, width=5.0, height=4.8)
    if not _drawn(ax, _CHANCE):
        ax.plot([0, 1], [0, 1], color=DIVERGED, linestyle=":", label="chance", gid=_CHANCE)
    lines = _curves(ax, curves, bands)
    describe(ax, title=title, xlabel="False positive rate", ylabel="True positive rate (recall)")
    if legend:
        ax.legend(loc="lower right", frameon=False)
    return lines


def precision_recall(
    curves: Mapping[str, tuple[Any, Any]],
    *,
    chance: float,
    bands: Bands | None = None,
    title: str = "Precision-recall curve",
    ax: "Axes | None" = None,
) -> "list[Line2D]":
    """Precision over recall in steps, with the precision of chance.

    Called again on the same axes it adds curves of the next colours.

    Args:
        curves: for each label ``(recall, precision)``, recall decreasing, each of shape ``(points,)``.
        chance: the share of positives, which is the precision of a guess.
        bands: how uncertain the precisions of some labels are, over recall.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        One line for each label; that of chance is not among them.

    Example:
        >>> precision_recall({"perfect": ([1, 1, 0], [0.5, 1, 1])}, chance=0.5)[0].get_label()
        'perfect'
    """
    ax = axes_or_new(ax, width=5.0, height=4.8)
    if not _drawn(ax, _CHANCE):
        ax.axhline(chance, color=DIVERGED, linestyle=":", label="chance", gid=_CHANCE)
    lines = _curves(ax, curves, bands, drawstyle="steps-post")
    describe(ax, title=title, xlabel="Recall", ylabel="Precision")
    # Good classifiers leave the lower left free, and poor ones of rare positives the upper right.
    ax.legend(loc="best", framealpha=0.8, edgecolor="none")
    return lines


def intervals(
    values: Mapping[str, float],
    bounds: Mapping[str, Any],
    *,
    xlabel: str,
    reference: float | None = None,
    title: str = "",
    ax: "Axes | None" = None,
) -> "list[ErrorbarContainer]":
    """Named values one below the other, each with its interval.

    Args:
        values: the value of each name, the first on top.
        bounds: for each name ``(lower, upper)``; those of a bootstrap need not be on both sides of the value.
        xlabel: what is measured.
        reference: where to draw a vertical line to compare with, if anywhere.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        One container for each name: a marker and its bar.

    Example:
        >>> bars = intervals({"a": 0.5, "b": 0.6}, {"a": (0.4, 0.7), "b": (0.5, 0.8)}, xlabel="recall")
        >>> [float(bar.lines[0].get_xdata()[0]) for bar in bars]
        [0.5, 0.6]
    """
    ax = axes_or_new(ax, width=4.0, height=3.0)
    if reference is not None:
        ax.axvline(reference, color=DIVERGED, linestyle=":")
    bars = []
    for place, (name, value) in enumerate(values.items()):
        lower, upper = bounds[name]
        around = [[max(value - lower, 0)], [max(upper - value, 0)]]
        bars.append(ax.errorbar([value], [place], xerr=around, capsize=3, markersize=6, **_look(place)))
    ax.set_yticks(range(len(values)), list(values))
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.locator_params(axis="x", nbins=4)
    describe(ax, title=title, xlabel=xlabel)
    return bars


def operating_points(points: Mapping[str, tuple[float, float]], *, ax: "Axes") -> "list[PathCollection]":
    """Where classifiers stand on axes that curves were drawn on, each with a marker of its own.

    Args:
        points: for each label its place ``(x, y)``.
        ax: where to draw.

    Returns:
        One marker for each label, in the colours and shapes of `intervals`; each is smaller than the one before, so
        that those at the same place are seen.

    Example:
        >>> (line,) = roc({"perfect": ([0, 0, 1], [0, 1, 1])})
        >>> len(operating_points({"strict": (0.0, 0.5), "lax": (0.5, 1.0)}, ax=line.axes))
        2
    """
    return [
        ax.scatter(
            [x],
            [y],
            s=max(190 - 22 * place, 40),
            edgecolors="white",
            linewidths=0.8,
            zorder=3,
            label=name,
            **_look(place),
        )
        for place, (name, (x, y)) in enumerate(points.items())
    ]


def trade_off(
    knob: Any,
    metrics: Mapping[str, Any],
    *,
    xlabel: str,
    chosen: Mapping[str, float],
    scale: str = "linear",
    title: str = "",
    ax: "Axes | None" = None,
) -> "list[Line2D]":
    """Metrics over a knob that is turned, and where it was set.

    Args:
        knob: its values, shape ``(points,)``.
        metrics: for each label the values of a metric, shape ``(points,)``.
        xlabel: what the knob is.
        chosen: settings of the knob by label, drawn as vertical lines.
        scale: of the abscissa, as matplotlib names it.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        One line for each metric, then one for each setting.

    Example:
        >>> lines = trade_off([1, 2], {"recall": [0.5, 0.8]}, xlabel="class weight", chosen={"balanced": 2})
        >>> [line.get_label() for line in lines]
        ['recall', 'balanced']
    """
    ax = axes_or_new(ax, width=5.0, height=3.6)
    lines = []
    for (name, values), color in zip(metrics.items(), itertools.cycle(PALETTE), strict=False):
        lines += ax.plot(knob, values, color=color, linewidth=2, label=name)
    for (name, setting), dashes in zip(chosen.items(), itertools.cycle(("--", ":", "-.")), strict=False):
        lines.append(ax.axvline(setting, color="black", linestyle=dashes, linewidth=1.4, label=name))
    ax.set_xscale(scale)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_ylim(-0.02, 1.02)
    describe(ax, title=title, xlabel=xlabel, ylabel="metric")
    return lines


def _drawn(ax: "Axes", kind: str) -> int:
    """How many lines of a kind the axes have."""
    return sum(line.get_gid() == kind for line in ax.lines)


def _curves(
    ax: "Axes", curves: Mapping[str, tuple[Any, Any]], bands: Bands | None, drawstyle: str = "default"
) -> "list[Line2D]":
    lines = []
    for place, (name, (x, y)) in enumerate(curves.items(), _drawn(ax, _CURVE)):
        look: dict[str, Any] = {
            "color": PALETTE[place % len(PALETTE)],
            "linestyle": _DASHES[place % len(_DASHES)],
            "linewidth": _WIDTHS[min(place, len(_WIDTHS) - 1)] if len(curves) > 1 else _ALONE,
            "alpha": 0.5 if place == 0 and len(curves) > 1 else 1.0,
        }
        lines += ax.plot(x, y, drawstyle=drawstyle, label=name, gid=_CURVE, **look)
        if bands and name in bands:
            ax.fill_between(*bands[name], color=look["color"], alpha=0.15, linewidth=0, label="_band")
    # A little room on every side: perfect classifiers draw along the border.
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    return lines


def _look(place: int) -> dict[str, Any]:
    return {"color": PALETTE[place % len(PALETTE)], "marker": MARKERS[place % len(MARKERS)]}
