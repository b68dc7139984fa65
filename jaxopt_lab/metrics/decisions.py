"""From which score on to call positive: the threshold that serves a purpose best, and how far it can be trusted."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.metrics._arrays import Array
from jaxopt_lab.metrics._inputs import as_array, as_scores, check_lengths
from jaxopt_lab.metrics._labels import as_labels, check_two_classes, positives
from jaxopt_lab.metrics._resampling import ON_THE_HOST, prepare, weightings
from jaxopt_lab.metrics.intervals import Estimate, check_confidence

_PORTION = 1 << 14  # cells measured by one call of a compiled program

CellValues = Callable[[np.ndarray], np.ndarray]
"""``values(cells)``: of counts in the order tn, fp, fn, tp, shape ``(batch, 4)``, how good each is; NaN: undefined."""


class ThresholdChoice(NamedTuple):
    """What `choose_threshold` gives.

    Attributes:
        threshold: scores from here up are called positive; infinity calls none. The interval is where the choice falls
            on other samples.
        value: what to expect of it on new data: ``apparent`` less ``optimism``, with an interval.
        apparent: the metric, or the cost, on the sample that the threshold was chosen on.
        optimism: by how much that is too good, because of the choice.
    """

    threshold: Estimate
    value: Estimate
    apparent: float
    optimism: float


def choose_threshold(
    y_true: Array,
    y_score: Array,
    objective: Any,
    *,
    pos_label: Any = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> ThresholdChoice:
    r"""The threshold with the best metric, or the least cost, of all there are, and its uncertainty.

    .. math:: t^* = \arg\max_t \; m(TN(t), FP(t), FN(t), TP(t)) \qquad \text{or} \qquad
        \arg\min_t \; \frac{1}{n} \sum_{ij} K_{ij} C_{ij}(t)

    Pass validation data: rows that the classifier has not learnt from, and that are not reported on. A metric at a
    threshold chosen on the same rows is too good. By how much, the bootstrap tells: a threshold is chosen on each
    resample, and its metric there compared with its metric on the sample (Efron's optimism).

    Args:
        y_true: true labels of two classes, shape ``(n,)``.
        y_score: the higher, the likelier positive, shape ``(n,)``.
        objective: a metric of labels, the larger the better, which is called with 1 for positive and 0 for negative; or
            costs ``[[tn, fp], [fn, tp]]`` of one sample, in the layout of `confusion_matrix`.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        resamples: how many.
        confidence: of the intervals.
        seed: of the resamples.

    Returns:
        The choice. Its threshold is halfway to the next lower score; of several equally good ones it is the highest.
        The interval of the value is the apparent value less quantiles of these differences.

    Raises:
        ValueError: if lengths differ, scores are not finite, costs are not a finite table of two by two, only one class
            occurs, or the objective is nowhere defined.

    Example:
        >>> from jaxopt_lab.metrics import f1_score
        >>> truth, scores = [0, 0, 0, 1, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.35, 0.4, 0.6, 0.8, 0.9]
        >>> choose_threshold(truth, scores, f1_score).threshold.value
        0.325
        >>> choose_threshold(truth, scores, [[0, 10], [1, 0]]).threshold.value     # false alarms are dear
        0.5

    Reference:
        Efron and Gong, "A leisurely look at the bootstrap, the jackknife, and cross-validation", The American
        Statistician 37, 1983.
    """
    check_confidence(confidence)
    true, scores = as_labels(y_true, "y_true"), as_scores(y_score)
    check_lengths(y_true=true, y_score=scores)
    check_two_classes(true)
    positive = positives(true, pos_label)
    if positive.all() or not positive.any():
        raise ValueError("y_true: got one class only; a threshold between two needs both")
    values, sign = _objective(objective)
    order = np.argsort(scores)[::-1]
    steps = _Steps.of(scores[order].astype(float), positive[order])
    on_sample = values(steps.cells(np.ones((1, true.size), int)))[0]
    if np.isnan(on_sample).all():
        raise ValueError("objective: undefined at every threshold; pass zero_division= by functools.partial")
    best = int(np.nanargmax(on_sample))
    places, theirs = _choices(values, steps, resamples, seed)
    # By how much each choice seems better than it is, on its resample and on the sample that this was drawn from.
    gaps = theirs - on_sample[places]
    places, gaps = places[~np.isnan(gaps)], gaps[~np.isnan(gaps)]
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    # No mean of neighbours: one of them may be infinite.
    lowest, highest = np.quantile(steps.thresholds[places], tails, method="inverted_cdf")
    lower, upper = sorted(sign * (on_sample[best] - np.quantile(gaps, tails)))
    return ThresholdChoice(
        threshold=Estimate(float(steps.thresholds[best]), float(lowest), float(highest)),
        value=Estimate(float(sign * (on_sample[best] - gaps.mean())), float(lower), float(upper)),
        apparent=float(sign * on_sample[best]),
        optimism=float(sign * gaps.mean()),
    )


class _Steps(NamedTuple):
    """All that thresholds can tell apart: none called positive, then one more group of equal scores each time.

    Attributes:
        positive: whether each sample is, by decreasing score, shape ``(n,)``.
        called: how many samples are called positive, shape ``(steps,)``.
        thresholds: shape ``(steps,)``.
    """

    positive: np.ndarray
    called: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, positive: np.ndarray) -> "_Steps":
        """The steps of decreasing scores."""
        last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
        higher, lower = scores[last], np.append(scores[last[1:]], scores[-1])
        halfway = lower + (higher - lower) / 2
        # Between neighbours there is nothing.
        halfway = np.where(halfway > lower, halfway, higher)
        return cls(positive, np.append(0, last + 1), np.append(np.inf, halfway))

    def cells(self, weights: np.ndarray) -> np.ndarray:
        """Counts of tn, fp, fn and tp at each step, shape ``(batch, steps, 4)``, of weights ``(batch, n)``."""
        hits, alarms = (self._sums(weights * members) for members in (self.positive, ~self.positive))
        return np.stack([alarms[:, -1:] - alarms, alarms, hits[:, -1:] - hits, hits], axis=-1)

    def _sums(self, weights: np.ndarray) -> np.ndarray:
        return np.pad(np.cumsum(weights, axis=1), ((0, 0), (1, 0)))[:, self.called]


def _choices(values: CellValues, steps: _Steps, resamples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The best step of each resample, and the value there; each of shape ``(resamples,)``."""
    places, best = [], []
    for weights in weightings([np.ones(steps.positive.size, int)], resamples, seed, ON_THE_HOST):
        each = values(steps.cells(weights))
        places.append(np.where(np.isnan(each), -np.inf, each).argmax(axis=1))
        best.append(np.take_along_axis(each, places[-1][:, None], axis=1)[:, 0])
    return np.concatenate(places)[:resamples], np.concatenate(best)[:resamples]


def _objective(objective: Any) -> tuple[CellValues, int]:
    """How good cells are, the larger the better; and the sign that makes it what the caller asked for."""
    if callable(objective):
        return _metric_of_cells(objective), 1
    costs = as_array(objective, "objective").astype(float)
    if costs.shape != (2, 2) or not np.isfinite(costs).all():
        raise ValueError(f"objective: got {objective!r}; pass a metric, or finite costs [[tn, fp], [fn, tp]]")
    return lambda cells: -(cells @ costs.ravel()) / cells.sum(axis=-1), -1


def _metric_of_cells(metric: Callable[..., Any]) -> CellValues:
    measure = prepare(metric, np.array([0, 0, 1, 1]), (np.array([0, 1, 0, 1]),)).measure

    def values(cells: np.ndarray) -> np.ndarray:
        rows = cells.reshape(-1, 4)
        # Portions of one size, the last one padded, share a compiled program.
        padded = np.concatenate([rows, np.ones((-len(rows) % _PORTION, 4), int)])
        measured = [measure(portion) for portion in np.split(padded, len(padded) // _PORTION)]
        return np.concatenate(measured)[: len(rows)].reshape(cells.shape[:-1])

    return values
