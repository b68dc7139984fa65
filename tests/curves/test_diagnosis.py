"""The doctor's word: certain where a rule decides, silent where it lacks a curve, the same in any unit."""

import itertools
import json
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from jaxopt_lab import curves
from jaxopt_lab.curves.diagnosis import TIE, Doctor, shipped
from jaxopt_lab.curves.model import Model, bent, set_name
from jaxopt_lab.curves.vocabulary import AIMED, CURVES, LABELS, REMEDIES
from jaxopt_lab.labs.curves.fitting import curve_sets

NAN = float("nan")


def textbook(count=30, seed=0):
    """Curves as textbooks draw them, one of each kind."""
    at, noise = np.arange(count), 0.004 * np.random.default_rng(seed).normal(size=(2, count))
    falling = 0.25 + 2.05 * np.exp(-at / (count / 9))
    memorised = 0.02 + 2.2 * np.exp(-at / (count / 9))
    swinging = 1.9 + 0.5 * np.where(at % 2, 1, -1) * np.random.default_rng(seed).uniform(0.3, 1, count)
    return {
        "good": {"train_loss": falling + noise[0], "val_loss": falling + 0.05 + noise[1]},
        "overfitting": {
            "train_loss": memorised, "val_loss": 0.6 + 1.6 * np.exp(-at / (count / 9)) + 0.06 * np.maximum(0, at - 8),
        },
        "learning_rate_too_low": {
            "train_loss": 2.303 - 0.012 * at, "val_loss": 2.303 - 0.0119 * at,
            "train_accuracy": 0.1 + 0.006 * at, "val_accuracy": 0.1 + 0.006 * at,
        },
        "learning_rate_too_high": {
            "train_loss": swinging, "val_loss": swinging[::-1],
            "train_accuracy": 0.5 - swinging / 6, "val_accuracy": 0.5 - swinging[::-1] / 6,
        },
        "diverged": {"train_loss": [2.3, 4.0, 80.0, NAN, NAN], "val_loss": [2.3, 5.0, 90.0, NAN, NAN]},
    }  # fmt: skip


@pytest.mark.parametrize("label", list(textbook()))
@pytest.mark.parametrize("count", [20, 200])
def test_what_textbooks_draw_is_recognised(label, count):
    diagnosis = curves.diagnose(textbook(count)[label], num_classes=10)
    assert diagnosis.label == label
    assert sum(diagnosis.probabilities.values()) == pytest.approx(1)
    assert list(diagnosis.probabilities) == list(LABELS)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_the_unit_of_the_loss_does_not_matter(unit):
    for run in textbook().values():
        scaled = {name: unit * np.asarray(values) if "loss" in name else values for name, values in run.items()}
        before, after = curves.diagnose(run), curves.diagnose(scaled)
        assert after.label == before.label
        assert after.probabilities == pytest.approx(before.probabilities, abs=1e-6)


def test_good_and_overfitting_want_validation():
    for run in textbook().values():
        for kept in [("train_loss",), ("train_loss", "train_accuracy"), ("val_loss",), ("val_loss", "val_accuracy")]:
            shown = {name: values for name, values in run.items() if name in kept}
            label = curves.diagnose(shown).label
            assert label != "good", kept
            assert label != "overfitting" or "val_loss" in kept


def test_too_few_points_are_inconclusive():
    for count in (1, 2):
        diagnosis = curves.diagnose({"train_loss": [2.0] * count, "val_loss": [2.0] * count})
        assert diagnosis.label == "inconclusive"
        assert diagnosis.probabilities["inconclusive"] == 1


def test_curves_that_never_move_are_inconclusive():
    for value in (0.0, 0.69, -3.0):
        assert curves.diagnose({"train_loss": [value] * 9, "val_loss": [value] * 9}).label == "inconclusive"


def test_divergence_is_certain():
    for loss in ([2.0, 1.0, NAN, NAN], [2.0, np.inf], [2.0, 2.5, 7.2, 6.4, 6.3]):
        diagnosis = curves.diagnose({"train_loss": loss})
        assert diagnosis.label == "diverged"
        assert diagnosis.probabilities["diverged"] > 0.95
    assert curves.diagnose({"train_loss": [2.3, 2.5, 3.9, 3.6, 3.7]}, num_classes=10).label == "diverged"
    assert {"not_finite", "ends_above_start"} & {finding.symptom for finding in diagnosis.findings}


@pytest.mark.parametrize("label", ["overfitting", "learning_rate_too_high", "learning_rate_too_low", "diverged"])
def test_what_takes_the_cause_away_comes_first_and_in_both_parts_what_helped_more(label):
    remedies = curves.diagnose(textbook()[label], num_classes=10).remedies
    aimed = [remedy.name in AIMED[label] for remedy in remedies]
    assert aimed[0]
    assert aimed == sorted(aimed, reverse=True)
    for part in (True, False):
        success = [remedy.success for remedy in remedies if (remedy.name in AIMED[label]) == part]
        assert all(later <= earlier + TIE for earlier, later in itertools.pairwise(success))
    assert all(remedy.words == REMEDIES[remedy.name] and remedy.tried > 0 for remedy in remedies)
    assert curves.diagnose(textbook()["good"], num_classes=10).remedies == ()


def test_of_remedies_as_good_the_cheaper_comes_first():
    numbers = json.loads(resources.files("jaxopt_lab.curves").joinpath("model.json").read_text(encoding="utf-8"))
    for tried in numbers["remedies"].values():
        for each in tried.values():
            each["helped"] = 0.5
    names = [remedy.name for remedy in Doctor(numbers).diagnose(textbook()["overfitting"]).remedies]
    rest = [name for name in REMEDIES if name not in AIMED["overfitting"]]
    assert names == [*AIMED["overfitting"], *rest]


def test_every_set_of_curves_has_a_model_of_its_own_features():
    numbers = json.loads(resources.files("jaxopt_lab.curves").joinpath("model.json").read_text(encoding="utf-8"))
    assert numbers["models"].keys() == {set_name(names) for names in curve_sets()}
    assert len(numbers["models"]) == 15
    assert numbers["remedies"].keys() == set(LABELS)
    needed = {"gap": ("train_loss", "val_loss"), "accuracy_gap": ("train_accuracy", "val_accuracy")}
    for name, model in numbers["models"].items():
        for feature in model["features"]:
            curve = feature.partition(".")[0]
            assert set(needed.get(curve, (curve,))) <= set(name.split(" + "))


@pytest.mark.parametrize("missing", CURVES)
def test_any_curve_may_be_missing(missing):
    run = textbook()["learning_rate_too_low"]
    diagnosis = curves.diagnose({name: values for name, values in run.items() if name != missing})
    assert diagnosis.label in LABELS


def test_a_model_by_hand():
    names = {"a": {"range": [0.0, 1.0], "knots": [0.5, 0.8], "weights": {label: [0.0, 0.0, 0.0] for label in LABELS}}}
    names["a"]["weights"] = names["a"]["weights"] | {"good": [1.0, 2.0, 0.0]}
    model = Model({"features": names, "intercept": dict.fromkeys(LABELS, 0.0)})
    chances = model.probabilities(np.array([[0.0], [0.7], [9.0]]))
    # scores of "good": 0; 0.7 + 2 x 0.2; 1 + 2 x 0.5, since 9 counts as 1
    scores = np.array([0.0, 1.1, 2.0])
    np.testing.assert_allclose(chances[:, 0], np.exp(scores) / (np.exp(scores) + 6))
    assert bent(np.array([0.7]), 0.0, 1.0, np.array([[0.5, 0.8]])).tolist() == [[0.7, pytest.approx(0.2), 0.0]]


def test_a_table_that_read_gives_is_taken(tmp_path):
    run = textbook()["overfitting"]
    log = tmp_path / "training.csv"
    pd.DataFrame({"epoch": range(30), "loss": run["train_loss"], "val_loss": run["val_loss"]}).to_csv(log, index=False)
    diagnosis = curves.diagnose(curves.read(log))
    assert diagnosis.label == "overfitting"
    # the lowest of 0.6 + 1.6 exp(-3 t / 10) + 0.06 max(0, t - 8) over whole epochs is at 8
    assert {finding.symptom: finding.start for finding in diagnosis.findings}["validation_rises"] == 8


def test_the_shipped_doctor_is_made_once():
    assert isinstance(shipped(), Doctor)
    assert shipped() is shipped()


def test_a_learning_rate_tells_far_too_high_from_far_too_low():
    """A loss that never moves looks the same at both."""
    low, high = "learning_rate_too_low", "learning_rate_too_high"
    stuck = {name: [2.34, 2.33, 2.34, 2.33, 2.34, 2.33, 2.34, 2.34] for name in ("train_loss", "val_loss")}
    told = curves.diagnose(stuck).probabilities
    assert curves.diagnose(stuck | {"learning_rate": 0.1}).probabilities == told
    slow = curves.diagnose(stuck | {"learning_rate": 1e-6})
    assert slow.probabilities == told | {high: 0.0, low: told[low] + told[high]}
    assert slow.label == low
    warmed_up = curves.diagnose(stuck | {"learning_rate": [0.0, 1e6, 1e3, 10, 1, 0, 0, 0]})
    assert warmed_up.probabilities == told | {low: 0.0, high: told[low] + told[high]}
    with pytest.raises(ValueError, match="learning_rate: it holds what is no number; pass numbers"):
        curves.diagnose(stuck | {"learning_rate": "fast"})


@pytest.mark.parametrize("seed", range(10))
def test_who_has_learnt_nothing_is_neither_good_nor_overfits(seed):
    draws = np.random.default_rng(seed)
    guessing = {name: np.log(10) + 0.003 * draws.normal(size=20) for name in ("train_loss", "val_loss")}
    guessing |= {name: 0.1 + 0.003 * draws.normal(size=20) for name in ("train_accuracy", "val_accuracy")}
    told = curves.diagnose(guessing, num_classes=10).probabilities
    assert told["good"] == told["overfitting"] == 0.0
    assert sum(told.values()) == pytest.approx(1)
    assert curves.diagnose(guessing).probabilities["good"] > 0.0  # it may be at its best, for all that is known
    learnt = guessing | {"val_loss": np.geomspace(np.log(10), 1.0, 20)}
    assert curves.diagnose(learnt, num_classes=10).probabilities["good"] > 0.0
