"""Which learning rate suits which method: one sweep of all of them over Rosenbrock's valley."""

from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab import optimizers, plots, problems
from jaxopt_lab.analysis import quartiles
from jaxopt_lab.engine import sweep
from jaxopt_lab.labs.findings import Picture, Table

METHODS = {
    "SGD": optimizers.sgd,
    "momentum": optimizers.sgd_momentum,
    "Nesterov": optimizers.nesterov,
    "RMSProp": optimizers.rmsprop,
    "Adam": optimizers.adam,
}


GOOD_LOSS = 0.1
"""A median final loss that counts as good: random starts have one near 100."""


class Best(NamedTuple):
    """How a method does at its best learning rate, and how much of the axis brings it below `GOOD_LOSS`."""

    learning_rate: float
    median_final_loss: float
    decades_of_good_rates: float


class Tuning(NamedTuple):
    """The sweep, its quartiles over the starts, and the best of each method."""

    settings: dict[str, Any]
    learning_rates: np.ndarray
    quartiles: dict[str, np.ndarray]  # for each method, shape (3, rates)
    diverged: dict[str, np.ndarray]  # for each method, the share of starts at each rate
    best: dict[str, Best]
    trajectories: int


def tune(*, seed: int, num_steps: int, num_rates: int, num_starts: int, progress: bool) -> Tuning:
    """Run every method at every learning rate from the same random starts.

    Args:
        seed: the root of the starts.
        num_steps: the steps of each run.
        num_rates: how many learning rates, evenly spaced in their logarithm.
        num_starts: how many starts.
        progress: show a progress bar.
    """
    rates = np.logspace(-5, 1, num_rates)
    result = sweep(
        problems.rosenbrock(),
        METHODS,
        {"learning_rate": rates},
        starts=num_starts,
        num_steps=num_steps,
        seed=seed,
        progress=progress,
    )
    losses = result.final_loss.transpose("optimizer", "learning_rate", "start")
    spread = {name: quartiles(losses.sel(optimizer=name).values) for name in METHODS}
    diverged = (result.diverged_at >= 0).mean("start")
    return Tuning(
        settings={
            "problem": "rosenbrock",
            "optimizers": list(METHODS),
            "starts": num_starts,
            "num_steps": num_steps,
            "seed": seed,
        },
        learning_rates=rates,
        quartiles=spread,
        diverged={name: diverged.sel(optimizer=name).values for name in METHODS},
        best={name: _best(rates, spread[name][1]) for name in METHODS},
        trajectories=int(result.final_loss.size),
    )


def tuning_picture(tuning: Tuning) -> Picture:
    """Final loss against learning rate, for each method."""
    drawn = plots.quantile_bands(
        tuning.learning_rates,
        tuning.quartiles,
        xlabel="learning rate",
        ylabel=f"loss after {tuning.settings['num_steps']:,} steps",
        title=f"{tuning.trajectories:,} runs in Rosenbrock's valley",
    )
    return Picture(
        "tuning",
        plots.figure_of(drawn.ax),
        "Final loss over random starts for each learning rate: the median (line) and the quartiles (band). A line ends "
        "where half of the runs leave the finite numbers; the dot marks the best rate.",
        "Final loss against learning rate for five optimisers on logarithmic axes, each with its lowest point marked.",
    )


def tuning_table(tuning: Tuning) -> Table:
    """The best learning rate of each method."""
    return Table(
        "Each method at its best learning rate in Rosenbrock's valley",
        ("method", "best learning rate", "median final loss", f"decades of rates with a loss below {GOOD_LOSS}"),
        [(name, *best) for name, best in tuning.best.items()],
    )


def _best(rates: np.ndarray, median: np.ndarray) -> Best:
    spacing = np.log10(rates[1] / rates[0])
    return Best(float(rates[median.argmin()]), float(median.min()), float(spacing * (median < GOOD_LOSS).sum()))
