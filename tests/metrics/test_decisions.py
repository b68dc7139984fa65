"""Thresholds and operating points against every threshold tried; diagnostic tables against published ones."""

from functools import partial
from typing import Any

import jax
import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxopt_lab import metrics

NOTHING_CALLED: Any = {"zero_division": 0}
COSTS = [[0.0, 1.0], [5.0, -0.5]]


def sample(seed: int, n: int = 60, digits: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = (rng.random(n) < 0.3).astype(int)
    true[:2] = 0, 1
    return true, np.round(rng.normal(size=n) + true, digits)


def mean_cost(true: np.ndarray, called: np.ndarray) -> float:
    return float((sk.confusion_matrix(true, called, labels=[0, 1]) * COSTS).sum() / true.size)


def every_threshold(scores: np.ndarray) -> np.ndarray:
    return np.append(np.unique(scores), np.inf)


@pytest.mark.parametrize("name", ["f1_score", "balanced_accuracy_score", "costs"])
def test_no_threshold_is_better_than_the_chosen_one(name: str) -> None:
    theirs = {"costs": lambda *pair: -mean_cost(*pair), "f1_score": partial(sk.f1_score, **NOTHING_CALLED)}.get(
        name, sk.balanced_accuracy_score
    )
    objective = {"costs": COSTS, "f1_score": partial(metrics.f1_score, zero_division=0)}.get(
        name, metrics.balanced_accuracy_score
    )
    for seed in range(3):
        true, scores = sample(seed)
        choice = metrics.choose_threshold(true, scores, objective, resamples=2)
        best = max(theirs(true, scores >= threshold) for threshold in every_threshold(scores))
        apparent = -choice.apparent if name == "costs" else choice.apparent
        assert apparent == pytest.approx(best, abs=1e-12)
        assert theirs(true, scores >= choice.threshold.value) == pytest.approx(best, abs=1e-12)
        # The highest of several: any higher one calls fewer.
        higher = np.unique(scores[scores > choice.threshold.value])[1:]
        assert all(theirs(true, scores >= threshold) < best - 1e-12 for threshold in [*higher, np.inf])


def test_the_threshold_of_least_cost_is_that_of_theory() -> None:
    """Of calibrated probabilities it is c_fp / (c_fp + c_fn) (Elkan 2001): here 1 / (1 + 4)."""
    rng = np.random.default_rng(0)
    prob = rng.random(20_000)
    true = (rng.random(20_000) < prob).astype(int)
    choice = metrics.choose_threshold(true, prob, [[0, 1], [4, 0]], resamples=100)
    assert choice.threshold.lower < 0.2 < choice.threshold.upper
    assert choice.threshold.value == pytest.approx(0.2, abs=0.04)  # the cost is flat there: a cube-root law
    # Expected: false alarms above it, misses below, integrated over uniform probabilities: 0.32 + 0.08.
    assert choice.value.value == pytest.approx(0.4, abs=0.015)


def test_choosing_is_too_good_by_about_what_is_said() -> None:
    """Scores that say nothing have balanced accuracy 0.5 at any threshold, and better at the chosen one."""
    rng = np.random.default_rng(1)
    apparent, corrected, covered = [], [], []
    for _ in range(40):
        true, scores = np.repeat([0, 1], 30), rng.normal(size=60)
        choice = metrics.choose_threshold(true, scores, metrics.balanced_accuracy_score, resamples=100)
        apparent.append(choice.apparent)
        corrected.append(choice.value.value)
        covered.append(choice.value.lower <= 0.5 <= choice.value.upper)
        assert choice.optimism > 0
        assert choice.value.value == pytest.approx(choice.apparent - choice.optimism)
    assert np.mean(apparent) > 0.56
    assert np.mean(corrected) - 0.5 < 0.6 * (np.mean(apparent) - 0.5)
    assert np.mean(covered) > 0.8


def test_the_same_seed_and_another() -> None:
    true, scores = sample(0)
    choose = partial(metrics.choose_threshold, true, scores, COSTS, resamples=50)
    assert choose() == choose(seed=0)
    assert choose() != choose(seed=1)


def test_a_threshold_lies_between_scores() -> None:
    choice = metrics.choose_threshold([0, 0, 1, 1], [-2.0, -1.0, 0.0, 3.0], metrics.accuracy_score, resamples=2)
    assert choice.threshold.value == -0.5
    close = np.array([1.0, np.nextafter(1.0, 2.0)])
    choice = metrics.choose_threshold([0, 1], close, metrics.accuracy_score, resamples=2)
    assert (close >= choice.threshold.value).tolist() == [False, True]
    none = metrics.choose_threshold([0, 0, 1], [0.2, 0.3, 0.1], [[0, 9], [1, 0]], resamples=2)
    assert none.threshold.value == np.inf


@pytest.mark.parametrize(
    ("objective", "true", "message"),
    [
        ([[0, 1]], [0, 1], r"objective: got \[\[0, 1\]\]; pass a metric, or finite costs"),
        ([[0, np.inf], [1, 0]], [0, 1], "objective: got .* finite costs"),
        (COSTS, [1, 1], "y_true: got one class only"),
        (COSTS, [0, 2], r"pos_label: y_true has the labels \[0, 2\]"),
    ],
)
def test_bad_choices(objective: Any, true: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metrics.choose_threshold(true, [0.1, 0.2], objective)


POINTS = {
    "recall_at_precision": ("recall", "precision"),
    "precision_at_recall": ("precision", "recall"),
    "recall_at_specificity": ("recall", "specificity"),
    "specificity_at_recall": ("specificity", "recall"),
}


def rates_at(true: np.ndarray, scores: np.ndarray, threshold: float) -> dict[str, float]:
    called = scores >= threshold
    return {
        "recall": called[true == 1].mean(),
        "precision": true[called].mean() if called.any() else 1.0,
        "specificity": (~called[true == 0]).mean(),
    }


@pytest.mark.parametrize("name", POINTS)
@settings(max_examples=15)
@given(seed=st.integers(0, 1000), least=st.sampled_from([0.0, 0.3, 0.5, 0.75, 0.9, 1.0]))
def test_an_operating_point_is_the_best_of_all_thresholds(name: str, seed: int, least: float) -> None:
    goal, condition = POINTS[name]
    true, scores = sample(seed, n=25)
    value, threshold = getattr(metrics, name)(true, scores, least)
    tried = [rates_at(true, scores, t) for t in every_threshold(scores)]
    allowed = [rates for rates in tried if rates[condition] >= least]
    assert value == max(rates[goal] for rates in allowed)
    there = rates_at(true, scores, threshold)
    assert there[goal] == value
    assert there[condition] == max(rates[condition] for rates in allowed if rates[goal] == value)


@pytest.mark.parametrize("name", POINTS)
def test_operating_points_compile_and_batch(name: str) -> None:
    true, scores = sample(5)
    point = getattr(metrics, name)
    least = np.array([0.35, 0.62, 0.97])
    inside = jax.jit(jax.vmap(partial(point, true.astype(int), scores.astype(np.float32))))(least)
    outside = [point(true, scores, each) for each in least]
    np.testing.assert_allclose(np.transpose(inside), outside, rtol=1e-6)


def test_operating_points_of_nothing() -> None:
    assert metrics.recall_at_precision([0, 0, 1], [0.3, 0.2, 0.1], 0.9) == (0.0, np.inf)
    for point in (metrics.recall_at_precision, metrics.precision_at_recall, metrics.recall_at_specificity):
        assert np.isnan(point([0, 0], [0.1, 0.2], 0.5)).all()
    assert np.isnan(metrics.specificity_at_recall([1, 1], [0.1, 0.2], 0.5)).all()
    with pytest.raises(ValueError, match=r"min_precision: got 1\.5; pass a rate from 0 to 1"):
        metrics.recall_at_precision([0, 1], [0.1, 0.2], 1.5)


def test_an_operating_point_has_an_interval() -> None:
    true, scores = sample(7, n=200, digits=3)
    recall = lambda true, scores, sample_weight=None: metrics.recall_at_specificity(
        true, scores, 0.9, sample_weight=sample_weight
    )[0]
    result = metrics.bootstrap(recall, true, scores, resamples=200, method="percentile")
    assert result.lower <= result.value <= result.upper
    assert 0.03 < result.standard_error < 0.2


def test_a_published_table() -> None:
    """Liver scans: Altman and Bland, BMJ 308 and 309, 1994. At a prevalence of 0.25 they give 0.45 and 0.95."""
    table = metrics.diagnostic_table(tn=54, fp=32, fn=27, tp=231)
    rounded = {name: round(estimate.value, 2) for name, estimate in table._asdict().items()}
    assert rounded == {
        "sensitivity": 0.90,
        "specificity": 0.63,
        "ppv": 0.88,
        "npv": 0.67,
        "positive_likelihood_ratio": 2.41,
        "negative_likelihood_ratio": 0.17,
    }
    elsewhere = metrics.diagnostic_table(tn=54, fp=32, fn=27, tp=231, prevalence=0.25)
    assert round(elsewhere.ppv.value, 2) == 0.45
    assert round(elsewhere.npv.value, 2) == 0.95
    assert table.sensitivity == metrics.wilson(231, 258)
    assert table.ppv == metrics.wilson(231, 263)
    assert elsewhere.positive_likelihood_ratio == table.positive_likelihood_ratio


def test_predictive_values_at_the_samples_prevalence_are_those_of_the_sample() -> None:
    counts = {"tn": 54, "fp": 32, "fn": 27, "tp": 231}
    known = metrics.diagnostic_table(**counts, prevalence=258 / 344)
    counted = metrics.diagnostic_table(**counts)
    for name in ("ppv", "npv"):
        assert getattr(known, name).value == pytest.approx(getattr(counted, name).value, abs=1e-12)
        assert getattr(known, name).lower < getattr(known, name).value < getattr(known, name).upper


def test_likelihood_ratios_are_scikit_learns_and_keep_ends_without_counts() -> None:
    true, scores = sample(3)
    tn, fp, fn, tp = sk.confusion_matrix(true, scores > 0.5).ravel()
    plus, minus = sk.class_likelihood_ratios(true, scores > 0.5)
    table = metrics.diagnostic_table(tn, fp, fn, tp)
    assert table.positive_likelihood_ratio.value == pytest.approx(plus)
    assert table.negative_likelihood_ratio.value == pytest.approx(minus)
    perfect = metrics.diagnostic_table(tn=20, fp=0, fn=0, tp=10, prevalence=0.1)
    assert perfect.positive_likelihood_ratio.value == perfect.positive_likelihood_ratio.upper == np.inf
    assert 1 < perfect.positive_likelihood_ratio.lower < 20
    assert perfect.negative_likelihood_ratio.value == perfect.negative_likelihood_ratio.lower == 0
    assert 0 < perfect.negative_likelihood_ratio.upper < 0.5
    assert perfect.ppv.value == perfect.ppv.upper == 1
    assert perfect.ppv.lower < 0.9


def test_intervals_of_likelihood_ratios_cover() -> None:
    """Sensitivity 0.8 and specificity 0.9, of 50 each: LR+ is 8. Four standard errors of 0.95 over 4,000 samples."""
    rng = np.random.default_rng(0)
    tp, tn = rng.binomial(50, 0.8, 4000), rng.binomial(50, 0.9, 4000)
    table = metrics.diagnostic_table(tn, 50 - tn, 50 - tp, tp, prevalence=0.02)
    for estimate, truth in (
        (table.positive_likelihood_ratio, 8.0),
        (table.negative_likelihood_ratio, 0.2 / 0.9),
        (table.ppv, 0.02 * 8 / (0.02 * 8 + 0.98)),
    ):
        covered = (estimate.lower <= truth) & (truth <= estimate.upper)
        assert covered.mean() == pytest.approx(0.95, abs=0.014)


def test_a_table_at_every_threshold_and_under_jit() -> None:
    true, scores = sample(2)
    tn, fp, fn, tp, _ = metrics.confusion_at_thresholds(true, scores)
    with np.errstate(all="raise"):
        table = metrics.diagnostic_table(tn, fp, fn, tp, prevalence=0.05)
    assert table.ppv.upper.shape == tn.shape
    inside = jax.jit(lambda *counts: metrics.diagnostic_table(*counts, prevalence=0.05))(tn, fp, fn, tp)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5), inside, table)


def test_bad_tables() -> None:
    with pytest.raises(ValueError, match="tn, fp, fn, tp: got a negative count"):
        metrics.diagnostic_table(1, -1, 1, 1)
    with pytest.raises(ValueError, match="prevalence: got 2; pass a share between 0 and 1"):
        metrics.diagnostic_table(1, 1, 1, 1, prevalence=2)
