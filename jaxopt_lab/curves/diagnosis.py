"""The doctor: curves in, a label with its probability, the evidence and what to try out."""

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.curves.features import features
from jaxopt_lab.curves.model import Model, set_name
from jaxopt_lab.curves.series import LOSSES, Series, as_series
from jaxopt_lab.curves.symptoms import DIVERGED_ABOVE, Finding, look
from jaxopt_lab.curves.vocabulary import AIMED, LABELS, REMEDIES

CERTAIN = 0.98
"""The probability of what a rule decides."""
FAR_ABOVE = 3.0
"""A training loss that ends so many times above its first point has diverged, even if that came after an epoch."""
FEWEST_POINTS = 3
LEARNT = 0.02
"""A loss that ends no further below what guessing attains, and never was twice as far, has learnt nothing."""
FAR_FROM_SEEN = 100.0
"""A learning rate that many times below any that was too high is not too high, whatever the curves look like."""
LEAST_SUCCESS = 0.1
"""A remedy that helped in fewer of the runs like this one is not worth its line."""
TIE = 0.05
"""Remedies whose success, to the nearest multiple of this, is the same are told by their cost, the cheapest first."""


class Remedy(NamedTuple):
    """One thing to try.

    Attributes:
        name: its name in the table of what was tried.
        words: what to do.
        success: in which share of the engine's runs with this diagnosis it lowered the true risk beyond seed noise,
            averaged over the labels by their probabilities where the diagnosis is inconclusive.
        closed: which share it closed on average of the way from the initial true risk to the best.
        tried: on how many runs with this label it was tried.
    """

    name: str
    words: str
    success: float
    closed: float
    tried: int


class Diagnosis(NamedTuple):
    """What the doctor says of one run.

    Attributes:
        label: one of ``good``, ``overfitting``, ``underfitting``, ``learning_rate_too_high``,
            ``learning_rate_too_low``, ``diverged``, and ``inconclusive``, where it would have to guess.
        probabilities: of all labels, where beforehand each is as common as any other, but ``underfitting`` and
            ``inconclusive`` are 0.3 times as common.
        findings: the symptoms, with where they are and their numbers.
        remedies: what to try: first what takes away the cause that the label names, then what else helped; in both
            parts the more successful first, and of two that are as good the cheaper.
        not_checked: the checks that could not run for lack of a curve.
    """

    label: str
    probabilities: dict[str, float]
    findings: tuple[Finding, ...]
    remedies: tuple[Remedy, ...]
    not_checked: tuple[str, ...]


def diagnose(curves: Any, *, num_classes: int | None = None) -> Diagnosis:
    """Say what is wrong with a training run, by its curves.

    Rules find the symptoms and decide what is certain: a loss that is no longer finite, or that ends far above where
    it began. For the rest a logistic regression, fitted on thousands of networks of which it is known what
    would have helped, gives probabilities; where none is high enough, the answer is ``inconclusive``. Without a curve
    of validation rows it never says ``good`` or ``overfitting``.

    Args:
        curves: a mapping or a table with any of ``train_loss``, ``val_loss``, ``train_accuracy`` and ``val_accuracy``,
            a number for each epoch or step, NaN where there is none; ``epoch`` or ``step`` say where the points lie,
            ``num_classes`` and ``learning_rate`` may be among them. The rate only tells a far too high from a far too
            low one, since a loss that never moves looks the same at both.
        num_classes: how many classes there are, for losses that are cross-entropies; it helps to tell guessing from
            learning. None: not known.

    Returns:
        The diagnosis.

    Raises:
        TypeError: for what is neither a mapping nor a table.
        ValueError: if no curve is there, or they do not fit together.

    Example:
        >>> diagnosis = diagnose({"train_loss": [2.3, 2.9, 7.0, float("nan"), float("nan")]})
        >>> diagnosis.label, diagnosis.findings[0].sentence, diagnosis.remedies[0].words
        ('diverged', 'the loss is not finite from 4 on', 'divide the learning rate by 10')

    References:
        L. Prechelt (1998). Early stopping - but when? Neural Networks: Tricks of the Trade.
    """
    return shipped().diagnose(curves, num_classes)


@functools.cache
def shipped() -> "Doctor":
    """The doctor whose numbers come with the package, in ``model.json``; ``benchmarks/doctor.py`` makes them."""
    return Doctor(json.loads(resources.files("jaxopt_lab.curves").joinpath("model.json").read_text(encoding="utf-8")))


class Doctor:
    """A doctor by its numbers.

    Args:
        numbers: ``models``, the numbers of a `Model` for each set of curves by its name; ``abstain_below``, the
            probability that the first label must have; ``remedies``, for each label and remedy in which share of the
            runs it ``helped``, what it ``closed`` on average, and on how many it was ``tried``; ``rates``, the lowest
            learning rate that was ever too high, and the highest that was too low.
    """

    def __init__(self, numbers: Mapping[str, Any]) -> None:
        self.models = {name: Model(each) for name, each in numbers["models"].items()}
        self.abstain_below = numbers["abstain_below"]
        self.tried = numbers["remedies"]
        self.rates = numbers["rates"]

    def diagnose(self, curves: Any, num_classes: int | None = None) -> Diagnosis:
        """What `diagnose` says, by this doctor."""
        series = as_series(curves, num_classes)
        findings, not_checked = look(series)
        chances = self._chances(series)
        label = self._label(chances, series)
        return Diagnosis(label, chances, findings, self._remedies(label, chances, series), not_checked)

    def _chances(self, series: Series) -> dict[str, float]:
        if certainly_diverged(series):
            return dict.fromkeys(LABELS, (1 - CERTAIN) / (len(LABELS) - 1)) | {"diverged": CERTAIN}
        usable = _usable(series)
        if not any(np.nanmax(values) > np.nanmin(values) for values in usable.values()):  # nothing ever moves
            return dict.fromkeys(LABELS, 0.0) | {"inconclusive": 1.0}
        model, seen = self.models[set_name(usable)], features(series._replace(curves=usable))
        chances = model.probabilities(np.array([seen[name] for name in model.names]))
        told: dict[str, float] = dict(zip(LABELS, chances.tolist(), strict=True))
        return _without_success(series, self._possible(told, series.peak_rate))

    def _possible(self, chances: dict[str, float], rate: float | None) -> dict[str, float]:
        """The chances where a learning rate rules out a label: what looks like it is then the opposite one."""
        low, high = "learning_rate_too_low", "learning_rate_too_high"
        if rate is not None and rate * FAR_FROM_SEEN < self.rates["lowest_too_high"]:
            return chances | {low: chances[low] + chances[high], high: 0.0}
        if rate is not None and rate > self.rates["highest_too_low"] * FAR_FROM_SEEN:
            return chances | {high: chances[low] + chances[high], low: 0.0}
        return chances

    def _label(self, chances: dict[str, float], series: Series) -> str:
        label = max(chances, key=chances.__getitem__)
        validated = {"val_loss", "val_accuracy"} & _usable(series).keys()
        trained = {"train_loss", "train_accuracy"} & _usable(series).keys()
        unseen = (label == "good" and not (validated and trained)) or (label == "overfitting" and not validated)
        return "inconclusive" if unseen or chances[label] < self.abstain_below else label

    def _remedies(self, label: str, chances: dict[str, float], series: Series) -> tuple[Remedy, ...]:
        """What helped runs of this label; of all labels by how likely they are, where it is inconclusive."""
        if label == "good":
            return ()
        weights = chances if label == "inconclusive" else {label: 1.0}
        offered = []
        for name, words in REMEDIES.items():
            success, closed = (
                sum(weight * self.tried[each][name][what] for each, weight in weights.items())
                for what in ("helped", "closed")
            )
            if success >= LEAST_SUCCESS and (name != "stop_early" or "val_loss" in series.curves):
                offered.append(Remedy(name, words, success, closed, self.tried[label][name]["tried"]))
        aimed = AIMED.get(label, ())
        # Sorting is stable, and REMEDIES begins with the cheapest.
        return tuple(sorted(offered, key=lambda remedy: (remedy.name not in aimed, -round(remedy.success / TIE))))


def _without_success(series: Series, chances: dict[str, float]) -> dict[str, float]:
    """The chances where nothing was learnt: neither to do well nor to learn too much by heart is possible then."""
    losses = [series.curves[name] for name in LOSSES if name in _usable(series)]
    if not series.num_classes or not losses:
        return chances
    guessing = np.log(series.num_classes)
    for loss in losses:
        there = loss[np.isfinite(loss)]
        last = np.median(there[-max(1, len(there) // 6) :])
        if last < (1 - LEARNT) * guessing or there.min() < (1 - 2 * LEARNT) * guessing:
            return chances
    left = chances | {"good": 0.0, "overfitting": 0.0}
    return {label: chance / sum(left.values()) for label, chance in left.items()}


def _usable(series: Series) -> dict[str, np.ndarray]:
    """The curves with points enough to judge by."""
    return {name: values for name, values in series.curves.items() if np.isfinite(values).sum() >= FEWEST_POINTS}


def certainly_diverged(series: Series) -> bool:
    """Whether a loss is no longer finite, or the training loss ends so high that it has diverged wherever it started.

    The first point of a log may lie well below the loss before the first step, unless that is known.
    """
    if series.lost_at is not None:
        return True
    loss = series.curves.get("train_loss", np.empty(0))
    loss = loss[np.isfinite(loss)]
    if len(loss) < FEWEST_POINTS or loss[0] <= 0:
        return False
    guessing = np.log(series.num_classes or 1)
    ratio = np.median(loss[-max(1, len(loss) // 10) :]) / max(loss[0], guessing)
    return bool(ratio > (DIVERGED_ABOVE if guessing else FAR_ABOVE))
