"""Pictures of curvature: how a Hessian's eigenvalues are spread, and how the largest meets its bound."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.style import PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

DECADES = 6
"""How far below its peak a density is shown: less than a millionth of it is the tail of the smoothing."""


class DrawnDensity(NamedTuple):
    """What `spectral_density` drew."""

    ax: "Axes"
    lines: "list[Line2D]"
    marks: "list[Line2D]"


class DrawnSharpness(NamedTuple):
    """What `sharpness` drew."""

    ax: "Axes"
    lines: "list[Line2D]"
    bounds: "list[Line2D]"


def spectral_density(
    densities: Mapping[str, tuple[Any, Any]],
    *,
    eigenvalues: Mapping[str, Any] | None = None,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnDensity:
    """Densities of eigenvalues on a logarithmic axis, so that a few far out stand beside the many near 0.

    Args:
        densities: for each label the eigenvalues and the density there, each of shape ``(resolution,)``.
        eigenvalues: for some labels single eigenvalues to mark along the foot, such as those at the ends.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, a line for each density, and the marks of each label that has some.

    Example:
        >>> drawn = spectral_density({"start": ([0.0, 1.0, 2.0], [0.1, 0.8, 0.1])}, eigenvalues={"start": [2.0]})
        >>> drawn.lines[0].get_ydata().tolist()
        [0.1, 0.8, 0.1]
    """
    ax = axes_or_new(ax, width=8.0, height=4.6)
    peak = max(np.nanmax(np.asarray(density, float)) for _, density in densities.values())
    lines, marks = [], []
    for place, (label, (grid, density)) in enumerate(densities.items()):
        color = PALETTE[place % len(PALETTE)]
        lines += ax.semilogy(grid, density, color=color, lw=1.6, label=label)
        found = (eigenvalues or {}).get(label)
        if found is not None:
            # One row for each label, above the foot, so that none hides another.
            height = np.full(len(found), 0.03 + 0.035 * place)
            marks += ax.plot(
                found, height, "^", color=color, ms=7, mec="white", mew=0.6, transform=ax.get_xaxis_transform(),
                label=f"{label}: eigenvalues at the ends", clip_on=False, zorder=4,
            )  # fmt: skip
    ax.set_ylim(peak * 10.0**-DECADES, peak * 3)
    ax.axvline(0, color="#6e6e6e", lw=0.8, zorder=1)
    describe(ax, title=title, xlabel="eigenvalue of the Hessian", ylabel="share of eigenvalues per unit")
    ax.legend(frameon=False)
    return DrawnDensity(ax, lines, marks)


def sharpness(
    steps: Any,
    values: Mapping[str, Any],
    learning_rates: Mapping[str, float],
    *,
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnSharpness:
    """The largest eigenvalue of the Hessian over steps, and two over the learning rate as a dashed line.

    Args:
        steps: the steps at which it was observed, shape ``(points,)``.
        values: for each label the sharpness there, shape ``(points,)``, or of several runs, ``(runs, points)``.
        learning_rates: for each label the learning rate.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, a line for each run and the dashed line of each label.

    Example:
        >>> drawn = sharpness([0, 1], {"SGD": [3.0, 4.0]}, {"SGD": 0.5})
        >>> drawn.bounds[0].get_ydata()
        [4.0, 4.0]
    """
    ax = axes_or_new(ax, width=8.0, height=4.6)
    lines, bounds = [], []
    for place, (label, quantity) in enumerate(values.items()):
        color, rate = PALETTE[place % len(PALETTE)], learning_rates[label]
        rows = np.atleast_2d(quantity)
        drawn = ax.plot(steps, rows.T, color=color, lw=1.8 if len(rows) == 1 else 1.0)
        drawn[0].set_label(label)
        lines += drawn
        bounds.append(ax.axhline(2 / rate, color=color, ls="--", lw=1.2))
        ax.annotate(
            f"2 / {rate:g}\n= {2 / rate:.3g}", (1, 2 / rate), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", ha="left", va="center", fontsize="small", color=color,
        )  # fmt: skip
    ax.plot([], [], "--", color="#6e6e6e", lw=1.2, label="2 / learning rate")
    ax.set_ylim(bottom=0)
    describe(ax, title=title, xlabel="step", ylabel="sharpness (largest eigenvalue)")
    ax.legend(facecolor="white", framealpha=0.9, edgecolor="none")
    return DrawnSharpness(ax, lines, bounds)
