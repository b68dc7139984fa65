"""One row per point: what a log wrote about one epoch or step on several rows comes together."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


class Points(NamedTuple):
    """The rows of one training, or of several that were written one after the other.

    Args:
        parts: one table for each training.
        notes: what was done beyond putting rows together.
    """

    parts: "list[pd.DataFrame]"
    notes: list[str]


def one_row_per_point(table: "pd.DataFrame", *, rewritten: bool) -> Points:
    """Put the rows of one point together.

    Rows that complete each other become one. Where rows contradict each other, the counter says why: it never falls,
    so the rows are finer than it counts (every row is a point, and `step` numbers them); it falls back to its
    beginning (another training was appended); it falls to a middle (training was taken up again, and what was written
    last counts).

    Args:
        table: with the column `epoch`, `step` or both.
        rewritten: whether what was written last counts anyway.
    """
    keys = _keys(table)
    table = table.loc[np.isfinite(table[keys].to_numpy()).any(axis=1)].reset_index(drop=True)
    if rewritten or not _contradictions(table, keys):
        return Points([_merged(table, keys)], [])
    (counter, *finer) = keys
    falls = table[counter].diff() < 0
    if finer or not falls.to_numpy().any():
        return Points(
            [table.assign(step=range(len(table)))],
            [f"several rows for one {counter}: each is a point of its own, and step counts them"],
        )
    begins = falls & (table[counter] <= table[counter].iloc[0])
    parts = [_merged(part, keys) for _, part in table.groupby(begins.cumsum())]
    notes = []
    if len(parts) > 1:
        notes.append(f"{counter} begins again {len(parts) - 1} times: these are {len(parts)} runs")
    if (falls & ~begins).to_numpy().any():
        notes.append(f"{counter} falls back on the way: training was taken up again, and what was written last counts")
    return Points(parts, notes)


def _keys(table: "pd.DataFrame") -> list[str]:
    """What tells points apart: the steps, where they count through; else the epochs, or both."""
    if "step" not in table:
        return ["epoch"]
    if "epoch" in table and not table["step"].is_monotonic_increasing:  # as no column with gaps is
        return ["epoch", "step"]
    return ["step"]


def _contradictions(table: "pd.DataFrame", keys: list[str]) -> bool:
    """Whether a column has two different numbers for one point."""
    if not table.duplicated(keys).any():
        return False
    values = table.drop(columns=[name for name in ("epoch", "step") if name in table])
    by_point = values.groupby([table[key] for key in keys], dropna=False)
    return bool((by_point.nunique() > 1).to_numpy().any())


def _merged(table: "pd.DataFrame", keys: list[str]) -> "pd.DataFrame":
    if table.duplicated(keys).any():
        table = table.groupby(keys, as_index=False, dropna=False).last()
    return table.sort_values(keys, kind="stable", ignore_index=True)
