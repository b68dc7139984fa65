"""Counts of true against predicted classes: what every metric of labels is computed from."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.metrics._arrays import Array, divide, given_back, namespace, sum_by_bin
from jaxopt_lab.metrics._inputs import as_weights, check_lengths, check_option
from jaxopt_lab.metrics._labels import as_label_pair, encode, is_traced, label_set


def confusion_matrix(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Any = None,
    sample_weight: Array | None = None,
    normalize: str | None = None,
) -> Array:
    r"""How many samples of each class were predicted to be of each class.

    .. math:: C_{ij} = \sum_n w_n \, [y_n = i] \, [\hat y_n = j]

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        labels: the classes in the order of rows and columns, shape ``(k,)``; samples of other classes are left out. By
            default those that occur, sorted. Under `jax.jit` they have to be given, as a static sequence.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        normalize: ``"true"`` divides by the rows' sums, ``"pred"`` by the columns', ``"all"`` by the total; an empty
            row or column stays zero.

    Returns:
        Shape ``(k, k)``; integers unless weights or normalisation make them real.

    Raises:
        ValueError: if lengths differ, values are not labels, no listed label occurs in ``y_true``, or, under `jax.jit`,
            ``labels`` is missing.

    Example:
        >>> confusion_matrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0])
        array([[1, 1],
               [1, 2]])
    """
    check_option("normalize", normalize, (None, "true", "pred", "all"))
    counts = count_pairs(y_true, y_pred, labels, sample_weight, metric="confusion_matrix").inside
    xp = namespace(counts)
    if counts.shape == (1, 1) and not is_traced(counts):
        warnings.warn("confusion_matrix: only one label occurs; pass labels= to list all classes", stacklevel=2)
    if normalize is not None:
        axis = {"true": 1, "pred": 0, "all": None}[normalize]
        counts = divide(xp, counts, xp.sum(counts, axis=axis, keepdims=True), otherwise=0.0)
    return given_back(counts)


class PairCounts(NamedTuple):
    """Weights of the pairs (true class, predicted class); the last row and column are of labels not listed."""

    matrix: Array
    labels: np.ndarray

    @property
    def inside(self) -> Array:
        """The pairs of listed labels, shape ``(k, k)``."""
        return self.matrix[:-1, :-1]


def count_pairs(
    y_true: Array,
    y_pred: Array,
    labels: Any,
    sample_weight: Array | None,
    *,
    metric: str,
    names: tuple[str, str] = ("y_true", "y_pred"),
) -> PairCounts:
    """Check what the caller passed, and count."""
    true, pred = as_label_pair(y_true, y_pred, names)
    weight = as_weights(sample_weight)
    check_lengths(**{names[0]: true, "sample_weight": weight})
    classes = label_set(labels, true, pred, metric=metric)
    true_code = encode(true, classes)
    if labels is not None and not is_traced(true) and (true_code == classes.size).all():
        raise ValueError(f"labels: got {classes.tolist()}, none of which occurs in {names[0]}; list at least one")
    return PairCounts(count_codes(true_code, encode(pred, classes), weight, classes.size + 1), classes)


def count_codes(true_code: Array, pred_code: Array, weight: Array | None, size: int) -> Array:
    """The core: weights of the pairs of codes, shape ``(size, size)``. To resample, `jax.vmap` it over ``weight``."""
    xp = namespace(true_code, pred_code, weight)
    return sum_by_bin(xp, true_code * size + pred_code, weight, size * size).reshape(size, size)
