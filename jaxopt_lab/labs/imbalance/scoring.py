"""How the imbalance laboratory scores classifiers: metrics, thresholds, resampling intervals. All metrics are ours."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab import metrics

METRICS = ("recall", "precision", "f1", "specificity", "auc")
"""The metrics that get an interval."""

_ROUND_NUMBER_OF_ROWS = 512

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


def resample_counts(labels: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """How often each row is drawn in each bootstrap resample, shape ``(resamples, rows)``; each class keeps its size.

    Example:
        >>> resample_counts(np.array([0, 0, 1]), 4, seed=0)[:, 2]
        array([1, 1, 1, 1], dtype=int32)
    """
    random = np.random.default_rng(seed)
    counts = np.empty((resamples, len(labels)), np.int32)
    for label in (0, 1):
        rows = np.flatnonzero(labels == label)
        counts[:, rows] = random.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), resamples)
    return counts


def replicates(labels: np.ndarray, scores: np.ndarray, thresholds: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Every metric of `METRICS` of every classifier on every resample, shape ``(classifiers, resamples, metrics)``.

    Args:
        labels: shape ``(rows,)``.
        scores: shape ``(classifiers, rows)``.
        thresholds: shape ``(classifiers,)``.
        counts: as `resample_counts` gives them; the same for all, so that classifiers compare pair by pair.
    """
    predicted = (scores >= thresholds[:, None]).astype(np.int32)
    # Ranks are exact in float32, where neighbouring scores might become ties.
    ranks = np.stack([np.unique(row, return_inverse=True)[1] for row in scores]).astype(np.float32)
    # Rows that are never drawn count as absent: up to a round number of rows, all data sets share a compiled program.
    absent = -labels.size % _ROUND_NUMBER_OF_ROWS
    labels = np.pad(labels.astype(np.int32), (0, absent))
    predicted, ranks, counts = (np.pad(array, ((0, 0), (0, absent))) for array in (predicted, ranks, counts))
    return np.asarray(_replicates(labels, predicted, ranks, counts))


@jax.jit
def _replicates(labels: Any, predicted: Any, ranks: Any, counts: Any) -> jax.Array:
    def one(predicted: jax.Array, ranks: jax.Array, counts: jax.Array) -> jax.Array:
        values = {
            "recall": metrics.recall_score(labels, predicted, sample_weight=counts),
            "precision": metrics.precision_score(labels, predicted, sample_weight=counts, zero_division=0),
            "f1": metrics.f1_score(labels, predicted, sample_weight=counts, zero_division=0),
            "specificity": metrics.specificity_score(labels, predicted, sample_weight=counts),
            "auc": metrics.roc_auc_score(labels, ranks, sample_weight=counts),
        }
        return jnp.stack([values[name] for name in METRICS])

    each_resample = jax.vmap(one, (None, None, 0))
    return jax.vmap(each_resample, (0, 0, None))(predicted, ranks, counts)


def intervals(values: np.ndarray, confidence: float) -> dict[str, np.ndarray]:
    """The percentile interval of each metric over the resamples, by name: ``(lower, upper)``.

    Args:
        values: shape ``(resamples, metrics)``.
        confidence: the share of resamples inside.

    Example:
        >>> intervals(np.linspace(0, 1, 101)[:, None] * np.ones(5), 0.9)["recall"]
        array([0.05, 0.95])
    """
    tail = 50 * (1 - confidence)
    bounds = np.percentile(np.asarray(values, float), [tail, 100 - tail], axis=0)
    return {name: bounds[:, i] for i, name in enumerate(METRICS)}
