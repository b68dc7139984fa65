"""The laboratory of training curves: what it says is what the sweep measured."""

import json

import numpy as np
import pytest

from jaxopt_lab import optimizers, sweep
from jaxopt_lab.labs import curves
from jaxopt_lab.labs.curves import experiment, measure

EPOCHS, SEEDS, STEPS = 4, 2, 8  # 1,078 training rows in batches of 128 are 8 steps an epoch


@pytest.fixture(scope="module")
def findings():
    return curves.run(num_epochs=EPOCHS, num_seeds=SEEDS)


@pytest.fixture(scope="module")
def result(findings):
    """The same sweep again, whose program is compiled by now."""
    del findings
    return sweep(
        experiment.network, optimizers.sgd, experiment.GRID, starts=SEEDS, num_steps=EPOCHS * STEPS, record=STEPS,
        seed=0, chunk_size=experiment.CHUNK_SIZE,
    )  # fmt: skip


def test_a_scenario_differs_from_the_good_one_in_what_was_done_to_it():
    good = {"learning_rate": 0.1, "train_fraction": 1.0, "label_noise": 0.0, "active_units": 16, "weight_decay": 0.0}
    assert good == experiment.GOOD
    assert experiment.SCENARIOS == {
        "Good convergence": {},
        "Overfitting": {"train_fraction": 0.1, "label_noise": 0.2},
        "High learning rate": {"learning_rate": 2.5},
        "Underfitting": {"active_units": 2},
    }
    for change in experiment.SCENARIOS.values():
        assert all(good[name] != value for name, value in change.items())
        assert all(value in experiment.GRID[name] for name, value in (good | change).items())


def test_a_remedy_is_a_neighbour_in_one_coordinate_or_another_epoch():
    for scenario, remedies in experiment.REMEDIES.items():
        cell = experiment.GOOD | experiment.SCENARIOS[scenario]
        assert len(remedies) >= 2
        for remedy in remedies:
            assert len(remedy.change) + (remedy.before != "end") + (remedy.after != "end") == 1
            assert all(value in experiment.GRID[name] and value != cell[name] for name, value in remedy.change.items())


def test_labels_say_what_was_there_before():
    early, longer = experiment.Remedy({}, after="best"), experiment.Remedy({}, before="half")
    assert experiment.remedy_label("Overfitting", experiment.Remedy({"train_fraction": 1.0})) == (
        "100% of the training rows (was 10%)"
    )
    assert experiment.remedy_label("Underfitting", early).startswith("early stopping")
    assert "twice as long" in experiment.remedy_label("Underfitting", longer)


def test_characteristics_of_curves_made_by_hand():
    guess = np.log(10)
    train = np.array([[2.0, 1.0, 0.5, 0.6, 0.4], [2.5, 3.0, guess, guess, guess], [2.0, 1.0, np.nan, np.nan, np.nan]])
    validation = np.array([[2.0, 1.0, 0.8, 0.9, 1.0], [2.5, 2.4, 2.3, 2.3, 2.3], [2.0, 1.5, np.nan, np.nan, np.nan]])
    accuracy = np.array([[0.1, 0.5, 0.8, 0.8, 0.9], [0.1] * 5, [0.1] * 5])
    seen = measure.characteristics({
        "train_loss": train, "validation_loss": validation, "test_loss": validation, "train_accuracy": accuracy,
        "validation_accuracy": accuracy - 0.05, "test_accuracy": accuracy, "best_epoch": np.array([2, 2, 1]),
    })  # fmt: skip
    np.testing.assert_allclose(seen["loss_gap"], [0.6, 2.3 - guess, np.nan])
    np.testing.assert_allclose(seen["accuracy_gap"], 0.05)
    np.testing.assert_allclose(seen["loss_since_best"], [0.25, 0.0, np.nan])
    np.testing.assert_array_equal(seen["rises"], [0.25, 0.25, 0.0])
    np.testing.assert_array_equal(seen["late_rises"], [0.5, 0.0, 0.0])
    np.testing.assert_allclose(seen["late_swing"], [0.1, 0.0, np.nan])
    assert seen["flat"].tolist() == [False, True, False]
    assert seen["guessing"].tolist() == [False, True, True]  # what is no longer finite predicts nothing


@pytest.mark.parametrize("num_epochs", [0, 3])
def test_epochs_that_have_no_halves_are_refused(num_epochs):
    with pytest.raises(ValueError, match=f"num_epochs: got {num_epochs}"):
        curves.run(num_epochs=num_epochs)


@pytest.mark.slow
def test_curves_are_those_of_the_cell(findings, result):
    cell = result.sel(learning_rate=0.1, train_fraction=0.1, label_noise=0.2, active_units=16, weight_decay=0.0)
    drawn = findings.numbers["curves"]["Overfitting"]
    assert drawn["train_loss"].shape == (SEEDS, EPOCHS + 1)
    np.testing.assert_array_equal(drawn["epoch"], range(EPOCHS + 1))
    for name in ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy", "test_accuracy"):
        np.testing.assert_array_equal(drawn[name], cell[name].to_numpy())
    np.testing.assert_array_equal(drawn["best_epoch"], cell.validation_loss.argmin("step").to_numpy())


@pytest.mark.slow
def test_remedies_are_what_one_reads_off_the_sweep(findings, result):
    tried = findings.numbers["remedies"]
    high = {"train_fraction": 1.0, "label_noise": 0.0, "active_units": 16, "weight_decay": 0.0}
    before = result.sel(high, drop=True).sel(learning_rate=2.5).test_accuracy[:, -1].to_numpy()
    after = result.sel(high, drop=True).sel(learning_rate=0.1).test_accuracy[:, -1].to_numpy()
    effect = tried["High learning rate"]["learning rate 0.1 (was 2.5)"]
    np.testing.assert_array_equal(effect["test_accuracy_before"], before)
    np.testing.assert_array_equal(effect["test_accuracy_after"], after)
    assert effect["accuracy_better"] == (after > before).sum()

    narrow = result.sel(high | {"active_units": 2, "learning_rate": 0.1})
    longer = tried["Underfitting"]["train twice as long (from half of the epochs to all)"]
    np.testing.assert_array_equal(longer["test_loss_before"], narrow.test_loss[:, EPOCHS // 2])
    np.testing.assert_array_equal(longer["test_loss_after"], narrow.test_loss[:, -1])

    stopped = tried["Underfitting"] | tried["Good convergence"]
    good = result.sel(high | {"learning_rate": 0.1})
    best = good.validation_loss.argmin("step")
    early = stopped["early stopping at the lowest validation loss"]
    np.testing.assert_array_equal(early["test_loss_after"], good.test_loss.isel(step=best))


@pytest.mark.slow
def test_every_row_of_the_tables_is_there(findings):
    task_3, remedies = findings.tables
    assert [row[0].partition(":")[0] for row in task_3.rows] == list(experiment.SCENARIOS)
    assert len(remedies.rows) == sum(len(each) for each in experiment.REMEDIES.values())
    assert all(len(row) == len(table.columns) for table in findings.tables for row in table.rows)
    first = next(iter(findings.numbers["remedies"]["Good convergence"].values()))
    change = 100 * (first["test_accuracy_after"] - first["test_accuracy_before"])
    assert remedies.rows[0][-2] == f"{change.mean():+.1f} ± {change.std(ddof=1):.1f}"


@pytest.mark.slow
def test_numbers_and_settings_are_json_able(findings):
    text = json.dumps([findings.numbers, findings.settings], default=lambda array: array.tolist())
    assert json.loads(text)[1]["num_seeds"] == SEEDS


@pytest.mark.slow
def test_pictures_are_named_and_told(findings):
    assert [picture.name for picture in findings.pictures] == ["curves_scenarios", "curves_remedies"]
    assert all(picture.caption and picture.alt for picture in findings.pictures)
    assert [answer.question for answer in findings.answers][-1].startswith("Final task, debugging")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits_and_another_does_not(findings, count_compilations):
    again = curves.run(num_epochs=EPOCHS, num_seeds=SEEDS)
    with count_compilations() as compiled:
        other = curves.run(num_epochs=EPOCHS, num_seeds=SEEDS, seed=1)
    assert compiled.count == 0
    before, repeated, others = (each.numbers["curves"] for each in (findings, again, other))
    for name in experiment.SCENARIOS:
        for metric in ("train_loss", "validation_loss", "test_accuracy"):
            np.testing.assert_array_equal(repeated[name][metric], before[name][metric])
        assert (others[name]["train_loss"] != before[name]["train_loss"]).any()
