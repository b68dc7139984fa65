"""Metrics of labels made for rare classes: the geometric mean of recalls, and likelihood ratios."""

from typing import Any

import numpy as np

from jaxopt_lab.metrics._arrays import Array, Scalar, divide, given_back, is_traced, namespace
from jaxopt_lab.metrics._inputs import check_option, warn_undefined
from jaxopt_lab.metrics._tally import AVERAGES
from jaxopt_lab.metrics.confusion import count_pairs
from jaxopt_lab.metrics.rates import recall_score, specificity_score


def geometric_mean_score(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "multiclass",
    sample_weight: Array | None = None,
    correction: float = 0.0,
) -> Scalar:
    r"""The geometric mean of the recalls of all classes: zero as soon as one class is never found.

    .. math:: \left( \prod_{k=1}^K \text{recall}_k \right)^{1/K}, \qquad
        \text{of two classes} \quad \sqrt{\text{recall} \cdot \text{specificity}}

    Names and meanings are those of imbalanced-learn.

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        labels: the classes, shape ``(k,)``; by default those that occur. Under `jax.jit` they have to be given, as a
            static sequence, unless ``average="binary"``.
        pos_label: the positive class, if ``average="binary"``.
        average: ``"multiclass"`` for the mean over all classes; else :math:`\sqrt{\text{recall} \cdot
            \text{specificity}}` of both averaged as in `recall_score`.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        correction: stands in for a recall of zero, if ``average="multiclass"``.

    Returns:
        A number, or shape ``(k,)`` if ``average=None``. A class without true samples has recall 0, with a warning;
        under `jax.jit`, NaN.

    Raises:
        ValueError: if lengths differ, values are not labels, or, under `jax.jit`, ``labels`` is missing.

    Example:
        >>> geometric_mean_score([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0])
        0.61237244

    Reference:
        Kubat and Matwin, "Addressing the curse of imbalanced training sets", ICML 1997.
    """
    check_option("average", average, ("multiclass", *AVERAGES))
    options = {"labels": labels, "sample_weight": sample_weight}
    if average != "multiclass":
        options |= {"pos_label": pos_label, "average": average}
        recall, specificity = (rate(y_true, y_pred, **options) for rate in (recall_score, specificity_score))
        return given_back(namespace(recall).sqrt(recall * specificity))
    recall = recall_score(y_true, y_pred, average=None, **options)
    xp = namespace(recall)
    recall = xp.where(recall == 0, correction, recall)
    missed = recall == 0
    return given_back(xp.where(xp.any(missed), 0.0, xp.exp(xp.mean(xp.log(xp.where(missed, 1.0, recall))))))


def class_likelihood_ratios(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Any = None,
    sample_weight: Array | None = None,
    replace_undefined_by: Any = np.nan,
) -> tuple[Scalar, Scalar]:
    r"""By how much a positive, and a negative, prediction multiplies the odds of being positive.

    .. math::
        LR_+ = \frac{\text{sensitivity}}{1 - \text{specificity}} = \frac{TP / P}{FP / N}, \qquad
        LR_- = \frac{1 - \text{sensitivity}}{\text{specificity}} = \frac{FN / P}{TN / N}

    Unlike precision they do not depend on how frequent the classes are.

    Args:
        y_true: true labels of two classes, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        labels: the negative class, then the positive; by default those that occur, sorted. Under `jax.jit` they have to
            be given, as a static sequence.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        replace_undefined_by: the ratios where no negative is called positive, or none negative: NaN, 1, or
            ``{"LR+": at least 1, "LR-": 0 to 1}``.

    Returns:
        :math:`LR_+` and :math:`LR_-`; NaN if there are no positives.

    Raises:
        ValueError: if lengths differ, there are not two classes, ``replace_undefined_by`` is out of range, or, under
            `jax.jit`, ``labels`` is missing.

    Example:
        >>> class_likelihood_ratios([0, 1, 0, 1, 0], [1, 1, 0, 0, 0])
        (1.5, 0.75)

    Reference:
        Brenner and Gefeller, Statistics in Medicine 16, 1997.
    """
    if_no_false_alarm, if_no_rejection = _replacements(replace_undefined_by)
    counts = count_pairs(y_true, y_pred, labels, sample_weight, metric="class_likelihood_ratios").inside
    if counts.shape != (2, 2):
        raise ValueError(f"y_true, y_pred: got {counts.shape[0]} classes; this metric is for two, pass labels=")
    xp = namespace(counts)
    (tn, fp), (fn, tp) = counts
    if not is_traced(counts):
        _warn_of_empty(positives=tp + fn, fp=fp, tn=tn)
    sensitivity, miss_rate = divide(xp, tp, tp + fn), divide(xp, fn, tp + fn)
    specificity, false_rate = divide(xp, tn, tn + fp), divide(xp, fp, tn + fp)
    ratios = (
        xp.where(fp == 0, if_no_false_alarm, divide(xp, sensitivity, false_rate)),
        xp.where(tn == 0, if_no_rejection, divide(xp, miss_rate, specificity)),
    )
    return given_back(ratios[0]), given_back(ratios[1])


def _replacements(replace_undefined_by: Any) -> tuple[float, float]:
    """What each ratio is where it is undefined."""
    given = replace_undefined_by
    pair: tuple[Any, Any] = (given.get("LR+"), given.get("LR-")) if isinstance(given, dict) else (given, given)
    if all(isinstance(value, (int, float)) for value in pair):
        plus, minus = pair
        in_range = (np.isnan(plus) or plus >= 1) and (np.isnan(minus) or 0 <= minus <= 1)
        if in_range:
            return pair
    raise ValueError(
        f"replace_undefined_by: got {given!r}; pass nan, 1.0 or {{'LR+': 1 or more, 'LR-': from 0 to 1}}, nan in either"
    )


def _warn_of_empty(positives: Array, fp: Array, tn: Array) -> None:
    if positives == 0:
        warn_undefined("y_true has no positive samples: both likelihood ratios are undefined, set to NaN")
    if fp == 0:
        warn_undefined("no negative sample is called positive: the positive likelihood ratio is undefined")
    if tn == 0:
        warn_undefined("no negative sample is called negative: the negative likelihood ratio is undefined")
