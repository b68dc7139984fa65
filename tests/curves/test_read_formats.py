"""Real logs of every kind become one table."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from jaxopt_lab.curves import read

LOGS = Path(__file__).parent / "logs"
NAN = float("nan")


# The curves that these logs were written of, at 0, 1, ...: 2 exp(-i/2) + 0.1 and 2 exp(-2i/5) + 0.2 + i/50, rounded.
TRAIN_LOSS = [2.1, 1.313061, 0.835759, 0.54626, 0.370671, 0.26417]
VAL_LOSS = [2.2, 1.56064, 1.138658, 0.862388, 0.683793, 0.570671]


def assert_columns(table, **columns):
    """Columns hold these numbers; event files have them in float32, hence the tolerance."""
    for name, values in columns.items():
        np.testing.assert_allclose(table[name], values, rtol=2e-7, err_msg=name)


def test_keras_csv():
    table = read(LOGS / "keras" / "training.csv")
    assert list(table.columns) == ["run", "epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy"]
    assert set(table["run"]) == {"training"}
    assert_columns(
        table[:2],
        epoch=[0, 1],
        train_loss=[0.7915404438972473, 0.6665541529655457],
        val_loss=[0.7155395746231079, 0.665778398513794],
        train_accuracy=[0.2666666805744171, 0.4000000059604645],
        val_accuracy=[0.46666666865348816, 0.5333333611488342],
    )
    assert table.attrs["format"] == "a Keras CSVLogger file"
    assert table.attrs["recognised"]["train_accuracy"] == "accuracy"


def test_keras_csv_with_semicolons():
    table = read(LOGS / "keras" / "semicolons.csv")
    assert_columns(table, epoch=[0, 1, 2], train_loss=[0.4616502523422241, 0.4363304078578949, 0.41324612498283386])


def test_keras_history_is_what_its_csv_says():
    history, table = read(LOGS / "keras" / "history.json"), read(LOGS / "keras" / "training.csv")
    assert history.attrs["format"] == "a Keras History"
    assert_columns(history, **{name: table[name] for name in table.columns[1:]})
    assert_columns(history, learning_rate=[0.05, 0.04, 0.032, 0.0256, 0.02048, 0.016384])


def test_hugging_face():
    table = read(LOGS / "hugging_face" / "trainer_state.json")
    assert table.attrs["format"] == "a Hugging Face trainer_state.json"
    assert_columns(
        table,
        epoch=[0.5, 1, 1.5, 2, 2.5, 3],
        step=[5, 10, 15, 20, 25, 30],
        train_loss=[*TRAIN_LOSS[1:], 0.199574],  # and not 0.61, the mean in the summary at the end
        val_loss=[NAN, 1.56064, NAN, 1.138658, NAN, 0.862388],
        val_accuracy=[NAN, 0.636082, NAN, 0.779272, NAN, 0.866122],
    )
    assert_columns(table[::5], learning_rate=[5e-5 * 5 / 6, 0])


def test_hugging_face_checkpoints_of_one_training_are_one_run(tmp_path):
    for step in (10, 30, 9):
        (tmp_path / "out" / f"checkpoint-{step}").mkdir(parents=True)
    state = (LOGS / "hugging_face" / "trainer_state.json").read_text()
    (tmp_path / "out" / "checkpoint-30" / "trainer_state.json").write_text(state)
    for early in ("checkpoint-10", "checkpoint-9"):
        (tmp_path / "out" / early / "trainer_state.json").write_text('{"log_history": [{"loss": 9.0, "step": 5}]}')
    table = read(tmp_path)
    assert_columns(table, train_loss=[*TRAIN_LOSS[1:], 0.199574])


@pytest.mark.parametrize("place", ["lightning/metrics.csv", "lightning_tensorboard"])
def test_lightning(place):
    """One training, by two loggers: rows of a step come together, and the mean over an epoch is its loss."""
    table = read(LOGS / place)
    assert_columns(
        table,
        step=[0, 1, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15],
        epoch=[NAN, 0, 0, NAN, 1, 1, NAN, 2, 2, NAN, 3, 3],
        learning_rate=[0.5] * 12,
    )
    by_epoch = table.dropna(subset="train_loss")
    assert_columns(
        by_epoch,
        train_loss=[0.7435696721, 0.5338137746, 0.4516539574, 0.4109993279],
        val_loss=[0.6179818511, 0.5201027989, 0.4690592587, 0.4373908043],
        train_accuracy=[0.53125, 0.75, 0.84375, 0.90625],
        val_accuracy=[0.5625, 0.6875, 0.75, 0.75],
        train_loss_step=[0.5902382731, 0.4486727118, 0.3885025978, 0.3543709517],
    )


def test_tensorboardx_runs():
    table = read(LOGS / "tensorboardx")
    assert table.attrs["format"] == "TensorBoard event files"
    assert list(table["run"].unique()) == ["lr_0.01", "lr_0.1"]
    one = table[table["run"] == "lr_0.1"]
    assert_columns(one, step=range(6), train_loss=TRAIN_LOSS, val_loss=VAL_LOSS)
    assert_columns(one[:2], train_accuracy=[0.5, 0.725594])


def test_one_event_file():
    table = read(LOGS / "tensorboardx" / "lr_0.1" / "events.out.tfevents.1700000000.host")
    assert set(table["run"]) == {"lr_0.1"}
    assert_columns(table, train_loss=TRAIN_LOSS)


def test_keras_folders_of_one_run_are_joined():
    """Tensors: one file has them as content, the other as values."""
    table = read(LOGS / "keras_tensorboard")
    assert set(table["run"]) == {"keras_tensorboard"}
    assert_columns(table, epoch=range(6), train_loss=TRAIN_LOSS, val_loss=VAL_LOSS, learning_rate=[0.001] * 6)
    assert set(table.attrs["ignored"]) == {"batch_loss", "evaluation_loss_vs_iterations"}


def test_a_validation_folder_alone_is_validation():
    table = read(LOGS / "keras_tensorboard" / "validation")
    assert_columns(table, val_loss=VAL_LOSS)
    assert "train_loss" not in table


def test_add_scalars_folders_are_joined():
    assert_columns(read(LOGS / "add_scalars"), step=range(6), train_loss=TRAIN_LOSS, val_loss=VAL_LOSS)


def test_wandb_charts_of_a_folder_are_joined_by_run():
    table = read(LOGS / "wandb")
    one = table[table["run"] == "lucky-frog-1"]
    assert_columns(
        one, step=[0, 10, 20, 30], train_loss=[2.1, 1.313061, 0.835759, NAN], val_loss=[NAN, 1.56064, NAN, 0.862388]
    )
    assert set(table["run"]) == {"lucky-frog-1", "bold-sea-2"}


def test_mlflow_store_and_one_of_its_runs():
    table = read(LOGS / "mlruns")
    assert list(table["run"].unique()) == ["small rate", "large rate"]
    one = read(LOGS / "mlruns" / "703226213101471492" / "8d4af4a136404716ba69f2ff94fbcf7b")
    for part, rate in ((table[table["run"] == "large rate"], 0.1), (one, 0.1)):
        assert_columns(part, step=range(6), train_loss=np.add(TRAIN_LOSS, rate), learning_rate=[rate] * 6)
        assert_columns(part, val_accuracy=[NAN, 0.636082, NAN, 0.866122, NAN, 0.950749])


def test_mlflow_metric_cut_short_without_steps_and_of_the_machine(tmp_path):
    (tmp_path / "metrics" / "system").mkdir(parents=True)
    (tmp_path / "meta.yaml").write_text("")
    (tmp_path / "metrics" / "loss").write_text("1700 2.0 0\n1701 1.0 0\n1702 0.5 0\n1703 0.2")
    (tmp_path / "metrics" / "system" / "cpu").write_text("1700 99.0 0\n")
    table = read(tmp_path)
    assert_columns(table, step=[0, 1, 2], train_loss=[2.0, 1.0, 0.5])
    assert list(table.attrs["ignored"]) == ["system/cpu"]
    assert any("cut short" in note for note in table.attrs["notes"])


def test_names_of_files_say_nothing(tmp_path):
    for number, place in enumerate(["keras/history.json", "lightning/metrics.csv", "hugging_face/trainer_state.json"]):
        shutil.copy(LOGS / place, tmp_path / f"{number}.dat")
        assert read(tmp_path / f"{number}.dat").attrs["format"] == read(LOGS / place).attrs["format"]


def test_a_folder_of_many_logs_has_a_run_for_each_and_says_what_was_left_out(tmp_path):
    for run in ("a", "b"):
        (tmp_path / run).mkdir()
        shutil.copy(LOGS / "lightning" / "metrics.csv", tmp_path / run / "metrics.csv")
    assert list(read(tmp_path)["run"].unique()) == ["a", "b"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "one.csv").write_text("epoch,loss\n0,1.0\n")
    (other / "two.tsv").write_text("epoch\tloss\n0\t2.0\n")
    (other / "notes.txt").write_text("nothing but words\n")
    table = read(other)
    assert list(table["run"]) == ["one", "two"]
    assert list(table.attrs["ignored"]) == ["notes.txt"]


@pytest.mark.parametrize(
    "text",
    [
        '[{"epoch": 0, "train_loss": 1.5, "val_loss": NaN}, {"epoch": 1, "train_loss": Infinity, "val_loss": 2.0}]',
        '{"epoch": 0, "train_loss": 1.5, "val_loss": null}\n{"epoch": 1, "train_loss": Infinity, "val_loss": 2.0}\n',
        '{"epoch": 0, "train_loss": 1.5}\n{"epoch": 1, "train_loss": Infinity, "val_loss": 2.0}\n{"epoch": 2, "trai',
        '{"train_loss": {"0": 1.5, "1": Infinity}, "val_loss": {"0": null, "1": 2.0}}',
        '{"history": {"train_loss": [1.5, Infinity], "val_loss": [2.0]}, "params": {"epochs": 2}}',
        "epoch,train_loss,val_loss\n0,1.5,\n1,inf,2.0",
        "\ufeffepoch;train_loss;val_loss\r\n0;1,5;NA\r\n1;inf;2,0\r\n",
    ],
)
def test_rows_and_lists_of_anybody(tmp_path, text):
    log = tmp_path / "log"
    log.write_text(text, encoding="utf-8", newline="")
    assert_columns(read(log), epoch=[0, 1], train_loss=[1.5, float("inf")], val_loss=[NAN, 2.0])


def test_utf_16_as_some_shells_write(tmp_path):
    (tmp_path / "log").write_text("epoch,loss\n0,1.5\n", encoding="utf-16")
    assert_columns(read(tmp_path / "log"), train_loss=[1.5])
