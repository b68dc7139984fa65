"""How good the doctor is, on runs whose label is known, with intervals over families of runs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jaxopt_lab.curves import Diagnosis
from jaxopt_lab.curves.vocabulary import CURVES, LABELS, RARE, REMEDIES
from jaxopt_lab.labs.curves.baselines import BASELINES
from jaxopt_lab.labs.curves.examples import Example

INCONCLUSIVE, GOOD = LABELS.index("inconclusive"), LABELS.index("good")
FIVE = tuple(LABELS.index(name) for name in LABELS if name not in ("underfitting", "inconclusive"))
"""The labels over which other tools are scored."""
SHARES = (0.1, 0.2, 0.5, 1.0)
RESAMPLES = 500


def macro_f1(label: np.ndarray, predicted: np.ndarray, over: Sequence[int] | None = None) -> float:
    """The mean of the F1 scores of the labels; abstaining finds nothing.

    Args:
        label: the places in `LABELS` of what is true.
        predicted: of what was said.
        over: of which labels; None: of those that are true somewhere, ``inconclusive`` left out.

    Example:
        >>> macro_f1(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 6]))
        0.83
    """
    over = [place for place in range(len(LABELS)) if place != INCONCLUSIVE] if over is None else over
    scores = [f1(label == each, predicted == each) for each in over if (label == each).any()]
    return float(np.mean(scores)) if scores else float("nan")


def f1(true: np.ndarray, said: np.ndarray) -> float:
    """The harmonic mean of precision and recall.

    Example:
        >>> f1(np.array([True, True, False]), np.array([True, False, False]))
        0.67
    """
    return float(2 * np.sum(true & said) / max(np.sum(true) + np.sum(said), 1))


def calibration_error(chances: np.ndarray, label: np.ndarray, weight: np.ndarray, bins: int = 10) -> float:
    """The weighted mean distance between how sure the doctor is of its first label and how often that is right.

    Args:
        chances: the probability of each label, shape ``(runs, labels)``.
        label: the places of what is true.
        weight: each run's.
        bins: how many steps of sureness are told apart.

    Example:
        >>> calibration_error(np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([0, 1]), np.ones(2))
        0.4

    References:
        M. P. Naeini, G. F. Cooper and M. Hauskrecht (2015). Obtaining well calibrated probabilities using Bayesian
        binning. AAAI.
    """
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == label
    step = np.minimum((sure * bins).astype(int), bins - 1)
    apart = [abs(np.sum(weight[step == one] * (sure - right)[step == one])) for one in range(bins)]
    return float(np.sum(apart) / np.sum(weight))


def score(examples: Sequence[Example], diagnose: Callable[[dict[str, Any]], Diagnosis]) -> dict[str, Any]:
    """All scores of a doctor on examples, and of the baselines.

    Args:
        examples: runs that the doctor was not made from.
        diagnose: the doctor.

    Returns:
        What the result file holds: ``groups``, ``baselines``, ``without``, ``shares``, ``coverage`` and ``remedies``.
    """
    label = np.array([example.label for example in examples])
    family = np.array([example.family for example in examples])
    group = np.array([example.held_out for example in examples])
    diagnoses = [diagnose(example.log()) for example in examples]
    said = _places(diagnoses)
    chances = np.array([[each.probabilities[name] for name in LABELS] for each in diagnoses])
    groups = {"everything held out": np.ones(len(label), bool)} | {each: group == each for each in sorted(set(group))}

    def other(log: Callable[[Example], dict[str, Any]]) -> dict[str, Any]:
        return _row(label, _places([diagnose(log(example)) for example in examples]), family)

    return {
        "groups": {
            name: _row(label[rows], said[rows], family[rows], chances[rows]) for name, rows in groups.items()
        },
        "baselines": {
            name: _row(label, np.array([LABELS.index(rule(example.log())) for example in examples]), family)
            for name, rule in BASELINES.items()
        },
        "without": {curve: other(lambda example, curve=curve: example.log(without=[curve])) for curve in CURVES}
        | {"both accuracies": other(lambda example: example.log(without=CURVES[2:]))},
        "shares": {f"{share:.0%}": other(lambda example, share=share: example.log(share)) for share in SHARES},
        "coverage": _coverage(label, chances),
        "confusion": _confusion(label, said),
        "remedies": _remedies(examples, diagnoses),
    }  # fmt: skip


def _places(diagnoses: Sequence[Diagnosis]) -> np.ndarray:
    return np.array([LABELS.index(each.label) for each in diagnoses])


def _row(label: np.ndarray, said: np.ndarray, family: np.ndarray, chances: np.ndarray | None = None) -> dict[str, Any]:
    definite = label != INCONCLUSIVE
    row: dict[str, Any] = {
        "runs": len(label),
        "macro_f1": round(macro_f1(label[definite], said[definite]), 3),
        "interval": _interval(label[definite], said[definite], family[definite]),
        "macro_f1_of_five": round(macro_f1(*_only(label, said, FIVE), FIVE), 3),
        "recall": {
            name: round(float(np.mean(said[label == place] == place)), 3) if (label == place).any() else None
            for place, name in enumerate(LABELS)
        },
        "f1": {
            name: round(f1(label[definite] == place, said[definite] == place), 3) if (label == place).any() else None
            for place, name in enumerate(LABELS)
            if place != INCONCLUSIVE
        },
        "overfitting_or_not": round(_two_way(label[definite], said[definite], LABELS.index("overfitting")), 3),
        "false_alarms": round(float(np.mean(~np.isin(said[label == GOOD], (GOOD, INCONCLUSIVE)))), 3)
        if (label == GOOD).any()
        else None,
        "abstains": round(float(np.mean(said == INCONCLUSIVE)), 3),
    }
    if chances is not None:
        row["calibration_error"] = round(calibration_error(chances, label, _as_beforehand(label)), 3)
    return row


def _only(label: np.ndarray, said: np.ndarray, over: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    kept = np.isin(label, over)
    return label[kept], said[kept]


def _two_way(label: np.ndarray, said: np.ndarray, place: int) -> float:
    return (f1(label == place, said == place) + f1(label != place, said != place)) / 2


def _as_beforehand(label: np.ndarray) -> np.ndarray:
    """Weights under which each label is as common as the probabilities take it to be beforehand."""
    count = np.bincount(label, minlength=len(LABELS))
    common = np.array([RARE.get(name, 1.0) for name in LABELS])
    return (common / np.maximum(count, 1))[label]


def _interval(label: np.ndarray, said: np.ndarray, family: np.ndarray) -> list[float]:
    """95% of macro-F1, when families are drawn anew."""
    draws = np.random.default_rng(0)
    members = [np.flatnonzero(family == each) for each in np.unique(family)]
    scores = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([members[at] for at in draws.integers(0, len(members), len(members))])
        scores.append(macro_f1(label[rows], said[rows]))
    return np.round(np.nanquantile(scores, [0.025, 0.975]), 3).tolist()


def _coverage(label: np.ndarray, chances: np.ndarray) -> list[dict[str, float]]:
    """How often the first label is right among the runs of which the doctor is surest."""
    definite = label != INCONCLUSIVE
    sure, right = chances.max(axis=1)[definite], (chances.argmax(axis=1) == label)[definite]
    order = np.argsort(-sure)
    rows = []
    for share in (0.25, 0.5, 0.75, 0.9, 1.0):
        kept = order[: max(1, round(share * len(order)))]
        rows.append(
            {
                "coverage": share,
                "accuracy": round(float(right[kept].mean()), 3),
                "least": round(float(sure[kept].min()), 3),
            }
        )
    return rows


def _confusion(label: np.ndarray, said: np.ndarray) -> list[list[int]]:
    return [
        [int(np.sum((label == true) & (said == told))) for told in range(len(LABELS))] for true in range(len(LABELS))
    ]


def _remedies(examples: Sequence[Example], diagnoses: Sequence[Diagnosis]) -> dict[str, Any]:
    """What the first remedy did that was named and had been tried, beside the best and the usual one."""
    names = list(REMEDIES)
    ill = [place for place, example in enumerate(examples) if example.label not in (GOOD, INCONCLUSIVE)]
    rows = {"the doctor's first": [], "best of all": [], "divide the rate by 3, always": []}
    helped: dict[str, list[bool]] = {name: [] for name in rows}
    for place in ill:
        example = examples[place]
        tried = np.isfinite(example.closed)
        named = [names.index(one.name) for one in diagnoses[place].remedies if tried[names.index(one.name)]]
        best = int(np.nanargmax(example.closed)) if tried.any() else None
        usual = names.index("rate_down_3")
        if best is None or not tried[usual]:
            continue
        choices = dict(zip(rows, (named[0] if named else None, best, usual), strict=True))
        for name, choice in choices.items():
            rows[name].append(np.clip(example.closed[choice], -1, 2) if choice is not None else 0.0)
            helped[name].append(bool(example.helped[choice]) if choice is not None else False)
    best = np.array(rows["best of all"])
    return {
        name: {
            "runs": len(closed),
            "helped": round(float(np.mean(helped[name])), 3),
            "mean_closed": round(float(np.mean(closed)), 3),
            "regret": round(float(np.mean(best - np.array(closed))), 3),
        }
        for name, closed in rows.items()
    }
