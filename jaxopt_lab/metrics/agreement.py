"""How well predicted labels agree with true ones, all classes together."""

import warnings
from typing import Any

import numpy as np

from jaxopt_lab.metrics._arrays import (
    Array,
    Scalar,
    diagonal,
    divide,
    given_back,
    is_traced,
    namespace,
    real,
    weighted_mean,
    weighted_sum,
)
from jaxopt_lab.metrics._inputs import as_weights, check_lengths, check_option, warn_undefined
from jaxopt_lab.metrics._labels import as_label_pair
from jaxopt_lab.metrics._tally import tally_of_matrix
from jaxopt_lab.metrics.confusion import count_pairs


def accuracy_score(
    y_true: Array, y_pred: Array, *, normalize: bool = True, sample_weight: Array | None = None
) -> Scalar:
    r"""The share of samples whose label is predicted.

    .. math:: \text{accuracy} = \frac{\sum_n w_n \, [y_n = \hat y_n]}{\sum_n w_n}

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        normalize: False gives the sum of the weights of the samples predicted, not their share.
        sample_weight: shape ``(n,)``; integers are summed exactly.

    Returns:
        A number.

    Raises:
        ValueError: if lengths differ or values are not labels.

    Example:
        >>> accuracy_score([0, 1, 2, 3], [0, 2, 1, 3])
        0.5
    """
    true, pred = as_label_pair(y_true, y_pred)
    weight = as_weights(sample_weight)
    check_lengths(y_true=true, sample_weight=weight)
    xp = namespace(true, pred, weight)
    right = true == pred
    return given_back((weighted_mean if normalize else weighted_sum)(xp, right, weight))


def balanced_accuracy_score(
    y_true: Array,
    y_pred: Array,
    *,
    sample_weight: Array | None = None,
    adjusted: bool = False,
    labels: Any = None,
) -> Scalar:
    r"""The mean of the recalls of the classes that have true samples.

    .. math:: \frac{1}{K} \sum_{k=1}^K \frac{C_{kk}}{\sum_j C_{kj}}

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        adjusted: rescale, so that a constant or random guess scores 0 and perfection 1.
        labels: all classes, shape ``(k,)``: beyond scikit-learn's arguments, since under `jax.jit` they have to be
            given, as a static sequence.

    Returns:
        A number.

    Raises:
        ValueError: if lengths differ, values are not labels, or, under `jax.jit`, ``labels`` is missing.

    Example:
        >>> balanced_accuracy_score([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0])
        0.625

    Reference:
        Brodersen, Ong, Stephan, Buhmann, "The balanced accuracy and its posterior distribution", ICPR 2010.
    """
    counts = count_pairs(y_true, y_pred, labels, sample_weight, metric="balanced_accuracy_score").inside
    xp = namespace(counts)
    support = xp.sum(counts, axis=1)
    there = support > 0
    if not is_traced(counts) and not there.all():
        warnings.warn("balanced_accuracy_score: y_pred has classes that y_true has not; left out", stacklevel=2)
    classes = xp.sum(there)
    score = divide(xp, xp.sum(divide(xp, diagonal(xp, counts), support, 0.0)), classes)
    if adjusted:
        chance = divide(xp, xp.ones(()), classes)
        score = divide(xp, score - chance, 1 - chance)
    return given_back(score)


def matthews_corrcoef(
    y_true: Array, y_pred: Array, *, sample_weight: Array | None = None, labels: Any = None
) -> Scalar:
    r"""The correlation of true and predicted classes.

    .. math::
        \frac{\sum_k (TP_k TN_k - FP_k FN_k)}
        {\sqrt{\sum_k t_k (n - t_k)} \sqrt{\sum_k p_k (n - p_k)}}

    where :math:`t_k` samples are of class :math:`k` and :math:`p_k` are predicted to be. Of two classes it is Pearson's
    correlation of the indicators. Where only one class occurs, or only one is predicted, it is 0, as in scikit-learn.

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        labels: all classes, shape ``(k,)``: beyond scikit-learn's arguments, since under `jax.jit` they have to be
            given, as a static sequence.

    Returns:
        A number from -1 to 1.

    Raises:
        ValueError: if lengths differ, values are not labels, or, under `jax.jit`, ``labels`` is missing.

    Example:
        >>> round(matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 1]), 3)
        -0.333

    Reference:
        Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", 2004.
    """
    counts = count_pairs(y_true, y_pred, labels, sample_weight, metric="matthews_corrcoef").inside
    xp = namespace(counts)
    # Sums of products of non-negative terms where the textbook has differences of squares: no digits cancel.
    tally = tally_of_matrix(real(xp, counts))
    right_negatives = tally.negatives - tally.false_alarms
    covariance = xp.sum(tally.hits * right_negatives - tally.false_alarms * tally.misses)
    spread_true = xp.sum(tally.positives * tally.negatives)
    spread_pred = xp.sum(tally.predicted * (right_negatives + tally.misses))
    return given_back(divide(xp, covariance, xp.sqrt(spread_true) * xp.sqrt(spread_pred), 0.0))


def cohen_kappa_score(
    y1: Array,
    y2: Array,
    *,
    labels: Any = None,
    weights: str | None = None,
    sample_weight: Array | None = None,
    replace_undefined_by: Any = np.nan,
) -> Scalar:
    r"""Agreement of two raters beyond what their class frequencies alone would give.

    .. math:: \kappa = 1 - \frac{\sum_{ij} d_{ij} C_{ij}}{\sum_{ij} d_{ij} C_{i\cdot} C_{\cdot j} / n}

    Args:
        y1: labels by one rater, shape ``(n,)``.
        y2: labels by the other, shape ``(n,)``.
        labels: the classes in their order, shape ``(k,)``; by default those that occur, sorted. Under `jax.jit` they
            have to be given, as a static sequence.
        weights: the disagreement :math:`d_{ij}`: None for :math:`[i \neq j]`, ``"linear"`` for :math:`|i - j|`,
            ``"quadratic"`` for :math:`(i - j)^2`.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        replace_undefined_by: what the score is where both raters use one and the same class only.

    Returns:
        A number from -1 to 1.

    Raises:
        ValueError: if lengths differ, values are not labels, or, under `jax.jit`, ``labels`` is missing.

    Example:
        >>> round(cohen_kappa_score([0, 1, 0, 1, 1], [0, 1, 1, 1, 1]), 3)
        0.545

    Reference:
        Cohen, "A coefficient of agreement for nominal scales", 1960; "Weighted kappa", 1968.
    """
    check_option("weights", weights, (None, "linear", "quadratic"))
    pairs = count_pairs(y1, y2, labels, sample_weight, metric="cohen_kappa_score", names=("y1", "y2"))
    xp = namespace(pairs.matrix)
    counts = real(xp, pairs.inside)
    place = np.arange(counts.shape[0])
    distance = np.abs(place[:, None] - place)
    disagreement = {None: distance > 0, "linear": distance, "quadratic": distance**2}[weights]
    by_first, by_second = xp.sum(counts, axis=1), xp.sum(counts, axis=0)
    expected = xp.sum(disagreement * by_first[:, None] * divide(xp, by_second, xp.sum(counts), 0.0))
    if xp is np and expected == 0:
        warn_undefined(f"cohen_kappa_score: only one class is used; set to {replace_undefined_by}")
    observed = xp.sum(disagreement * counts)
    return given_back(divide(xp, expected - observed, expected, replace_undefined_by))
