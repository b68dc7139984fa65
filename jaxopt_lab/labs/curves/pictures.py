"""The trained families as pictures: over learning rates, against one hyperparameter, over the number of rows."""

from typing import TYPE_CHECKING

import numpy as np

from jaxopt_lab.curves.vocabulary import LABELS
from jaxopt_lab.labs.curves.labels import label_runs
from jaxopt_lab.labs.curves.logs import NAMES, Habits, logged
from jaxopt_lab.labs.findings import Picture
from jaxopt_lab.plots import figure_of, isolation, learning_curve, new_figure, rate_sweep

if TYPE_CHECKING:
    import xarray as xr

PLAIN = Habits(start=True, training="end", every=1, digits=7, classes=False)


def family_pictures(runs: "xr.Dataset", family: int, epochs: int) -> list[Picture]:
    """One family over its learning rates, and all of its networks against their rate.

    Args:
        runs: as `families.train_families` gives them.
        family: its place among them.
        epochs: how long the runs last; half of what was trained at most.

    Returns:
        The small multiples of the wide, unregularised networks on all rows, with what interventions say of each; and
        the isolation plot, with the rate marked from which on a lower one is better.
    """
    labels = label_runs(runs.isel(family=[family]), epochs).label[0]
    what = f"{runs.task.values[family]}, {runs.optimizer.values[family]}, {runs.depth.values[family]} hidden layers"
    plain = {"data": -1, "width": -1, "regularisation": 0, "seed": 0}
    row = runs[[*NAMES.values(), "batch_loss", "classes", "learning_rate"]].isel({"family": family} | plain)
    panels, said = {}, {}
    for at, rate in enumerate(row.learning_rate.to_numpy()):
        run = {name: row[name].isel(rate=at).to_numpy() for name in (*NAMES.values(), "batch_loss")}
        log = logged(run | {"classes": int(row.classes), "learning_rate": rate}, epochs, PLAIN)
        panels[f"{rate:.2g}"] = log | {"epoch": np.arange(epochs + 1)}
        said[f"{rate:.2g}"] = LABELS[int(labels.isel({"rate": at} | plain))].replace("_", " ")
    rates = runs.learning_rate[family].to_numpy().ravel()
    ended = runs.train_loss[family].isel(epoch=epochs).to_numpy().ravel()
    ended = np.where(labels.to_numpy().ravel() == LABELS.index("diverged"), np.nan, ended)
    _, ax = new_figure()
    bad = _bad_from(labels, row.learning_rate.to_numpy())
    isolation(rates, ended, bad_from=bad, title=f"Training loss after {epochs} epochs: {what}", ax=ax)
    words = f"{what}; each panel one learning rate, and what changing the rate or the network says of it."
    alone = f"{what}: {len(rates)} networks that differ in width, rows, regularisation and seed, against their rate."
    return [
        Picture("curves_rates", rate_sweep(panels, said), words, words),
        Picture("curves_isolation", figure_of(ax), alone, alone),
    ]


def data_picture(runs: "xr.Dataset", task: str, epochs: int) -> Picture:
    """The lowest loss that any rate, width and regularisation reaches, over the number of training rows.

    Args:
        runs: as `families.train_families` gives them.
        task: the name of the task.
        epochs: how long the runs last.
    """
    chosen = runs.isel(family=np.flatnonzero(runs.task.to_numpy() == task), epoch=slice(0, epochs + 1))
    rows = chosen.train_rows.isel(width=0, regularisation=0, rate=0, seed=0).to_numpy().ravel()
    best = {
        name: chosen[loss].min(("width", "regularisation", "rate", "epoch")).transpose("family", "data", "seed")
        for name, loss in (("training", "train_loss"), ("true risk", "true_loss"))
    }
    sizes = np.unique(rows)
    grouped = {
        name: [np.median(values.to_numpy().reshape(len(rows), -1)[rows == size], axis=0) for size in sizes]
        for name, values in best.items()
    }
    floor = float(chosen.floor[0])
    _, ax = new_figure()
    learning_curve(sizes, grouped, floor=floor or None, title=f"Lowest loss on the way: {task}", ax=ax)
    words = f"{task}: the lowest training loss and true risk that any network of the families had, over training rows."
    return Picture("curves_data", figure_of(ax), words, words)


def _bad_from(labels: "xr.DataArray", rates: np.ndarray) -> float | None:
    """The lowest rate at which, and at all higher ones, most runs have too high a rate or have diverged."""
    too_high = labels.isin([LABELS.index("learning_rate_too_high"), LABELS.index("diverged")])
    mostly = too_high.mean([dim for dim in labels.dims if dim != "rate"]).to_numpy() > 0.5
    bad = np.logical_and.accumulate(mostly[::-1])[::-1]
    return float(rates[bad.argmax()]) if bad.any() else None
