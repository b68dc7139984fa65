"""What users hand in becomes arrays; what does not fit is refused in a sentence."""

import math

import numpy as np
import pandas as pd
import pytest

from jaxopt_lab.curves import diagnose
from jaxopt_lab.curves.series import as_series

NAN = float("nan")


@pytest.mark.parametrize(
    ("train", "validation", "lost_at"),
    [
        ([2.0, 1.0, 0.5], None, None),
        ([2.0, 1.0, NAN], None, 2),
        ([2.0, math.inf, 3.0], None, 1),
        ([2.0, NAN, 1.0, NAN], None, None),  # the gap at the end is no longer than the one before
        ([2.0, NAN, 1.0, NAN, NAN], None, 3),
        ([NAN, NAN, 2.0, NAN, NAN], None, None),
        ([NAN, NAN], None, 0),
        ([2.0, 1.0, 0.5], [NAN, NAN, NAN], None),  # a validation loss that was never logged
        ([2.0, 1.0, 0.5], [2.0, NAN, NAN], None),  # nor one that is not logged any more
        ([2.0, 1.0, NAN], [2.0, NAN, NAN], 2),
        ([2.0, 1.0, 0.5], [2.0, math.inf, 1.0], 1),
    ],
)
def test_a_gap_is_told_from_a_loss_that_is_not_finite(train, validation, lost_at):
    curves = {"train_loss": train} | ({} if validation is None else {"val_loss": validation})
    assert as_series(curves).lost_at == lost_at


def test_a_table_and_a_mapping_say_the_same():
    curves = {"epoch": [0, 1, 2], "train_loss": [3.0, 2.0, 1.0], "val_loss": [3.0, None, 2.0], "run": ["a"] * 3}
    one, other = as_series(curves), as_series(pd.DataFrame(curves))
    np.testing.assert_array_equal(one.position, [0, 1, 2])
    np.testing.assert_array_equal(other.position, [0, 1, 2])
    for name in ("train_loss", "val_loss"):
        np.testing.assert_array_equal(one.curves[name], other.curves[name])


def test_percents_become_shares():
    np.testing.assert_allclose(as_series({"val_accuracy": [50, 75.0]}).curves["val_accuracy"], [0.5, 0.75])
    both = as_series({"train_accuracy": [1.0, 90.0], "val_accuracy": [1.0, 1.0]}).curves  # stuck at 1 of 100 classes
    np.testing.assert_allclose(both["val_accuracy"], [0.01, 0.01])


def test_rows_that_go_back_count_as_they_were_written_last():
    again = as_series({"epoch": [0, 1, 2, 1, 2, 3], "train_loss": [3.0, 2.0, 1.9, 1.8, 1.2, 1.0]})
    np.testing.assert_array_equal(again.position, [0, 1, 2, 3])
    np.testing.assert_array_equal(again.curves["train_loss"], [3.0, 1.8, 1.2, 1.0])
    apart = as_series({"epoch": [0, 1, 0, 1], "train_loss": [2.0, 1.0, NAN, NAN], "val_loss": [NAN, NAN, 3.0, 2.0]})
    np.testing.assert_array_equal(apart.curves["train_loss"], [2.0, 1.0])
    np.testing.assert_array_equal(apart.curves["val_loss"], [3.0, 2.0])
    assert apart.lost_at is None


@pytest.mark.parametrize(
    ("curves", "words"),
    [
        ({"loss": [1.0]}, "none of train_loss, .* is there, but loss"),
        ({}, "but nothing"),
        ({"train_loss": [1.0, 2.0], "val_loss": [1.0]}, "they differ in length"),
        ({"train_loss": []}, "no point"),
        ({"train_loss": ["low", "high"]}, "train_loss: it holds what is no number"),
        ({"train_loss": [[1.0]]}, r"train_loss: got shape \(1, 1\)"),
        ({"val_accuracy": [NAN]}, "no loss and no accuracy holds a number"),
        ({"train_loss": [1.0, 2.0], "run": ["a", "b"]}, "run: the table holds 2 runs"),
        ({"train_loss": [1.0], "num_classes": 1}, "num_classes: got 1"),
        ({"train_loss": [1.0], "num_classes": 2.5}, "num_classes: got 2.5"),
    ],
)
def test_what_does_not_fit_is_refused(curves, words):
    with pytest.raises(ValueError, match=words):
        diagnose(curves)


def test_what_is_no_table_is_refused():
    with pytest.raises(TypeError, match="curves: got list; pass a mapping"):
        diagnose([1.0, 2.0])
