"""What only a compiled call does: batches, NaN for the undefined, static labels, fixed lengths, float32."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics as sk

from jaxopt_lab import metrics

N = 50
RNG = np.random.default_rng(5)
Y = RNG.integers(0, 2, N)
SCORES = np.round(RNG.normal(size=N) + Y, 1)
PRED = (SCORES > 0.5).astype(int)
PROB = np.round(1 / (1 + np.exp(-SCORES)), 2)
WEIGHTS = RNG.multinomial(N, np.full(N, 1 / N), size=4)

WEIGHTED: dict[str, Callable[..., Any]] = {
    "confusion_matrix": partial(metrics.confusion_matrix, Y, PRED),
    "f1_score": partial(metrics.f1_score, Y, PRED, zero_division=0),
    "recall_score of text": partial(
        metrics.recall_score, np.array(["no", "yes"])[Y], np.array(["no", "yes"])[PRED], average="macro"
    ),
    "matthews_corrcoef": partial(metrics.matthews_corrcoef, Y, PRED),
    "roc_auc_score": partial(metrics.roc_auc_score, Y, SCORES),
    "average_precision_score": partial(metrics.average_precision_score, Y, SCORES),
    "roc_curve": partial(metrics.roc_curve, Y, SCORES),
    "brier_score_loss": partial(metrics.brier_score_loss, Y, PROB),
    "expected_calibration_error": partial(metrics.expected_calibration_error, Y, PROB),
}


def assert_curve_equal(curve: Any, arrays: Any, tolerance: float) -> None:
    for field, expected in zip(curve[:-1], arrays, strict=True):
        kept = np.asarray(field)[np.asarray(curve.valid)[: field.size]]
        np.testing.assert_allclose(kept, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", WEIGHTED)
def test_batch_over_weights_is_the_loop(name: str) -> None:
    # Labels and scores are concrete, so text is encoded and sets of classes are read on the host. Tolerance: float32.
    metric = WEIGHTED[name]
    batch = jax.jit(jax.vmap(lambda weight: metric(sample_weight=weight)))(WEIGHTS)
    for i, weight in enumerate(WEIGHTS):
        single = metric(sample_weight=weight)
        if name == "roc_curve":
            assert_curve_equal(jax.tree.map(lambda field, i=i: field[i], batch), single, 1e-6)
        else:
            np.testing.assert_allclose(batch[i], single, rtol=2e-6)


def test_batch_over_scores_is_the_loop() -> None:
    table = np.stack([SCORES, -SCORES, np.zeros(N)]).astype(np.float32)
    batch = jax.jit(jax.vmap(partial(metrics.roc_auc_score, Y)))(table)
    np.testing.assert_allclose(batch, [metrics.roc_auc_score(Y, scores) for scores in table], rtol=1e-6)


@pytest.mark.usefixtures("x64")
def test_batch_over_thresholds_is_the_curve() -> None:
    tns, fps, fns, tps, thresholds = metrics.confusion_matrix_at_thresholds(Y, SCORES)
    at = jax.jit(jax.vmap(lambda threshold: metrics.confusion_matrix(Y, threshold <= SCORES, labels=(0, 1))))
    counts = at(thresholds)
    np.testing.assert_array_equal(counts.reshape(-1, 4).T, [tns, fps, fns, tps])


def test_batch_over_weights_sorts_once() -> None:
    program = jax.make_jaxpr(jax.vmap(lambda w, s: metrics.roc_auc_score(Y, s, sample_weight=w), in_axes=(0, None)))
    sorts = [line for line in str(program(WEIGHTS, SCORES)).splitlines() if " sort[" in line]
    assert len(sorts) == 1
    assert f"[{len(WEIGHTS)}," not in sorts[0]


def test_close_float64_scores_stay_distinct_without_x64() -> None:
    scores = np.array([1.0, 1.0 + 1e-12, 1.0 + 2e-12])
    y = np.array([1, 0, 1])
    assert metrics.roc_auc_score(y, scores) == 0.5
    assert metrics.roc_auc_score(y, np.array([1.0, 1.0, 1.0])) == 0.5
    assert metrics.roc_auc_score(np.array([0, 0, 1]), scores) == 1.0
    resampled = jax.jit(jax.vmap(lambda w: metrics.roc_auc_score(np.array([0, 0, 1]), scores, sample_weight=w)))
    np.testing.assert_array_equal(resampled(jnp.ones((2, 3))), 1.0)
    assert metrics.confusion_matrix_at_thresholds(y, scores)[-1].tolist() == scores[::-1].tolist()


UNDEFINED: dict[str, tuple[Callable[..., Any], Any, Any]] = {
    "precision": (metrics.precision_score, [0, 1], [0, 0]),
    "recall": (metrics.recall_score, [0, 0], [0, 1]),
    "specificity": (metrics.specificity_score, [1, 1], [0, 1]),
    "f1": (metrics.f1_score, [0, 0], [0, 0]),
    "jaccard": (metrics.jaccard_score, [0, 0], [0, 0]),
    "kappa": (partial(metrics.cohen_kappa_score, labels=(0, 1)), [0, 0], [0, 0]),
    "geometric mean": (partial(metrics.geometric_mean_score, labels=(0, 1)), [0, 0], [0, 1]),
    "AUC": (metrics.roc_auc_score, [1, 1], [0.2, 0.4]),
    "partial AUC": (partial(metrics.roc_auc_score, max_fpr=0.5), [0, 0], [0.2, 0.4]),
    "average precision": (metrics.average_precision_score, [0, 0], [0.2, 0.4]),
    "AUC of three classes taken for two": (metrics.roc_auc_score, [1, 2, 3], [0.2, 0.4, 0.6]),
    "AUC of NaN": (metrics.roc_auc_score, [0, 1], [np.nan, 0.4]),
    "AUC of infinity": (metrics.roc_auc_score, [0, 1], [0.2, np.inf]),
    "average precision of NaN": (metrics.average_precision_score, [0, 1], [0.2, np.nan]),
    "log loss of a class not listed": (partial(metrics.log_loss, labels=(0, 1)), [0, 2], [0.2, 0.4]),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_undefined_is_nan(name: str) -> None:
    metric, y, x = UNDEFINED[name]
    assert np.isnan(jax.jit(metric)(np.array(y), np.array(x, np.float32 if isinstance(x[0], float) else int)))


def test_no_weight_at_all_is_nan() -> None:
    value = jax.jit(lambda w: metrics.accuracy_score(Y, PRED, sample_weight=w))(jnp.zeros(N))
    assert np.isnan(value)


def test_zero_division_is_honoured() -> None:
    rates = (metrics.precision_score, metrics.recall_score, metrics.f1_score, metrics.jaccard_score)
    at = lambda fill: jax.jit(lambda y, p: [rate(y, p, zero_division=fill) for rate in rates])
    none = np.zeros(3, int)
    np.testing.assert_array_equal(at(0)(none, none), 0.0)
    np.testing.assert_array_equal(at(1)(none, none), 1.0)
    assert jax.jit(partial(metrics.specificity_score, zero_division=1))(none + 1, none) == 1


@pytest.mark.parametrize(
    "metric",
    [
        metrics.confusion_matrix,
        metrics.balanced_accuracy_score,
        metrics.matthews_corrcoef,
        metrics.cohen_kappa_score,
        metrics.geometric_mean_score,
        metrics.class_likelihood_ratios,
        partial(metrics.f1_score, average="macro"),
    ],
)
def test_labels_have_to_be_static(metric: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"labels: .* pass labels="):
        jax.jit(metric)(Y, PRED)
    with pytest.raises(ValueError, match="labels: got a traced array"):
        jax.jit(lambda y, p, labels: metric(y, p, labels=labels))(Y, PRED, np.array([0, 1]))
    # Of booleans both classes are known.
    got = jax.jit(metric)(Y == 1, PRED == 1)
    np.testing.assert_allclose(got, metric(Y, PRED), rtol=1e-6)


def test_tables_of_scores_need_static_labels() -> None:
    y, table = np.arange(4) % 3, np.full((4, 3), 1 / 3)
    for metric in (
        partial(metrics.roc_auc_score, multi_class="ovr"),
        metrics.log_loss,
        metrics.average_precision_score,
    ):
        with pytest.raises(ValueError, match=r"labels: .* pass labels="):
            jax.jit(metric)(y, table)


def test_classes_listed_but_absent_do_not_change_the_score() -> None:
    for metric in (metrics.balanced_accuracy_score, metrics.matthews_corrcoef, metrics.cohen_kappa_score):
        wide = jax.jit(partial(metric, labels=(0, 1, 2)))(Y, PRED)
        np.testing.assert_allclose(wide, metric(Y, PRED), rtol=1e-6)


def test_every_entry_of_a_fixed_curve_is_a_true_point() -> None:
    curve = jax.jit(metrics.roc_curve)(Y, SCORES)
    assert curve.fpr.shape == (N + 1,)
    for threshold, fpr, tpr in zip(np.asarray(curve.thresholds)[1:], curve.fpr[1:], curve.tpr[1:], strict=True):
        called = SCORES.astype(np.float32) >= threshold
        np.testing.assert_allclose([fpr, tpr], [called[Y == 0].mean(), called[Y == 1].mean()], rtol=1e-6)
    # So areas need no mask.
    np.testing.assert_allclose(metrics.auc(curve.fpr, curve.tpr), metrics.roc_auc_score(Y, SCORES), rtol=1e-6)


def test_empty_bins_are_nan_and_not_valid() -> None:
    curve = jax.jit(partial(metrics.calibration_curve, n_bins=4))(np.array([0, 1]), np.array([0.1, 0.9]))
    assert curve.valid.tolist() == [True, False, False, True]
    assert np.isnan(curve.prob_true[1:3]).all()


def test_counts_are_exact_beyond_float32() -> None:
    # 2^24 + 5 ones: a float32 sum of ones stops at 2^24.
    n = 2**24 + 5
    ones = jnp.ones(n, bool)
    assert int(jax.jit(metrics.confusion_matrix)(ones, ones)[1, 1]) == n


def test_float32_error_is_bounded() -> None:
    # A million samples, heavily tied. Unweighted: counts are exact, so what is left is the rounding of a few
    # operations, each 6e-8. Real weights: sums of up to 10^6 numbers in float32.
    n = 1_000_000
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, n)
    scores = np.round(rng.normal(size=n) + y, 2).astype(np.float32)
    pred, weight = (scores > 0).astype(int), rng.random(n).astype(np.float32)
    for metric, x, w, bound in (
        (metrics.f1_score, pred, None, 3e-7),
        (metrics.accuracy_score, pred, None, 3e-7),
        (metrics.f1_score, pred, weight, 1e-4),
        (metrics.roc_auc_score, scores, weight, 1e-5),
    ):
        compiled = jax.jit(lambda y, x, w, metric=metric: metric(y, x, sample_weight=w))
        np.testing.assert_allclose(compiled(y, x, w), metric(y, x, sample_weight=w), rtol=bound)


def test_a_million_samples_are_scikit_learns() -> None:
    n = 1_000_000
    rng = np.random.default_rng(4)
    y, scores = rng.integers(0, 2, n), np.round(rng.normal(size=n), 3)
    weight = rng.random(n)
    pred = (scores > 0).astype(int)
    assert metrics.roc_auc_score(y, scores, sample_weight=weight) == pytest.approx(
        sk.roc_auc_score(y, scores, sample_weight=weight), abs=1e-12
    )
    np.testing.assert_array_equal(metrics.confusion_matrix(y, pred), sk.confusion_matrix(y, pred))
    for ours, theirs in zip(metrics.roc_curve(y, scores), sk.roc_curve(y, scores), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_gradients_of_proper_scores() -> None:
    loss = lambda prob: metrics.log_loss(Y, prob)
    slope = jax.grad(loss)(jnp.full(N, 0.25))
    np.testing.assert_allclose(slope, np.where(Y == 1, -1 / 0.25, 1 / 0.75) / N, rtol=1e-5)


def test_outside_a_trace_nothing_is_compiled(count_compilations: Callable[[], Any]) -> None:
    with count_compilations() as compiled:
        metrics.roc_auc_score(Y, SCORES)
        metrics.f1_score(Y, PRED, average="macro")
        metrics.precision_recall_curve(Y, SCORES, sample_weight=WEIGHTS[0])
        metrics.log_loss(Y, PROB)
        metrics.calibration_curve(Y, PROB)
    assert compiled.count == 0


def test_import_is_light() -> None:
    check = "import sys, jaxopt_lab.metrics; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
