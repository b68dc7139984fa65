"""Quartiles that know what to do with runs that left the finite numbers."""

import numpy as np
import pytest

from jaxopt_lab.analysis import quartiles


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9])
def test_the_median_is_numpys(count):
    values = np.random.default_rng(count).normal(size=(6, count))
    low, median, high = quartiles(values)
    np.testing.assert_allclose(median, np.median(values, axis=-1))
    expected = np.quantile(values, [0.25, 0.75], axis=-1, method="averaged_inverted_cdf")
    np.testing.assert_allclose([low, high], expected)


def test_what_is_not_finite_is_the_worst():
    assert quartiles([[np.nan, 1.0, -np.inf, 2.0]]).tolist() == [[1.5], [np.inf], [np.inf]]
