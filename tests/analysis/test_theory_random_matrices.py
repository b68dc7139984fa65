"""How rare definite matrices are: exact values, the law for large ones, and draws."""

import jax
import numpy as np
import pytest

from jaxopt_lab.analysis import definite_shares, theory

DRAWS = 100_000


@pytest.fixture(scope="module")
def shares():
    return np.asarray(definite_shares(jax.random.key(1), 5, DRAWS))


@pytest.mark.parametrize(("dim", "exact"), [(1, 0.5), (2, 0.1464466094067262), (3, 0.0249209209607235)])
def test_definite_matrices_are_as_rare_as_published(shares, dim, exact):
    """1/2, (2 - sqrt 2)/4 and (pi - 2 sqrt 2)/(4 pi) (Dean and Majumdar 2006)."""
    assert theory.definite_probability(dim) == pytest.approx(exact, abs=1e-13)
    assert shares[dim - 1] == pytest.approx(exact, abs=4 * np.sqrt(exact / DRAWS))


@pytest.mark.parametrize("dim", [4, 5])
def test_beyond_three_dimensions_draws_agree(shares, dim):
    """No closed form is known to us; the Pfaffian gives 2.4567e-3 and 1.4011e-4, 246 and 14 of 100,000 draws."""
    exact = theory.definite_probability(dim)
    assert shares[dim - 1] == pytest.approx(exact, abs=4 * np.sqrt(exact / DRAWS))


@pytest.mark.parametrize("dim", [10, 30, 47])
def test_the_logarithm_falls_by_the_published_law(dim):
    """ln P_n ~ -(ln 3 / 4) n^2 (Dean and Majumdar 2006): its second difference tends to -(ln 3)/2, like 1/n^2."""
    before, here, after = (np.log(theory.definite_probability(n)) for n in (dim - 1, dim, dim + 1))
    assert before - 2 * here + after == pytest.approx(-0.5493061443340549, abs=0.05 / dim**2)


def test_shares_are_those_of_the_eigenvalues(shares):
    """The same draws, judged by their eigenvalues; where one is 0 but for rounding, float32 may judge it otherwise."""
    gaussian = np.asarray(jax.random.normal(jax.random.key(1), (5, 5, DRAWS)))
    symmetric = np.moveaxis(gaussian + gaussian.swapaxes(0, 1), -1, 0) / 2
    expected = [(np.linalg.eigvalsh(symmetric[:, :dim, :dim]) > 0).all(-1).mean() for dim in range(1, 5)]
    np.testing.assert_allclose(shares[:4], expected, atol=5 / DRAWS)


@pytest.mark.parametrize("dim", [0, 49, 2.5, True])
def test_dimensions_out_of_reach_are_refused(dim):
    with pytest.raises(ValueError, match=f"dim: got {dim}"):
        theory.definite_probability(dim)
