"""A metric of somebody's predictions with its interval, and by which method that was found."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab import metrics
from jaxopt_lab.metrics.intervals import critical_value

WEIGHTS = 5 * 10**7
"""How many rows times resamples are drawn for one interval at most; a second's work, or a few."""

FEWEST = 100
"""Resamples that a standard error takes; the ends of a BCa interval take more."""

ENOUGH = 1000


class Measured(NamedTuple):
    """A metric, or a difference of two classifiers in it.

    Attributes:
        value: on the rows that there are.
        lower: where its interval begins; NaN where none is known.
        upper: where it ends.
        method: how the interval was found.
    """

    value: float
    lower: float
    upper: float
    method: str


class Resampling(NamedTuple):
    """How intervals are found.

    Attributes:
        confidence: of each interval, between 0 and 1.
        resamples: of the bootstrap, where there are few enough rows.
        seed: of the draws.
    """

    confidence: float = 0.95
    resamples: int = 2000
    seed: int = 0

    def affordable(self, rows: int) -> int:
        """How many resamples of so many rows are drawn."""
        return min(self.resamples, max(WEIGHTS // rows, FEWEST))


def proportion(successes: int, trials: int, how: Resampling) -> Measured:
    """A share of rows, with Wilson's interval.

    Example:
        >>> proportion(8, 15, Resampling())
        Measured(value=0.533, lower=0.301, upper=0.752, method='Wilson')
    """
    return Measured(*metrics.wilson(successes, trials, confidence=how.confidence), "Wilson")


def resampled(
    names: Sequence[str],
    metric: Callable[..., Any],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    versus: np.ndarray | None,
    how: Resampling,
) -> dict[str, Measured]:
    """Metrics with bootstrap intervals, or their differences to a second classifier, on the same resamples.

    Where so many rows can't be drawn often enough for the ends of an interval, it is the normal one of the standard
    error of those resamples that were drawn.

    Args:
        names: one for each number that the metric returns.
        metric: as `metrics.bootstrap` takes it.
        y_true: labels, shape ``(n,)``.
        y_pred: what the metric takes, shape ``(n, ...)``.
        versus: the predictions of the second classifier, if any.
        how: confidence, resamples, seed.

    Example:
        >>> truth, called = np.repeat([0, 1], 50), np.repeat([0, 1, 1], [45, 5, 50])
        >>> found = resampled(["f1"], metrics.f1_score, truth, called, None, Resampling(resamples=1000))
        >>> found["f1"].value, found["f1"].method
        (0.952, 'bootstrap (BCa, 1,000 resamples)')
    """
    # Labels are drawn as cells of equal rows, of which there are few however many rows.
    rows = y_true.size if y_pred.dtype.kind == "f" else 1
    resamples = how.affordable(rows)
    few = resamples < min(ENOUGH, how.resamples)
    result = metrics.bootstrap(
        metric, y_true, y_pred, versus, resamples=resamples, confidence=how.confidence, seed=how.seed,
        method="percentile" if few else "bca",
    )  # fmt: skip
    numbers = [np.atleast_1d(each) for each in (result.value, result.lower, result.upper, result.undefined)]
    errors = np.atleast_1d(result.standard_error)
    found = {}
    for place, name in enumerate(names):
        value, lower, upper, undefined = (float(each[place]) for each in numbers)
        told = f"{'normal, standard error of' if few else 'bootstrap (BCa,'} {resamples:,} resamples"
        told += f", {undefined:.0f} of them undefined" if undefined else ""
        if few:
            lower, upper = around(value, float(errors[place]), how.confidence)
        found[name] = Measured(value, lower, upper, told if few else f"{told})")
    return found


def means(names: Sequence[str], losses: np.ndarray, how: Resampling) -> dict[str, Measured]:
    """Means over rows with intervals, each a column of ``losses``, shape ``(n, k)``.

    Of few rows by the bootstrap, of many by the central limit theorem.

    Example:
        >>> found = means(["loss"], np.full((10**6, 1), 0.5), Resampling())
        >>> found["loss"]
        Measured(value=0.5, lower=0.5, upper=0.5, method='normal')
    """
    if how.affordable(len(losses)) == how.resamples:
        return resampled(names, _mean_of_columns, np.zeros(len(losses), int), losses, None, how)
    errors = losses.std(axis=0, ddof=1) / len(losses) ** 0.5
    return {
        name: Measured(float(value), *around(float(value), float(error), how.confidence), "normal")
        for name, value, error in zip(names, losses.mean(axis=0), errors, strict=True)
    }


def _mean_of_columns(y_true: Any, losses: Any, sample_weight: Any = None) -> Any:
    del y_true
    return losses.mean(axis=0) if sample_weight is None else sample_weight @ losses / sample_weight.sum()


def around(value: float, error: float, confidence: float) -> tuple[float, float]:
    """The normal interval of a standard error.

    Example:
        >>> around(0.5, 0.1, 0.95)
        (0.304, 0.696)
    """
    reach = critical_value(confidence) * error
    return value - reach, value + reach
