"""The score tables that are shown are those of the result file, and the shipped doctor is the one that was scored."""

import json
import re
from pathlib import Path

import pytest

from jaxopt_lab.curves.vocabulary import CURVES, LABELS

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"


@pytest.fixture(scope="module")
def result():
    return json.loads((RESULTS / "doctor.json").read_text(encoding="utf-8"))


def test_the_tables_are_what_the_result_file_says(script, result):
    assert script("doctor").report(result) + "\n" == (RESULTS / "doctor.txt").read_text(encoding="utf-8")


def test_the_page_shows_tables_of_the_result_file(result, script):
    page = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    scores = page.partition("\n## Scores\n")[2].partition("\n## ")[0]
    shown = re.findall(r"^```text\n(.*?)^```", scores, re.MULTILINE | re.DOTALL)
    assert len(shown) >= 4
    report = script("doctor").report(result)
    for table in shown:
        assert table.strip() in report


def test_the_page_shows_the_table_of_another_librarys_networks(script):
    result = json.loads((RESULTS / "transfer.json").read_text(encoding="utf-8"))
    report = script("transfer").report(result)
    assert report + "\n" == (RESULTS / "transfer.txt").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```text\n(The doctor\n.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(shown) == 1
    assert shown[0] in report + "\n"


def test_the_shipped_doctor_is_the_one_that_was_scored(result, script):
    numbers = json.loads(script("doctor").MODEL.read_text(encoding="utf-8"))
    assert numbers["remedies"] == result["remedies"]
    assert {name: numbers[name] for name in ("temperature", "abstain_below")} == result["chosen"]
    assert script("doctor").readable(numbers) == script("doctor").MODEL.read_text(encoding="utf-8")


def test_the_doctor_beats_every_published_rule_on_what_was_held_out(result):
    scores = result["scores"]
    ours = scores["groups"]["everything held out"]
    for name, baseline in scores["baselines"].items():
        assert ours["interval"][0] > baseline["interval"][1], name
    assert result["networks"] >= 2000
    assert scores["without"].keys() >= set(CURVES)
    assert ours["recall"].keys() == set(LABELS)


@pytest.mark.long
def test_one_command_trains_fits_and_scores(script, tmp_path, capsys):
    out, kept = tmp_path / "doctor.json", tmp_path / "runs.nc"
    before = script("doctor").MODEL.read_bytes()
    script("doctor").main(["--families", "3", "--runs", str(kept), "--out", str(out)])
    assert json.loads(out.read_text())["networks"] == 3 * 112
    assert "On what was held out" in capsys.readouterr().out
    assert kept.exists()
    assert script("doctor").MODEL.read_bytes() == before
