"""The CSV that a chart of W&B exports: a counter, then for each run its metric and the bounds of what was drawn."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from jaxopt_lab.curves.reading.log import Log, Run
from jaxopt_lab.curves.reading.names import meaning
from jaxopt_lab.curves.reading.rows import rows_log

if TYPE_CHECKING:
    import pandas as pd

_BOUNDS = ("__MIN", "__MAX")


def is_chart(names: Iterable[str]) -> bool:
    """Whether columns are those of a chart: `<run> - <metric>` and its bounds."""
    names = set(names)
    return any(" - " in name and f"{name}{_BOUNDS[0]}" in names for name in names)


def chart_log(path: Path, table: "pd.DataFrame") -> Log:
    """The runs of a chart; the bounds repeat the values, or belong to a group of runs, and are ignored."""
    import pandas as pd

    plain = table.loc[:, [name for name in table.columns if not name.endswith(_BOUNDS)]]
    numbers = rows_log(path, plain, written_as="a W&B chart export", name="", columns={})
    points = numbers.runs[0].points
    counters = [name for name in points if (told := meaning(name)) and told.what in {"epoch", "step"}]
    counters = counters or [name for name in points if " - " not in name]
    ignored = numbers.ignored | {f"columns ending in {' or '.join(_BOUNDS)}": "bounds of what the chart drew"}
    runs: dict[str, dict[str, pd.Series]] = {}
    for column in points:
        run, mark, metric = column.rpartition(" - ")
        if mark:
            runs.setdefault(run, {})[metric] = points.loc[:, column]
    named = [Run(run, _its_points(points.loc[:, counters], pd.DataFrame(metrics))) for run, metrics in runs.items()]
    return Log(numbers.format, named, ignored, numbers.notes)


def _its_points(counters: "pd.DataFrame", metrics: "pd.DataFrame") -> "pd.DataFrame":
    """The rows in which this run has a value: the counter goes through the steps of all runs."""
    rows = metrics.notna().any(axis="columns")
    return counters[rows].join(metrics[rows]).reset_index(drop=True)
