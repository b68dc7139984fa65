"""One classifier while its threshold moves: who is called positive, the confusion matrix, the place on its curve."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.plots.film import Cloud, Film, Segment, Words, film
from jaxopt_lab.plots.scores import roc
from jaxopt_lab.plots.style import PALETTE, describe, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RIGHT, _WRONG = "#d3e8f5", "#fbdcc5"
_TICKS = (0.5, 0.01, 0.99, 0.0001, 0.9999, 0.1, 0.9, 0.001, 0.999)
"""Probabilities to mark on an axis of log-odds, those first that are left out last where there is no room."""

_ROOM = 0.12  # from one mark to the next, as a share of the axis
_CELLS = [["true negatives", "false positives"], ["false negatives", "true positives"]]
_GOLDEN = 0.618  # spreads the dots of a class evenly over its strip
_DOT = "#000000"


def film_thresholds(
    labels: Any,
    scores: Any,
    thresholds: Any,
    confusion: Any,
    curve: tuple[Any, Any],
    *,
    still: int = -1,
    title: str = "",
) -> "tuple[Figure, Film]":
    """A threshold that moves over the scores of two classes, and what it makes of them.

    Args:
        labels: 0 or 1, shape ``(rows,)``.
        scores: log-odds of the second class, shape ``(rows,)``.
        thresholds: log-odds from which on rows are called positive, shape ``(frames,)``.
        confusion: the confusion matrix at each, shape ``(frames, 2, 2)``, rows the actual classes.
        curve: false and true positive rates of the whole ROC curve.
        still: the frame to show where nothing moves.
        title: above the panels.

    Returns:
        The figure, which shows the still frame, and the film.

    Example:
        >>> labels, scores = np.array([0, 0, 1, 1]), np.array([-2.0, 1.0, -1.0, 3.0])
        >>> confusion = [[[2, 0], [2, 0]], [[1, 1], [1, 1]]]
        >>> _, moving = film_thresholds(labels, scores, [4.0, 0.0], confusion, ([0, 0, 1], [0, 0.5, 1]))
        >>> moving.frames[-1]
        'threshold 0.5: recall 0.500, specificity 0.500, precision 0.500'
    """
    labels, scores, thresholds = (np.asarray(each) for each in (labels, scores, thresholds))
    confusion = np.asarray(confusion)
    figure, (left, middle, right) = new_figure(1, 3, width=4.3, height=4.3)
    _strips(left, labels, scores, thresholds)
    _cells(middle)
    roc({"ROC": curve}, legend=False, ax=right)
    if title:
        figure.suptitle(title)
    rates = _rates(confusion)
    edges = np.stack([np.stack([thresholds, np.full_like(thresholds, y, float)], -1) for y in left.get_ylim()], 1)
    told = [
        f"threshold {_probability(threshold)}: " + ", ".join(f"{name} {rates[name][at]}" for name in _TOLD)
        for at, threshold in enumerate(thresholds)
    ]
    moving = [
        Segment(left, edges, _DOT),
        *(
            Words(
                middle,
                (0.25 + 0.5 * column, 0.7 - 0.5 * row),
                [str(n) for n in confusion[:, row, column]],
                "center",
                22,
            )
            for row in (0, 1)
            for column in (0, 1)
        ),
        Cloud(right, np.stack([_share(confusion[:, 0]), _share(confusion[:, 1])], -1)[:, None], _DOT, 8.0),
        *(
            Words(right, (0.95, 0.31 - 0.08 * place), [f"{name} {value}" for value in values], "right")
            for place, (name, values) in enumerate(rates.items())
        ),
    ]
    return figure, film(figure, moving, told, unit="threshold", still=still, seconds=10.0)


_TOLD = ("recall", "specificity", "precision")


def _rates(confusion: np.ndarray) -> dict[str, list[str]]:
    """Each metric at each threshold, in three digits; a dash where nobody is called positive."""
    (tn, fp), (fn, tp) = np.moveaxis(confusion, 0, -1)
    with np.errstate(invalid="ignore"):
        values = {
            "recall": tp / (tp + fn),
            "specificity": tn / (tn + fp),
            "precision": tp / (tp + fp),
            "accuracy": (tp + tn) / (tp + tn + fp + fn),
        }
    return {name: ["–" if np.isnan(one) else f"{one:.3f}" for one in each] for name, each in values.items()}


def _share(called: np.ndarray) -> np.ndarray:
    """Of the rows of one class, those called positive."""
    return called[:, 1] / called.sum(axis=1)


def _strips(ax: "Axes", labels: np.ndarray, scores: np.ndarray, thresholds: np.ndarray) -> None:
    """Every row as a dot, a strip for each class."""
    for label, color in enumerate(PALETTE[:2]):
        mine = scores[labels == label]
        spread = (np.arange(len(mine)) * _GOLDEN % 1 - 0.5) * 0.7
        ax.plot(mine, label + spread, "o", color=color, ms=4, alpha=0.6, mew=0)
    low, high = thresholds.min(), thresholds.max()
    marks: dict[float, str] = {}
    for chance in _TICKS:
        place = float(np.log(chance / (1 - chance)))
        if low <= place <= high and all(abs(place - other) > _ROOM * (high - low) for other in marks):
            marks[place] = f"{chance:g}"
    ax.set_xticks(list(marks), list(marks.values()))
    ax.set_yticks([0, 1], ["Actual 0", "Actual 1"], rotation=90, va="center")
    ax.set(xlim=(low, high), ylim=(-0.5, 1.5))
    describe(ax, title="Called positive: right of the line", xlabel="Probability given by the classifier")


def _cells(ax: "Axes") -> None:
    """The four cells of a confusion matrix without their counts."""
    from matplotlib.colors import ListedColormap

    ax.imshow([[0, 1], [1, 0]], cmap=ListedColormap([_RIGHT, _WRONG]), aspect="auto")
    for (row, column), name in np.ndenumerate(_CELLS):
        ax.text(column, row + 0.2, name, ha="center", va="center")
    ax.set_xticks([0, 1], ["Predicted 0", "Predicted 1"])
    ax.set_yticks([0, 1], ["Actual 0", "Actual 1"], rotation=90, va="center")
    ax.grid(visible=False)
    ax.tick_params(length=0)
    describe(ax, title="Confusion matrix", xlabel="Predicted label")


def _probability(log_odds: float) -> str:
    return f"{1 / (1 + np.exp(-log_odds)):.3g}"
