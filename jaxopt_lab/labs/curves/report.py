"""What was measured, as pictures, tables and answers."""

from collections import Counter
from typing import Any

import numpy as np

from jaxopt_lab.curves import Diagnosis, diagnose
from jaxopt_lab.labs.curves.experiment import CLASSES, SCENARIOS, scenario_title
from jaxopt_lab.labs.findings import Answer, Picture, Table
from jaxopt_lab.plots import training


def doctors_word(curves: dict[str, Any]) -> list[Diagnosis]:
    """What the doctor says of each seed of a scenario, by its training and validation curves."""
    names = {"train_loss": "train_loss", "val_loss": "validation_loss"}
    names |= {"train_accuracy": "train_accuracy", "val_accuracy": "validation_accuracy"}
    return [
        diagnose(
            {"epoch": curves["epoch"]} | {name: curves[ours][seed] for name, ours in names.items()}, num_classes=CLASSES
        )
        for seed in range(len(curves["train_loss"]))
    ]


def scenarios_picture(curves: dict[str, Any], said: dict[str, list[Diagnosis]]) -> Picture:
    """The exercise's four panels, from real runs, with what the doctor sees in the first seed of each."""
    num_seeds = len(next(iter(said.values())))
    figure = training.scenarios(
        {scenario_title(name): each for name, each in curves.items()},
        guessing_loss=float(np.log(CLASSES)),
        guessing_accuracy=1 / CLASSES,
        findings={scenario_title(name): each[0].findings for name, each in said.items()},
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
    seen = " ".join(_seen(name, each) for name, each in said.items())
    return Picture("curves_scenarios", figure, f"{shown} {seen}", f"{shown} Median accuracies at the end: {ends}.")


def _seen(scenario: str, said: list[Diagnosis]) -> str:
    """The doctor's labels over the seeds, and what is marked in the first one."""
    counts = Counter(each.label.replace("_", " ") for each in said)
    labels = ", ".join(f"{label} ({count} of {len(said)})" for label, count in counts.most_common())
    marked = "; ".join(f"{number}: {finding.sentence}" for number, finding in enumerate(said[0].findings, 1))
    return f"{scenario}: the doctor says {labels}{f'; in the first seed {marked}' if marked else ''}."


def remedies_picture(tried: dict[str, Any], num_seeds: int) -> Picture:
    """Test accuracy before and after each remedy, seed by seed."""
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


def task_3(seen: dict[str, Any], tried: dict[str, Any]) -> Table:
    """The exercise's third task: what characterises each scenario, and what to do about it."""
    rows: list[tuple[Any, ...]] = [
        (scenario_title(name), _characteristics_in_words(seen[name]), _solutions(tried[name])) for name in SCENARIOS
    ]
    caption = (
        "Task 3. Characteristics: medians over the seeds, their range in brackets. Solutions: each was applied; better "
        "or worse is what every seed agrees on, on the test rows, with the median test accuracy before and after."
    )
    return Table(caption, ("Scenario", "Key characteristics", "Potential solutions"), rows)


def remedies_table(tried: dict[str, Any]) -> Table:
    """What each remedy did to the test rows."""
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


def answers(seen: dict[str, Any], tried: dict[str, Any]) -> list[Answer]:
    """One answer for each scenario, and what to take away."""
    per_scenario = [
        Answer(
            f"Task 3: {name}: key characteristics and potential solutions",
            f"{scenario_title(name)}. {_characteristics_in_words(seen[name])}. Tried: {_solutions(tried[name])}.",
        )
        for name in SCENARIOS
    ]
    return [*per_scenario, Answer("Final task, debugging: what to take away", _take_away(seen, tried))]


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
