"""The figures of the imbalance laboratory, drawn from its numbers."""

from typing import TYPE_CHECKING, Any

from jaxopt_lab.labs._imbalance_scoring import METRICS
from jaxopt_lab.labs.findings import Picture
from jaxopt_lab.plots import scores
from jaxopt_lab.plots.style import PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METRIC_NAMES = {"recall": "recall", "precision": "precision", "f1": "F1", "specificity": "specificity", "auc": "AUC"}
"""How each metric is written."""

# Those that were trained in another way have a curve of their own; the others lie on that of no remedy.
_RETRAINED = {"nothing": "-", "balanced class weights": "--", "random over-sampling": "-."}


def pictures(numbers: dict[str, Any], titles: dict[str, str], confidence: float) -> list[Picture]:
    """All figures, in reading order.

    Args:
        numbers: of each data set, as the laboratory's ``study`` gives them.
        titles: how to call each data set.
        confidence: of the intervals.
    """
    pages = [_page(name, numbers[name], titles[name]) for name in titles]
    return [*pages, _remedies(numbers, titles, confidence), _points(numbers, titles), _knobs(numbers, titles)]


def _page(name: str, study: dict[str, Any], title: str) -> Picture:
    """What the seed draws: confusion matrix and ROC curve; and the precision-recall curve."""
    figure, (left, middle, right) = new_figure(1, 3, width=4.9, height=4.6)
    scores.draw_confusion_matrix(study["jax"]["confusion"], study["class_names"], ax=left)
    prevalence = study["test_counts"][1] / study["test_counts"].sum()
    both = {"scikit_learn": ("scikit-learn", PALETTE[5], "-"), "jax": ("JAX", PALETTE[0], "--")}
    for key, (who, color, linestyle) in both.items():
        one = study[key]
        look = {"color": color, "linestyle": linestyle}
        scores.draw_roc(one["fpr"], one["tpr"], label=f"{who}, area {one['auc']:.4f}", ax=middle, **look)
        scores.draw_precision_recall(
            one["curve_recall"],
            one["curve_precision"],
            label=f"{who}, average precision {one['average_precision']:.4f}",
            chance=prevalence,
            ax=right,
            **look,
        )
    figure.suptitle(f"Logistic regression on the test rows: {title}")
    tn, fp, fn, tp = study["jax"]["confusion"].ravel().tolist()
    return Picture(
        f"imbalance_{name}",
        figure,
        f"{title[0].upper()}{title[1:]}: the confusion matrix of the JAX-trained classifier on {tn + fp} negatives and "
        f"{fn + tp} positives, its shares per actual class, and the curves of both classifiers over all thresholds.",
        f"Confusion matrix with {tn} true negatives, {fp} false positives, {fn} false negatives and {tp} true "
        f"positives; a ROC curve of area {study['jax']['auc']:.4f} far above the diagonal; a precision-recall curve "
        f"of average precision {study['jax']['average_precision']:.4f}.",
    )


def _remedies(numbers: dict[str, Any], titles: dict[str, str], confidence: float) -> Picture:
    figure, axes = new_figure(len(titles), len(METRICS), width=2.7, height=2.9)
    for row, (name, title) in zip(axes, titles.items(), strict=True):
        remedies = numbers[name]["remedies"]
        for metric, ax in zip(METRICS, row, strict=True):
            scores.draw_intervals(
                {remedy: one[metric] for remedy, one in remedies.items()},
                {remedy: one["intervals"][metric] for remedy, one in remedies.items()},
                xlabel=METRIC_NAMES[metric],
                reference=remedies["nothing"][metric],
                ax=ax,
            )
            if ax is not row[0]:
                ax.set_yticklabels([])
        positives = int(numbers[name]["test_counts"][1])
        row[0].set_title(f"{title}: {positives} positives to test on", loc="left")
    worst = {name: max(numbers[name]["remedies"].values(), key=lambda one: one["f1"])["f1"] for name in titles}
    return Picture(
        "imbalance_remedies",
        figure,
        f"Each remedy on the test rows, with {confidence:.0%} bootstrap intervals of the test rows. The dotted line is "
        "the classifier without a remedy. A threshold leaves the AUC exactly as it is. The intervals of one column "
        "overlap more than the remedies differ, because the same few positives are behind all of them: for the "
        "differences see the table of paired comparisons.",
        "Dots with horizontal bars for six remedies and five metrics on two data sets; the best F1 is "
        + " and ".join(f"{f1:.2f} on the {titles[name]}" for name, f1 in worst.items())
        + ".",
    )


def _points(numbers: dict[str, Any], titles: dict[str, str]) -> Picture:
    figure, axes = new_figure(1, len(titles), width=6.0, height=5.0)
    for ax, (name, title) in zip(axes, titles.items(), strict=True):
        _curves_with_points(ax, numbers[name])
        ax.set_title(title, loc="left")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return Picture(
        "imbalance_operating_points",
        figure,
        "The ROC curves of the classifiers that were trained in different ways, near the corner where one works, and "
        "where each remedy stands. A threshold slides along the curve of no remedy; class weights and over-sampling "
        "have curves of their own, which hardly differ from it.",
        "Three nearly equal ROC curves on each data set, with six markers on them.",
    )


def _curves_with_points(ax: "Axes", study: dict[str, Any]) -> None:
    remedies = study["remedies"]
    for color, (name, linestyle) in zip(PALETTE, _RETRAINED.items(), strict=False):
        curve = remedies[name]
        ax.plot(curve["fpr"], curve["tpr"], color=color, linestyle=linestyle, linewidth=1.5, label=f"ROC: {name}")
    places = {name: (1 - one["specificity"], one["recall"]) for name, one in remedies.items()}
    scores.draw_operating_points(places, ax=ax)
    ax.set_xlim(-0.005, 2 * max(x for x, _ in places.values()) + 0.01)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel("False positive rate (1 - specificity)")
    ax.set_ylabel("True positive rate (recall)")


def _knobs(numbers: dict[str, Any], titles: dict[str, str]) -> Picture:
    figure, axes = new_figure(len(titles), 2, width=5.6, height=3.4)
    for row, (name, title) in zip(axes, titles.items(), strict=True):
        study = numbers[name]
        remedies = study["remedies"]
        weights = ("balanced class weights", "class weight chosen for F1")
        scores.draw_trade_off(
            study["by_weight"]["positive_weight"],
            {METRIC_NAMES[metric]: study["by_weight"][metric] for metric in ("recall", "precision", "f1")},
            xlabel="weight of a positive row (threshold 0.5)",
            chosen={remedy: remedies[remedy]["positive_weight"] for remedy in weights},
            scale="log",
            ax=row[0],
        )
        by_threshold = study["by_threshold"]
        thresholds = ("threshold chosen for F1", "threshold chosen for balanced accuracy")
        scores.draw_trade_off(
            by_threshold["probability"],
            {"recall": by_threshold["recall"], "precision": by_threshold["precision"], "F1": by_threshold["F1"]},
            xlabel="threshold on the probability (all rows weigh 1)",
            chosen={remedy: remedies[remedy]["threshold_probability"] for remedy in thresholds},
            ax=row[1],
        )
        row[0].set_title(f"{title}: {study['chosen_on']}", loc="left", fontsize="medium")
        for ax in row:
            ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(
        "imbalance_knobs",
        figure,
        "Two knobs, one trade-off, on the rows to choose by, no test row among them: a heavier positive class (left) "
        "and a lower threshold (right, read from right to left) both buy recall with precision. The first needs a "
        "training for each setting, here all in one sweep; the second needs none.",
        "Recall rises and precision falls as the weight of the positive class grows or the threshold sinks; vertical "
        "lines mark the chosen settings.",
    )
