"""Features say the same whatever the unit of the loss and the number of points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxopt_lab.curves.features import BLOCKS, blocked, features
from jaxopt_lab.curves.series import as_series


def falling(count=40, rise=0.5):
    at = np.linspace(0, 1, count)
    train = 2.0 * np.exp(-5 * at) + 0.05
    return {
        "train_loss": train, "val_loss": train + 0.2 + rise * np.maximum(0, at - 0.4),
        "train_accuracy": 1 - train / 4, "val_accuracy": 0.9 - train / 4,
    }  # fmt: skip


@given(unit=st.floats(1e-3, 1e3), rise=st.floats(0, 3))
@settings(max_examples=25)
def test_the_unit_of_the_loss_does_not_matter(unit, rise):
    curves = falling(rise=rise)
    scaled = curves | {name: unit * curves[name] for name in ("train_loss", "val_loss")}
    before, after = features(as_series(curves)), features(as_series(scaled))
    for name, value in before.items():
        assert after[name] == pytest.approx(value, abs=1e-6), name


def test_a_log_with_a_point_a_step_says_what_one_with_a_point_an_epoch_says():
    coarse, fine = features(as_series(falling(40))), features(as_series(falling(4000)))
    for name in coarse:
        if "rough" not in name and "rise" not in name:
            assert fine[name] == pytest.approx(coarse[name], abs=0.08), name  # blocks are means, points are not


def test_long_logs_become_blocks_of_means_and_gaps_are_left_out():
    np.testing.assert_allclose(blocked(np.arange(4.0 * BLOCKS)), 1.5 + 4 * np.arange(BLOCKS))
    np.testing.assert_array_equal(blocked(np.array([1.0, np.nan, 2.0])), [1.0, 2.0])


def test_features_by_hand():
    seen = features(as_series({
        "train_loss": [4.0, 2.0, 1.0, 1.0, 0.4], "val_loss": [4.0, 2.0, 1.0, 1.5, 2.0],
        "train_accuracy": [0.1, 0.5, 0.7, 0.8, 0.9], "val_accuracy": [0.1, 0.5, 0.6, 0.5, 0.5],
    }))  # fmt: skip
    assert seen["train_loss.level"] == pytest.approx(-1.0)  # 0.4 of 4
    assert seen["train_loss.fallen"] == pytest.approx(0.9)
    assert seen["val_loss.biggest_rise"] == pytest.approx(np.log10(0.25))
    assert seen["train_loss.straight"] == pytest.approx(1)
    assert seen["val_loss.straight"] == pytest.approx(0.5)  # down by 3, up by 1
    assert seen["gap.ratio"] == pytest.approx(np.log(5))
    assert seen["gap.end"] == pytest.approx(0.4)
    assert seen["accuracy_gap.end"] == pytest.approx(0.4)
    assert seen["val_accuracy.gained"] == pytest.approx(0.4)


def test_guessing_is_the_reference_where_the_number_of_classes_fits():
    curves = {"train_loss": [2.0, np.log(10) / 10]}
    assert features(as_series(curves, 10))["train_loss.level"] == pytest.approx(-1)
    squared = {"train_loss": [0.02, 0.002]}  # no cross-entropy among 10 classes begins there
    assert features(as_series(squared, 10))["train_loss.level"] == pytest.approx(-1)


def test_a_curve_of_one_point_or_of_zeros_has_finite_features():
    assert features(as_series({"train_loss": [1.0]})) == {}
    for value in (0.0, -1.0):
        seen = features(as_series({"train_loss": [value] * 5, "val_loss": [value] * 5, "val_accuracy": [0.0] * 5}))
        assert np.isfinite(list(seen.values())).all()
