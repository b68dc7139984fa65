"""Whether predicted probabilities come true, with the uncertainty of each bin."""

from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab import metrics
from jaxopt_lab.evaluation.checks import probabilities_of, two_classes
from jaxopt_lab.evaluation.estimates import WEIGHTS, Measured, Resampling

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


def calibration_error(true: np.ndarray, prob: np.ndarray, how: Resampling) -> Measured:
    """The expected calibration error of ten bins of equal width, and what chance alone would make of it.

    It is a mean of distances, and of few rows above 0 even where every probability is right. No bootstrap interval
    holds the truth then, so none is given; instead it is said how large the error gets, in all but the last
    ``1 - how.confidence`` of samples, if outcomes are drawn with these very probabilities.

    Args:
        true: 0 or 1, shape ``(n,)``.
        prob: probability of 1, shape ``(n,)``.
        how: confidence, resamples and seed.

    Example:
        >>> draws = np.random.default_rng(0)
        >>> prob = draws.random(400)
        >>> calibration_error((draws.random(400) < prob).astype(int), prob, Resampling()).method
        'no interval; by chance up to 0.0705 of right probabilities'

    Reference:
        Broecker, Smith, "Increasing the reliability of reliability diagrams", Weather and Forecasting 22, 2007.
    """
    place = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], prob)
    draws = np.random.default_rng(how.seed)
    if true.size * how.resamples <= WEIGHTS:
        inside = place[:, None] == np.arange(BINS)
        gaps = ((draws.random((how.resamples, true.size)) < prob) - prob) @ inside
    else:
        # Of so many rows the sums are normal.
        gaps = draws.normal(size=(how.resamples, BINS)) * np.bincount(place, prob * (1 - prob), BINS) ** 0.5
    chance = np.quantile(abs(gaps).sum(axis=1) / true.size, how.confidence)
    value = metrics.expected_calibration_error(true, prob, n_bins=BINS)
    return Measured(value, np.nan, np.nan, f"no interval; by chance up to {chance:.4f} of right probabilities")
