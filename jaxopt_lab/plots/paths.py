"""Optimiser paths over the contours of a surface."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.style import MARKERS, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet
    from matplotlib.lines import Line2D

Window = tuple[tuple[float, float], tuple[float, float]]
"""``((left, right), (bottom, top))``."""


class DrawnPaths(NamedTuple):
    """What `paths` drew."""

    ax: "Axes"
    contours: "QuadContourSet"
    lines: "list[Line2D]"


class DrawnLines(NamedTuple):
    """What `decay` and `shares` drew."""

    ax: "Axes"
    lines: "list[Line2D]"


def grid_points(window: Window, resolution: int = 200) -> np.ndarray:
    """The points of a window on which to evaluate a surface, shape ``(resolution, resolution, 2)``.

    Args:
        window: ``((left, right), (bottom, top))``.
        resolution: points along each side.

    Returns:
        Points, rows from bottom to top.

    Example:
        >>> grid_points(((-1, 1), (0, 2)), resolution=3)[0, 2].tolist()
        [1.0, 0.0]
    """
    (left, right), (bottom, top) = window
    w1, w2 = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    return np.stack([w1, w2], axis=-1)


def contours(
    heights: np.ndarray,
    window: Window,
    levels: Sequence[float] | int = 20,
    *,
    cmap: str = "viridis",
    label: str = "loss",
    ax: "Axes | None" = None,
) -> "QuadContourSet":
    """Contour lines of a surface, with a colour bar.

    Args:
        heights: the loss on `grid_points` of the window, shape ``(resolution, resolution)``.
        window: ``((left, right), (bottom, top))``.
        levels: the heights of the lines, coloured by their logarithm if they span decades; or how many lines,
            which then enclose equal shares of the window.
        cmap: a matplotlib colour map.
        label: what the heights are.
        ax: where to draw; None for a new figure.

    Returns:
        The contour set.

    Example:
        >>> window = ((-1.0, 1.0), (-1.0, 1.0))
        >>> drawn = contours((grid_points(window) ** 2).sum(-1), window, levels=[0.25, 0.5])
        >>> drawn.levels.tolist()
        [0.25, 0.5]
    """
    from matplotlib.colors import BoundaryNorm, LogNorm

    ax = axes_or_new(ax)
    heights, w = np.asarray(heights), grid_points(window, len(heights))
    if isinstance(levels, int):
        # Lines that enclose equal areas show the floor of a valley and its walls alike.
        lines = np.unique(np.quantile(heights, np.linspace(0, 1, levels + 2)))
        norm, ticks = BoundaryNorm(lines, 256), lines[:: max(1, levels // 6)]
    else:
        lines = np.asarray(levels, float)
        norm, ticks = LogNorm(lines.min(), lines.max()) if _spans_decades(lines) else None, None
    drawn = ax.contour(w[..., 0], w[..., 1], heights, levels=lines, cmap=cmap, norm=norm, linewidths=0.9, alpha=0.8)
    bar = ax.figure.colorbar(drawn, ax=ax, label=label, pad=0.01, shrink=0.82, ticks=ticks)
    if ticks is not None:
        bar.ax.set_yticks(ticks, [f"{tick:.3g}" for tick in ticks])
    elif norm is not None:
        bar.ax.set_yscale("log")
    describe(ax, xlabel="$w_1$", ylabel="$w_2$")
    return drawn


def _spans_decades(levels: np.ndarray) -> bool:
    return bool(levels.min() > 0 and levels.max() / levels.min() > 100)


def paths(
    surface: Callable[[np.ndarray], Any],
    points: Mapping[str, np.ndarray],
    window: Window,
    *,
    levels: Sequence[float] | int = 20,
    cmap: str = "viridis",
    marks: Mapping[str, Any] | None = None,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnPaths:
    """Several optimisers' paths over the contours of one surface.

    Args:
        surface: maps points of shape ``(rows, columns, 2)`` to heights of shape ``(rows, columns)``.
        points: for each label a path, shape ``(steps + 1, 2)``, its start first.
        window: ``((left, right), (bottom, top))``; paths that leave it are cut at its edge.
        levels: as in `contours`.
        cmap: as in `contours`.
        marks: points to mark with a cross, such as minima and saddles, by label; each one point or several.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the contour set and one line for each path.

    Example:
        >>> window = ((-1.0, 1.0), (-1.0, 1.0))
        >>> straight = np.array([[0.8, 0.0], [0.4, 0.0], [0.0, 0.0]])
        >>> drawn = paths(lambda w: (w**2).sum(-1), {"straight": straight}, window)
        >>> drawn.lines[0].get_label()
        'straight'
    """
    ax = axes_or_new(ax, **_size(window))
    drawn = contours(np.asarray(surface(grid_points(window))), window, levels, cmap=cmap, ax=ax)
    lines = []
    for place, (label, path) in enumerate(points.items()):
        color, marker = PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]
        lines += ax.plot(*np.asarray(path).T, marker=marker, ms=3.5, lw=1.1, color=color, alpha=0.85, label=label)
    starts = np.unique([np.asarray(path)[0] for path in points.values()], axis=0)
    ax.plot(*starts.T, "o", color="black", ms=8, mfc="none", mew=1.6, label="start", zorder=5, linestyle="none")
    for label, point in (marks or {}).items():
        ax.plot(*np.atleast_2d(point).T, "x", color="black", ms=9, mew=2.2, label=label, zorder=5, linestyle="none")
    ax.set(xlim=window[0], ylim=window[1], aspect="equal")
    describe(ax, title=title, xlabel="$w_1$", ylabel="$w_2$")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=4 if _is_wide(window) else 3, frameon=False)
    return DrawnPaths(ax, drawn, lines)


def _size(window: Window) -> dict[str, float]:
    """A figure in which the window, drawn to scale, leaves room for a colour bar, a title and a legend and no more."""
    (left, right), (bottom, top) = window
    width = 8.5 if _is_wide(window) else 6.5
    return {"width": width, "height": (width - 1.9) * (top - bottom) / (right - left) + 1.4}


def _is_wide(window: Window) -> bool:
    (left, right), (bottom, top) = window
    return right - left > 1.5 * (top - bottom)


def decay(
    values: Mapping[str, np.ndarray],
    *,
    factors: Mapping[str, float] | None = None,
    ylabel: str,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnLines:
    """Positive quantities over steps on a logarithmic axis, with the exact law beside them where one is known.

    Args:
        values: for each label a quantity at each step, shape ``(steps + 1,)``.
        factors: for some labels the exact factor a step; drawn dotted, through the last point of the curve.
        ylabel: what the quantity is.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes and one line for each label; the dotted ones are not among them.

    Example:
        >>> drawn = decay({"halves": 0.5 ** np.arange(5)}, factors={"halves": 0.5}, ylabel="distance")
        >>> drawn.lines[0].get_label()
        'halves: × 0.5 a step'
    """
    ax = axes_or_new(ax)
    lines = []
    for place, (label, quantity) in enumerate(values.items()):
        color, steps = PALETTE[place % len(PALETTE)], np.arange(len(quantity))
        factor = (factors or {}).get(label)
        name = label if factor is None else f"{label}: × {factor:.4g} a step"
        lines += ax.semilogy(steps, quantity, color=color, label=name, lw=2.2)
        if factor is not None:
            ax.semilogy(steps, quantity[-1] * factor ** (steps - steps[-1]), ":", color="black", lw=1.1)
    if factors:
        ax.plot([], [], ":", color="black", lw=1.1, label="exact factor")
    describe(ax, title=title, xlabel="step", ylabel=ylabel)
    ax.legend(frameon=False)
    return DrawnLines(ax, lines)


def shares(
    measured: Mapping[str, np.ndarray],
    exact: Mapping[str, np.ndarray],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnLines:
    """Shares between 0 and 1 over steps, with dots where the exact law lies.

    Args:
        measured: for each label a share at each step, shape ``(steps + 1,)``.
        exact: for some labels the law, of the same shape.
        xlabel: what the abscissa is.
        ylabel: what the share is.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes and one line for each measured label.

    Example:
        >>> drawn = shares({"SGD": [1.0, 0.5]}, {"SGD": [1.0, 0.4]}, xlabel="step", ylabel="share inside")
        >>> drawn.lines[0].get_ydata().tolist()
        [1.0, 0.5]
    """
    ax = axes_or_new(ax)
    lines = []
    for place, (label, share) in enumerate(measured.items()):
        lines += ax.plot(share, color=PALETTE[place % len(PALETTE)], lw=2.2, label=label)
        if label in exact:
            ax.plot(exact[label], "o", color="black", ms=2.6, zorder=3)
    if exact:
        ax.plot([], [], "o", color="black", ms=2.6, label="exact law")
    ax.set(ylim=(-0.03, 1.03))
    describe(ax, title=title, xlabel=xlabel, ylabel=ylabel)
    ax.legend(frameon=False)
    return DrawnLines(ax, lines)
