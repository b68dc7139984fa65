"""Pictures of remedies and of classes by their frequency: what is drawn is what was given."""

import numpy as np
import pytest
import xarray as xr

from jaxopt_lab.plots.remedies import loss_by_frequency, remedies

METRICS = ("auc", "balanced_accuracy", "risk_ratio")


@pytest.fixture
def comparison():
    mean = np.linspace(0.5, 0.9, 12).reshape(3, 2, 2)
    coords = {"metric": list(METRICS), "remedy": ["none", "class weights"], "prevalence": [0.2, 0.05]}
    value = xr.DataArray(mean, coords=coords)
    return xr.Dataset({"mean": value, "lower": value - 0.1, "upper": value + 0.2})


def test_every_mean_and_interval_is_drawn_at_its_place(comparison):
    _, drawn = remedies(comparison)
    assert len(drawn) == 6
    for place, bars in enumerate(drawn):
        one = comparison.isel(prevalence=place % 2).sel(metric=METRICS[place // 2])
        points, _, (lines,) = bars.lines
        np.testing.assert_allclose(np.asarray(points.get_xdata()), one["mean"])
        ends = np.array(lines.get_segments())[:, :, 0]
        np.testing.assert_allclose(ends, np.stack([one.lower, one.upper], axis=1))


def test_the_remedies_are_named_once_and_the_shares_in_the_legend(comparison):
    figure, _ = remedies(comparison, title="A title")
    labels = [[text.get_text() for text in ax.get_yticklabels()] for ax in figure.axes]
    assert labels == [["none", "class weights"], ["", ""], ["", ""]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["0.2", "0.05"]
    assert figure.get_suptitle() == "A title"


def test_a_right_risk_is_marked_and_a_risk_many_times_too_high_is_drawn_on_a_log_axis(comparison):
    figure, _ = remedies(comparison)
    assert [1.0, 1.0] in [np.asarray(line.get_xdata()).tolist() for line in figure.axes[2].lines]
    assert figure.axes[2].get_xscale() == "linear"
    figure, _ = remedies(comparison * 10)
    assert figure.axes[2].get_xscale() == "log"
    assert [text.get_text() for text in figure.axes[2].get_xticklabels()] == ["0.25", "0.5", "1", "2", "5", "10"]


def test_each_optimiser_has_its_panel_and_each_frequency_its_line():
    losses = {"gradient descent": [[3.0, 1.0], [3.0, 2.5]], "Adam": [[3.0, 0.5], [3.0, 0.6]]}
    figure, lines = loss_by_frequency(losses, [0, 10], [0.5, 0.01], title="Rare classes")
    assert [ax.get_title(loc="left") for ax in figure.axes] == list(losses)
    assert [np.asarray(line.get_ydata()).tolist() for line in lines] == [[3.0, 1.0], [3.0, 2.5], [3.0, 0.5], [3.0, 0.6]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["1 in 2", "1 in 100"]
