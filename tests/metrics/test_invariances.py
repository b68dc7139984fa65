"""What must not change a metric, and what must change it in a known way."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jaxopt_lab import metrics

LABELS: dict[str, Callable[..., Any]] = {
    "confusion_matrix": partial(metrics.confusion_matrix, labels=(0, 1), normalize="all"),
    "accuracy": metrics.accuracy_score,
    "balanced accuracy": partial(metrics.balanced_accuracy_score, labels=(0, 1)),
    "precision": partial(metrics.precision_score, zero_division=0),
    "recall": partial(metrics.recall_score, zero_division=0),
    "specificity": partial(metrics.specificity_score, zero_division=0),
    "f1": partial(metrics.f1_score, zero_division=0),
    "f2 macro": partial(metrics.fbeta_score, beta=2, average="macro", labels=(0, 1), zero_division=0),
    "jaccard": partial(metrics.jaccard_score, zero_division=0),
    "matthews": partial(metrics.matthews_corrcoef, labels=(0, 1)),
    "kappa": partial(metrics.cohen_kappa_score, labels=(0, 1)),
    "geometric mean": partial(metrics.geometric_mean_score, average="multiclass", labels=(0, 1)),
}
RANKED: dict[str, Callable[..., Any]] = {
    "roc_auc": metrics.roc_auc_score,
    "partial auc": partial(metrics.roc_auc_score, max_fpr=0.4),
    "average precision": metrics.average_precision_score,
    "roc curve": metrics.roc_curve,
    "precision-recall curve": metrics.precision_recall_curve,
    "det curve": metrics.det_curve,
    "brier": metrics.brier_score_loss,
    "log loss": metrics.log_loss,
    "calibration curve": metrics.calibration_curve,
    "expected calibration error": metrics.expected_calibration_error,
}
EVERY = LABELS | RANKED


# Each property is tried on some twenty metrics: a dozen examples of each are hundreds.
FEW = settings(max_examples=12)


@st.composite
def samples(draw: Any) -> Any:
    """Both classes, tied probabilities, and positive integer weights."""
    n = draw(st.integers(2, 30))
    y = draw(hnp.arrays(int, n, elements=st.integers(0, 1)).filter(lambda a: 0 < a.sum() < a.size))
    x = draw(hnp.arrays(int, n, elements=st.integers(0, 8)))
    weight = draw(hnp.arrays(int, n, elements=st.integers(1, 5)))
    return y, x, weight


def read(name: str, x: np.ndarray) -> np.ndarray:
    return (x > 4).astype(int) if name in LABELS else x / 8


def assert_equal(left: Any, right: Any) -> None:
    for a, b in zip(*(value if isinstance(value, tuple) else (value,) for value in (left, right)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning", "ignore:balanced_accuracy")


@pytest.mark.parametrize("name", EVERY)
@FEW
@given(data=samples(), seed=st.integers(0, 99))
def test_order_of_samples_does_not_matter(name: str, data: Any, seed: int) -> None:
    y, x, weight = data
    order = np.random.default_rng(seed).permutation(y.size)
    x = read(name, x)
    assert_equal(EVERY[name](y, x, sample_weight=weight), EVERY[name](y[order], x[order], sample_weight=weight[order]))


@pytest.mark.parametrize("name", EVERY)
@FEW
@given(data=samples())
def test_weights_are_repetitions(name: str, data: Any) -> None:
    y, x, weight = data
    x = read(name, x)
    weighted = EVERY[name](y, x, sample_weight=weight)
    assert_equal(weighted, EVERY[name](np.repeat(y, weight), np.repeat(x, weight)))
    # Real weights of the same values, twice them, and none but ones.
    assert_equal(weighted, EVERY[name](y, x, sample_weight=2.0 * weight))
    assert_equal(EVERY[name](y, x), EVERY[name](y, x, sample_weight=np.ones(y.size)))


@pytest.mark.parametrize("name", EVERY)
@FEW
@given(data=samples())
def test_weight_zero_is_absence(name: str, data: Any) -> None:
    y, x, weight = data
    x = read(name, x)
    doubled = np.concatenate([y, y]), np.concatenate([x, x[::-1]])
    zeroed = EVERY[name](*doubled, sample_weight=np.concatenate([weight, 0 * weight]))
    assert_equal(zeroed, EVERY[name](y, x, sample_weight=weight))


@given(data=samples())
def test_ranking_sees_only_the_order_of_scores(data: Any) -> None:
    y, x, weight = data
    for metric in (metrics.roc_auc_score, metrics.average_precision_score):
        assert_equal(metric(y, x, sample_weight=weight), metric(y, np.exp(x) - 7, sample_weight=weight))
    for ours, stretched in zip(metrics.roc_curve(y, x)[:2], metrics.roc_curve(y, 3 * x + 1)[:2], strict=True):
        assert_equal(ours, stretched)


@given(data=samples())
def test_reversal_and_exchange(data: Any) -> None:
    y, x, weight = data
    p = (x > 4).astype(int)
    # Reversed scores, or exchanged classes, mirror the area.
    area = metrics.roc_auc_score(y, x, sample_weight=weight)
    assert_equal(area, 1 - metrics.roc_auc_score(y, -x, sample_weight=weight))
    assert_equal(area, 1 - metrics.roc_auc_score(1 - y, x, sample_weight=weight))
    # The recall of one class is the specificity of the other.
    assert_equal(metrics.recall_score(y, p), metrics.specificity_score(1 - y, 1 - p))
    assert_equal(metrics.recall_score(y, p, pos_label=0), metrics.specificity_score(y, p))
    # Truth and prediction exchanged: what is symmetric stays, precision and recall exchange.
    for name in ("accuracy", "f1", "jaccard", "matthews", "kappa"):
        assert_equal(LABELS[name](y, p), LABELS[name](p, y))
    assert_equal(LABELS["precision"](y, p), LABELS["recall"](p, y))


@given(data=samples())
def test_the_area_is_that_of_the_curve_and_of_the_pairs(data: Any) -> None:
    y, x, weight = data
    fpr, tpr, _ = metrics.roc_curve(y, x, sample_weight=weight)
    area = metrics.roc_auc_score(y, x, sample_weight=weight)
    assert_equal(metrics.auc(fpr, tpr), area)
    assert_equal(metrics.auc(fpr[::-1], tpr[::-1]), area)
    wins = (x[:, None] > x) + 0.5 * (x[:, None] == x)
    pairs = np.outer(weight * (y == 1), weight * (y == 0))
    assert_equal((wins * pairs).sum() / pairs.sum(), area)


@given(labels=st.permutations(range(4)), data=hnp.arrays(int, (2, 20), elements=st.integers(0, 3)))
def test_names_of_classes_do_not_matter(labels: list[int], data: np.ndarray) -> None:
    y, p = data
    renamed = np.array(labels)
    for metric in (
        metrics.accuracy_score,
        metrics.matthews_corrcoef,
        metrics.cohen_kappa_score,
        partial(metrics.f1_score, average="macro", zero_division=0),
        partial(metrics.specificity_score, average="weighted", zero_division=0),
    ):
        assert_equal(metric(y, p), metric(renamed[y], renamed[p]))


def test_binormal_area_is_the_known_one() -> None:
    # Scores of unit variance, a distance d apart: AUC = Phi(d / sqrt 2), 0.7602 at d = 1. Standard error 0.0005.
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 200_000)
    assert metrics.roc_auc_score(y, rng.normal(size=y.size) + y) == pytest.approx(0.7602, abs=0.002)


def test_area_of_a_known_curve() -> None:
    assert metrics.auc([0, 1], [0, 1]) == 0.5
    assert metrics.auc([1, 0], [0, 1]) == 0.5
    assert metrics.auc([0, 0.5, 1], [1, 0.5, 1]) == 0.75
