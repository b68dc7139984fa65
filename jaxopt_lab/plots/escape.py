"""When trajectories leave a saddle, with the exact law laid over what was measured."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.style import MARKERS, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.patches import StepPatch


class DrawnHistograms(NamedTuple):
    """What `escape_histogram` drew."""

    ax: "Axes"
    histograms: "list[StepPatch]"
    laws: "list[Line2D]"


class DrawnMedians(NamedTuple):
    """What `escape_medians` drew."""

    ax: "Axes"
    lines: "list[Line2D]"
    laws: "list[Line2D]"


def escape_histogram(
    steps: Mapping[str, Any],
    laws: Mapping[str, Any] | None = None,
    *,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnHistograms:
    """Histograms of the steps at which trajectories leave, one for each method, with dots where the law lies.

    Args:
        steps: for each label the escape steps, whole numbers of shape ``(count,)``; -1 for never.
        laws: for some labels the probability of each step, shape ``(steps + 1,)``.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the histogram of each label, and the dots of each law.

    Example:
        >>> drawn = escape_histogram({"SGD": [2, 3, 3, 4, -1]}, {"SGD": [0.0, 0.0, 0.2, 0.4, 0.2]})
        >>> drawn.histograms[0].get_label(), drawn.histograms[0].get_data().values.tolist()
        ('SGD (20% never leave)', [0.2, 0.4, 0.2])
    """
    ax = axes_or_new(ax)
    left = {label: np.asarray(each)[np.asarray(each) >= 0] for label, each in steps.items()}
    # Rare stragglers would press the rest together.
    last = max((np.quantile(each, 0.999) for each in left.values() if each.size), default=1)
    width = max(1, round((last + 1) / 120))
    histograms, dots = [], []
    for place, (label, each) in enumerate(left.items()):
        color, count = PALETTE[place % len(PALETTE)], max(1, len(np.asarray(steps[label])))
        first, stop = (each.min() // width, each.max() // width + 1) if each.size else (0, 1)
        edges = np.arange(first, stop + 1) * width
        shares = np.histogram(each, edges)[0] / count / width if each.size else np.zeros(1)
        never = 1 - each.size / count
        name = f"{label} ({never:.0%} never leave)" if never > 0.005 else label
        histograms.append(ax.stairs(shares, edges - 0.5, fill=True, color=color, alpha=0.35, label=name))
        ax.stairs(shares, edges - 0.5, color=color, lw=1.2)
        law = (laws or {}).get(label)
        if law is not None:
            sums = np.add.reduceat(law, np.arange(0, len(law), width)) / width
            seen = np.flatnonzero(sums > 1e-3 * np.max(sums))
            dots += ax.plot(seen * width + (width - 1) / 2, sums[seen], ".", color=color, ms=5, mec="black", mew=0.4)
    if dots:
        ax.plot([], [], ".", color="white", mec="black", mew=0.6, ms=5, label="by the law")
    first = min((each.min() for each in left.values() if each.size), default=0)
    ax.set(xlim=(max(-1, first - 0.05 * last - 1), last + 0.05 * last + 1), ylim=(0, None))
    describe(ax, title=title, xlabel="step at which it leaves", ylabel="share of starts a step")
    ax.legend(frameon=False)
    return DrawnHistograms(ax, histograms, dots)


def escape_medians(
    distances: Any,
    quartiles: Mapping[str, Any],
    laws: Mapping[str, Any] | None = None,
    *,
    xlabel: str = "standard deviation of the starts around the saddle",
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnMedians:
    """The median escape step of each method over how near the starts are: a straight line over the logarithm.

    Args:
        distances: how far starts are from the saddle, positive, shape ``(points,)``.
        quartiles: for each label the lower quartile, the median and the upper quartile, shape ``(3, points)``; what is
            not finite is not drawn.
        laws: for some labels the median by the law, shape ``(points,)``.
        xlabel: what the distances are.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the markers of each label, and the line of each law.

    Example:
        >>> drawn = escape_medians([1e-3, 1e-2], {"SGD": [[30, 18], [38, 25], [45, 33]]}, {"SGD": [38, 25]})
        >>> drawn.lines[0].get_ydata().tolist(), len(drawn.laws)
        ([38.0, 25.0], 1)
    """
    ax = axes_or_new(ax)
    lines, exact = [], []
    for place, (label, values) in enumerate(quartiles.items()):
        color = PALETTE[place % len(PALETTE)]
        low, middle, high = np.where(np.isfinite(values), values, np.nan)
        ax.fill_between(distances, low, high, color=color, alpha=0.15, lw=0)
        law = (laws or {}).get(label)
        if law is not None:
            exact += ax.plot(distances, np.where(np.isfinite(law), law, np.nan), color="black", lw=1.0, zorder=3)
        lines += ax.plot(
            distances, middle, MARKERS[place % len(MARKERS)], color=color, ms=6, mec="white", mew=0.5, label=label,
            linestyle="none" if law is not None else "-", zorder=2.5,
        )  # fmt: skip
    if exact:
        ax.plot([], [], color="black", lw=1.0, label="median by the law")
    ax.fill_between([], [], color="0.5", alpha=0.15, lw=0, label="middle half of the starts")
    ax.set(xscale="log", ylim=(0, None))
    describe(ax, title=title, xlabel=xlabel, ylabel="step at which it leaves")
    ax.legend(frameon=False)
    return DrawnMedians(ax, lines, exact)
