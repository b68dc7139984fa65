"""Labels come from what happens when something is changed, on runs made by hand whose answer is known."""

import numpy as np
import pytest
import xarray as xr

from jaxopt_lab.curves.vocabulary import LABELS, REMEDIES
from jaxopt_lab.labs.curves.labels import label_runs

DIMS = ("family", "data", "width", "regularisation", "rate", "seed", "epoch")
SHAPE = (1, 2, 2, 2, 7, 2, 21)
EPOCHS = 10


def decay(end, start=2.0, speed=2.0):
    """From start to end, all but there after a few epochs."""
    return end + (start - end) * np.exp(-speed * np.arange(21.0))


def made_up():
    """Every run falls from 2 to 0.2 in training and to 0.5 in truth, whatever its conditions."""
    train, truth = np.broadcast_to(decay(0.2), SHAPE).copy(), np.broadcast_to(decay(0.5), SHAPE).copy()
    truth[..., 1, :] += 1e-3  # seeds differ a little
    runs = {"train_loss": train, "true_loss": truth, "validation_loss": truth.copy()}
    return xr.Dataset({name: (DIMS, values) for name, values in runs.items()})


def label_at(labels, **where):
    return LABELS[int(labels.label.isel({"family": 0} | where).to_numpy().ravel()[0])]


HERE = {"data": 0, "width": 0, "regularisation": 0, "rate": 3, "seed": 0}


def test_where_no_change_helps_all_is_good():
    labels = label_runs(made_up(), EPOCHS)
    assert (labels.label == LABELS.index("good")).all()
    assert not labels.helped.any()
    assert labels.attrs["epochs"] == EPOCHS


@pytest.mark.parametrize("loss", [np.nan, np.inf, 3.1])
def test_what_is_not_finite_or_ends_above_one_and_a_half_times_its_start_has_diverged(loss):
    runs = made_up()
    runs.train_loss.loc[HERE | {"epoch": slice(5, None)}] = loss
    runs.true_loss.loc[HERE | {"epoch": slice(5, None)}] = loss
    labels = label_runs(runs, EPOCHS)
    assert label_at(labels, **HERE) == "diverged"
    assert (labels.label == LABELS.index("diverged")).sum() == 1


@pytest.mark.parametrize(("end", "expected"), [(0.39, "learning_rate_too_low"), (0.37, "good")])
def test_a_rate_is_too_low_if_a_higher_one_closes_a_tenth_of_the_way(end, expected):
    """From 2 to 0.2 the way is 1.8 long: a tenth of it is 0.18."""
    runs = made_up()
    lowest = HERE | {"rate": 0}
    runs.train_loss.loc[lowest] = decay(end)
    assert label_at(label_runs(runs, EPOCHS), **lowest) == expected


def test_a_rate_is_too_high_if_a_lower_one_closes_it_and_the_better_of_both_decides():
    runs = made_up()
    highest = HERE | {"rate": 6}
    runs.train_loss.loc[highest] = decay(0.6)
    assert label_at(label_runs(runs, EPOCHS), **highest) == "learning_rate_too_high"
    middle = HERE | {"seed": 0}
    runs.train_loss.loc[middle] = decay(0.6)
    runs.train_loss.loc[HERE | {"rate": slice(4, 7)}] = decay(0.1)
    assert label_at(label_runs(runs, EPOCHS), **middle) == "learning_rate_too_low"


def test_a_true_risk_that_rises_in_every_seed_is_overfitting_and_stopping_early_helps():
    runs = made_up()
    rising = decay(0.5) + 0.05 * np.maximum(0, np.arange(21) - 3)
    for name in ("true_loss", "validation_loss"):
        runs[name].loc[HERE | {"seed": slice(None)}] = rising
    labels = label_runs(runs, EPOCHS)
    assert label_at(labels, **HERE) == "overfitting"
    stopped = labels.sel(remedy="stop_early").isel({"family": 0} | HERE)
    assert bool(stopped.helped)
    # risk 0.85 at the end, 0.504 at its lowest, and others of the cell end at 0.5 on a way of 1.5
    assert float(stopped.closed) == pytest.approx((0.85 - 0.5 - 1.5 * np.exp(-6)) / 1.5, abs=1e-3)


@pytest.mark.parametrize(("slope", "swing", "overfits"), [(0.0045, 0, True), (0.003, 0, False), (0.0045, 0.02, False)])
def test_a_rise_counts_from_a_twentieth_of_the_lowest_value_and_three_times_the_swings(slope, swing, overfits):
    """The lowest is 0.5037, at 3; seven epochs later 0.0045 an epoch have made 5.5% of it, 0.003 have made 3.5%."""
    runs = made_up()
    at = np.arange(21)
    rising = decay(0.5) + slope * np.maximum(0, at - 3) + swing * (at % 2) * (at > 4) * (at < 10)
    runs.true_loss.loc[HERE | {"seed": slice(None)}] = rising
    assert (label_at(label_runs(runs, EPOCHS), **HERE) == "overfitting") == overfits


def test_a_rise_in_one_seed_alone_is_not_called_overfitting_and_not_good():
    runs = made_up()
    runs.true_loss.loc[HERE] = decay(0.5) + 0.05 * np.maximum(0, np.arange(21) - 3)
    assert label_at(label_runs(runs, EPOCHS), **HERE) == "inconclusive"


def test_underfitting_is_what_only_a_wider_network_mends():
    runs = made_up()
    narrow = {"width": 0}
    runs.train_loss.loc[narrow] = decay(1.0)
    runs.true_loss.loc[narrow] = decay(1.2)
    labels = label_runs(runs, EPOCHS)
    assert set(labels.label.sel(width=0).to_numpy().ravel()) == {LABELS.index("underfitting")}
    assert set(labels.label.sel(width=1).to_numpy().ravel()) == {LABELS.index("good")}
    assert labels.helped.sel(remedy="larger_model", width=0).all()


def test_what_more_budget_would_mend_is_no_underfitting():
    runs = made_up()
    slow = {"width": 0}
    runs.train_loss.loc[slow] = decay(0.3, speed=0.05)
    runs.true_loss.loc[slow] = decay(0.5, speed=0.05)
    labels = label_runs(runs, EPOCHS)
    assert set(labels.label.sel(width=0).to_numpy().ravel()) == {LABELS.index("inconclusive")}
    assert labels.helped.sel(remedy="train_longer", width=0).all()


def test_each_remedy_is_the_neighbour_that_it_says():
    runs = made_up()
    steps = {"data": 1.0, "width": 10.0, "regularisation": 100.0, "rate": 1000.0}
    for dim, size in steps.items():
        runs["true_loss"] = runs.true_loss + size * xr.DataArray(np.arange(runs.sizes[dim]), dims=dim)
    runs["true_loss"] = runs.true_loss.transpose(*DIMS)
    closed = label_runs(runs, EPOCHS).closed.isel(family=0)
    middle = {"data": 0, "width": 0, "regularisation": 0, "rate": 3, "seed": 0}
    moved = {
        "rate_down_3": 1,
        "rate_down_10": 1,
        "rate_up_3": -1,
        "rate_up_10": -1,
        "larger_model": -1,
        "more_data": -1,
    }
    for remedy, sign in moved.items():
        assert np.sign(closed.sel(remedy=remedy).isel(**middle)) == sign, remedy
    assert np.isnan(closed.sel(remedy="smaller_model").isel(**middle))
    assert np.isnan(closed.sel(remedy="rate_up_10").isel(**middle | {"rate": 5}))
    assert np.isfinite(closed.sel(remedy="smaller_model").isel(**middle | {"width": 1}))
    assert closed.remedy.to_numpy().tolist() == list(REMEDIES)
