"""Many metrics of one confusion matrix at once, for the bootstrap.

They are those of `jaxopt_lab.metrics`, each of which counts the cells anew. Counted once, they compile in a third of
the time.
"""

from typing import Any

import numpy as np

from jaxopt_lab import metrics

OF_TWO = ("recall", "specificity", "precision", "accuracy", "balanced accuracy", "F1", "Matthews correlation")
"""What `of_two` gives; the first four are proportions of rows."""

OF_CLASSES = ("accuracy", "balanced accuracy", "macro F1", "Cohen's kappa", "Matthews correlation")
"""What `of_classes` gives."""


def of_two(true: Any, calls: Any, sample_weight: Any = None) -> tuple[Any, ...]:
    """Metrics of calls of 0 or 1; NaN where undefined.

    Example:
        >>> recall, specificity, *_ = of_two([0, 0, 1, 1], [0, 1, 1, 1])
        >>> float(recall), float(specificity)
        (1.0, 0.5)
    """
    (tn, fp), (fn, tp) = _counts(true, calls, 2, sample_weight)
    with np.errstate(invalid="ignore"):  # 0/0 is undefined, and NaN says so
        recall, specificity = tp / (tp + fn), tn / (tn + fp)
        rest = (tp + fp) * (tn + fn)
        return (
            recall,
            specificity,
            tp / (tp + fp),
            (tn + tp) / (tn + fp + fn + tp),
            (recall + specificity) / 2,
            2 * tp / (2 * tp + fp + fn),
            # Of calls that are all the same it is 0, as in scikit-learn.
            (tp * tn - fp * fn) / ((rest + (rest == 0)) * (tp + fn) * (tn + fp)) ** 0.5,
        )


def of_classes(true: Any, calls: Any, num_classes: int, sample_weight: Any = None) -> tuple[Any, ...]:
    """Metrics of called classes, numbered from 0; F1 is 0 where undefined, and recalls are those of classes that occur.

    Example:
        >>> accuracy, *_ = of_classes([0, 1, 2, 2], [0, 1, 2, 0], 3)
        >>> float(accuracy)
        0.75
    """
    counts = _counts(true, calls, num_classes, sample_weight)
    # Not taken out by their places: XLA must not be given two derivatives of that in one program (`metrics._arrays`).
    hits, rows, called = (counts * np.eye(num_classes)).sum(axis=0), counts.sum(axis=1), counts.sum(axis=0)
    total = rows.sum()
    right, by_chance = hits.sum() / total, (rows * called).sum() / total**2
    spread = (1 - (rows**2).sum() / total**2) * (1 - (called**2).sum() / total**2)
    with np.errstate(invalid="ignore"):
        return (
            right,
            (hits / _not_zero(rows)).sum() / (rows > 0).sum(),
            (2 * hits / _not_zero(rows + called)).mean(),
            (right - by_chance) / (1 - by_chance),
            (right - by_chance) / _not_zero(spread) ** 0.5,
        )


def _counts(true: Any, calls: Any, num_classes: int, sample_weight: Any) -> Any:
    matrix = metrics.confusion_matrix(true, calls, labels=tuple(range(num_classes)), sample_weight=sample_weight)
    return matrix * 1.0  # products of counts outgrow whole numbers


def _not_zero(values: Any) -> Any:
    """One instead of zero."""
    return values + (values == 0)
