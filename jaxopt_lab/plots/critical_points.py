"""Critical points on their surface, and how their index rises with the loss."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.contours import Window, contours
from jaxopt_lab.plots.style import MARKERS, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet
    from matplotlib.lines import Line2D

LOOKS = {
    "minimum": ("o", PALETTE[0]),
    "saddle": ("X", PALETTE[1]),
    "maximum": ("^", PALETTE[3]),
    "degenerate": ("s", PALETTE[6]),
}
"""For each kind its marker and colour."""


class DrawnPoints(NamedTuple):
    """What `critical_points` drew."""

    ax: "Axes"
    contours: "QuadContourSet"
    markers: "dict[str, Line2D]"


class DrawnIndices(NamedTuple):
    """What `index_over_loss` and `index_over_height` drew."""

    ax: "Axes"
    points: "list[Line2D]"
    law: "Line2D | None"


def critical_points(
    heights: np.ndarray,
    points: Mapping[str, Any],
    window: Window,
    *,
    levels: Sequence[float] | int = 20,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnPoints:
    """Minima, saddles and maxima over the contours of their surface, each kind with a marker of its own.

    Args:
        heights: the loss on `grid_points` of the window, shape ``(resolution, resolution)``.
        points: for each kind (minimum, saddle, maximum, degenerate) its points, shape ``(count, 2)``.
        window: ``((left, right), (bottom, top))``.
        levels: as in `contours`.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the contour set, and the markers of each kind that there is.

    Example:
        >>> from jaxopt_lab.plots import grid_points
        >>> window = ((-1.0, 1.0), (-1.0, 1.0))
        >>> heights = (grid_points(window) ** 2).sum(-1)
        >>> drawn = critical_points(heights, {"minimum": [[0.0, 0.0]], "saddle": np.zeros((0, 2))}, window)
        >>> list(drawn.markers), drawn.markers["minimum"].get_label()
        (['minimum'], '1 minimum')
    """
    ax = axes_or_new(ax, width=6.5, height=5.5)
    drawn = contours(np.asarray(heights), window, levels, ax=ax)
    size = 11 if sum(len(places) for places in points.values()) < 50 else 6
    markers = {}
    for kind, (marker, color) in LOOKS.items():
        places = np.asarray(points.get(kind, ()), float).reshape(-1, 2)
        if len(places):
            (markers[kind],) = ax.plot(
                *places.T, marker, color=color, ms=size, mec="white", mew=1.0, zorder=5, clip_on=False,
                label=f"{len(places)} {kind if len(places) == 1 or kind == 'degenerate' else _PLURALS[kind]}",
            )  # fmt: skip
    ax.set(xlim=window[0], ylim=window[1], aspect="equal")
    describe(ax, title=title, xlabel="$w_1$", ylabel="$w_2$")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4, frameon=False, handletextpad=0.2)
    return DrawnPoints(ax, drawn, markers)


_PLURALS = {"minimum": "minima", "saddle": "saddles", "maximum": "maxima"}


def index_over_loss(
    losses: Any,
    indices: Any,
    dim: int,
    *,
    law: tuple[Any, Any] | None = None,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnIndices:
    """The share of directions that lead down from each critical point, over its loss.

    Args:
        losses: the loss at each critical point, shape ``(count,)``.
        indices: how many eigenvalues of its Hessian are negative, whole numbers of shape ``(count,)``.
        dim: the number of dimensions.
        law: ``(losses, shares)``, the expected share over the loss, drawn as a line.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the points of minima, saddles and maxima, and the line of the law.

    Example:
        >>> drawn = index_over_loss([-1.0, 0.0, 1.0], [0, 1, 2], dim=2)
        >>> [line.get_ydata().tolist() for line in drawn.points]
        [[0.0], [0.5], [1.0]]
    """
    ax = axes_or_new(ax, width=6.5, height=4.5)
    losses, indices = np.asarray(losses, float), np.asarray(indices, int)
    kinds = {"minimum": indices == 0, "saddle": (indices > 0) & (indices < dim), "maximum": indices == dim}
    few = len(losses) < 100
    drawn = []
    for kind, those in kinds.items():
        if those.any():
            marker, color = LOOKS[kind]
            drawn += ax.plot(
                losses[those], indices[those] / dim, marker, color=color, ms=9 if few else 4, mec="white",
                mew=0.8 if few else 0.2, alpha=0.9 if few else 0.5, linestyle="none", label=_PLURALS[kind],
            )  # fmt: skip
    line = None
    if law is not None:
        (line,) = ax.plot(*law, color="black", lw=1.6, label="expected mean")
    ax.set(ylim=(-0.06, 1.06), yticks=np.arange(dim + 1) / dim if dim <= 10 else np.linspace(0, 1, 6))
    ax.set_yticklabels([f"{k}/{dim}" for k in range(dim + 1)] if dim <= 10 else ax.get_yticklabels())
    describe(ax, title=title, xlabel="loss", ylabel="share of directions that lead down")
    ax.legend(frameon=False, loc="upper left")
    return DrawnIndices(ax, drawn, line)


def index_over_height(
    heights: Any,
    measured: Mapping[str, Any],
    expected: Mapping[str, Any],
    *,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnIndices:
    """The mean share of directions that lead down, over the height of critical points, for several landscapes.

    Args:
        heights: the middles of bins of the loss, shape ``(bins,)``.
        measured: for each label the mean share in each bin, shape ``(bins,)``; NaN where there was no point.
        expected: for some labels the theory, of the same shape, drawn as a line.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the markers of each label, and the last line.

    Example:
        >>> drawn = index_over_height([-1.0, 1.0], {"2 dimensions": [0.2, 0.8]}, {"2 dimensions": [0.25, 0.75]})
        >>> drawn.points[0].get_ydata().tolist()
        [0.2, 0.8]
    """
    ax = axes_or_new(ax, width=6.5, height=4.5)
    drawn, line = [], None
    for place, (label, shares) in enumerate(measured.items()):
        color, marker = PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]
        drawn += ax.plot(heights, shares, marker, color=color, ms=6, mec="white", mew=0.5, label=label)
        if label in expected:
            (line,) = ax.plot(heights, expected[label], color=color, lw=1.3, zorder=1)
    if line is not None:
        ax.plot([], [], color="0.3", lw=1.3, label="expected")
    ax.set(ylim=(-0.03, 1.03))
    describe(ax, title=title, xlabel="loss at the critical point", ylabel="share of directions that lead down")
    ax.legend(frameon=False)
    return DrawnIndices(ax, drawn, line)
