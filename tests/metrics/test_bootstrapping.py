"""The bootstrap against scikit-learn's loop over the same resamples, and scipy's intervals of the same replicates."""

import json
import subprocess
import sys
from functools import partial
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest
import scipy.stats
import sklearn.metrics as sk

from jaxopt_lab import metrics
from jaxopt_lab.metrics import _resampling
from jaxopt_lab.metrics._resampling import weightings

N, POSITIVES = 80, 24


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    """Positives first, and within each class by decreasing score: the order in which a ranking draws its rows."""
    rng = np.random.default_rng(0)
    true = np.repeat([1, 0], [POSITIVES, N - POSITIVES])
    parts = np.split(rng.normal(size=N) + true, [POSITIVES])
    score = np.concatenate([np.sort(part)[::-1] for part in parts])
    other = np.round(score + rng.normal(size=N), 1)
    return {
        "true": true,
        "score": score,
        "other": other,
        "label": (score > 0.8).astype(int),
        "class": (other > 0.8) * 1,
    }


def first_draws(groups: list[int], count: int) -> np.ndarray:
    return next(weightings([np.ones(size, int) for size in groups], 2000, 0, _resampling.ON_THE_HOST))[:count]


@pytest.mark.parametrize("name", ["roc_auc_score", "average_precision_score"])
@pytest.mark.parametrize("stratified", [False, True])
def test_resamples_of_a_ranking_are_scikit_learns(name: str, stratified: bool, data: Any) -> None:
    ours, theirs = getattr(metrics, name), getattr(sk, name)
    weights = first_draws([POSITIVES, N - POSITIVES] if stratified else [N], 25)
    assert (weights.sum(axis=1) == N).all()
    if stratified:
        assert (weights[:, :POSITIVES].sum(axis=1) == POSITIVES).all()
    expected, beside = (
        np.array([theirs(data["true"], data[key], sample_weight=weight) for weight in weights])
        for key in ("score", "other")
    )
    one = metrics.bootstrap(ours, data["true"], data["score"], stratified=stratified)
    np.testing.assert_allclose(one.replicates[:25], expected, atol=1e-12)
    paired = metrics.bootstrap(ours, data["true"], data["score"], data["other"], stratified=stratified)
    np.testing.assert_allclose(paired.replicates[:25], expected - beside, atol=1e-12)
    assert paired.value == pytest.approx(theirs(data["true"], data["score"]) - theirs(data["true"], data["other"]))


def test_resamples_of_probabilities_are_scikit_learns(data: Any) -> None:
    # Rows are sorted by class, and drawn in portions of that order.
    true, prob = 1 - data["true"], 1 / (1 + np.exp(data["score"]))
    weights = next(weightings([np.ones(N, int)], 40, 5, 1 << 18))
    result = metrics.bootstrap(metrics.brier_score_loss, true, prob, resamples=40, seed=5, method="percentile")
    expected = [sk.brier_score_loss(true, prob, sample_weight=weight) for weight in weights]
    np.testing.assert_allclose(result.replicates, expected, atol=1e-12)
    assert result.value == pytest.approx(sk.brier_score_loss(true, prob), abs=1e-15)


def test_resampled_cells_have_the_distribution_of_resampled_rows(data: Any) -> None:
    """Of rows drawn with replacement, as many are right as a binomial distribution says."""
    result = metrics.bootstrap(metrics.accuracy_score, data["true"], data["label"], resamples=20_000)
    right = np.round(result.replicates * N).astype(int)
    np.testing.assert_allclose(result.replicates * N, right, atol=1e-10)
    accuracy = sk.accuracy_score(data["true"], data["label"])
    expected = scipy.stats.binom.pmf(np.arange(N + 1), N, accuracy) * right.size
    common = expected > 20
    counted, expected = np.bincount(right, minlength=N + 1)[common], expected[common]
    # A chi-square of that many degrees of freedom exceeds this once in 10,000 seeds.
    assert ((counted - expected) ** 2 / expected).sum() < scipy.stats.chi2.isf(1e-4, common.sum())


def test_stratified_cells_keep_the_sizes_of_the_classes(data: Any) -> None:
    whole = partial(metrics.confusion_matrix, labels=(0, 1))
    result = metrics.bootstrap(whole, data["true"], data["label"], stratified=True, resamples=50)
    np.testing.assert_array_equal(result.replicates.sum(axis=2), np.tile([N - POSITIVES, POSITIVES], (50, 1)))
    assert result.lower.shape == result.undefined.shape == (2, 2)
    plain = metrics.bootstrap(whole, data["true"], data["label"], resamples=50)
    assert (plain.replicates.sum(axis=(1, 2)) == N).all()
    assert np.ptp(plain.replicates.sum(axis=2)[:, 1]) > 0


def scipys(result: Any, samples: Any, statistic: Any, method: str, **options: Any) -> Any:
    """scipy's interval of our replicates."""
    given = SimpleNamespace(bootstrap_distribution=result.replicates)
    interval = scipy.stats.bootstrap(
        samples, statistic, n_resamples=0, vectorized=False, method=method, bootstrap_result=given, **options
    ).confidence_interval
    return [interval.low, interval.high]


@pytest.mark.parametrize(("method", "apart"), [("BCa", 2e-4), ("percentile", 1e-12)])
def test_intervals_are_scipys(method: str, apart: float, data: Any) -> None:
    # scipy's acceleration is from the jackknife, ours from the derivative: they differ by a share of 1/n.
    area = lambda rows: sk.roc_auc_score(data["true"][rows.astype(int)], data["score"][rows.astype(int)])
    result = metrics.bootstrap(metrics.roc_auc_score, data["true"], data["score"], method=method.lower())
    np.testing.assert_allclose(result[1:3], scipys(result, (np.arange(N),), area, method), atol=apart)
    assert result.standard_error == pytest.approx(result.replicates.std(ddof=1))
    narrow = metrics.bootstrap(
        metrics.roc_auc_score, data["true"], data["score"], method=method.lower(), confidence=0.5
    )
    expected = scipys(narrow, (np.arange(N),), area, method, confidence_level=0.5)
    np.testing.assert_allclose(narrow[1:3], expected, atol=apart)


def test_stratified_intervals_are_scipys_of_two_samples(data: Any) -> None:
    positive, negative = np.split(data["score"], [POSITIVES])
    # Of classes of fixed size many areas are equal, and have to be told so.
    area = lambda a, b: np.round(np.mean((a[:, None] > b) + 0.5 * (a[:, None] == b)), 12)
    result = metrics.bootstrap(metrics.roc_auc_score, data["true"], data["score"], stratified=True)
    rounded = result._replace(replicates=np.round(result.replicates, 12))
    # The area is linear in each class, where the derivative is what the jackknife finds.
    np.testing.assert_allclose(result[1:3], scipys(rounded, (positive, negative), area, "BCa"), atol=1e-9)


def test_intervals_of_cells_are_scipys(data: Any) -> None:
    # Many replicates equal the value: equal ones count half.
    right = (data["true"] == data["label"]).astype(float)
    result = metrics.bootstrap(metrics.accuracy_score, data["true"], data["label"])
    expected = scipys(result, (right,), np.mean, "BCa")
    np.testing.assert_allclose(result[1:3], expected, atol=1 / N / 2)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", ["roc_auc_score", "average_precision_score"])
def test_slopes_are_derivatives(name: str, data: Any) -> None:
    metric, true = getattr(metrics, name), data["true"]
    prepared = _resampling.prepare(metric, true, (data["score"], data["other"]))
    difference = lambda weight: (
        metric(true, data["score"], sample_weight=weight) - metric(true, data["other"], sample_weight=weight)
    )
    expected = jax.jit(jax.grad(difference))(np.ones(N))
    np.testing.assert_allclose(prepared.slopes(np.ones(N)), expected, atol=1e-14)


def test_undefined_resamples_are_counted_and_left_out() -> None:
    true, score = np.repeat([0, 1], [28, 2]), np.random.default_rng(1).random(30)
    result = metrics.bootstrap(metrics.roc_auc_score, true, score, resamples=4000)
    assert result.undefined == np.isnan(result.replicates).sum()
    # No positive is drawn with probability (28 / 30)^30 = 0.126; four standard deviations.
    assert abs(result.undefined / 4000 - (28 / 30) ** 30) < 0.021
    assert result.lower < result.value < result.upper
    stratified = metrics.bootstrap(metrics.roc_auc_score, true, score, stratified=True, resamples=100)
    assert stratified.undefined == 0


def test_what_the_sample_leaves_undefined_has_no_interval() -> None:
    with pytest.warns(UserWarning, match="ill-defined"):
        result = metrics.bootstrap(metrics.precision_score, [0, 0, 1], [0, 0, 0], resamples=20)
    assert result.undefined == 20
    assert np.isnan(result[1:4]).all()


def test_a_perfect_classifier_leaves_no_doubt() -> None:
    result = metrics.bootstrap(metrics.roc_auc_score, [0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5], stratified=True)
    assert result[:4] == (1.0, 1.0, 1.0, 0.0)


def test_text_labels_and_options(data: Any) -> None:
    names = np.array(["no", "yes"])
    metric = partial(metrics.f1_score, pos_label="yes", zero_division=0)
    result = metrics.bootstrap(metric, names[data["true"]], names[data["label"]], resamples=200)
    numbers = metrics.bootstrap(partial(metrics.f1_score, zero_division=0), data["true"], data["label"], resamples=200)
    np.testing.assert_array_equal(result.replicates, numbers.replicates)
    assert result.value == sk.f1_score(data["true"], data["label"])


def test_several_numbers_and_a_dict_of_options(data: Any) -> None:
    ratios = partial(metrics.class_likelihood_ratios, replace_undefined_by={"LR+": 100.0, "LR-": 1.0})
    result = metrics.bootstrap(ratios, data["true"], data["label"], resamples=100)
    np.testing.assert_allclose(result.value, sk.class_likelihood_ratios(data["true"], data["label"]))
    assert result.replicates.shape == (100, 2)


def test_the_same_predictions_do_not_differ(data: Any) -> None:
    for metric, key in ((metrics.roc_auc_score, "score"), (metrics.accuracy_score, "label")):
        result = metrics.bootstrap(metric, data["true"], data[key], data[key], resamples=100)
        assert result[:5] == (0.0, 0.0, 0.0, 0.0, 0)


def test_a_difference_varies_less_than_unpaired_ones_would(data: Any) -> None:
    alone = [
        metrics.bootstrap(metrics.accuracy_score, data["true"], data[key]).standard_error for key in ("label", "class")
    ]
    paired = metrics.bootstrap(metrics.accuracy_score, data["true"], data["label"], data["class"])
    # A row counts 1 where only the first is right, -1 where only the second is: the variance of a mean of these.
    right = [(data["true"] == data[key]).astype(int) for key in ("label", "class")]
    assert paired.standard_error == pytest.approx((right[0] - right[1]).std() / np.sqrt(N), rel=0.06)
    assert paired.standard_error < np.hypot(*alone)


def test_new_data_compile_nothing_new(data: Any, count_compilations: Any) -> None:
    def call(seed: int) -> None:
        prob = np.random.default_rng(seed).random(N)
        metrics.bootstrap(metrics.brier_score_loss, 1 - data["true"], prob, resamples=40, seed=seed)
        metrics.bootstrap(partial(metrics.f1_score, zero_division=0), data["true"], (prob > 0.5) * 1, resamples=200)

    call(0)
    with count_compilations() as compiled:
        call(1)
    assert compiled.count == 0


def test_float32_mode_changes_nothing(data: Any) -> None:
    """Scores that differ in their last digit are told apart, whatever ``jax_enable_x64`` says."""
    assert not jax.config.read("jax_enable_x64")
    prob = 0.5 + 1e-12 * data["score"]
    metric = partial(metrics.roc_auc_score, max_fpr=1.0)  # an option: not by the sums on the host
    true, order = np.sort(data["true"]), np.argsort(data["true"], kind="stable")
    result = metrics.bootstrap(metric, data["true"], prob, resamples=5, method="percentile")
    weights = next(weightings([np.ones(N, int)], 5, 0, 1 << 18))
    expected = [sk.roc_auc_score(true, prob[order], sample_weight=weight) for weight in weights]
    np.testing.assert_allclose(result.replicates, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0, 1], [0.1, 0.2]), {"method": "basic"}, "method: got 'basic'; pass one of 'bca', 'percentile'"),
        (([0, 1], [0.1, 0.2]), {"confidence": 95}, "confidence: got 95; pass a share between 0 and 1"),
        (([0, 1], [0.1, 0.2]), {"resamples": 1}, "resamples: got 1; draw at least 2"),
        (([0, 1], [0.1]), {}, "inconsistent numbers of samples: y_true has 2, y_pred has 1"),
        (([0, 1], [0.1, 0.2], [0.3]), {}, "inconsistent numbers of samples: .*versus has 1"),
        (([0, 1], [0.1, np.nan]), {}, "y_score: contains NaN"),
    ],
)
def test_bad_input(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metrics.bootstrap(metrics.roc_auc_score, *arguments, **options)


def test_a_metric_whose_shape_depends_on_the_sample_is_refused() -> None:
    counts = lambda true, score, sample_weight=None: np.zeros(2) if sample_weight is None else sample_weight
    with pytest.raises(ValueError, match=r"metric: its shape is \(2,\) on the sample and \(3,\) on resamples"):
        metrics.bootstrap(counts, [0, 1, 1], [0.1, 0.2, 0.3], method="percentile", resamples=2)


UNDER_OPTIONS = """
import jaxopt_lab, json
jaxopt_lab.tune_xla()
from jaxopt_lab import metrics
def several(true, pred, sample_weight=None):
    return [each(true, pred, sample_weight=sample_weight) for each in (metrics.f1_score, metrics.recall_score)]
found = metrics.bootstrap(several, [0, 0, 1, 1, 1], [0, 1, 1, 0, 1], resamples=9, stratified=True)
print(json.dumps(found.value.tolist()))
"""


def test_several_numbers_under_the_options_of_tune_xla() -> None:
    """XLA used to end the process: two scatters of one place, the derivatives of two diagonals, became one kernel."""
    done = subprocess.run([sys.executable, "-c", UNDER_OPTIONS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == pytest.approx([2 / 3, 2 / 3])
