"""One sweep over the grid, and all that is read off it."""

from typing import Any

import numpy as np

from jaxopt_lab import optimizers, problems
from jaxopt_lab.engine import sweep
from jaxopt_lab.labs.curves.experiment import (
    BATCH_SIZE,
    CHUNK_SIZE,
    CLASSES,
    GOOD,
    GRID,
    HIDDEN,
    REMEDIES,
    SCENARIOS,
    network,
    remedy_label,
)
from jaxopt_lab.labs.curves.measure import FLAT, characteristics, remedy_effect, scenario_curves
from jaxopt_lab.labs.curves.report import (
    answers,
    doctors_word,
    remedies_picture,
    remedies_table,
    scenarios_picture,
    task_3,
)
from jaxopt_lab.labs.findings import Findings


def run(*, seed: int = 0, num_epochs: int = 100, num_seeds: int = 5) -> Findings:
    """Train every cell of the grid, draw the four scenarios, apply the remedies and measure what they did.

    An epoch is as many minibatches as it takes to draw all training rows once on average, in every cell alike: one
    with a tenth of the rows draws each ten times as often, so that all cells have the same budget.

    Args:
        seed: the root of all random numbers.
        num_epochs: how long to train, an even number.
        num_seeds: how many initialisations and orders of minibatches each cell gets.

    Returns:
        The findings.

    Raises:
        ValueError: if ``num_epochs`` is odd or below 2.

    Example:
        >>> run(num_epochs=3)
        Traceback (most recent call last):
        ...
        ValueError: num_epochs: got 3; give an even number of at least 2, since halves of training are compared
    """
    if num_epochs < 2 or num_epochs % 2:
        raise ValueError(
            f"num_epochs: got {num_epochs}; give an even number of at least 2, since halves of training are compared"
        )
    steps = _steps_an_epoch()
    result = sweep(
        network,
        optimizers.sgd,
        GRID,
        starts=num_seeds,
        num_steps=num_epochs * steps,
        record=steps,
        seed=seed,
        chunk_size=CHUNK_SIZE,
    )
    curves = {name: scenario_curves(result, name) for name in SCENARIOS}
    said = {name: doctors_word(each) for name, each in curves.items()}
    seen = {name: characteristics(each) for name, each in curves.items()}
    tried = {
        name: {remedy_label(name, remedy): remedy_effect(result, name, remedy) for remedy in remedies}
        for name, remedies in REMEDIES.items()
    }
    return Findings(
        name="curves",
        title="Training curves: what is wrong, and what helps",
        task="Show the training curves of good convergence, overfitting, a learning rate that is too high and "
        "underfitting; list what characterises each, and what to do about it.",
        settings=_settings(seed, num_epochs, num_seeds, steps),
        numbers={
            "curves": curves,
            "characteristics": seen,
            "remedies": tried,
            "guessing_loss": float(np.log(CLASSES)),
            "doctor": {
                name: [{"label": each.label, "probabilities": each.probabilities} for each in seeds]
                for name, seeds in said.items()
            },
        },
        pictures=[scenarios_picture(curves, said), remedies_picture(tried, num_seeds)],
        tables=[task_3(seen, tried), remedies_table(tried)],
        answers=answers(seen, tried),
    )


def _steps_an_epoch() -> int:
    return round(len(problems.datasets.load("digits").train.labels) / BATCH_SIZE)


def _settings(seed: int, num_epochs: int, num_seeds: int, steps: int) -> dict[str, Any]:
    return {
        "data": "digits", "hidden": HIDDEN, "activation": "relu", "optimizer": "sgd", "batch_size": BATCH_SIZE,
        "steps_an_epoch": steps, "num_epochs": num_epochs, "num_seeds": num_seeds, "seed": seed, "grid": GRID,
        "scenarios": {name: GOOD | change for name, change in SCENARIOS.items()}, "flat_below": FLAT,
        "chunk_size": CHUNK_SIZE,
    }  # fmt: skip
