"""Bins of similar predictions."""

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.calibration import calibration_curve

from jaxopt_lab.evaluation import Resampling, calibration_bins, estimates
from jaxopt_lab.evaluation.calibration import calibration_error


@pytest.mark.parametrize("decimals", [1, 8], ids=["ties", "distinct"])
def test_bins_are_scikit_learns(decimals):
    draws = np.random.default_rng(0)
    prob = draws.beta(1, 6, size=500).round(decimals)
    truth = (draws.random(500) < prob).astype(int)
    observed, predicted = calibration_curve(truth, prob, n_bins=10, strategy="quantile")
    bins = calibration_bins(truth, prob)
    np.testing.assert_allclose((bins.predicted, bins.observed.value), (predicted, observed), atol=1e-12)
    assert bins.rows.sum() == 500


def test_each_bin_has_wilsons_interval():
    bins = calibration_bins([0] * 15 + [1] * 8 + [0] * 7, [0.1] * 15 + [0.9] * 15, n_bins=2)
    # Wilson's intervals of 0 and 8 of 15
    np.testing.assert_allclose(bins.observed.lower, [0, 0.3012], atol=5e-5)
    np.testing.assert_allclose(bins.observed.upper, [0.2039, 0.7519], atol=5e-5)


@pytest.mark.parametrize("rows", [100, 400])
def test_chance_alone_makes_an_error_of_the_binomial_size(rows, monkeypatch):
    """Where every probability is a half, the error is the distance of a binomial share from a half."""
    how = Resampling(confidence=0.9, resamples=4000)
    exact = (binom.ppf(0.95, rows, 0.5) - rows / 2) / rows
    true, prob = np.arange(rows) % 2, np.full(rows, 0.5)
    for weights in (estimates.WEIGHTS, 1):  # drawn row by row, and by the normal law
        monkeypatch.setattr("jaxopt_lab.evaluation.calibration.WEIGHTS", weights)
        found = calibration_error(true, prob, how)
        assert found.value == 0
        assert float(found.method.split()[6]) == pytest.approx(exact, abs=1.1 / rows)
