"""Metrics of data that come in batches, or lie on several devices: counts that add up exactly.

A stream is three pure functions, as an optimiser is two: ``init`` makes a state, ``update`` counts a batch into it,
``measure`` gives any metric of all that was counted. States add: `merge` two of them, or `jax.lax.psum` them over
devices, and the sum is the state of all their samples at once, to the last bit.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.metrics._arrays import Array, is_floating, is_traced, namespace
from jaxopt_lab.metrics._inputs import as_array, as_scores, as_weights, check_lengths
from jaxopt_lab.metrics._labels import as_label_pair, as_labels, encode, static_labels
from jaxopt_lab.metrics.confusion import count_codes

_BITS = 16
_DIGITS = 3


class Counts(NamedTuple):
    """The state of a stream: whole numbers, each written with three digits in base 65,536.

    A digit may grow beyond its base until the next ``update``, which carries: up to 65,000 states may be added before
    that. Whether ``jax_enable_x64`` is on makes no difference.

    Attributes:
        digits: the lowest first, unsigned, shape ``(3, classes, cells)``.
    """

    digits: jax.Array


class Stream(NamedTuple):
    """What `confusion_stream` and `score_stream` give.

    Attributes:
        init: ``init() -> state``.
        update: ``update(state, y_true, y_pred, sample_weight=None) -> state``, for `jax.jit` as for outside. Weights
            are whole numbers, and those of one batch sum to less than 2^31.
        measure: ``measure(metric, state)``: any metric of true labels, predictions and ``sample_weight=``, of all that
            was counted. Outside a trace exact in float64 up to 2^53 samples; inside one the counts are rounded to the
            widest float.
    """

    init: Callable[[], Counts]
    update: Callable[..., Counts]
    measure: Callable[[Callable[..., Any], Counts], Any]


class AreaBounds(NamedTuple):
    """Between which numbers the exact area lies, whatever the scores within the bins were.

    Attributes:
        lower: the least that it can be.
        upper: the most.
    """

    lower: Array
    upper: Array


def confusion_stream(labels: Any) -> Stream:
    r"""Count true against predicted labels, batch by batch; every metric of labels can be measured.

    .. math:: C_{ij} = \sum_{\text{batches}} \sum_n w_n \, [y_n = i] \, [\hat y_n = j]

    Args:
        labels: all classes, shape ``(k,)``. A label that is none of them is counted too: ``measure`` then raises, and
            is NaN under `jax.jit`.

    Returns:
        A `Stream` whose ``update`` takes true and predicted labels.

    Example:
        >>> from jaxopt_lab.metrics import f1_score
        >>> stream = confusion_stream(labels=(0, 1))
        >>> state = stream.update(stream.init(), jnp.array([0, 0, 1, 1]), jnp.array([0, 1, 1, 1]))
        >>> state = stream.update(state, jnp.array([1, 0]), jnp.array([0, 0]))
        >>> round(stream.measure(f1_score, state), 4)
        0.6667
    """
    classes = static_labels(labels)
    size = classes.size + 1

    def update(state: Counts, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Counts:
        true, pred = as_label_pair(y_true, y_pred)
        weight = _whole(sample_weight)
        check_lengths(y_true=true, sample_weight=weight)
        return _add(state, count_codes(encode(true, classes), encode(pred, classes), weight, size))

    cells = np.repeat(classes, classes.size), np.tile(classes, classes.size)
    return Stream(lambda: _zeros(size, size), update, lambda metric, state: _measure(metric, state, *cells))


def score_stream(edges: Array, labels: Any = (0, 1)) -> Stream:
    r"""Count scores in bins, batch by batch; metrics of rankings can be measured, with a known error.

    Scores from one edge up to below the next share a bin, and count as tied. At the edges the curves are exact:
    thresholds between them are not told apart. `roc_auc_bounds` and `average_precision_bounds` say between which
    numbers the exact areas lie: the error of the area under the ROC curve is at most half the pairs that share a bin,

    .. math:: |\text{AUC}_\text{binned} - \text{AUC}| \le \frac{1}{2} \sum_b \frac{P_b N_b}{P N}

    Args:
        edges: inner edges between bins, strictly increasing, shape ``(bins - 1,)``: for example quantiles of the first
            scores, or of a few thousand of them.
        labels: the negative class, then the positive.

    Returns:
        A `Stream` whose ``update`` takes true labels and scores. Scores that are not finite, and labels that are
        neither, are counted too: ``measure`` then raises, and is NaN under `jax.jit`.

    Raises:
        ValueError: if the edges do not increase, or there are not two labels.

    Example:
        >>> from jaxopt_lab.metrics import roc_auc_score
        >>> stream = score_stream(np.linspace(0, 1, 101)[1:-1])
        >>> state = stream.update(stream.init(), jnp.array([0, 0, 1, 1]), jnp.array([0.1, 0.4, 0.35, 0.8]))
        >>> stream.measure(roc_auc_score, state)
        0.75
    """
    inner, classes = as_scores(edges, "edges"), static_labels(labels)
    if (np.diff(inner) <= 0).any():
        raise ValueError("edges: got numbers that do not increase; pass each edge once, in increasing order")
    if classes.size != 2:
        raise ValueError(f"labels: got {classes.tolist()}; pass the negative class, then the positive")
    bins = inner.size + 1

    def update(state: Counts, y_true: Array, y_score: Array, sample_weight: Array | None = None) -> Counts:
        true, scores = as_labels(y_true, "y_true"), as_array(y_score, "y_score")
        weight = _whole(sample_weight)
        check_lengths(y_true=true, y_score=scores, sample_weight=weight)
        xp = namespace(scores)
        place = xp.searchsorted(xp.asarray(inner), scores, side="right")
        if is_floating(scores):
            place = xp.where(xp.isfinite(scores), place, bins)
        width = bins + 1
        counts = count_codes(encode(true, classes), place, weight, max(width, 3))
        return _add(state, counts[:3, :width])

    # A bin is known by its lower edge; below the first edge any number will do.
    scores = np.append(inner[0] - 1, inner)
    cells = np.repeat(classes, bins), np.tile(scores, 2)
    return Stream(lambda: _zeros(3, bins + 1), update, lambda metric, state: _measure(metric, state, *cells))


def merge(first: Counts, second: Counts) -> Counts:
    """The state of the samples of both; the same as ``jax.tree.map(jnp.add, first, second)`` and as `jax.lax.psum`.

    Args:
        first: the state of some samples.
        second: the state of others, of the same stream.

    Returns:
        The state, as if one stream had seen all of them.

    Example:
        >>> stream = confusion_stream(labels=(0, 1))
        >>> state = stream.update(stream.init(), [0, 1], [0, 1])
        >>> merge(state, state).digits[0].sum()
        Array(4, dtype=uint32)
    """
    return Counts(first.digits + second.digits)


def roc_auc_bounds(state: Counts) -> AreaBounds:
    """Between which numbers the exact area under the ROC curve of a `score_stream` lies.

    Args:
        state: of the stream.

    Returns:
        The area if in every bin all negatives outrank all positives, and the other way round; NaN if a class is empty.

    Raises:
        ValueError: if a score was not finite or a label not listed.

    Example:
        >>> stream = score_stream([0.5])
        >>> roc_auc_bounds(stream.update(stream.init(), [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]))
        AreaBounds(lower=0.5, upper=1.0)
    """
    negatives, positives = _falling(state)
    above = np.cumsum(negatives) - negatives
    pairs = positives.sum() * negatives.sum()
    if pairs == 0:
        return AreaBounds(np.nan, np.nan)
    lower = 1 - (positives * (above + negatives)).sum() / pairs
    upper = 1 - (positives * above).sum() / pairs
    return AreaBounds(float(lower), float(upper))


def average_precision_bounds(state: Counts) -> AreaBounds:
    r"""Between which numbers the exact average precision of a `score_stream` lies.

    The most is reached if in every bin all positives tie and outrank all negatives, the least if all negatives outrank
    all positives and these have distinct scores.

    Args:
        state: of the stream.

    Returns:
        The bounds; NaN if there are no positives.

    Raises:
        ValueError: if a score was not finite or a label not listed.

    Example:
        >>> stream = score_stream([0.5])
        >>> bounds = average_precision_bounds(stream.update(stream.init(), [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]))
        >>> round(bounds.lower, 2), bounds.upper
        (0.75, 1.0)
    """
    from scipy.special import digamma

    negatives, positives = _falling(state)
    if not positives.sum():
        return AreaBounds(np.nan, np.nan)
    hits, alarms = np.cumsum(positives), np.cumsum(negatives)
    best = positives * _share(hits, hits + alarms - negatives)
    # The i-th of the bin's positives has precision (hits before + i) / (hits before + i + alarms): a harmonic sum.
    worst = positives - alarms * (digamma(hits + alarms + 1) - digamma(hits - positives + alarms + 1))
    total = positives.sum()
    return AreaBounds(float(worst.sum() / total), float(best.sum() / total))


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return part / np.maximum(whole, 1)


def _falling(state: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Negatives and positives in each bin of a score stream, the highest bin first."""
    negatives, positives = _listed(state)[:, ::-1].astype(float)
    return negatives, positives


def _zeros(rows: int, columns: int) -> Counts:
    return Counts(jnp.zeros((_DIGITS, rows, columns), jnp.uint32))


def _add(state: Counts, counts: Array) -> Counts:
    """Add counts below 2^31, and carry, so that every digit but the highest is below the base again."""
    base_less_one = (1 << _BITS) - 1
    counts = jnp.asarray(counts).astype(jnp.uint32)
    low, middle, high = state.digits
    low = low + (counts & base_less_one)
    middle = middle + (counts >> _BITS) + (low >> _BITS)
    high = high + (middle >> _BITS)
    return Counts(jnp.stack([low & base_less_one, middle & base_less_one, high]))


def _whole(sample_weight: Array | None) -> Array | None:
    weight = as_weights(sample_weight)
    if weight is not None and is_floating(weight):
        raise ValueError(f"sample_weight: got {weight.dtype} numbers; a stream counts exactly, pass whole numbers")
    return weight


def _numbers(state: Counts) -> Array:
    """The counts: exact 64-bit integers outside a trace, the widest floats inside."""
    if not is_traced(state.digits):
        place = (1 << (_BITS * np.arange(_DIGITS))).astype(np.int64)[:, None, None]
        return (np.asarray(state.digits).astype(np.int64) * place).sum(axis=0)
    digits = state.digits.astype(jnp.result_type(float))
    return jnp.sum(digits * (2.0 ** (_BITS * np.arange(_DIGITS)))[:, None, None].astype(digits.dtype), axis=0)


def _listed(state: Counts) -> Array:
    """The counts of listed classes and finite scores; NaN, or an error, if there are others."""
    counts = _numbers(state)
    inside = counts[:-1, :-1]
    xp = namespace(counts)
    others = xp.sum(counts) - xp.sum(inside) if xp is np else xp.sum(counts[-1]) + xp.sum(counts[:, -1])
    if xp is np:
        if others:
            raise ValueError(f"state: {others} samples have a label that is not listed, or a score that is not finite")
        return inside
    return xp.where(others > 0, np.nan, inside)


def _measure(metric: Callable[..., Any], state: Counts, true: np.ndarray, predicted: np.ndarray) -> Any:
    counts = _listed(state)
    if not is_traced(counts) and not counts.any():
        raise ValueError("state: nothing was counted yet; update it first")
    return metric(true, predicted, sample_weight=counts.reshape(-1))
