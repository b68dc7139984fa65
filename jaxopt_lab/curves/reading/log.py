"""What a reader of one format hands on: runs under the names that the log has for its columns."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

FORMATS = (
    "a Keras CSVLogger or History file, a Hugging Face trainer_state.json, a Lightning metrics.csv, TensorBoard event "
    "files, a W&B chart export, an MLflow run folder, or a CSV or JSON file with one row per epoch or step"
)

WRITTEN_NAN = -sys.float_info.max
"""What readers hand on where NaN was written, since NaN in their tables is a gap: a number that nobody measures."""


class Run(NamedTuple):
    """One training.

    Args:
        name: what tells it from the others of its log.
        points: columns of numbers under the log's own names, rows in the order in which they were written.
        rewritten: whether a step that comes again replaces what was there, as in event files.
    """

    name: str
    points: "pd.DataFrame"
    rewritten: bool = False


class Log(NamedTuple):
    """What was read.

    Args:
        format: whose format it is, as one says it.
        runs: at least one.
        ignored: what was left out, and why.
        notes: what else a reader of the table should know.
    """

    format: str
    runs: list[Run]
    ignored: dict[str, str]
    notes: list[str]


def refusal(path: Path, seen: str, remedy: str = f"pass {FORMATS}") -> ValueError:
    """The error for what can't be read: what was seen, and what would work."""
    return ValueError(f"{path}: {seen}; {remedy}")


def run_name(root: Path, place: Path) -> str:
    """What a run is called after where it lies: its way from the folder that the user named, or its own name."""
    if place == root or root not in place.parents:
        return place.resolve().name
    return place.relative_to(root).as_posix()
