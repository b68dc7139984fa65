"""The page of somebody's predictions: every panel of a report on one classifier, or on two."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jaxopt_lab.evaluation import BinaryReport, ClassesReport, Measured
from jaxopt_lab.plots import scores
from jaxopt_lab.plots.displays import CalibrationDisplay, PrecisionRecallDisplay, RocCurveDisplay
from jaxopt_lab.plots.style import DIVERGED, PALETTE, describe, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHORT = {
    "Brier score": "Brier score\n(less is better)",
    "mean prediction minus share of positives": "mean p - positives",
    "expected calibration error": "calibration error\n(no interval)",
    "Matthews correlation": "Matthews corr.",
    "ROC AUC, one against the rest": "ROC AUC (macro)",
}


def binary_page(
    reports: Mapping[str, BinaryReport], differences: Mapping[str, Measured] | None = None, *, title: str = ""
) -> "Figure":
    """One or two scores for two classes: confusion matrices, curves with bands, thresholds, metrics with intervals.

    Args:
        reports: of each classifier by its name.
        differences: of the first and the second, if there are two.
        title: of the page.

    Returns:
        The figure, of two rows of three axes.

    Example:
        >>> from jaxopt_lab.evaluation import Resampling, score_binary
        >>> report = score_binary([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], how=Resampling(resamples=100))
        >>> len(binary_page({"p": report}).axes)
        6
    """
    figure, axes = new_figure(2, 3, width=5.2, height=4.7)
    first = next(iter(reports.values()))
    for name, report in reports.items():
        RocCurveDisplay(report.roc, name).plot(axes[0, 0])
        PrecisionRecallDisplay(report.precision_recall, name).plot(axes[0, 1])
        if report.calibration is not None:
            CalibrationDisplay(report.calibration, name).plot(axes[0, 2])
    if first.calibration is None:
        _nothing(axes[0, 2], "Calibration", "the scores are not\nprobabilities")
    if differences is None:
        scores.confusion_map(
            first.confusion,
            first.class_names,
            title=f"Confusion matrix: positive from {first.threshold:g} up",
            ax=axes[1, 0],
        )
        _trade_off(first, axes[1, 1])
        _metrics(first.measured, axes[1, 2], title="Metrics with their intervals")
    else:
        for (name, report), ax in zip(reports.items(), axes[1], strict=False):
            heading = f"{name}: positive from {report.threshold:g} up"
            scores.confusion_map(report.confusion, report.class_names, title=heading, ax=ax)
        _metrics(differences, axes[1, 2], title=" minus ".join(reports), reference=0.0)
    figure.suptitle(title)
    return figure


def classes_page(
    reports: Mapping[str, ClassesReport], differences: Mapping[str, Measured] | None = None, *, title: str = ""
) -> "Figure":
    """One or two classifiers of any number of classes: confusion matrices, curves of each class, metrics.

    Args:
        reports: of each classifier by its name.
        differences: of the first and the second, if there are two.
        title: of the page.

    Returns:
        The figure: of one row of three axes, or of two rows of two where one classifier gives scores too.

    Example:
        >>> from jaxopt_lab.evaluation import Resampling, score_classes
        >>> report = score_classes(list("aabbcc"), list("aabbca"), how=Resampling(resamples=200))
        >>> len(classes_page({"guess": report}).axes)
        3
    """
    first = next(iter(reports.values()))
    height = max(4.7, 0.32 * len(first.class_names))
    if first.roc and differences is None:
        figure, axes = new_figure(2, 2, width=6.0, height=height)
        _each_against_the_rest(first, axes[0, 1])
        axes = axes[[0, 1, 1], [0, 0, 1]]
    else:
        figure, axes = new_figure(1, 3, width=5.2, height=height)
    for (name, report), ax in zip(reports.items(), axes, strict=False):
        scores.confusion_map(report.confusion, report.class_names, title=f"{name}: confusion matrix", ax=ax)
    if differences is None:
        _metrics(first.recall, axes[1], title="Recall of each class")
        _metrics(first.measured, axes[2], title="Metrics with their intervals")
    else:
        _metrics(differences, axes[2], title=" minus ".join(reports), reference=0.0)
    figure.suptitle(title)
    return figure


def _each_against_the_rest(report: ClassesReport, ax: "Axes") -> None:
    """Of more classes than there are colours, those with the least areas."""
    hardest = sorted(report.roc, key=lambda name: report.roc[name].area)[: len(PALETTE)]
    title = "Each class against the rest" if len(hardest) == len(report.roc) else "The hardest classes against the rest"
    for name in (each for each in report.roc if each in hardest):
        RocCurveDisplay(report.roc[name], name).plot(ax)
    ax.set_title(title, loc="left", fontsize="medium", fontweight="bold")


def _trade_off(report: BinaryReport, ax: "Axes") -> None:
    thresholds, rates = report.trade_off
    lines = scores.trade_off(
        thresholds, rates, xlabel="Threshold", chosen={"in use": report.threshold}, title="Decisions over thresholds",
        ax=ax,
    )  # fmt: skip
    for line in lines[: len(rates)]:
        line.set_drawstyle("steps-pre")  # between two scores a threshold calls what it calls at the higher one
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4, frameon=False, fontsize="small")


def _metrics(measured: Mapping[str, Measured], ax: "Axes", *, title: str, reference: float | None = None) -> None:
    # Log loss has no upper end, and would push the others together.
    shown = {_SHORT.get(name, name): each for name, each in measured.items() if name != "log loss"}
    if reference is not None:
        ax.axvline(reference, color=DIVERGED, linestyle=":")
    values, lower, upper = np.array([each[:3] for each in shown.values()]).T
    reach = np.maximum([values - lower, upper - values], 0)
    ax.errorbar(values, range(len(shown)), xerr=reach, fmt="o", color=PALETTE[0], capsize=3, markersize=6)
    ax.set_yticks(range(len(shown)), list(shown))
    ax.set_ylim(len(shown) - 0.5, -0.5)
    describe(ax, title=title, xlabel="value" if reference is None else "difference")


def _nothing(ax: "Axes", title: str, why: str) -> None:
    ax.set_axis_off()
    ax.text(0.5, 0.5, why, ha="center", va="center", transform=ax.transAxes)
    describe(ax, title=title)
