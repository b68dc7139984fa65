"""What a network learns from: training rows with wrong labels, left-out rows and class weights, all of fixed shape.

Every one of these is a number that may be traced, so that one compiled program serves a whole sweep of them.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxopt_lab.problems.checks import fraction
from jaxopt_lab.problems.splits import Dataset

# The wrong labels are drawn once for all, so that more noise adds wrong labels and moves none.
_NOISE_SEED = 0


class TrainingSet(NamedTuple):
    """The training rows as they are optimised.

    Attributes:
        features: shape ``(rows, features)``.
        labels: the classes that are learnt, some of them wrong, shape ``(rows,)``.
        in_use: which rows are learnt from, shape ``(rows,)``.
        num_used: how many these are; they are the first ones.
        weights: each row's share in the mean that is the loss, shape ``(rows,)``: sum 1, and 0 for rows not in use.
    """

    features: Any
    labels: jax.Array
    in_use: jax.Array
    num_used: jax.Array
    weights: jax.Array


def training_set(
    data: Dataset, *, label_noise: Any, train_fraction: Any, class_weight: Any, sample_weight: Any = None
) -> TrainingSet:
    r"""The training rows of a data set, with some labels wrong, some rows left out, and classes and rows weighted.

    .. math::
        w_i = \frac{s_i \, c_{y_i} \, [i < m]}{\sum_{j < m} s_j \, c_{y_j}}, \qquad m = \text{train\_fraction} \cdot n

    Args:
        data: the data set.
        label_noise: the share of rows whose label is replaced by another class, drawn evenly.
        train_fraction: the share of rows in use.
        class_weight: the weight :math:`c` of each class, shape ``(classes,)``; None: all equal; ``"balanced"``: the
            inverse of the class's share, by weight, among the rows in use, as scikit-learn has it.
        sample_weight: the weight :math:`s` of each row, shape ``(rows,)``; None: all equal.

    Raises:
        ValueError: for shares outside ``[0, 1]``, no training rows at all, or weights of rows that don't fit them, are
            negative, not finite or all zero.
    """
    fraction("label_noise", label_noise)
    fraction("train_fraction", train_fraction)
    rows = data.train.features.shape[0]
    if not rows:
        raise ValueError("data: its training split has no rows")
    classes = len(data.class_names)
    num_used = jnp.clip(jnp.round(jnp.asarray(train_fraction, float) * rows), 1, rows).astype(int)
    in_use = np.arange(rows) < num_used
    labels = noisy_labels(data.train.labels, label_noise, classes)
    of_row = in_use if sample_weight is None else jnp.where(in_use, _row_weights(sample_weight, rows), 0.0)
    weights = of_row * _class_weights(class_weight, labels, of_row, classes)[labels]
    return TrainingSet(data.train.features, labels, in_use, num_used, weights / jnp.sum(weights))


def noisy_labels(labels: Any, noise: Any, classes: int) -> jax.Array:
    """The labels, of which the given share, rounded to whole rows, is replaced by another class.

    Which rows are hit, in which order, and what each becomes is fixed: with more noise more rows are hit, and those
    hit before stay as they were.

    Args:
        labels: shape ``(rows,)``.
        noise: the share; it may be traced.
        classes: how many classes there are.

    Example:
        >>> int((noisy_labels(np.zeros(10, int), 0.3, classes=4) != 0).sum())
        3
    """
    draws = np.random.default_rng(_NOISE_SEED)
    order = draws.permutation(labels.shape[0])
    shift = draws.integers(1, classes, labels.shape[0])
    threshold = (order + 0.5) / labels.shape[0]
    return jnp.where(threshold < noise, (labels + shift) % classes, labels).astype(np.int32)


def _row_weights(sample_weight: Any, rows: int) -> jax.Array:
    weights = sample_weight if isinstance(sample_weight, Tracer) else np.asarray(sample_weight, float)
    if weights.shape != (rows,):
        raise ValueError(f"sample_weight: got shape {weights.shape}; pass one number for each of the {rows} rows")
    if isinstance(weights, np.ndarray) and not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ValueError(
            "sample_weight: a weight is negative or not finite, or none is above 0; pass 0 for rows to leave out"
        )
    return jnp.asarray(weights, float)


def _class_weights(class_weight: Any, labels: jax.Array, of_row: jax.Array, classes: int) -> jax.Array:
    if class_weight is None:
        return jnp.ones(classes)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(f'class_weight: got {class_weight!r}; pass one number a class, "balanced" or None')
        total = jnp.zeros(classes).at[labels].add(of_row)
        # A class that no row in use has gets a weight that no row uses, instead of an infinity.
        return jnp.sum(of_row) / (classes * jnp.where(total > 0, total, 1.0))
    weights = jnp.asarray(class_weight, float)
    if weights.shape != (classes,):
        raise ValueError(f"class_weight: got shape {weights.shape}; pass one number for each of the {classes} classes")
    return weights
