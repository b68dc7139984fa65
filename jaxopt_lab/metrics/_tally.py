"""Each class against the rest: hits, false alarms, misses and negatives, and averages over classes."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.metrics._arrays import Array, diagonal, divide, given_back, is_traced, namespace, real
from jaxopt_lab.metrics._inputs import as_weights, check_lengths, check_option, warn_undefined
from jaxopt_lab.metrics._labels import as_label_pair, classes_of, encode, label_set, positives
from jaxopt_lab.metrics.confusion import count_codes

AVERAGES = ("binary", "micro", "macro", "weighted", None)


class Tally(NamedTuple):
    """Sums of weights for each listed class against all other classes, each of shape ``(k,)``."""

    hits: Array
    false_alarms: Array
    misses: Array
    negatives: Array

    @property
    def positives(self) -> Array:
        """Samples truly of the class."""
        return self.hits + self.misses

    @property
    def predicted(self) -> Array:
        """Samples predicted to be of the class."""
        return self.hits + self.false_alarms


def tally_of_matrix(matrix: Array) -> Tally:
    """The tally of each class of a matrix of pair counts.

    Every entry is a sum of matrix entries, never a difference, so that what is empty is exactly zero; and a plain sum,
    never a matrix product, which accelerators round to fewer digits.
    """
    xp = namespace(matrix)
    others = 1 - np.eye(matrix.shape[0], dtype=np.int32)
    wrong = matrix * others
    return Tally(
        hits=diagonal(xp, matrix),
        false_alarms=xp.sum(wrong, axis=0),
        misses=xp.sum(wrong, axis=1),
        negatives=xp.sum(others * xp.sum(matrix, axis=1), axis=1),
    )


def tally_labels(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Any,
    pos_label: Any,
    average: str | None,
    sample_weight: Array | None,
    metric: str,
) -> Tally:
    """Check what the caller passed, choose the classes that ``average`` asks for, and tally them."""
    check_option("average", average, AVERAGES)
    true, pred = as_label_pair(y_true, y_pred)
    weight = as_weights(sample_weight)
    check_lengths(y_true=true, sample_weight=weight)
    if average == "binary":
        _check_positive_class(true, pred, pos_label)
        true_code, pred_code = (1 - positives(array, pos_label).astype(int) for array in (true, pred))
        size = 2
    else:
        if pos_label not in (None, 1):
            warnings.warn(f"pos_label={pos_label!r} is ignored as average={average!r}; list it in labels", stacklevel=3)
        classes = label_set(labels, true, pred, metric=metric)
        true_code, pred_code = encode(true, classes), encode(pred, classes)
        size = classes.size + 1
    # The last class is that of the labels not listed: needed as a negative, not asked for itself.
    return Tally(*(entry[:-1] for entry in tally_of_matrix(count_codes(true_code, pred_code, weight, size))))


def _check_positive_class(true: Array, pred: Array, pos_label: Any) -> None:
    if is_traced(true, pred):
        return
    present = classes_of(true, pred).tolist()
    if len(present) > 2:
        raise ValueError("average: got 'binary' for targets of more than two classes; pass 'macro' or another")
    if len(present) == 2 and pos_label not in present:
        raise ValueError(f"pos_label: got {pos_label!r}, which is none of the labels {present}")


def averaged_ratio(
    numerator: Array,
    denominator: Array,
    support: Array,
    *,
    average: str | None,
    zero_division: Any,
    metric: str,
    missing: str,
) -> Any:
    """Divide class by class and average over the classes as ``average`` asks.

    Args:
        numerator: shape ``(k,)``.
        denominator: shape ``(k,)``.
        support: weight of each class in the weighted average, shape ``(k,)``.
        average: one of `AVERAGES`.
        zero_division: what 0/0 is. NaN leaves the class out of the average. ``"warn"`` is 0 and a warning outside a
            trace, NaN inside one.
        metric: what to call the ratio in a warning.
        missing: what there is none of where the denominator is zero.
    """
    check_zero_division(zero_division)
    xp = namespace(numerator, denominator)
    if average == "micro":
        numerator, denominator = xp.sum(numerator, keepdims=True), xp.sum(denominator, keepdims=True)
    fill = zero_division
    if isinstance(zero_division, str):
        fill = 0.0 if xp is np else np.nan
        if xp is np and (denominator == 0).any():
            warn_undefined(f"{metric} is ill-defined and set to 0 where there are no {missing}; pass zero_division=")
    ratio = divide(xp, numerator, denominator, fill)
    if average is None:
        return given_back(ratio)
    if average != "weighted":
        support = xp.ones(ratio.shape)
    return given_back(_average_of_defined(xp, ratio, real(xp, support)))


def check_zero_division(zero_division: Any) -> None:
    """Refuse what is not "warn", 0, 1 or NaN."""
    if isinstance(zero_division, str):
        allowed = zero_division == "warn"
    else:
        allowed = zero_division in (0, 1) or np.isnan(zero_division)
    if not allowed:
        raise ValueError(f"zero_division: got {zero_division!r}; pass 'warn', 0, 1 or nan")


def _average_of_defined(xp: Any, ratio: Array, weight: Array) -> Array:
    defined = ~xp.isnan(ratio)
    weight = xp.where(defined, weight, 0)
    # No class has a sample: as scikit-learn does, weigh the classes equally.
    weight = xp.where(xp.sum(weight) == 0, real(xp, defined), weight)
    return divide(xp, xp.sum(xp.where(defined, ratio, 0) * weight), xp.sum(weight))
