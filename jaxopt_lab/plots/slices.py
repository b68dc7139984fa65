"""Pictures of slices through a loss: along a line, and in the plane of a path."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.style import DIVERGED, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.contour import QuadContourSet
    from matplotlib.lines import Line2D


class DrawnLine(NamedTuple):
    """What `line_slice` drew."""

    ax: "Axes"
    lines: "list[Line2D]"


class DrawnPlane(NamedTuple):
    """What `plane_slice` drew; ``points`` is None without a path."""

    ax: "Axes"
    contours: "QuadContourSet"
    points: "PathCollection | None"


def line_slice(
    alpha: Any, losses: Mapping[str, Any], *, title: str = "", xlabel: str = "α", ax: "Axes | None" = None
) -> DrawnLine:
    """The loss along lines through a point, which lies at 0.

    Args:
        alpha: coordinates along the lines, shape ``(resolution,)``.
        losses: for each label the loss there, shape ``(resolution,)``.
        title: the title.
        xlabel: what the coordinate is.
        ax: where to draw; None for a new figure.

    Returns:
        The axes and one line for each label.

    Example:
        >>> line_slice([-1.0, 0.0, 1.0], {"random direction": [2.0, 0.5, 1.0]}).lines[0].get_ydata().tolist()
        [2.0, 0.5, 1.0]
    """
    ax = axes_or_new(ax)
    lines = []
    for place, (label, loss) in enumerate(losses.items()):
        lines += ax.plot(alpha, loss, color=PALETTE[place % len(PALETTE)], lw=1.8, label=label)
    ax.axvline(0, color="#6e6e6e", lw=0.8, zorder=1)
    if _spans_decades(np.concatenate([np.asarray(loss, float) for loss in losses.values()])):
        ax.set_yscale("log")
    describe(ax, title=title, xlabel=xlabel, ylabel="loss")
    ax.legend(frameon=False)
    return DrawnLine(ax, lines)


def plane_slice(
    alpha: Any,
    beta: Any,
    loss: Any,
    *,
    path: Any = None,
    path_loss: Any = None,
    variance_share: Sequence[float] | None = None,
    mismatch: float | None = None,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnPlane:
    """The loss in a plane, and a path projected into it, each point in the colour of the loss that it really had.

    Where a point has the colour of the ground under it the picture is true there; where it stands out, it is not.

    Args:
        alpha: coordinates along the first direction, shape ``(columns,)``.
        beta: coordinates along the second, shape ``(rows,)``.
        loss: the loss, shape ``(rows, columns)``; what is not finite is grey.
        path: the path's projected points, shape ``(points, 2)``; None for no path.
        path_loss: their true losses, shape ``(points,)``.
        variance_share: the share of the path's variance along each direction, for the labels of the axes.
        mismatch: the largest difference between drawn and true loss along the path, as a share of the range of the true
            ones; written under the title.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the contours and the points of the path.

    Example:
        >>> drawn = plane_slice([0.0, 1.0], [0.0, 2.0], [[1.0, 2.0], [3.0, 4.0]], variance_share=(0.9, 0.08))
        >>> drawn.ax.get_xlabel()
        'first direction: 90% of the variance'
    """
    from matplotlib.colors import BoundaryNorm

    ax = axes_or_new(ax, width=7.2, height=5.4)
    heights = np.ma.masked_invalid(np.asarray(loss, float))
    true = np.asarray([] if path_loss is None else path_loss, float)
    levels = _levels(np.concatenate([heights.compressed(), true[np.isfinite(true)]]))
    norm = BoundaryNorm(levels, 256)
    ground = ax.contourf(alpha, beta, heights, levels=levels, norm=norm, cmap="viridis")
    ax.contour(alpha, beta, heights, levels=levels, colors="white", linewidths=0.4, alpha=0.5)
    ticks = levels[:: max(1, len(levels) // 8)]
    bar = ax.figure.colorbar(ground, ax=ax, label="loss", pad=0.02, ticks=ticks)
    bar.ax.set_yticks(ticks, [f"{tick:.3g}" for tick in ticks])
    points = None if path is None else _draw_path(ax, np.asarray(path, float), true, norm)
    if np.ma.getmaskarray(heights).any():
        ax.set_facecolor(DIVERGED)
        ax.plot([], [], "s", color=DIVERGED, label="not finite")
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4, frameon=False)
    ax.grid(visible=False)
    xlabel, ylabel = _axis_labels(variance_share)
    note = "" if mismatch is None else f"on the path the drawn loss is off by up to {100 * mismatch:.2g}% of its range"
    describe(ax, title="\n".join(filter(None, (title, note))), xlabel=xlabel, ylabel=ylabel)
    return DrawnPlane(ax, ground, points)


def _draw_path(ax: "Axes", path: np.ndarray, true: np.ndarray, norm: Any) -> "PathCollection":
    ax.plot(*path.T, color="black", lw=0.8, zorder=3)
    points = ax.scatter(
        *path.T, c=true if len(true) else "black", norm=norm if len(true) else None, cmap="viridis", s=26,
        edgecolors="black", linewidths=0.7, zorder=4, label="path, coloured by its true loss" if len(true) else "path",
    )  # fmt: skip
    for point, marker, label in ((path[0], "o", "start"), (path[-1], "X", "end")):
        ax.plot(*point, marker, color="white", mec="black", ms=9, zorder=5, label=label, linestyle="none")
    return points


def _levels(losses: np.ndarray, count: int = 20) -> np.ndarray:
    """Evenly spaced heights over all losses, or evenly spaced in their logarithm where they span decades."""
    low, high = losses.min(), losses.max()
    if low == high:
        raise ValueError(f"loss: it is {low:.4g} everywhere; contours need a loss that changes over the plane")
    return np.geomspace(low, high, count) if _spans_decades(losses) else np.linspace(low, high, count)


def _spans_decades(losses: np.ndarray) -> bool:
    finite = losses[np.isfinite(losses)]
    return bool(finite.size and finite.min() > 0 and finite.max() / finite.min() > 30)


def _axis_labels(variance_share: Sequence[float] | None) -> list[str]:
    names = ["first direction", "second direction"]
    if variance_share is None:
        return names
    return [f"{name}: {100 * share:.3g}% of the variance" for name, share in zip(names, variance_share, strict=True)]
