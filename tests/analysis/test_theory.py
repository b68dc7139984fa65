"""Closed forms against simulations through the public API, and against published numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import optimizers, problems, simulate
from jaxopt_lab.analysis import contraction_factor, first_step_beyond, theory

pytestmark = pytest.mark.usefixtures("x64")


@jax.jit
def path_on_the_bowl(rate, momentum):
    """600 steps of the heavy ball on the exercise's bowl."""
    return simulate(problems.quadratic((1.0, 10.0)), optimizers.sgd_momentum(rate, momentum), jnp.ones(2), 600).params


@pytest.mark.parametrize(
    ("rate", "momentum", "expected"),
    [(0.18, 0.0, 0.82), (0.05, 0.0, 0.95), (0.05, 0.9, np.sqrt(0.9)), (0.25, 0.0, 1.5)],
)
def test_rates_on_the_exercises_bowl(rate, momentum, expected):
    """The exercise's settings, and a rate past 2 / 10 that diverges by |1 - 0.25 * 10|."""
    assert theory.contraction_rate(rate, (1.0, 10.0), momentum) == pytest.approx(expected, abs=1e-12)
    # A complex pair turns the distance as it shrinks: the fit over 400 steps is off by a turn's share of that. Without
    # momentum what is left of the faster coordinate is (0.80 / 0.82)^400 at the first of these steps.
    measured = contraction_factor(np.linalg.norm(path_on_the_bowl(rate, momentum), axis=1), skip=200)
    assert measured == pytest.approx(expected, abs=2e-4 if momentum else 1e-6)


def test_best_settings_are_best():
    """No neighbour contracts faster, and for condition 10 the rates are 9/11 and (sqrt 10 - 1)/(sqrt 10 + 1)."""
    spectrum = (1.0, 10.0)
    rate, descent = theory.best_gradient_descent(spectrum)
    ball_rate, momentum, ball = theory.best_heavy_ball(spectrum)
    assert descent == pytest.approx(9 / 11)
    assert ball == pytest.approx((np.sqrt(10) - 1) / (np.sqrt(10) + 1))
    # At a double root the square root of a rounding error is left: 1e-8, not 1e-16.
    assert theory.contraction_rate(rate, spectrum) == pytest.approx(descent, abs=1e-12)
    assert theory.contraction_rate(ball_rate, spectrum, momentum) == pytest.approx(ball, abs=1e-7)
    for factor in (0.97, 1.03):
        assert theory.contraction_rate(factor * rate, spectrum) > descent
        assert theory.contraction_rate(factor * ball_rate, spectrum, momentum) > ball
        assert theory.contraction_rate(ball_rate, spectrum, factor * momentum) > ball


@pytest.mark.parametrize(("momentum", "factor"), [(0.0, 1.2), (0.7, 1.4)])
def test_growth_at_the_exercises_saddle(momentum, factor):
    """Roots of z^2 - (1 + b + 0.2) z + b: 1.2 without momentum, 1.4 and 0.5 with b = 0.7."""
    path = simulate(problems.saddle(), optimizers.sgd_momentum(0.1, momentum), jnp.array([0.0, 1e-3]), 60)
    grown = theory.saddle_growth(np.arange(61), 0.1, -2.0, momentum)
    np.testing.assert_allclose(path.params[:, 1], 1e-3 * grown, rtol=1e-12)
    assert grown[-1] / grown[-2] == pytest.approx(factor, abs=1e-9)


def test_survival_is_the_share_of_starts_that_stay():
    """P(stay within 1 for 30 steps) = erf(1 / (1.2^30 s sqrt 2)), over 20,000 starts."""
    starts = 0.003 * np.random.default_rng(0).normal(size=20_000)
    ends = jax.vmap(
        lambda w: simulate(problems.saddle(), optimizers.sgd(0.1), jnp.stack([0.0 * w, w]), 30, record="final").params
    )(jnp.asarray(starts))
    stay = float((np.abs(ends[:, 1]) <= 1).mean())
    expected = theory.saddle_survival(theory.saddle_growth(30, 0.1, -2.0), 1.0, 0.003)
    assert 0.1 < expected < 0.9  # else the comparison would say nothing
    assert stay == pytest.approx(expected, abs=4 * np.sqrt(0.25 / len(starts)))


def test_first_step_beyond_counts_what_is_not_finite_as_beyond():
    values = [[0.0, 3.0, 1.0], [0.0, 1.0, 1.0], [0.0, np.nan, 0.0], [0.0, 1.0, np.inf]]
    assert first_step_beyond(values, 2.0).tolist() == [1, -1, 1, 2]


def test_rate_of_what_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="distances: got 2 points"):
        contraction_factor([1.0, 0.5, 0.0], skip=1)
