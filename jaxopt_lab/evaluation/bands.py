"""Curves of a classifier with pointwise bootstrap bands, whose cost does not grow with the rows."""

from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab import metrics
from jaxopt_lab.evaluation.checks import two_classes
from jaxopt_lab.evaluation.estimates import Resampling

CELLS = 256
"""Into how many cells the scores of either class are cut, if they have more distinct values than that."""

POINTS = 2000
"""How many points of a curve are kept; each of them is exact."""

GRID = np.linspace(0, 1, 201)


class Band(NamedTuple):
    """A curve and its band.

    Attributes:
        x: the curve's abscissas, shape ``(points,)``.
        y: its ordinates, shape ``(points,)``.
        grid: where the band is known, shape ``(201,)``.
        lower: its lower end there.
        upper: its upper end there.
        area: under the ROC curve; of a precision-recall curve the average precision.
        undefined: how many resamples lack a class and are left out.
    """

    x: np.ndarray
    y: np.ndarray
    grid: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    area: float
    undefined: int


def roc_band(y_true: Any, y_score: Any, *, pos_label: Any = None, how: Resampling | None = None) -> Band:
    r"""The ROC curve, and between which rates of true positives it varies at each rate of false positives.

    A resample draws rows with replacement. Only how many positives and negatives lie between two thresholds matters for
    the curve, and these counts are multinomial:

    .. math:: (n_1^*, \dots, n_k^*) \sim \text{Multinomial}\left(n; \; n_1 / n, \dots, n_k / n\right)

    so that a million rows take as long as a thousand. Scores of up to 256 distinct values are told apart exactly;
    others at 256 quantiles of each class, and the band is interpolated between.

    Args:
        y_true: labels of two classes, shape ``(n,)``.
        y_score: the higher, the likelier positive, shape ``(n,)``.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        how: confidence, resamples and seed.

    Returns:
        The curve and its band: pointwise, so at each rate of false positives it holds the truth about as often as it
        says, and everywhere at once less often.

    Raises:
        ValueError: if lengths differ, scores are not finite, there is one class only, or the positive one is not clear.

    Example:
        >>> band = roc_band([0] * 20 + [1] * 20, np.r_[np.arange(20), np.arange(10, 30)] / 30)
        >>> f"at half the false alarms: {band.lower[100]:.2f} to {band.upper[100]:.2f}"
        'at half the false alarms: 0.75 to 1.00'

    Reference:
        Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006 (vertical averaging).
    """
    positive, scores = two_classes(y_true, y_score, pos_label)
    true = positive.astype(int)
    fpr, tpr, _ = metrics.roc_curve(true, scores)
    area = metrics.roc_auc_score(true, scores)
    tps, fps, undefined, how = _replicates(positive, scores, how)
    rows = [
        np.interp(GRID, alarms / alarms[-1], hits / hits[-1])
        for hits, alarms in zip(_from_zero(tps), _from_zero(fps), strict=True)
    ]
    kept = _thin(fpr, tpr)
    lower, upper = _ends(np.array(rows), how.confidence)
    return Band(fpr[kept], tpr[kept], GRID, lower, upper, area, undefined)


def precision_recall_band(y_true: Any, y_score: Any, *, pos_label: Any = None, how: Resampling | None = None) -> Band:
    """The precision-recall curve, and between which precisions it varies at each recall.

    Recall may only be had in steps: at each one the precision is that of the highest threshold which reaches it.

    Args:
        y_true: as in `roc_band`.
        y_score: as in `roc_band`.
        pos_label: as in `roc_band`.
        how: as in `roc_band`.

    Returns:
        Precision over recall; resampled as in `roc_band`. ``x`` decreases, as in `metrics.precision_recall_curve`.

    Raises:
        ValueError: as in `roc_band`.

    Example:
        >>> band = precision_recall_band([0] * 20 + [1] * 20, np.r_[np.arange(20), np.arange(10, 30)] / 30)
        >>> f"at half recall: {band.lower[100]:.2f} to {band.upper[100]:.2f}"
        'at half recall: 0.63 to 1.00'
    """
    positive, scores = two_classes(y_true, y_score, pos_label)
    true = positive.astype(int)
    precision, recall, _ = metrics.precision_recall_curve(true, scores)
    area = metrics.average_precision_score(true, scores)
    tps, fps, undefined, how = _replicates(positive, scores, how)
    # Whole hits that a recall takes; rounding must not ask for one more.
    rows = []
    for hits, alarms in zip(tps, fps, strict=True):
        place = np.searchsorted(hits, np.maximum(np.ceil(GRID * hits[-1] - 1e-9), 1))
        rows.append(hits[place] / (hits[place] + alarms[place]))
    kept = _thin(recall, precision)
    lower, upper = _ends(np.array(rows), how.confidence)
    return Band(recall[kept], precision[kept], GRID, lower, upper, area, undefined)


def cut_points(positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Thresholds that both classes are seen at: all distinct scores if they are few, else quantiles of each class.

    Example:
        >>> cut_points(np.array([False, True, True]), np.array([0.2, 0.9, 0.4]))
        array([0.2, 0.4, 0.9])
    """
    distinct = np.unique(scores)
    if distinct.size <= CELLS:
        return distinct
    shares = np.linspace(0, 1, CELLS + 1)
    parts = [np.quantile(scores[each], shares, method="inverted_cdf") for each in (positive, ~positive)]
    return np.unique(np.concatenate([*parts, distinct[:1]]))


def _replicates(
    positive: np.ndarray, scores: np.ndarray, how: Resampling | None
) -> tuple[np.ndarray, np.ndarray, int, Resampling]:
    """Of each resample the true and false positives from each cut up, the highest first, each ``(resamples, k)``."""
    how = how or Resampling()
    cuts = cut_points(positive, scores)
    cell = np.searchsorted(cuts, scores, side="right") - 1
    # The highest first, so that sums run from the top.
    counts = np.concatenate([np.bincount(cell[each], minlength=cuts.size)[::-1] for each in (positive, ~positive)])
    draws = np.random.default_rng(how.seed).multinomial(scores.size, counts / scores.size, how.resamples)
    tps, fps = (np.cumsum(part, axis=1) for part in np.split(draws, 2, axis=1))
    defined = (tps[:, -1] > 0) & (fps[:, -1] > 0)
    return tps[defined], fps[defined], int((~defined).sum()), how


def _from_zero(sums: np.ndarray) -> np.ndarray:
    return np.pad(sums, ((0, 0), (1, 0)))


def _ends(rows: np.ndarray, confidence: float) -> np.ndarray:
    return np.quantile(rows, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)


def _thin(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The places of points that follow each other at about equal distances on paper, both ends among them."""
    if x.size <= POINTS:
        return np.arange(x.size)
    along = np.append(0.0, np.cumsum(abs(np.diff(x)) + abs(np.diff(y))))
    places = np.searchsorted(along, np.linspace(0, along[-1], POINTS))
    return np.unique(np.append(np.minimum(places, x.size - 1), x.size - 1))
