"""Pictures of what an optimiser ends in, of chaos, and of derivatives through whole trajectories."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.style import DIVERGED, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_BLUE, _VERMILLION = PALETTE[:2]


class DrawnDynamics(NamedTuple):
    """What the functions of this module drew."""

    ax: "Axes"
    lines: "list[Line2D]"


def bifurcation_diagram(
    values: np.ndarray,
    points: np.ndarray,
    *,
    thresholds: Mapping[str, float] | None = None,
    xlabel: str = "learning rate",
    ylabel: str = "last points",
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnDynamics:
    """A dot for each of the last points that trajectories end in, over a hyperparameter.

    Args:
        values: ascending values of the hyperparameter, shape ``(count,)``.
        points: the last points, one coordinate of them, shape ``(count, ...)``; what is not finite has diverged.
        thresholds: exact values to draw as lines, by name; those outside the picture are left out.
        xlabel: what the hyperparameter is.
        ylabel: what the coordinate is.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes and the one line whose markers are the dots.

    Example:
        >>> drawn = bifurcation_diagram(np.array([0.9, 1.1]), np.array([[1.0, 1.0], [0.8, np.nan]]))
        >>> drawn.lines[0].get_xdata().tolist()
        [0.9, 0.9, 1.1]
    """
    ax = axes_or_new(ax, width=9.0, height=4.8)
    values = np.asarray(values, float)
    rows = np.asarray(points, float).reshape(len(values), -1)
    finite = np.isfinite(rows)
    dots = ax.plot(
        np.broadcast_to(values[:, None], rows.shape)[finite], rows[finite], ",", color=_BLUE, alpha=0.35,
        rasterized=True,
    )  # fmt: skip
    low, high = rows[finite].min(initial=np.inf), rows[finite].max(initial=-np.inf)
    if high - low < 0.1:  # all at rest at one place, whose rounding errors are no picture
        ax.set(ylim=(low - 0.1, high + 0.1) if high >= low else (0, 1))
    _shade(ax, values, ~finite.any(axis=1), "diverged")
    levels = _mark(ax, values, thresholds or {})
    describe(ax, title=title + "\n\n" * levels, xlabel=xlabel, ylabel=ylabel)
    return DrawnDynamics(ax, dots)


def lyapunov_exponents(
    values: np.ndarray,
    exponents: np.ndarray,
    *,
    thresholds: Mapping[str, float] | None = None,
    xlabel: str = "learning rate",
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnDynamics:
    """Lyapunov exponents over a hyperparameter: below 0 cycles and rest, above 0 chaos, or growth without end.

    Args:
        values: ascending values of the hyperparameter, shape ``(count,)``.
        exponents: in nats a step, shape ``(count, ...)``; NaN has diverged, minus infinity is drawn at the lower edge.
        thresholds: as in `bifurcation_diagram`.
        xlabel: what the hyperparameter is.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the line of the exponents up to 0 and that of the exponents above.

    Example:
        >>> drawn = lyapunov_exponents(np.array([0.9, 2.0]), np.array([-0.2, 1.1]))
        >>> [line.get_ydata().tolist() for line in drawn.lines]
        [[-0.2], [1.1]]
    """
    ax = axes_or_new(ax, width=9.0, height=2.6)
    values = np.asarray(values, float)
    rows = np.asarray(exponents, float).reshape(len(values), -1)
    at = np.broadcast_to(values[:, None], rows.shape)
    lines = []
    ax.axhline(0, color="black", lw=0.9)
    for chosen, color, label in ((rows <= 0, _BLUE, "neighbours meet"), (rows > 0, _VERMILLION, "neighbours part")):
        lines += ax.plot(at[chosen], rows[chosen], ".", ms=2, color=color, label=label, rasterized=True)
    top = rows[rows > 0].max(initial=0.1)
    ax.set(ylim=(-2.0 * top, 1.25 * top))
    _shade(ax, values, np.isnan(rows).all(axis=1), "diverged")
    _mark(ax, values, thresholds or {}, named=False)
    describe(ax, title=title, xlabel=xlabel, ylabel="Lyapunov exponent\n[nats a step]")
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2, ncols=3, markerscale=5)
    return DrawnDynamics(ax, lines)


def trusted_curve(
    values: np.ndarray,
    quantity: np.ndarray,
    trusted: np.ndarray,
    *,
    ylabel: str,
    xlabel: str = "learning rate",
    title: str = "",
    ax: "Axes | None" = None,
) -> DrawnDynamics:
    """A quantity over a hyperparameter, shaded where a hypergradient there is not to be trusted.

    Args:
        values: ascending values of the hyperparameter, shape ``(count,)``.
        quantity: the loss or its derivative, shape ``(count,)``. Where it explodes, the axis goes by logarithms beyond
            the largest value that is to be trusted.
        trusted: whether the hypergradient is to be trusted, shape ``(count,)``.
        ylabel: what the quantity is.
        xlabel: what the hyperparameter is.
        title: the title.
        ax: where to draw; None for a new figure.

    Returns:
        The axes and the line.

    Example:
        >>> drawn = trusted_curve(np.array([1, 2, 3]), np.array([3.0, 1.0, 2.0]), np.array([1, 1, 0]), ylabel="loss")
        >>> drawn.lines[0].get_ydata().tolist()
        [3.0, 1.0, 2.0]
    """
    ax = axes_or_new(ax, width=9.0, height=3.2)
    values, quantity = np.asarray(values, float), np.asarray(quantity, float)
    lines = ax.plot(values, np.where(np.isfinite(quantity), quantity, np.nan), color=_BLUE, lw=1.3)
    _linear_where_trusted(ax, quantity, np.asarray(trusted, bool))
    _shade(ax, values, ~np.asarray(trusted, bool), "derivative not to be trusted")
    ax.set_xlim(values[0], values[-1])
    describe(ax, title=title, xlabel=xlabel, ylabel=ylabel)
    return DrawnDynamics(ax, lines)


def _shade(ax: "Axes", values: np.ndarray, chosen: Any, label: str) -> None:
    """Grey behind each stretch of values that is chosen, with one entry in the legend."""
    edges = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, values[-1:]]).tolist()
    changes = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]])))
    for place, (first, last) in enumerate(zip(changes[::2], changes[1::2], strict=True)):
        ax.axvspan(edges[first], edges[last], color=DIVERGED, alpha=0.45, lw=0, label=label if place == 0 else None)
    if len(changes):
        ax.legend(frameon=False, loc="upper left")


def _linear_where_trusted(ax: "Axes", quantity: np.ndarray, trusted: np.ndarray) -> None:
    """Give nearly all trusted values half of the axis, and what explodes beyond them the rest, decade by decade."""
    sizes = np.abs(quantity)
    known = np.isfinite(sizes) & (sizes > 0)
    if not (known & trusted).any():
        return
    linear, largest = np.quantile(sizes[known & trusted], 0.95), sizes[known].max()
    first, last = np.ceil(np.log10(linear)), np.floor(np.log10(largest))
    if last - first < 3:
        return
    ax.set_yscale("symlog", linthresh=linear, linscale=last - first)
    powers = np.unique(np.round(np.linspace(first, last, 3)))
    names = {10.0**n: f"{10.0**n:g}" if abs(n) < 4 else f"10^{{{n:.0f}}}" for n in powers}
    ticks = {0.0: "0"} | {size: f"${name}$" for size, name in names.items()}
    ticks |= {-size: f"$-{name}$" for size, name in names.items()}
    shown = [tick for tick in sorted(ticks) if quantity[known].min() <= tick <= quantity[known].max()]
    ax.set_yticks(shown, [ticks[tick] for tick in shown])
    ax.minorticks_off()


def _mark(ax: "Axes", values: np.ndarray, thresholds: Mapping[str, float], *, named: bool = True) -> int:
    """A dashed line at each exact value in the picture, with its name above the axes, on as many levels as it takes."""
    logarithmic = values[0] > 0 and len(values) > 2 and np.ptp(np.diff(np.log(values))) < 1e-6
    ax.set(xscale="log" if logarithmic else "linear", xlim=(values[0], values[-1]))
    shown = sorted((at, name) for name, at in thresholds.items() if values[0] <= at <= values[-1])
    level, levels, before = 0, 0, -np.inf
    for at, name in shown:
        ax.axvline(at, color="black", lw=0.9, ls="--")
        place = ax.transAxes.inverted().transform(ax.transData.transform((at, 0)))[0]
        level = (level + 1) % 3 if place - before < 0.12 else 0
        levels, before = max(levels, level + 1), place
        if named:
            ax.annotate(
                f"{name}\n{at:.4g}", (at, 1), (0, 3 + 24 * level), xycoords=("data", "axes fraction"),
                textcoords="offset points", ha="center", va="bottom", fontsize="small",
            )  # fmt: skip
    return levels
