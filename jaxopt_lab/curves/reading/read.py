"""`read`: the one way in, from a path to a table of curves."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jaxopt_lab.curves.reading.find import find_log
from jaxopt_lab.curves.reading.names import AXES, CURVES
from jaxopt_lab.curves.reading.tidy import tidy

if TYPE_CHECKING:
    import pandas as pd

_NAMES = ("run", *AXES, *CURVES)


def read(path: str | os.PathLike[str], columns: Mapping[str, str] | None = None) -> "pd.DataFrame":
    r"""Read a training log, of whatever kind, into one tidy table.

    The kind is told by content, not by name: Keras CSVLogger and History JSON, Hugging Face ``trainer_state.json``,
    Lightning ``metrics.csv``, TensorBoard event files and folders of them, W&B chart exports, MLflow run folders, and
    any CSV or JSON with a row per epoch or step. Nothing that is read is executed. A record that its writer did not
    finish is left out, and no other.

    Args:
        path: a file, or a folder with one or more runs.
        columns: the log's name for a column of the table where it can't be told, as in
            ``{"train_loss": "objective"}``; the names are those under Returns.

    Returns:
        One row per run and epoch or step, ascending, with NaN in the gaps. Columns: ``run``; ``epoch``, ``step`` or
        both; those of ``train_loss``, ``val_loss``, ``train_accuracy``, ``val_accuracy`` (shares) and
        ``learning_rate`` that are in the log; then its other columns of numbers under their own names. The
        attributes (``attrs``) say what was read: ``source``, ``format``, ``recognised`` (the log's name for each
        column), ``ignored`` (what was left out, and why), ``notes``, and ``not_finite``: for each run the row, counted
        from 0, at which a loss was first written as NaN or infinity, which its NaN alone would not tell from a gap.

    Raises:
        ValueError: with what was seen and what would work: nothing there, empty, binary, too large, torn by a merge,
            cut short, columns that contradict each other, one row per run, or no loss and no accuracy in it.

    Example:
        >>> import pathlib, tempfile
        >>> log = pathlib.Path(tempfile.mkdtemp()) / "training.csv"
        >>> _ = log.write_text("epoch,accuracy,loss,val_loss\n0,0.55,1.2,1.3\n1,0.70,0.8,1.0\n")
        >>> curves = read(log)
        >>> list(curves.columns)
        ['run', 'epoch', 'train_loss', 'val_loss', 'train_accuracy']
        >>> curves.attrs["format"], curves.attrs["recognised"]["train_loss"]
        ('a Keras CSVLogger file', 'loss')
    """
    given = dict(columns or {})
    if unknown := [name for name in given if name not in _NAMES]:
        raise ValueError(f"columns: got the name {unknown[0]!r}; the names are {', '.join(_NAMES)}")
    place = Path(path)
    return tidy(place, find_log(place, given), given)
