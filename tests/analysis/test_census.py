"""Random landscapes: the formula of Kac and Rice against closed forms, and counts against the formula."""

import jax
import numpy as np
import pytest

from jaxopt_lab import problems
from jaxopt_lab.analysis import critical_census, expected_census

MATRICES = 20_000


@pytest.mark.parametrize(
    ("dim", "total", "minima"),
    [
        (1, np.sqrt(3) / np.pi, 1 / 2),  # Rice (1944): sqrt of the variances' ratio of f'' and f', over pi
        (2, 2 / (np.pi * np.sqrt(3)), 1 / 4),  # Longuet-Higgins (1957)
        # Bardeen, Bond, Kaiser and Szalay (1986), eq. 4.11b with R*^2 = 0.6, and as many saddles by (29 + 6 sqrt 6)
        (3, 2 * 58 / (5**1.5 * 2 * (2 * np.pi) ** 2 * 0.6**1.5), (29 - 6 * np.sqrt(6)) / 116),
    ],
)
def test_the_expected_numbers_are_the_published_ones(dim, total, minima):
    expected = expected_census(dim, np.linspace(-6, 6, 25)).sum(axis=0)
    # the mean of |det| over 20,000 matrices, whose deviation is about one and a half times its mean: 1 %
    assert expected.sum() == pytest.approx(total, rel=0.04)
    assert expected[0] / expected.sum() == pytest.approx(minima, abs=0.01)
    np.testing.assert_allclose(expected, expected[::-1], rtol=0.08)  # a landscape upside down is as likely
    # by Euler's count the signs add up to 0 for a unit of volume
    assert abs((expected * (-1.0) ** np.arange(dim + 1)).sum()) < 0.02 * expected.sum()


@pytest.mark.parametrize(("dim", "minima"), [(1, 0.5), pytest.param(2, 0.25, marks=pytest.mark.long)])
def test_landscapes_have_as_many_points_as_expected_at_every_height(dim, minima):
    """Two landscapes, some 280 points on the line and 190 in the plane: minima lie low and maxima high."""
    census = critical_census([dim], landscapes=2, starts=1024).squeeze("dim")
    number, expected = int(census["count"].sum()), float(census.expected.sum())
    assert number == pytest.approx(expected, abs=4 * expected**0.5)  # no more scattered than independent points
    assert float(census.minima_share) == pytest.approx(minima, abs=4 * (minima * (1 - minima) / number) ** 0.5)
    crowded = census["count"].sum("index") >= 15
    assert crowded.sum() >= 4
    np.testing.assert_allclose(
        census.index_share[crowded], census.expected_index_share[crowded], atol=4 * 0.5 * (1 / dim / 15) ** 0.5
    )
    assert census.index_share.dropna("height")[0] < 0.2 < 0.8 < census.index_share.dropna("height")[-1]


@pytest.mark.long
def test_minima_become_rare_with_the_dimension():
    census = critical_census([1, 2, 3, 4], landscapes=4)
    number = census["count"].sum(["height", "index"])
    share = census.expected_minima_share
    assert (abs(census.minima_share - share) < 4 * (share * (1 - share) / number) ** 0.5).all()
    assert (np.diff(census.minima_share) < 0).all()


def test_the_landscape_has_the_correlation_that_it_claims():
    """Over a line of a landscape of many waves, the mean of L(x) L(x + r) is exp(-r^2 / 2)."""
    landscape = problems.gaussian_landscape(dim=1, seed=3, waves=4000)
    x = np.linspace(-4000, 4000, 16_001)[:, None]  # as many correlation lengths
    values = np.asarray(jax.jit(jax.vmap(landscape.loss, in_axes=(0, None)))(x, None))
    for lag, r in {0: 0.0, 1: 0.5, 2: 1.0, 4: 2.0}.items():
        measured = (values[: len(values) - lag] * values[lag:]).mean()
        # 8,000 lengths and 4,000 waves: the sampling error of a variance is about sqrt(2 / 4000) = 2 %
        assert measured == pytest.approx(np.exp(-(r**2) / 2), abs=0.09)
