"""Bands around curves: the distribution of resampled rows, and how often they hold the truth."""

from statistics import NormalDist

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from jaxopt_lab.evaluation import Resampling, bands, precision_recall_band, roc_band

NORMAL = NormalDist()
APART = 1.5
PREVALENCE = 0.3


def binormal(draws, rows):
    truth = (draws.random(rows) < PREVALENCE).astype(int)
    return truth, draws.normal(size=rows) + APART * truth


def test_the_curves_are_scikit_learns():
    truth, scores = binormal(np.random.default_rng(0), 300)
    fpr, tpr, _ = sklearn_metrics.roc_curve(truth, scores)
    precision, recall, _ = sklearn_metrics.precision_recall_curve(truth, scores)
    roc, pr = roc_band(truth, scores), precision_recall_band(truth, scores)
    np.testing.assert_allclose((roc.x, roc.y), (fpr, tpr), atol=1e-12)
    np.testing.assert_allclose((pr.x, pr.y), (recall, precision), atol=1e-12)
    assert roc.area == pytest.approx(sklearn_metrics.roc_auc_score(truth, scores), abs=1e-12)
    assert pr.area == pytest.approx(sklearn_metrics.average_precision_score(truth, scores), abs=1e-12)


@pytest.mark.parametrize("decimals", [1, 8], ids=["ties", "distinct"])
def test_counts_of_cells_vary_as_resampled_rows_do(decimals):
    draws = np.random.default_rng(1)
    truth, scores = binormal(draws, 120)
    scores = scores.round(decimals)
    rates, precisions = [], []
    for _ in range(300):
        rows = draws.integers(120, size=120)
        fpr, tpr, _ = sklearn_metrics.roc_curve(truth[rows], scores[rows], drop_intermediate=False)
        rates.append(np.interp(0.2, fpr, tpr))
        precision, recall, _ = sklearn_metrics.precision_recall_curve(truth[rows], scores[rows])
        precisions.append(precision[np.flatnonzero(recall >= 0.6)[-1]])  # the highest threshold that reaches it
    how = Resampling(confidence=0.5)
    for band, rows, place in (
        (roc_band(truth, scores, how=how), rates, 40),
        (precision_recall_band(truth, scores, how=how), precisions, 120),
    ):
        # The standard error of a quartile of 300 normal draws is 1.36 s / sqrt(300), and s is about 0.08.
        np.testing.assert_allclose([band.lower[place], band.upper[place]], np.quantile(rows, [0.25, 0.75]), atol=0.022)


def test_pointwise_bands_hold_the_truth_about_as_often_as_they_say():
    draws, how = np.random.default_rng(2), Resampling(resamples=200)
    rate = NORMAL.cdf(NORMAL.inv_cdf(0.2) + APART)  # 0.745
    alarms = NORMAL.cdf(-APART)  # of the negatives, above the median of the positives
    precision = 0.5 * PREVALENCE / (0.5 * PREVALENCE + alarms * (1 - PREVALENCE))  # 0.762
    held = np.zeros(2)
    for _ in range(100):
        truth, scores = binormal(draws, 200)
        roc, pr = roc_band(truth, scores, how=how), precision_recall_band(truth, scores, how=how)
        held += roc.lower[40] <= rate <= roc.upper[40], pr.lower[100] <= precision <= pr.upper[100]
    # 100 trials have a standard error of 0.022, and percentile intervals of 60 positives hold a little less than 95%.
    assert (held / 100 > 0.88).all()
    assert (held / 100 < 1).all()


def test_many_rows_are_cut_into_cells_of_both_classes():
    truth, scores = binormal(np.random.default_rng(3), 40_000)
    cuts = bands.cut_points(truth == 1, scores)
    assert cuts[0] == scores.min()
    assert np.isin(cuts, scores).all()
    assert bands.CELLS < cuts.size <= 2 * bands.CELLS + 3
    shares = np.diff(np.searchsorted(np.sort(scores[truth == 1]), cuts)) / truth.sum()
    assert shares.max() < 1.5 / bands.CELLS
    # At a rate of 0.2 the standard error of the rate of 12,000 positives, and of the threshold from 28,000 negatives.
    band = roc_band(truth, scores, how=Resampling(resamples=500))
    rate, slope = (
        NORMAL.cdf(NORMAL.inv_cdf(0.2) + APART),
        NORMAL.pdf(NORMAL.inv_cdf(0.2) + APART) / NORMAL.pdf(NORMAL.inv_cdf(0.2)),
    )
    error = (rate * (1 - rate) / truth.sum() + slope**2 * 0.16 / (1 - truth).sum()) ** 0.5
    assert band.upper[40] - band.lower[40] == pytest.approx(2 * 1.96 * error, rel=0.2)


def test_a_long_curve_keeps_exact_points_and_both_ends():
    truth, scores = binormal(np.random.default_rng(4), 40_000)
    band = precision_recall_band(truth, scores, how=Resampling(resamples=10))
    precision, recall, _ = sklearn_metrics.precision_recall_curve(truth, scores)
    assert 500 < band.x.size <= bands.POINTS + 1
    assert set(zip(band.x.round(10), band.y.round(10), strict=True)) <= set(
        zip(recall.round(10), precision.round(10), strict=True)
    )
    assert (band.x[0], band.x[-1], band.y[-1]) == (1, 0, 1)
    assert abs(np.diff(band.x)).max() < 0.01


def test_resamples_without_a_class_are_counted_and_left_out():
    truth, scores = np.array([0] * 30 + [1]), np.linspace(0, 1, 31)
    band = roc_band(truth, scores, how=Resampling(resamples=1000))
    # The one positive is missing from (1 - 1/31)^31 = 0.362 of them.
    assert band.undefined == pytest.approx(362, abs=60)
    assert np.isfinite(band.lower).all()
    assert np.isfinite(band.upper).all()


def test_the_same_seed_gives_the_same_band():
    truth, scores = binormal(np.random.default_rng(5), 60)
    one, same, other = (roc_band(truth, scores, how=Resampling(resamples=50, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.lower, same.lower)
    assert (one.lower != other.lower).any()
