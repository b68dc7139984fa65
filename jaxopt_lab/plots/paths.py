"""Optimiser paths over the contours of a surface."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.contours import Levels, Window, contours, grid_points, heights_of
from jaxopt_lab.plots.style import MARKERS, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet
    from matplotlib.lines import Line2D

MOST_MARKERS = 60
"""A longer path has a marker at every second point, or third, and so on; its line runs through all."""

FAR = 1000.0
"""So many windows away a point is as good as at infinity: lines to it keep their direction, and can still be drawn."""


class DrawnPaths(NamedTuple):
    """What `paths` drew."""

    ax: "Axes"
    contours: "QuadContourSet"
    lines: "list[Line2D]"


class DrawnLines(NamedTuple):
    """What `decay` and `shares` drew."""

    ax: "Axes"
    lines: "list[Line2D]"


def paths(
    surface: Callable[[np.ndarray], Any],
    points: Mapping[str, np.ndarray],
    window: Window,
    *,
    levels: Levels = 20,
    cmap: str = "viridis",
    marks: Mapping[str, Any] | None = None,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnPaths:
    """Several optimisers' paths over the contours of one surface.

    Args:
        surface: maps points of shape ``(rows, columns, 2)`` to heights of shape ``(rows, columns)``; of a loss of one
            point that is ``jax.vmap(jax.vmap(loss))``.
        points: for each label a path, shape ``(steps + 1, 2)``, its start first. The legend says which ends outside the
            window, and which left the finite numbers.
        window: ``((left, right), (bottom, top))``; paths that leave it are cut at its edge.
        levels: as in `contours`.
        cmap: as in `contours`.
        marks: points to mark with a cross, such as minima and saddles, by label; each one point or several.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the contour set and one line for each path.

    Raises:
        ValueError: for a surface that does not give one height for each point, paths that are not of two coordinates,
            and levels as in `contours`.

    Example:
        >>> window = ((-1.0, 1.0), (-1.0, 1.0))
        >>> straight = np.array([[0.8, 0.0], [0.4, 0.0], [0.0, 0.0]])
        >>> drawn = paths(lambda w: (w**2).sum(-1), {"straight": straight}, window)
        >>> drawn.lines[0].get_label()
        'straight'
    """
    heights = heights_of(surface, grid_points(window))
    tracks = {label: _track(label, path) for label, path in points.items()}
    names = [label + fate(track, window) for label, track in tracks.items()]
    columns, rows = _legend_shape([*names, "start", *(marks or {})], window)
    ax = axes_or_new(ax, **_size(window, rows))
    drawn = contours(heights, window, levels, cmap=cmap, ax=ax)
    lines = []
    for place, (name, track) in enumerate(zip(names, tracks.values(), strict=True)):
        color, marker = PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]
        lines += ax.plot(
            *_within_reach(track, window).T, lw=1.1, color=color, alpha=0.85,
            marker=marker, ms=3.5, markevery=1 + len(track) // MOST_MARKERS,
            label=name,
        )  # fmt: skip
    starts = np.unique([track[0] for track in tracks.values()], axis=0)
    ax.plot(*starts.T, "o", color="black", ms=8, mfc="none", mew=1.6, label="start", zorder=5, linestyle="none")
    for label, point in (marks or {}).items():
        ax.plot(*np.atleast_2d(point).T, "x", color="black", ms=9, mew=2.2, label=label, zorder=5, linestyle="none")
    ax.set(xlim=window[0], ylim=window[1], aspect="equal")
    describe(ax, title=title, xlabel="$w_1$", ylabel="$w_2$")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=columns, frameon=False)
    return DrawnPaths(ax, drawn, lines)


def _track(label: str, path: np.ndarray) -> np.ndarray:
    track = np.asarray(path, float)
    if track.ndim != 2 or track.shape[1] != 2 or not len(track):
        raise ValueError(f"points: {label!r} has shape {track.shape}; a path in a plane has shape (steps + 1, 2)")
    return track


def _within_reach(track: np.ndarray, window: Window) -> np.ndarray:
    """A path whose farthest points are drawn nearer in the same direction."""
    low, high = np.transpose(window)
    middle, size = (low + high) / 2, high - low
    offset = np.where(np.isfinite(track), track, np.nan) - middle
    windows_away = np.abs(offset / size).max(-1, keepdims=True)
    return np.where(windows_away > FAR, middle + offset * (FAR / np.maximum(windows_away, FAR)), track)


def fate(track: np.ndarray, window: Window) -> str:
    """What a picture cannot show of a path's end, to be written after its name."""
    if not np.isfinite(track).all():
        return " (diverged)"
    low, high = np.transpose(window)
    return "" if ((low <= track[-1]) & (track[-1] <= high)).all() else " (ends outside)"


def _legend_shape(names: list[str], window: Window) -> tuple[int, int]:
    """The columns and rows of a legend that is no wider than the figure: else the axes would shrink to make room."""
    # 11 to the inch, at the size of a legend; it stands in the middle of the axes, which the bar moves to the left.
    characters = 11 * (_width(window) - 0.7)
    for columns in (4, 3, 2):
        longest = [max(map(len, column)) for column in np.array_split(names, columns) if len(column)]
        if sum(longest) + 6 * len(longest) <= characters:
            return columns, -(-len(names) // columns)
    return 1, len(names)


def _size(window: Window, legend_rows: int) -> dict[str, float]:
    """A figure in which the window, drawn to scale, leaves room for a colour bar, a title and a legend and no more."""
    (left, right), (bottom, top) = window
    width = _width(window)
    return {"width": width, "height": (width - 1.5) * (top - bottom) / (right - left) + 1.3 + 0.25 * legend_rows}


def _width(window: Window) -> float:
    """In inches."""
    (left, right), (bottom, top) = window
    return 8.5 if right - left > 1.5 * (top - bottom) else 6.5


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
