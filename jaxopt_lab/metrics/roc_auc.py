"""The area under curves, under the ROC curve above all: binary, partial, one-vs-rest and one-vs-one."""

from functools import partial
from itertools import permutations
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxopt_lab.metrics._arrays import Array, Scalar, divide, given_back, is_traced, namespace, real
from jaxopt_lab.metrics._columns import average_columns, each_lane, rank_columns
from jaxopt_lab.metrics._inputs import (
    as_array,
    as_score_table,
    as_scores,
    as_vector,
    as_weights,
    check_lengths,
    check_option,
    warn_undefined,
)
from jaxopt_lab.metrics._labels import as_indicators, as_labels, classes_of, encode, label_set
from jaxopt_lab.metrics._placements import ranked_area
from jaxopt_lab.metrics._ranking import Ranking, accumulate, rank, share


def roc_auc_score(
    y_true: Array,
    y_score: Array,
    *,
    average: str | None = "macro",
    sample_weight: Array | None = None,
    max_fpr: float | None = None,
    multi_class: str = "raise",
    labels: Any = None,
) -> Scalar:
    r"""The area under the ROC curve: how likely a random positive scores higher than a random negative.

    .. math:: \text{AUC} = P(s_+ > s_-) + \tfrac{1}{2} P(s_+ = s_-)

    Of two classes the larger label is the positive one. More are averaged one-vs-rest or one-vs-one.

    Args:
        y_true: true labels, shape ``(n,)``, or indicators of each class, shape ``(n, k)``.
        y_score: the higher, the likelier positive, shape ``(n,)``; for ``k`` classes shape ``(n, k)``, and each row
            sums to 1 unless ``y_true`` are indicators.
        average: over classes or pairs of them: ``"macro"`` for the plain mean, ``"weighted"`` by frequency, ``"micro"``
            for all indicators as one problem, None for each class.
        sample_weight: shape ``(n,)``; not for one-vs-one.
        max_fpr: area up to this false positive rate only, standardised so that chance is 0.5 and perfection 1
            (McClish); two classes only.
        multi_class: ``"ovr"`` for each class against the rest, ``"ovo"`` for each pair of classes.
        labels: the classes in the order of the columns, sorted, shape ``(k,)``; by default those that occur. For more
            than two classes they have to be given under `jax.jit`, as a static sequence.

    Returns:
        A number, or shape ``(k,)`` if ``average=None``. NaN if only one class occurs, with a warning outside `jax.jit`.

    Raises:
        ValueError: if lengths differ, scores are not finite, rows don't sum to 1, an option does not fit, or, under
            `jax.jit`, ``labels`` is missing.

    Example:
        >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75

    Reference:
        Hanley and McNeil, Radiology 143, 1982; McClish, Medical Decision Making 9, 1989 (partial area);
        Hand and Till, Machine Learning 45, 2001 (one-vs-one).
    """
    check_option("average", average, ("macro", "weighted", "micro", None))
    check_option("multi_class", multi_class, ("raise", "ovr", "ovo"))
    _check_max_fpr(max_fpr)
    weight = as_weights(sample_weight)
    truth, table = as_array(y_true, "y_true"), as_array(y_score, "y_score")
    area = partial(roc_area, max_fpr=None if max_fpr == 1 else max_fpr)
    if truth.ndim == 2 and truth.shape[1] > 1:
        score = average_columns(area, as_indicators(truth), as_score_table(table), average, weight)
    else:
        true = as_labels(truth, "y_true")
        if (table.ndim == 2 and table.shape[1] > 2) or (not is_traced(true) and classes_of(true).size > 2):
            if max_fpr not in (None, 1):
                raise ValueError(f"max_fpr: got {max_fpr!r}; a partial area is for two classes only, pass None")
            score = _multi_class(true, as_score_table(table), average, weight, multi_class, labels)
        else:
            scores = as_scores(table)
            check_lengths(y_true=true, y_score=scores, sample_weight=weight)
            if is_traced(true, scores, weight) or max_fpr not in (None, 1):
                score = _of_two_classes(true, area(rank(scores), _larger_label(true), weight))
            else:
                score = ranked_area(scores, _larger_label(true), weight)
    if not is_traced(score) and np.isnan(score).any():
        warn_undefined("y_true has only one class: ROC AUC is undefined, set to NaN")
    return given_back(score)


def auc(x: Array, y: Array) -> Scalar:
    r"""The area under a curve through points, by the trapezoidal rule.

    .. math:: \sum_i (x_{i+1} - x_i) \, \frac{y_i + y_{i+1}}{2}

    Args:
        x: never decreasing or never increasing, shape ``(n,)``, at least two.
        y: shape ``(n,)``.

    Returns:
        A number. Under `jax.jit`, NaN if ``x`` goes both ways.

    Raises:
        ValueError: if lengths differ, there are fewer than two points, or ``x`` goes both ways.

    Example:
        >>> auc([0.0, 0.5, 1.0], [0.0, 1.0, 1.0])
        0.75
    """
    x, y = as_vector(x, "x"), as_vector(y, "y")
    check_lengths(x=x, y=y)
    if x.shape[0] < 2:
        raise ValueError(f"x: got {x.shape[0]} point; an area needs at least two")
    xp = namespace(x, y)
    x, y = real(xp, x), real(xp, y)
    steps = xp.diff(x)
    falling, rising = xp.any(steps < 0), xp.any(steps > 0)
    if xp is np and falling and rising:
        raise ValueError("x: goes up and down; pass points in order")
    area = xp.sum(steps * (y[1:] + y[:-1])) / 2
    return given_back(xp.where(falling, xp.where(rising, np.nan, -area), area))


def roc_area(ranking: Ranking, positive: Array, weight: Array | None, max_fpr: float | None = None) -> Array:
    """The core: area under the ROC curve of a ranking. To resample, `jax.vmap` it over ``weight``.

    Args:
        ranking: of the scores.
        positive: whether each sample is positive, in the order of the data, shape ``(n,)``.
        weight: in the order of the data, shape ``(n,)``; None counts samples.
        max_fpr: as in `roc_auc_score`.

    Returns:
        Scalar; NaN if a class has no weight or a score is not finite.
    """
    sums = accumulate(ranking, positive, weight)
    xp = namespace(*sums)
    top, bottom = share(sums.tps_before, sums.total_positive), share(sums.tps, sums.total_positive)
    if max_fpr is None:
        # Each negative is outranked by the positives above its group, and by half of those within.
        return xp.sum(share(sums.negative, sums.total_negative) * (top + bottom)) / 2
    left, right = share(sums.fps_before, sums.total_negative), share(sums.fps, sums.total_negative)
    inside = xp.clip(max_fpr - left, 0, right - left)
    cut = top + (bottom - top) * divide(xp, inside, right - left, 0.0)
    area = xp.sum(xp.where(sums.valid, inside * (top + cut), 0)) / 2
    chance = max_fpr**2 / 2
    return (1 + (area - chance) / (max_fpr - chance)) / 2


def _one_vs_rest(true: Array, table: Array, classes: np.ndarray, average: str | None, weight: Array | None) -> Array:
    indicators = encode(true, classes)[:, None] == np.arange(classes.size)
    return average_columns(roc_area, indicators, table, average, weight)


def _one_vs_one(true: Array, table: Array, classes: np.ndarray, average: str | None) -> Array:
    xp = namespace(true, table)
    code = encode(true, classes)
    members = code == np.arange(classes.size)[:, None]
    sizes = xp.sum(members, axis=1)
    ours, others = np.array(list(permutations(range(classes.size), 2))).T
    rankings = Ranking(*(field[ours] for field in rank_columns(table)))
    areas = each_lane(xp, roc_area, rankings, members[ours], xp.asarray(members[ours] | members[others], int))
    # A pair of which one class does not occur is no pair.
    vote = (sizes[ours] > 0) & (sizes[others] > 0)
    if average == "weighted":
        vote = vote * (sizes[ours] + sizes[others])
    return divide(xp, xp.sum(xp.where(vote == 0, 0, areas) * vote), xp.sum(vote))


def _multi_class(
    true: Array,
    table: Array,
    average: str | None,
    weight: Array | None,
    multi_class: str,
    labels: Any,
) -> Array:
    if multi_class == "raise":
        raise ValueError("multi_class: more than two classes; pass 'ovr' or 'ovo'")
    check_lengths(y_true=true, y_score=table, sample_weight=weight)
    if not is_traced(table) and not np.allclose(table.sum(axis=1), 1):
        raise ValueError("y_score: rows do not sum to 1; pass the probability of each class")
    classes = _columns_of(true, table, labels)
    if multi_class == "ovr":
        return _one_vs_rest(true, table, classes, average, weight)
    if average not in ("macro", "weighted"):
        raise ValueError(f"average: got {average!r} for multi_class='ovo'; pass 'macro' or 'weighted'")
    if weight is not None:
        raise ValueError("sample_weight: not defined for multi_class='ovo'; pass none, or 'ovr'")
    return _one_vs_one(true, table, classes, average)


def _columns_of(true: Array, table: Array, labels: Any) -> np.ndarray:
    classes = label_set(labels, true, metric="roc_auc_score")
    if (classes[1:] <= classes[:-1]).any():
        raise ValueError(f"labels: got {classes.tolist()}; pass them sorted, each once, as the columns of y_score are")
    if classes.size != table.shape[1]:
        raise ValueError(
            f"y_score: got {table.shape[1]} columns for {classes.size} classes; pass labels= or all columns"
        )
    if not is_traced(true):
        unknown = np.setdiff1d(true, classes).tolist()
        if unknown:
            raise ValueError(f"labels: y_true also has {unknown}; list all classes")
    return classes


def _larger_label(true: Array) -> Array:
    """Whether each of the labels, of two at most, is the larger one; read from the values, traced or not."""
    return true == (true.max() if is_traced(true) else classes_of(true)[-1])


def _of_two_classes(true: Array, score: Array) -> Array:
    """The score; NaN if traced labels turn out to be of more than two classes."""
    if not is_traced(true):
        return score
    return jnp.where(jnp.all((true == true.min()) | (true == true.max())), score, np.nan)


def _check_max_fpr(max_fpr: float | None) -> None:
    if max_fpr is not None and not is_traced(max_fpr) and not 0 < max_fpr <= 1:
        raise ValueError(f"max_fpr: got {max_fpr!r}; pass a number above 0, 1 at most")
