"""Where each positive stands among the negatives: the metrics of a ranking, from scores sorted class by class.

The two classes are sorted apart, and each positive is placed by bisection. Where no weights come in, that is all:
values are sorted, never their places in the data, which is many times as fast. Weights may come in by the thousand, one
row a resample, and nothing is sorted again. Outside a trace only: how many positives there are decides about shapes.
"""

from typing import NamedTuple

import numpy as np


class Placements(NamedTuple):
    """The positives in the order of decreasing score, and how many samples outrank each, all of shape ``(positives,)``.

    Attributes:
        above: how many negatives score higher.
        level: how many negatives score as high or higher.
        among: how many positives score as high or higher, itself among them.
        positives: how many there are.
        negatives: how many there are.
    """

    above: np.ndarray
    level: np.ndarray
    among: np.ndarray
    positives: int
    negatives: int


class Order(NamedTuple):
    """What sorts the weights of each class as `Placements` has its scores: by decreasing score."""

    positives: np.ndarray
    negatives: np.ndarray


def place(positives: np.ndarray, negatives: np.ndarray) -> Placements:
    """Place the scores of the positives among those of the negatives; both are sorted already, increasing."""
    count = negatives.size
    above = count - np.searchsorted(negatives, positives, side="right")
    level = count - np.searchsorted(negatives, positives, side="left")
    among = positives.size - np.searchsorted(positives, positives, side="left")
    return Placements(above[::-1], level[::-1], among[::-1], positives.size, count)


def place_weighted(positives: np.ndarray, negatives: np.ndarray) -> tuple[Placements, Order]:
    """Place scores in any order, and say which order is theirs."""
    rising = np.argsort(positives), np.argsort(negatives)
    placements = place(positives[rising[0]], negatives[rising[1]])
    return placements, Order(*(order[::-1] for order in rising))


def ranked_area(scores: np.ndarray, positive: np.ndarray, weight: np.ndarray | None) -> float:
    """The area under the ROC curve; NaN where a class is missing, or has no weight."""
    if weight is None:
        return area(place(np.sort(scores[positive]), np.sort(scores[~positive])))
    return float(weighted_area(*_place_and_weigh(scores, positive, weight)))


def ranked_average_precision(scores: np.ndarray, positive: np.ndarray, weight: np.ndarray | None) -> float:
    """The average precision; NaN where there are no positives, or none of weight."""
    if weight is None:
        return average_precision(place(np.sort(scores[positive]), np.sort(scores[~positive])))
    return float(weighted_average_precision(*_place_and_weigh(scores, positive, weight)))


def _place_and_weigh(
    scores: np.ndarray, positive: np.ndarray, weight: np.ndarray
) -> tuple[Placements, np.ndarray, np.ndarray]:
    placements, order = place_weighted(scores[positive], scores[~positive])
    return placements, weight[positive][order.positives], weight[~positive][order.negatives]


def area(placements: Placements) -> float:
    """The area under the ROC curve of equal weights; NaN where a class is missing."""
    pairs = placements.positives * placements.negatives
    outranked = int(placements.above.sum()) + int(placements.level.sum())
    return 1 - outranked / (2 * pairs) if pairs else np.nan


def average_precision(placements: Placements) -> float:
    """The average precision of equal weights; NaN where there are no positives."""
    hits = placements.among
    return float(np.mean(hits / (hits + placements.level))) if hits.size else np.nan


def weighted_area(placements: Placements, positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """The area under the ROC curve of each of many weightings.

    Args:
        placements: of the scores.
        positives: weights in the order of the placements, shape ``(..., positives)``.
        negatives: the same, shape ``(..., negatives)``.

    Returns:
        Shape ``(...,)``; NaN where a class has no weight.
    """
    total = _from_the_top(negatives)
    outranked = np.take(total, placements.above, -1)
    outranked += np.take(total, placements.level, -1)
    outranked *= positives
    pairs = positives.sum(-1) * total[..., -1]
    return 1 - _divide(outranked.sum(-1), 2 * pairs)


def weighted_average_precision(placements: Placements, positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """The average precision of each of many weightings; arguments and shapes as of `weighted_area`."""
    hits = np.take(_from_the_top(positives), placements.among, -1)
    called = hits + np.take(_from_the_top(negatives), placements.level, -1)
    # A positive that is not drawn may have nothing above it, and has no say.
    gained = positives * (hits / np.maximum(called, np.finfo(float).tiny))
    return _divide(gained.sum(-1), positives.sum(-1))


def area_slopes(placements: Placements) -> tuple[np.ndarray, np.ndarray]:
    """The derivative of `weighted_area` by each positive's and by each negative's weight, where all weights are one."""
    count, others = placements.positives, placements.negatives
    below = 1 - (placements.above + placements.level) / (2 * others)
    above = 1 - (_sum_beyond(placements.above, others) + _sum_beyond(placements.level, others)) / (2 * count)
    return (below - below.mean()) / count, (above - above.mean()) / others


def average_precision_slopes(placements: Placements) -> tuple[np.ndarray, np.ndarray]:
    """The derivatives of `weighted_average_precision`, as `area_slopes` are those of the area."""
    hits, called = placements.among, placements.among + placements.level
    precision = hits / called
    lifted = _sum_beyond(placements.among, placements.positives, placements.level / called**2)
    lowered = _sum_beyond(placements.level, placements.negatives, hits / called**2)
    count = placements.positives
    return (precision - precision.mean() + lifted) / count, -lowered / count


def _sum_beyond(places: np.ndarray, size: int, values: np.ndarray | None = None) -> np.ndarray:
    """For each of ``size`` places the sum of the values, or the count, of the entries that reach beyond it."""
    sums = np.cumsum(np.bincount(places, values, size + 1))
    return sums[-1] - sums[:-1]


def _from_the_top(weights: np.ndarray) -> np.ndarray:
    """Sums of the first 0, 1, ... n weights."""
    sums = np.zeros((*weights.shape[:-1], weights.shape[-1] + 1), weights.dtype)
    np.cumsum(weights, axis=-1, out=sums[..., 1:])
    return sums


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.where(denominator == 0, np.nan, numerator / np.where(denominator == 0, 1, denominator))
