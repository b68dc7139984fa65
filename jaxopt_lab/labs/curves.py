"""Training curves: four scenarios from real networks, each made by what was done to it, and remedies that were tried.

One sweep trains a small network at every point of a grid. A scenario is a cell of it, a remedy the cell next to it in
one coordinate, or another epoch of the same runs; each starts from the same weights and sees the same minibatches.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab import optimizers, problems
from jaxopt_lab.engine import sweep
from jaxopt_lab.labs.findings import Answer, Findings, Picture, Table
from jaxopt_lab.plots import training
from jaxopt_lab.problems import Problem

if TYPE_CHECKING:
    import xarray as xr

HIDDEN = (16, 16)
BATCH_SIZE = 128
CLASSES = 10
CHUNK_SIZE = 8
"""Measuring all rows takes more memory than the parameters do, so that fewer networks at once are faster."""
GRID = {
    "learning_rate": [0.1, 0.5, 2.5],
    "train_fraction": [0.1, 1.0],
    "label_noise": [0.0, 0.2],
    "active_units": [2, 16],
    "weight_decay": [0.0, 0.01],
}
"""Small values and large ones of everything that makes or mends a scenario; all of their combinations are trained."""

GOOD = {"learning_rate": 0.1, "train_fraction": 1.0, "label_noise": 0.0, "active_units": 16, "weight_decay": 0.0}
SCENARIOS = {
    "Good convergence": {},
    "Overfitting": {"train_fraction": 0.1, "label_noise": 0.2},
    "High learning rate": {"learning_rate": 2.5},
    "Underfitting": {"active_units": 2},
}
"""What is done to the good cell to make each scenario."""

FLAT = 0.02
"""A second half whose training loss stays within this share of the initial loss is flat."""


class Remedy(NamedTuple):
    """A change of one coordinate, or other epochs of the same runs.

    Attributes:
        change: the coordinate and its new value; empty for other epochs.
        before: the epoch to compare with, ``"end"`` or ``"half"``.
        after: the epoch to report, ``"end"`` or ``"best"``, where the validation loss of that run is lowest.
    """

    change: dict[str, float]
    before: str = "end"
    after: str = "end"


_STOP_EARLY = Remedy({}, after="best")
_DECAY = Remedy({"weight_decay": 0.01})
_FASTER = Remedy({"learning_rate": 0.5})
REMEDIES = {
    "Good convergence": [_FASTER, _DECAY, _STOP_EARLY],
    "Overfitting": [
        Remedy({"train_fraction": 1.0}), Remedy({"label_noise": 0.0}), _DECAY, _STOP_EARLY, Remedy({"active_units": 2})
    ],
    "High learning rate": [Remedy({"learning_rate": 0.1}), Remedy({"learning_rate": 0.5}), _STOP_EARLY, _DECAY],
    "Underfitting": [Remedy({"active_units": 16}), Remedy({}, before="half"), _FASTER],
}  # fmt: skip

_WORDS = {
    "learning_rate": ("learning rate {}", "{:g}"),
    "train_fraction": ("{} of the training rows", "{:.0%}"),
    "label_noise": ("{} of the labels wrong", "{:.0%}"),
    "active_units": ("{} units in each hidden layer", "{:g}"),
    "weight_decay": ("weight decay {}", "{:g}"),
}


def network(train_fraction: Any, label_noise: Any, active_units: Any, weight_decay: Any) -> Problem:
    """The network that every cell of the grid trains: digits, two hidden layers of ReLUs, minibatches.

    Args:
        train_fraction: as in `problems.mlp`, as are the others.
        label_noise: the share of training labels that are wrong.
        active_units: how many units of each hidden layer are in use.
        weight_decay: the strength of the L2 penalty.

    Example:
        >>> network(1.0, 0.0, 16, 0.0).name
        'mlp'
    """
    return problems.mlp(
        "digits",
        hidden=HIDDEN,
        batch_size=BATCH_SIZE,
        train_fraction=train_fraction,
        label_noise=label_noise,
        active_units=active_units,
        weight_decay=weight_decay,
    )


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
        numbers={"curves": curves, "characteristics": seen, "remedies": tried, "guessing_loss": float(np.log(CLASSES))},
        pictures=[_scenarios_picture(curves, num_seeds), _remedies_picture(tried, num_seeds)],
        tables=[_task_3(seen, tried), _remedies_table(tried)],
        answers=_answers(seen, tried),
    )


def scenario_curves(result: "xr.Dataset", scenario: str, change: dict[str, float] | None = None) -> dict[str, Any]:
    """The curves of one scenario's cell, or of the one that a change leads to, over seeds and epochs.

    Args:
        result: the sweep over `GRID`.
        scenario: its name in `SCENARIOS`.
        change: coordinates to change.

    Returns:
        ``epoch``, and the loss and accuracy of each split, shape ``(seeds, epochs + 1)``; ``best_epoch`` of each seed,
        where its validation loss is lowest.
    """
    cell = result.sel(GOOD | SCENARIOS[scenario] | (change or {}))
    metrics = {
        name: cell[name].transpose("start", "step").to_numpy()
        for part in ("train", "validation", "test")
        for name in (f"{part}_loss", f"{part}_accuracy")
    }
    finite = np.nan_to_num(metrics["validation_loss"], nan=np.inf)
    return {"epoch": np.arange(result.sizes["step"]), **metrics, "best_epoch": finite.argmin(axis=1)}


def characteristics(curves: dict[str, Any]) -> dict[str, np.ndarray]:
    """What can be read off the curves of one cell, each for every seed.

    Args:
        curves: as `scenario_curves` gives them.

    Returns:
        The last values of losses and accuracies; ``loss_gap`` and ``accuracy_gap`` between training and validation;
        ``best_epoch``; ``loss_since_best``, by which share the validation loss ends above its lowest value (Prechelt's
        generalisation loss); ``rises``, the share of epochs in which the training loss rose, and ``late_rises``, the
        same for the second half; ``late_swing``, the range of the training loss in the second half as a share of the
        initial loss; ``flat``, whether that is below `FLAT`; ``guessing``, whether the training loss ends within 1% of
        that of a network that finds all classes equally likely, above it, or not finite.

    Example:
        >>> loss = np.array([[2.0, 1.0, 0.5, 0.6, 0.2]])
        >>> names = ("train_loss", "validation_loss", "test_loss", "train_accuracy")
        >>> flat = {name: loss for name in (*names, "validation_accuracy", "test_accuracy")}
        >>> seen = characteristics(flat | {"best_epoch": np.array([4])})
        >>> seen["rises"].tolist(), seen["late_swing"].tolist()
        ([0.25], [0.2])

    References:
        L. Prechelt (1998). Early stopping - but when? Neural Networks: Tricks of the Trade.
    """
    train, validation = curves["train_loss"], curves["validation_loss"]
    last = {name: values[:, -1] for name, values in curves.items() if name.endswith(("_loss", "_accuracy"))}
    rose = np.diff(train, axis=1) > 0
    late = train[:, train.shape[1] // 2 :]
    best = validation[np.arange(len(validation)), curves["best_epoch"]]
    with np.errstate(invalid="ignore"):  # a loss that is not finite has no swing: NaN says so
        swing = (late.max(axis=1) - late.min(axis=1)) / train[:, 0]
        since_best = last["validation_loss"] / best - 1
    return last | {
        "loss_gap": last["validation_loss"] - last["train_loss"],
        "accuracy_gap": last["train_accuracy"] - last["validation_accuracy"],
        "best_epoch": curves["best_epoch"],
        "loss_since_best": since_best,
        "rises": rose.mean(axis=1),
        "late_rises": rose[:, rose.shape[1] // 2 :].mean(axis=1),
        "late_swing": swing,
        "flat": swing < FLAT,
        "guessing": ~(last["train_loss"] < 0.99 * np.log(CLASSES)),
    }


def remedy_effect(result: "xr.Dataset", scenario: str, remedy: Remedy) -> dict[str, Any]:
    """What a remedy did, seed by seed: the same start and minibatches with it and without.

    Args:
        result: the sweep over `GRID`.
        scenario: its name in `SCENARIOS`.
        remedy: what to change.

    Returns:
        For each metric of validation and test ``<metric>_before`` and ``<metric>_after``, shape ``(seeds,)``. And in
        how many seeds the test loss and the test accuracy are better and worse after it: ``loss_better``,
        ``loss_worse``, ``accuracy_better``, ``accuracy_worse``. The test rows judge, since early stopping chose its
        epoch by the validation rows, where it cannot look bad.
    """
    runs = {"before": scenario_curves(result, scenario), "after": scenario_curves(result, scenario, remedy.change)}
    effect = {}
    for when, epoch in (("before", remedy.before), ("after", remedy.after)):
        curves = runs[when]
        seeds, end = np.arange(len(curves["best_epoch"])), curves["epoch"][-1]
        at = {"end": end, "half": end // 2, "best": curves["best_epoch"]}[epoch]
        for metric in ("validation_loss", "validation_accuracy", "test_loss", "test_accuracy"):
            effect[f"{metric}_{when}"] = curves[metric][seeds, at]
    # A loss that is not finite is worse than any that is.
    lost = np.nan_to_num(effect["test_loss_before"], nan=np.inf), np.nan_to_num(effect["test_loss_after"], nan=np.inf)
    hit = effect["test_accuracy_before"], effect["test_accuracy_after"]
    return effect | {
        "loss_better": int((lost[1] < lost[0]).sum()),
        "loss_worse": int((lost[1] > lost[0]).sum()),
        "accuracy_better": int((hit[1] > hit[0]).sum()),
        "accuracy_worse": int((hit[1] < hit[0]).sum()),
    }


def remedy_label(scenario: str, remedy: Remedy) -> str:
    """A remedy in words, with what was there before it.

    Example:
        >>> remedy_label("High learning rate", Remedy({"learning_rate": 0.1}))
        'learning rate 0.1 (was 2.5)'
    """
    if remedy.after == "best":
        return "early stopping at the lowest validation loss"
    if remedy.before == "half":
        return "train twice as long (from half of the epochs to all)"
    ((name, value),) = remedy.change.items()
    sentence, amount = _WORDS[name]
    return f"{sentence.format(amount.format(value))} (was {amount.format((GOOD | SCENARIOS[scenario])[name])})"


def scenario_title(scenario: str) -> str:
    """The name of a scenario and what was done to make it.

    Example:
        >>> scenario_title("Overfitting")
        'Overfitting: 10% of the training rows, 20% of the labels wrong'
    """
    done = SCENARIOS[scenario] or {name: GOOD[name] for name in ("learning_rate", "active_units")}
    words = (_WORDS[name][0].format(_WORDS[name][1].format(value)) for name, value in done.items())
    return f"{scenario}: {', '.join(words)}"


def _steps_an_epoch() -> int:
    return round(len(problems.datasets.load("digits").train.labels) / BATCH_SIZE)


def _settings(seed: int, num_epochs: int, num_seeds: int, steps: int) -> dict[str, Any]:
    return {
        "data": "digits", "hidden": HIDDEN, "activation": "relu", "optimizer": "sgd", "batch_size": BATCH_SIZE,
        "steps_an_epoch": steps, "num_epochs": num_epochs, "num_seeds": num_seeds, "seed": seed, "grid": GRID,
        "scenarios": {name: GOOD | change for name, change in SCENARIOS.items()}, "flat_below": FLAT,
        "chunk_size": CHUNK_SIZE,
    }  # fmt: skip


def _scenarios_picture(curves: dict[str, Any], num_seeds: int) -> Picture:
    figure = training.scenarios(
        {scenario_title(name): each for name, each in curves.items()},
        guessing_loss=float(np.log(CLASSES)),
        guessing_accuracy=1 / CLASSES,
    )
    highest = max(float(np.nan_to_num(each["train_loss"], nan=np.inf).max()) for each in curves.values())
    shown = (
        f"Loss and accuracy over epochs of {num_seeds} real runs for each scenario, thin, and their median, thick. "
        f"All panels have the same scales; what lies above is cut off (the highest training loss is {highest:.3g})."
    )
    ends = "; ".join(
        f"{name}: training {_median(each['train_accuracy'][:, -1], '{:.0%}')}, "
        f"validation {_median(each['validation_accuracy'][:, -1], '{:.0%}')}"
        for name, each in curves.items()
    )
    return Picture("curves_scenarios", figure, shown, f"{shown} Median accuracies at the end: {ends}.")


def _remedies_picture(tried: dict[str, Any], num_seeds: int) -> Picture:
    panels = {
        scenario_title(name): [
            {"label": label, "before": effect["test_accuracy_before"], "after": effect["test_accuracy_after"]}
            for label, effect in effects.items()
        ]
        for name, effects in tried.items()
    }
    shown = f"Test accuracy without and with each remedy; each line is one of {num_seeds} seeds, paired."
    ends = "; ".join(f"{name}: {_solutions(effects)}" for name, effects in tried.items())
    return Picture("curves_remedies", training.remedies(panels), shown, f"{shown} {ends}.")


def _task_3(seen: dict[str, Any], tried: dict[str, Any]) -> Table:
    rows: list[tuple[Any, ...]] = [
        (scenario_title(name), _characteristics_in_words(seen[name]), _solutions(tried[name])) for name in SCENARIOS
    ]
    caption = (
        "Task 3. Characteristics: medians over the seeds, their range in brackets. Solutions: each was applied; better "
        "or worse is what every seed agrees on, on the test rows, with the median test accuracy before and after."
    )
    return Table(caption, ("Scenario", "Key characteristics", "Potential solutions"), rows)


def _remedies_table(tried: dict[str, Any]) -> Table:
    rows: list[tuple[Any, ...]] = []
    for scenario, effects in tried.items():
        for label, effect in effects.items():
            change = effect["test_accuracy_after"] - effect["test_accuracy_before"]
            rows.append((
                scenario, label,
                *(_before_after(effect, name, "{:.3g}") for name in ("validation_loss", "test_loss")),
                f"{effect['loss_better']} of {len(change)}",
                _before_after(effect, "test_accuracy", "{:.1%}"), _mean_spread(100 * change),
                f"{effect['accuracy_better']} of {len(change)}",
            ))  # fmt: skip
    columns = (
        "Scenario", "Remedy", "Validation loss", "Test loss", "Lower in", "Test accuracy", "Change in points",
        "Higher in",
    )  # fmt: skip
    caption = (
        "What each remedy did: medians before and after, the mean change of the paired seeds with its standard "
        "deviation, and in how many seeds the loss fell and the accuracy rose. Validation rows choose the epoch of "
        "early stopping; test rows judge."
    )
    return Table(caption, columns, rows)


def _answers(seen: dict[str, Any], tried: dict[str, Any]) -> list[Answer]:
    per_scenario = [
        Answer(
            f"Task 3: {name}: key characteristics and potential solutions",
            f"{scenario_title(name)}. {_characteristics_in_words(seen[name])}. Tried: {_solutions(tried[name])}.",
        )
        for name in SCENARIOS
    ]
    return [*per_scenario, Answer("Final task, Debugging: what to take away", _take_away(seen, tried))]


def _take_away(seen: dict[str, Any], tried: dict[str, Any]) -> str:
    high, good, over = seen["High learning rate"], seen["Good convergence"], seen["Overfitting"]
    seeds = len(high["guessing"])
    bad = [effect for name, effects in tried.items() if SCENARIOS[name] for effect in effects.values()]
    lower = [effect for effect in bad if effect["loss_better"] == seeds]
    higher = [effect for effect in lower if effect["accuracy_better"] == seeds]
    return (
        "Read training and validation curves together, and confirm what you suspect by changing one thing. Of "
        f"{seeds} runs with too high a rate {high['guessing'].sum()} end no better than guessing and "
        f"{high['flat'].sum()} have a flat second half: the training loss rises there in "
        f"{_median(high['late_rises'], '{:.0%}')} of the epochs ({_median(good['late_rises'], '{:.0%}')} with the good "
        f"rate), but within {_median(high['late_swing'], '{:.1%}')} of the initial loss; see how large a swing is "
        "before calling it oscillation. In overfitting the validation loss ends "
        f"{_median(over['loss_since_best'], '{:.0%}')} above its lowest value, of epoch "
        f"{_median(over['best_epoch'], '{:.0f}')}, with a training accuracy of "
        f"{_median(over['train_accuracy'], '{:.0%}')}. Of {len(bad)} textbook remedies {len(lower)} lowered the test "
        f"loss in every seed, and {len(higher)} raised the test accuracy in every seed as well."
    )


def _characteristics_in_words(seen: dict[str, Any]) -> str:
    return (
        f"Training loss ends at {_median_range(seen['train_loss'], '{:.2g}')}, "
        f"validation loss at {_median_range(seen['validation_loss'], '{:.2g}')}, "
        f"{_median(seen['loss_since_best'], '{:.0%}')} above its lowest value, of epoch "
        f"{_median_range(seen['best_epoch'], '{:.0f}')}; "
        f"training accuracy {_median(seen['train_accuracy'], '{:.0%}')}, "
        f"validation accuracy {_median(seen['validation_accuracy'], '{:.0%}')}; "
        f"the training loss rises in {_median(seen['rises'], '{:.0%}')} of the epochs; "
        f"{seen['flat'].sum()} of {len(seen['flat'])} runs are flat in the second half, "
        f"and {seen['guessing'].sum()} end no better than guessing"
    )


def _solutions(effects: dict[str, Any]) -> str:
    return "; ".join(
        f"{label}: loss {_verdict(effect, 'loss')}, accuracy {_verdict(effect, 'accuracy')} "
        f"({_before_after(effect, 'test_accuracy', '{:.0%}')})"
        for label, effect in effects.items()
    )


def _verdict(effect: dict[str, Any], metric: str) -> str:
    """What all seeds agree on."""
    seeds = len(effect["test_loss_before"])
    agreed = [word for word in ("better", "worse") if effect[f"{metric}_{word}"] == seeds]
    return agreed[0] if agreed else "unclear"


def _before_after(effect: dict[str, Any], metric: str, form: str) -> str:
    return f"{_median(effect[f'{metric}_before'], form)} → {_median(effect[f'{metric}_after'], form)}"


def _median(values: Any, form: str) -> str:
    return form.format(float(np.median(values)))


def _median_range(values: Any, form: str) -> str:
    low, high = form.format(float(np.min(values))), form.format(float(np.max(values)))
    return _median(values, form) if low == high else f"{_median(values, form)} ({low} to {high})"


def _mean_spread(values: Any) -> str:
    deviation = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return f"{np.mean(values):+.1f}{deviation}"
