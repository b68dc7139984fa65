"""Shares of right calls, class against the rest: precision, recall and specificity."""

from typing import Any

from jaxopt_lab.metrics._arrays import Array, Scalar
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
