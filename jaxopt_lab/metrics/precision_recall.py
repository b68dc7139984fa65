"""Precision against recall over all thresholds, and its average."""

import warnings
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxopt_lab.metrics._arrays import Array, Scalar, divide, given_back, is_traced, namespace
from jaxopt_lab.metrics._columns import average_columns
from jaxopt_lab.metrics._inputs import as_array, as_score_table, as_scores, as_weights, check_lengths, check_option
from jaxopt_lab.metrics._labels import (
    as_indicators,
    as_labels,
    classes_of,
    encode,
    label_set,
    positives,
)
from jaxopt_lab.metrics._placements import ranked_average_precision
from jaxopt_lab.metrics._ranking import Cumulative, Ranking, accumulate, at_next_valid, is_extreme, rank, share
from jaxopt_lab.metrics.thresholds import ranked_counts


class PrecisionRecallCurve(NamedTuple):
    """`precision_recall_curve` under `jax.jit`: one entry per sample, then the point (recall 0, precision 1).

    Every entry is a true point of the curve; samples of equal score repeat it. Entries where ``valid`` is true, in
    order, are scikit-learn's arrays; those of ``thresholds`` are where ``valid[:-1]`` is.

    Attributes:
        precision: shape ``(n + 1,)``.
        recall: shape ``(n + 1,)``, decreasing.
        thresholds: shape ``(n,)``, increasing.
        valid: shape ``(n + 1,)``.
    """

    precision: jax.Array
    recall: jax.Array
    thresholds: jax.Array
    valid: jax.Array


def precision_recall_curve(
    y_true: Array,
    y_score: Array,
    *,
    pos_label: Any = None,
    sample_weight: Array | None = None,
    drop_intermediate: bool = False,
) -> Any:
    r"""Precision and recall, if scores from a threshold up are called positive, for each threshold.

    .. math:: P(t) = \frac{TP(t)}{TP(t) + FP(t)}, \qquad R(t) = \frac{TP(t)}{P}

    Args:
        y_true: true labels of two classes, shape ``(n,)``.
        y_score: the higher, the likelier positive, shape ``(n,)``.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        sample_weight: shape ``(n,)``; samples of weight zero count as absent.
        drop_intermediate: leave out points in the middle of a line of constant recall.

    Returns:
        ``(precision, recall, thresholds)``, the first two one longer than the last and ending at (1, 0); under
        `jax.jit` a `PrecisionRecallCurve` of fixed length. Without positives recall is 1, with a warning; under
        `jax.jit`, NaN.

    Raises:
        ValueError: if lengths differ, scores are not finite, or the positive class is not obvious.

    Example:
        >>> precision, recall, thresholds = precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> precision
        array([0.5       , 0.66666667, 0.5       , 1.        , 1.        ])
        >>> recall
        array([1. , 1. , 0.5, 0.5, 0. ])

    Reference:
        Davis and Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006.
    """
    ranking, sums = ranked_counts(y_true, y_score, pos_label, sample_weight)
    xp = namespace(*sums, *ranking)
    recall = share(sums.tps, sums.total_positive)
    if xp is np and sums.total_positive == 0:
        _warn_no_positives()
        recall = np.ones(recall.shape)
    valid = _changes_of_recall(sums) if drop_intermediate else sums.valid
    curve = PrecisionRecallCurve(
        precision=xp.append(_precision(sums)[::-1], 1.0),
        recall=xp.append(recall[::-1], 0.0),
        thresholds=xp.asarray(ranking.scores[::-1]),
        valid=xp.append(valid[::-1], True),
    )
    if xp is not np:
        return curve
    return curve.precision[curve.valid], curve.recall[curve.valid], curve.thresholds[curve.valid[:-1]]


def average_precision_score(
    y_true: Array,
    y_score: Array,
    *,
    average: str | None = "macro",
    pos_label: Any = 1,
    sample_weight: Array | None = None,
    labels: Any = None,
) -> Scalar:
    r"""The mean of the precisions at all thresholds, weighted by how much recall each adds.

    .. math:: \text{AP} = \sum_i (R_i - R_{i-1}) \, P_i

    Args:
        y_true: true labels, shape ``(n,)``, or indicators of each class, shape ``(n, k)``.
        y_score: the higher, the likelier positive, shape ``(n,)``; for ``k`` classes shape ``(n, k)``.
        average: over more than two classes: ``"macro"`` for the plain mean, ``"weighted"`` by frequency, ``"micro"``
            for all indicators as one problem, None for each class.
        pos_label: the positive class of two.
        sample_weight: shape ``(n,)``.
        labels: the classes in the order of the columns, shape ``(k,)``: beyond scikit-learn's arguments, since for more
            than two classes they have to be given under `jax.jit`, as a static sequence.

    Returns:
        A number, or shape ``(k,)`` if ``average=None``. Without positives 0, with a warning; under `jax.jit`, NaN.

    Raises:
        ValueError: if lengths differ, scores are not finite, ``pos_label`` does not occur, or, under `jax.jit`,
            ``labels`` is missing.

    Example:
        >>> average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.8333333333333333

    Reference:
        Davis and Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006.
    """
    check_option("average", average, ("macro", "weighted", "micro", None))
    weight = as_weights(sample_weight)
    truth, table = as_array(y_true, "y_true"), as_array(y_score, "y_score")
    several = truth.ndim == 2 and truth.shape[1] > 1
    true = truth if several else as_labels(truth, "y_true")
    if several:
        indicators = as_indicators(true)
    elif (table.ndim == 2 and table.shape[1] > 2) or (not is_traced(true) and classes_of(true).size > 2):
        classes = label_set(labels, true, metric="average_precision_score")
        indicators = encode(true, classes)[:, None] == np.arange(classes.size)
    else:
        scores = as_scores(table)
        check_lengths(y_true=true, y_score=scores, sample_weight=weight)
        _check_pos_label(true, pos_label)
        positive = positives(true, pos_label)
        if is_traced(positive, scores, weight):
            return given_back(precision_area(rank(scores), positive, weight))
        return given_back(_zero_without_positives(ranked_average_precision(scores, positive, weight)))
    if pos_label != 1:
        raise ValueError(f"pos_label: got {pos_label!r} for more than two classes; leave it at 1")
    return given_back(average_columns(_average_precision, indicators, as_score_table(table), average, weight))


def precision_area(ranking: Ranking, positive: Array, weight: Array | None) -> Array:
    """The core: average precision of a ranking. To resample, `jax.vmap` it over ``weight``.

    Args:
        ranking: of the scores.
        positive: whether each sample is positive, in the order of the data, shape ``(n,)``.
        weight: in the order of the data, shape ``(n,)``; None counts samples.

    Returns:
        Scalar; NaN if there are no positives or a score is not finite.
    """
    sums = accumulate(ranking, positive, weight)
    xp = namespace(*sums)
    return xp.sum(share(sums.positive, sums.total_positive) * _precision(sums))


def _average_precision(ranking: Ranking, positive: Array, weight: Array | None) -> Array:
    score = precision_area(ranking, positive, weight)
    return score if is_traced(score) else _zero_without_positives(score)


def _zero_without_positives(score: Array) -> Array:
    if np.isnan(score):
        _warn_no_positives()
        return np.zeros(())
    return score


def _precision(sums: Cumulative) -> Array:
    return divide(namespace(*sums), sums.tps, sums.tps + sums.fps, 0.0)


def _changes_of_recall(sums: Cumulative) -> Array:
    """Valid entries, without those whose recall is that of both neighbours."""
    changes = (sums.new_positives != 0) | (at_next_valid(sums.valid, sums.new_positives, 0) != 0)
    return (sums.valid & changes) | is_extreme(sums.valid)


def _check_pos_label(true: Array, pos_label: Any) -> None:
    if is_traced(true):
        return
    present = classes_of(true).tolist()
    if len(present) == 2 and pos_label not in present:
        raise ValueError(f"pos_label: got {pos_label!r}, which is none of the labels {present}")


def _warn_no_positives() -> None:
    warnings.warn("y_true has no positive samples: recall is undefined, set to 1 at every threshold", stacklevel=3)
