"""The receiver operating characteristic: true against false positive rate over all thresholds."""

from typing import Any, NamedTuple

import jax
import numpy as np

from jaxopt_lab.metrics._arrays import Array, namespace, real
from jaxopt_lab.metrics._inputs import warn_undefined
from jaxopt_lab.metrics._ranking import Cumulative, at_next_valid, is_extreme, share, with_zero
from jaxopt_lab.metrics.thresholds import ranked_counts


class RocCurve(NamedTuple):
    """`roc_curve` under `jax.jit`: the point (0, 0), then one entry per sample, each field of shape ``(n + 1,)``.

    Every entry is a true point of the curve; samples of equal score repeat it, so lines and areas through all entries
    are right. Entries where ``valid`` is true, in order, are scikit-learn's arrays.

    Attributes:
        fpr: the false positive rate at each threshold.
        tpr: the true positive rate there.
        thresholds: scores from here up are called positive.
        valid: whether scikit-learn's arrays have the entry.
    """

    fpr: jax.Array
    tpr: jax.Array
    thresholds: jax.Array
    valid: jax.Array


def roc_curve(
    y_true: Array,
    y_score: Array,
    *,
    pos_label: Any = None,
    sample_weight: Array | None = None,
    drop_intermediate: bool = True,
) -> Any:
    r"""True against false positive rate, if scores from a threshold up are called positive, for each threshold.

    .. math:: \text{TPR}(t) = \frac{TP(t)}{P}, \qquad \text{FPR}(t) = \frac{FP(t)}{N}

    Args:
        y_true: true labels of two classes, shape ``(n,)``.
        y_score: the higher, the likelier positive, shape ``(n,)``.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        sample_weight: shape ``(n,)``; samples of weight zero count as absent.
        drop_intermediate: leave out points in the middle of a straight line. Under `jax.jit`, real (not integer)
            weights may round differently before and after a point, and then it stays.

    Returns:
        ``(fpr, tpr, thresholds)``, each of shape ``(number of points,)``, from (0, 0) at threshold infinity to (1, 1);
        under `jax.jit` a `RocCurve` of fixed length. A rate without samples to share is NaN, with a warning outside
        `jax.jit`.

    Raises:
        ValueError: if lengths differ, scores are not finite, or the positive class is not obvious.

    Example:
        >>> fpr, tpr, thresholds = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> fpr
        array([0. , 0. , 0.5, 0.5, 1. ])
        >>> tpr
        array([0. , 0.5, 0.5, 1. , 1. ])
        >>> thresholds
        array([ inf, 0.8 , 0.4 , 0.35, 0.1 ])

    Reference:
        Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006.
    """
    ranking, sums = ranked_counts(y_true, y_score, pos_label, sample_weight)
    xp = namespace(*sums, *ranking)
    valid = _corners(sums) if drop_intermediate else sums.valid
    curve = RocCurve(
        fpr=share(with_zero(sums.fps), sums.total_negative),
        tpr=share(with_zero(sums.tps), sums.total_positive),
        thresholds=xp.concatenate([xp.full(1, np.inf), real(xp, ranking.scores)]),
        valid=xp.concatenate([xp.ones(1, bool), valid]),
    )
    if xp is not np:
        return curve
    for name, total, rate in (("negative", sums.total_negative, "false"), ("positive", sums.total_positive, "true")):
        if total <= 0:
            warn_undefined(f"y_true has no {name} samples: the {rate} positive rate is undefined, set to NaN")
    return tuple(np.asarray(field)[curve.valid] for field in curve[:-1])


def _corners(sums: Cumulative) -> Array:
    """Valid entries, without those in the middle of a straight line."""
    xp = namespace(*sums)
    corner = False
    for step in (sums.tps - sums.tps_before, sums.fps - sums.fps_before):
        corner = corner | (step != at_next_valid(sums.valid, step, 0))
    return xp.where(corner, sums.valid, is_extreme(sums.valid))
