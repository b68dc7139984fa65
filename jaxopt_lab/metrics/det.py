"""The detection error tradeoff: false negative against false positive rate over all thresholds."""

from typing import Any, NamedTuple

import jax
import numpy as np

from jaxopt_lab.metrics._arrays import Array, namespace, real
from jaxopt_lab.metrics._labels import as_labels, classes_of
from jaxopt_lab.metrics._ranking import at_next_valid, is_extreme, share, with_zero
from jaxopt_lab.metrics.thresholds import ranked_counts


class DetCurve(NamedTuple):
    """`det_curve` under `jax.jit`: one entry per sample, then the point (0, 1), each field of shape ``(n + 1,)``.

    Every entry is a true point of the curve; samples of equal score repeat it. Entries where ``valid`` is true, in
    order, are scikit-learn's arrays.

    Attributes:
        fpr: the false positive rate at each threshold.
        fnr: the false negative rate there.
        thresholds: scores from here up are called positive.
        valid: whether scikit-learn's arrays have the entry.
    """

    fpr: jax.Array
    fnr: jax.Array
    thresholds: jax.Array
    valid: jax.Array


def det_curve(
    y_true: Array,
    y_score: Array,
    pos_label: Any = None,
    sample_weight: Array | None = None,
    drop_intermediate: bool = False,
) -> Any:
    r"""False negative and false positive rate, if scores from a threshold up are called positive, for each threshold.

    .. math:: \text{FNR}(t) = \frac{P - TP(t)}{P}, \qquad \text{FPR}(t) = \frac{FP(t)}{N}

    The curve starts where the false negative rate reaches zero and ends where the false positive rate does.

    Args:
        y_true: true labels of two classes, shape ``(n,)``.
        y_score: the higher, the likelier positive, shape ``(n,)``.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        sample_weight: shape ``(n,)``; samples of weight zero count as absent.
        drop_intermediate: leave out points in the middle of a line of constant false negative rate.

    Returns:
        ``(fpr, fnr, thresholds)``, each of shape ``(number of points,)``, thresholds increasing; under `jax.jit` a
        `DetCurve` of fixed length, NaN where only one class occurs.

    Raises:
        ValueError: if lengths differ, scores are not finite, only one class occurs, or the positive class is not
            obvious.

    Example:
        >>> fpr, fnr, thresholds = det_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> fpr
        array([0.5, 0.5, 0. ])
        >>> fnr
        array([0. , 0.5, 0.5])

    Reference:
        Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997.
    """
    ranking, sums = ranked_counts(y_true, y_score, pos_label, sample_weight)
    xp = namespace(*sums, *ranking)
    if xp is np and classes_of(as_labels(y_true, "y_true")).size != 2:
        raise ValueError("y_true: got one class only; the detection error tradeoff needs two")
    valid = xp.concatenate([xp.ones(1, bool), sums.valid])
    if drop_intermediate:
        gained = with_zero(sums.new_positives)
        valid = valid & ((gained != 0) | (at_next_valid(valid, gained, 0) != 0) | is_extreme(valid))
    valid = _within_tradeoff(valid, with_zero(sums.seen_positives), with_zero(sums.seen_negatives))
    curve = DetCurve(
        fpr=share(with_zero(sums.fps), sums.total_negative)[::-1],
        fnr=share(sums.tps[-1] - with_zero(sums.tps), sums.total_positive)[::-1],
        thresholds=xp.append(real(xp, ranking.scores)[::-1], np.inf),
        valid=valid[::-1],
    )
    return curve if xp is not np else tuple(field[curve.valid] for field in curve[:-1])


def _within_tradeoff(valid: Array, seen_positives: Array, seen_negatives: Array) -> Array:
    """Valid entries from the last without false positives to the first without false negatives."""
    xp = namespace(valid, seen_positives, seen_negatives)
    place = np.arange(valid.shape[0])
    start = xp.max(xp.where(valid & (seen_negatives == 0), place, 0))
    stop = xp.min(xp.where(valid & (seen_positives == seen_positives[-1]), place, place.size))
    return valid & (place >= start) & (place <= stop)
