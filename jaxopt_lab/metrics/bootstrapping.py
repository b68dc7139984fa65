"""The bootstrap: how much a metric would vary on other samples of the same kind."""

from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.metrics._arrays import Array
from jaxopt_lab.metrics._inputs import as_array, check_lengths, check_option
from jaxopt_lab.metrics._labels import as_labels
from jaxopt_lab.metrics._resampling import Prepared, difference, draw, prepare, stacked
from jaxopt_lab.metrics.intervals import as_given, check_confidence

_NORMAL = NormalDist()


class Bootstrap(NamedTuple):
    """What `bootstrap` gives: numbers, or arrays of the metric's shape where it has one.

    Attributes:
        value: the metric of the sample, or the first classifier's minus the second's.
        lower: where its interval begins.
        upper: where it ends.
        standard_error: the standard deviation over the resamples.
        undefined: of how many resamples the metric is undefined; the interval is that of the others.
        replicates: the metric of each resample, shape ``(resamples, ...)``, NaN where undefined.
    """

    value: Array
    lower: Array
    upper: Array
    standard_error: Array
    undefined: Array
    replicates: np.ndarray


def bootstrap(
    metric: Callable[..., Any],
    y_true: Array,
    y_pred: Array,
    versus: Array | None = None,
    *,
    resamples: int = 2000,
    stratified: bool = False,
    method: str = "bca",
    confidence: float = 0.95,
    seed: int = 0,
) -> Bootstrap:
    r"""A confidence interval of any metric, from thousands of resamples at once.

    A resample draws as many rows as there are, with replacement: it is a vector of whole numbers, how often each row
    came up, and the metric takes it as ``sample_weight``. Of predicted labels only the cells of equal rows are drawn,
    multinomially: the same distribution, for any number of rows. For ROC AUC and average precision of two classes the
    scores are sorted once for all resamples.

    The percentile interval lies between quantiles of the replicates. BCa takes quantiles at

    .. math::
        \Phi\left(z_0 + \frac{z_0 + z_\alpha}{1 - a (z_0 + z_\alpha)}\right), \qquad
        z_0 = \Phi^{-1}\left(P(\theta^* < \hat\theta) + \tfrac12 P(\theta^* = \hat\theta)\right), \qquad
        a = \frac{\sum_i u_i^3}{6 \left(\sum_i u_i^2\right)^{3/2}}

    which corrects for bias and for an error that grows with the value; :math:`u_i` is the derivative of the metric by
    the weight of row :math:`i`, from `jax.grad`, centred within each class if ``stratified``.

    Args:
        metric: any of these metrics, or a function of true labels, predictions and ``sample_weight=`` that JAX can
            trace with respect to the weights. `functools.partial` gives it options. It returns a number, several, or
            an array of fixed shape.
        y_true: true labels, shape ``(n,)``.
        y_pred: whatever the metric takes: labels, scores or probabilities, shape ``(n, ...)``.
        versus: the predictions of a second classifier for the same rows. The result is then about the difference, both
            measured on the same resamples.
        resamples: how many; 2,000 fix the ends of a 95% interval to about a twentieth of its length.
        stratified: let each class keep its size, as where the sizes were chosen and not observed.
        method: ``"bca"`` or ``"percentile"``.
        confidence: of the interval, between 0 and 1.
        seed: of the draws. The same seed gives the same numbers.

    Returns:
        Value, interval, standard error, and the replicates. A resample of which the metric is undefined (0/0, one class
        only) is counted in ``undefined`` and left out. Where the metric of the sample itself is undefined, or of every
        resample, the interval is NaN.

    Raises:
        ValueError: if lengths differ, an option is out of range, the metric's shape depends on the sample, or the
            metric itself refuses.

    Example:
        >>> from jaxopt_lab.metrics import roc_auc_score
        >>> truth = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
        >>> scores = [0.1, 0.2, 0.3, 0.35, 0.5, 0.6, 0.4, 0.55, 0.8, 0.9]
        >>> result = bootstrap(roc_auc_score, truth, scores, stratified=True, method="percentile")
        >>> round(result.value, 3), round(result.lower, 2), round(result.upper, 2), result.undefined
        (0.875, 0.58, 1.0, 0)

    Reference:
        Efron, "Better bootstrap confidence intervals", Journal of the American Statistical Association 82, 1987.
    """
    check_option("method", method, ("bca", "percentile"))
    check_confidence(confidence)
    if resamples < 2:
        raise ValueError(f"resamples: got {resamples}; draw at least 2")
    if seed < 0:
        raise ValueError(f"seed: got {seed}; pass 0 or more")
    true = as_labels(y_true, "y_true")
    predictions = [_predictions(y_pred, "y_pred")] + ([] if versus is None else [_predictions(versus, "versus")])
    check_lengths(y_true=true, **dict(zip(("y_pred", "versus"), predictions, strict=False)))
    value = difference([stacked(metric(true, each)) for each in predictions])
    prepared = prepare(metric, true, tuple(predictions))
    itself, replicates = draw(prepared, resamples, seed, stratified=stratified)
    if replicates.shape[1:] != value.shape:
        raise ValueError(
            f"metric: its shape is {value.shape} on the sample and {replicates.shape[1:]} on resamples; pass one that "
            "returns a number, or one for each class"
        )
    return _summary(value, replicates, _quantiles(prepared, itself, replicates, method, confidence, stratified))


def _predictions(values: Array, name: str) -> np.ndarray:
    array = as_array(values, name)
    return as_labels(array, name) if array.dtype.kind in "OSU" else array


def _summary(value: np.ndarray, replicates: np.ndarray, levels: np.ndarray) -> Bootstrap:
    """Ends at the levels, shape ``(2, ...)``, of the replicates that are defined."""
    shape, columns = value.shape, replicates.reshape(len(replicates), -1).T
    defined = [column[~np.isnan(column)] for column in columns]
    ends = [
        np.quantile(column, level) if column.size and not np.isnan(level).any() else np.full(2, np.nan)
        for column, level in zip(defined, levels.reshape(2, -1).T, strict=True)
    ]
    errors = [column.std(ddof=1) if column.size > 1 else np.nan for column in defined]
    lower, upper = (as_given(end.reshape(shape)) for end in np.array(ends).T)
    undefined = np.array([len(replicates) - column.size for column in defined]).reshape(shape)
    return Bootstrap(
        value=as_given(value),
        lower=lower,
        upper=upper,
        standard_error=as_given(np.array(errors).reshape(shape)),
        undefined=undefined if shape else int(undefined),
        replicates=replicates,
    )


def _quantiles(
    prepared: Prepared, itself: np.ndarray, replicates: np.ndarray, method: str, confidence: float, stratified: bool
) -> np.ndarray:
    """At which levels of the replicates an interval ends, shape ``(2, ...)``; NaN where nothing is known."""
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    known = np.where(np.isnan(itself), np.nan, 1.0)
    if method == "percentile":
        return np.multiply.outer(tails, known)
    slopes = prepared.slopes(prepared.copies.astype(float)).reshape(-1, prepared.copies.size)
    groups = prepared.sizes if stratified else (prepared.copies.size,)
    accelerations = np.array([_acceleration(each, prepared.copies, groups) for each in slopes])
    biases = _biases(replicates, itself).reshape(-1)
    levels = [[_corrected(tail, *each) for each in zip(biases, accelerations, strict=True)] for tail in tails]
    return np.array(levels).reshape(2, *itself.shape) * known


def _acceleration(slopes: np.ndarray, copies: np.ndarray, groups: tuple[int, ...]) -> float:
    """How fast the standard error grows with the value: a sixth of the skewness of the rows' influence."""
    edges = np.cumsum(groups)[:-1]
    parts = zip(np.split(slopes, edges), np.split(copies, edges), strict=True)
    centred = np.concatenate([part - np.average(part, weights=weight) for part, weight in parts])
    spread = (copies * centred**2).sum()
    return float((copies * centred**3).sum() / (6 * spread**1.5)) if spread > 0 else 0.0


def _biases(replicates: np.ndarray, itself: np.ndarray) -> np.ndarray:
    """The normal deviate of how many replicates are below the value; equal ones count half."""
    apart = replicates - itself
    same = abs(apart) <= 1e-12 * np.maximum(abs(itself), 1)  # equal but for rounding
    defined = (~np.isnan(apart)).sum(axis=0)
    below = ((apart < 0) & ~same).sum(axis=0) + same.sum(axis=0) / 2
    # None of B below is taken as half of one, so that the deviate is finite.
    share = np.clip(below, 0.5, np.maximum(defined, 1) - 0.5) / np.maximum(defined, 1)
    return np.vectorize(_NORMAL.inv_cdf, otypes=[float])(share)


def _corrected(tail: float, bias: float, acceleration: float) -> float:
    reach = bias + _NORMAL.inv_cdf(tail)
    return _NORMAL.cdf(bias + reach / (1 - acceleration * reach))
