"""One rate at a given other: recall at a precision or a specificity, and the reverse."""

from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.metrics._arrays import Array, Scalar, divide, given_back, is_traced, namespace, real
from jaxopt_lab.metrics._ranking import share, with_zero
from jaxopt_lab.metrics.thresholds import ranked_counts


class OperatingPoint(NamedTuple):
    """The best value of one rate under a condition on another, and the threshold from which scores are positive.

    Attributes:
        value: the best rate.
        threshold: scores from here up are called positive; infinity calls none.
    """

    value: Scalar
    threshold: Scalar


def recall_at_precision(
    y_true: Array, y_score: Array, min_precision: Any, *, pos_label: Any = None, sample_weight: Array | None = None
) -> OperatingPoint:
    r"""The highest recall at which precision is still high enough.

    .. math:: \max_t R(t) \quad \text{where} \quad P(t) \ge P_{\min}

    Calling nothing positive, at threshold infinity, has recall 0 and, as on the precision-recall curve, precision 1.

    Args:
        y_true: true labels of two classes, shape ``(n,)``.
        y_score: the higher, the likelier positive, shape ``(n,)``.
        min_precision: from 0 to 1; may be traced.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        sample_weight: shape ``(n,)``; samples of weight zero count as absent.

    Returns:
        The recall and the threshold; of several equally good ones that with the best precision. NaN if there are no
        positives.

    Raises:
        ValueError: if lengths differ, scores are not finite, the positive class is not obvious, or ``min_precision`` is
            out of range.

    Example:
        >>> recall_at_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], min_precision=0.9)
        OperatingPoint(value=0.5, threshold=0.8)
    """
    rates = _rates(y_true, y_score, pos_label, sample_weight)
    return _best(rates, rates.recall, rates.precision, min_precision, "min_precision")


def precision_at_recall(
    y_true: Array, y_score: Array, min_recall: Any, *, pos_label: Any = None, sample_weight: Array | None = None
) -> OperatingPoint:
    r"""The highest precision at which recall is still high enough.

    .. math:: \max_t P(t) \quad \text{where} \quad R(t) \ge R_{\min}

    Args:
        y_true: as in `recall_at_precision`.
        y_score: as in `recall_at_precision`.
        min_recall: from 0 to 1; may be traced.
        pos_label: as in `recall_at_precision`.
        sample_weight: as in `recall_at_precision`.

    Returns:
        The precision and the threshold; of several equally good ones that with the best recall. NaN if there are no
        positives.

    Raises:
        ValueError: as in `recall_at_precision`.

    Example:
        >>> precision, threshold = precision_at_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], min_recall=0.9)
        >>> round(precision, 4), threshold
        (0.6667, 0.35)
    """
    rates = _rates(y_true, y_score, pos_label, sample_weight)
    return _best(rates, rates.precision, rates.recall, min_recall, "min_recall")


def recall_at_specificity(
    y_true: Array, y_score: Array, min_specificity: Any, *, pos_label: Any = None, sample_weight: Array | None = None
) -> OperatingPoint:
    r"""The highest recall at which specificity is still high enough.

    .. math:: \max_t \text{TPR}(t) \quad \text{where} \quad 1 - \text{FPR}(t) \ge S_{\min}

    Args:
        y_true: as in `recall_at_precision`.
        y_score: as in `recall_at_precision`.
        min_specificity: from 0 to 1; may be traced.
        pos_label: as in `recall_at_precision`.
        sample_weight: as in `recall_at_precision`.

    Returns:
        The recall and the threshold; of several equally good ones that with the best specificity. NaN if a class is
        missing.

    Raises:
        ValueError: as in `recall_at_precision`.

    Example:
        >>> recall_at_specificity([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], min_specificity=0.5)
        OperatingPoint(value=1.0, threshold=0.35)
    """
    rates = _rates(y_true, y_score, pos_label, sample_weight)
    return _best(rates, rates.recall, rates.specificity, min_specificity, "min_specificity")


def specificity_at_recall(
    y_true: Array, y_score: Array, min_recall: Any, *, pos_label: Any = None, sample_weight: Array | None = None
) -> OperatingPoint:
    r"""The highest specificity at which recall is still high enough.

    .. math:: \max_t 1 - \text{FPR}(t) \quad \text{where} \quad \text{TPR}(t) \ge R_{\min}

    Args:
        y_true: as in `recall_at_precision`.
        y_score: as in `recall_at_precision`.
        min_recall: from 0 to 1; may be traced.
        pos_label: as in `recall_at_precision`.
        sample_weight: as in `recall_at_precision`.

    Returns:
        The specificity and the threshold; of several equally good ones that with the best recall. NaN if a class is
        missing.

    Raises:
        ValueError: as in `recall_at_precision`.

    Example:
        >>> specificity_at_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], min_recall=0.5)
        OperatingPoint(value=1.0, threshold=0.8)
    """
    rates = _rates(y_true, y_score, pos_label, sample_weight)
    return _best(rates, rates.specificity, rates.recall, min_recall, "min_recall")


class _Rates(NamedTuple):
    """At threshold infinity, then at each ranked sample's score, all of shape ``(n + 1,)``."""

    recall: Array
    precision: Array
    specificity: Array
    thresholds: Array
    valid: Array


def _rates(y_true: Array, y_score: Array, pos_label: Any, sample_weight: Array | None) -> _Rates:
    ranking, sums = ranked_counts(y_true, y_score, pos_label, sample_weight)
    xp = namespace(*sums, *ranking)
    tps, fps = with_zero(sums.tps), with_zero(sums.fps)
    recall = share(tps, sums.total_positive)
    return _Rates(
        recall=recall,
        # Of no positives none is found, and how many of the called are right is not known either.
        precision=xp.where(xp.isnan(recall), np.nan, divide(xp, tps, tps + fps, 1.0)),
        specificity=share(fps[-1] - fps, sums.total_negative),
        thresholds=xp.concatenate([xp.full(1, np.inf), real(xp, ranking.scores)]),
        valid=xp.concatenate([xp.ones(1, bool), sums.valid]),
    )


def _best(rates: _Rates, goal: Array, condition: Array, least: Any, name: str) -> OperatingPoint:
    if not is_traced(least) and not 0 <= least <= 1:
        raise ValueError(f"{name}: got {least!r}; pass a rate from 0 to 1")
    xp = namespace(goal, condition, least)
    allowed = rates.valid & (condition >= least)
    best = xp.max(xp.where(allowed, goal, -np.inf))
    place = xp.argmax(xp.where(allowed & (goal == best), condition, -np.inf))
    defined = ~xp.isnan(goal[0] + condition[0])
    point = best, xp.asarray(rates.thresholds)[place]
    return OperatingPoint(*(given_back(xp.where(defined, each, np.nan)) for each in point))
