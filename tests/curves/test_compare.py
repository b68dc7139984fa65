"""Runs of one sweep are held against one another by their learning rates."""

import pytest

from jaxopt_lab.curves.compare import compare_rates
from jaxopt_lab.curves.series import peak_rate

NAN = float("nan")


def run(rate, *loss):
    return {"train_loss": loss, "learning_rate": [rate] * len(loss)}


def test_another_rate_is_better_from_a_tenth_of_the_way_on():
    """From 2.0 to 0.2 the way is 1.8 long: a tenth of it is 0.18."""
    runs = {"low": run(0.01, 2.0, 1.5, 1.1), "best": run(0.1, 2.0, 0.5, 0.2), "near": run(0.3, 2.0, 0.6, 0.37)}
    found = compare_rates(runs | {"lost": run(9.0, 2.0, 5.0, NAN, NAN)})
    assert found.keys() == {"low", "lost"}
    assert found["low"] == ("best", 0.1, pytest.approx(0.5))
    assert found["lost"].closes == 1


def test_nothing_is_said_where_nothing_differs_or_is_known():
    assert compare_rates({"a": run(0.1, 2.0, 1.0), "b": run(0.1, 2.0, 0.1)}) == {}
    assert compare_rates({"a": {"train_loss": [2.0, 1.0]}, "b": {"train_loss": [2.0, 0.1]}}) == {}
    assert compare_rates({"a": {"val_loss": [2.0], "learning_rate": [1.0]}, "b": run(0.1, 2.0, 1.0)}) == {}
    assert compare_rates({"a": run(0.1, NAN, NAN), "b": run(1.0, NAN, NAN)}) == {}


def test_the_rate_is_the_one_after_warm_up():
    assert peak_rate({"learning_rate": [0.0, 0.3, NAN, 0.1]}) == 0.3
    assert peak_rate({"learning_rate": 0.5}) == 0.5
    assert peak_rate({"learning_rate": [NAN]}) is None
    assert peak_rate({}) is None
