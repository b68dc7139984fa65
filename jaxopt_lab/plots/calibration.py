"""Whether probabilities come true: what happened over what was predicted."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.plots.style import DIVERGED, MARKERS, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import ErrorbarContainer

_CURVE, _PERFECT = "calibration", "perfect"


def calibration(
    points: Mapping[str, tuple[Any, Any]],
    bounds: Mapping[str, tuple[Any, Any]],
    *,
    title: str = "Calibration",
    ax: "Axes | None" = None,
) -> "list[ErrorbarContainer]":
    """The share of positives over the predicted probability, with intervals, and the diagonal of a perfect prediction.

    The axes end where the points do: of rare positives all of them are near zero. Called again on the same axes it
    adds points of the next colours.

    Args:
        points: for each label ``(predicted, observed)``, each of shape ``(bins,)``.
        bounds: for each label ``(lower, upper)`` of what was observed, each of shape ``(bins,)``.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        One container for each label: markers and bars.

    Example:
        >>> (bars,) = calibration({"p": ([0.2, 0.8], [0.1, 0.9])}, {"p": ([0.0, 0.7], [0.3, 1.0])})
        >>> bars.lines[0].get_ydata().tolist()
        [0.1, 0.9]
    """
    ax = axes_or_new(ax, width=5.0, height=4.8)
    if not any(line.get_gid() == _PERFECT for line in ax.lines):
        ax.plot([0, 1], [0, 1], color=DIVERGED, linestyle=":", label="perfect", gid=_PERFECT)
    drawn = []
    first = sum(line.get_gid() == _CURVE for line in ax.lines)
    for place, (name, (predicted, observed)) in enumerate(points.items(), first):
        lower, upper = (np.asarray(each) for each in bounds[name])
        bars = ax.errorbar(
            predicted, observed, yerr=np.maximum([observed - lower, upper - observed], 0), label=name,
            color=PALETTE[place % len(PALETTE)], marker=MARKERS[place % len(MARKERS)], markersize=5, capsize=2,
            linewidth=1.2,
        )  # fmt: skip
        bars.lines[0].set_gid(_CURVE)
        drawn.append(bars)
    furthest = max(max(np.max(bounds[name][1]), np.max(predicted)) for name, (predicted, _) in points.items())
    # The axes may have been drawn on before.
    before = ax.get_xlim()[1] if first else 0.0
    edge = max(min(1.04 * furthest, 1.02), before)
    ax.set(xlim=(-0.02 * edge, edge), ylim=(-0.02 * edge, edge), aspect="equal")
    describe(ax, title=title, xlabel="Predicted probability", ylabel="Share of positives")
    ax.legend(loc="upper left", frameon=False)
    return drawn
