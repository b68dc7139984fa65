"""Gradient noise: where momentum settles at a minimum, and how noise alone leaves a saddle. Measured by simulation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov

from jaxopt_lab import optimizers, problems, simulate
from jaxopt_lab.analysis import theory

COUNT = 4096
METHODS = {"heavy ball": optimizers.sgd_momentum, "nesterov": optimizers.nesterov}


def step(a: float, b: float, h: float, nesterov: bool) -> tuple[np.ndarray, np.ndarray]:
    """The step of (w, v) and what it adds of the noise, from v' = b v + a g and w' = w - v', or w - b v' - a g."""
    if nesterov:
        return np.array([[1 - a * h * (1 + b), -(b**2)], [a * h, b]]), a * np.array([-(1 + b), 1])
    return np.array([[1 - a * h, -b], [a * h, b]]), a * np.array([-1, 1])


def test_momentum_under_noise_settles_at_its_stationary_variance():
    """The heavy ball at a c (1 + b) / (h (1 - b)(2 + 2b - a h)), an AR(2) process; Nesterov at that of an ARMA(2, 1).

    From the minimum, after 120 steps, the variance is short of it by 0.94^240 at most. That of 4,096 Gaussians is known
    to sqrt(2 / 4096) = 2.2%: 4.5 of these.
    """
    rates, momenta, h, c = np.array([0.03, 0.1]), np.array([0.5, 0.8]), np.array([1.0, 10.0]), 4.0
    a, b = (axis.ravel() for axis in np.meshgrid(rates, momenta))

    def end(rate: jax.Array, momentum: jax.Array, key: jax.Array) -> list[jax.Array]:
        bowl = problems.noisy_quadratic(h, noise=c)
        return [
            simulate(bowl, factory(rate, momentum), jnp.zeros(2), 120, key=key, record="final").params
            for factory in METHODS.values()
        ]

    lanes = jax.vmap(jax.vmap(end, (0, 0, None)), (None, None, 0))
    ends = jax.jit(lanes)(a, b, jax.random.split(jax.random.key(0), COUNT))
    for name, drawn in zip(METHODS, ends, strict=True):
        law = theory.stationary_variance(a[:, None], h, c, b[:, None], nesterov=name == "nesterov")
        np.testing.assert_allclose(drawn.var(axis=0), law, rtol=0.10)
    heavy = 0.03 * 4.0 * 1.8 / (1.0 * 0.2 * (3.6 - 0.03))
    assert theory.stationary_variance(0.03, 1.0, 4.0, 0.8) == pytest.approx(heavy, rel=1e-14)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.35, 0.95])
def test_the_variance_solves_the_lyapunov_equation(nesterov, momentum):
    matrix, kick = step(0.11, momentum, 7.0, nesterov)
    expected = solve_discrete_lyapunov(matrix, 2.5 * np.outer(kick, kick))[0, 0]
    assert theory.stationary_variance(0.11, 7.0, 2.5, momentum, nesterov=nesterov) == pytest.approx(expected, rel=1e-12)


def test_beyond_the_boundary_nothing_settles():
    rates = np.array([0.1999, 0.2, 0.5])
    np.testing.assert_array_equal(np.isinf(theory.stationary_variance(rates, 10.0, 1.0)), [False, True, True])
    assert theory.stationary_variance(0.1, 10.0, 0.0, 0.5) == 0.0


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.7])
def test_the_spread_at_a_saddle_is_that_of_the_recursion(nesterov, momentum):
    """Sigma' = M Sigma M^T + c n n^T from the rule itself, step by step, with the start's spread and without."""
    matrix, kick = step(0.1, momentum, -2.0, nesterov)
    for spread in (0.0, 0.3):
        sigma, expected = np.diag([spread**2, 0.0]), []
        for _ in range(15):
            expected.append(np.sqrt(sigma[0, 0]))
            sigma = matrix @ sigma @ matrix.T + 2.0 * np.outer(kick, kick)
        found = theory.saddle_spread(
            np.arange(15), 0.1, -2.0, spread=spread, noise=2.0, momentum=momentum, nesterov=nesterov
        )
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def noisy_saddle(point: jax.Array, key: jax.Array) -> jax.Array:
    noise = 1e-3 * jax.random.normal(key, point.shape, point.dtype)
    return point[0] ** 2 - point[1] ** 2 + jnp.sum(noise * point)


@pytest.fixture(scope="module")
def kicked():
    """Runs from (0, 0) exactly, which noise of standard deviation 0.001 alone moves."""

    def paths(key: jax.Array) -> dict[str, jax.Array]:
        return {
            name: simulate(noisy_saddle, factory(0.1, 0.7), jnp.zeros(2), 40, key=key).params[:, 1]
            for name, factory in METHODS.items()
        }

    return jax.jit(jax.vmap(paths))(jax.random.split(jax.random.key(1), COUNT))


@pytest.mark.parametrize("name", METHODS)
def test_noise_alone_leaves_a_saddle_by_its_law(kicked, name):
    """P(|w2| > d at step t) = 1 - erf(d / (sigma_t sqrt 2)); of 4,096 runs known to 0.8%: four of these.

    Few runs come back: those that were beyond at any step are no more than 2% above.
    """
    far = np.abs(np.asarray(kicked[name])) > 0.1
    law = theory.escape_distribution(
        np.arange(41), 0.1, 0.1, -2.0, noise=1e-6, momentum=0.7, nesterov=name == "nesterov"
    )
    assert law[0] == 0
    assert ((law > 0.3) & (law < 0.7)).any()  # else the comparison would say nothing
    np.testing.assert_allclose(far.mean(axis=0), law, atol=0.032)
    ever = np.maximum.accumulate(far, axis=1).mean(axis=0)
    assert (ever - far.mean(axis=0)).max() < 0.02


def test_growth_with_nesterovs_momentum_is_that_of_its_steps():
    matrix, _ = step(0.05, 0.6, -2.0, nesterov=True)
    moving, expected = np.array([1.0, 0.0]), []
    for _ in range(51):
        expected.append(moving[0])
        moving = matrix @ moving
    grown = theory.saddle_growth(np.arange(51), 0.05, -2.0, 0.6, nesterov=True)
    np.testing.assert_allclose(grown, expected, rtol=1e-12)
    assert grown[-1] / grown[-2] == pytest.approx(theory.escape_factor(0.05, -2.0, 0.6, nesterov=True), rel=1e-9)


def test_nobody_leaves_without_spread_and_noise():
    assert theory.escape_distribution([0, 10, 1000], 1.0, 0.1, -2.0).tolist() == [0, 0, 0]
    assert theory.saddle_survival(1.2, 1.0, 0.0) == 1.0


def test_growth_beyond_floats_is_infinite_and_everybody_has_left():
    assert theory.saddle_growth(10_000, 0.1, -2.0, 0.7) == np.inf
    assert theory.escape_distribution(10_000, 1.0, 0.1, -2.0, spread=1e-3) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.stationary_variance(0.1, -1.0, 1.0), "eigenvalue: got -1"),
        (lambda: theory.stationary_variance(0.1, 1.0, -1.0), "noise: got -1"),
        (lambda: theory.stationary_variance(-0.1, 1.0, 1.0), "learning_rate: got -0.1"),
        (lambda: theory.escape_factor(0.1, 2.0), "eigenvalue: got 2; give finite numbers below 0"),
        (lambda: theory.saddle_growth(-1, 0.1, -2.0), "steps: got -1"),
        (lambda: theory.saddle_growth(1, 0.0, -2.0), "learning_rate: got 0"),
        (lambda: theory.saddle_spread(1.5, 0.1, -2.0), "steps: got 1.5; steps are counted in whole numbers"),
        (lambda: theory.saddle_spread(1, 0.1, -2.0, spread=-1), "spread: got -1"),
        (lambda: theory.saddle_survival(1.0, 0.0, 1.0), "distance: got 0"),
        (lambda: theory.saddle_survival(1.0, 1.0, -1.0), "spread: got -1"),
        (lambda: theory.escape_distribution(1, 1.0, 0.1, -2.0, momentum=1.0), "momentum: got 1"),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
