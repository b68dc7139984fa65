"""What is trained: one grid of networks, of which each scenario is a cell and each remedy the cell next to one.

Every run starts from the same weights and sees the same minibatches as its neighbours.
"""

from typing import Any, NamedTuple

from jaxopt_lab import problems
from jaxopt_lab.problems import Problem

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
