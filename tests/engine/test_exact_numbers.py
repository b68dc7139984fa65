"""Published and closed-form numbers of optimiser dynamics, measured by sweeps."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems, sweep

SEED_START = np.array([[4.0, 1.5]])


def contraction(params: Any) -> np.ndarray:
    """The factor of the last step, for each parameter."""
    return np.asarray(params[..., -1, :]) / np.asarray(params[..., -2, :])


@pytest.mark.usefixtures("x64")
def test_gradient_descent_on_the_exercises_bowl_contracts_by_082_and_095():
    """|1 - a h| of the slower direction: 1 - 0.18 = 0.82 (the steep one swings by -0.8), 1 - 0.05 = 0.95."""
    path = sweep(
        problems.quadratic((1.0, 10.0)), optimizers.sgd, {"learning_rate": [0.18, 0.05]},
        starts=SEED_START, num_steps=50, record="path", dtype="float64",
    )  # fmt: skip
    # the product of 50 roundings of 1e-16
    np.testing.assert_allclose(contraction(path.params)[:, 0], [[0.82, -0.8], [0.95, 0.5]], rtol=1e-12)
    np.testing.assert_allclose(path.params.isel(start=0, param=0, step=-1), [4 * 0.82**50, 4 * 0.95**50], rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_momentum_on_the_exercises_bowl_contracts_by_the_root_of_09():
    """With complex roots x_t = 0.9^(t/2) times a bounded oscillation, in both directions: exactly sqrt(momentum).

    The roots of z^2 - (1 + b - a h) z + b have modulus sqrt(b), so x_(t+1)^2 - (1 + b - a h) x_(t+1) x_t + b x_t^2, the
    quadratic form of the same coefficients, shrinks by exactly b a step.
    """
    b, a, h = 0.9, 0.05, np.array([1.0, 10.0])
    path = sweep(
        problems.quadratic(h), optimizers.sgd_momentum(a, b), starts=SEED_START, num_steps=50, record="path",
        dtype="float64",
    )  # fmt: skip
    x = path.params.values[0]
    form = x[1:] ** 2 - (1 + b - a * h) * x[1:] * x[:-1] + b * x[:-1] ** 2
    np.testing.assert_allclose(form[1:] / form[:-1], b, rtol=1e-10)
    assert np.sqrt(b) == pytest.approx(0.9487, abs=5e-5)


@pytest.mark.usefixtures("x64")
def test_the_saddle_is_left_by_factors_of_12_and_14():
    """By 1 + 0.1 * 2, and by the larger root of z^2 - (1 + 0.7 + 0.2) z + 0.7 (the other, 0.5, is soon gone)."""
    both = {"sgd": optimizers.sgd(0.1), "momentum": optimizers.sgd_momentum(0.1, 0.7)}
    path = sweep(
        problems.saddle(), both, starts=np.array([[0.1, 1.5], [0.1, 0.0]]), num_steps=100, record="path",
        dtype="float64",
    )  # fmt: skip
    leaving = path.params.sel(start=0, param=1)
    growth = leaving.values[:, 1:] / leaving.values[:, :-1]
    np.testing.assert_allclose(growth[0], 1.2, rtol=1e-13)
    np.testing.assert_allclose(growth[1, -1], 1.4, rtol=1e-13)
    np.testing.assert_allclose(leaving[0, -1], 1.5 * 1.2**100, rtol=1e-12)
    assert (path.params.sel(start=1, param=1) == 0).all()  # a start on the axis never leaves it


def test_gradient_descent_converges_iff_a_h_is_below_2():
    """One step a = 1, curvatures around 2: below it shrinks, at 2 it swings for ever, above it leaves."""
    h = np.array([0.5, 1.0, 1.9, 1.99, 2.0, 2.01, 2.1, 3.0])
    run = sweep(
        lambda x, h: h * x**2 / 2, optimizers.sgd(1.0), {"h": h}, starts=np.array([1.0]), num_steps=2000
    )  # fmt: skip
    end = np.abs(run.final_params.values[:, 0])
    assert (end[h < 2] < 1e-6).all()
    np.testing.assert_array_equal(end[h == 2], 1.0)
    assert not (end[h > 2] <= 1e6).any()
    np.testing.assert_array_equal(run.diverged_at.values[:, 0] >= 0, h >= 2.1)  # 1.01^2000 is 4e8, still a number


def test_heavy_ball_converges_iff_a_h_is_below_2_plus_2b():
    momenta, ratios = [0.0, 0.3, 0.5, 0.9], [0.5, 0.98, 1.02]
    for momentum in momenta:
        run = sweep(
            lambda x: x**2 / 2, optimizers.sgd_momentum,
            {"learning_rate": np.array(ratios) * (2 + 2 * momentum), "momentum": [momentum]},
            starts=np.array([1.0]), num_steps=2000,
        )  # fmt: skip
        end = np.abs(run.final_params.values[:, 0, 0])
        assert (end[:2] < 1e-6).all(), momentum
        assert not end[2] <= 1e6, momentum


@pytest.mark.usefixtures("x64")
def test_heavy_ball_falls_into_lessards_cycle_of_three():
    """Strongly convex and smooth, and the heavy ball does not converge (Lessard, Recht and Packard 2016, eq. 4.11)."""

    def loss(x: jax.Array) -> jax.Array:
        """Its gradient is 25 x below 1, x + 24 up to 2, and 25 x - 24 beyond."""
        return jnp.where(x < 1, 25 * x**2 / 2, jnp.where(x < 2, x**2 / 2 + 24 * x - 12, 25 * x**2 / 2 - 24 * x + 36))

    path = sweep(
        loss, {"ours": optimizers.sgd_momentum(1 / 9, 4 / 9), "optax": optax.sgd(1 / 9, 4 / 9)},
        starts=np.array([3.3]), num_steps=300, record="path", dtype="float64",
    )  # fmt: skip
    ends = path.params.values[:, 0, -3:]
    # it is attracted by 4/9 a step, so that 300 steps leave rounding only
    cycle = np.array([-2208, 792, 2592]) / 1225
    np.testing.assert_allclose(np.sort(ends), [cycle, cycle], rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_the_double_well_splits_into_a_cycle_of_two_at_step_1_and_of_four_at_root_5_less_1():
    """x -> x - a (x^3 - x): two points with x y = 1/a and x^2 + y^2 = 1 + 1/a, while a < sqrt(5) - 1 = 1.236."""
    steps = np.array([0.9, 1.05, 1.2, 1.26])
    path = sweep(
        problems.double_well(dim=1), optimizers.sgd, {"learning_rate": steps},
        starts=np.array([[0.5]]), num_steps=3000, record="path", dtype="float64",
    )  # fmt: skip
    last = path.params.values[:, 0, -4:, 0]
    np.testing.assert_allclose(last[0], 1.0, rtol=1e-12)
    for a, orbit in zip(steps[1:3], last[1:3], strict=True):
        expected = (np.sqrt(1 + 3 / a) + np.array([-1, 1, -1, 1]) * np.sqrt(1 - 1 / a)) / 2
        np.testing.assert_allclose(np.sort(orbit[:2]), np.sort(expected[:2]), rtol=1e-12)
        np.testing.assert_allclose(orbit[2:], orbit[:2], rtol=1e-12)
    assert np.abs(last[3, 2:] - last[3, :2]).min() > 0.01  # a cycle of two no longer
    np.testing.assert_allclose(path.params.values[3, 0, -8:-4, 0], last[3], rtol=1e-9)  # but one of four


@pytest.mark.usefixtures("x64")
def test_gradient_descent_on_a_cubic_is_the_logistic_map():
    """On x^2/2 - x^3/3 with step a, w = a (1 - x) / r follows w -> r w (1 - w) with r = 1 + a."""
    rates = np.array([0.5, 1.5, 2.3, 2.9])
    path = sweep(
        lambda x: x**2 / 2 - x**3 / 3, optimizers.sgd, {"learning_rate": rates},
        starts=np.array([0.4]), num_steps=20, record="path", dtype="float64",
    )  # fmt: skip
    r = 1 + rates
    w = [rates * 0.6 / r]
    for _ in range(20):
        w.append(r * w[-1] * (1 - w[-1]))
    # chaos at 3.9 doubles an error of 1e-16 at most every step or so: 20 steps, 1e-9 with room to spare
    np.testing.assert_allclose(1 - np.transpose(w) * (r / rates)[:, None], path.params.values[:, 0], atol=1e-9)


def test_noisy_gradient_descent_settles_at_its_stationary_variance():
    """a c / (h (2 - a h)) in every direction; from the minimum, after t steps less (1 - a h)^(2t) of it."""
    rates, noises, h, count = np.array([0.05, 0.1, 0.15]), np.array([0.25, 4.0]), np.array([1.0, 10.0]), 4096
    run = sweep(
        problems.noisy_quadratic, optimizers.sgd, {"learning_rate": rates, "noise": noises},
        starts=np.zeros((count, 2)), num_steps=120, record="final",
    )  # fmt: skip
    a, c = rates[:, None, None], noises[:, None]
    expected = a * c / (h * (2 - a * h))
    # the variance of 4096 Gaussians is known to sqrt(2 / 4096) = 2.2 %, the mean to 1.6 % of the deviation: 4.5 of each
    np.testing.assert_allclose(run.final_params.var("start"), expected, rtol=0.10)
    assert (np.abs(run.final_params.mean("start")) < 0.07 * np.sqrt(expected)).all()
    pairs = run.final_params.values.reshape(6, count, 2)
    correlations = [np.corrcoef(pair[:-1].T, pair[1:].T) for pair in pairs]  # of the directions, and of neighbours
    assert np.abs(np.array(correlations) - np.eye(4)).max() < 0.07
    # the mean loss at the minimum is c/2 times the sum of 1 / (2 - a h) times a
    np.testing.assert_allclose(
        run.expected_loss.mean("start"), (expected * h / 2).sum(-1), rtol=0.10
    )  # fmt: skip


def test_escape_from_a_saddle_follows_the_error_function():
    """From w2(0) ~ N(0, s^2), P(|w2| <= d after t steps) = erf(d / (1.2^t s sqrt 2)); here at t = 10."""
    from math import erf, sqrt

    s, d, t, count = 0.1, 1.0, 10, 20_000
    starts = np.random.default_rng(0).normal(size=(count, 2)) * s
    run = sweep(problems.saddle(), optimizers.sgd(0.1), starts=starts, num_steps=t, record="final")
    inside = float((np.abs(run.final_params.sel(param=1)) <= d).mean())
    expected = erf(d / (1.2**t * s * sqrt(2)))
    assert expected == pytest.approx(0.894, abs=5e-4)
    # a share of 20,000 is known to sqrt(p q / 20000) = 0.2 %: four of these
    assert inside == pytest.approx(expected, abs=0.009)
