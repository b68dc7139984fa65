"""Training runs of a sweep beside one another: over learning rates, over any one hyperparameter, over data."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from jaxopt_lab.plots.diagnosis import diagnosed_curves, points_of
from jaxopt_lab.plots.style import DIVERGED, PALETTE, axes_or_new, describe, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

MOST_PANELS = 12
SHADES = "viridis_r"


def rate_sweep(runs: Mapping[str, Mapping[str, Any]], labels: Mapping[str, str]) -> "Figure":
    """All runs over one another, and below one panel for each with its diagnosis, on the same scales.

    Args:
        runs: each run by its name, as `curves.diagnose` takes it; of more than 12, the first.
        labels: what is said of each run.

    Returns:
        The figure.

    Example:
        >>> run = {"train_loss": [2.0, 1.0], "val_loss": [2.0, 1.2]}
        >>> figure = rate_sweep({"0.1": run, "1": run}, {"0.1": "good", "1": "good"})
        >>> [ax.get_title("left") for ax in figure.axes]
        ['all runs: validation loss', '0.1: good', '1: good']
    """
    shown = list(runs)[:MOST_PANELS]
    columns = len(shown) if len(shown) <= 4 else 3 if len(shown) <= 6 else 4
    rows = -(-len(shown) // columns)
    figure, axes = new_figure(rows + 1, columns, width=3.4, height=2.6)
    above, *panels = np.ravel(axes)
    for unused in [*panels[: columns - 1], *panels[columns - 1 + len(shown) :]]:
        unused.remove()
    above.set_subplotspec(above.get_gridspec()[0, :])
    span = _span([runs[name] for name in shown])
    overlaid({name: runs[name] for name in shown}, ax=above).set_ylim(span)
    for place, (name, ax) in enumerate(zip(shown, panels[columns - 1 :], strict=False)):
        drawn = diagnosed_curves(runs[name], title=f"{name}: {labels[name]}", ax=ax)
        ax.set_ylim(span)
        if place % columns:
            ax.set_ylabel("")
        if place and drawn.lines:
            ax.get_legend().remove()
    return figure


def overlaid(runs: Mapping[str, Mapping[str, Any]], *, ax: "Axes | None" = None) -> "Axes":
    """The validation losses of several runs on one pair of axes, from light to dark; training where there is none.

    Args:
        runs: each run by its name, as `curves.diagnose` takes it.
        ax: where to draw; None: a new figure.

    Returns:
        The axes.

    Example:
        >>> overlaid({"0.1": {"train_loss": [2.0, 1.0]}, "1": {"train_loss": [2.0, 3.0]}}).get_title("left")
        'all runs: training loss'
    """
    ax = axes_or_new(ax)
    name = "val_loss" if any("val_loss" in run for run in runs.values()) else "train_loss"
    shades = plt.get_cmap(SHADES)(np.linspace(0.05, 1, len(runs)))
    axis = ""
    for (label, run), shade in zip(runs.items(), shades, strict=True):
        if name in run:
            axis, position, values = points_of(run, name)
            ax.plot(position, values, color=shade, linewidth=1.8, label=label)
    which = "validation" if name == "val_loss" else "training"
    describe(ax, title=f"all runs: {which} loss", xlabel=axis, ylabel="loss")
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


class Isolation(NamedTuple):
    """What was drawn.

    Attributes:
        ax: the axes.
        dots: the runs that end.
        best: the lowest loss at each value.
        diverged: the runs that diverged, along the upper edge; None if there are none.
    """

    ax: "Axes"
    dots: "Line2D"
    best: "Line2D"
    diverged: "Line2D | None"


def isolation(
    values: Any,
    losses: Any,
    *,
    bad_from: float | None = None,
    name: str = "learning rate",
    title: str = "",
    ax: "Axes | None" = None,
) -> Isolation:
    """The loss that each run reached against one of its hyperparameters, all others left to vary.

    Args:
        values: the hyperparameter of each run, shape ``(runs,)``, positive.
        losses: what it reached, shape ``(runs,)``; not finite where it diverged.
        bad_from: from which value on runs are bad; it is marked.
        name: what the hyperparameter is called.
        title: the title.
        ax: where to draw; None: a new figure.

    Returns:
        The axes, and what is on them.

    Example:
        >>> drawn = isolation([0.1, 0.1, 1.0], [0.5, 0.4, float("nan")], bad_from=1.0)
        >>> drawn.best.get_ydata().tolist()
        [0.4]

    References:
        G. E. Dahl, T. N. Sainath and G. E. Hinton (2013). Improving deep neural networks for LVCSR using rectified
        linear units and dropout. ICASSP.
    """
    ax = axes_or_new(ax)
    values, losses = np.asarray(values, float), np.asarray(losses, float)
    finite = np.isfinite(losses)
    (dots,) = ax.plot(values[finite], losses[finite], "o", color=PALETTE[4], markersize=4, alpha=0.5, label="runs")
    at = np.unique(values[finite])
    lowest = [losses[finite & (values == each)].min() for each in at]
    (best,) = ax.plot(at, lowest, "o-", color=PALETTE[0], linewidth=1.8, label="lowest")
    diverged = None
    if not finite.all():
        top = np.full(np.sum(~finite), ax.get_ylim()[1])
        (diverged,) = ax.plot(values[~finite], top, "x", color=DIVERGED, clip_on=False, label="diverged")
    ax.set(xscale="log")
    if bad_from is not None:
        ax.axvline(bad_from, color=PALETTE[1], linestyle="--", linewidth=1.5, label=f"bad from {bad_from:.2g} on")
    describe(ax, title=title, xlabel=name, ylabel="loss reached")
    ax.legend(frameon=False)
    return Isolation(ax, dots, best, diverged)


def learning_curve(
    rows: Any, losses: Mapping[str, Any], *, floor: float | None = None, title: str = "", ax: "Axes | None" = None
) -> "list[Line2D]":
    """The loss that is reached over the number of training rows: median over seeds, all of them behind it.

    Args:
        rows: how many rows were learnt from, shape ``(sizes,)``.
        losses: by what they are of, shape ``(sizes, seeds)``.
        floor: the lowest loss that is possible, where it is known.
        title: the title.
        ax: where to draw; None: a new figure.

    Returns:
        The line of each median.

    Example:
        >>> lines = learning_curve([10, 100], {"train": [[0.0, 0.1], [0.2, 0.3]]})
        >>> lines[0].get_ydata().tolist()
        [0.05, 0.25]
    """
    ax = axes_or_new(ax)
    lines: list[Line2D] = []
    for (name, values), colour in zip(losses.items(), PALETTE, strict=False):
        seeds = np.asarray(values, float)
        ax.plot(rows, seeds, "o", color=colour, markersize=3, alpha=0.4)
        lines += ax.plot(rows, np.median(seeds, axis=1), "o-", color=colour, linewidth=2, label=name)
    if floor is not None:
        ax.axhline(floor, color="#6e6e6e", linestyle=":", label="lowest possible")
    ax.set(xscale="log")
    ax.set_xticks(np.asarray(rows), [f"{each:g}" for each in rows])
    ax.set_xticks([], minor=True)
    describe(ax, title=title, xlabel="training rows", ylabel="loss")
    ax.legend(frameon=False)
    return lines


def _span(runs: list[Mapping[str, Any]]) -> tuple[float, float]:
    """From the lowest loss, or 0, to a little above where the runs begin: a spike must not flatten all others."""
    losses = [np.asarray(run[name], float) for run in runs for name in ("train_loss", "val_loss") if name in run]
    finite = [loss[np.isfinite(loss)] for loss in losses if np.isfinite(loss).any()]
    if not finite:
        return 0.0, 1.0
    low = min(0.0, *(float(loss.min()) for loss in finite))
    first = float(np.median([loss[0] for loss in finite]))
    return 1.05 * low, low + 1.3 * (first - low) if first > low else 1.0
