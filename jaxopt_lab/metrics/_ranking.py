"""Counts of positives and negatives above each score: what every metric of rankings is computed from.

Scores are sorted once (`rank`); weights come in afterwards (`accumulate`), so that thousands of weightings of one data
set share one sort: `jax.vmap` over the weights keeps it out of the batch. Outside a trace scores are compared in the
precision they came in, so float64 scores that differ in their last digit stay distinct whether or not
``jax_enable_x64`` is on.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jaxopt_lab.metrics._arrays import (
    Array,
    accumulator,
    divide,
    is_floating,
    namespace,
    running_maximum,
    running_minimum_from_the_end,
)


class Ranking(NamedTuple):
    """Samples in the order of decreasing score, in groups of equal score, each field of shape ``(n,)``.

    Attributes:
        order: the place of each ranked sample in the data.
        scores: the scores in that order.
        first: where the group of each ranked sample starts.
        last: where it ends.
        finite: scalar, whether all scores are finite.
    """

    order: Array
    scores: Array
    first: Array
    last: Array
    finite: Array


class Cumulative(NamedTuple):
    """Weights of positives and negatives from the top of a ranking down, each field of shape ``(n,)``.

    Entry ``i`` belongs to the group of ranked sample ``i``, so every entry is a true point of the curve and equal
    scores repeat it.

    Attributes:
        tps: positives in this group and above.
        fps: negatives in this group and above.
        tps_before: positives above this group.
        fps_before: negatives above this group.
        positive: weights of the ranked samples that are positive, else 0.
        negative: weights of the ranked samples that are negative, else 0.
        seen_positives: how many positives of non-zero weight are in this group and above.
        seen_negatives: how many negatives of non-zero weight are in this group and above.
        new_positives: how many positives of non-zero weight are in this group.
        valid: whether ``i`` is the one entry that stands for its group: the last, if any weight in the group is not
            zero.
        total_positive: scalar; NaN if a score is not finite.
        total_negative: scalar; NaN if a score is not finite.
    """

    tps: Array
    fps: Array
    tps_before: Array
    fps_before: Array
    positive: Array
    negative: Array
    seen_positives: Array
    seen_negatives: Array
    new_positives: Array
    valid: Array
    total_positive: Array
    total_negative: Array


def rank(scores: Array) -> Ranking:
    """Sort by decreasing score, equal scores in the order of the data; shape ``(n,)`` in, `Ranking` out."""
    xp = namespace(scores)
    n = scores.shape[0]
    if xp is np:
        # A stable descending order without negating, which unsigned and boolean scores don't survive.
        order = n - 1 - np.argsort(scores[::-1], kind="stable")[::-1]
    else:
        order = jnp.argsort(scores, stable=True, descending=True)
    ranked = scores[order]
    changes = ranked[1:] != ranked[:-1]
    edge = xp.ones(1, bool)
    place = np.arange(n)
    first = running_maximum(xp, xp.where(xp.concatenate([edge, changes]), place, 0))
    last = running_minimum_from_the_end(xp, xp.where(xp.concatenate([changes, edge]), place, n))
    finite = xp.all(xp.isfinite(scores)) if is_floating(scores) else np.True_
    return Ranking(order, ranked, first, last, finite)


def accumulate(ranking: Ranking, positive: Array, weight: Array | None) -> Cumulative:
    """The core: cumulative weights over a ranking. To resample, `jax.vmap` it over ``weight``.

    Args:
        ranking: of the scores.
        positive: whether each sample is positive, in the order of the data, shape ``(n,)``.
        weight: in the order of the data, shape ``(n,)``; None counts samples.
    """
    xp = namespace(positive, weight, *ranking)
    is_positive = xp.asarray(positive)[ranking.order]
    ranked_weight = xp.ones(is_positive.shape, int) if weight is None else xp.asarray(weight)[ranking.order]
    gains, losses = xp.where(is_positive, ranked_weight, 0), xp.where(is_positive, 0, ranked_weight)
    tps, fps = _running_sum(xp, gains), _running_sum(xp, losses)
    if weight is None:
        positives, negatives = tps, fps
    else:
        # Whether something was added is asked of exact counts: sums of floats may round it away, or up.
        positives, negatives = _running_sum(xp, gains != 0), _running_sum(xp, losses != 0)
    first, end = ranking.first, ranking.last + 1
    new_positives, new_negatives = (seen[end] - seen[first] for seen in (positives, negatives))
    ends_group = ranking.last == np.arange(gains.shape[0])
    return Cumulative(
        tps=tps[end],
        fps=fps[end],
        tps_before=tps[first],
        fps_before=fps[first],
        positive=gains,
        negative=losses,
        seen_positives=positives[end],
        seen_negatives=negatives[end],
        new_positives=new_positives,
        valid=ends_group & (new_positives + new_negatives > 0),
        total_positive=xp.where(ranking.finite, tps[-1], np.nan),
        total_negative=xp.where(ranking.finite, fps[-1], np.nan),
    )


def share(counts: Array, total: Array) -> Array:
    """``counts / total``, NaN where there is nothing to share."""
    xp = namespace(counts, total)
    return divide(xp, counts, total)


def with_zero(counts: Array) -> Array:
    """The counts with that above the highest score in front, shape ``(n + 1,)``."""
    xp = namespace(counts)
    return xp.concatenate([xp.zeros(1, counts.dtype), counts])


def at_next_valid(valid: Array, values: Array, otherwise: Any) -> Array:
    """The value of the next valid entry after each one; ``otherwise`` after the last."""
    xp = namespace(valid, values)
    n = valid.shape[0]
    here_or_later = running_minimum_from_the_end(xp, xp.where(valid, np.arange(n), n))
    later = xp.concatenate([here_or_later[1:], xp.full(1, n, here_or_later.dtype)])
    return xp.where(later < n, values[xp.minimum(later, n - 1)], otherwise)


def is_extreme(valid: Array) -> Array:
    """Whether an entry is the first or the last that is valid."""
    xp = namespace(valid)
    so_far = xp.cumsum(valid)
    return valid & ((so_far == 1) | (so_far == so_far[-1]))


def _running_sum(xp: Any, values: Array) -> Array:
    """Sums of the first 0, 1, ... n values, shape ``(n + 1,)``, in the widest dtype."""
    dtype = accumulator(xp, values)
    return with_zero(xp.cumsum(values, dtype=dtype))
