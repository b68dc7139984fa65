"""What can be read off the curves by rule: each symptom with where it is, its number, and what that is held against."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jaxopt_lab.curves.series import LOSSES, Series

DIVERGED_ABOVE = 1.5
GENERALISATION_LOSS = 0.05
FLAT = 0.02
JUMP = 0.3
LITTLE = 0.05
BEYOND_NOISE = 3.0
"""A rise or a fall counts from so many times the deviation of the points on: the best of many points lies that far."""
MOST_POINTS = 500
"""Longer logs are averaged to so many blocks."""
STALLED_ABOVE = 0.5


class Finding(NamedTuple):
    """One symptom.

    Attributes:
        symptom: its name.
        curve: on which curve it is.
        start: where it begins, on the axis of the curves.
        stop: where it ends.
        value: the number that was measured.
        reference: the number from which on it is a symptom.
        sentence: the same in words.
    """

    symptom: str
    curve: str
    start: float
    stop: float
    value: float
    reference: float
    sentence: str


class Check(NamedTuple):
    """A rule and what it needs: one of each group of curves.

    Attributes:
        name: what it looks for, in words.
        needs: groups of curves, of each of which one must be there.
        look: gives the finding, or None.
    """

    name: str
    needs: tuple[tuple[str, ...], ...]
    look: Callable[[Series], Finding | None]


def look(series: Series) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """All symptoms of a run, and which checks could not run.

    Args:
        series: the run.

    Returns:
        The findings; and one sentence for each check that lacks a curve.

    Example:
        >>> from jaxopt_lab.curves.series import as_series
        >>> found, missing = look(as_series({"val_loss": [1.0, 0.5, 0.4, 0.5, 0.6, 0.7]}))
        >>> found[0].symptom, found[0].start, missing[0]
        ('validation_rises', 3.0, 'gap between training and validation: needs train_loss or train_accuracy')
    """
    there = {name for name, values in series.curves.items() if np.isfinite(values).sum() > 1}
    found, missing = [], []
    for check in CHECKS:
        lacking = [group for group in check.needs if not there & set(group)]
        if lacking and series.lost_at is None:
            missing.append(f"{check.name}: needs {' and '.join(' or '.join(group) for group in lacking)}")
        elif not lacking and (finding := check.look(series)) is not None:
            found.append(finding)
    return tuple(found), tuple(missing)


def _points(series: Series, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Where a curve has points, and their values; of a long log, the means of blocks at the place of their last point.

    A step-by-step log has spikes and swings that say nothing of the run.
    """
    there = np.flatnonzero(np.isfinite(series.curves[name]))
    at, values = series.position[there], series.curves[name][there]
    if len(there) <= 2 * MOST_POINTS:
        return at, values
    edges = np.linspace(0, len(there), MOST_POINTS + 1).round().astype(int)
    return at[edges[1:] - 1], np.add.reduceat(values, edges[:-1]) / np.diff(edges)


def _finding(
    symptom: str, curve: str, span: tuple[float, float], value: float, reference: float, words: str
) -> Finding:
    return Finding(symptom, curve, float(span[0]), float(span[1]), float(value), reference, words)


def _tail(values: np.ndarray) -> float:
    return float(np.median(values[-max(1, len(values) // 6) :]))


def _noise(values: np.ndarray) -> float:
    """The deviation of what is neither level nor slope in the second half, by second differences."""
    late = values[len(values) // 2 :]
    return float(np.sqrt(np.mean(np.diff(late, 2) ** 2) / 6)) if len(late) > 3 else 0.0


def _scale(loss: np.ndarray) -> tuple[float, str]:
    """What rises and swings are held against, and its name: the first value, or the range where losses are negative."""
    if float(loss.min()) < 0:
        return max(float(np.ptp(loss)), 1e-12), "range"
    return max(float(loss[0]), 1e-12), "first value"


def _first_of(series: Series, names: tuple[str, ...]) -> str:
    """The first of the curves that are there, if there are points enough on it."""
    there = [name for name in names if name in series.curves]
    return max(there, key=lambda name: np.isfinite(series.curves[name]).sum() > 1)


def _not_finite(series: Series) -> Finding | None:
    if series.lost_at is None:
        return None
    at = float(series.position[series.lost_at])
    curve = next(iter(series.curves), LOSSES[0])
    return _finding("not_finite", curve, (at, at), float("nan"), float("inf"), f"the loss is not finite from {at:g} on")


def _ends_high(series: Series) -> Finding | None:
    name = _first_of(series, LOSSES)
    at, loss = _points(series, name)
    ratio = _tail(loss) / loss[0] if loss[0] > 0 else 0.0
    if ratio <= DIVERGED_ABOVE:
        return None
    words = f"{name} ends at {ratio:.3g} times its first value {loss[0]:.3g}"
    return _finding("ends_above_start", name, (at[0], at[-1]), ratio, DIVERGED_ABOVE, words)


def _validation_rises(series: Series) -> Finding | None:
    at, loss = _points(series, "val_loss")
    lowest = int(np.argmin(loss))
    scale, of = (float(loss[lowest]), "") if loss[lowest] > 0 else (_scale(loss)[0], " of its range")
    rise = (_tail(loss[lowest:]) - loss[lowest]) / scale
    if rise <= max(GENERALISATION_LOSS, BEYOND_NOISE * _noise(loss) / scale):
        return None
    words = f"val_loss ends {rise:.0%}{of} above its lowest value {loss[lowest]:.3g}, which it had at {at[lowest]:g}"
    return _finding("validation_rises", "val_loss", (at[lowest], at[-1]), rise, GENERALISATION_LOSS, words)


def _gap(series: Series) -> Finding | None:
    if {"train_accuracy", "val_accuracy"} <= series.curves.keys():
        (at, train), (_, validation) = _points(series, "train_accuracy"), _points(series, "val_accuracy")
        gap = _tail(train) - _tail(validation)
        words = f"train_accuracy ends {100 * gap:.1f} points above val_accuracy"
        return _finding("accuracy_gap", "val_accuracy", (at[-1], at[-1]), gap, 0.1, words) if gap > 0.1 else None
    if not set(LOSSES) <= series.curves.keys():
        return None
    (at, train), (_, validation) = _points(series, "train_loss"), _points(series, "val_loss")
    ratio = _tail(validation) / _tail(train) if _tail(train) > 0 else 0.0
    words = f"val_loss ends at {ratio:.3g} times train_loss"
    return _finding("loss_gap", "val_loss", (at[-1], at[-1]), ratio, 2.0, words) if ratio > 2 else None


def _oscillates(series: Series) -> Finding | None:
    name = _first_of(series, LOSSES)
    at, loss = _points(series, name)
    half = len(loss) // 2
    late = loss[half:]
    if len(late) < 4:
        return None
    scale, of = _scale(loss)
    swing, rises = _noise(loss) / scale, float(np.mean(np.diff(late) > 0))
    if swing <= FLAT or rises <= 0.25:
        return None
    words = f"{name} rises in {rises:.0%} of the points of the second half and swings by {swing:.1%} of its {of}"
    return _finding("oscillates", name, (at[half], at[-1]), swing, FLAT, words)


def _jumps(series: Series) -> Finding | None:
    name = _first_of(series, LOSSES)
    at, loss = _points(series, name)
    rise = np.diff(loss) / _scale(loss)[0]
    if not len(rise) or rise.max() <= JUMP:
        return None
    place = int(np.argmax(rise))
    words = f"{name} jumps from {loss[place]:.3g} to {loss[place + 1]:.3g} at {at[place + 1]:g}"
    return _finding("jumps", name, (at[place], at[place + 1]), float(rise[place]), JUMP, words)


def _flat(series: Series) -> Finding | None:
    at, loss = _points(series, "train_loss")
    fall = 1 - _tail(loss) / loss[0] if loss[0] > 0 else 1.0
    if len(loss) < 4 or abs(fall) > LITTLE:
        return None
    words = f"train_loss hardly moves: it ends within {abs(fall):.1%} of its first value {loss[0]:.3g}"
    return _finding("does_not_learn", "train_loss", (at[0], at[-1]), fall, LITTLE, words)


def _stalls(series: Series) -> Finding | None:
    at, loss = _points(series, "train_loss")
    if len(loss) < 8 or loss[0] <= 0:
        return None
    late = loss[len(loss) // 2 :]
    moved, level = abs(float(np.median(late[: len(loss) // 6])) - _tail(loss)) / loss[0], _tail(loss) / loss[0]
    if moved > FLAT or not STALLED_ABOVE <= level < 1 - LITTLE:
        return None
    words = f"train_loss stays where it is from {at[len(loss) // 2]:g} on: it ends at {level:.0%} of its first value"
    return _finding("stalls", "train_loss", (at[len(loss) // 2], at[-1]), level, STALLED_ABOVE, words)


def _guesses(series: Series) -> Finding | None:
    if not series.num_classes:
        return None
    at, loss = _points(series, "train_loss")
    guessing = float(np.log(series.num_classes))
    ratio = _tail(loss) / guessing
    begins = np.flatnonzero(loss < 0.98 * guessing)
    start = at[min(int(begins[-1]) + 1 if len(begins) else 0, len(at) - 1)]
    words = f"train_loss ends at {_tail(loss):.3g}, no better than guessing among {series.num_classes} classes"
    return _finding("guesses", "train_loss", (start, at[-1]), ratio, 0.98, words) if ratio >= 0.98 else None


def _training_rises(series: Series) -> Finding | None:
    at, loss = _points(series, "train_loss")
    lowest = int(np.argmin(loss))
    scale, of = _scale(loss)
    rise = (_tail(loss[lowest:]) - loss[lowest]) / scale
    if rise <= max(0.1, BEYOND_NOISE * _noise(loss) / scale):
        return None
    words = f"train_loss ends {rise:.0%} of its {of} above its lowest {loss[lowest]:.3g}, at {at[lowest]:g}"
    return _finding("training_rises", "train_loss", (at[lowest], at[-1]), rise, 0.1, words)


def _still_falling(series: Series) -> Finding | None:
    at, loss = _points(series, "train_loss")
    if len(loss) < 5:
        return None
    part = max(1, len(loss) // 5)
    fall = loss[0] - _tail(loss)
    last = float(np.median(loss[-2 * part : -part])) - float(np.median(loss[-part:]))
    share = last / fall if fall > 0 else 0.0
    if share <= 0.05 or last <= BEYOND_NOISE * _noise(loss) / part**0.5:
        return None
    words = f"train_loss is still falling: the last fifth made {share:.0%} of the whole fall"
    return _finding("still_falling", "train_loss", (at[-part - 1], at[-1]), share, 0.05, words)


def _accuracy_falls(series: Series) -> Finding | None:
    at, accuracy = _points(series, "val_accuracy")
    best = int(np.argmax(accuracy))
    lost = accuracy[best] - _tail(accuracy[best:])
    if lost <= max(0.02, BEYOND_NOISE * _noise(accuracy)):
        return None
    words = f"val_accuracy ends {100 * lost:.1f} points below its best, which it had at {at[best]:g}"
    return _finding("accuracy_falls", "val_accuracy", (at[best], at[-1]), float(lost), 0.02, words)


CHECKS = (
    Check("not finite", (), _not_finite),
    Check("ends above where it began", (LOSSES,), _ends_high),
    Check("validation loss rises", (("val_loss",),), _validation_rises),
    Check(
        "gap between training and validation", (("train_loss", "train_accuracy"), ("val_loss", "val_accuracy")), _gap
    ),
    Check("validation accuracy falls", (("val_accuracy",),), _accuracy_falls),
    Check("training loss rises", (("train_loss",),), _training_rises),
    Check("oscillates", (LOSSES,), _oscillates),
    Check("jumps", (LOSSES,), _jumps),
    Check("does not learn", (("train_loss",),), _flat),
    Check("stalls", (("train_loss",),), _stalls),
    Check("no better than guessing", (("train_loss",),), _guesses),
    Check("still falling", (("train_loss",),), _still_falling),
)
"""All rules, in the order in which their findings are told."""
