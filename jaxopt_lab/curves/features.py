"""What the model sees of a run: numbers that do not change with the unit of the loss or the number of points.

A long log is averaged to at most `BLOCKS` blocks first, so that one with a point a step says what one with a point an
epoch says; what it swings by is measured on more and smaller ones.
"""

import math

import numpy as np

from jaxopt_lab.curves.series import LOSSES, Series

BLOCKS, FINE = 40, 160
TINY = 1e-12
ROOM = 0.1
"""Losses that fall below zero are lifted, until the lowest lies above it by this share of the way that they fall."""
FAR = 15.0
"""A loss that starts so many times below guessing is no cross-entropy, or one of other classes."""


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
    curves = _above_zero({name: values[np.isfinite(values)] for name, values in series.curves.items()})
    curves = {name: values for name, values in curves.items() if len(values) > 1}
    blocks = {name: blocked(values) for name, values in curves.items()}
    reference = _reference(blocks, series.num_classes)
    seen: dict[str, float] = {}
    for name, values in blocks.items():
        fine = blocked(curves[name], FINE)
        own = _of_loss(values, fine, reference) if name in LOSSES else _of_accuracy(values, fine)
        seen |= {f"{name}.{what}": number for what, number in own.items()}
    if {"train_loss", "val_loss"} <= blocks.keys():
        gap = _of_gap(blocks["train_loss"], blocks["val_loss"], reference)
        seen |= {f"gap.{what}": number for what, number in gap.items()}
    if {"train_accuracy", "val_accuracy"} <= blocks.keys():
        seen["accuracy_gap.end"] = _end(blocks["train_accuracy"]) - _end(blocks["val_accuracy"])
    return seen


def blocked(values: np.ndarray, most: int = BLOCKS) -> np.ndarray:
    """The points that are there, averaged to at most so many.

    Example:
        >>> blocked(np.arange(80.0))[:3].tolist()
        [0.5, 2.5, 4.5]
    """
    there = values[np.isfinite(values)]
    if len(there) <= most:
        return there
    edges = np.linspace(0, len(there), most + 1).round().astype(int)
    return np.add.reduceat(there, edges[:-1]) / np.diff(edges)


def _above_zero(curves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The curves, with losses that fall below zero lifted above it, all by the same."""
    losses = [curves[name] for name in LOSSES if len(curves.get(name, ()))]
    lowest = min((float(loss.min()) for loss in losses), default=0.0)
    if lowest >= 0:
        return curves
    lift = ROOM * (max(float(loss[0]) for loss in losses) - lowest) - lowest
    return {name: values + lift if name in LOSSES else values for name, values in curves.items()}


def _reference(blocks: dict[str, np.ndarray], num_classes: int | None) -> float:
    first = max((float(values[0]) for name, values in blocks.items() if name in LOSSES), default=1.0)
    guessing = np.log(num_classes) if num_classes else 0.0
    return float(guessing) if guessing / FAR < first < guessing * 5 else max(abs(first), TINY)


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


def _trend(values: np.ndarray) -> float:
    """Spearman's correlation with time: 1 for what only rises, however little."""
    count = len(values)
    if count < 3 or np.ptp(values) <= TINY * np.abs(values).max():
        return 0.0
    place = np.arange(count) - (count - 1) / 2
    # Ties count half for the one order and half for the other.
    ranks = np.argsort(np.argsort(values, kind="stable")), np.argsort(np.argsort(values[::-1], kind="stable"))[::-1]
    return float((place[ranks[0]] + place[ranks[1]]) @ place / (place @ place) / 2)


def _smooth(values: np.ndarray) -> np.ndarray:
    """The median of each point and its neighbours."""
    before, after = np.concatenate([values[:1], values[:-1]]), np.concatenate([values[1:], values[-1:]])
    return np.maximum(np.minimum(before, after), np.minimum(np.maximum(before, after), values))


def _log(ratio: float, low: float, high: float) -> float:
    return _within(math.log10(max(ratio, TINY)), low, high)


def _within(value: float, low: float, high: float) -> float:
    return min(max(float(value), low), high)


def _of_loss(loss: np.ndarray, fine: np.ndarray, reference: float) -> dict[str, float]:
    smooth, end, middle = _smooth(loss), _end(loss), _middle(loss)
    lowest, first = float(smooth.min()), float(loss[0])
    fall = max(first - lowest, TINY * reference)
    late = loss[len(loss) // 2 :]
    half_way = np.argmax(smooth <= first - fall / 2) / max(len(loss) - 1, 1)
    return {
        "level": _log(end / reference, -3, 1),
        "fallen": _within((first - end) / reference, -1, 1),
        "early_fall": _within((first - float(loss[max(1, len(loss) // 8)])) / reference, -0.5, 1),
        "late_fall": _within((middle - end) / fall, -1, 1),
        "late_rate": _within(math.log(max(middle, TINY) / max(end, TINY)), -1, 2),
        "late_change": _within((middle - end) / reference, -0.5, 0.5),
        "late_range": _log(float(np.ptp(late)) / reference, -4, 0.5),
        "late_range_for_level": _log(float(np.ptp(late)) / max(end, TINY), -3, 0.5),
        "straight": _straightness(loss),
        "late_straight": _straightness(late),
        "trend": _trend(loss),
        "late_trend": _trend(late),
        "half_way": float(half_way),
        "highest": _log(float(loss.max()) / reference, -0.3, 1),
        "above_lowest": _within((end - lowest) / reference, 0, 1),
        "log_above_lowest": _within(math.log(max(end, TINY) / max(lowest, TINY)), 0, 2),
        "lowest_at": float(np.argmin(smooth)) / max(len(loss) - 1, 1),
        "trend_since_lowest": _trend(smooth[int(np.argmin(smooth)) :]),
    } | _of_swings(fine, end, lowest, reference)


def _of_swings(fine: np.ndarray, end: float, lowest: float, reference: float) -> dict[str, float]:
    """How much a loss swings, and how far it ends above its lowest value beside that."""
    rough, late = _roughness(fine), np.diff(fine[len(fine) // 2 :])
    return {
        "rough": _log(rough / reference, -4, 0),
        "rough_for_level": _log(rough / max(end, TINY), -3, 0.5),
        "rises": float(np.mean(late > 0)) if len(late) else 0.0,
        "biggest_rise": _log(float(np.max(fine - np.minimum.accumulate(fine))) / reference, -3, 1),
        "above_lowest_for_rough": _log((end - lowest) / max(rough, 1e-4 * reference), -1, 2),
    }


def _of_gap(train: np.ndarray, validation: np.ndarray, reference: float) -> dict[str, float]:
    """How far validation lies above training, at the end and where its own loss was lowest."""
    smooth = _smooth(validation)
    lowest = int(np.argmin(smooth))
    matching = min(len(train) - 1, round(lowest * (len(train) - 1) / max(len(validation) - 1, 1)))
    fell_since = float(_smooth(train)[matching]) - _end(train)
    gap, rose = _end(validation) - _end(train), math.log(max(_end(validation), TINY) / max(float(smooth[lowest]), TINY))
    return {
        "ratio": _within(math.log(max(_end(validation), TINY) / max(_end(train), TINY)), -1, 4),
        "end": _within(gap / reference, -0.5, 2),
        "widens": _within((gap - _middle(validation) + _middle(train)) / reference, -0.5, 0.5),
        "fell_since_lowest": _within(fell_since / reference, -0.5, 0.5),
        # training falls and validation rises: neither alone is enough
        "parts": math.sqrt(_within(fell_since / reference, 0, 0.5) * _within(rose, 0, 1)),
    }


def _of_accuracy(accuracy: np.ndarray, fine: np.ndarray) -> dict[str, float]:
    smooth, end, late = _smooth(accuracy), _end(accuracy), accuracy[len(accuracy) // 2 :]
    return {
        "level": end,
        "error": _log(1 - end, -3, 0),
        "gained": end - float(accuracy[0]),
        "late_gain": end - _middle(accuracy),
        "late_trend": _trend(late),
        "late_range": float(np.ptp(late)),
        "below_best": float(smooth.max()) - end,
        "rough": _log(_roughness(fine), -4, 0),
        "best_at": float(np.argmax(smooth)) / max(len(accuracy) - 1, 1),
    }
