"""A report on predicted classes, of which there may be any number, and the paired comparison of two classifiers."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab import metrics
from jaxopt_lab.evaluation.areas import macro_area
from jaxopt_lab.evaluation.bands import Band, roc_band
from jaxopt_lab.evaluation.checks import check_rows, classes_of, labels_of, name_of, probabilities_of
from jaxopt_lab.evaluation.estimates import Measured, Resampling, means, proportion, resampled
from jaxopt_lab.evaluation.tables import OF_CLASSES, of_classes

ROUNDING = 0.01
"""By how much printed probabilities of one row may miss a sum of 1; they are divided by their sum."""


class ClassesReport(NamedTuple):
    """What `score_classes` finds.

    Attributes:
        class_names: in the order of all tables.
        confusion: rows of the first axis's class called the second's, shape ``(k, k)``.
        measured: every metric with its interval.
        recall: of each class.
        precision: of each class.
        roc: of each class against the rest; empty without probabilities.
    """

    class_names: tuple[str, ...]
    confusion: np.ndarray
    measured: dict[str, Measured]
    recall: dict[str, Measured]
    precision: dict[str, Measured]
    roc: dict[str, Band]


def score_classes(
    y_true: Any,
    y_pred: Any = None,
    y_prob: Any = None,
    *,
    classes: Any = None,
    how: Resampling | None = None,
) -> ClassesReport:
    """How good predicted classes are, or probabilities of each class, of which the highest is the prediction.

    Args:
        y_true: labels, shape ``(n,)``.
        y_pred: predicted labels, shape ``(n,)``; by default those of the highest probability.
        y_prob: the probability of each class, shape ``(n, k)``; each row sums to 1, but for rounding by at
            most 0.01, which is divided out.
        classes: the labels of its columns, shape ``(k,)``.
        how: confidence, resamples and seed.

    Returns:
        The report; areas and log loss with ``y_prob`` only.

    Raises:
        ValueError: if lengths differ, a value is missing, there is one class only or more than 50, or probabilities are
            none or don't fit the classes.

    Example:
        >>> report = score_classes(list("aabbcc"), list("aabbca"), how=Resampling(resamples=200))
        >>> report.confusion.diagonal(), report.recall["c"].value
        (array([2, 2, 1]), 0.5)
    """
    how = how or Resampling()
    true = labels_of(y_true, "y_true")
    prob = None if y_prob is None else _table(true, y_prob, classes)
    calls = _calls(y_pred, prob)
    check_rows(y_true=true, y_pred=calls)
    known = classes_of(true, calls, name=name_of(y_true, "y_true"))
    names = tuple(map(str, known))
    confusion = metrics.confusion_matrix(true, calls, labels=known)
    right, rows, called = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    measured = _of_calls(true, calls, None, how)
    measured["accuracy"] = proportion(int(right.sum()), true.size, how)
    if prob is not None:
        measured |= _of_probabilities(true, prob, None, how)
    return ClassesReport(
        class_names=names,
        confusion=confusion,
        measured=measured,
        recall={name: proportion(k, n, how) for name, k, n in zip(names, right, rows, strict=True)},
        precision={name: proportion(k, n, how) for name, k, n in zip(names, right, called, strict=True)},
        roc={} if prob is None else _against_the_rest(true, prob, how),
    )


def compare_classes(
    y_true: Any,
    y_pred: Any = None,
    versus_pred: Any = None,
    *,
    y_prob: Any = None,
    versus_prob: Any = None,
    classes: Any = None,
    how: Resampling | None = None,
) -> dict[str, Measured]:
    """The first classifier's metrics minus the second's, on the same resamples.

    Args:
        y_true: labels, shape ``(n,)``.
        y_pred: labels that the first predicts, shape ``(n,)``; by default those of the highest probability.
        versus_pred: those that the second predicts.
        y_prob: probabilities by the first, shape ``(n, k)``, as in `score_classes`.
        versus_prob: by the second.
        classes: the labels of both tables' columns.
        how: as in `score_classes`.

    Returns:
        Of every metric the difference and its interval, by name.

    Raises:
        ValueError: as in `score_classes`.

    Example:
        >>> found = compare_classes(list("aabbcc"), list("aabbca"), list("aabaca"), how=Resampling(resamples=200))
        >>> round(found["accuracy"].value, 3)
        0.167
    """
    how = how or Resampling()
    true = labels_of(y_true, "y_true")
    tables = [None if each is None else _table(true, each, classes) for each in (y_prob, versus_prob)]
    first, second = (_calls(*each) for each in zip((y_pred, versus_pred), tables, strict=True))
    check_rows(y_true=true, y_pred=first, versus_pred=second)
    classes_of(true, first, second)
    found = _of_calls(true, first, second, how)
    if tables[0] is not None and tables[1] is not None:
        found |= _of_probabilities(true, tables[0], tables[1], how)
    return found


class _Table(NamedTuple):
    """Probabilities of classes in ascending order."""

    classes: np.ndarray
    prob: np.ndarray


def _table(true: np.ndarray, y_prob: Any, classes: Any) -> _Table:
    prob = np.asarray(y_prob)
    if prob.ndim != 2:
        raise ValueError(f"y_prob: has the shape {prob.shape}; pass one column for each class")
    check_rows(y_true=true, y_prob=prob)
    known = classes_of(true) if classes is None else np.unique(labels_of(classes, "classes"))
    if known.size != prob.shape[1]:
        raise ValueError(f"y_prob: has {prob.shape[1]} columns, and there are {known.size} classes; pass one for each")
    if (left := np.setdiff1d(true, known)).size:
        raise ValueError(f"y_true: has the class {left[0].item()!r}, which no column of y_prob is of")
    if known.size == 2:
        raise ValueError(
            "y_prob: there are two classes; pass the probability of the positive one alone, to score_binary"
        )
    names = getattr(y_prob, "columns", [f"y_prob, column {place}" for place in range(1, known.size + 1)])
    columns = [probabilities_of(column, str(name)) for name, column in zip(names, prob.T, strict=True)]
    order = np.arange(known.size) if classes is None else np.argsort(labels_of(classes, "classes"))
    prob = np.stack(columns, axis=1)[:, order]
    sums = prob.sum(axis=1, keepdims=True)
    worst = int(abs(sums - 1).argmax())
    if abs(sums[worst, 0] - 1) > ROUNDING:
        raise ValueError(f"y_prob: row {worst + 1:,} sums to {sums[worst, 0]:.4g}; probabilities of classes sum to 1")
    return _Table(known, prob / sums)


def _calls(y_pred: Any, table: _Table | None) -> np.ndarray:
    if y_pred is not None:
        return labels_of(y_pred, "y_pred")
    if table is None:
        raise ValueError("y_pred: there is neither a predicted class nor a probability of each; pass one of them")
    return table.classes[table.prob.argmax(axis=1)]


def _of_calls(true: np.ndarray, calls: np.ndarray, versus: np.ndarray | None, how: Resampling) -> dict[str, Measured]:
    known = np.unique(np.concatenate([true, calls, *([] if versus is None else [versus])]))
    codes, called = np.searchsorted(known, true), np.searchsorted(known, calls)
    other = None if versus is None else np.searchsorted(known, versus)
    return resampled(OF_CLASSES, partial(of_classes, num_classes=known.size), codes, called, other, how)


def _of_probabilities(true: np.ndarray, table: _Table, versus: _Table | None, how: Resampling) -> dict[str, Measured]:
    codes = np.searchsorted(table.classes, true)
    area = macro_area(codes, table.prob, None if versus is None else versus.prob, how.confidence)
    losses = _losses(codes, table.prob) - (0 if versus is None else _losses(codes, versus.prob))
    return {"ROC AUC, one against the rest": area} | means(("Brier score", "log loss"), losses, how)


def _losses(codes: np.ndarray, prob: np.ndarray) -> np.ndarray:
    happened = codes[:, None] == np.arange(prob.shape[1])
    # Kept away from 0 and 1 as in `metrics.log_loss`.
    right = np.clip(prob[happened], np.finfo(float).eps, 1 - np.finfo(float).eps)
    return np.stack([((prob - happened) ** 2).sum(axis=1), -np.log(right)], axis=1)


def _against_the_rest(true: np.ndarray, table: _Table, how: Resampling) -> dict[str, Band]:
    occurring = [(place, each) for place, each in enumerate(table.classes) if (true == each).any()]
    return {str(each): roc_band((true == each).astype(int), table.prob[:, place], how=how) for place, each in occurring}
