"""Resamples as integer weights: how often each row is drawn, and what a metric is on each of them.

A sample is prepared once: its rows are sorted by class, and within a class so that the metric at hand is cheap. Then
resamples are drawn and measured in portions that stay in the cache.

Three kinds of preparation. Predicted labels: rows that are equal are one cell, and how often each cell is drawn is
multinomial, which is the same distribution for any number of rows. Rankings (ROC AUC and average precision of two
classes): scores are sorted once, and the weights run through sums on the host. Everything else: the metric itself,
compiled over a batch of weights, in float64 whatever ``jax_enable_x64`` says.
"""

from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.metrics import _placements
from jaxopt_lab.metrics._arrays import is_floating, namespace
from jaxopt_lab.metrics.precision_recall import average_precision_score
from jaxopt_lab.metrics.roc_auc import roc_auc_score

try:
    from jax import enable_x64
except ImportError:  # before JAX 0.8
    from jax.experimental import enable_x64  # pyright: ignore[reportAttributeAccessIssue]

ON_THE_HOST = 1 << 16
"""How many weights to draw and measure at once on the host: 512 KB, what a core's second cache holds."""

_COMPILED = 1 << 18
_FEW_CELLS = 64

_RANKING = {
    roc_auc_score: (_placements.weighted_area, _placements.area_slopes),
    average_precision_score: (_placements.weighted_average_precision, _placements.average_precision_slopes),
}


class Prepared(NamedTuple):
    """A sample ready for resampling; its ``k`` rows, or cells of equal rows, are sorted by class.

    Attributes:
        copies: how often each row is in the sample, shape ``(k,)``.
        sizes: how many of the rows are of each class.
        measure: weights of shape ``(batch, k)`` in; the metric of each out, shape ``(batch, ...)``.
        slopes: real weights of shape ``(k,)`` in; the derivative of the metric by each out, shape ``(..., k)``.
        portion: how many weights to measure at once.
    """

    copies: np.ndarray
    sizes: tuple[int, ...]
    measure: Callable[[np.ndarray], np.ndarray]
    slopes: Callable[[np.ndarray], np.ndarray]
    portion: int


def prepare(metric: Callable[..., Any], true: np.ndarray, predictions: tuple[np.ndarray, ...]) -> Prepared:
    """Choose the cheapest exact way to resample a metric, or the difference of it between two predictions.

    Args:
        metric: takes true labels, predictions and ``sample_weight=``; integer weights count as repetitions.
        true: labels, shape ``(n,)``.
        predictions: one, or two to compare, each of shape ``(n, ...)``.
    """
    call = _Call.of(metric)
    if _is_ranking(call, true) and all(each.ndim == 1 for each in predictions):
        return _of_ranking(call, true, predictions)
    if all(each.ndim == 1 and _is_discrete(each) for each in predictions):
        return _of_cells(call, true, predictions)
    return _of_rows(call, true, predictions)


def draw(prepared: Prepared, resamples: int, seed: int, *, stratified: bool) -> tuple[np.ndarray, np.ndarray]:
    """The metric of the sample, as it is measured on resamples, and of each resample, shape ``(resamples, ...)``.

    Args:
        prepared: the sample.
        resamples: how many.
        seed: of the draws.
        stratified: whether each class keeps its size.
    """
    groups = prepared.sizes if stratified else (prepared.copies.size,)
    copies = np.split(prepared.copies, np.cumsum(groups)[:-1])
    measured = [prepared.measure(weights) for weights in weightings(copies, resamples, seed, prepared.portion)]
    # In a batch of the same shape, which is compiled already.
    itself = prepared.measure(np.tile(prepared.copies, (len(measured[0]), 1)))[0]
    return itself, np.concatenate(measured)[:resamples]


def weightings(groups: list[np.ndarray], resamples: int, seed: int, portion: int) -> Iterator[np.ndarray]:
    """How often each row is drawn in each resample, in portions of one shape ``(batch, k)``; the last ones are spare.

    Args:
        groups: how often each row is in the sample; of each group as many are drawn as there are.
        resamples: how many at least.
        seed: of the draws.
        portion: how many weights to draw at once.
    """
    random = np.random.default_rng(seed)
    batch = min(max(1, portion // sum(map(len, groups))), resamples)
    for _ in range(-(-resamples // batch)):
        blocks = [_drawn(random, copies, batch) for copies in groups]
        yield blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)


def _drawn(random: np.random.Generator, copies: np.ndarray, batch: int) -> np.ndarray:
    total = int(copies.sum())
    if (copies != 1).any():
        return random.multinomial(total, copies / total, batch)
    drawn = random.integers(total, size=(batch, total))
    drawn += total * np.arange(batch)[:, None]
    return np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)


class _Call(NamedTuple):
    """A metric with its arguments, equal to another of the same metric and arguments, so that it compiles once."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, metric: Callable[..., Any]) -> "_Call":
        if not isinstance(metric, partial):
            return cls(metric, (), ())
        keywords = ((name, _frozen(value)) for name, value in sorted(metric.keywords.items()))
        return cls(metric.func, _frozen(metric.args), tuple(keywords))

    def __call__(self, true: Any, predictions: tuple[Any, ...], weight: Any) -> jax.Array:
        """The metric of weighted rows, or its difference between two predictions."""
        return difference(
            [
                stacked(self.function(*self.arguments, true, each, **dict(self.keywords), sample_weight=weight))
                for each in predictions
            ]
        )


def stacked(score: Any) -> Any:
    """A number or an array as it is; several numbers as one array."""
    xp = namespace(*score) if isinstance(score, (tuple, list)) else namespace(score)
    return xp.stack(xp.broadcast_arrays(*score)) if isinstance(score, (tuple, list)) else xp.asarray(score)


def difference(scores: Any) -> Any:
    """The one score that there is, or the first minus the second."""
    return scores[0] if len(scores) == 1 else scores[0] - scores[1]


class _Options(dict[str, Any]):
    """A dict that is never written to."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


def _frozen(value: Any) -> Any:
    """Lists, arrays and dicts as what can be compared and hashed."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return _Options(value)
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


def _is_ranking(call: _Call, true: np.ndarray) -> bool:
    """Whether it is one of the metrics of `_RANKING` of two classes, as it comes."""
    classes = np.unique(true)
    plain = call.function in _RANKING and not call.arguments and not call.keywords
    return plain and classes.size == 2 and (call.function is roc_auc_score or 1 in classes.tolist())


def _is_discrete(predictions: np.ndarray) -> bool:
    return not is_floating(predictions) or bool((predictions == np.round(predictions)).all())


def _of_ranking(call: _Call, true: np.ndarray, predictions: tuple[np.ndarray, ...]) -> Prepared:
    classes = np.unique(true)
    positive = classes[-1] if call.function is roc_auc_score else 1
    groups = [np.flatnonzero(true == positive), np.flatnonzero(true != positive)]
    count = groups[0].size
    # Rows in the order of the first ranking: its weights are in order as they are drawn.
    groups = [rows[by] for rows, by in zip(groups, _place(predictions[0], groups)[1], strict=True)]
    rankings = [_place(scores, groups) for scores in predictions]
    columns: list[Any] = [(order.positives, count + order.negatives) for _, order in rankings]
    columns[0] = slice(count), slice(count, None)
    value, derivative = _RANKING[call.function]

    def measure(weights: np.ndarray) -> np.ndarray:
        return difference(
            [
                value(placements, weights[:, positives], weights[:, negatives])
                for (placements, _), (positives, negatives) in zip(rankings, columns, strict=True)
            ]
        )

    def slopes(weights: np.ndarray) -> np.ndarray:
        each = np.empty((len(rankings), weights.size))
        for row, (placements, _), (positives, negatives) in zip(each, rankings, columns, strict=True):
            row[positives], row[negatives] = derivative(placements)
        return difference(each)

    return Prepared(np.ones(true.size, int), (count, groups[1].size), measure, slopes, ON_THE_HOST)


def _place(scores: np.ndarray, groups: list[np.ndarray]) -> tuple[_placements.Placements, _placements.Order]:
    return _placements.place_weighted(*(scores[rows] for rows in groups))


def _of_rows(call: _Call, true: np.ndarray, predictions: tuple[np.ndarray, ...]) -> Prepared:
    rows = np.argsort(true, kind="stable")
    return _compiled(call, true[rows], tuple(each[rows] for each in predictions))


def _of_cells(call: _Call, true: np.ndarray, predictions: tuple[np.ndarray, ...]) -> Prepared:
    columns = [np.unique(each, return_inverse=True) for each in (true, *predictions)]
    shape = tuple(values.size for values, _ in columns)
    cell = np.ravel_multi_index([code for _, code in columns], shape)
    # Few cells are all kept, empty ones too: other data of these classes then share the compiled program.
    if prod(shape) <= _FEW_CELLS:
        cells, copies = np.arange(prod(shape)), np.bincount(cell, minlength=prod(shape))
    else:
        cells, copies = np.unique(cell, return_counts=True)
    codes = np.unravel_index(cells, shape)
    true, *known = (values[code] for (values, _), code in zip(columns, codes, strict=True))
    prepared = _compiled(call, true, tuple(known), fixed=True)
    return prepared._replace(copies=copies)


def _compiled(call: _Call, true: np.ndarray, predictions: tuple[np.ndarray, ...], *, fixed: bool = False) -> Prepared:
    """Rows sorted by class; ``fixed`` makes the predictions part of the program, where labels have to be."""
    starts = np.flatnonzero(np.append(True, true[1:] != true[:-1]))
    sizes = tuple(np.diff(np.append(starts, true.size)).tolist())
    names = tuple(true[starts].tolist())
    program = _Program(call, names, sizes, _frozen([each.tolist() for each in predictions]) if fixed else None)
    given = () if fixed else predictions
    return Prepared(
        copies=np.ones(true.size, int),
        sizes=sizes,
        measure=partial(_run, _measure, program, given),
        slopes=partial(_run, _slopes, program, given),
        portion=_COMPILED,
    )


class _Program(NamedTuple):
    """What a compiled program depends on: the same for all samples with equally many rows of each class."""

    call: _Call
    classes: tuple[Any, ...]
    sizes: tuple[int, ...]
    fixed: tuple[Any, ...] | None

    def at(self, predictions: tuple[Any, ...]) -> Callable[[jax.Array], jax.Array]:
        """The metric as a function of the weights."""
        true = np.repeat(np.array(self.classes), self.sizes)
        known = predictions if self.fixed is None else tuple(map(np.array, self.fixed))
        return lambda weight: self.call(true, known, weight)


def _run(compiled: Callable[..., jax.Array], program: _Program, predictions: Any, weights: np.ndarray) -> np.ndarray:
    with enable_x64(True):
        return np.asarray(compiled(program, predictions, weights))


@partial(jax.jit, static_argnums=0)
def _measure(program: _Program, predictions: Any, weights: jax.Array) -> jax.Array:
    return jax.vmap(program.at(predictions))(weights)


@partial(jax.jit, static_argnums=0)
def _slopes(program: _Program, predictions: Any, weights: jax.Array) -> jax.Array:
    value, pull = jax.vjp(program.at(predictions), weights)
    # One number of the metric after the other: side by side, XLA makes more of their kernels one than it can under
    # `tune_xla`.
    each = jnp.eye(value.size, dtype=value.dtype).reshape(-1, *value.shape)
    return jax.lax.map(lambda one: pull(one)[0], each).reshape(*value.shape, -1)
