"""Every metric against scikit-learn (or a closed form where it has none), on every kind of data, eager and compiled."""

import warnings
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest
import sklearn.metrics as sk
from sklearn.calibration import calibration_curve as sk_calibration_curve

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


def one_sample(y: int, p: int) -> Data:
    return Data(np.array([y]), np.array([p]), np.array([p]), np.array([p]), None)


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
SMALL = {f"one sample, {y}{p}": one_sample(y, p) for y in (0, 1) for p in (0, 1)}
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
    ours: partial[Any]
    oracle: Callable[..., Any]
    reads: str
    inside: dict[str, Any] = {}  # noqa: RUF012 - never written to

    def __str__(self) -> str:
        keywords = ", ".join(f"{key}={value}" for key, value in self.ours.keywords.items())
        return f"{self.name}({keywords})"


def row(
    name: str, reads: str, *, oracle: Callable[..., Any] | None = None, inside: Any = (), **keywords: Any
) -> Metric:
    """The metric with these keywords, and scikit-learn's of the same name unless another oracle is given."""
    theirs = partial(oracle or getattr(sk, name), **keywords)
    return Metric(name, partial(getattr(metrics, name), **keywords), theirs, reads, dict(inside))


def specificity_by_counts(
    y: Any, p: Any, *, sample_weight: Any = None, average: Any = "binary", zero_division: Any = "warn"
) -> Any:
    """Of two classes the recall of the other one; of more, from scikit-learn's one-vs-rest counts."""
    if average == "binary":
        negative, rejected = (y != 1).astype(int), (p != 1).astype(int)
        return sk.recall_score(negative, rejected, sample_weight=sample_weight, zero_division=zero_division)
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
        recalls = sk.precision_recall_fscore_support(y, p, sample_weight=sample_weight, warn_for=("recall",))[1]
        recalls = np.where(recalls == 0, correction, recalls)
        return np.prod(recalls) ** (1 / recalls.size)
    recall = sk.recall_score(y, p, average=average, sample_weight=sample_weight)
    return np.sqrt(recall * specificity_by_counts(y, p, sample_weight=sample_weight, average=average))


def in_bins(prob: np.ndarray, n_bins: int, strategy: str = "uniform") -> list[np.ndarray]:
    """Which samples are in each bin: above its lower edge, up to its upper one; the first has its lower edge too."""
    edges = np.linspace(0, 1, n_bins + 1)
    if strategy == "quantile":
        edges = np.quantile(prob, edges)
    edges[0], edges[-1] = -np.inf, np.inf
    return [(prob > low) & (prob <= high) for low, high in pairwise(edges)]


def calibration_by_bins(
    y: Any, prob: Any, *, sample_weight: Any = None, n_bins: int = 5, strategy: str = "uniform"
) -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's curve; with weights, which that does not take, weighted means over its bins."""
    if sample_weight is None:
        return sk_calibration_curve(y, prob, n_bins=n_bins, strategy=strategy)
    inside = [members for members in in_bins(prob, n_bins, strategy) if sample_weight[members].any()]
    mean = lambda values: np.array([np.average(values[m], weights=sample_weight[m]) for m in inside])
    return mean(y == 1), mean(prob)


def calibration_error_by_bins(y: Any, prob: Any, *, sample_weight: Any = None, n_bins: int = 10) -> float:
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    return sum(abs((weight * ((y == 1) - prob))[m].sum()) for m in in_bins(prob, n_bins)) / weight.sum()


RATES = ("precision_score", "recall_score", "f1_score", "jaccard_score")
TWO = (("labels", (0, 1)),)
ALL = (("labels", tuple(range(CLASSES))),)

BINARY_METRICS = [
    *(row(name, "labels") for name in RATES),
    *(row(name, "labels", zero_division=1.0) for name in RATES),
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
    *(row(name, "labels", inside=ALL, average=a) for name in RATES for a in ("macro", "micro", "weighted", None)),
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
    row("calibration_curve", "probabilities", oracle=calibration_by_bins),
    row("calibration_curve", "probabilities", oracle=calibration_by_bins, n_bins=7, strategy="quantile"),
    row("expected_calibration_error", "probabilities", oracle=calibration_error_by_bins),
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
# Where scikit-learn's answer is a slip, and what ours is instead.
DIFFERENT = [
    ("fbeta_score(beta=0)", "", "warns of 0/0 as for any other beta"),
    ("fbeta_score(beta=inf)", "", "warns of 0/0 as for any other beta"),
    ("balanced_accuracy_score()", "one sample", "does not pass on a warning about a confusion matrix nobody asked for"),
    ("matthews_corrcoef()", "one sample", "does not pass on a warning about a confusion matrix nobody asked for"),
    (
        "balanced_accuracy_score(adjusted=True)",
        "one",
        "NaN, not -inf or an unexplained 0/0, where only one class is true",
    ),
    (
        "balanced_accuracy_score(adjusted=True)",
        "no",
        "NaN, not -inf or an unexplained 0/0, where only one class is true",
    ),
    ("roc_auc_score(max_fpr=0.3)", "no negatives by weight", "NaN and a warning, as without max_fpr, not an error"),
    ("roc_auc_score(multi_class=ovr, average=weighted)", "without weight", "does not warn of a class that has no say"),
]

# What takes other things than labels and predictions, or is about uncertainty and decisions, has files of its own.
ELSEWHERE = {
    *("auc", "bootstrap", "choose_threshold", "delong", "diagnostic_table", "wilson"),
    *("precision_at_recall", "recall_at_precision", "recall_at_specificity", "specificity_at_recall"),
    *("average_precision_bounds", "confusion_stream", "merge", "roc_auc_bounds", "score_stream"),
}


def test_every_public_metric_has_a_row() -> None:
    functions = {name for name in metrics.__all__ if not isinstance(getattr(metrics, name), type)}
    assert {metric.name for metric in (*ON_TWO, *ON_SEVERAL)} == functions - ELSEWHERE


def outcome(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> tuple[Any, bool]:
    """The value, or `ValueError` if that is raised; and whether a warning was given."""
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


def as_documented(metric: Metric, case: str) -> bool:
    return any(str(metric) == name and part in case for name, part, _ in DIFFERENT)


ON_ALL = [*((m, BINARY | SMALL) for m in ON_TWO), *((m, SEVERAL) for m in ON_SEVERAL)]


@pytest.mark.parametrize(
    ("metric", "cases"), [pytest.param(m, c, id=f"{m}-{'two' if c is not SEVERAL else 'four'}") for m, c in ON_ALL]
)
def test_outside_jit_it_is_scikit_learn(metric: Metric, cases: dict[str, Data]) -> None:
    for case, data in cases.items():
        try:
            check_outside(metric, case, data)
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from error


def check_outside(metric: Metric, case: str, data: Data) -> None:
    # Tolerance: both sum in float64, in another order.
    x = getattr(data, metric.reads)
    theirs, they_warn = outcome(metric.oracle, data.y, x, sample_weight=data.weight)
    ours, we_warn = outcome(metric.ours, data.y, x, sample_weight=data.weight)
    if as_documented(metric, case):
        return
    if theirs is ValueError:
        assert ours is ValueError
        return
    assert we_warn == they_warn
    assert isinstance(ours, float | np.ndarray | tuple)
    assert not isinstance(ours, np.generic)
    assert_same(ours, theirs, 1e-12)


def trimmed(value: Any) -> Any:
    """The arrays that scikit-learn gives, cut out of a curve of fixed length."""
    if not hasattr(value, "valid"):
        return value
    return tuple(np.asarray(field)[np.asarray(value.valid)[: field.size]] for field in value[:-1])


NAN_INSIDE = {"precision_score", "recall_score", "f1_score", "fbeta_score"}


def expected_inside(metric: Metric, data: Data) -> Any:
    """What scikit-learn says, with NaN for 0/0; None where it says it with a warning, or raises an error."""
    oracle = metric.oracle
    if metric.name in NAN_INSIDE and "zero_division" not in metric.ours.keywords:
        oracle = partial(oracle, zero_division=np.nan)
    value, warned = outcome(oracle, data.y, getattr(data, metric.reads), sample_weight=data.weight)
    return None if warned or value is ValueError else value


def check_compiled(metric: Metric, cases: dict[str, Data], dtype: Any, tolerance: float) -> None:
    # One compilation serves all cases: weights are always there, in one dtype.
    run = jax.jit(lambda y, x, weight: metric.ours(y, x, sample_weight=weight, **metric.inside))
    exact = metric.ours.keywords.get("drop_intermediate")  # asks whether sums are equal: not of rounded ones
    checked = 0
    for case, data in cases.items():
        if metric.inside and case == "minus one and one":
            continue  # the listed labels are zero and one
        if metric.ours.keywords.get("multi_class") == "ovo":
            data = data._replace(weight=None)
        else:
            weight = np.ones(N) if data.weight is None else data.weight
            data = data._replace(weight=(10 * weight).astype(int if exact else dtype))
        expected = expected_inside(metric, data)
        if expected is None:
            continue
        x = getattr(data, metric.reads).astype(int if metric.reads == "labels" else dtype)
        assert_same(trimmed(run(data.y, x, data.weight)), expected, tolerance)
        checked += 1
    assert checked >= 3


SAME_CORE = {("ovr", "weighted"), ("ovr", None), ("ovo", "macro")}


def worth_compiling(metric: Metric) -> bool:
    """All but the rows that differ from another one in what is done before or after the compiled part."""
    keywords = metric.ours.keywords
    average = keywords.get("average", "binary")
    of_many = metric.name in {"precision_score", "recall_score", "jaccard_score", "average_precision_score"}
    return not (
        (of_many and average not in ("binary", "macro"))
        or (metric.name == "roc_auc_score" and (keywords.get("multi_class"), average) in SAME_CORE)
        or (metric.name in {"det_curve", "precision_recall_curve"} and not keywords["drop_intermediate"])
        or metric.name == "confusion_at_thresholds"
        or keywords.get("zero_division") == 1
    )


TABLE = [
    *((m, BINARY) for m in ON_TWO if m not in LABEL_METRICS and worth_compiling(m)),
    *((m, SEVERAL) for m in ON_SEVERAL if worth_compiling(m)),
]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("metric", "cases"), [pytest.param(m, c, id=str(m)) for m, c in TABLE])
def test_compiled_in_float64_it_is_scikit_learn(metric: Metric, cases: dict[str, Data]) -> None:
    check_compiled(metric, cases, np.float64, 1e-12)
