"""Cycles and chaos against exact numbers: every exponent here has a closed form. Measured by simulation, in float64."""

import functools
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems
from jaxopt_lab.analysis import (
    bifurcation,
    cycle_period,
    lyapunov_exponent,
    merging_onset,
    minima_boundaries,
    period_onsets,
)
from jaxopt_lab.engine.settings import under

pytestmark = pytest.mark.usefixtures("x64")

WELL = problems.double_well(dim=1)


def cubic(x):
    return x**2 / 2 - x**3 / 3


@pytest.fixture(scope="module")
def wells():
    """Gradient descent on the double well, steps of 0.001 and the exact thresholds themselves."""
    with under((("jax_enable_x64", True),)):
        rates = np.union1d(np.linspace(0.4, 2.1, 1701).round(6), [0.5, 1.0, 2.0])
        starts = np.array([[0.3], [-0.7], [1.1]])
        return bifurcation(WELL, optimizers.sgd, rates, starts=starts, dtype="float64")


def test_the_double_well_doubles_at_1_and_at_root_5_less_1(wells):
    """A cycle of two has the multiplier 9 - 2 (1 + a)^2: 1 at step 1, -1 at sqrt 5 - 1 = 1.2361.

    The axis has steps of 0.001. Close below a threshold a trajectory settles so slowly that its swing still counts as a
    period: after 4,000 steps up to 0.002 below, where it has shrunk to exp(-2 * 0.002 * 4000) of itself.
    """
    onsets = period_onsets(wells.learning_rate, wells.period)
    assert onsets[2] == pytest.approx(1.0, abs=0.002)
    assert onsets[4] == pytest.approx(1.2360679774997898, abs=0.002)


@pytest.mark.parametrize("rate", [0.5, 0.8, 0.95, 1.1, 1.2])
def test_exponents_of_cycles_are_the_logarithms_of_their_multipliers(wells, rate):
    """At rest ln|1 - 2a|, minus infinity at 1/2; on the cycle of two half of ln|9 - 2 (1 + a)^2|."""
    found = wells.exponent.sel(learning_rate=rate, method="nearest")
    if rate == 0.5:
        assert (found == -np.inf).all()
        return
    multiplier = abs(1 - 2 * rate) if rate < 1 else np.sqrt(abs(9 - 2 * (1 + rate) ** 2))
    # the way there is over: 0.9^2000 is below 1e-90
    np.testing.assert_allclose(found, np.log(multiplier), rtol=1e-9)


def test_points_of_the_cycle_are_the_exact_ones(wells):
    points = np.unique(np.abs(wells.points.sel(learning_rate=1.2, method="nearest").values).round(9))
    np.testing.assert_allclose(points, [0.7312903, 1.1395385], atol=1e-7)  # (sqrt(3.5) -+ sqrt(1/6)) / 2


def test_chaos_at_step_2_has_the_exponent_ln_3(wells):
    """x = sqrt 2 cos(theta) turns x -> 3x - 2x^3 into theta -> 3 theta + pi, which stretches by 3 everywhere.

    Over 2,000 steps: from the tripling itself the sum telescopes, but for the slope of the coordinate at both ends,
    ln|sin theta|, of order 1: 1/2000 each, and more for a start that ends near a turning point.
    """
    found = wells.exponent.sel(learning_rate=2.0, method="nearest")
    np.testing.assert_allclose(found, 1.0986122886681098, atol=5e-3)
    assert (wells.period.sel(learning_rate=2.0, method="nearest") == 0).all()
    beyond = wells.sel(learning_rate=slice(2.0005, None))
    assert (beyond.period == -1).all()
    assert np.isnan(beyond.exponent).all()


def test_wells_merge_where_published(wells):
    """At 3 sqrt 3 / 2 - 1 = 1.59808 the farthest point is thrown to the ridge: from there on orbits cross it.

    Just above, few points are thrown over, one in thousands: seen up to 0.004 late. Never early.
    """
    onset = merging_onset(wells.learning_rate, wells.points[..., 0])
    assert onset == pytest.approx(1.59975, abs=0.00225)
    assert merging_onset([1.0, 2.0], [[[1.0, 2.0]], [[-1.0, -2.0]]]) is None


def test_the_cubic_opens_its_window_of_period_three_where_the_logistic_map_does():
    """r = 1 + step: period 3 from 1 + sqrt 8 (step 2.828427), chaos with exponent ln 2 at r = 4 (step 3)."""
    rates = np.array([1.9, 2.1, 2.5, 2.8283, 2.8285, 2.83, 2.84, 3.0, 3.05])
    run = bifurcation(cubic, optimizers.sgd, rates, starts=np.array([0.37, 0.123]), dtype="float64", num_steps=8000)
    assert run.period.values[:3].tolist() == [[1, 1], [2, 2], [4, 4]]
    assert run.period.values[3].tolist() == [0, 0]  # just before, chaos
    assert run.period.values[4:7].tolist() == [[3, 3]] * 3
    np.testing.assert_allclose(run.exponent.values[7], 0.6931471805599453, atol=5e-3)
    assert run.period.values[8].tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (optimizers.sgd(0.18), np.log(0.82)),
        (optimizers.sgd_momentum(0.05, 0.9), np.log(0.9) / 2),  # complex roots: sqrt of the momentum
        (optimizers.nesterov(0.05, 0.9), np.log(0.9 * 0.95) / 2),  # complex roots: sqrt(b (1 - a h)), of h = 1
        (optax.sgd(0.25), np.log(1.5)),  # beyond the boundary: growth
    ],
)
def test_exponents_on_the_exercises_bowl_are_the_logarithms_of_the_rates(optimizer, expected):
    """Momentum's has to come through the velocity: the derivative by the parameters alone would say ln|1 - a h|."""
    found = lyapunov_exponent(problems.quadratic((1.0, 10.0)), optimizer, jnp.array([4.0, 1.5]), 800, skip=300)
    # a complex pair turns: the length at both ends of 500 steps differs by a factor of a few
    assert float(found) == pytest.approx(expected, abs=5e-3 if optimizer.init(jnp.ones(1))[1:] else 1e-9)


def test_adams_bias_corrections_stay_out_of_the_exponent():
    """On a slope of constant gradient neighbours stay as they are; the powers of b2 would say ln(0.999)."""
    found = lyapunov_exponent(lambda x: jnp.sum(x), optimizers.adam(0.1), jnp.zeros(2), 50)
    assert float(found) == pytest.approx(0, abs=1e-12)


def test_lessards_cycle_attracts_by_two_thirds_a_step():
    """On it every slope is 25, so that a h = 25/9 and z^2 + 4/3 z + 4/9 has the double root -2/3 (2016, eq. 4.11)."""

    def loss(x):
        return jnp.where(x < 1, 25 * x**2 / 2, jnp.where(x < 2, x**2 / 2 + 24 * x - 12, 25 * x**2 / 2 - 24 * x + 36))

    ball = functools.partial(optimizers.sgd_momentum, momentum=4 / 9)
    run = bifurcation(loss, ball, [1 / 9], starts=np.array([3.3]), num_steps=4000, keep=6, dtype="float64")
    assert run.period.item() == 3
    np.testing.assert_allclose(np.sort(run.points.values.ravel())[::2] * 1225, [-2208, 792, 2592], rtol=1e-12)
    # a double root: t (2/3)^t, so that the mean of 2,000 logarithms is above by ln(2000) / 2000 = 4e-3 at most
    assert run.exponent.item() == pytest.approx(np.log(2 / 3), abs=5e-3)


def test_a_sweep_says_what_single_trajectories_say():
    rates, starts = np.array([0.3, 1.9]), np.array([[0.3], [-0.7]])
    run = bifurcation(WELL, optimizers.sgd, rates, starts=starts, num_steps=200, keep=10, dtype="float64")
    one = jax.vmap(
        jax.vmap(lambda a, x: lyapunov_exponent(WELL, optimizers.sgd(a), x, 200, skip=100), (None, 0)), (0, None)
    )
    # chaos of 200 steps would show another order of rounding; the compiled steps are the same ones
    np.testing.assert_allclose(run.exponent, jax.jit(one)(rates, starts), rtol=1e-6)


def test_other_values_compile_nothing(count_compilations):
    def diagram(values):
        return bifurcation(WELL, optimizers.sgd, values, starts=np.array([[0.3]]), num_steps=64, keep=8)

    diagram([0.1, 0.2, 0.3])
    with count_compilations() as compiled:
        diagram([0.4, 0.5, 0.6])
    assert compiled.count == 0


def test_hyperparameters_of_the_problem_and_pytrees_as_parameters():
    """x -> (1 - h) x: at rest below h = 2; with {"a": ..., "b": ...} as parameters."""

    def loss(params, curvature):
        return curvature * (params["a"] ** 2 + jnp.sum(params["b"] ** 2)) / 2

    starts = {"a": np.array([1.0]), "b": np.ones((1, 2))}
    run = bifurcation(
        loss, optimizers.sgd(1.0), [1.5, 1.9], hyperparameter="curvature", starts=starts, num_steps=100, keep=4,
    )  # fmt: skip
    np.testing.assert_allclose(run.exponent[:, 0], np.log([0.5, 0.9]), rtol=1e-5)
    assert dict(run.sizes) == {"curvature": 2, "start": 1, "point": 4, "param": 3}
    assert run.point.values.tolist() == [97, 98, 99, 100]


@pytest.mark.long
def test_minima_let_go_at_two_over_their_curvature():
    """Himmelblau's: close below, a start beside the minimum comes back to it; close above, it does not."""
    valley = problems.himmelblau()
    boundaries = minima_boundaries(valley)
    hessians = [
        [[12 * x**2 + 4 * y - 42, 4 * (x + y)], [4 * (x + y), 12 * y**2 + 4 * x - 26]] for x, y in valley.minima
    ]
    np.testing.assert_allclose(boundaries, 2 / np.linalg.eigvalsh(hessians)[:, -1], rtol=1e-12)
    rates = np.sort(np.concatenate([0.99 * boundaries, 1.01 * boundaries]))
    run = bifurcation(valley, optimizers.sgd, rates, starts=valley.minima + 1e-3, num_steps=2000, dtype="float64")
    for place, boundary in enumerate(boundaries):
        end = run.points.sel(start=place).values[:, -1]
        back = np.linalg.norm(end - valley.minima[place], axis=1) < 1e-6
        np.testing.assert_array_equal(back, rates < boundary)
    np.testing.assert_allclose(
        minima_boundaries(problems.quadratic((1.0, 10.0)), 0.5, nesterov=True), 3 / (2 * 10.0), rtol=1e-12
    )
    assert minima_boundaries(problems.noisy_quadratic((4.0,))).tolist() == [0.5]
    assert minima_boundaries(problems.Problem(lambda x, key: x[0] ** 4, minima=np.zeros((1, 1)))).tolist() == [np.inf]


@pytest.mark.parametrize("period", [1, 2, 3, 7])
def test_periods_are_found_whatever_the_scale(period):
    turn = np.sin(np.arange(2 * period * 4) % period * 2.0)[:, None]
    for scale in (1.0, 1e6):
        assert cycle_period(scale * turn) == period
    jitter = 1e-6 * np.random.default_rng(0).normal(size=turn.shape)
    assert cycle_period(turn + jitter) == period
    assert cycle_period(turn + jitter, tolerance=1e-9) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lyapunov_exponent(WELL, optimizers.sgd(0.1), jnp.ones(1), 10, skip=10), "skip: got 10 of 10"),
        (lambda: lyapunov_exponent(WELL, cast("Any", optimizers.sgd), jnp.ones(1), 10), "call it with its hyperparam"),
        (lambda: lyapunov_exponent(WELL, optimizers.sgd(0.1), jnp.ones(2), 10), "params: got a start point of shape"),
        (lambda: bifurcation(WELL, optimizers.sgd, [0.1], keep=1), "keep: got 1"),
        (lambda: bifurcation(WELL, optimizers.sgd, [0.1], num_steps=10, keep=6), "keep: got 6 of 10 steps"),
        (lambda: bifurcation(WELL, {"a": optimizers.sgd, "b": optax.sgd}, [0.1]), "optimizer: got 2 by name"),
        (lambda: bifurcation(WELL, optimizers.sgd, [0.1], hyperparameter="rate"), "there is no 'rate'"),
        (lambda: bifurcation(WELL, optimizers.sgd, np.linspace(0, 1, 10**5), starts=10**4, num_steps=10**6,
                             keep=10**5), "values: 1,000,000,000 trajectories that keep 100,000 points take .* fit"),
        (lambda: cycle_period([[1.0]]), "points: got shape"),
        (lambda: cycle_period(np.ones((4, 1)), tolerance=0), "tolerance: got 0"),
        (lambda: minima_boundaries(problems.saddle()), "problem: saddle lists no minima"),
        (lambda: minima_boundaries(problems.ackley()), "problem: ackley has no curvature at its minima"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
