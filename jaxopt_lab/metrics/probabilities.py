"""Scores of predicted probabilities themselves, not only of their order: Brier score and log loss."""

import warnings
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxopt_lab.metrics._arrays import (
    Array,
    Scalar,
    given_back,
    is_floating,
    is_traced,
    namespace,
    real,
    weighted_mean,
    weighted_sum,
)
from jaxopt_lab.metrics._inputs import as_array, as_score_table, as_scores, as_weights, check_lengths
from jaxopt_lab.metrics._labels import as_labels, check_two_classes, classes_of, encode, label_set, positives


def brier_score_loss(
    y_true: Array,
    y_proba: Array,
    *,
    sample_weight: Array | None = None,
    pos_label: Any = None,
    labels: Any = None,
    scale_by_half: bool | str = "auto",
) -> Scalar:
    r"""The mean squared distance of predicted probabilities from what happened.

    .. math::
        \frac{1}{\sum_n w_n} \sum_n w_n \sum_k ([y_n = k] - p_{nk})^2, \qquad
        \text{of two classes} \quad \frac{1}{\sum_n w_n} \sum_n w_n \, ([y_n = 1] - p_n)^2

    Args:
        y_true: true labels, shape ``(n,)``.
        y_proba: probability of the positive class, shape ``(n,)``, or of each class, shape ``(n, k)``.
        sample_weight: shape ``(n,)``.
        pos_label: the positive class, if ``y_proba`` is a vector; by default 1 if the labels are of {0, 1} or {-1, 1},
            else the larger number.
        labels: the classes in the order of the columns, shape ``(k,)``; by default those that occur. If ``y_proba`` has
            columns they have to be given under `jax.jit`, as a static sequence.
        scale_by_half: halve the sum over classes; ``"auto"`` does so for two, and the score is from 0 to 1.

    Returns:
        A number. Under `jax.jit`, NaN if a label is none of ``labels``.

    Raises:
        ValueError: if lengths differ, probabilities are not from 0 to 1, or the classes don't fit.

    Example:
        >>> brier_score_loss([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3])
        0.0375

    Reference:
        Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78, 1950.
    """
    if scale_by_half not in (True, False, "auto"):
        raise ValueError(f"scale_by_half: got {scale_by_half!r}; pass True, False or 'auto'")
    true, weight = as_labels(y_true, "y_true"), as_weights(sample_weight)
    proba = as_array(y_proba, "y_proba")
    if proba.ndim == 1 or proba.shape[1] == 1:
        proba = probabilities(as_scores(proba, "y_proba"))
        check_lengths(y_true=true, y_proba=proba, sample_weight=weight)
        check_two_classes(true)
        happened = positives(true, _positive_class(true, pos_label))
        xp = namespace(happened, proba, weight)
        half = weighted_mean(xp, (happened - real(xp, proba)) ** 2, weight)
        return given_back(half if scale_by_half else 2 * half)
    happened, proba = _indicators(true, proba, labels, weight, metric="brier_score_loss")
    xp = namespace(happened, proba, weight)
    score = weighted_mean(xp, xp.sum((happened - real(xp, proba)) ** 2, axis=1), weight)
    halve = proba.shape[1] < 3 if scale_by_half == "auto" else scale_by_half
    return given_back(score / 2 if halve else score)


def log_loss(
    y_true: Array,
    y_proba: Array,
    *,
    normalize: bool = True,
    sample_weight: Array | None = None,
    labels: Any = None,
) -> Scalar:
    r"""Minus the logarithm of the probability given to what happened; also cross-entropy.

    .. math:: -\frac{1}{\sum_n w_n} \sum_n w_n \log p_{n, y_n}

    Probabilities are kept away from 0 and 1 by the machine epsilon of their dtype.

    Args:
        y_true: true labels, shape ``(n,)``.
        y_proba: probability of each class, shape ``(n, k)``, or of the larger label of two, shape ``(n,)``.
        normalize: False gives the weighted sum, not the mean.
        sample_weight: shape ``(n,)``.
        labels: the classes in the order of the columns, sorted, shape ``(k,)``; by default those that occur. Under
            `jax.jit` they have to be given, as a static sequence, unless ``y_proba`` is a vector: then 1 is positive.

    Returns:
        A number. Under `jax.jit`, NaN if a label is none of ``labels``.

    Raises:
        ValueError: if lengths differ, probabilities are not from 0 to 1, or the classes don't fit.

    Example:
        >>> round(log_loss([0, 1, 1], [0.1, 0.9, 0.8]), 4)
        0.1446

    Reference:
        Good, "Rational decisions", Journal of the Royal Statistical Society B 14, 1952.
    """
    true, weight = as_labels(y_true, "y_true"), as_weights(sample_weight)
    proba = as_array(y_proba, "y_proba")
    vector = proba.ndim == 1 or proba.shape[1] == 1
    if vector:
        proba = _two_columns(probabilities(as_scores(proba, "y_proba")))
    if vector and labels is None and is_traced(true):
        check_lengths(y_true=true, y_proba=proba, sample_weight=weight)
        happened = _two_columns(true == 1)
    else:
        happened, proba = _indicators(true, proba, labels, weight, metric="log_loss")
    xp = namespace(happened, proba, weight)
    # The epsilon is that of the dtype the probabilities came in: they know no better.
    epsilon = float(jnp.finfo(proba.dtype).eps)
    chosen = xp.sum(happened * real(xp, xp.clip(proba, epsilon, 1 - epsilon)), axis=1)
    return given_back((weighted_mean if normalize else weighted_sum)(xp, -xp.log(chosen), weight))


def probabilities(values: Array, name: str = "y_proba") -> Array:
    """The values as real numbers, which, as far as they can be seen, are from 0 to 1."""
    if not is_traced(values) and (values.min() < 0 or values.max() > 1):
        raise ValueError(f"{name}: got values from {values.min()} to {values.max()}; pass probabilities, from 0 to 1")
    return values if is_floating(values) else real(namespace(values), values)


def _indicators(true: Array, proba: Array, labels: Any, weight: Array | None, *, metric: str) -> tuple[Array, Array]:
    """What happened as columns of zeros and ones (NaN for a traced label not listed), and checked probabilities."""
    proba = probabilities(as_score_table(proba, "y_proba"))
    check_lengths(y_true=true, y_proba=proba, sample_weight=weight)
    classes = np.unique(label_set(labels, true, metric=metric))
    if labels is not None and classes.tolist() != list(labels):
        warnings.warn(f"labels: columns of y_proba are taken to be in sorted order, {classes.tolist()}", stacklevel=3)
    if classes.size < 2:
        raise ValueError(f"labels: got {classes.tolist()} only; pass labels= with all classes, at least two")
    if classes.size != proba.shape[1]:
        raise ValueError(
            f"y_proba: got {proba.shape[1]} columns for {classes.size} classes; pass labels= or more columns"
        )
    code = encode(true, classes)
    if not is_traced(true) and (code == classes.size).any():
        raise ValueError(f"labels: y_true also has {np.setdiff1d(true, classes).tolist()}; list all classes")
    if not is_traced(proba):
        _warn_unless_normalised(proba)
    xp = namespace(code)
    happened = real(xp, code[:, None] == np.arange(classes.size))
    return (happened if xp is np else jnp.where(code[:, None] == classes.size, np.nan, happened)), proba


def _warn_unless_normalised(proba: np.ndarray) -> None:
    tolerance = float(jnp.finfo(proba.dtype).eps) ** 0.5
    if (abs(proba.sum(axis=1) - 1) > tolerance).any():
        warnings.warn("y_proba: rows do not sum to 1; pass the probability of each class", stacklevel=4)


def _two_columns(second: Array) -> Array:
    xp = namespace(second)
    second = second if is_floating(second) else real(xp, second)
    return xp.stack([1 - second, second], axis=1)


def _positive_class(true: Array, pos_label: Any) -> Any:
    """The class given, or the obvious one, or the larger number."""
    if pos_label is not None or is_traced(true):
        return pos_label
    present = classes_of(true)
    if present.dtype.kind == "U" or present.tolist() in ([0, 1], [-1, 1], [0], [-1], [1]):
        return None
    return present[-1]
