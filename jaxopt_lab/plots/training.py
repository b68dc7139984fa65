"""Training curves of several seeds, and what remedies did to them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.plots.diagnosis import mark_findings
from jaxopt_lab.plots.style import PALETTE, axes_or_new, describe, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

COLOURS = {"train": PALETTE[0], "validation": PALETTE[1]}
GUESSING = {"color": "#6e6e6e", "linestyle": ":", "linewidth": 1.2}


def loss_curves(
    curves: Mapping[str, Any],
    *,
    guessing: float | None = None,
    top: float | None = None,
    title: str = "",
    ax: "Axes | None" = None,
) -> "list[Line2D]":
    """Training and validation loss over epochs: a thin line for each seed, a thick one for their median.

    A dot marks where each seed's validation loss is lowest.

    Args:
        curves: ``epoch``, ``train_loss`` and ``validation_loss``; ``best_epoch``, shape ``(seeds,)``, for the dots.
        guessing: the loss of a network that finds all classes equally likely, drawn as a dotted line.
        top: the upper end of the axis; what lies above is cut off.
        title: the title.
        ax: where to draw; None: a new figure.

    Returns:
        The lines of the medians, then the line of the dots and that of guessing if they are drawn.

    Example:
        >>> epoch = np.arange(3)
        >>> falling = np.array([[2.0, 1.0, 0.5], [2.2, 0.9, 0.7]])
        >>> lines = loss_curves({"epoch": epoch, "train_loss": falling, "validation_loss": falling + 0.1})
        >>> lines[0].get_ydata().tolist()
        [2.1, 0.95, 0.6]
    """
    ax = axes_or_new(ax)
    lines = _medians_over_seeds(ax, curves, "loss")
    if "best_epoch" in curves:
        best = np.asarray(curves["best_epoch"])
        lowest = np.asarray(curves["validation_loss"])[np.arange(len(best)), best]
        lines += ax.plot(
            np.asarray(curves["epoch"])[best], lowest, "o", color=COLOURS["validation"], markeredgecolor="white",
            markersize=6, label="lowest validation loss of each seed",
        )  # fmt: skip
    if guessing is not None:
        lines.append(ax.axhline(guessing, label="guessing", **GUESSING))
    describe(ax, title=title, xlabel="epoch", ylabel="loss (cross-entropy)")
    ax.set_ylim(bottom=0, top=top)
    return lines


def accuracy_curves(
    curves: Mapping[str, Any], *, guessing: float | None = None, ax: "Axes | None" = None
) -> "list[Line2D]":
    """Training and validation accuracy over epochs: a thin line for each seed, a thick one for their median.

    Args:
        curves: ``epoch``, ``train_accuracy`` and ``validation_accuracy``, shares from 0 to 1.
        guessing: the accuracy of guessing, drawn as a dotted line.
        ax: where to draw; None: a new figure.

    Returns:
        The lines of the medians, then the line of guessing if it is drawn.

    Example:
        >>> rising = np.array([[0.1, 0.6, 0.9]])
        >>> curves = {"epoch": np.arange(3), "train_accuracy": rising, "validation_accuracy": rising}
        >>> [line.get_label() for line in accuracy_curves(curves)]
        ['train', 'validation']
    """
    ax = axes_or_new(ax)
    lines = _medians_over_seeds(ax, curves, "accuracy")
    if guessing is not None:
        lines.append(ax.axhline(guessing, label="guessing", **GUESSING))
    describe(ax, xlabel="epoch", ylabel="accuracy")
    ax.set_ylim(0, 1.03)
    return lines


def scenarios(
    panels: Mapping[str, Mapping[str, Any]],
    *,
    guessing_loss: float | None = None,
    guessing_accuracy: float | None = None,
    findings: Mapping[str, Sequence[Any]] | None = None,
) -> "Figure":
    """Scenarios two by two: for each its loss above its accuracy, on the same scales throughout.

    Args:
        panels: the curves of each scenario by its title, as `loss_curves` and `accuracy_curves` take them.
        guessing_loss: as ``guessing`` in `loss_curves`.
        guessing_accuracy: as ``guessing`` in `accuracy_curves`.
        findings: what the doctor sees in the first seed of each scenario, numbered where it is.

    Returns:
        The figure; its axes are, row by row, the losses and the accuracies of each pair of scenarios.

    Example:
        >>> flat = {name: np.ones((2, 3)) for name in ("train_loss", "validation_loss")}
        >>> flat |= {name: np.ones((2, 3)) for name in ("train_accuracy", "validation_accuracy")}
        >>> figure = scenarios({"Good": flat | {"epoch": np.arange(3)}})
        >>> figure.axes[0].get_title("left")
        'Good'
    """
    rows = -(-len(panels) // 2)
    figure, axes = new_figure(2 * rows, 2, width=6.2, height=2.6)
    axes[0, 0].get_gridspec().set_height_ratios([3, 2] * rows)
    # A spike must not flatten all other curves: a little above where training starts, the axes end.
    top = 1.2 * max(float(np.max(np.asarray(c["train_loss"])[:, 0])) for c in panels.values())
    lines: list[Line2D] = []
    for place, (title, curves) in enumerate(panels.items()):
        row, column = 2 * (place // 2), place % 2
        above, below = axes[row, column], axes[row + 1, column]
        lines = loss_curves(curves, guessing=guessing_loss, top=top, title=title, ax=above)
        accuracy_curves(curves, guessing=guessing_accuracy, ax=below)
        for ax, metric in ((above, "loss"), (below, "accuracy")):
            points = {
                name: (curves["epoch"], np.asarray(curves[f"{part}_{metric}"])[0])
                for name, part in ((f"train_{metric}", "train"), (f"val_{metric}", "validation"))
            }
            mark_findings(ax, (findings or {}).get(title, ()), points, spans=False)
        above.set_xlabel("")
        above.tick_params(labelbottom=False)
    for unused in axes.T.reshape(2, rows, 2).swapaxes(0, 1).reshape(-1, 2)[len(panels) :].flat:
        unused.remove()
    figure.legend(handles=lines, loc="outside lower center", ncols=len(lines), frameon=False)
    return figure


def remedy_effects(
    effects: Sequence[Mapping[str, Any]], *, title: str = "", ax: "Axes | None" = None
) -> "list[Line2D]":
    """What each remedy did to the test accuracy: before and after, for each seed a pair of dots joined by a line.

    Args:
        effects: for each remedy ``label``, and ``before`` and ``after``, each of shape ``(seeds,)``.
        title: the title of the axes.
        ax: where to draw; None: a new figure.

    Returns:
        For each remedy its dots before, then its dots after.

    Example:
        >>> dots = remedy_effects([{"label": "more data", "before": [0.7, 0.72], "after": [0.8, 0.85]}])
        >>> dots[1].get_xdata().tolist()
        [0.8, 0.85]
    """
    ax = axes_or_new(ax)
    drawn: list[Line2D] = []
    for row, effect in enumerate(effects):
        before, after = np.asarray(effect["before"], float), np.asarray(effect["after"], float)
        heights = row + np.linspace(-0.22, 0.22, len(before))
        ax.hlines(heights, before, after, color="#b5b5b5", linewidth=1.5, zorder=1)
        drawn += ax.plot(before, heights, "o", markersize=5, color=PALETTE[1], label="before" if row == 0 else None)
        drawn += ax.plot(after, heights, "D", markersize=5, color=PALETTE[0], label="after" if row == 0 else None)
    ax.set_yticks(range(len(effects)), [effect["label"] for effect in effects])
    ax.set(xlim=(0, 1.03), ylim=(len(effects) - 0.5, -0.5))
    describe(ax, title=title, xlabel="test accuracy")
    return drawn


def remedies(panels: Mapping[str, Sequence[Mapping[str, Any]]]) -> "Figure":
    """The remedies of several scenarios, one pair of axes for each.

    Args:
        panels: the effects of each scenario by its title, as `remedy_effects` takes them.

    Returns:
        The figure.

    Example:
        >>> effects = [{"label": "more data", "before": [0.7], "after": [0.8]}]
        >>> len(remedies({"Overfitting": effects, "Underfitting": effects}).axes)
        2
    """
    rows = [len(effects) for effects in panels.values()]
    figure, axes = new_figure(len(panels), 1, width=10, height=0.7 + 0.5 * sum(rows) / len(rows))
    column = np.atleast_1d(axes)
    column[0].get_gridspec().set_height_ratios(rows)
    for ax, (title, effects) in zip(column, panels.items(), strict=True):
        remedy_effects(effects, title=title, ax=ax)
        if ax is not column[-1]:
            ax.set_xlabel("")
    handles, labels = column[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _medians_over_seeds(ax: "Axes", curves: Mapping[str, Any], metric: str) -> "list[Line2D]":
    medians: list[Line2D] = []
    for part, colour in COLOURS.items():
        seeds = np.asarray(curves[f"{part}_{metric}"], float)
        ax.plot(curves["epoch"], seeds.T, color=colour, alpha=0.4, linewidth=1)
        style = "-" if part == "train" else "--"
        medians += ax.plot(curves["epoch"], np.median(seeds, axis=0), style, color=colour, linewidth=2.2, label=part)
    return medians
