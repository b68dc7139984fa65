"""Runs as people log them: with the start or without, at the end of an epoch or as a mean over it, coarse or fine.

The doctor is made from these, so that it does not learn the habits of one logger. What it is told is part of the draw:
which curves there are, and whether the number of classes is known.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.curves.vocabulary import CURVES

NAMES = dict(zip(CURVES, ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy"), strict=True))
"""The doctor's name of each curve, and the laboratory's."""


class Habits(NamedTuple):
    """How a run is logged.

    Attributes:
        start: whether the point before the first step is logged.
        training: ``"end"``, the training loss on all rows at the end of each epoch; ``"mean"``, over the epoch, as it
            goes; ``"batch"``, of one minibatch, smoothed.
        every: how many epochs make up a point.
        digits: to how many significant digits numbers are written.
        classes: whether the number of classes is told.
    """

    start: bool
    training: str
    every: int
    digits: int
    classes: bool


def draw_habits(draws: np.random.Generator, epochs: int) -> Habits:
    """Habits at random, such that at least 7 points are logged of runs that have them.

    Example:
        >>> draw_habits(np.random.default_rng(0), 10).every
        1
    """
    return Habits(
        start=bool(draws.random() < 0.3),
        training=str(draws.choice(["end", "mean", "batch"], p=[0.35, 0.35, 0.3])),
        every=int(draws.choice([each for each in (1, 2, 4, 7) if each == 1 or epochs // each >= 7])),
        digits=int(draws.choice([3, 4, 7])),
        classes=bool(draws.random() < 0.5),
    )


def logged(run: Mapping[str, Any], epochs: int, habits: Habits, share: float = 1.0) -> dict[str, Any]:
    """One run as a log.

    Args:
        run: its curves by the laboratory's names, each with its start and at least ``epochs`` points more, and
            ``classes`` and ``learning_rate``.
        epochs: how long it lasts.
        habits: how it is logged.
        share: which share of its points, from the first on, is there already.

    Returns:
        Each of the doctor's four curves by name, ``learning_rate``, and ``num_classes`` if it is told.

    Example:
        >>> run = dict.fromkeys([*NAMES.values(), "batch_loss"], np.array([2.0, 1.0, 0.5]))
        >>> run |= {"classes": 2, "learning_rate": 0.1}
        >>> logged(run, 2, Habits(False, "mean", 1, 7, True))["train_loss"].tolist()
        [1.5, 0.75]
    """
    log: dict[str, Any] = {}
    for name, ours in NAMES.items():
        values = np.asarray(run[ours], float)[: epochs + 1]
        after = values[1:]
        if name == "train_loss" and habits.training == "batch":
            after = _smoothed(np.asarray(run["batch_loss"], float)[1 : epochs + 1])
        elif name.startswith("train") and habits.training == "mean":
            after = (values[1:] + values[:-1]) / 2
        points = after[: len(after) // habits.every * habits.every].reshape(-1, habits.every)
        kept = points[:, -1] if name.startswith("val") or habits.training == "end" else points.mean(axis=1)
        kept = np.concatenate([values[:1], kept]) if habits.start else kept
        log[name] = _rounded(kept[: max(1, round(share * len(kept)))], habits.digits)
    log["learning_rate"] = float(run["learning_rate"])
    return log | ({"num_classes": int(run["classes"])} if habits.classes else {})


def _smoothed(values: np.ndarray) -> np.ndarray:
    """The exponential mean that dashboards draw, without their bias at the start."""
    with np.errstate(over="ignore", invalid="ignore"):
        ages = np.subtract.outer(np.arange(len(values)), np.arange(len(values)))
        shares = np.where(ages >= 0, 0.6 ** np.maximum(ages, 0), 0.0)
        finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        means = shares @ finite / shares.sum(axis=1)
    return np.where(np.logical_and.accumulate(np.isfinite(values)), means, np.nan)


def _rounded(values: np.ndarray, digits: int) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        size = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(values))))
        return np.where(np.isfinite(size), np.round(values * size) / size, values)
