"""How the imbalance laboratory scores classifiers: metrics, thresholds, resampling intervals. All metrics are ours."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab import metrics

METRICS = {
    "recall": metrics.recall_score,
    "precision": partial(metrics.precision_score, zero_division=0),
    "f1": partial(metrics.f1_score, zero_division=0),
    "specificity": metrics.specificity_score,
    "auc": metrics.roc_auc_score,
}
"""The metrics that get an interval."""

CRITERIA = {"F1": "f1", "balanced accuracy": "balanced_accuracy"}
"""What a setting is chosen for, and the name of that metric."""


def measure(labels: np.ndarray, scores: np.ndarray, threshold: float = 0.0) -> dict[str, Any]:
    """All metrics of one classifier on rows with known labels.

    Args:
        labels: 0 or 1, shape ``(rows,)``.
        scores: log-odds of the positive class, shape ``(rows,)``.
        threshold: scores from here up are called positive; 0 is a probability of one half.

    Returns:
        The confusion matrix and a number for each metric. Precision is 0 where nothing is called positive.

    Example:
        >>> measure(np.array([0, 0, 1, 1]), np.array([-2.0, 1.0, -1.0, 3.0]))["recall"]
        0.5
    """
    predicted = (scores >= threshold).astype(int)
    return {
        "confusion": metrics.confusion_matrix(labels, predicted, labels=[0, 1]),
        "accuracy": metrics.accuracy_score(labels, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
        "precision": metrics.precision_score(labels, predicted, zero_division=0),
        "recall": metrics.recall_score(labels, predicted),
        "f1": metrics.f1_score(labels, predicted, zero_division=0),
        "specificity": metrics.specificity_score(labels, predicted),
        "auc": metrics.roc_auc_score(labels, scores),
        "average_precision": metrics.average_precision_score(labels, scores),
    }


def curves(labels: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """The points of the ROC and of the precision-recall curve.

    Example:
        >>> curves(np.array([0, 1]), np.array([-1.0, 1.0]))["tpr"]
        array([0., 1., 1.])
    """
    fpr, tpr, _ = metrics.roc_curve(labels, scores)
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    return {"fpr": fpr, "tpr": tpr, "curve_precision": precision, "curve_recall": recall}


def at_thresholds(labels: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Recall, precision, F1 and balanced accuracy at every threshold where something changes, the highest first.

    Example:
        >>> at_thresholds(np.array([0, 1, 0, 1]), np.array([0.0, 1.0, 2.0, 3.0]))["recall"]
        array([0.5, 0.5, 1. , 1. ])
    """
    tn, fp, fn, tp, thresholds = metrics.confusion_at_thresholds(labels, scores)
    recall, precision = tp / (tp + fn), tp / (tp + fp)
    return {
        "threshold": thresholds,
        "recall": recall,
        "precision": precision,
        "f1": 2 * tp / (2 * tp + fp + fn),
        "balanced_accuracy": (recall + tn / (tn + fp)) / 2,
    }


def choose_threshold(labels: np.ndarray, scores: np.ndarray, criterion: str) -> float:
    """The threshold with the best value of a criterion, halfway down to the next lower score.

    Args:
        labels: of rows that are neither learnt from nor reported.
        scores: their log-odds.
        criterion: one of `CRITERIA`.

    Example:
        >>> choose_threshold(np.array([0, 0, 1, 1]), np.array([-2.0, -1.0, 0.0, 3.0]), "F1")
        -0.5
    """
    measured = at_thresholds(labels, scores)
    best = int(np.argmax(measured[CRITERIA[criterion]]))
    return float(np.mean(measured["threshold"][best : best + 2]))


def counted_pairs(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """How many pairs of a positive and a negative are ranked rightly, every one looked at.

    Example:
        >>> counted_pairs(np.array([0, 0, 1]), np.array([1.0, 3.0, 2.0]))
        {'pairs': 2, 'right': 1, 'tied': 0, 'share': 0.5}
    """
    ahead = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    right, tied = int(np.sum(ahead > 0)), int(np.sum(ahead == 0))
    return {"pairs": ahead.size, "right": right, "tied": tied, "share": (right + tied / 2) / ahead.size}


class Resampling(NamedTuple):
    """How `intervals` draws."""

    resamples: int
    confidence: float
    seed: int


def intervals(
    labels: np.ndarray,
    classifier: tuple[np.ndarray, float],
    resampling: Resampling,
    versus: tuple[np.ndarray, float] | None = None,
) -> dict[str, np.ndarray]:
    """The bootstrap interval of each of `METRICS`, by name: ``(lower, upper)``; each class keeps its size.

    Args:
        labels: 0 or 1, shape ``(rows,)``.
        classifier: scores, shape ``(rows,)``, and the threshold from which they are called positive.
        resampling: how to draw.
        versus: another classifier of the same rows; the intervals are then of the differences to it.

    Example:
        >>> labels, scores = np.array([0, 0, 1, 1]), np.array([-2.0, 1.0, -1.0, 3.0])
        >>> intervals(labels, (scores, 0.0), Resampling(200, 0.95, seed=0))["recall"]
        array([0., 1.])
    """
    classifiers = [classifier] if versus is None else [classifier, versus]
    called = [(scores >= threshold).astype(int) for scores, threshold in classifiers]
    ends = {}
    for name, metric in METRICS.items():
        read = [scores for scores, _ in classifiers] if name == "auc" else called
        result = metrics.bootstrap(metric, labels, *read, stratified=True, method="percentile", **resampling._asdict())
        ends[name] = np.array([result.lower, result.upper])
    return ends
