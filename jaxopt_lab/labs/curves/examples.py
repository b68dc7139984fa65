"""The runs of the sweep as examples for the doctor: a log, a label, what each remedy did, and which group it is of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.labs.curves.labels import label_runs
from jaxopt_lab.labs.curves.logs import NAMES, Habits, draw_habits, logged

if TYPE_CHECKING:
    import xarray as xr

LENGTHS = (10, 24, 50)
"""Each network is an example after so many epochs."""


class Example(NamedTuple):
    """One run.

    Attributes:
        run: its curves by the laboratory's names, ``classes`` and ``learning_rate``.
        epochs: how long it lasts.
        habits: how it is logged.
        label: the place in `LABELS` of what was wrong.
        closed: for each remedy the share of the way to the lowest true risk that it closes; NaN: not tried.
        helped: for each remedy whether it lowers the true risk by more than seed noise.
        family: the number of its family.
        task: the name of its task.
        held_out: what of its family is held out.
    """

    run: dict[str, Any]
    epochs: int
    habits: Habits
    label: int
    closed: np.ndarray
    helped: np.ndarray
    family: int
    task: str
    held_out: str

    def log(self, share: float = 1.0, without: Sequence[str] = ()) -> dict[str, Any]:
        """What the doctor is shown.

        Args:
            share: which share of the points is there already.
            without: the curves that are missing.
        """
        log = logged(self.run, self.epochs, self.habits, share)
        return {name: values for name, values in log.items() if name not in without}


def make_examples(runs: "xr.Dataset", lengths: Sequence[int] = LENGTHS, seed: int = 0) -> list[Example]:
    """All runs as examples.

    Args:
        runs: as `families.train_families` gives them, twice as long as the longest of ``lengths``.
        lengths: after how many epochs each network is an example.
        seed: of the habits of the loggers.
    """
    draws = np.random.default_rng(seed)
    names = (*NAMES.values(), "batch_loss")
    curves = {name: runs[name].to_numpy().reshape(-1, runs.sizes["epoch"]) for name in names}
    rates = runs.learning_rate.to_numpy().ravel()
    size = runs.seed[0].size  # networks of a family
    examples = []
    for epochs in lengths:
        labels = label_runs(runs, epochs)
        label = labels.label.to_numpy().ravel()
        closed, helped = (
            labels[name].to_numpy().reshape(labels.sizes["remedy"], -1).T for name in ("closed", "helped")
        )
        for at in range(len(label)):
            family = at // size
            examples.append(
                Example(
                    {name: values[at] for name, values in curves.items()}
                    | {"classes": int(runs.classes[family]), "learning_rate": float(rates[at])},
                    epochs, draw_habits(draws, epochs), int(label[at]), closed[at], helped[at], family,
                    str(runs.task.values[family]), str(runs.held_out.values[family]),
                )
            )  # fmt: skip
    return examples
