"""What can't be read is refused in one sentence: what was seen, and what would work."""

import os
import pickle
import re
from pathlib import Path

import pytest

from jaxopt_lab.curves import read
from jaxopt_lab.curves.reading import find, json_log, tensorboard, text

LOGS = Path(__file__).parent / "logs"
MERGE = "epoch,loss\n0,1.0\n<<<<<<< HEAD\n1,0.5\n=======\n1,0.6\n>>>>>>> other\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty; pass a log with at least one row"),
        (b" \n\n", "it is empty"),
        (b"epoch,loss\n", "it has a header and no rows"),
        (MERGE.encode(), "line 3 is '<<<<<<< HEAD', a conflict of git; resolve it"),
        (b'{"loss": [1,\n<<<<<<< HEAD\n2]}\n', "line 2 is '<<<<<<< HEAD', a conflict of git"),
        (b"\x89HDF\r\n\x1a\n" + bytes(9), "an HDF5 file.*json.dump"),
        (b"PK\x03\x04" + bytes(9), "a zip archive"),
        (b"\x1f\x8b" + bytes(9), "compressed by gzip; unpack it first"),
        (b"SQLite format 3\0", "an SQLite database; export"),
        (b":W&B" + bytes(9), "journal of a W&B run; export a chart"),
        (pickle.dumps({"loss": [1.0]}), "it is a pickle; no pickle is read"),
        (b"epoch,loss\n0,\0\n", "it is binary"),
        (b"epoch,loss\n0,1.0 \xff\n", "byte 17 is no UTF-8; write it in UTF-8"),
        (b"Dear diary, the loss fell.\nEpoch 1: 0.5\n", "no loss and no accuracy.*name yours"),
        (b"The loss fell.\n", "no table and no JSON; it begins with 'The loss fell.'"),
        (b"0,1.5\n1,1.2\n", "numbers without names; put a line with names above"),
        (b"epoch,loss\n0,1.0\n1,2.0,3.0\n", "rows do not fit its header.*line 3"),
        (b"epoch,loss\n0,1.0,7\n1,2.0,7\n", "rows do not fit its header.*a cell for each name"),
        (b"epoch," * 5_001 + b"loss\n", "first line has more than 5,000 cells; keep the columns of interest"),
        (b"epoch," + b"a" * 200_000 + b"\n0,1\n", "first line can't be taken apart"),
        (b"sepal,petal\n1.0,2.0\n", "no loss and no accuracy: its columns of numbers are 'sepal', 'petal'; name yours"),
        (b"epoch,loss,loss\n0,1.0,2.0\n", "two columns are called 'loss' and differ"),
        (b"epoch,acc,accuracy\n0,0.5,0.6\n", r"'acc' and 'accuracy' both look like train_accuracy and differ"),
        (b"epoch,val_loss,valid_loss\n0,1.0,1.0\n1,0.5,0.6\n", r"'val_loss' and 'valid_loss' .*row 2: 0.5 and 0.6.*"),
        (b"epoch,loss,train_loss\n0,1.0,1.0\n1,0.5,0.6\n", r"columns=\{'train_loss': 'train_loss'\}"),
        (b'{"loss": [1.0, 2.0', "it is no whole JSON .*json.dump"),
        (b"{'loss': [1.0, 2.0]}", "a Python dict as print shows it"),
        (b'{"loss": 1.0, "val_loss": 2.0}', "an object with 'loss', 'val_loss'.*final values"),
        (b'{"loss": [1.0, 2.0, 3.0], "val_loss": [1.0, 2.0]}', "'val_loss' has 2 values where the longest list has 3"),
        (b'{"loss": [1.0], "loss": [2.0]}', "the name 'loss' comes twice"),
        (b'{"log_history": []}', "log_history is empty"),
        (b"[1, 2, 3]", "a list of something other than rows"),
        (b"[]", "an empty list"),
        (b"[" * 100_000, "nested too deeply|no whole JSON"),
        (b"run,train_loss,val_loss\na,0.5,0.6\nb,0.4,0.7\n", "one row per run .*export the curves"),
    ],
)
def test_a_file_is_refused(tmp_path, content, words):
    log = tmp_path / "log"
    log.write_bytes(content)
    with pytest.raises(ValueError, match=words) as refused:
        read(log)
    assert str(refused.value).startswith(f"{log}: ")
    assert "\n" not in str(refused.value)


def test_a_table_of_runs_is_refused():
    with pytest.raises(ValueError, match=r"one row per run \(columns 'Name', 'State'.*in W&B a chart as CSV"):
        read(LOGS / "wandb_runs" / "runs.csv")


def test_what_is_not_there_or_no_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no such file or folder"):
        read(tmp_path / "nothing")
    with pytest.raises(ValueError, match="no log was found in the folder"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        read(tmp_path / "pipe")


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    (tmp_path / "log").write_text("epoch,loss\n0,1\n")

    def denied(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(ValueError, match=r"it can't be read \(Permission denied\); check its permissions"):
        read(tmp_path / "log")


@pytest.mark.parametrize(
    ("module", "limit", "place", "words"),
    [
        (text, "MOST_BYTES", "keras/training.csv", "it has 0 MiB of text, .*row"),
        (json_log, "MOST_CHARACTERS", "keras/history.json", "MiB of JSON.*every tenth point"),
        (tensorboard, "MOST_POINTS", "tensorboardx", "more than 20 points; pass the folder of one run"),
        (find, "MOST_FILES", "mlruns", "more than 20 files lie in it"),
    ],
)
def test_what_is_gigantic_is_refused(monkeypatch, module, limit, place, words):
    monkeypatch.setattr(module, limit, 5 if limit == "MOST_FILES" else 20)
    with pytest.raises(ValueError, match=words.replace("20 files", "5 files")):
        read(LOGS / place)


def test_a_gigantic_file_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "log.csv").open("wb") as file:
        file.write(b"epoch,loss\n")
        file.truncate(3 << 30)  # sparse: no disk is filled
    with pytest.raises(ValueError, match=r"it has 3,072 MiB of text, and at most 256 are read; keep every 13th row"):
        read(tmp_path / "log.csv")


def test_columns_that_are_not_there_are_refused(tmp_path):
    (tmp_path / "log").write_text("epoch,objective,mood\n0,1.0,good\n")
    with pytest.raises(ValueError, match=r"columns: got the name 'loss'; the names are run, epoch, step, train_loss"):
        read(tmp_path / "log", columns={"loss": "objective"})
    with pytest.raises(ValueError, match=re.escape("columns['train_loss']: the column 'object' of")):
        read(tmp_path / "log", columns={"train_loss": "object"})
    with pytest.raises(ValueError, match=r"'mood' of .* was left out \(no numbers in it\)"):
        read(tmp_path / "log", columns={"train_loss": "mood"})
    with pytest.raises(ValueError, match=r"no column 'seed'"):
        read(tmp_path / "log", columns={"train_loss": "objective", "run": "seed"})


def test_an_mlflow_metric_damaged_on_the_way_is_refused(tmp_path):
    (tmp_path / "metrics").mkdir()
    (tmp_path / "meta.yaml").write_text("")
    (tmp_path / "metrics" / "loss").write_text("1700 2.0 0\n17\n1702 0.5 2\n")
    with pytest.raises(ValueError, match=r"line 2 is '17', not a time, a value and a step"):
        read(tmp_path)
    (tmp_path / "metrics" / "loss").write_text(f"1700 2.0 {2**63}\n")
    with pytest.raises(ValueError, match=r"line 1 is '1700 2.0 9223372036854775808', not a time"):
        read(tmp_path)
    (tmp_path / "metrics" / "loss").unlink()
    with pytest.raises(ValueError, match="its runs have no metrics"):
        read(tmp_path)
