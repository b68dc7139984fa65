"""A user's curves as arrays over one run: gaps told from losses that are no longer finite."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.curves.vocabulary import CURVES

LOSSES, ACCURACIES = CURVES[:2], CURVES[2:]


class Series(NamedTuple):
    """One run.

    Attributes:
        position: where each point lies on the user's axis (``epoch``, else ``step``, else its number from 1 on).
        curves: the curves that are there, by name; each of the length of ``position``, NaN where it has no point.
        num_classes: how many classes the user says there are, or None.
        lost_at: the first point at which a loss is no longer finite, or None.
        peak_rate: the highest learning rate, where one is told, or None.
    """

    position: np.ndarray
    curves: dict[str, np.ndarray]
    num_classes: int | None
    lost_at: int | None
    peak_rate: float | None


def as_series(curves: Any, num_classes: int | None = None) -> Series:
    """Check curves and make arrays of them.

    Args:
        curves: a mapping of names to sequences of numbers, or a table with such columns.
        num_classes: the number of classes; by default what ``curves`` says of it.

    Raises:
        TypeError: for what is neither a mapping nor a table.
        ValueError: if none of the four curves is there, if they differ in length, hold no number at all or several
            runs, if the number of classes is none, or the learning rate no number.

    Example:
        >>> series = as_series({"train_loss": [2.3, 1.1, float("nan")], "val_loss": [2.2, 1.2, None]})
        >>> series.lost_at, sorted(series.curves)
        (2, ['train_loss', 'val_loss'])
    """
    columns = _columns(curves)
    given = {name: _numbers(name, columns[name]) for name in CURVES if columns.get(name) is not None}
    if not given:
        raise ValueError(f"curves: none of {', '.join(CURVES)} is there, but {_named(columns)}; rename what you have")
    lengths = {name: len(values) for name, values in given.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"curves: they differ in length, {lengths}; fill in NaN where a curve has no point")
    if not next(iter(lengths.values())):
        raise ValueError("curves: they hold no point; pass at least one")
    _check_one_run(columns)
    position, given = _in_order(_position(columns, len(next(iter(given.values())))), given)
    there = {name: values for name, values in given.items() if np.isfinite(values).any() or name in LOSSES}
    lost_at = _lost_at({name: values for name, values in there.items() if name in LOSSES})
    kept = {name: np.where(np.isfinite(values), values, np.nan) for name, values in there.items()}
    kept = _as_shares({name: values for name, values in kept.items() if np.isfinite(values).any()})
    if not kept and lost_at is None:
        raise ValueError("curves: no loss and no accuracy holds a number; pass at least one")
    classes = columns.get("num_classes") if num_classes is None else num_classes
    return Series(position, kept, _classes(classes), lost_at, peak_rate(columns))


def peak_rate(run: Any) -> float | None:
    """The highest learning rate of a run, which is that before it is lowered and after it has warmed up.

    Raises:
        ValueError: if it is no number.

    Example:
        >>> peak_rate({"learning_rate": [0.0, 0.1, 0.05]})
        0.1
    """
    if "learning_rate" not in run or run["learning_rate"] is None:
        return None
    rates = _numbers("learning_rate", np.ravel(np.asarray(run["learning_rate"])))
    return float(np.nanmax(rates)) if np.isfinite(rates).any() else None


def _columns(curves: Any) -> Mapping[str, Any]:
    if isinstance(curves, Mapping):
        return curves
    if hasattr(curves, "columns") and hasattr(curves, "__getitem__"):
        return {str(name): curves[name] for name in curves.columns}
    raise TypeError(
        f"curves: got {type(curves).__name__}; pass a mapping of names to numbers, or a table, with {', '.join(CURVES)}"
    )


def _numbers(name: str, values: Any) -> np.ndarray:
    try:
        numbers = np.asarray(values, float)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: it holds what is no number; pass numbers, NaN where there is no point") from None
    if numbers.ndim != 1:
        raise ValueError(f"{name}: got shape {numbers.shape}; pass one number a point")
    return numbers


def _named(columns: Mapping[str, Any]) -> str:
    return ", ".join(map(str, list(columns)[:8])) or "nothing"


def _check_one_run(columns: Mapping[str, Any]) -> None:
    runs = {str(run) for run in columns.get("run", ())}
    if len(runs) > 1:
        raise ValueError(
            f"run: the table holds {len(runs)} runs; diagnose one at a time, such as table[table.run == ...]"
        )


def _as_shares(curves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Accuracies between 0 and 1, where they were given in percent: both are, if one of them shows it."""
    percent = any(np.nanmax(curves[name]) > 1.5 for name in ACCURACIES if name in curves)
    return {name: values / 100 if percent and name in ACCURACIES else values for name, values in curves.items()}


def _position(columns: Mapping[str, Any], count: int) -> np.ndarray:
    for name in ("epoch", "step"):
        if columns.get(name) is not None:
            position = _numbers(name, columns[name])
            if len(position) == count and np.isfinite(position).all():
                return position
    return np.arange(1.0, count + 1)


def _in_order(position: np.ndarray, curves: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The rows in ascending order, where they go back: what was written last at a place counts.

    So does a training that was taken up again from an earlier epoch, and so do training and validation rows that were
    written one after the other.
    """
    if (np.diff(position) >= 0).all():
        return position, curves
    places, at = np.unique(position, return_inverse=True)
    merged = {}
    for name, values in curves.items():
        merged[name] = np.full(len(places), np.nan)
        there = ~np.isnan(values)
        merged[name][at[there]] = values[there]
    return places, merged


def _classes(classes: Any) -> int | None:
    if classes is None:
        return None
    count = float(np.ravel(classes)[0])
    if not (count >= 2 and count == int(count)):
        raise ValueError(f"num_classes: got {classes!r}; pass a whole number from 2 on, or nothing")
    return int(count)


def _lost_at(losses: dict[str, np.ndarray]) -> int | None:
    """Where the losses leave the finite numbers: at an infinity, or where one stays NaN for longer than its gaps are.

    A loss that is merely not logged any more, while another goes on, says nothing.
    """
    infinite = [int(at) for values in losses.values() for at in np.flatnonzero(np.isinf(values))[:1]]
    if infinite:
        return min(infinite)
    ends = {name: _last_finite(values) for name, values in losses.items()}
    if not ends:
        return None
    last = max(ends, key=ends.__getitem__)
    finite = np.flatnonzero(np.isfinite(losses[last]))
    gaps = [*np.diff(finite) - 1, *finite[:1]]
    after = len(losses[last]) - 1 - ends[last]
    return ends[last] + 1 if after > max(gaps, default=0) else None


def _last_finite(values: np.ndarray) -> int:
    """The place of the last finite number; -1 if there is none."""
    finite = np.flatnonzero(np.isfinite(values))
    return int(finite[-1]) if len(finite) else -1
