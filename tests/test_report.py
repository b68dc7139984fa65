"""The report: whole or not there, honest numbers, nothing from outside unescaped."""

import json
import re

import numpy as np
import pytest

from jaxopt_lab import plots
from jaxopt_lab.labs import Answer, Findings, Picture, Table
from jaxopt_lab.report import summary_json, write_report


@pytest.fixture
def findings():
    figure, ax = plots.new_figure()
    ax.plot([1, 2])
    return Findings(
        name="trial",
        title="A <b>trial</b>",
        task="Try & see.",
        settings={"start": (1.0, 2.0)},
        numbers={"array": np.array([1.5, np.nan, np.inf]), "count": np.int64(3)},
        pictures=[Picture("line", figure, "A line.", 'A line from 1 to "2".')],
        tables=[Table("Some numbers", ("name", "value"), [("a", 0.123456), ("b", -2), ("c", 1.5e-9)])],
        answers=[Answer("Why?", "Because 1 < 2.")],
    )


def test_folder_holds_figures_numbers_and_a_page(tmp_path, findings):
    page = write_report([findings], tmp_path / "demo")
    assert page == tmp_path / "demo" / "index.html"
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert names == ["demo/figures/line.png", "demo/index.html", "demo/summary.json"]
    assert (tmp_path / "demo/figures/line.png").read_bytes().startswith(b"\x89PNG")


def test_page_names_the_question_with_its_answer_and_escapes(tmp_path, findings):
    html = write_report([findings], tmp_path / "demo").read_text(encoding="utf-8")
    assert "<dt>Why?</dt>" in html
    assert "Because 1 &lt; 2." in html
    assert "A &lt;b&gt;trial&lt;/b&gt;" in html
    assert "<b>trial" not in html
    assert 'alt="A line from 1 to &#34;2&#34;."' in html


def test_page_asks_for_nothing_outside(tmp_path, findings):
    html = write_report([findings], tmp_path / "demo").read_text(encoding="utf-8")
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', html)
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert "://" not in html


def test_cells_have_four_digits(tmp_path, findings):
    html = write_report([findings], tmp_path / "demo").read_text(encoding="utf-8")
    assert re.findall(r"<td>([^<]*)</td>", html) == ["a", "0.1235", "b", "-2", "c", "1.5e−09"]


def test_summary_is_strict_json_that_keeps_what_is_not_finite(findings):
    read = json.loads(summary_json([findings]), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    trial = read["laboratories"]["trial"]
    assert trial["numbers"] == {"array": [1.5, None, "Infinity"], "count": 3}
    assert trial["answers"] == [{"question": "Why?", "answer": "Because 1 < 2."}]
    assert read["environment"]["device"].startswith("cpu")


def test_existing_folder_is_replaced_only_when_asked(tmp_path, findings):
    write_report([findings], tmp_path / "demo")
    with pytest.raises(ValueError, match="exists already"):
        write_report([findings], tmp_path / "demo")
    write_report([findings], tmp_path / "demo", overwrite=True)


def test_folder_of_other_things_is_never_replaced(tmp_path, findings):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.tex").write_text("three years")
    with pytest.raises(ValueError, match="something else than a report"):
        write_report([findings], tmp_path / "thesis", overwrite=True)
    assert (tmp_path / "thesis/chapter.tex").read_text() == "three years"


def test_missing_parent_is_named(tmp_path, findings):
    with pytest.raises(ValueError, match="does not exist; make it first"):
        write_report([findings], tmp_path / "no" / "demo")


def test_what_fails_halfway_leaves_the_old_report_and_nothing_else(tmp_path, findings, monkeypatch):
    """A disk that is full when the page is written, after the figures."""
    write_report([findings], tmp_path / "demo")
    before = (tmp_path / "demo/summary.json").read_text()

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jaxopt_lab.report._page", full)
    with pytest.raises(OSError, match="No space left"):
        write_report([findings], tmp_path / "demo", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert (tmp_path / "demo/summary.json").read_text() == before
