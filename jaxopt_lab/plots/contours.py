"""Contour lines of a surface over a window."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.plots.style import axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet

Window = tuple[tuple[float, float], tuple[float, float]]
"""``((left, right), (bottom, top))``."""

Levels = Sequence[float] | int | str
"""The heights of contour lines, how many there are, or ``"log"``."""


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
    levels: Levels = 20,
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
            which then enclose equal shares of the window; or ``"log"``, for lines at powers of ten above the lowest
            height, which show the way into a minimum however wide the range: heights are then drawn and named as those
            above it.
        cmap: a matplotlib colour map.
        label: what the heights are.
        ax: where to draw; None for a new figure.

    Returns:
        The contour set.

    Raises:
        ValueError: for other levels, and heights that are not finite and different from one another.

    Example:
        >>> window = ((-1.0, 1.0), (-1.0, 1.0))
        >>> drawn = contours((grid_points(window) ** 2).sum(-1), window, levels=[0.25, 0.5])
        >>> drawn.levels.tolist()
        [0.25, 0.5]
    """
    from matplotlib.colors import BoundaryNorm, LogNorm

    heights, w = np.asarray(heights), grid_points(window, len(heights))
    if not np.isfinite(heights).any() or np.nanmin(heights) == np.nanmax(heights):
        raise ValueError("heights: they are all the same, or none is finite; contour lines need a surface that rises")
    ax = axes_or_new(ax)
    if isinstance(levels, str):
        lowest, lines = _powers_above_the_lowest(heights, levels)
        heights, label = heights - lowest, label if abs(lowest) < lines[0] else f"{label} above {lowest:.4g}"
        norm, ticks = LogNorm(lines.min(), lines.max()), None
    elif isinstance(levels, int):
        # Lines that enclose equal areas show the floor of a valley and its walls alike.
        lines = np.unique(np.quantile(heights, np.linspace(0, 1, levels + 2)))
        norm, ticks = BoundaryNorm(lines, 256), lines[:: max(1, levels // 6)]
    else:
        lines = np.asarray(levels, float)
        norm, ticks = LogNorm(lines.min(), lines.max()) if _spans_decades(lines) else None, None
    if isinstance(norm, LogNorm):  # what lies below all lines may be 0 or less, which has no logarithm
        heights = np.maximum(heights, 1e-3 * lines.min())
    drawn = ax.contour(w[..., 0], w[..., 1], heights, levels=lines, cmap=cmap, norm=norm, linewidths=0.9, alpha=0.8)
    bar = ax.figure.colorbar(drawn, ax=ax, label=label, pad=0.01, shrink=0.82, ticks=ticks)
    if ticks is not None:
        bar.ax.set_yticks(ticks, [f"{tick:.3g}" for tick in ticks])
    elif norm is not None:
        bar.ax.set_yscale("log")
    describe(ax, xlabel="$w_1$", ylabel="$w_2$")
    return drawn


def _powers_above_the_lowest(heights: np.ndarray, levels: str, most: int = 16) -> tuple[float, np.ndarray]:
    """The lowest height, and evenly spaced powers of ten above it from a patch that the grid resolves to the top."""
    if levels != "log":
        raise ValueError(f'levels: got {levels!r}; pass heights, a number of lines, or "log"')
    lowest = float(np.nanmin(heights))
    above = heights[np.isfinite(heights) & (heights > lowest)] - lowest
    bottom, top = np.log10(np.quantile(above, 0.002)), np.log10(above.max())
    a_decade = max(1, int(most / max(top - bottom, 1)))
    powers = np.arange(np.ceil(bottom * a_decade), np.floor(top * a_decade) + 1) / a_decade
    return lowest, 10.0 ** (powers if len(powers) > 1 else np.array([bottom, top]))


def _spans_decades(levels: np.ndarray) -> bool:
    return bool(levels.min() > 0 and levels.max() / levels.min() > 100)


def heights_of(surface: Callable[[np.ndarray], Any], points: np.ndarray) -> np.ndarray:
    """The heights of a surface at points.

    Args:
        surface: as in `paths`.
        points: shape ``(..., 2)``.

    Returns:
        Shape ``(...)``.

    Raises:
        ValueError: for what gives no such heights, with what does.
    """
    remedy = "pass a function of many points, such as jax.vmap(jax.vmap(lambda w: problem.loss(w, None)))"
    if not callable(surface):
        raise ValueError(f"surface: got a {type(surface).__name__}, which is no function; {remedy}")
    try:
        heights = np.asarray(surface(points), float)
    except (TypeError, ValueError, IndexError) as error:
        first_line = str(error).partition("\n")[0][:160]
        raise ValueError(f"surface: it fails at points of shape {points.shape}: {first_line}; {remedy}") from error
    if heights.shape != points.shape[:-1]:
        raise ValueError(f"surface: it gives shape {heights.shape} for points of shape {points.shape}; {remedy}")
    return heights
