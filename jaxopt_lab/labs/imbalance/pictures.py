"""The figures of the imbalance laboratory, drawn from its numbers."""

from typing import Any

from jaxopt_lab.labs.findings import Picture
from jaxopt_lab.labs.imbalance.scoring import METRICS
from jaxopt_lab.labs.imbalance.threshold import moving_threshold
from jaxopt_lab.plots import scores
from jaxopt_lab.plots.style import new_figure

METRIC_NAMES = {"recall": "recall", "precision": "precision", "f1": "F1", "specificity": "specificity", "auc": "AUC"}
"""How each metric is written."""

# Each of these was trained in a way of its own; the other remedies lie on the curve of one of them.
_TRAINED = ("no remedy", "balanced class weights", "random over-sampling")


def pictures(numbers: dict[str, Any], titles: dict[str, str], confidence: float) -> list[Picture]:
    """All figures, in reading order.

    Args:
        numbers: of each data set, as the laboratory's ``study`` gives them.
        titles: how to call each data set.
        confidence: of the intervals.
    """
    pages = [_page(name, numbers[name], title) for name, title in titles.items()]
    name, title = next(iter(titles.items()))
    pages.insert(1, moving_threshold(name, numbers[name], title))
    return [*pages, _remedies(numbers, titles, confidence), _points(numbers, titles), _knobs(numbers, titles)]


def _page(name: str, study: dict[str, Any], title: str) -> Picture:
    """What the seed draws, the confusion matrix and the ROC curve; and the precision-recall curve."""
    figure, (left, middle, right) = new_figure(1, 3, width=4.9, height=4.7)
    both = {"scikit-learn": study["scikit_learn"], "JAX": study["jax"]}
    scores.confusion_map(study["jax"]["confusion"], study["class_names"], ax=left)
    scores.roc({f"{who}, area {one['auc']:.4f}": (one["fpr"], one["tpr"]) for who, one in both.items()}, ax=middle)
    scores.precision_recall(
        {
            f"{who}, average precision {one['average_precision']:.4f}": (one["curve_recall"], one["curve_precision"])
            for who, one in both.items()
        },
        chance=study["prevalence"],
        ax=right,
    )
    figure.suptitle(f"Logistic regression on the test rows: {title}")
    tn, fp, fn, tp = study["jax"]["confusion"].ravel().tolist()
    return Picture(
        f"imbalance_{name}",
        figure,
        f"{title[0].upper()}{title[1:]}: the confusion matrix of the JAX-trained classifier on {tn + fp} negatives and "
        f"{fn + tp} positives, its colours the shares of the actual class; and the curves of both classifiers over all "
        "thresholds.",
        f"Confusion matrix: {tn} true negatives, {fp} false positives, {fn} false negatives, {tp} true positives; "
        f"ROC curves of area {study['scikit_learn']['auc']:.4f} (scikit-learn) and {study['jax']['auc']:.4f} (JAX); "
        f"precision-recall curves of average precision {study['scikit_learn']['average_precision']:.4f} and "
        f"{study['jax']['average_precision']:.4f}.",
    )


def _remedies(numbers: dict[str, Any], titles: dict[str, str], confidence: float) -> Picture:
    figure, axes = new_figure(len(titles), len(METRICS), width=2.7, height=3.1)
    for row, (name, title) in zip(axes, titles.items(), strict=True):
        remedies = numbers[name]["remedies"]
        for metric, ax in zip(METRICS, row, strict=True):
            first = ax is row[0]
            scores.intervals(
                {remedy: one[metric] for remedy, one in remedies.items()},
                {remedy: one["intervals"][metric] for remedy, one in remedies.items()},
                xlabel=METRIC_NAMES[metric],
                reference=remedies["no remedy"][metric],
                title=f"{title}: {numbers[name]['test_counts'][1]} positives to test on" if first else "",
                ax=ax,
            )
            if not first:
                ax.set_yticklabels([])
    best = {name: max(numbers[name]["remedies"].items(), key=lambda item: item[1]["f1"]) for name in titles}
    return Picture(
        "imbalance_remedies",
        figure,
        f"Each remedy on the test rows, with {confidence:.0%} bootstrap intervals. The dotted line is the classifier "
        "without a remedy. A threshold leaves the AUC exactly as it is. The same few positives are behind all bars of "
        "a panel, which therefore move together: the table of differences compares the remedies pair by pair.",
        f"Dots with horizontal bars for {len(numbers['made_up']['remedies'])} remedies and {len(METRICS)} metrics on "
        "each data set; the best F1 is "
        + " and ".join(f"{one['f1']:.2f} on the {titles[name]} ({remedy})" for name, (remedy, one) in best.items())
        + ".",
    )


def _points(numbers: dict[str, Any], titles: dict[str, str]) -> Picture:
    figure, axes = new_figure(1, len(titles), width=6.2, height=5.4)
    for ax, (name, title) in zip(axes, titles.items(), strict=True):
        remedies = numbers[name]["remedies"]
        curves = {f"curve: {one}": (remedies[one]["fpr"], remedies[one]["tpr"]) for one in _TRAINED}
        points = {remedy: (1 - one["specificity"], one["recall"]) for remedy, one in remedies.items()}
        scores.roc(curves, title=title, legend=False, ax=ax)
        scores.operating_points(points, ax=ax)
        # The corner where one works: classifiers far to the right raise more false alarms than anybody can follow up.
        furthest = max(x for x, _ in points.values())
        ax.set(xlim=(-0.03 * furthest, 1.6 * furthest), aspect="auto")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    areas = "; ".join(
        f"{title}: " + ", ".join(f"{numbers[name]['remedies'][one]['auc']:.4f} ({one})" for one in _TRAINED)
        for name, title in titles.items()
    )
    return Picture(
        "imbalance_operating_points",
        figure,
        "The left end of the ROC curves of classifiers that were trained in different ways, and where each remedy "
        "stands. A threshold slides along the curve of no remedy; class weights and over-sampling have curves of their "
        f"own. The whole areas: {areas}.",
        "ROC curves on each data set, near the left edge, with a marker for each remedy.",
    )


def _knobs(numbers: dict[str, Any], titles: dict[str, str]) -> Picture:
    figure, axes = new_figure(len(titles), 2, width=5.6, height=3.4)
    for row, (name, title) in zip(axes, titles.items(), strict=True):
        study = numbers[name]
        chosen = study["chosen"]
        scores.trade_off(
            study["by_weight"]["positive_weight"],
            {METRIC_NAMES[metric]: study["by_weight"][metric] for metric in ("recall", "precision", "f1")},
            xlabel="weight of a positive row (threshold 0.5)",
            chosen={f"chosen for {criterion}": setting for criterion, setting in chosen["positive_weight"].items()}
            | {"balanced class weights": study["remedies"]["balanced class weights"]["positive_weight"]},
            scale="log",
            title=f"{title}: {study['chosen_on']}",
            ax=row[0],
        )
        scores.trade_off(
            study["by_threshold"]["probability"],
            {METRIC_NAMES[metric]: study["by_threshold"][metric] for metric in ("recall", "precision", "f1")},
            xlabel="threshold on the probability (weight 1)",
            chosen={f"chosen for {criterion}": setting for criterion, setting in chosen["probability"].items()},
            ax=row[1],
        )
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    return Picture(
        "imbalance_knobs",
        figure,
        "Two knobs, one trade-off, on the rows to choose by, no test row among them: more weight on positives (left) "
        "and a lower threshold (right, read from right to left) both buy recall with precision. The first needs a "
        "training for each setting, here all in one sweep; the second needs none.",
        "Recall, precision and F1 over the weight of positives and over the threshold; vertical lines mark the chosen "
        "settings.",
    )
