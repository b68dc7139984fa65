"""What a trajectory keeps: summaries against the path they were streamed from, and every k-th point."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxopt_lab import Summary, Trajectory, optimizers, problems, simulate
from jaxopt_lab.engine import records
from jaxopt_lab.engine.records import FINAL, LAST, PATH, SUMMARY, Record, as_record
from jaxopt_lab.problems import Problem

VALLEY, START = problems.rosenbrock(), jnp.array([-1.2, 1.0])
NUM_STEPS = 60


def summary_of(run: Trajectory) -> Summary:
    """The summary, which is there."""
    assert run.summary is not None
    return run.summary


def expected_summary(losses: Any, goal: float | None) -> dict[str, Any]:
    """The summary, from all the losses at once."""
    losses = np.asarray(losses)
    finite = np.isfinite(losses)
    reached = finite & (losses <= goal) if goal is not None else np.zeros_like(finite)
    return {
        "initial_loss": losses[0],
        "best_loss": losses[finite].min() if finite.any() else np.nan,
        "best_step": np.where(finite, losses, np.inf).argmin() if finite.any() else -1,
        "converged_at": reached.argmax() if reached.any() else -1,
        "diverged_at": (~finite).argmax() if not finite.all() else -1,
    }


def assert_summary(summary: Any, losses: Any, goal: float | None) -> None:
    expected = expected_summary(losses, goal)
    assert {name: float(value) for name, value in summary._asdict().items()} == pytest.approx(
        {name: float(value) for name, value in expected.items()}, nan_ok=True, rel=0, abs=0
    )


@cache
def lane(problem_name: str) -> Any:
    """A compiled path with its summary, over the learning rate and the tolerance."""
    problem = getattr(problems, problem_name)()

    def run(rate: Any, tolerance: Any, start: Any) -> Any:
        return simulate(problem, optimizers.sgd(rate), start, NUM_STEPS, tolerance=tolerance)

    return jax.jit(run)


@cache
def along_the_valley(record: Any) -> Any:
    """Losses from 24 to 3.6, so that a tolerance of 4 is met on the way."""
    run = lambda start: simulate(VALLEY, optimizers.adam(0.1), start, NUM_STEPS, tolerance=4.0, record=record)
    return jax.jit(run)(START)


# Chosen so that some examples converge, some wander and some leave the finite numbers.
RATES = st.floats(-5.0, 0.5).map(lambda exponent: 10.0**exponent)


@given(rate=RATES, tolerance=st.floats(1e-4, 10.0), x=st.floats(-2, 2), y=st.floats(-2, 2))
@pytest.mark.parametrize(
    ("name", "minimum"),
    [("six_hump_camel", -1.0316284534898774), ("styblinski_tang", -78.33233140754283), ("rosenbrock", 0.0)],
)
def test_the_summary_is_that_of_the_path(name, minimum, rate, tolerance, x, y):
    rate, tolerance, start = np.float32(rate), np.float32(tolerance), np.array([x, y], np.float32)
    path = lane(name)(rate, tolerance, start)
    assert_summary(summary_of(path), path.loss, float(tolerance + np.float32(minimum)))


@pytest.mark.parametrize("rate", [0.1, 0.9])
def test_the_lowest_finite_loss_is_finite(rate):
    """Down a saddle the loss goes to minus infinity: a divergence, and no best loss."""
    path = simulate(problems.saddle(), optimizers.sgd(rate), jnp.array([0.1, 1.5]), 300)
    assert float(path.loss[-1]) == -np.inf or np.isnan(path.loss[-1])
    assert np.isfinite(summary_of(path).best_loss)
    assert_summary(summary_of(path), path.loss, None)


def test_minus_infinity_is_no_convergence():
    """From a loss of 4, far above the tolerance, to minus infinity in one step."""
    run = simulate(lambda x: 5 - x**2, optimizers.sgd(1e20), jnp.float32(1.0), 3, tolerance=1e-3, record="summary")
    assert int(summary_of(run).diverged_at) == 1
    assert int(summary_of(run).converged_at) == -1


def test_the_lanes_above_do_converge_wander_and_diverge():
    """The property above would mean little if all its examples ended alike."""
    ends = {}
    for rate in (1e-5, 0.02, 1.0):
        summary = lane("styblinski_tang")(np.float32(rate), np.float32(0.1), np.array([-2.0, -2.0], np.float32)).summary
        ends[rate] = (int(summary.converged_at) >= 0, int(summary.diverged_at) >= 0)
    assert ends == {1e-5: (False, False), 0.02: (True, False), 1.0: (False, True)}


def test_convergence_is_measured_from_the_known_minimum():
    """Six-hump camel's minimum is -1.03: a loss of -0.9 is within 0.2 of it, 0 is not."""
    camel, start = problems.six_hump_camel(), jnp.array([0.0, -0.5])  # a loss of -0.75
    path = simulate(camel, optimizers.sgd(0.01), start, 200, tolerance=0.2)
    at = int(summary_of(path).converged_at)
    assert at > 0
    assert float(path.loss[at]) <= -1.0316284534898774 + 0.2 < float(path.loss[at - 1])


def test_with_no_minimum_known_convergence_is_towards_zero():
    path = simulate(lambda x: (x**2).sum(), optimizers.sgd(0.25), jnp.array([1.0]), 10, tolerance=1e-3)
    # the loss is 4^-t: 4^-5 = 0.00098 is the first below 0.001
    assert int(summary_of(path).converged_at) == 5


def test_without_a_tolerance_nothing_converges():
    run = simulate(lambda x: (x**2).sum(), optimizers.sgd(0.5), jnp.array([1.0]), 3, record="summary")
    assert float(run.loss) == 0
    assert int(summary_of(run).converged_at) == -1


def test_a_start_within_the_tolerance_converged_at_step_zero():
    run = simulate(lambda x: (x**2).sum(), optimizers.sgd(0.1), jnp.zeros(2), 3, record="summary", tolerance=1e-3)
    assert int(summary_of(run).converged_at) == 0
    assert int(summary_of(run).best_step) == 0


def test_of_equal_losses_the_first_is_the_best():
    run = simulate(lambda x: (0 * x).sum() + 7.0, optimizers.sgd(0.1), jnp.ones(2), 5, record="summary")
    assert (int(summary_of(run).best_step), float(summary_of(run).best_loss)) == (0, 7.0)


@pytest.mark.parametrize("start", [np.nan, np.inf])
def test_a_trajectory_that_was_never_finite(start):
    run = simulate(
        lambda x: (x**2).sum(), optimizers.sgd(0.1), jnp.array([start, 1.0]), 4, record="summary", tolerance=1
    )
    assert summary_of(run)._replace(initial_loss=jnp.nan) == pytest.approx(
        (np.nan, np.nan, -1, -1, 0), nan_ok=True
    )  # initial, best, best step, converged, diverged
    assert not np.isfinite(summary_of(run).initial_loss)


def test_a_trajectory_that_comes_back_from_infinity_diverged_all_the_same():
    """The loss overflows at the start only: the first non-finite step is kept, and so is the best loss after it."""
    loss = lambda x: jnp.where(x > 2, jnp.inf, 1.0) + 0.5 * x
    run = simulate(loss, optimizers.sgd(1.0), jnp.float32(2.25), 4, record="summary")
    assert int(summary_of(run).diverged_at) == 0
    assert int(summary_of(run).best_step) == 4
    assert float(summary_of(run).best_loss) == pytest.approx(1.0 + 0.5 * 0.25)


@pytest.mark.parametrize("every", [1, 7, 20, 59, 60, 61])
def test_every_kth_point_is_that_of_the_path(every):
    """Also where k does not divide the number of steps, or exceeds it: the first and the last are always there."""
    whole, some = along_the_valley("path"), along_the_valley(every)
    steps = sorted({*range(0, NUM_STEPS, every), NUM_STEPS})
    np.testing.assert_array_equal(Record(every=every).steps(NUM_STEPS), steps)
    assert some.params.shape == (len(steps), 2)
    # the same operations in another loop, which may fuse otherwise: float32 roundings over 60 steps
    np.testing.assert_allclose(some.params, whole.params[np.array(steps)], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(some.loss, whole.loss[np.array(steps)], rtol=1e-3, atol=1e-6)
    assert int(summary_of(some).converged_at) == int(summary_of(whole).converged_at) >= 0
    assert int(summary_of(some).best_step) == int(summary_of(whole).best_step)
    np.testing.assert_allclose(summary_of(some).best_loss, whole.loss.min(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("record", ["final", "summary"])
def test_the_end_is_the_last_point_of_the_path(record):
    whole, end = along_the_valley("path"), along_the_valley(record)
    np.testing.assert_allclose(end.params, whole.params[-1], rtol=1e-4)
    np.testing.assert_allclose(end.loss, whole.loss[-1], rtol=1e-3)
    assert (end.summary is None) == (record == "final")


@pytest.mark.parametrize("record", [*["path", "summary"], 4])
def test_the_summary_does_not_depend_on_what_else_is_kept(record):
    """Of a plain bowl whose steps halve x, every number is exact; at the loss of 1 it ends."""
    run = simulate(lambda x: (x**2).sum(), optimizers.sgd(0.25), jnp.array([8.0]), 10, record=record, tolerance=1.0)
    assert summary_of(run) == (64.0, 1.0, 3, 3, -1)


def test_a_path_without_its_summary():
    run = simulate(VALLEY, optimizers.adam(0.1), START, 7, record=Record(summary=False, every=3))
    assert run.summary is None
    assert run.params.shape == (4, 2)


def test_evaluate_and_observe_are_recorded_where_the_points_are():
    problem = Problem(lambda x, key: (x**2).sum(), evaluate=lambda x: {"first": x[0]})
    run = simulate(
        problem, optimizers.sgd(0.25), jnp.array([1.0, 2.0]), 7,
        record=3, observe=lambda x, loss, grads: {"slope": grads[1]},
    )  # fmt: skip
    steps = np.array([0, 3, 6, 7])
    np.testing.assert_array_equal(run.metrics["first"], 0.5**steps)
    np.testing.assert_array_equal(run.metrics["slope"], 4 * 0.5**steps)


def test_what_is_not_recorded_is_not_stored():
    """A million steps of a summary hold a handful of numbers; of a path, eight megabytes."""
    size = lambda record: sum(
        leaf.size
        for leaf in jax.tree.leaves(
            jax.eval_shape(lambda x: simulate(VALLEY, optimizers.adam(0.1), x, 10**6, record=record), START)
        )
    )
    assert size("final") == 3
    assert size("summary") == 8
    assert size(10**5) == 8 - 3 + 11 * 3
    assert size("path") == 8 - 3 + (10**6 + 1) * 3


@pytest.mark.parametrize(
    ("given", "meant"),
    [("final", FINAL), ("summary", SUMMARY), ("path", PATH), (1, PATH), (3, Record(True, 3)), (PATH, PATH)],
)
def test_as_record(given, meant):
    assert as_record(given) == meant


def test_a_stride_may_be_a_numpy_number():
    assert as_record(np.int64(5)) == Record(every=5)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("loss", "ended"), [(0.0, "converged_at"), (jnp.nan, "diverged_at"), (1.0, None)])
def test_the_last_step_that_can_be_counted_is_one(loss, ended):
    assert records.steps_number(LAST) == LAST
    with pytest.raises(ValueError, match=f"num_steps: got {LAST + 1}; steps are counted up to {LAST}"):
        records.steps_number(LAST + 1)
    summary = records.summary_of(
        records.add_loss(records.no_losses(jnp.float32(1)), jnp.int32(LAST), jnp.float32(loss), 0.0, 1e-3)
    )
    ends = {name: int(getattr(summary, name)) for name in ("converged_at", "diverged_at")}
    assert ends == dict.fromkeys(ends, -1) | ({ended: LAST} if ended else {})
