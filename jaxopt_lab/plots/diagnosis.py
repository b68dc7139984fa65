"""A diagnosis as a picture: the curves, and on them the findings where they are."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.style import PALETTE, axes_or_new, describe, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Annotation

LINES = {
    "train_loss": ("train", PALETTE[0], "-"),
    "val_loss": ("validation", PALETTE[1], "--"),
    "train_accuracy": ("train", PALETTE[0], "-"),
    "val_accuracy": ("validation", PALETTE[1], "--"),
}
MARK = PALETTE[3]


class DiagnosedCurves(NamedTuple):
    """What was drawn.

    Attributes:
        ax: the axes.
        lines: the curves.
        marks: the number of each finding, where it is.
    """

    ax: "Axes"
    lines: "list[Line2D]"
    marks: "list[Annotation]"


def diagnosed_curves(
    curves: Mapping[str, Any],
    findings: Sequence[Any] = (),
    *,
    metric: str = "loss",
    title: str = "",
    ax: "Axes | None" = None,
) -> DiagnosedCurves:
    """The losses or the accuracies of one run, with the findings on them numbered where they are.

    Args:
        curves: the run, as `curves.diagnose` takes it.
        findings: those of the diagnosis; numbers count through all of them, also those of other curves.
        metric: ``"loss"`` or ``"accuracy"``.
        title: the title.
        ax: where to draw; None: a new figure.

    Returns:
        The axes, the lines and the marks.

    Example:
        >>> drawn = diagnosed_curves({"train_loss": [2.0, 1.0, 0.5]})
        >>> drawn.lines[0].get_xdata().tolist()
        [1.0, 2.0, 3.0]
    """
    ax = axes_or_new(ax)
    names = [name for name in LINES if name.endswith(metric) and _has(curves, name)]
    lines, at = [], {}
    for name in names:
        _, position, values = points_of(curves, name)
        label, colour, style = LINES[name]
        marker = "o" if len(values) <= 40 else None
        lines += ax.plot(position, values, style, color=colour, linewidth=1.8, marker=marker, markersize=3, label=label)
        at[name] = position, values
    ax.set_ylim(_window([values for _, values in at.values()]))
    marks = mark_findings(ax, findings, at)
    axis = next((axis for axis in ("epoch", "step") if _has(curves, axis)), "point")
    describe(ax, title=title, xlabel=axis, ylabel=metric)
    if lines:
        ax.legend(frameon=False)
    return DiagnosedCurves(ax, lines, marks)


def mark_findings(
    ax: "Axes", findings: Sequence[Any], curves: Mapping[str, tuple[Any, Any]], *, spans: bool = True
) -> "list[Annotation]":
    """Number the findings where they are on curves that are drawn already.

    Args:
        ax: the axes, their limits set.
        findings: those of a diagnosis; numbers count through all of them, also those of other curves.
        curves: where the points of each curve lie, and their values.
        spans: whether to shade from where a finding begins to where it ends.

    Returns:
        The mark of each finding that is on one of the curves.

    Example:
        >>> from jaxopt_lab.curves import diagnose
        >>> _, ax = new_figure()
        >>> found = diagnose({"val_loss": [1.0, 0.5, 0.9]}).findings
        >>> mark_findings(ax, found, {"val_loss": ([1, 2, 3], [1.0, 0.5, 0.9])})[0].xy
        (2.0, 0.5)
    """
    low, high = ax.get_ylim()
    marks = []
    for number, finding in enumerate(findings, 1):
        if finding.curve not in curves:
            continue
        if spans and finding.stop > finding.start:
            ax.axvspan(finding.start, finding.stop, color=MARK, alpha=0.07, linewidth=0)
        height = float(np.clip(np.interp(finding.start, *curves[finding.curve]), low, high))
        marks.append(
            ax.annotate(
                str(number), (finding.start, height), xytext=(0, 14 + 13 * (len(marks) % 2)),
                textcoords="offset points", ha="center", va="center", fontsize="small", color="white",
                fontweight="bold", bbox={"boxstyle": "circle,pad=0.25", "facecolor": MARK, "edgecolor": "none"},
                arrowprops={"arrowstyle": "-", "color": MARK},
            )
        )  # fmt: skip
    return marks


def diagnosis(curves: Mapping[str, Any], found: Any) -> "Figure":
    """One run with its diagnosis: losses, accuracies where there are any, and the findings in words below.

    Args:
        curves: the run, as `curves.diagnose` takes it.
        found: what that gave.

    Returns:
        The figure.

    Example:
        >>> from jaxopt_lab.curves import diagnose
        >>> run = {"train_loss": [2.0, 1.5, 1.0, 0.6], "val_loss": [2.0, 1.0, 1.4, 1.9]}
        >>> len(diagnosis(run, diagnose(run)).axes)
        1
    """
    metrics = [metric for metric in ("loss", "accuracy") if any(_has(curves, n) for n in LINES if n.endswith(metric))]
    figure, axes = new_figure(1, max(1, len(metrics)), width=6.5, height=4.4)
    panels = np.atleast_1d(axes)
    for ax, metric in zip(panels, metrics, strict=False):
        diagnosed_curves(curves, found.findings, metric=metric, ax=ax)
    chance = found.probabilities[found.label]
    describe(
        panels[0],
        title=f"{found.label.replace('_', ' ')} (probability {chance:.0%})",
        xlabel=panels[0].get_xlabel(),
        ylabel=panels[0].get_ylabel(),
    )
    sentences = [
        textwrap.fill(f"{number}  {finding.sentence}", 85 * len(panels), subsequent_indent="    ")
        for number, finding in enumerate(found.findings, 1)
    ]
    if sentences:
        figure.supxlabel("\n".join(sentences), x=0.02, ha="left", fontsize="small")
    return figure


def _has(curves: Mapping[str, Any], name: str) -> bool:
    return name in curves and bool(np.isfinite(np.asarray(curves[name], float)).any())


def points_of(curves: Mapping[str, Any], name: str) -> tuple[str, np.ndarray, np.ndarray]:
    """The axis of a run, and of one curve the places and the values that are there.

    Args:
        curves: the run, as `curves.diagnose` takes it.
        name: of the curve.

    Example:
        >>> axis, position, values = points_of({"epoch": [0, 1, 2], "val_loss": [2.0, None, 1.0]}, "val_loss")
        >>> axis, position.tolist(), values.tolist()
        ('epoch', [0.0, 2.0], [2.0, 1.0])
    """
    values = np.asarray(curves[name], float)
    axis = next((axis for axis in ("epoch", "step") if _has(curves, axis)), "point")
    position = np.arange(1.0, len(values) + 1) if axis == "point" else np.asarray(curves[axis], float)
    there = np.isfinite(values)
    return axis, position[there], values[there]


def _window(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    """The range of the curves, without the spikes that would flatten all else, and room for the marks."""
    values = np.concatenate(curves) if curves else np.array([0.0, 1.0])
    low, most = float(values.min()), float(values.max())
    high = min(most, 3 * float(np.quantile(values, 0.9)) - 2 * low) if most > low else low + 1
    high = high if high > low else most
    return low - 0.05 * (high - low), high + 0.2 * (high - low)
