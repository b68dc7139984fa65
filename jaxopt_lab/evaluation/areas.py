"""The mean area under the ROC curves of several classes, each against the rest, and its standard error."""

from math import exp

import numpy as np

from jaxopt_lab.evaluation.estimates import Measured, around


def macro_area(codes: np.ndarray, prob: np.ndarray, versus: np.ndarray | None, confidence: float) -> Measured:
    r"""One-vs-rest ROC AUC, averaged over the classes that occur, or the difference of two classifiers in it.

    Every row takes part in the area of every class, so these areas are not independent. The error is that of the sum of
    what each row contributes to all of them:

    .. math:: \text{Var} = \sum_i \Big( \frac{1}{K} \sum_k u_{ik} \Big)^2, \qquad
        u_{ik} = \frac{V_k(i) - \text{AUC}_k}{P_k} \text{ of class } k, \quad
        \frac{V_k(i) - \text{AUC}_k}{N_k} \text{ of the rest}

    where :math:`V_k(i)` is the share of the other side that row :math:`i` is ranked rightly against, as in DeLong's
    variance of one area. The interval is symmetric on the scale of the log-odds, as in `metrics.delong`; that of a
    difference is not transformed.

    Args:
        codes: the column of each row's class, shape ``(n,)``.
        prob: a score for each class, shape ``(n, k)``.
        versus: those of a second classifier.
        confidence: of the interval.

    Example:
        >>> macro_area(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.6, 0.4], [0.2, 0.8]]), None, 0.95)
        Measured(value=0.75, lower=0.18, upper=0.98, method='DeLong, over classes')

    Reference:
        DeLong, DeLong, Clarke-Pearson, Biometrics 44, 1988.
    """
    value, shares = _area(codes, prob)
    if versus is not None:
        other, theirs = _area(codes, versus)
        value, shares = value - other, shares - theirs
    error = float((shares**2).sum() ** 0.5)
    lower, upper = around(value, error, confidence)
    if versus is None and 0 < value < 1:
        odds, slope = value / (1 - value), value * (1 - value)
        lower, upper = (1 / (1 + exp(-reach) / odds) for reach in around(0.0, error / slope, confidence))
    return Measured(value, lower, upper, "DeLong, over classes")


def _area(codes: np.ndarray, prob: np.ndarray) -> tuple[float, np.ndarray]:
    areas, shares = zip(*(_one(codes == k, prob[:, k]) for k in np.unique(codes)), strict=True)
    return float(np.mean(areas)), np.mean(shares, axis=0)


def _one(positive: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """The area of one class, and by how much each row moves it, shape ``(n,)``."""
    placed = np.empty(scores.size)
    placed[positive] = _share_below(scores[positive], scores[~positive])
    placed[~positive] = 1 - _share_below(scores[~positive], scores[positive])
    area = placed[positive].mean()
    return float(area), (placed - area) / np.where(positive, positive.sum(), (~positive).sum())


def _share_below(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    others = np.sort(others)
    below, up_to = (np.searchsorted(others, scores, side=side) for side in ("left", "right"))
    return (below + up_to) / (2 * others.size)
