"""What the model sees of a run: numbers that do not change with the unit of the loss or the number of points.

A long log is averaged to at most `BLOCKS` blocks first, so that one with a point a step says what one with a point an
epoch says.
"""

import math

import numpy as np

from jaxopt_lab.curves.series import LOSSES, Series

BLOCKS = 40
TINY = 1e-12


def features(series: Series) -> dict[str, float]:
    """The features of all curves that are there, by name.

    Losses are held against a reference: the logarithm of the number of classes, which guessing attains, where that is
    known and fits; else the highest of their first points.

    Args:
        series: one run, whose losses are finite.

    Example:
        >>> from jaxopt_lab.curves.series import as_series
        >>> seen = features(as_series({"train_loss": [2.0, 1.0, 0.5, 0.25, 0.2]}))
        >>> round(seen["train_loss.level"], 2)  # the common logarithm of where it ends, as a share of where it began
        -1.0
    """
    blocks = {name: blocked(values) for name, values in series.curves.items()}
    blocks = {name: values for name, values in blocks.items() if len(values) > 1}
    reference = _reference(blocks, series.num_classes)
    seen: dict[str, float] = {}
    for name, values in blocks.items():
        own = _of_loss(values, reference) if name in LOSSES else _of_accuracy(values)
        seen |= {f"{name}.{what}": number for what, number in own.items()}
    if {"train_loss", "val_loss"} <= blocks.keys():
        seen |= {
            f"gap.{what}": number
            for what, number in _of_gap(blocks["train_loss"], blocks["val_loss"], reference).items()
        }
    if {"train_accuracy", "val_accuracy"} <= blocks.keys():
        seen["accuracy_gap.end"] = _end(blocks["train_accuracy"]) - _end(blocks["val_accuracy"])
    return seen


def blocked(values: np.ndarray) -> np.ndarray:
    """The points that are there, averaged to at most `BLOCKS`.

    Example:
        >>> blocked(np.arange(80.0))[:3].tolist()
        [0.5, 2.5, 4.5]
    """
    there = values[np.isfinite(values)]
    if len(there) <= BLOCKS:
        return there
    edges = np.linspace(0, len(there), BLOCKS + 1).round().astype(int)
    return np.add.reduceat(there, edges[:-1]) / np.diff(edges)


def _reference(blocks: dict[str, np.ndarray], num_classes: int | None) -> float:
    first = max((float(values[0]) for name, values in blocks.items() if name in LOSSES), default=1.0)
    guessing = np.log(num_classes) if num_classes else 0.0
    return float(guessing) if guessing / 5 < first < guessing * 5 else max(abs(first), TINY)


def _end(values: np.ndarray) -> float:
    return _median(values[-max(1, len(values) // 6) :])


def _median(values: np.ndarray) -> float:
    """NumPy's median, without what it costs on a handful of numbers."""
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _middle(values: np.ndarray) -> float:
    """Half way, over a fifth of the points."""
    half, room = len(values) / 2, max(0.5, len(values) / 10)
    return _median(values[int(half - room) : max(int(half + room), int(half - room) + 1)])


def _roughness(values: np.ndarray) -> float:
    """The size of what is neither level nor slope in the second half, by second differences."""
    late = values[len(values) // 2 - 1 :] if len(values) > 5 else values
    bends = np.diff(late, 2)
    return float(np.sqrt(np.mean(bends**2) / 6)) if len(bends) else 0.0


def _straightness(values: np.ndarray) -> float:
    """The net fall as a share of all the ups and downs: 1 for one that only falls, about 0 for one that only swings."""
    path = float(np.abs(np.diff(values)).sum())
    return float(values[0] - values[-1]) / path if path > 0 else 0.0


def _smooth(values: np.ndarray) -> np.ndarray:
    """The median of each point and its neighbours."""
    before, after = np.concatenate([values[:1], values[:-1]]), np.concatenate([values[1:], values[-1:]])
    return np.maximum(np.minimum(before, after), np.minimum(np.maximum(before, after), values))


def _log(ratio: float, low: float, high: float) -> float:
    return _within(math.log10(max(ratio, TINY)), low, high)


def _within(value: float, low: float, high: float) -> float:
    return min(max(float(value), low), high)


def _of_loss(loss: np.ndarray, reference: float) -> dict[str, float]:
    smooth, end, middle = _smooth(loss), _end(loss), _middle(loss)
    lowest, first = float(smooth.min()), float(loss[0])
    fall = max(first - lowest, TINY * reference)
    rough = _roughness(loss)
    late = np.diff(loss[len(loss) // 2 :])
    half_way = np.argmax(smooth <= first - fall / 2) / max(len(loss) - 1, 1)
    return {
        "level": _log(end / reference, -3, 1),
        "fallen": _within((first - end) / reference, -1, 1),
        "late_fall": _within((middle - end) / fall, -1, 1),
        "late_rate": _within(math.log(max(middle, TINY) / max(end, TINY)), -1, 2),
        "late_change": _within((middle - end) / reference, -0.5, 0.5),
        "rough": _log(rough / reference, -4, 0),
        "rough_for_level": _log(rough / max(end, TINY), -3, 0.5),
        "straight": _straightness(loss),
        "late_straight": _straightness(loss[len(loss) // 2 :]),
        "rises": float(np.mean(late > 0)) if len(late) else 0.0,
        "half_way": float(half_way),
        "above_lowest": _within((end - lowest) / reference, 0, 1),
        "log_above_lowest": _within(math.log(max(end, TINY) / max(lowest, TINY)), 0, 2),
        "lowest_at": float(np.argmin(smooth)) / max(len(loss) - 1, 1),
        "biggest_rise": _log(float(np.max(loss - np.minimum.accumulate(loss))) / reference, -3, 1),
    }


def _of_gap(train: np.ndarray, validation: np.ndarray, reference: float) -> dict[str, float]:
    """How far validation lies above training, at the end and where its own loss was lowest."""
    smooth = _smooth(validation)
    lowest = int(np.argmin(smooth))
    matching = min(len(train) - 1, round(lowest * (len(train) - 1) / max(len(validation) - 1, 1)))
    fell_since = float(_smooth(train)[matching]) - _end(train)
    return {
        "ratio": _within(math.log(max(_end(validation), TINY) / max(_end(train), TINY)), -1, 4),
        "end": _within((_end(validation) - _end(train)) / reference, -0.5, 2),
        "fell_since_lowest": _within(fell_since / reference, -0.5, 0.5),
    }


def _of_accuracy(accuracy: np.ndarray) -> dict[str, float]:
    smooth, end = _smooth(accuracy), _end(accuracy)
    return {
        "level": end,
        "gained": end - float(accuracy[0]),
        "late_gain": end - _middle(accuracy),
        "below_best": float(smooth.max()) - end,
        "rough": _log(_roughness(accuracy), -4, 0),
        "best_at": float(np.argmax(smooth)) / max(len(accuracy) - 1, 1),
    }
