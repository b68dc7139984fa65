"""Tables of rows, from CSV or JSON: text to numbers, one table to its runs, and no table of final results."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jaxopt_lab.curves.reading.log import WRITTEN_NAN, Log, Run, refusal
from jaxopt_lab.curves.reading.names import meaning, run_column

if TYPE_CHECKING:
    import pandas as pd

_NAMING = re.compile(r"(run[ _]?)?(name|id|uuid)|run", re.IGNORECASE)
_NAN = re.compile(r"\s*[-+]?nan\s*", re.IGNORECASE)
_OF_RUNS = {"state", "created", "runtime", "user", "tags", "notes", "sweep", "status", "duration", "start time"}


def rows_log(path: Path, table: "pd.DataFrame", *, written_as: str, name: str, columns: Mapping[str, str]) -> Log:
    """The runs of a table of rows.

    Args:
        path: where it comes from, for errors.
        table: as it was read, with whatever in its cells.
        written_as: the format, for people.
        name: the run's, where no column tells runs apart.
        columns: the user's names.

    Raises:
        ValueError: if each row is a run of its own, or a column that the user named is not there.
    """
    teller = run_column(table.columns, columns)
    if teller is not None and teller not in table:
        raise refusal(path, f"it has no column {teller!r}", "name one of its own in columns['run']")
    _refuse_final_results(path, table, teller)
    ignored: dict[str, str] = {}
    notes: list[str] = []
    points = _numbers(table.drop(columns=[teller] if teller else []), ignored, notes)
    if teller is None:
        return Log(written_as, [Run(name, points)], ignored, notes)
    groups = points.groupby(table[teller].astype(str), sort=False)
    return Log(written_as, [Run(str(run), part.reset_index(drop=True)) for run, part in groups], ignored, notes)


def _refuse_final_results(path: Path, table: "pd.DataFrame", teller: str | None) -> None:
    """A table with a row per run and no counter holds last values, and no curve."""
    said = [told.what for name in table.columns if (told := meaning(name))]
    if {"epoch", "step"} & set(said):
        return
    naming = [name for name in table.columns if name == teller or _NAMING.fullmatch(name)]
    of_runs = [name for name in table.columns if name.lower() in _OF_RUNS]
    if any(table[name].is_unique for name in naming) and (of_runs or len(table) > 1):
        raise refusal(
            path,
            f"it has one row per run (columns {', '.join(map(repr, [*naming, *of_runs][:4]))}, no epochs or steps): "
            "final values, and no curve",
            "export the curves: in W&B a chart as CSV or run.history(), in MLflow the folder of the run",
        )


def _numbers(table: "pd.DataFrame", ignored: dict[str, str], notes: list[str]) -> "pd.DataFrame":
    """The columns of numbers: NaN as it was written is one, any other word is a gap; without any it is ignored."""
    import pandas as pd

    kept = {}
    for name, cells in table.items():
        written = cells.notna().to_numpy()
        if pd.api.types.is_bool_dtype(cells) or not written.any():
            ignored[str(name)] = "no numbers in it" if written.any() else "nothing in it"
            continue
        values = np.array(pd.to_numeric(cells, errors="coerce"), np.float64)
        lost = written & np.isnan(values)
        is_nan = np.array([bool(_NAN.fullmatch(str(cell))) for cell in cells[lost]], bool)
        values[np.flatnonzero(lost)[is_nan]] = WRITTEN_NAN
        lost[lost] = ~is_nan
        if lost.sum() == written.sum():
            ignored[str(name)] = "no numbers in it"
            continue
        if lost.any():
            notes.append(f"{lost.sum()} of {written.sum()} cells of {name!r} are no numbers and count as gaps")
        kept[str(name)] = values
    return pd.DataFrame(kept, index=table.index)
