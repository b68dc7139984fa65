"""One ranking per class: a metric of two classes, applied to each column of a table and averaged."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import jax
import numpy as np

from jaxopt_lab.metrics._arrays import Array, divide, namespace, real, weighted_sum
from jaxopt_lab.metrics._inputs import check_lengths
from jaxopt_lab.metrics._ranking import Ranking, rank

RankingMetric = Callable[[Ranking, Array, Array | None], Array]
"""``metric(ranking, positive, weight) -> scalar``, for two classes."""


def rank_columns(table: Array) -> Ranking:
    """A ranking of each column of a table of shape ``(n, k)``, stacked along a new first axis."""
    if namespace(table) is np:
        return Ranking(*(np.stack(field) for field in zip(*(rank(column) for column in table.T), strict=True)))
    return jax.vmap(rank, in_axes=1)(table)


def each_lane(xp: Any, metric: Callable[..., Array], *lanes: Any) -> Array:
    """The metric of each of ``k`` problems, whose arguments are stacked along the first axis; shape ``(k,)``."""
    if xp is not np:
        return jax.vmap(metric)(*lanes)
    count = jax.tree.leaves(lanes)[0].shape[0]
    return np.array([metric(*jax.tree.map(itemgetter(lane), lanes)) for lane in range(count)])


def average_columns(metric: RankingMetric, positive: Array, table: Array, average: str | None, weight: Any) -> Array:
    """The metric of each class against the rest, averaged over classes.

    Args:
        metric: of two classes.
        positive: whether each sample is of each class, shape ``(n, k)``.
        table: scores, shape ``(n, k)``.
        average: ``"macro"``, ``"weighted"``, ``"micro"`` or None.
        weight: of the samples, shape ``(n,)``, or None.

    Returns:
        Scalar, or shape ``(k,)`` if ``average=None``.
    """
    check_lengths(y_true=positive, y_score=table, sample_weight=weight)
    if positive.shape[1] != table.shape[1]:
        raise ValueError(f"y_score: got {table.shape[1]} columns for {positive.shape[1]} classes; pass one per class")
    xp = namespace(positive, table, weight)
    if average == "micro":
        repeated = None if weight is None else xp.repeat(weight, table.shape[1])
        return metric(rank(table.reshape(-1)), positive.reshape(-1), repeated)
    scores = each_lane(xp, lambda ranking, column: metric(ranking, column, weight), rank_columns(table), positive.T)
    if average is None:
        return scores
    if average == "macro":
        return xp.mean(scores)
    support = real(xp, weighted_sum(xp, positive, weight))
    # A class without weight has no score, and no say either.
    return divide(xp, xp.sum(xp.where(support == 0, 0, scores) * support), xp.sum(support), 0.0 if xp is np else np.nan)
