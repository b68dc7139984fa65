"""Pictures of sweeps: curves with bands over one hyperparameter, maps over two."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jaxopt_lab.plots.style import DIVERGED, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.lines import Line2D


class DrawnBands(NamedTuple):
    """What `quantile_bands` drew."""

    ax: "Axes"
    lines: "list[Line2D]"


def quantile_bands(
    x: np.ndarray,
    quantiles: Mapping[str, np.ndarray],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnBands:
    """A line with a band for each label on a logarithmic ordinate, and a dot at the lowest point of each line.

    Args:
        x: ascending abscissae, shape ``(points,)``; drawn on a logarithmic axis if evenly spaced on one.
        quantiles: for each label the lower edge, the line and the upper edge, shape ``(3, points)``; what is not
            finite is not drawn.
        xlabel: what the abscissa is.
        ylabel: what the ordinate is.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes and one line for each label.

    Example:
        >>> quartiles = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
        >>> drawn = quantile_bands(np.array([1, 2]), {"adam": quartiles}, xlabel="learning rate", ylabel="loss")
        >>> drawn.lines[0].get_ydata().tolist()
        [0.3, 0.4]
    """
    ax = axes_or_new(ax, width=8.0, height=4.6)
    lines = []
    for place, (label, values) in enumerate(quantiles.items()):
        color = PALETTE[place % len(PALETTE)]
        low, middle, high = np.where(np.isfinite(values), values, np.nan)
        lines += ax.plot(x, middle, color=color, lw=1.8, label=label)
        ax.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
        if np.isfinite(middle).any():
            best = np.nanargmin(middle)
            ax.plot(x[best], middle[best], "o", color=color, ms=7, mec="white")
    ax.set(xscale=_scale(x) or "linear", yscale="log")
    describe(ax, title=title, xlabel=xlabel, ylabel=ylabel)
    ax.legend(frameon=False)
    return DrawnBands(ax, lines)


def heat_map(
    values: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    *,
    xlabel: str,
    ylabel: str,
    label: str,
    title: str = "",
    ax: "Axes | None" = None,
) -> "QuadMesh":
    """A quantity over two hyperparameters; cells that are not finite are grey.

    Args:
        values: the quantity, shape ``(len(y), len(x))``; coloured by its logarithm where it is positive and spans more
            than two decades.
        x: abscissae of the cells' centres, ascending; where neither they nor their logarithms are evenly spaced, cells
            stand side by side under their numbers.
        y: ordinates, likewise.
        xlabel: what the abscissa is.
        ylabel: what the ordinate is.
        label: what the quantity is.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The coloured mesh.

    Example:
        >>> mesh = heat_map(np.eye(2), np.array([1, 2]), np.array([3, 4]), xlabel="b1", ylabel="b2", label="loss")
        >>> mesh.get_array().shape
        (2, 2)
    """
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Patch

    ax = axes_or_new(ax, width=7.5, height=5.0)
    shown = np.ma.masked_invalid(np.asarray(values, float))
    finite = shown.compressed()
    decades = finite.size > 0 and finite.min() > 0 and finite.max() / finite.min() > 100
    mesh = ax.pcolormesh(
        _places(x), _places(y), shown, shading="nearest", cmap="viridis", norm=LogNorm() if decades else None,
        rasterized=True,
    )  # fmt: skip
    ax.set_facecolor(DIVERGED)
    ax.grid(visible=False)
    ax.figure.colorbar(mesh, ax=ax, label=label, pad=0.02)
    ax.set(xscale=_scale(x) or "linear", yscale=_scale(y) or "linear")
    for axis, numbers in ((ax.xaxis, x), (ax.yaxis, y)):
        if _scale(numbers) is None:
            axis.set_ticks(range(len(numbers)), [f"{number:.4g}" for number in numbers])
    describe(ax, title=title, xlabel=xlabel, ylabel=ylabel)
    if np.any(shown.mask):
        ax.legend(handles=[Patch(color=DIVERGED, label="diverged")], loc="upper right", frameon=True)
    return mesh


def _places(numbers: np.ndarray) -> np.ndarray:
    """Where cells stand along an axis: at their numbers if these are evenly spaced, else side by side."""
    return np.arange(len(numbers)) if _scale(numbers) is None else np.asarray(numbers, float)


def _scale(numbers: np.ndarray) -> str | None:
    """The scale on which numbers are evenly spaced; None if there is none, or too few to tell."""
    numbers = np.asarray(numbers, float)
    if len(numbers) < 3:
        return None
    steps = np.diff(numbers)
    if np.allclose(steps, steps[0], rtol=1e-3):
        return "linear"
    if numbers.min() > 0:
        ratios = numbers[1:] / numbers[:-1]
        return "log" if np.allclose(ratios, ratios[0], rtol=1e-3) else None
    return None
