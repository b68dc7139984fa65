"""Pictures of diagnoses and of training sweeps hold what they were given."""

import numpy as np
import pytest

from jaxopt_lab import plots
from jaxopt_lab.curves import diagnose

RUN = {
    "epoch": [0, 1, 2, 3, 4], "train_loss": [2.0, 1.0, 0.5, 0.3, 0.2], "val_loss": [2.0, 1.0, np.nan, 1.4, 1.9],
    "train_accuracy": [0.1, 0.5, 0.7, 0.8, 0.9], "val_accuracy": [0.1, 0.5, 0.6, 0.55, 0.5],
}  # fmt: skip


def test_findings_are_marked_where_they_are():
    findings = diagnose(RUN).findings
    drawn = plots.diagnosed_curves(RUN, findings)
    assert [line.get_label() for line in drawn.lines] == ["train", "validation"]
    np.testing.assert_array_equal(drawn.lines[1].get_xdata(), [0, 1, 3, 4])  # the gap is left out
    on_losses = [number for number, finding in enumerate(findings, 1) if finding.curve.endswith("loss")]
    assert [mark.get_text() for mark in drawn.marks] == [str(number) for number in on_losses]
    rising = next(number for number, finding in enumerate(findings, 1) if finding.symptom == "validation_rises")
    mark = next(mark for mark in drawn.marks if mark.get_text() == str(rising))
    assert mark.xy == (1.0, pytest.approx(1.0))
    assert drawn.ax.get_xlabel() == "epoch"


def test_a_diagnosis_is_two_pairs_of_axes_and_sentences():
    found = diagnose(RUN)
    figure = plots.diagnosis(RUN, found)
    losses, accuracies = figure.axes
    assert (losses.get_ylabel(), accuracies.get_ylabel()) == ("loss", "accuracy")
    assert losses.get_title("left").startswith(found.label.replace("_", " "))
    below = figure.get_supxlabel().replace("\n    ", " ")
    for finding in found.findings:
        assert finding.sentence in below


def test_a_spike_does_not_flatten_the_rest():
    loss = np.r_[2.0, 1e6, np.linspace(1, 0.5, 30)]
    assert plots.diagnosed_curves({"train_loss": loss}).ax.get_ylim()[1] < 10


@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_sweep_has_all_runs_over_one_another_and_a_panel_a_run_on_one_scale(count):
    runs = {f"rate {rate}": RUN for rate in range(count)}
    figure = plots.rate_sweep(runs, dict.fromkeys(runs, "good"))
    above, *below = figure.axes
    assert above.get_title("left") == "all runs: validation loss"
    assert [line.get_label() for line in above.lines] == list(runs)
    np.testing.assert_array_equal(above.lines[0].get_xdata(), [0, 1, 3, 4])
    assert [ax.get_title("left") for ax in below] == [f"{name}: good" for name in runs]
    assert len({ax.get_ylim() for ax in figure.axes}) == 1


def test_losses_below_zero_are_inside_the_picture():
    figure = plots.rate_sweep({"bound": {"train_loss": [1.0, -3.0, -9.0]}}, {"bound": "good"})
    assert figure.axes[0].get_ylim()[0] < -9
    assert figure.axes[0].get_title("left") == "all runs: training loss"


def test_isolation_shows_the_lowest_and_who_diverged():
    drawn = plots.isolation([0.1, 0.1, 1.0, 10.0], [0.5, 0.4, 0.3, np.inf], bad_from=10.0)
    np.testing.assert_array_equal(drawn.best.get_xdata(), [0.1, 1.0])
    np.testing.assert_array_equal(drawn.best.get_ydata(), [0.4, 0.3])
    assert drawn.diverged is not None
    assert np.asarray(drawn.diverged.get_xdata()).tolist() == [10.0]
    assert "bad from 10 on" in drawn.ax.get_legend_handles_labels()[1]
    assert plots.isolation([0.1], [0.5]).diverged is None


def test_learning_curves_are_medians_over_seeds():
    lines = plots.learning_curve([10, 100], {"train": [[0.1, 0.3, 0.2], [0.4, 0.6, 0.5]]}, floor=0.05)
    np.testing.assert_array_equal(lines[0].get_ydata(), [0.2, 0.5])
    assert lines[0].get_label() == "train"
