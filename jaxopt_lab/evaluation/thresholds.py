"""What calling positive from a threshold up means, for several thresholds at once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab import metrics
from jaxopt_lab.evaluation.bands import cut_points
from jaxopt_lab.evaluation.checks import two_classes

RECALLS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""The sensitivities that a report shows the price of."""


class ThresholdTable(NamedTuple):
    """Decisions at thresholds, the highest first; every array of shape ``(thresholds,)``.

    Attributes:
        threshold: scores from here up are called positive.
        tn: true negatives.
        fp: false positives.
        fn: false negatives.
        tp: true positives.
        diagnosis: sensitivity, specificity, predictive values and likelihood ratios with their intervals.
    """

    threshold: np.ndarray
    tn: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    tp: np.ndarray
    diagnosis: metrics.Diagnosis


def threshold_table(
    y_true: Any,
    y_score: Any,
    thresholds: Sequence[float] | np.ndarray | None = None,
    *,
    pos_label: Any = None,
    prevalence: float | None = None,
    confidence: float = 0.95,
) -> ThresholdTable:
    """Counts and rates at thresholds, each rate with its interval.

    Args:
        y_true: labels of two classes, shape ``(n,)``.
        y_score: the higher, the likelier positive, shape ``(n,)``.
        thresholds: from where on to call positive; by default where sensitivity reaches 50% to 99%. The intervals don't
            know that these were chosen on the same rows.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        prevalence: at which to take the predictive values; by default that of the rows.
        confidence: of the intervals.

    Returns:
        The table, without repeated thresholds.

    Raises:
        ValueError: if lengths differ, scores are not finite, or there are not two classes.

    Example:
        >>> table = threshold_table([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.5, 0.2])
        >>> table.threshold, table.tp, table.fp
        (array([0.5, 0.2]), array([1, 2]), array([0, 1]))
    """
    positive, scores = two_classes(y_true, y_score, pos_label)
    hits, alarms = np.sort(scores[positive]), np.sort(scores[~positive])
    if thresholds is None:
        thresholds = hits[::-1][np.ceil(np.array(RECALLS) * hits.size - 1e-9).astype(int) - 1]
    cuts = np.unique(np.asarray(thresholds, float))[::-1]
    fn, tn = (np.searchsorted(each, cuts) for each in (hits, alarms))
    tp, fp = hits.size - fn, alarms.size - tn
    table = metrics.diagnostic_table(tn, fp, fn, tp, prevalence=prevalence, confidence=confidence)
    return ThresholdTable(cuts, tn, fp, fn, tp, table)


def trade_off(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Recall, precision and specificity over thresholds that both classes are seen at, the lowest first.

    Example:
        >>> trade_off(np.array([False, True]), np.array([0.2, 0.7]))[1]["precision"]
        array([0.5, 1. ])
    """
    table = threshold_table(positive.astype(int), scores, cut_points(positive, scores))
    rates = {"recall": "sensitivity", "precision": "ppv", "specificity": "specificity"}
    return table.threshold[::-1], {name: getattr(table.diagnosis, field).value[::-1] for name, field in rates.items()}
