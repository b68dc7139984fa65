"""How far the predicted samples of a class overlap with the true ones: F score and Jaccard index."""

from typing import Any

import numpy as np

from jaxopt_lab.metrics._arrays import Array, Scalar, namespace, real
from jaxopt_lab.metrics._tally import averaged_ratio, tally_labels


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
