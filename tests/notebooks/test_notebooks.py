"""Every notebook runs from top to bottom."""

import runpy
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.py"))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, capsys):
    runpy.run_path(str(path))
    assert "exact 0.9487" in capsys.readouterr().out  # the momentum of the seed's settings: the root of 0.9
