"""Bins of similar predictions."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from jaxopt_lab.evaluation import calibration_bins


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
