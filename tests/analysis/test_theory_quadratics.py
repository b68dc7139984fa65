"""Nesterov's method and whole maps of settings: closed forms against simulations, companion matrices and neighbours."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxopt_lab import optimizers, problems, simulate
from jaxopt_lab.analysis import theory

pytestmark = pytest.mark.usefixtures("x64")

METHODS = {False: optimizers.sgd_momentum, True: optimizers.nesterov}


@jax.jit
@jax.vmap
def ends(rate, momentum, curvature):
    """How far both methods are from the minimum after 3,000 steps from 1."""

    def end(factory):
        bowl = problems.quadratic((curvature,))
        return simulate(bowl, factory(rate, momentum), jnp.ones(1), 3000, record="final").params[0]

    return jnp.stack([end(METHODS[False]), end(METHODS[True])])


def test_both_methods_break_at_their_boundaries():
    """Heavy ball iff a h < 2 + 2b, Nesterov iff a h < (2 + 2b)/(1 + 2b): Jury's conditions on the roots.

    1% below, the slowest case here shrinks by 0.9975 a step at least, 5e-4 after 3,000; 1% above it grows as fast.
    """
    momenta, curvatures = np.array([0.0, 0.3, 0.6, 0.9]), np.array([1.0, 7.0, 1.0, 40.0])
    for nesterov in (False, True):
        numerator = 2 + 2 * momenta
        boundary = (numerator / (1 + 2 * momenta) if nesterov else numerator) / curvatures
        given = theory.stability_boundary([0.3, 1.0], momenta, nesterov=nesterov) / curvatures
        np.testing.assert_allclose(given, boundary, rtol=1e-14)
        for factor, converges in ((0.99, True), (1.01, False)):
            end = np.abs(ends(factor * boundary, momenta, curvatures))[:, int(nesterov)]
            assert ((end < 1e-2) == converges).all(), (nesterov, factor, end)
            assert ((end > 1e2) == (not converges)).all(), (nesterov, factor, end)


@pytest.mark.parametrize(("rate", "momentum"), [(0.03, 0.5), (0.1, 0.9), (0.13, 0.4)])
def test_nesterov_contracts_by_its_largest_root(rate, momentum):
    """By the eigenvalues of the step (w, v) -> (w', v') itself, written down from the rule, on the exercise's bowl."""
    a, b = rate, momentum
    steps = [np.array([[1 - a * h * (1 + b), -(b**2)], [a * h, b]]) for h in (1.0, 10.0)]
    expected = max(np.abs(np.linalg.eigvals(step)).max() for step in steps)
    assert theory.contraction_rate(rate, (1.0, 10.0), momentum, nesterov=True) == pytest.approx(expected, abs=1e-12)


@given(
    rate=st.floats(1e-3, 10), momentum=st.floats(0, 0.99), spectrum=st.lists(st.floats(0.01, 100), min_size=1),
    nesterov=st.booleans(),
)  # fmt: skip
def test_a_rate_is_below_1_exactly_below_the_boundary(rate, momentum, spectrum, nesterov):
    contracts = theory.contraction_rate(rate, spectrum, momentum, nesterov=nesterov)
    below = rate / theory.stability_boundary(spectrum, momentum, nesterov=nesterov)
    if abs(below - 1) > 1e-9:  # at the boundary itself rounding decides
        assert (contracts < 1) == (below < 1)
    # the larger root's modulus is highest at an end of the spectrum: no eigenvalue between contracts less
    inside = [theory.contraction_rate(rate, [h], momentum, nesterov=nesterov) for h in spectrum]
    assert contracts == max(inside)


def test_rates_of_a_map_are_those_of_its_cells():
    rates, momenta = np.linspace(0.01, 0.3, 4)[:, None], np.array([0.0, 0.5, 0.9])
    for nesterov in (False, True):
        whole = theory.contraction_rate(rates, (1.0, 10.0), momenta, nesterov=nesterov)
        cells = [[theory.contraction_rate(a, (1.0, 10.0), b, nesterov=nesterov) for b in momenta] for a in rates[:, 0]]
        np.testing.assert_array_equal(whole, cells)
    np.testing.assert_allclose(theory.contraction_rate(rates[:, 0], (1.0, 10.0)), [0.99, 0.8933333, 1.0333333, 2.0])


@pytest.mark.parametrize("condition", [4.0, 10.0, 500.0])
def test_nesterovs_best_settings_are_best(condition):
    """4/(3L + m), (root - 2)/(root + 2), 1 - 2/root with root = sqrt(3 kappa + 1): no neighbour contracts faster."""
    spectrum = (1.0, 2.0, condition)
    rate, momentum, best = theory.best_nesterov(spectrum)
    assert best == pytest.approx(1 - 2 / np.sqrt(3 * condition + 1))
    # at a double root the square root of a rounding error is left: 1e-8, not 1e-16
    assert theory.contraction_rate(rate, spectrum, momentum, nesterov=True) == pytest.approx(best, abs=1e-7)
    a, b = np.meshgrid(rate * np.linspace(0.9, 1.1, 21), momentum * np.linspace(0.9, 1.1, 21))
    assert theory.contraction_rate(a, spectrum, b, nesterov=True).min() > best - 1e-7
    assert theory.best_heavy_ball(spectrum)[-1] < best < theory.best_gradient_descent(spectrum)[-1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.contraction_rate(0.1, (1.0,), 1.0), "momentum: got 1; give finite numbers at least 0"),
        (lambda: theory.contraction_rate(0.1, (1.0,), [0.5, -0.1]), "momentum: got -0.1"),
        (lambda: theory.contraction_rate(0.1, ()), "eigenvalues: got none"),
        (lambda: theory.contraction_rate(0.1, (np.nan,)), "eigenvalues: got nan"),
        (lambda: theory.stability_boundary((1.0, -1.0)), "eigenvalues: got -1; give finite numbers at least 0"),
        (lambda: theory.stability_boundary((0.0, 0.0)), "eigenvalues: none is positive"),
        (lambda: theory.best_gradient_descent((0.0, 1.0)), "eigenvalues: got 0; give finite numbers above 0"),
        (lambda: theory.best_heavy_ball((-1.0, 1.0)), "eigenvalues: got -1"),
        (lambda: theory.best_nesterov(()), "eigenvalues: got none"),
        (lambda: theory.nesterov_roots(0.1, -0.5, 1.0), "momentum: got -0.5"),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
