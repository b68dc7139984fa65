"""Whether predicted probabilities come true, with the uncertainty of each bin."""

from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab import metrics
from jaxopt_lab.evaluation.checks import probabilities_of, two_classes

BINS = 10


class CalibrationBins(NamedTuple):
    """Rows of similar predicted probability, and how many of them are positive.

    Attributes:
        predicted: the mean prediction of each bin, shape ``(bins,)``.
        observed: the share of positives, with Wilson's interval, each of shape ``(bins,)``.
        rows: how many rows are in each.
    """

    predicted: np.ndarray
    observed: metrics.Estimate
    rows: np.ndarray


def calibration_bins(
    y_true: Any, y_prob: Any, *, pos_label: Any = None, n_bins: int = BINS, confidence: float = 0.95
) -> CalibrationBins:
    """How frequent positives are among rows of similar prediction; bins hold equally many rows, but for ties.

    Args:
        y_true: labels of two classes, shape ``(n,)``.
        y_prob: probability of the positive class, shape ``(n,)``.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        n_bins: how many; those that ties leave empty are left out.
        confidence: of the intervals.

    Returns:
        The points of `metrics.calibration_curve` with ``strategy="quantile"``, with their intervals.

    Raises:
        ValueError: if lengths differ, a prediction is beyond 0 and 1, or there are not two classes.

    Example:
        >>> bins = calibration_bins([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.7, 0.8, 0.9], n_bins=2)
        >>> bins.predicted, bins.observed.value, bins.rows
        (array([0.2, 0.8]), array([0.333, 0.667]), array([3, 3]))
    """
    positive, _ = two_classes(y_true, y_prob, pos_label, ("y_true", "y_prob"))
    prob = probabilities_of(y_prob, "y_prob")
    edges = np.percentile(prob, np.linspace(0, 100, n_bins + 1))
    place = np.searchsorted(edges[1:-1], prob)
    rows, hits = (np.bincount(place, weight, n_bins) for weight in (None, positive))
    used = rows > 0
    sums = np.bincount(place, prob, n_bins)
    observed = metrics.wilson(hits[used], rows[used], confidence=confidence)
    return CalibrationBins(sums[used] / rows[used], observed, rows[used])
