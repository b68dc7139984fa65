"""What a test result means for a patient: predictive values at the prevalence that there is, not that of the sample."""

from functools import partial
from typing import Any, NamedTuple

from jaxopt_lab.metrics._arrays import Array, divide, is_traced, namespace, real
from jaxopt_lab.metrics._inputs import as_array
from jaxopt_lab.metrics.intervals import Estimate, as_given, wilson


class Diagnosis(NamedTuple):
    """What `diagnostic_table` gives, each with its interval.

    Attributes:
        sensitivity: the share of the ill that are called positive.
        specificity: the share of the healthy that are called negative.
        ppv: the share of those called positive that are ill.
        npv: the share of those called negative that are healthy.
        positive_likelihood_ratio: by how much a positive call multiplies the odds of being ill.
        negative_likelihood_ratio: by how much a negative call does.
    """

    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate
    positive_likelihood_ratio: Estimate
    negative_likelihood_ratio: Estimate


def diagnostic_table(
    tn: Array, fp: Array, fn: Array, tp: Array, *, prevalence: Any = None, confidence: float = 0.95
) -> Diagnosis:
    r"""Sensitivity, specificity, predictive values and likelihood ratios, each with an interval.

    .. math::
        LR_+ = \frac{\text{sens}}{1 - \text{spec}}, \quad LR_- = \frac{1 - \text{sens}}{\text{spec}}, \quad
        \text{PPV} = \frac{\pi \, LR_+}{\pi \, LR_+ + 1 - \pi}, \quad
        \text{NPV} = \frac{1 - \pi}{\pi \, LR_- + 1 - \pi}

    Samples are often collected with many more ill people than there are: sensitivity, specificity and likelihood ratios
    don't mind, predictive values do, and have to be taken at the prevalence :math:`\pi` where the test is used.

    Sensitivity and specificity have Wilson intervals. Those of the likelihood ratios are recovered from them
    (MOVER-R), so that a count of zero leaves them an end, and Bayes' rule carries these ends over to the predictive
    values, :math:`\pi` being taken as known. At the sample's own prevalence the predictive values are proportions and
    have Wilson intervals.

    Args:
        tn: true negatives, in scikit-learn's order of ``confusion_matrix(...).ravel()``; any shape, such as one entry
            for each threshold of `confusion_at_thresholds`.
        fp: false positives.
        fn: false negatives.
        tp: true positives.
        prevalence: :math:`\pi`, the share of the ill where the test is used, between 0 and 1; by default that of the
            sample.
        confidence: of the intervals.

    Returns:
        The six estimates, NaN where there is nothing to share.

    Raises:
        ValueError: if a count is negative, or ``prevalence`` or ``confidence`` is not between 0 and 1.

    Example:
        >>> table = diagnostic_table(284, 1, 7, 8, prevalence=0.01)
        >>> table.sensitivity
        Estimate(value=0.5333, lower=0.3012, upper=0.7519)
        >>> round(table.ppv.value, 3), round(table.npv.value, 3)
        (0.606, 0.995)

    Reference:
        Altman and Bland, "Diagnostic tests 2: predictive values", BMJ 309, 1994; Donner and Zou, Statistical Methods in
        Medical Research 21, 2012 (MOVER-R).
    """
    counts = [as_array(each, name) for name, each in (("tn", tn), ("fp", fp), ("fn", fn), ("tp", tp))]
    if not is_traced(*counts) and any((each < 0).any() for each in counts):
        raise ValueError("tn, fp, fn, tp: got a negative count; pass numbers of samples")
    xp = namespace(*counts, prevalence)
    tn, fp, fn, tp = counts
    share = partial(wilson, confidence=confidence)
    sensitivity, missed = share(tp, tp + fn), share(fn, tp + fn)
    specificity, false_alarms = share(tn, tn + fp), share(fp, tn + fp)
    plus, minus = _ratio(xp, sensitivity, false_alarms), _ratio(xp, missed, specificity)
    if prevalence is None:
        ppv, npv = share(tp, tp + fp), share(tn, tn + fn)
    else:
        odds = _odds(xp, prevalence)
        ppv = Estimate(*(_probability(xp, odds * each) for each in plus))
        ill = Estimate(*(_probability(xp, odds * each) for each in minus))
        npv = Estimate(1 - ill.value, 1 - ill.upper, 1 - ill.lower)
    groups = (sensitivity, specificity, ppv, npv, plus, minus)
    return Diagnosis(*(Estimate(*(as_given(xp.asarray(each)) for each in group)) for group in groups))


def _odds(xp: Any, prevalence: Any) -> Array:
    share = real(xp, as_array(prevalence, "prevalence"))
    if not is_traced(share) and not ((share > 0) & (share < 1)).all():
        raise ValueError(f"prevalence: got {prevalence!r}; pass a share between 0 and 1, such as 0.02")
    return share / (1 - share)


def _probability(xp: Any, odds: Array) -> Array:
    """Of odds from zero to infinity."""
    return xp.where(odds == xp.inf, 1.0, odds / (1 + xp.where(odds == xp.inf, 0.0, odds)))


def _ratio(xp: Any, top: Estimate, bottom: Estimate) -> Estimate:
    """Of two independent proportions, whose intervals say how uncertain the ratio is."""
    (p, p_low, p_high), (q, q_low, q_high) = ([real(xp, each) for each in share] for share in (top, bottom))
    square = (p * q) ** 2
    lower_bottom, upper_bottom = q_high * (2 * q - q_high), q_low * (2 * q - q_low)
    lower_root = _root(xp, square - p_low * (2 * p - p_low) * lower_bottom)
    upper_root = _root(xp, square - p_high * (2 * p - p_high) * upper_bottom)
    lower = divide(xp, p * q - lower_root, lower_bottom)
    upper = divide(xp, p * q + upper_root, upper_bottom, xp.inf)
    value = divide(xp, p, q, xp.where(p > 0, xp.inf, xp.nan))
    lower = xp.maximum(lower, 0.0)
    defined = ~(xp.isnan(p) | xp.isnan(q))
    return Estimate(*(xp.where(defined, each, xp.nan) for each in (value, lower, upper)))


def _root(xp: Any, square: Array) -> Array:
    """The square root of what only rounding can make negative."""
    return xp.sqrt(xp.maximum(square, 0.0))
