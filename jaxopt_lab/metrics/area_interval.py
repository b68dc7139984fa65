"""The uncertainty of the area under the ROC curve in closed form, and whether two areas differ."""

from math import erfc, exp, nan, sqrt
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.metrics._inputs import as_scores, check_lengths
from jaxopt_lab.metrics._labels import as_labels, check_two_classes, classes_of
from jaxopt_lab.metrics.intervals import critical_value


class DeLong(NamedTuple):
    """An area under the ROC curve, or the difference of two, by `delong`; all are numbers.

    Attributes:
        value: the area, or the first area minus the second.
        lower: where its interval begins.
        upper: where it ends.
        standard_error: the square root of the variance.
        p_value: of a two-sided test: of the area against one half, or of the difference against zero.
    """

    value: float
    lower: float
    upper: float
    standard_error: float
    p_value: float


def delong(y_true: Any, y_score: Any, versus: Any = None, *, confidence: float = 0.95) -> DeLong:
    r"""The area under the ROC curve with its standard error, or the paired difference of two areas.

    .. math::
        \text{Var}(\widehat{\text{AUC}}) = \frac{S_{10}}{P} + \frac{S_{01}}{N}, \qquad
        V_{10}(i) = \frac{1}{N} \sum_j \psi(s_i, s_j), \quad V_{01}(j) = \frac{1}{P} \sum_i \psi(s_i, s_j)

    where :math:`\psi` is 1 if the positive :math:`i` scores higher than the negative :math:`j`, 1/2 if they tie, else
    0, and :math:`S` are the variances of these placements over positives and over negatives. Computed from ranks, so a
    million samples take as long as sorting them. For a difference the placements are those of one classifier minus
    those of the other, sample by sample.

    The interval of an area is symmetric on the scale of :math:`\log(A / (1 - A))`, where an area near 1 is nearer to
    normal: it stays inside [0, 1], and with few positives covers better than value ± z standard errors. That of a
    difference is value ± z standard errors, cut at -1 and 1.

    Args:
        y_true: labels of two classes, shape ``(n,)``; the larger one is positive.
        y_score: the higher, the likelier positive, shape ``(n,)``.
        versus: the scores of a second classifier for the same samples, shape ``(n,)``.
        confidence: of the interval.

    Returns:
        The estimate. A p-value is NaN where the standard error is zero.

    Raises:
        ValueError: if lengths differ, scores are not finite, or one of the two classes has fewer than two samples.

    Example:
        >>> result = delong([0, 0, 0, 1, 1, 1], [0.1, 0.4, 0.35, 0.8, 0.7, 0.3])
        >>> round(result.value, 3), round(result.standard_error, 3)
        (0.778, 0.248)

    Reference:
        DeLong, DeLong, Clarke-Pearson, Biometrics 44, 1988; Sun and Xu, IEEE Signal Processing Letters 21, 2014 (by
        ranks); Pepe, *The Statistical Evaluation of Medical Tests*, 2003, section 5.2 (log-odds).
    """
    z = critical_value(confidence)
    true = as_labels(y_true, "y_true")
    scores = [as_scores(y_score)] if versus is None else [as_scores(y_score), as_scores(versus, "versus")]
    check_lengths(y_true=true, **dict(zip(("y_score", "versus"), scores, strict=False)))
    check_two_classes(true)
    positive = true == classes_of(true)[-1]
    counts = int(positive.sum()), int((~positive).sum())
    if min(counts) < 2:
        raise ValueError(f"y_true: got {counts[0]} positives and {counts[1]} negatives; a variance takes two of each")
    of_positives, of_negatives = (
        each[0] if versus is None else each[0] - each[1]
        for each in zip(*(_placements(one[positive], one[~positive]) for one in scores), strict=True)
    )
    value = float(of_positives.mean())
    error = sqrt(of_positives.var(ddof=1) / counts[0] + of_negatives.var(ddof=1) / counts[1])
    if versus is None:
        chance, (lower, upper) = 0.5, _on_log_odds(value, z * error)
    else:
        chance, lower, upper = 0.0, max(value - z * error, -1.0), min(value + z * error, 1.0)
    return DeLong(
        value=value,
        lower=lower,
        upper=upper,
        standard_error=error,
        p_value=erfc(abs(value - chance) / error / sqrt(2)) if error else nan,
    )


def _on_log_odds(value: float, reach: float) -> tuple[float, float]:
    """The ends of an interval of this reach to either side, moved to the log-odds by their slope."""
    if value in (0.0, 1.0):
        return value, value
    odds, factor = value / (1 - value), exp(reach / (value * (1 - value)))
    return odds / factor / (1 + odds / factor), 1 / (1 + 1 / (odds * factor))


def _placements(positives: np.ndarray, negatives: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each positive the share of negatives below it, of each negative the share of positives above; ties half."""
    return _share_below(positives, negatives), 1 - _share_below(negatives, positives)


def _share_below(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    others = np.sort(others)
    below, up_to = (np.searchsorted(others, scores, side=side) for side in ("left", "right"))
    return (below + up_to) / (2 * others.size)
