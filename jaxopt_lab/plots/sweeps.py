"""Pictures of sweeps: curves with bands over one hyperparameter, maps over two."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

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
    """A line with a band for each label, both axes logarithmic, and a dot at the lowest point of each line.

    Args:
        x: positive abscissae, shape ``(points,)``.
        quantiles: for each label the lower edge, the line and the upper edge, shape ``(3, points)``; what is not
            finite is not drawn.
        xlabel: what the abscissa is.
        ylabel: what the ordinate is.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes and one line for each label.
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
    ax.set(xscale="log", yscale="log")
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
        x: abscissae of the cells' centres, ascending; evenly spaced, or evenly spaced in their logarithm.
        y: ordinates, likewise.
        xlabel: what the abscissa is.
        ylabel: what the ordinate is.
        label: what the quantity is.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The coloured mesh.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Patch

    ax = axes_or_new(ax, width=7.5, height=5.0)
    shown = np.ma.masked_invalid(np.asarray(values, float))
    finite = shown.compressed()
    decades = finite.size > 0 and finite.min() > 0 and finite.max() / finite.min() > 100
    mesh = ax.pcolormesh(
        x, y, shown, shading="nearest", cmap="viridis", norm=LogNorm() if decades else None, rasterized=True
    )
    ax.set_facecolor(DIVERGED)
    ax.grid(visible=False)
    ax.figure.colorbar(mesh, ax=ax, label=label, pad=0.02)
    ax.set(xscale=_scale(x), yscale=_scale(y))
    describe(ax, title=title, xlabel=xlabel, ylabel=ylabel)
    if shown.mask is not np.ma.nomask and np.any(shown.mask):
        ax.legend(handles=[Patch(color=DIVERGED, label="diverged")], loc="upper right", frameon=True)
    return mesh


def _scale(values: Any) -> str:
    """Logarithmic where the values are spaced by a factor."""
    values = np.asarray(values, float)
    if len(values) < 3 or values.min() <= 0:
        return "linear"
    ratios = values[1:] / values[:-1]
    return "log" if np.allclose(ratios, ratios[0], rtol=1e-3) else "linear"
