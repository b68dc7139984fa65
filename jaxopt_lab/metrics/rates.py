"""Ratios of the confusion counts, class against the rest: precision, recall, specificity, F and Jaccard."""

from typing import Any

import numpy as np

from jaxopt_lab.metrics._arrays import Array, Scalar, namespace, real
from jaxopt_lab.metrics._tally import averaged_ratio, tally_labels


def precision_score(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Array | None = None,
    zero_division: Any = "warn",
) -> Scalar:
    r"""The share of positive predictions that are right.

    .. math:: \text{precision} = \frac{TP}{TP + FP}

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        labels: the classes to average over, shape ``(k,)``; by default those that occur, sorted. Under `jax.jit` they
            have to be given, as a static sequence, unless ``average="binary"``.
        pos_label: the positive class, if ``average="binary"``.
        average: ``"binary"`` for the positive class alone, ``"micro"`` for the ratio of sums over classes, ``"macro"``
            for the plain mean, ``"weighted"`` for the mean weighted by the classes' true samples, None for each class.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        zero_division: 0, 1 or NaN in place of 0/0, NaN leaving the class out of averages. ``"warn"`` is 0 with a
            warning; under `jax.jit` it is NaN.

    Returns:
        A number, or shape ``(k,)`` if ``average=None``.

    Raises:
        ValueError: if lengths differ, values are not labels, ``pos_label`` does not occur, ``average="binary"`` meets
            more than two classes, or, under `jax.jit`, ``labels`` is missing.

    Example:
        >>> precision_score([0, 0, 1, 1], [1, 0, 1, 1])
        0.6666666666666666
    """
    tally = tally_labels(
        y_true,
        y_pred,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        metric="precision_score",
    )
    return averaged_ratio(
        tally.hits,
        tally.predicted,
        tally.positives,
        average=average,
        zero_division=zero_division,
        metric="Precision",
        missing="predicted samples",
    )


def recall_score(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Array | None = None,
    zero_division: Any = "warn",
) -> Scalar:
    r"""The share of positives that are found; also sensitivity, or the true positive rate.

    .. math:: \text{recall} = \frac{TP}{TP + FN}

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        labels: as in `precision_score`.
        pos_label: the positive class, if ``average="binary"``.
        average: as in `precision_score`.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        zero_division: as in `precision_score`.

    Returns:
        A number, or shape ``(k,)`` if ``average=None``.

    Raises:
        ValueError: as in `precision_score`.

    Example:
        >>> recall_score([0, 0, 1, 1], [1, 0, 1, 0])
        0.5
    """
    tally = tally_labels(
        y_true,
        y_pred,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        metric="recall_score",
    )
    return averaged_ratio(
        tally.hits,
        tally.positives,
        tally.positives,
        average=average,
        zero_division=zero_division,
        metric="Recall",
        missing="true samples",
    )


def specificity_score(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Array | None = None,
    zero_division: Any = "warn",
) -> Scalar:
    r"""The share of negatives that are called negative; also the true negative rate.

    .. math:: \text{specificity} = \frac{TN}{TN + FP}

    Scikit-learn has no such function; names and arguments are those of `recall_score`. Of two classes it is the recall
    of the other one. Of more, each class in turn is the positive one, as in imbalanced-learn.

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        labels: as in `precision_score`.
        pos_label: the positive class, if ``average="binary"``.
        average: as in `precision_score`.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        zero_division: as in `precision_score`.

    Returns:
        A number, or shape ``(k,)`` if ``average=None``.

    Raises:
        ValueError: as in `precision_score`.

    Example:
        >>> specificity_score([0, 0, 0, 1], [1, 0, 0, 1])
        0.6666666666666666
    """
    tally = tally_labels(
        y_true,
        y_pred,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        metric="specificity_score",
    )
    return averaged_ratio(
        tally.negatives - tally.false_alarms,
        tally.negatives,
        tally.positives,
        average=average,
        zero_division=zero_division,
        metric="Specificity",
        missing="true samples of other classes",
    )


def f1_score(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Array | None = None,
    zero_division: Any = "warn",
) -> Scalar:
    r"""The harmonic mean of precision and recall.

    .. math:: F_1 = \frac{2 \, TP}{2 \, TP + FP + FN}

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        labels: as in `precision_score`.
        pos_label: the positive class, if ``average="binary"``.
        average: as in `precision_score`.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        zero_division: as in `precision_score`; 0/0 is where a class is neither true nor predicted.

    Returns:
        A number, or shape ``(k,)`` if ``average=None``.

    Raises:
        ValueError: as in `precision_score`.

    Example:
        >>> f1_score([0, 1, 1, 1], [1, 1, 1, 0])
        0.6666666666666666
    """
    return fbeta_score(
        y_true,
        y_pred,
        beta=1.0,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        zero_division=zero_division,
    )


def fbeta_score(
    y_true: Array,
    y_pred: Array,
    *,
    beta: Any,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Array | None = None,
    zero_division: Any = "warn",
) -> Scalar:
    r"""The harmonic mean of precision and recall, recall being :math:`\beta` times as important.

    .. math:: F_\beta = \frac{(1 + \beta^2) \, TP}{(1 + \beta^2) \, TP + \beta^2 \, FN + FP}

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        beta: 0 gives precision, infinity recall; may be traced.
        labels: as in `precision_score`.
        pos_label: the positive class, if ``average="binary"``.
        average: as in `precision_score`.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        zero_division: as in `precision_score`.

    Returns:
        A number, or shape ``(k,)`` if ``average=None``.

    Raises:
        ValueError: as in `precision_score`, or if ``beta`` is negative.

    Example:
        >>> fbeta_score([0, 1, 1, 1], [0, 1, 0, 0], beta=0.5)
        0.7142857142857143

    Reference:
        van Rijsbergen, *Information Retrieval*, 2nd ed., 1979, chapter 7.
    """
    tally = tally_labels(
        y_true,
        y_pred,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        metric="fbeta_score",
    )
    numerator, denominator = _f_ratio(tally.hits, tally.predicted, tally.positives, beta)
    return averaged_ratio(
        numerator,
        denominator,
        tally.positives,
        average=average,
        zero_division=zero_division,
        metric="F-score",
        missing="true nor predicted samples",
    )


def jaccard_score(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Array | None = None,
    zero_division: Any = "warn",
) -> Scalar:
    r"""The overlap of the true and the predicted samples of a class, over their union.

    .. math:: J = \frac{TP}{TP + FP + FN}

    Args:
        y_true: true labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``.
        labels: as in `precision_score`.
        pos_label: the positive class, if ``average="binary"``.
        average: as in `precision_score`.
        sample_weight: shape ``(n,)``; integers are summed exactly.
        zero_division: as in `precision_score`.

    Returns:
        A number, or shape ``(k,)`` if ``average=None``.

    Raises:
        ValueError: as in `precision_score`.

    Example:
        >>> jaccard_score([0, 1, 1, 1], [1, 1, 1, 0])
        0.5
    """
    tally = tally_labels(
        y_true,
        y_pred,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        metric="jaccard_score",
    )
    return averaged_ratio(
        tally.hits,
        tally.predicted + tally.misses,
        tally.positives,
        average=average,
        zero_division=zero_division,
        metric="Jaccard",
        missing="true or predicted samples",
    )


def _f_ratio(hits: Array, predicted: Array, positives: Array, beta: Any) -> tuple[Array, Array]:
    xp = namespace(hits, beta)
    if xp is np and beta < 0:
        raise ValueError(f"beta: got {beta!r}; pass a number that is not negative")
    hits, predicted, positives = (real(xp, counts) for counts in (hits, predicted, positives))
    # Divided by 1 + beta^2, so that an infinite beta has its limit.
    share = 1 / (1 + xp.asarray(beta, xp.result_type(float)) ** 2)
    return hits, (1 - share) * positives + share * predicted
