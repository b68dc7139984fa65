"""How columns are recognised, and how rows become one row per point."""

from pathlib import Path

import numpy as np
import pytest

from jaxopt_lab.curves import read
from jaxopt_lab.curves.reading.names import meaning

LOGS = Path(__file__).parent / "logs"


@pytest.mark.parametrize(
    ("name", "what", "data"),
    [
        ("loss", "loss", None),
        ("Train Loss", "loss", "train"),
        ("trainLoss", "loss", "train"),
        ("training_loss_epoch", "loss", "train"),
        ("val_loss", "loss", "val"),
        ("VALID/LOSS", "loss", "val"),
        ("eval_loss", "loss", "val"),
        ("loss.dev", "loss", "val"),
        ("test_loss", "loss", "test"),
        ("avg_val_loss", "loss", "val"),
        ("train/cross_entropy", "loss", "train"),
        ("acc", "accuracy", None),
        ("val_sparse_categorical_accuracy", "accuracy", "val"),
        ("eval_top1", "accuracy", "val"),
        ("Accuracy/train", "accuracy", "train"),
        ("lr", "learning_rate", None),
        ("lr-Adam/pg1", "learning_rate", None),
        ("train/learning_rate", "learning_rate", None),
        ("epoch_lr", "learning_rate", None),
        ("Epoch", "epoch", None),
        ("train/epoch", "epoch", None),
        ("trainer/global_step", "step", None),
        ("_step", "step", None),
    ],
)
def test_names_are_understood(name, what, data):
    found = meaning(name)
    assert found is not None
    assert (found.what, found.data) == (what, data)


@pytest.mark.parametrize("name", ["box_loss", "val_top5", "grad_norm", "train_val_loss", "f1", "", "time", "lossy"])
def test_other_names_are_left_alone(name):
    assert meaning(name) is None


@pytest.fixture
def read_text(tmp_path):
    def read_text(text, **how):
        (tmp_path / "log.csv").write_text(text)
        return read(tmp_path / "log.csv", **how)

    return read_text


def test_columns_that_the_user_names_count_first(read_text):
    table = read_text(
        "it,objective,holdout,loss,seed\n1,2.0,3.0,9.0,a\n2,1.0,2.5,9.0,a\n1,4.0,5.0,9.0,b\n",
        columns={"step": "it", "train_loss": "objective", "val_loss": "holdout", "run": "seed"},
    )
    assert list(table.columns) == ["run", "step", "train_loss", "val_loss", "loss"]
    assert table["run"].tolist() == ["a", "a", "b"]
    assert table["train_loss"].tolist() == [2.0, 1.0, 4.0]
    assert table.attrs["recognised"]["step"] == "it"


def test_other_columns_keep_their_names_and_the_rest_is_told(read_text):
    table = read_text("epoch,loss,f1,mood,empty\n0,1.0,0.3,good,\n1,0.5,0.4,bad,\n")
    assert list(table.columns) == ["run", "epoch", "train_loss", "f1"]
    assert table.attrs["ignored"] == {"mood": "no numbers in it", "empty": "nothing in it"}


def test_a_bare_name_is_training_only_where_nothing_says_training(read_text):
    table = read_text("epoch,train_loss,val_loss,accuracy\n0,1.0,1.1,0.5\n")
    assert list(table.columns) == ["run", "epoch", "train_loss", "val_loss", "accuracy"]
    (note,) = table.attrs["notes"]
    assert "columns={'val_accuracy': 'accuracy'}" in note


def test_test_is_validation_where_there_is_none(read_text):
    table = read_text("epoch,train_loss,test_loss\n0,1.0,1.1\n1,0.5,0.7\n")
    assert table["val_loss"].tolist() == [1.1, 0.7]
    table = read_text("epoch,train_loss,val_loss,test_loss\n0,1.0,1.1,\n1,0.5,0.7,0.8\n")
    assert table["val_loss"].tolist() == [1.1, 0.7]
    assert "test_loss" in table


def test_a_mean_written_once_is_no_curve(read_text):
    table = read_text("step,loss,train_loss\n0,1.0,\n1,0.5,\n2,,0.75\n")
    assert table["train_loss"].tolist()[:2] == [1.0, 0.5]


def test_accuracies_in_percent_become_shares(read_text):
    table = read_text("epoch,train_acc,val_acc\n0,0.9,1.1\n1,55.0,50.0\n")
    np.testing.assert_allclose(table[["train_accuracy", "val_accuracy"]], [[0.009, 0.011], [0.55, 0.5]], rtol=1e-15)
    assert table.attrs["notes"] == ["accuracies in percent: divided by 100"]
    assert read_text("epoch,acc\n0,1.0\n")["train_accuracy"].tolist() == [1.0]


def test_rows_without_a_counter_are_counted(read_text):
    table = read_text(",train_loss\n7,1.0\n8,0.5\n")  # the index that pandas writes has no name
    assert table["epoch"].tolist() == [0, 1]
    assert "the rows are counted" in table.attrs["notes"][0]


def test_a_training_that_was_appended_is_a_run_of_its_own(read_text):
    table = read_text("epoch,loss\n0,2.0\n1,1.0\nepoch,loss\n0,3.0\n1,1.5\n2,1.2\n")
    assert table["run"].tolist() == ["log (1)"] * 2 + ["log (2)"] * 3
    assert table["train_loss"].tolist() == [2.0, 1.0, 3.0, 1.5, 1.2]
    assert any("epoch begins again 1 times" in note for note in table.attrs["notes"])


def test_a_training_taken_up_again_counts_as_it_was_written_last(read_text):
    table = read_text("epoch,loss\n0,2.0\n1,1.0\n2,0.9\n1,1.1\n2,0.8\n3,0.7\n")
    assert table["epoch"].tolist() == [0, 1, 2, 3]
    assert table["train_loss"].tolist() == [2.0, 1.1, 0.8, 0.7]
    assert any("taken up again" in note for note in table.attrs["notes"])


def test_rows_finer_than_epochs_are_points_of_their_own(read_text):
    table = read_text("epoch,loss,val_loss\n0,2.0,\n0,1.5,\n0,,1.6\n1,1.0,1.1\n")
    assert table["step"].tolist() == [0, 1, 2, 3]
    assert table["epoch"].tolist() == [0, 0, 0, 1]
    assert table["train_loss"].tolist()[:2] == [2.0, 1.5]


def test_steps_that_begin_again_in_each_epoch_are_not_mixed(read_text):
    table = read_text("epoch,step,loss\n0,0,4.0\n0,1,3.0\n1,0,2.0\n1,1,1.0\n")
    assert table["train_loss"].tolist() == [4.0, 3.0, 2.0, 1.0]


def test_rows_come_in_ascending_order_and_those_of_one_step_together(read_text):
    table = read_text("step,loss,val_loss\n10,2.0,\n10,,2.2\n30,1.0,\n20,1.5,1.6\n")
    assert table["step"].tolist() == [10, 20, 30]
    assert table["val_loss"].tolist()[:2] == [2.2, 1.6]


def test_a_damaged_cell_is_a_gap_and_is_told(read_text):
    table = read_text("epoch,loss\n0,2.0\n1,oops\n2,1.0\n")
    assert np.isnan(table["train_loss"][1])
    assert table.attrs["notes"] == ["1 of 3 cells of 'loss' are no numbers and count as gaps"]


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss,val_loss,acc\n0,nan,,0.1\n1,NaN,,0.1\n",
        "epoch;loss;val_loss;acc\n0;nan;NA;0,1\n1;nan;null;0,1\n",
        '[{"epoch": 0, "loss": NaN, "val_loss": null, "acc": 0.1}, {"epoch": 1, "loss": NaN, "acc": 0.1}]',
        '{"loss": [NaN, NaN], "val_loss": [null, null], "acc": [0.1, 0.1]}',
    ],
)
def test_a_loss_that_is_nan_from_the_start_is_there_and_one_that_is_missing_is_not(read_text, text):
    table = read_text(text)
    assert list(table.columns) == ["run", "epoch", "train_loss", "train_accuracy"]
    assert table["train_loss"].isna().all()
    assert table["train_accuracy"].tolist() == [0.1, 0.1]
    assert table.attrs["ignored"] == {"val_loss": "nothing in it"}
    assert table.attrs["notes"] == []
    assert table.attrs["not_finite"] == {"log": {"train_loss": 0}}


def test_what_was_written_as_nan_is_told_from_gaps(read_text):
    table = read_text("step,train_loss,val_loss\n1,2.0,\n2,,2.5\n3,nan,\n4,nan,inf\n5,,\n")
    assert table["train_loss"].isna().tolist() == [False, True, True, True, True]
    assert table.attrs["not_finite"] == {"log": {"train_loss": 2, "val_loss": 3}}
    assert read_text("step,loss,val_loss\n1,2.0,2.5\n2,,2.0\n").attrs["not_finite"] == {"log": {}}


def test_a_row_with_no_finite_counter_is_no_point(read_text):
    assert read_text("step,loss\ninf,3.0\n1,2.0\n,1.0\n")["train_loss"].tolist() == [2.0]


def test_wherever_a_csv_is_cut_what_is_left_is_what_was_written(tmp_path):
    """A number that was cut by one or two of its seventeen digits can't be told from a shorter one: 1e-14 of it."""
    written = (LOGS / "keras" / "training.csv").read_bytes()
    whole = read(LOGS / "keras" / "training.csv")["val_loss"].to_numpy()
    log = tmp_path / "log.csv"
    header = written.index(b"\n") + 1
    for size in range(header + written[header:].index(b"\n") + 1, len(written), 5):
        log.write_bytes(written[:size])
        found = read(log)["val_loss"].to_numpy()
        finished = written[header:size].count(b"\n")
        assert finished <= len(found) <= finished + 1
        np.testing.assert_allclose(found, whole[: len(found)], rtol=1e-13)
