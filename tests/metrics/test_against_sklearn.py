"""Every metric against scikit-learn (or a closed form where it has none), on every kind of data, eager and compiled."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest
import sklearn.metrics as sk
from sklearn.calibration import calibration_curve as sk_calibration_curve
from sklearn.exceptions import UndefinedMetricWarning

from jaxopt_lab import metrics

N = 64
CLASSES = 4


class Data(NamedTuple):
    """True labels, and what is compared with them: labels, scores, or probabilities; weights or None."""

    y: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray
    weight: np.ndarray | None


def binary(weight: str = "none", n: int = N, seed: int = 0) -> Data:
    """Two classes, scores rounded so that most are tied."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    scores = np.round(rng.normal(size=n) + y, 1)
    weights = {
        "none": None,
        "integer": rng.integers(0, 4, n),
        "real": rng.random(n) * rng.integers(0, 3, n),
    }
    return Data(y, (scores > 0.4).astype(int), scores, np.round(1 / (1 + np.exp(-scores)), 2), weights[weight])


def several_classes(weight: str = "none") -> Data:
    rng = np.random.default_rng(1)
    y, p = rng.integers(0, CLASSES, N), rng.integers(0, CLASSES, N)
    table = np.round(rng.dirichlet(np.ones(CLASSES), N), 1) + 0.1
    table /= table.sum(axis=1, keepdims=True)
    return Data(y, np.where(rng.random(N) < 0.5, y, p), table, table, binary(weight).weight)


BINARY = {
    "ties": binary(),
    "integer weights": binary("integer"),
    "real weights": binary("real"),
    "one class": binary()._replace(y=np.ones(N, int)),
    "no positives": binary()._replace(y=np.zeros(N, int)),
    "no positives by weight": binary()._replace(weight=1.5 * (binary().y == 0)),
    "no negatives by weight": binary()._replace(weight=1.5 * (binary().y == 1)),
    "nothing called positive": binary()._replace(labels=np.zeros(N, int)),
    "everything called positive": binary()._replace(labels=np.ones(N, int)),
    "constant scores": binary()._replace(scores=np.full(N, 0.5), probabilities=np.full(N, 0.5)),
    "perfect": binary()._replace(labels=binary().y, scores=binary().y, probabilities=binary().y),
    "reversed": binary("real")._replace(labels=1 - binary().y, scores=-binary().y, probabilities=1 - binary().y),
    "distinct scores": binary("real")._replace(scores=np.random.default_rng(2).permutation(N) / 7),
    "minus one and one": binary("real")._replace(y=2 * binary().y - 1, labels=2 * binary().labels - 1),
}
SMALL = {f"one sample, {y}{p}": Data(*(np.array([v]) for v in (y, p, p, p)), None) for y in (0, 1) for p in (0, 1)}
SEVERAL = {
    "four classes": several_classes(),
    "four classes, integer weights": several_classes("integer"),
    "four classes, real weights": several_classes("real"),
    "four classes, one never predicted": several_classes()._replace(labels=several_classes().y % 3),
    "four classes, one without weight": several_classes()._replace(weight=1.0 * (several_classes().y != 2)),
}


class Metric(NamedTuple):
    """One row of the table.

    Attributes:
        name: in `metrics.__all__`.
        ours: ``ours(y, x, sample_weight=...)``.
        oracle: the same of scikit-learn, or a closed form.
        reads: which field of `Data` is ``x``.
        inside: keywords that a compiled call needs besides.
    """

    name: str
    ours: Callable[..., Any]
    oracle: Callable[..., Any]
    reads: str
    inside: dict[str, Any] = {}  # noqa: RUF012 - never written to

    def __str__(self) -> str:
        keywords = ", ".join(f"{key}={value}" for key, value in self.ours.keywords.items())
        return f"{self.name}({keywords})"


def row(name: str, reads: str, *, oracle: Callable[..., Any] | None = None, inside: Any = (), **keywords: Any) -> Metric:
    theirs = partial(oracle or getattr(sk, name), **keywords)
    return Metric(name, partial(getattr(metrics, name), **keywords), theirs, reads, dict(inside))


def specificity_by_counts(
    y: Any, p: Any, *, sample_weight: Any = None, average: Any = "binary", zero_division: Any = "warn"
) -> Any:
    """Of two classes the recall of the other one; of more, from scikit-learn's one-vs-rest counts."""
    if average == "binary":
        with warnings.catch_warnings():
            warnings.simplefilter("error", UndefinedMetricWarning)
        fill = zero_division
        negative = (y != 1).astype(int)
        return sk.recall_score(negative, (p != 1).astype(int), sample_weight=sample_weight, zero_division=fill)
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    tn, fp, support = [], [], []
    for label in np.unique([y, p]):
        tn.append(weight[(y != label) & (p != label)].sum())
        fp.append(weight[(y != label) & (p == label)].sum())
        support.append(weight[y == label].sum())
    tn, fp = np.array(tn), np.array(fp)
    if average == "micro":
        return tn.sum() / (tn.sum() + fp.sum())
    ratio = tn / (tn + fp)
    if average is None:
        return ratio
    return np.average(ratio, weights=support if average == "weighted" else None)


def geometric_mean_by_recalls(
    y: Any, p: Any, *, sample_weight: Any = None, average: Any = "multiclass", correction: float = 0.0
) -> Any:
    if average == "multiclass":
        recalls = sk.recall_score(y, p, average=None, sample_weight=sample_weight)
        recalls = np.where(recalls == 0, correction, recalls)
        return np.prod(recalls) ** (1 / recalls.size)
    recall = sk.recall_score(y, p, average=average, sample_weight=sample_weight)
    return np.sqrt(recall * specificity_by_counts(y, p, sample_weight=sample_weight, average=average))


def calibration_by_loop(y: Any, prob: Any, *, sample_weight: Any = None, n_bins: int = 10) -> float:
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    edges = np.linspace(0, 1, n_bins + 1)
    error = 0.0
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = (prob > low) & (prob <= high) | (low == 0) & (prob == 0)
        error += abs((weight * ((y == 1) - prob))[inside].sum())
    return error / weight.sum()


def unweighted(curve: Callable[..., Any]) -> Callable[..., Any]:
    """scikit-learn's calibration curve takes no weights: with integer ones samples are repeated, else none are given."""

    def oracle(y: Any, prob: Any, *, sample_weight: Any = None, **keywords: Any) -> Any:
        if sample_weight is not None:
            pytest.skip("scikit-learn's has no weights")
        return curve(y, prob, **keywords)

    return oracle


RATES = ("precision_score", "recall_score", "f1_score", "jaccard_score")
TWO = (("labels", (0, 1)),)
ALL = (("labels", tuple(range(CLASSES))),)

BINARY_METRICS = [
    *(row(name, "labels") for name in RATES),
    *(row(name, "labels", zero_division=1.0, inside={}) for name in RATES),
    *(row("f1_score", "labels", zero_division=0, average=a, inside=TWO) for a in ("macro", "weighted")),
    row("precision_score", "labels", zero_division=np.nan, average="macro", inside=TWO),
    row("precision_score", "labels", average=None, inside=TWO),
    row("fbeta_score", "labels", beta=2.0),
    row("fbeta_score", "labels", beta=0),
    row("fbeta_score", "labels", beta=np.inf),
    row("specificity_score", "labels", oracle=specificity_by_counts),
    row("specificity_score", "labels", oracle=specificity_by_counts, zero_division=1.0),
    row("geometric_mean_score", "labels", oracle=geometric_mean_by_recalls, inside=TWO),
    row("geometric_mean_score", "labels", oracle=geometric_mean_by_recalls, average="binary"),
    row("class_likelihood_ratios", "labels", inside=TWO),
    row("class_likelihood_ratios", "labels", inside=TWO, replace_undefined_by=1.0),
    row("class_likelihood_ratios", "labels", inside=TWO, replace_undefined_by={"LR+": np.inf, "LR-": 0.5}),
]
LABEL_METRICS = [
    row("accuracy_score", "labels"),
    row("accuracy_score", "labels", normalize=False),
    row("balanced_accuracy_score", "labels", inside=TWO),
    row("balanced_accuracy_score", "labels", inside=TWO, adjusted=True),
    row("matthews_corrcoef", "labels", inside=TWO),
    *(row("cohen_kappa_score", "labels", inside=TWO, weights=w) for w in (None, "linear", "quadratic")),
    *(row("confusion_matrix", "labels", inside=TWO, normalize=n) for n in (None, "true", "pred", "all")),
]
SEVERAL_LABEL_METRICS = [
    *(
        row(name, "labels", inside=ALL, average=a)
        for name in RATES
        for a in ("macro", "micro", "weighted", None)
    ),
    row("fbeta_score", "labels", inside=ALL, beta=0.5, average="macro"),
    row("recall_score", "labels", labels=[3, 1], average="macro"),
    row("confusion_matrix", "labels", labels=[3, 1, 7]),
    *(
        row("specificity_score", "labels", oracle=specificity_by_counts, inside=ALL, average=a)
        for a in ("macro", "micro", "weighted", None)
    ),
    row("geometric_mean_score", "labels", oracle=geometric_mean_by_recalls, inside=ALL),
    row("geometric_mean_score", "labels", oracle=geometric_mean_by_recalls, inside=ALL, correction=0.01),
    row("geometric_mean_score", "labels", oracle=geometric_mean_by_recalls, inside=ALL, average="macro"),
]
SCORE_METRICS = [
    row("roc_auc_score", "scores"),
    row("roc_auc_score", "scores", max_fpr=0.3),
    row("average_precision_score", "scores"),
    row("confusion_matrix_at_thresholds", "scores"),
    row("confusion_at_thresholds", "scores", oracle=sk.confusion_matrix_at_thresholds),
    *(row("roc_curve", "scores", drop_intermediate=drop) for drop in (False, True)),
    *(row("precision_recall_curve", "scores", drop_intermediate=drop) for drop in (False, True)),
    *(row("det_curve", "scores", drop_intermediate=drop) for drop in (False, True)),
]
PROBABILITY_METRICS = [
    row("brier_score_loss", "probabilities"),
    row("brier_score_loss", "probabilities", scale_by_half=False),
    row("log_loss", "probabilities"),
    row("log_loss", "probabilities", normalize=False),
    row("calibration_curve", "probabilities", oracle=unweighted(sk_calibration_curve)),
    row("calibration_curve", "probabilities", oracle=unweighted(sk_calibration_curve), n_bins=7, strategy="quantile"),
    row("expected_calibration_error", "probabilities", oracle=calibration_by_loop),
]
SEVERAL_SCORE_METRICS = [
    *(row("roc_auc_score", "scores", inside=ALL, multi_class="ovr", average=a) for a in ("macro", "weighted", "micro")),
    row("roc_auc_score", "scores", inside=ALL, multi_class="ovr", average=None),
    *(row("roc_auc_score", "scores", inside=ALL, multi_class="ovo", average=a) for a in ("macro", "weighted")),
    *(row("average_precision_score", "scores", inside=ALL, average=a) for a in ("macro", "weighted", "micro", None)),
    row("brier_score_loss", "probabilities", inside=ALL),
    row("log_loss", "probabilities", inside=ALL),
]
ON_TWO = [*BINARY_METRICS, *LABEL_METRICS, *SCORE_METRICS, *PROBABILITY_METRICS]
ON_SEVERAL = [
    *(metric._replace(inside=dict(ALL) if metric.inside else {}) for metric in LABEL_METRICS),
    *SEVERAL_LABEL_METRICS,
    *SEVERAL_SCORE_METRICS,
]
# An area takes points, not labels; it has its tests in test_roc.py.
ELSEWHERE = {"auc"}


def test_every_public_metric_has_a_row() -> None:
    functions = {name for name in metrics.__all__ if not isinstance(getattr(metrics, name), type)}
    assert {metric.name for metric in (*ON_TWO, *ON_SEVERAL)} == functions - ELSEWHERE


def outcome(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> tuple[Any, bool]:
    """The value, or `ValueError` if that is raised; and whether scikit-learn's warning of the undefined was given."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function(*arguments, **keywords)
        except ValueError:
            value = ValueError
    # NumPy's own warnings about 0/0 are a slip of scikit-learn's, and none of ours.
    kinds = [w.category for w in caught if not issubclass(w.category, RuntimeWarning)]
    return value, any(issubclass(kind, UserWarning) for kind in kinds)


def leaves(value: Any) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in (value if isinstance(value, tuple) else (value,))]


def assert_same(ours: Any, theirs: Any, tolerance: float) -> None:
    assert len(leaves(ours)) == len(leaves(theirs))
    for got, expected in zip(leaves(ours), leaves(theirs), strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "metric, data",
    [
        *(pytest.param(m, d, id=f"{m}-{k}") for m in ON_TWO for k, d in (BINARY | SMALL).items()),
        *(pytest.param(m, d, id=f"{m}-{k}") for m in ON_SEVERAL for k, d in SEVERAL.items()),
    ],
)
def test_outside_jit_it_is_scikit_learn(metric: Metric, data: Data) -> None:
    # Tolerance: both sum in float64, in another order.
    x = getattr(data, metric.reads)
    theirs, they_warn = outcome(metric.oracle, data.y, x, sample_weight=data.weight)
    ours, we_warn = outcome(metric.ours, data.y, x, sample_weight=data.weight)
    if theirs is ValueError:
        assert ours is ValueError
        return
    assert we_warn == they_warn
    assert isinstance(ours, float | np.ndarray | tuple)
    assert not isinstance(ours, np.generic)
    assert_same(ours, theirs, 1e-12)
