"""From a log as it was written to the one table that all formats become."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jaxopt_lab.curves.reading.log import WRITTEN_NAN, Log, Run, refusal
from jaxopt_lab.curves.reading.names import AXES, CURVES, MEASURES, Assignment, assign
from jaxopt_lab.curves.reading.points import one_row_per_point

if TYPE_CHECKING:
    import pandas as pd


def tidy(path: Path, log: Log, columns: Mapping[str, str]) -> "pd.DataFrame":
    """The table, with what was recognised, ignored and done in its attributes.

    Raises:
        ValueError: if the log has no curve, lacks a column that the user named, or contradicts itself.
    """
    import pandas as pd

    _check_named(path, log, columns)
    recognised: dict[str, list[str]] = {}
    not_finite: dict[str, dict[str, int]] = {}
    ignored, notes, tables = dict(log.ignored), list(log.notes), []
    for run in log.runs:
        try:
            found = assign(run.points, _there(run, columns))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        if not set(MEASURES) & found.columns.keys():
            ignored[run.name] = f"no loss and no accuracy among {_listed(run.points)}"
            continue
        for name, origin in found.columns.items():
            recognised.setdefault(name, []).append(origin)
        table, hidden = _renamed(run.points, found)
        ignored |= dict.fromkeys(hidden, "its name is that of a curve that was found elsewhere")
        points = one_row_per_point(_with_axis(table, notes), rewritten=run.rewritten)
        notes += [*found.notes, *points.notes]
        for number, part in enumerate(points.parts, 1):
            name = run.name if len(points.parts) == 1 else f"{run.name} ({number})"
            not_finite[name] = _first_not_finite(part)
            tables.append(part.replace(WRITTEN_NAN, np.nan).assign(run=name))
    if not tables:
        raise refusal(path, _no_curves(log), "name yours, as in columns={'train_loss': 'my column'}")
    whole = _percent_to_shares(pd.concat(tables, ignore_index=True), notes)
    first = [name for name in ("run", *AXES, *CURVES) if name in whole]
    whole = whole.loc[:, first + [name for name in whole.columns if name not in first]]
    whole.attrs = {
        "source": str(path),
        "format": log.format,
        "recognised": {name: " or ".join(dict.fromkeys(origins)) for name, origins in recognised.items()},
        "ignored": ignored,
        "notes": list(dict.fromkeys(notes)),
        "not_finite": not_finite,
    }
    return whole


def _there(run: Run, columns: Mapping[str, str]) -> dict[str, str]:
    return {name: origin for name, origin in columns.items() if name != "run" and origin in run.points.columns}


def _check_named(path: Path, log: Log, columns: Mapping[str, str]) -> None:
    """Refuse a name that the user gave and no run has: it may be mistyped."""
    for name, origin in columns.items():
        if name == "run" or any(origin in run.points.columns for run in log.runs):
            continue
        why = log.ignored.get(origin)
        seen = f"was left out ({why})" if why else f"is not there; there are {_listed(log.runs[0].points)}"
        raise ValueError(f"columns[{name!r}]: the column {origin!r} of {path} {seen}")


def _renamed(points: "pd.DataFrame", found: Assignment) -> tuple["pd.DataFrame", list[str]]:
    """The table's names for what was found, the log's for the rest; what the rest may not be called is left out."""
    names = {origin: name for name, origin in found.columns.items()}
    hidden = [name for name in points.columns if name not in names and name in ("run", *AXES, *CURVES)]
    return points.drop(columns=hidden).rename(columns=names), hidden


def _first_not_finite(part: "pd.DataFrame") -> dict[str, int]:
    """The row of a run, counted from 0, at which each loss was first written as NaN or infinity."""
    rows = {}
    for name in MEASURES:
        if name.endswith("loss") and name in part:
            values = part[name].to_numpy()
            found = np.flatnonzero((values == WRITTEN_NAN) | np.isinf(values))
            rows |= {name: int(found[0])} if len(found) else {}
    return rows


def _with_axis(table: "pd.DataFrame", notes: list[str]) -> "pd.DataFrame":
    """Rows without a counter are counted."""
    axes = [axis for axis in AXES if axis in table]
    table = table.assign(**{axis: table[axis].replace(WRITTEN_NAN, np.nan) for axis in axes})
    if any(table[axis].notna().to_numpy().any() for axis in axes):
        return table
    notes.append("neither epochs nor steps are in the log: the rows are counted, and taken for epochs")
    return table.assign(epoch=[float(row) for row in range(len(table))])


def _percent_to_shares(table: "pd.DataFrame", notes: list[str]) -> "pd.DataFrame":
    """Accuracies of a log that has them in percent, as shares."""
    names = [name for name in MEASURES if name.endswith("accuracy") and name in table]
    values = table[names].to_numpy()
    if not names or not ((values > 1.5) & (values <= 100)).any() or (values > 100).any():
        return table
    notes.append("accuracies in percent: divided by 100")
    return table.assign(**{name: table[name] / 100 for name in names})


def _listed(points: "pd.DataFrame") -> str:
    """Some of the columns' names."""
    names = [repr(name) for name in points.columns]
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "") if names else "nothing"


def _no_curves(log: Log) -> str:
    seen = _listed(log.runs[0].points) if log.runs else "nothing"
    return f"read as {log.format}, it has no loss and no accuracy: its columns of numbers are {seen}"
