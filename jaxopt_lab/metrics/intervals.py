"""Intervals of proportions, and what every estimate with an interval has in common."""

from statistics import NormalDist
from typing import NamedTuple

from jaxopt_lab.metrics._arrays import Array, divide, is_traced, namespace, real
from jaxopt_lab.metrics._inputs import as_array


class Estimate(NamedTuple):
    """A value and the ends of its confidence interval, each a number or an array of one shape.

    Attributes:
        value: what was measured.
        lower: the lower end.
        upper: the upper end.
    """

    value: Array
    lower: Array
    upper: Array


def wilson(successes: Array, trials: Array, *, confidence: float = 0.95) -> Estimate:
    r"""The score interval of a proportion: those proportions that a test at this level does not refute.

    .. math::
        \frac{k + z^2/2 \pm z \sqrt{k (n - k) / n + z^2 / 4}}{n + z^2}

    It stays inside [0, 1], has a length where nothing or everything succeeds, and covers about as often as it says for
    ten trials already. Without trials it is all of [0, 1].

    Args:
        successes: :math:`k`, whole numbers, any shape.
        trials: :math:`n`, at least as many, of a shape that fits.
        confidence: how often the interval shall cover the proportion, between 0 and 1.

    Returns:
        The proportion, NaN without trials, and its interval; each of the common shape.

    Raises:
        ValueError: if there are more successes than trials, a negative count, or ``confidence`` is out of range.

    Example:
        >>> wilson(8, 15)
        Estimate(value=0.5333, lower=0.3012, upper=0.7519)

    Reference:
        Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
        Statistical Association 22, 1927; Brown, Cai, DasGupta, Statistical Science 16, 2001.
    """
    z = critical_value(confidence)
    successes, trials = as_array(successes, "successes"), as_array(trials, "trials")
    if not is_traced(successes, trials) and ((successes < 0) | (successes > trials)).any():
        raise ValueError(f"successes: got {successes} of {trials} trials; pass counts from 0 to the number of trials")
    xp = namespace(successes, trials)
    k, n = real(xp, successes), real(xp, trials)
    centre = k + z**2 / 2
    reach = z * xp.sqrt(divide(xp, k * (n - k), n, 0.0) + z**2 / 4)
    # At the ends the two terms are equal, but for rounding.
    lower = xp.where(k == 0, 0.0, (centre - reach) / (n + z**2))
    upper = xp.where(k == n, 1.0, (centre + reach) / (n + z**2))
    return Estimate(*(as_given(each) for each in (divide(xp, k, n), lower, upper)))


def critical_value(confidence: float) -> float:
    """How many standard errors a normal interval of this confidence reaches to either side.

    Raises:
        ValueError: if it is not between 0 and 1.
    """
    check_confidence(confidence)
    return NormalDist().inv_cdf((1 + confidence) / 2)


def check_confidence(confidence: float) -> None:
    """Refuse what is not between 0 and 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: got {confidence!r}; pass a share between 0 and 1, such as 0.95")


def as_given(value: Array) -> Array:
    """Concrete scalars as Python floats, everything else as it is."""
    return float(value) if not is_traced(value) and value.ndim == 0 else value
