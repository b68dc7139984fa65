"""The confusion counts at every threshold on the scores."""

from typing import Any, NamedTuple

import jax
import numpy as np

from jaxopt_lab.metrics._arrays import Array, namespace, real
from jaxopt_lab.metrics._inputs import as_scores, as_weights, check_lengths
from jaxopt_lab.metrics._labels import as_labels, check_two_classes, positives
from jaxopt_lab.metrics._ranking import Cumulative, Ranking, accumulate, rank


class ThresholdCounts(NamedTuple):
    """`confusion_matrix_at_thresholds` under `jax.jit`: one entry per sample, each field of shape ``(n,)``.

    Every entry is a true point; samples of equal score repeat it. Entries where ``valid`` is true, in order, are
    scikit-learn's arrays.

    Attributes:
        tns: true negatives at each threshold.
        fps: false positives.
        fns: false negatives.
        tps: true positives.
        thresholds: scores from here up are called positive.
        valid: whether scikit-learn's arrays have the entry.
    """

    tns: jax.Array
    fps: jax.Array
    fns: jax.Array
    tps: jax.Array
    thresholds: jax.Array
    valid: jax.Array


def confusion_matrix_at_thresholds(
    y_true: Array, y_score: Array, *, pos_label: Any = None, sample_weight: Array | None = None
) -> Any:
    r"""True and false negatives and positives, if scores from a threshold up are called positive, for each threshold.

    .. math:: TP(t) = \sum_n w_n \, [y_n = 1] \, [s_n \ge t], \qquad FP(t) = \sum_n w_n \, [y_n \neq 1] \, [s_n \ge t]

    Args:
        y_true: true labels of two classes, shape ``(n,)``.
        y_score: the higher, the likelier positive, shape ``(n,)``.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        sample_weight: shape ``(n,)``; samples of weight zero count as absent.

    Returns:
        ``(tns, fps, fns, tps, thresholds)``, each of shape ``(number of distinct scores,)``, thresholds decreasing;
        under `jax.jit` a `ThresholdCounts` of fixed length.

    Raises:
        ValueError: if lengths differ, scores are not finite, or the positive class is not obvious.

    Example:
        >>> tns, fps, fns, tps, thresholds = confusion_matrix_at_thresholds([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> tps
        array([1., 1., 2., 2.])
        >>> thresholds
        array([0.8 , 0.4 , 0.35, 0.1 ])
    """
    ranking, sums = ranked_counts(y_true, y_score, pos_label, sample_weight)
    xp = namespace(*sums, *ranking)
    # The last entry is of the lowest score: everything is above it.
    fields = (sums.fps[-1] - sums.fps, sums.fps, sums.tps[-1] - sums.tps, sums.tps)
    if xp is np:
        return *(real(np, field[sums.valid]) for field in fields), ranking.scores[sums.valid]
    return ThresholdCounts(*fields, xp.asarray(ranking.scores), xp.asarray(sums.valid))


confusion_at_thresholds = confusion_matrix_at_thresholds
"""A shorter name for `confusion_matrix_at_thresholds`."""


def ranked_counts(
    y_true: Array, y_score: Array, pos_label: Any, sample_weight: Array | None
) -> tuple[Ranking, Cumulative]:
    """Check what the caller passed, sort and count."""
    true, scores, weight = as_labels(y_true, "y_true"), as_scores(y_score), as_weights(sample_weight)
    check_lengths(y_true=true, y_score=scores, sample_weight=weight)
    if pos_label is None:
        check_two_classes(true)
    ranking = rank(scores)
    return ranking, accumulate(ranking, positives(true, pos_label), weight)
