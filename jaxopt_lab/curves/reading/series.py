"""Curves that were written point by point, each with its own steps, put side by side."""

from array import array
from typing import TYPE_CHECKING

import numpy as np

from jaxopt_lab.curves.reading.log import WRITTEN_NAN

if TYPE_CHECKING:
    import pandas as pd

MOST_POINTS = 20_000_000


class Series:
    """The points of one curve, in the order in which they were written."""

    def __init__(self) -> None:
        self.steps = array("q")
        self.values = array("d")

    def add(self, step: int, value: float) -> None:
        """Add one point."""
        self.steps.append(step)
        self.values.append(value)

    def last_of_each_step(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps, ascending, and values: what was written last at a step counts, as after a training taken up again."""
        steps, place = np.unique(np.frombuffer(self.steps, np.int64)[::-1], return_index=True)
        values = np.frombuffer(self.values, np.float64)[::-1][place]
        return steps, np.where(np.isnan(values), WRITTEN_NAN, values)


def side_by_side(series: dict[str, Series], axis: str) -> "pd.DataFrame":
    """A row for each step that any of the curves has, a column for each curve, NaN in the gaps.

    Args:
        series: by name, each with at least one point.
        axis: the name of the column of steps.
    """
    import pandas as pd

    points = {name: each.last_of_each_step() for name, each in series.items()}
    steps = np.unique(np.concatenate([steps for steps, _ in points.values()]))
    columns = {axis: steps.astype(np.float64)}
    for name, (own, values) in points.items():
        columns[name] = np.full(len(steps), np.nan)
        columns[name][np.searchsorted(steps, own)] = values
    return pd.DataFrame(columns, copy=False)
