"""Remedies for the rare class side by side, and how optimisers meet classes of unequal size."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.plots.style import MARKERS, PALETTE, describe, new_figure

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.container import ErrorbarContainer
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_PANELS = {
    "auc": ("Ranking", "AUC"),
    "balanced_accuracy": ("Decision", "balanced accuracy"),
    "risk_ratio": ("Risk", "mean risk / share of positives"),
}
_GAP = 0.18  # between the prevalences of one remedy


def remedies(comparison: "xr.Dataset", *, title: str = "") -> "tuple[Figure, list[ErrorbarContainer]]":
    """What each remedy does to ranking, decision and risk, a panel each, with intervals; a colour for each prevalence.

    The dotted lines are the classifiers without a remedy; the solid line of the last panel is a risk that is right.

    Args:
        comparison: ``mean``, ``lower`` and ``upper`` over ``metric``, ``remedy`` and ``prevalence``, as
            `labs.imbalance.compare_remedies` gives them.
        title: above the panels.

    Returns:
        The figure, and what was drawn: panel by panel, and in each prevalence by prevalence.

    Example:
        >>> import xarray as xr
        >>> value = xr.DataArray(
        ...     np.ones((3, 1, 1)),
        ...     coords={"metric": ["auc", "balanced_accuracy", "risk_ratio"], "remedy": ["none"], "prevalence": [0.1]},
        ... )
        >>> figure, drawn = remedies(xr.Dataset({"mean": value, "lower": value - 0.1, "upper": value + 0.1}))
        >>> [ax.get_xlabel() for ax in figure.axes]
        ['AUC', 'balanced accuracy', 'mean risk / share of positives']
    """
    figure, axes = new_figure(1, len(_PANELS), width=4.2, height=1.4 + 0.5 * comparison.sizes["remedy"])
    names = comparison.remedy.values.tolist()
    drawn = []
    for ax, (metric, (heading, xlabel)) in zip(axes, _PANELS.items(), strict=True):
        for place, share in enumerate(comparison.prevalence.values):
            one = comparison.sel(metric=metric, prevalence=share)
            mean, lower, upper = (one[name].values for name in ("mean", "lower", "upper"))
            color = PALETTE[place % len(PALETTE)]
            shift = _GAP * (place - (comparison.sizes["prevalence"] - 1) / 2)
            ax.axvline(mean[names.index("none")], color=color, linestyle=":", linewidth=1)
            drawn.append(
                ax.errorbar(
                    mean,
                    np.arange(len(names)) + shift,
                    xerr=(mean - lower, upper - mean),
                    fmt=MARKERS[place % len(MARKERS)],
                    color=color,
                    markersize=5,
                    capsize=2,
                    label=f"{share:.2g}",
                )
            )
        ax.set_yticks(range(len(names)), names if ax is axes[0] else [""] * len(names))
        ax.invert_yaxis()
        describe(ax, title=heading, xlabel=xlabel)
    axes[-1].axvline(1.0, color="black", linewidth=1, zorder=0)
    if comparison["upper"].sel(metric="risk_ratio").max() > 4:
        _log_scale(axes[-1])
    figure.legend(*axes[0].get_legend_handles_labels(), title="share of\npositives", loc="outside right upper")
    if title:
        figure.suptitle(title)
    return figure, drawn


def _log_scale(ax: "Axes") -> None:
    """A logarithmic axis of ratios with plain numbers, from a quarter up: an interval that reaches 0 runs off it."""
    right = ax.get_xlim()[1]
    ax.set_xscale("log")
    ticks = [tick for tick in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if tick <= right]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlim(ticks[0], right)


def loss_by_frequency(
    losses: Mapping[str, Any], steps: Any, frequencies: Any, *, title: str = ""
) -> "tuple[Figure, list[Line2D]]":
    """The loss of frequent and of rare classes over the steps, a panel for each optimiser.

    Args:
        losses: for each optimiser by name the loss of a class of each group, shape ``(groups, steps)``.
        steps: the steps, shape ``(steps,)``.
        frequencies: the share that a class of each group has of all rows, shape ``(groups,)``.
        title: above the panels.

    Returns:
        The figure and its lines, panel by panel.

    Example:
        >>> figure, lines = loss_by_frequency({"sign descent": [[1.0, 0.1], [1.0, 0.2]]}, [0, 1], [0.5, 0.1])
        >>> lines[1].get_ydata().tolist()
        [1.0, 0.2]
    """
    import matplotlib as mpl

    figure, axes = new_figure(1, len(losses), width=3.8, height=3.6)
    colors = mpl.colormaps["viridis"](np.linspace(0.0, 0.9, len(frequencies)))
    drawn = []
    for ax, (name, each) in zip(np.atleast_1d(axes), losses.items(), strict=True):
        for loss, share, color in zip(np.asarray(each), frequencies, colors, strict=True):
            drawn += ax.plot(steps, loss, color=color, label=f"1 in {round(1 / share)}")
        ax.sharey(np.atleast_1d(axes)[0])
        describe(ax, title=name, xlabel="step", ylabel="loss (nats)" if ax is np.atleast_1d(axes)[0] else "")
    np.atleast_1d(axes)[0].set_ylim(bottom=0)
    handles = np.atleast_1d(axes)[0].get_legend_handles_labels()
    figure.legend(*handles, title="frequency\nof a class", loc="outside right upper")
    if title:
        figure.suptitle(title)
    return figure, drawn
