"""Streams: batches, merged states and devices give what all samples at once give; curves keep within their bounds."""

import os
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxopt_lab import metrics

RNG = np.random.default_rng(0)
TRUE, PREDICTED = RNG.integers(0, 3, 60), RNG.integers(0, 3, 60)
CONFUSION = metrics.confusion_stream(labels=(0, 1, 2))
COUNT = jax.jit(CONFUSION.update)


@given(cuts=st.lists(st.integers(0, 59), max_size=3), merged=st.booleans())
@settings(max_examples=20)
def test_batches_are_all_at_once(cuts: list[int], merged: bool) -> None:
    # Outside jit, where a batch may have any length.
    states = [CONFUSION.init()]
    for true, predicted in zip(np.split(TRUE, sorted(cuts)), np.split(PREDICTED, sorted(cuts)), strict=True):
        if true.size:
            states.append(CONFUSION.update(CONFUSION.init() if merged else states.pop(), true, predicted))
    state = states[0]
    for other in states[1:]:
        state = metrics.merge(other, state)
    np.testing.assert_array_equal(
        CONFUSION.measure(metrics.confusion_matrix, state), sk.confusion_matrix(TRUE, PREDICTED)
    )
    assert CONFUSION.measure(metrics.matthews_corrcoef, state) == pytest.approx(
        sk.matthews_corrcoef(TRUE, PREDICTED), abs=1e-12
    )


def test_jit_counts_the_same_with_weights() -> None:
    weight = RNG.integers(0, 5, 60)
    state = COUNT(CONFUSION.init(), TRUE, PREDICTED, weight)
    np.testing.assert_array_equal(
        CONFUSION.measure(metrics.confusion_matrix, state), sk.confusion_matrix(TRUE, PREDICTED, sample_weight=weight)
    )


def test_counts_stay_exact_where_float32_and_int32_do_not() -> None:
    """Beyond 2^24 a float32 can't count on, beyond 2^31 an int32 can't: 5,000 batches of 2^30 + 1, and one sample."""
    assert not jax.config.read("jax_enable_x64")
    heavy = (np.array([0, 1]), np.array([0, 1]), np.array([2**30 + 1, 1]))

    @jax.jit
    def many(state: Any) -> Any:
        return jax.lax.fori_loop(0, 5000, lambda _, state: CONFUSION.update(state, *heavy), state)

    state = COUNT(many(CONFUSION.init()), TRUE[:1], TRUE[:1])
    expected = 5000 * (2**30 + 1) * np.diag([1, 0, 0]) + 5000 * np.diag([0, 1, 0])
    expected[TRUE[0], TRUE[0]] += 1
    assert expected.max() > 2**42
    np.testing.assert_array_equal(CONFUSION.measure(metrics.confusion_matrix, state), expected)


def test_states_add_before_they_carry() -> None:
    state = COUNT(CONFUSION.init(), TRUE, PREDICTED, np.full(60, 2**24 + 3))
    total = jax.tree.map(
        lambda digits: digits * np.uint32(60_000), state
    )  # the sum of 60,000 of them, as psum gives it
    expected = 60_000 * (2**24 + 3) * sk.confusion_matrix(TRUE, PREDICTED)
    np.testing.assert_array_equal(CONFUSION.measure(metrics.confusion_matrix, total), expected)
    carried = COUNT(total, TRUE, PREDICTED, np.zeros(60, int))
    np.testing.assert_array_equal(CONFUSION.measure(metrics.confusion_matrix, carried), expected)
    assert (np.asarray(carried.digits[:2]) < 2**16).all()


DEVICES = """
import jax, numpy as np
from jax.sharding import Mesh, PartitionSpec as P
from jaxopt_lab import metrics
try:
    from jax import shard_map
except ImportError:
    from jax.experimental.shard_map import shard_map

assert jax.device_count() == 4
rng = np.random.default_rng(1)
true, score = rng.integers(0, 2, 400), rng.random(400).astype(np.float32)
stream = metrics.score_stream(np.linspace(0, 1, 33)[1:-1])

def count(true, score):
    return jax.lax.psum(stream.update(stream.init(), true, score), "devices")

mesh = Mesh(np.array(jax.devices()), ("devices",))
# JAX before 0.8 takes its own searchsorted for a mistake there, and says so.
unchecked = {"check_vma": False} if jax.__version_info__ < (0, 8) else {}
state = jax.jit(shard_map(count, mesh=mesh, in_specs=P("devices"), out_specs=P(), **unchecked))(true, score)
assert len(state.digits.devices()) == 4
at_once = stream.update(stream.init(), true, score)
np.testing.assert_array_equal(state.digits, at_once.digits)
print(stream.measure(metrics.roc_auc_score, state), stream.measure(metrics.roc_auc_score, at_once))
"""


def test_four_devices_count_what_one_does() -> None:
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", DEVICES], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    together, alone = done.stdout.split()
    assert together == alone


@st.composite
def scored(draw: Any) -> Any:
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    true = rng.integers(0, 2, n)
    true[:2] = 0, 1
    scores = np.round(rng.normal(size=n) + true, draw(st.integers(0, 3)))
    edges = np.sort(rng.choice(np.arange(-20, 31), 5, replace=False)) / 10  # of one shape, compiled once
    return true, scores, edges


@settings(max_examples=40)
@given(data=scored())
def test_exact_areas_lie_within_the_bounds(data: Any) -> None:
    true, scores, edges = data
    stream = metrics.score_stream(edges)
    state = stream.update(stream.init(), true, scores)
    for metric, theirs, bounds in (
        (metrics.roc_auc_score, sk.roc_auc_score, metrics.roc_auc_bounds(state)),
        (metrics.average_precision_score, sk.average_precision_score, metrics.average_precision_bounds(state)),
    ):
        exact, binned = theirs(true, scores), stream.measure(metric, state)
        assert bounds.lower - 1e-12 <= exact <= bounds.upper + 1e-12
        assert bounds.lower - 1e-12 <= binned <= bounds.upper + 1e-12
        if metric is metrics.roc_auc_score:
            shared = sum(
                ((true == 1) & inside).sum() * ((true == 0) & inside).sum()
                for inside in np.searchsorted(edges, scores, side="right") == np.arange(edges.size + 1)[:, None]
            )
            error = shared / 2 / (true == 1).sum() / (true == 0).sum()
            assert abs(binned - exact) <= error + 1e-12
            assert bounds.upper - bounds.lower == pytest.approx(2 * error, abs=1e-12)


def test_bounds_are_reached() -> None:
    """All in one bin: whichever class comes first."""
    stream = metrics.score_stream([0.5, 9.0])
    negative_first, positive_first = [0.9, 0.8, 0.7, 0.6], [0.6, 0.6, 0.7, 0.7]
    true = [0, 0, 1, 1]
    state = stream.update(stream.init(), true, negative_first)
    lowest, highest = (sk.average_precision_score(true, scores) for scores in (negative_first, positive_first))
    assert metrics.average_precision_bounds(state) == pytest.approx((lowest, highest), abs=1e-12)
    assert metrics.roc_auc_bounds(state) == (0, 1)


def test_at_the_edges_the_curve_is_exact() -> None:
    true = RNG.integers(0, 2, 500)
    scores = RNG.normal(size=500) + true
    edges = np.linspace(-2, 3, 21)
    stream = metrics.score_stream(edges)
    state = stream.update(stream.init(), true, scores)
    tn, fp, fn, tp, thresholds = stream.measure(metrics.confusion_matrix_at_thresholds, state)
    for row in zip(thresholds[:-1], tn, fp, fn, tp, strict=False):
        assert sk.confusion_matrix(true, scores >= row[0]).ravel().tolist() == list(row[1:])


def test_a_measure_may_be_compiled() -> None:
    state = COUNT(CONFUSION.init(), TRUE, PREDICTED)
    inside = jax.jit(lambda state: CONFUSION.measure(metrics.balanced_accuracy_score, state))(state)
    assert float(inside) == pytest.approx(sk.balanced_accuracy_score(TRUE, PREDICTED), rel=1e-6)


def test_what_was_not_listed_is_not_lost() -> None:
    state = COUNT(CONFUSION.init(), np.where(np.arange(60) < 2, 7, TRUE), PREDICTED)
    with pytest.raises(ValueError, match="state: 2 samples have a label that is not listed"):
        CONFUSION.measure(metrics.accuracy_score, state)
    assert np.isnan(jax.jit(lambda state: CONFUSION.measure(metrics.accuracy_score, state))(state))
    stream = metrics.score_stream([0.5])
    state = stream.update(stream.init(), jnp.array([0, 1, 1]), jnp.array([0.1, jnp.nan, -jnp.inf]))
    for read in (metrics.roc_auc_bounds, lambda state: stream.measure(metrics.roc_auc_score, state)):
        with pytest.raises(ValueError, match=r"state: 2 samples have .* a score that is not finite"):
            read(state)


def test_text_labels() -> None:
    stream = metrics.confusion_stream(labels=("no", "yes"))
    state = stream.update(stream.init(), ["no", "yes", "yes"], ["no", "no", "yes"])
    assert stream.measure(lambda *a, **k: metrics.recall_score(*a, pos_label="yes", **k), state) == 0.5


def test_bad_streams() -> None:
    with pytest.raises(ValueError, match="edges: got numbers that do not increase"):
        metrics.score_stream([0.1, 0.1])
    with pytest.raises(ValueError, match=r"labels: got \[0, 1, 2\]; pass the negative class, then the positive"):
        metrics.score_stream([0.1], labels=(0, 1, 2))
    with pytest.raises(ValueError, match="sample_weight: got float64 numbers; a stream counts exactly"):
        CONFUSION.update(CONFUSION.init(), TRUE, PREDICTED, np.ones(60))
    with pytest.raises(ValueError, match="state: nothing was counted yet"):
        CONFUSION.measure(metrics.accuracy_score, CONFUSION.init())
    stream = metrics.score_stream([0.1])
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: y_true has 2, y_score has 1"):
        stream.update(stream.init(), [0, 1], [0.1])
