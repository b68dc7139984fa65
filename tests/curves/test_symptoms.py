"""Rules find what was put into the curves, where it was put, and nothing in curves that are in order."""

import numpy as np
import pytest

from jaxopt_lab.curves.series import as_series
from jaxopt_lab.curves.symptoms import CHECKS, look

GOOD = {
    "train_loss": [2.3, 1.2, 0.7, 0.5, 0.41, 0.36, 0.33, 0.31, 0.3, 0.295],
    "val_loss": [2.3, 1.3, 0.8, 0.6, 0.51, 0.47, 0.45, 0.44, 0.435, 0.43],
    "train_accuracy": [0.1, 0.6, 0.75, 0.8, 0.83, 0.85, 0.86, 0.87, 0.88, 0.88],
    "val_accuracy": [0.1, 0.58, 0.72, 0.77, 0.8, 0.81, 0.82, 0.83, 0.83, 0.83],
}


def found(curves, **told):
    return {finding.symptom: finding for finding in look(as_series(curves, **told))[0]}


def test_nothing_is_found_in_good_curves_and_every_check_runs():
    findings, missing = look(as_series(GOOD))
    assert findings == ()
    assert missing == ()


@pytest.mark.parametrize(
    ("symptom", "curves", "curve", "start", "value"),
    [
        ("not_finite", {"train_loss": [2.0, 1.0, np.nan]}, "train_loss", 3, None),
        ("ends_above_start", {"train_loss": [2.0, 1.0, 3.0, 8.0]}, "train_loss", 1, 4.0),
        ("validation_rises", {"val_loss": [2.0, 1.0, 1.2, 1.5]}, "val_loss", 2, 0.5),
        ("accuracy_gap", GOOD | {"val_accuracy": [0.6] * 10}, "val_accuracy", 10, 0.28),
        ("loss_gap", {"train_loss": [2.0, 0.1], "val_loss": [2.0, 1.0]}, "val_loss", 2, 10.0),
        ("accuracy_falls", {"val_accuracy": [0.5, 0.9, 0.8, 0.7]}, "val_accuracy", 2, 0.2),
        ("jumps", {"train_loss": [2.0, 1.0, 2.0, 0.9]}, "train_loss", 2, 0.5),
        ("does_not_learn", {"train_loss": [2.303, 2.302, 2.304, 2.303, 2.303]}, "train_loss", 1, 0.0),
        ("stalls", {"train_loss": [2.0, 1.5, 1.3, 1.21, 1.2, 1.21, 1.2, 1.2]}, "train_loss", 5, 0.6),
        ("training_rises", {"train_loss": [2.0, 1.0, 1.2, 1.5]}, "train_loss", 2, 0.25),
        ("still_falling", {"train_loss": [2.0, 1.8, 1.6, 1.4, 1.2]}, "train_loss", 4, 0.25),
    ],
)
def test_a_symptom_is_found_where_it_is(symptom, curves, curve, start, value):
    finding = found(curves)[symptom]
    assert finding.curve == curve
    assert finding.start == start
    if value is not None:
        assert finding.value == pytest.approx(value)
    assert curve in finding.sentence or symptom == "not_finite"


def test_oscillation_is_told_from_a_little_noise():
    at = np.arange(30)
    swinging = 1 + 0.3 * (-1.0) ** at
    finding = found({"train_loss": swinging})["oscillates"]
    assert (finding.start, finding.stop) == (16, 30)
    # second differences of +-0.3 are +-1.2; 1.2 / sqrt 6 of the first value 1.3
    assert finding.value == pytest.approx(1.2 / np.sqrt(6) / 1.3)
    assert "oscillates" not in found({"train_loss": 1 + 0.003 * (-1.0) ** at})


def test_positions_are_on_the_users_axis():
    finding = found({"step": [100, 200, 300, 400], "val_loss": [2.0, 1.0, 1.2, 1.5]})["validation_rises"]
    assert (finding.start, finding.stop) == (200, 400)
    assert "at 200" in finding.sentence


def test_guessing_is_named():
    finding = found({"train_loss": [2.6, 1.5, 2.303, 2.302, 2.303]}, num_classes=10)["guesses"]
    assert (finding.start, finding.stop) == (3, 5)
    assert "guessing among 10 classes" in finding.sentence
    assert "guesses" not in found({"train_loss": [2.303] * 6})
    assert "guesses" not in found({"train_loss": [2.3, 2.1, 2.1]}, num_classes=10)


def test_of_losses_below_zero_nothing_untrue_is_said():
    """A bound on a likelihood may fall from 1 to -9 and rise to -5: by 4, which is 40% of its range."""
    finding = found({"train_loss": [1.0, -4.0, -9.0, -12.0], "val_loss": [1.0, -9.0, -6.0, -5.0]})
    assert finding.keys() == {"validation_rises"}
    assert finding["validation_rises"].value == pytest.approx(0.4)
    assert "40% of its range above its lowest value -9" in finding["validation_rises"].sentence


def test_checks_that_lack_a_curve_say_which():
    _, missing = look(as_series({"train_loss": [2.0, 1.0, 0.5]}))
    assert missing == (
        "validation loss rises: needs val_loss",
        "gap between training and validation: needs val_loss or val_accuracy",
        "validation accuracy falls: needs val_accuracy",
    )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_points_break_no_check(count):
    for check in CHECKS:
        series = as_series({name: values[:count] for name, values in GOOD.items()})
        assert check.look(series) is None or count > 1, check.name
