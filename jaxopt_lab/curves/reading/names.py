"""What the columns of a log mean, by the words in their names: `val_acc`, `eval/accuracy` and `validAccuracy` are one.

A name says of which data (training, validation), what (loss, accuracy), and sometimes over what it is a mean (the
`_epoch` and `_step` of Lightning, Keras' `epoch_loss`). A name that does not say of which data means training, as in
Keras, unless other columns say so.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

CURVES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate")
MEASURES = CURVES[:4]
AXES = ("epoch", "step")

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_DATA = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "eval": "val", "evaluation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
_FILLERS = {"mean", "avg", "average", "running", "metrics"}
_GRAINS = {"epoch": 0, "step": 2, "batch": 2}
_NO_GRAIN = 1
# The first of each is the name proper; the others count where it is missing, in this order.
_LOSSES = ("loss", "total loss", "cross entropy", "cross entropy loss", "crossentropy", "nll", "nll loss", "ce loss")
_SHORT = {"acc": "accuracy"}
_ACCURACIES = (
    "accuracy", "binary accuracy", "categorical accuracy", "sparse categorical accuracy", "top 1 accuracy",
    "top 1", "accuracy 1", "accuracy top 1",
)  # fmt: skip
_STEPS = {"step", "steps", "global step", "trainer global step", "iteration", "iterations", "iter", "iters"}
_EPOCHS = {"epoch", "epochs"}
_RUNS = {"run", "run name", "run id"}


class Meaning(NamedTuple):
    """What a column is said to hold.

    Args:
        what: `loss`, `accuracy`, `learning_rate`, `epoch`, `step` or `run`.
        data: `train`, `val` or `test`; None where the name does not say.
        rank: the lower, the more the name says just this.
    """

    what: str
    data: str | None = None
    rank: tuple[int, int] = (0, 0)


def meaning(name: str) -> Meaning | None:
    """What a column's name says; None for what has no part in the curves.

    Example:
        >>> meaning("val_loss_epoch")
        Meaning(what='loss', data='val', rank=(0, 0))
        >>> meaning("grad_norm")
    """
    data, words = split_name(name)
    text = " ".join(words)
    for what, texts in (("epoch", _EPOCHS), ("step", _STEPS), ("run", _RUNS)):
        if text in texts:
            return Meaning(what)
    if words[:1] == ["lr"] or words[:2] == ["learning", "rate"]:
        return Meaning("learning_rate", rank=(len(words), _NO_GRAIN))
    grain = next((_GRAINS[word] for word in words if word in _GRAINS), _NO_GRAIN)
    text = " ".join(word for word in words if word not in _GRAINS)
    if text in {"learning rate", "lr"}:
        return Meaning("learning_rate", rank=(0, grain))
    for what, texts in (("loss", _LOSSES), ("accuracy", _ACCURACIES)):
        if text in texts and len(data) <= 1:
            return Meaning(what, next(iter(data), None), (texts.index(text), grain))
    return None


def split_name(name: str) -> tuple[set[str], list[str]]:
    """Of which data a name says it is, and its other words.

    Example:
        >>> split_name("validation/epochLoss")
        ({'val'}, ['epoch', 'loss'])
    """
    words: list[str] = [word.lower() for word in _WORD.findall(name)]
    data = {_DATA[word] for word in words if word in _DATA}
    return data, [_SHORT.get(word, word) for word in words if word not in _DATA and word not in _FILLERS]


class Assignment(NamedTuple):
    """Which column of a log is which of the table.

    Args:
        columns: the log's name for each name of the table.
        notes: what was not clear.
    """

    columns: dict[str, str]
    notes: list[str]


def assign(points: "pd.DataFrame", given: Mapping[str, str]) -> Assignment:
    """Find the curves and the axes among the columns of a run.

    Args:
        points: columns of numbers.
        given: what the user said; it counts before what the names say.

    Raises:
        ValueError: if two columns that differ both seem to be the same curve.
    """
    columns = dict(given)
    free = [name for name in points.columns if name not in given.values()]
    said = {name: told for name in free if (told := meaning(name)) is not None}
    for axis in AXES:
        named = [name for name, told in said.items() if told.what == axis]
        if named and axis not in columns:
            columns[axis] = _the_one(points, axis, named)
    notes = []
    for curve in CURVES:
        if curve not in columns and (candidates := _candidates(said, curve, points)):
            columns[curve] = _the_one(points, curve, candidates)
    for name, told in said.items():
        if told.what in {"loss", "accuracy"} and told.data is None and name not in columns.values():
            what = f"{{'val_{told.what}': {name!r}}}"
            notes.append(f"{name!r} does not say of which data it is and is kept as it is; if you know, columns={what}")
    return Assignment(columns, notes)


def _candidates(said: Mapping[str, Meaning], curve: str, points: "pd.DataFrame") -> list[str]:
    """The columns that may be a curve, of the best rank among them."""
    if curve == "learning_rate":
        found = [name for name, told in said.items() if told.what == curve]
        return sorted(found, key=lambda name: said[name].rank)[:1]  # of several groups of parameters, the first
    data, _, what = curve.partition("_")
    of_kind = {name: told for name, told in said.items() if told.what == what}
    found = [name for name, told in of_kind.items() if told.data == data]
    told_apart = any(told.data == "train" and told.what in {"loss", "accuracy"} for told in said.values())
    if data == "train" and (found or not told_apart):
        found += [name for name, told in of_kind.items() if told.data is None]
    if data == "val" and not found:
        found = [name for name, told in of_kind.items() if told.data == "test" and _length(points, name) > 1]
    if len(found) > 1:  # a mean over the whole training, written once at its end, is no curve
        found = [name for name in found if _length(points, name) > 1] or found
    best = min((of_kind[name].rank for name in found), default=None)
    return [name for name in found if of_kind[name].rank == best]


def _length(points: "pd.DataFrame", name: str) -> int:
    return int(points[name].notna().to_numpy().sum())


def _the_one(points: "pd.DataFrame", curve: str, names: Sequence[str]) -> str:
    """The first of the columns, if the others say the same."""
    first, *others = names
    ours = points[first].to_numpy()
    for other in others:
        theirs = points[other].to_numpy()
        differing = np.flatnonzero((ours != theirs) & ~(np.isnan(ours) & np.isnan(theirs)))
        if len(differing):
            row = differing[0]
            raise ValueError(
                f"columns {first!r} and {other!r} both look like {curve} and differ (in row {row + 1}: {ours[row]:g} "
                f"and {theirs[row]:g}); say which one is meant: columns={{{curve!r}: {first!r}}}"
            )
    return first


def run_column(names: Iterable[str], given: Mapping[str, str]) -> str | None:
    """The column that tells runs apart, if there is one."""
    if "run" in given:
        return given["run"]
    return next((name for name in names if (told := meaning(name)) and told.what == "run"), None)
