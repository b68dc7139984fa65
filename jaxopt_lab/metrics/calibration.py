"""Whether predicted probabilities are frequencies: the calibration curve and its distance from the diagonal."""

from typing import Any, NamedTuple

import jax
import numpy as np

from jaxopt_lab.metrics._arrays import Array, Scalar, divide, given_back, namespace, real, sum_by_bin
from jaxopt_lab.metrics._inputs import as_scores, as_weights, check_lengths, check_option
from jaxopt_lab.metrics._labels import as_labels, check_two_classes, positives
from jaxopt_lab.metrics.probabilities import probabilities


class CalibrationCurve(NamedTuple):
    """`calibration_curve` under `jax.jit`: one entry per bin, each field of shape ``(n_bins,)``.

    Entries where ``valid`` is true, in order, are scikit-learn's arrays; the bins where it is not hold no sample, and
    are NaN.

    Attributes:
        prob_true: the share of positives in each bin.
        prob_pred: the mean prediction in each bin.
        valid: whether a bin holds a sample.
    """

    prob_true: jax.Array
    prob_pred: jax.Array
    valid: jax.Array


def calibration_curve(
    y_true: Array,
    y_prob: Array,
    *,
    pos_label: Any = None,
    n_bins: int = 5,
    strategy: str = "uniform",
    sample_weight: Array | None = None,
) -> Any:
    r"""How frequent positives are among samples of similar predicted probability, bin by bin.

    .. math::
        \text{prob\_true}_b = \frac{\sum_{n \in b} w_n \, [y_n = 1]}{\sum_{n \in b} w_n}, \qquad
        \text{prob\_pred}_b = \frac{\sum_{n \in b} w_n \, p_n}{\sum_{n \in b} w_n}

    Args:
        y_true: true labels of two classes, shape ``(n,)``.
        y_prob: probability of the positive class, shape ``(n,)``.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        n_bins: number of bins.
        strategy: ``"uniform"`` for bins of equal width, ``"quantile"`` for bins of equally many samples.
        sample_weight: shape ``(n,)``: beyond scikit-learn's arguments, for resampling. Weights don't move the bins.

    Returns:
        ``(prob_true, prob_pred)``, each of shape ``(number of bins with samples,)``; under `jax.jit` a
        `CalibrationCurve` of fixed length.

    Raises:
        ValueError: if lengths differ, probabilities are not from 0 to 1, or the positive class is not obvious.

    Example:
        >>> prob_true, prob_pred = calibration_curve([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.7, 0.8, 0.9], n_bins=2)
        >>> prob_true
        array([0.33333333, 0.66666667])
        >>> prob_pred
        array([0.2, 0.8])

    Reference:
        Niculescu-Mizil and Caruana, "Predicting good probabilities with supervised learning", ICML 2005.
    """
    total, positive, predicted = _bins(y_true, y_prob, pos_label, n_bins, strategy, sample_weight)
    xp = namespace(total, positive, predicted)
    curve = CalibrationCurve(divide(xp, positive, total), divide(xp, predicted, total), total != 0)
    return curve if xp is not np else (curve.prob_true[curve.valid], curve.prob_pred[curve.valid])


def expected_calibration_error(
    y_true: Array,
    y_prob: Array,
    *,
    pos_label: Any = None,
    n_bins: int = 10,
    strategy: str = "uniform",
    sample_weight: Array | None = None,
) -> Scalar:
    r"""The mean distance of the calibration curve from the diagonal, bins weighted by their samples.

    .. math:: \text{ECE} = \sum_b \frac{W_b}{\sum_n w_n} \, |\text{prob\_true}_b - \text{prob\_pred}_b|,
        \qquad W_b = \sum_{n \in b} w_n

    It is not zero for a calibrated classifier on few samples, and depends on the bins: compare only equal ``n_bins``.

    Args:
        y_true: true labels of two classes, shape ``(n,)``.
        y_prob: probability of the positive class, shape ``(n,)``.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        n_bins: number of bins.
        strategy: as in `calibration_curve`.
        sample_weight: shape ``(n,)``. Weights don't move the bins.

    Returns:
        A number from 0 to 1.

    Raises:
        ValueError: as in `calibration_curve`.

    Example:
        >>> round(expected_calibration_error([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.7, 0.8, 0.9], n_bins=2), 4)
        0.1333

    Reference:
        Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
    """
    total, positive, predicted = _bins(y_true, y_prob, pos_label, n_bins, strategy, sample_weight)
    xp = namespace(total, positive, predicted)
    return given_back(divide(xp, xp.sum(abs(positive - predicted)), xp.sum(total)))


def _bins(
    y_true: Array, y_prob: Array, pos_label: Any, n_bins: int, strategy: str, sample_weight: Array | None
) -> tuple[Array, Array, Array]:
    """Sums over each bin, shape ``(n_bins,)``: of weights, of the positives' weights, of weighted probabilities."""
    check_option("strategy", strategy, ("uniform", "quantile"))
    if n_bins < 1:
        raise ValueError(f"n_bins: got {n_bins}; pass at least 1")
    true, weight = as_labels(y_true, "y_true"), as_weights(sample_weight)
    prob = probabilities(as_scores(y_prob, "y_prob"), "y_prob")
    check_lengths(y_true=true, y_prob=prob, sample_weight=weight)
    positive = positives(true, pos_label)
    check_two_classes(true)
    xp = namespace(prob)
    edges = np.linspace(0, 1, n_bins + 1)
    if strategy == "quantile":
        edges = xp.percentile(prob, edges * 100)
    place = xp.searchsorted(xp.asarray(edges[1:-1]), prob)
    xp = namespace(true, prob, weight)
    if weight is None:
        weight = np.ones(prob.shape, int)
    prob = real(xp, prob)
    return tuple(sum_by_bin(xp, place, amount, n_bins) for amount in (weight, weight * positive, weight * prob))
