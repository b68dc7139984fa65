"""The doctor's numbers, from labelled runs: weights, how sure to be, when to abstain, which remedies worked."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.curves.features import features
from jaxopt_lab.curves.model import bent, set_name
from jaxopt_lab.curves.series import LOSSES, as_series
from jaxopt_lab.curves.vocabulary import CURVES, LABELS, REMEDIES
from jaxopt_lab.labs.curves.examples import Example

KNOTS = (1 / 3, 2 / 3)
"""At which quantiles of a feature its line may bend."""
EDGES = (0.005, 0.995)
"""Beyond which quantiles a feature counts as no further."""
PENALTIES = (0.003, 0.03, 0.3)
"""Scikit-learn's ``C`` to choose from."""
INCONCLUSIVE = 0.5
"""How common what has no definite label is beside any label, beforehand."""
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
    """The examples whose losses are finite, as each set of curves shows them.

    Args:
        examples: the runs.

    Returns:
        By the name of the set.
    """
    seen: dict[tuple[str, ...], list[dict[str, float]]] = {}
    finite = [example for example in examples if as_series(example.log()).lost_at is None]
    for losses in (LOSSES, LOSSES[:1], LOSSES[1:], ()):
        unseen = [name for name in LOSSES if name not in losses]
        seen[losses] = [features(as_series(example.log(without=unseen))) for example in finite]
    label = np.array([example.label for example in finite])
    group = np.array([example.task for example in finite])
    share = np.bincount(label, minlength=len(LABELS)) / len(label)
    common = np.where(np.array(LABELS) == "inconclusive", INCONCLUSIVE, 1.0)
    weight = (common / np.maximum(share, 1e-9) / common.sum())[label]
    found = {}
    for curves in curve_sets():
        rows = seen[tuple(name for name in LOSSES if name in curves)]
        needed = {name for name in rows[0] if _needs(name) <= set(curves)}
        columns = [name for name in rows[0] if name in needed]
        values = np.array([[row[name] for name in columns] for row in rows])
        found[set_name(curves)] = Table(columns, values, label, weight, group)
    return found


def _needs(feature: str) -> set[str]:
    curve = feature.partition(".")[0]
    return {"gap": set(LOSSES), "accuracy_gap": set(CURVES[2:])}.get(curve, {curve})


def fit(examples: Sequence[Example]) -> dict[str, Any]:
    """All numbers of the doctor.

    The penalty, the temperature and the threshold below which it abstains are chosen on predictions for tasks that
    were left out in turn; the weights are then fitted on all of the examples.

    Args:
        examples: the runs to learn from.

    Returns:
        What ``model.json`` holds.
    """
    seen = tables(examples)
    full = seen[set_name(CURVES)]
    unseen = {penalty: _left_out(full, penalty) for penalty in PENALTIES}
    penalty = min(PENALTIES, key=lambda each: _log_loss(unseen[each], full, 1.0))
    temperatures = np.geomspace(0.5, 3, 36)
    temperature = float(min(temperatures, key=lambda each: _log_loss(unseen[penalty], full, each)))
    chances = _softmax(unseen[penalty] / temperature)
    return {
        "abstain_below": _threshold(chances, full),
        "chosen": {"penalty": penalty, "temperature": round(temperature, 3)},
        "models": {name: _numbers(table, penalty, temperature) for name, table in seen.items()},
        "remedies": what_helped(examples),
    }


def what_helped(examples: Sequence[Example]) -> dict[str, dict[str, dict[str, Any]]]:
    """For each label and remedy: in which share of the runs it helped, the median share closed, and how often tried."""
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
                "closed": round(float(np.median(closed[tried, remedy])), 3) if count else 0.0,
                "tried": count,
            }
    return found


def _bends(table: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low, high = np.quantile(table.values, EDGES, axis=0)
    high = np.where(high > low, high, low + 1e-9)
    return low, high, np.quantile(table.values, KNOTS, axis=0).T.clip(low[:, None], high[:, None])


def _classifier(table: Table, rows: np.ndarray, penalty: float) -> dict[str, Any]:
    """Weights over the bent features, as `Model` wants them."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    low, high, knots = _bends(table)
    columns = bent(table.values, low, high, knots)
    flat = columns[rows].reshape(len(rows), -1)
    scaler = StandardScaler().fit(flat)
    fitted = LogisticRegression(C=penalty, max_iter=300, tol=1e-3).fit(
        scaler.transform(flat), table.label[rows], sample_weight=table.weight[rows]
    )
    weights = np.zeros((columns.shape[1], columns.shape[2], len(LABELS)))
    intercept = np.full(len(LABELS), -20.0)  # a label that no example has
    slopes = fitted.coef_ / np.where(scaler.scale_ > 0, scaler.scale_, 1.0)
    weights[..., fitted.classes_] = slopes.T.reshape(*columns.shape[1:], -1)
    intercept[fitted.classes_] = fitted.intercept_ - slopes @ scaler.mean_
    return {"low": low, "high": high, "knots": knots, "weights": weights, "intercept": intercept}


def _numbers(table: Table, penalty: float, temperature: float) -> dict[str, Any]:
    fitted = _classifier(table, np.arange(len(table.label)), penalty)

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


def _left_out(table: Table, penalty: float) -> np.ndarray:
    """The scores of each example by a model that has not seen its group."""
    scores = np.zeros((len(table.label), len(LABELS)))
    for group in np.unique(table.group):
        out = table.group == group
        fitted = _classifier(table, np.flatnonzero(~out), penalty)
        columns = bent(table.values[out], fitted["low"], fitted["high"], fitted["knots"])
        scores[out] = fitted["intercept"] + np.einsum("nfk,fkl->nl", columns, fitted["weights"])
    return scores


def _softmax(scores: np.ndarray) -> np.ndarray:
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    return chances / chances.sum(axis=1, keepdims=True)


def _log_loss(scores: np.ndarray, table: Table, temperature: float) -> float:
    chances = _softmax(scores / temperature)[np.arange(len(table.label)), table.label]
    return -float(np.average(np.log(chances + 1e-12), weights=table.weight))


def _threshold(chances: np.ndarray, table: Table) -> float:
    """The highest threshold at which abstaining costs no more macro-F1 than it may."""
    from jaxopt_lab.labs.curves.scores import macro_f1

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
