"""The doctor's numbers, from labelled runs: weights, how sure to be, when to abstain, which remedies worked."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.curves.diagnosis import certainly_diverged
from jaxopt_lab.curves.features import features
from jaxopt_lab.curves.model import bent, set_name
from jaxopt_lab.curves.series import LOSSES, as_series
from jaxopt_lab.curves.vocabulary import CURVES, LABELS, RARE, REMEDIES
from jaxopt_lab.labs.curves.examples import Example
from jaxopt_lab.labs.curves.scores import macro_f1

KNOTS = (1 / 3, 2 / 3)
"""At which quantiles of a feature its line may bend."""
EDGES = (0.005, 0.995)
"""Beyond which quantiles a feature counts as no further."""
PENALTY = 0.03
"""Scikit-learn's ``C``. From 0.003 to 0.3 the scores on tasks left out differ by less than 0.01."""
FOLDS = 4
MOST = 1500
"""How many examples of each label are learnt from."""
PRICE = 0.01
"""How much macro-F1 may be given up for abstaining."""


class Table(NamedTuple):
    """Examples as the model sees them.

    Attributes:
        columns: the name of each feature.
        values: shape ``(examples, features)``.
        label: shape ``(examples,)``.
        weight: each example's, so that all labels are as common.
        group: whom to keep together in cross-validation.
    """

    columns: list[str]
    values: np.ndarray
    label: np.ndarray
    weight: np.ndarray
    group: np.ndarray


def curve_sets() -> Iterator[tuple[str, ...]]:
    """All sets of curves that someone may have, the full one first."""
    for size in range(len(CURVES), 0, -1):
        yield from itertools.combinations(CURVES, size)


def tables(examples: Sequence[Example]) -> dict[str, Table]:
    """The examples that no rule decides, as each set of curves shows them.

    Over all of them the labels are as common as each other; of those that are left `diverged` is rarer.

    Args:
        examples: the runs.

    Returns:
        By the name of the set.
    """
    drawn = _drawn(examples)
    share = np.bincount([example.label for example in drawn], minlength=len(LABELS)) / len(drawn)
    common = np.array([RARE.get(name, 1.0) for name in LABELS])
    weight = common / np.maximum(share, 1e-9) / common.sum()
    seen = {" ".join(losses): _undecided(drawn, losses) for losses in (LOSSES, LOSSES[:1], LOSSES[1:], ())}
    found = {}
    for curves in curve_sets():
        kept, rows = seen[" ".join(name for name in LOSSES if name in curves)]
        columns = [name for name in rows[0] if _needs(name) <= set(curves)]
        values = np.array([[row[name] for name in columns] for row in rows])
        label = np.array([example.label for example in kept])
        group = np.array([example.task for example in kept])
        found[set_name(curves)] = Table(columns, values, label, weight[label], group)
    return found


def _undecided(examples: Sequence[Example], losses: tuple[str, ...]) -> tuple[list[Example], list[dict[str, float]]]:
    """Those that no rule decides where of the losses only these are shown, and their features."""
    logs = [example.log(without=sorted(set(LOSSES) - set(losses))) for example in examples]
    finite = [all(np.isfinite(log[name]).all() for name in losses) for log in logs]
    shown = [(example, as_series(log)) for example, log in itertools.compress(zip(examples, logs, strict=True), finite)]
    left = [(example, series) for example, series in shown if not certainly_diverged(series)]
    return [example for example, _ in left], [features(series) for _, series in left]


def _drawn(examples: Sequence[Example]) -> list[Example]:
    """At most `MOST` examples of each label, at random."""
    order = np.random.default_rng(0).permutation(len(examples))
    label = np.array([examples[at].label for at in order])
    kept = [order[label == place][:MOST] for place in range(len(LABELS))]
    return [examples[at] for at in np.sort(np.concatenate(kept))]


def _needs(feature: str) -> set[str]:
    curve = feature.partition(".")[0]
    return {"gap": set(LOSSES), "accuracy_gap": set(CURVES[2:])}.get(curve, {curve})


def fit(examples: Sequence[Example]) -> dict[str, Any]:
    """All numbers of the doctor.

    The temperature and the threshold below which it abstains are chosen on predictions for tasks that were left out in
    turn; the weights are then fitted on all of the examples.

    Args:
        examples: the runs to learn from.

    Returns:
        What ``model.json`` holds.
    """
    seen = tables(examples)
    full = seen[set_name(CURVES)]
    unseen = _left_out(full)
    temperature = float(min(np.geomspace(0.5, 3, 36), key=lambda each: _log_loss(unseen / each, full)))
    return {
        "abstain_below": _threshold(_softmax(unseen / temperature), full),
        "temperature": round(temperature, 3),
        "models": {name: _numbers(table, temperature) for name, table in seen.items()},
        "remedies": what_helped(examples),
        "rates": _rates(examples),
    }


def _rates(examples: Sequence[Example]) -> dict[str, float]:
    """The lowest learning rate that was too high, and the highest that was too low; none of them rules out nothing."""
    rate = {label: [each.run["learning_rate"] for each in examples if LABELS[each.label] == label] for label in LABELS}
    return {
        "lowest_too_high": float(f"{min(rate['learning_rate_too_high'], default=0.0):.3g}"),
        "highest_too_low": float(f"{max(rate['learning_rate_too_low'], default=1e9):.3g}"),
    }


def what_helped(examples: Sequence[Example]) -> dict[str, dict[str, dict[str, Any]]]:
    """For each label and remedy: in which share of the runs it helped, the mean share closed, and how often tried.

    Args:
        examples: the runs.

    Returns:
        ``helped``, ``closed`` (each run's between -1 and 1) and ``tried``.
    """
    label = np.array([example.label for example in examples])
    closed = np.stack([example.closed for example in examples])
    helped = np.stack([example.helped for example in examples])
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for place, name in enumerate(LABELS):
        found[name] = {}
        for remedy, each in enumerate(REMEDIES):
            tried = (label == place) & np.isfinite(closed[:, remedy])
            count = int(tried.sum())
            found[name][each] = {
                "helped": round(float(helped[tried, remedy].mean()), 3) if count else 0.0,
                "closed": round(float(np.clip(closed[tried, remedy], -1, 1).mean()), 3) if count else 0.0,
                "tried": count,
            }
    return found


def _bends(table: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low, high = np.quantile(table.values, EDGES, axis=0)
    high = np.where(high > low, high, low + 1e-9)
    return low, high, np.quantile(table.values, KNOTS, axis=0).T.clip(low[:, None], high[:, None])


def _classifier(table: Table, rows: np.ndarray) -> dict[str, Any]:
    """Weights over the bent features, as `Model` wants them."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    low, high, knots = _bends(table)
    columns = bent(table.values, low, high, knots)
    flat = columns[rows].reshape(len(rows), -1)
    scaler = StandardScaler().fit(flat)
    fitted = LogisticRegression(C=PENALTY, max_iter=200, tol=1e-3).fit(
        scaler.transform(flat), table.label[rows], sample_weight=table.weight[rows]
    )
    weights = np.zeros((columns.shape[1], columns.shape[2], len(LABELS)))
    intercept = np.full(len(LABELS), -20.0)  # a label that no example has
    slopes = fitted.coef_ / np.asarray(scaler.scale_)
    weights[..., fitted.classes_] = slopes.T.reshape(*columns.shape[1:], -1)
    intercept[fitted.classes_] = fitted.intercept_ - slopes @ scaler.mean_
    return {"low": low, "high": high, "knots": knots, "weights": weights, "intercept": intercept}


def _numbers(table: Table, temperature: float) -> dict[str, Any]:
    fitted = _classifier(table, np.arange(len(table.label)))

    def by_label(values: np.ndarray) -> dict[str, Any]:
        return dict(zip(LABELS, np.round(values / temperature, 4).tolist(), strict=True))

    return {
        "intercept": by_label(fitted["intercept"]),
        "features": {
            name: {
                "range": np.round([fitted["low"][at], fitted["high"][at]], 5).tolist(),
                "knots": np.round(fitted["knots"][at], 5).tolist(),
                "weights": by_label(fitted["weights"][at].T),
            }
            for at, name in enumerate(table.columns)
        },
    }


def _left_out(table: Table) -> np.ndarray:
    """The scores of each example by a model that has not seen its group."""
    from sklearn.model_selection import GroupKFold

    scores = np.zeros((len(table.label), len(LABELS)))
    folds = min(FOLDS, len(np.unique(table.group)))
    for rows, out in GroupKFold(folds).split(table.values, groups=table.group):
        fitted = _classifier(table, rows)
        columns = bent(table.values[out], fitted["low"], fitted["high"], fitted["knots"])
        scores[out] = fitted["intercept"] + np.einsum("nfk,fkl->nl", columns, fitted["weights"])
    return scores


def _softmax(scores: np.ndarray) -> np.ndarray:
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    return chances / chances.sum(axis=1, keepdims=True)


def _log_loss(scores: np.ndarray, table: Table) -> float:
    chances = _softmax(scores)[np.arange(len(table.label)), table.label]
    return -float(np.average(np.log(chances + 1e-12), weights=table.weight))


def _threshold(chances: np.ndarray, table: Table) -> float:
    """The highest threshold at which abstaining costs no more macro-F1 than it may."""
    thresholds = np.round(np.arange(0.15, 0.8, 0.01), 2)
    inconclusive = LABELS.index("inconclusive")
    definite = table.label != inconclusive
    scored = [
        macro_f1(
            table.label[definite], np.where(chances.max(axis=1) < each, inconclusive, chances.argmax(axis=1))[definite]
        )
        for each in thresholds
    ]
    return float(thresholds[np.flatnonzero(np.array(scored) >= max(scored) - PRICE)[-1]])
