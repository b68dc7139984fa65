"""The folder of a report: whole or not there."""

import dataclasses

import pytest

from jaxopt_lab.report import write_report


@pytest.fixture
def bare(findings):
    """Findings without pictures, which take the longest to write."""
    return dataclasses.replace(findings, pictures=[])


def test_folder_holds_figures_numbers_and_a_page(tmp_path, findings):
    page = write_report([findings], tmp_path / "demo")
    assert page == tmp_path / "demo" / "index.html"
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert names == ["demo/figures/down.png", "demo/figures/line.png", "demo/index.html", "demo/summary.json"]
    assert (tmp_path / "demo/figures/line.png").read_bytes().startswith(b"\x89PNG")


def test_existing_folder_is_replaced_only_when_asked(tmp_path, bare):
    write_report([bare], tmp_path / "demo")
    with pytest.raises(ValueError, match="exists already"):
        write_report([bare], tmp_path / "demo")
    write_report([bare], tmp_path / "demo", overwrite=True)


def test_folder_of_other_things_is_never_replaced(tmp_path, bare):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.tex").write_text("three years")
    with pytest.raises(ValueError, match="something else than a report"):
        write_report([bare], tmp_path / "thesis", overwrite=True)
    assert (tmp_path / "thesis/chapter.tex").read_text() == "three years"


def test_missing_parent_is_named(tmp_path, bare):
    with pytest.raises(ValueError, match="does not exist; make it first"):
        write_report([bare], tmp_path / "no" / "demo")


def test_what_fails_halfway_leaves_the_old_report_and_nothing_else(tmp_path, bare, monkeypatch):
    """A disk that is full when the page is written, after the figures."""
    write_report([bare], tmp_path / "demo")
    before = (tmp_path / "demo/summary.json").read_text()

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jaxopt_lab.report.folder.page", full)
    with pytest.raises(OSError, match="No space left"):
        write_report([bare], tmp_path / "demo", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert (tmp_path / "demo/summary.json").read_text() == before
