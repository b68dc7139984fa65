"""``jaxopt-lab diagnose``: words for people, JSON for programs, a picture, and status 2 for what can't be read."""

import json

import numpy as np
import pytest


@pytest.fixture
def log(tmp_path):
    at = np.arange(30)
    rows = zip(at, 2 * np.exp(-at / 3), 0.6 + 1.5 * np.exp(-at / 3) + 0.05 * np.maximum(0, at - 8), strict=True)
    place = tmp_path / "training.csv"
    place.write_text("epoch,loss,val_loss\n" + "\n".join(f"{e},{a:.4f},{b:.4f}" for e, a, b in rows))
    return place


@pytest.fixture
def sweep_log(tmp_path):
    place = tmp_path / "sweep.csv"
    lines = ["run,epoch,loss,val_loss,learning_rate"]
    for rate, speed in (("0.001", 0.01), ("0.1", 0.5)):
        at = np.arange(12)
        lines += [f"rate {rate},{e},{2 * np.exp(-speed * e):.4f},{0.1 + 2 * np.exp(-speed * e):.4f},{rate}" for e in at]
    place.write_text("\n".join(lines))
    return place


def test_a_person_reads_the_diagnosis_the_evidence_and_what_to_try(call, log):
    printed = call("diagnose", str(log)).out
    assert "Keras CSVLogger" in printed
    assert "diagnosis: overfitting" in printed
    assert "val_loss ends" in printed
    assert "stop where the validation loss is lowest" in printed
    assert "validation accuracy falls: needs val_accuracy" in printed


def test_a_program_reads_json(call, log):
    said = json.loads(call("diagnose", str(log), "--json").out)
    (run,) = said["runs"]
    assert run["label"] == "overfitting"
    assert sum(run["probabilities"].values()) == pytest.approx(1)
    assert run["findings"][0].keys() == {"symptom", "curve", "start", "stop", "value", "reference", "sentence"}
    assert run["remedies"][0].keys() == {"name", "words", "success", "closed", "tried"}


def test_json_has_no_word_for_nan(call, tmp_path):
    place = tmp_path / "lost.csv"
    place.write_text("epoch,loss\n0,2.0\n1,9.0\n2,nan\n3,nan\n")
    said = json.loads(call("diagnose", str(place), "--json").out)
    assert said["runs"][0]["label"] == "diverged"
    assert said["runs"][0]["findings"][0]["value"] is None


def test_several_runs_are_a_table_with_the_best_first(call, sweep_log):
    printed = call("diagnose", str(sweep_log)).out.splitlines()
    assert "2 runs" in printed[0]
    assert printed[1].split()[:3] == ["run", "rate", "best"]
    assert printed[2].startswith("rate 0.1")
    assert printed[3].startswith("rate 0.001")
    assert printed[3].split()[2] == "0.001"
    # 2 exp(-0.11) and 2 exp(-5.5) at the end, on a way of 2 - 2 exp(-5.5)
    assert "rate 0.001: 90% by rate 0.1 (rate 0.1)" in printed[-1]


@pytest.mark.parametrize("fixture", ["log", "sweep_log"])
def test_a_picture_is_written(call, request, fixture, tmp_path):
    picture = tmp_path / "diagnosis.png"
    outcome = call("diagnose", str(request.getfixturevalue(fixture)), "--plot", str(picture))
    assert outcome.status == 0, outcome.err
    assert f"saved: {picture}" in outcome.out
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.csv"], "nowhere.csv: there is no such file"),
        (["LOG", "--plot", "diagnosis.bmp"], "--plot: got diagnosis.bmp; end the name in .png"),
        (["LOG", "--column", "loss"], "--column: got 'loss'; write curve=name"),
        (["LOG", "--num-classes", "1"], "num_classes: got 1"),
    ],
)
def test_what_can_not_be_done_is_status_2_and_one_line(call, log, words, said):
    outcome = call("diagnose", *[str(log) if word == "LOG" else word for word in words])
    assert outcome.status == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
