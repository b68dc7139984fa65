"""Every notebook: its two files say the same, it was executed from top to bottom, and it runs at a small size."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
SCRIPTS = sorted(FOLDER.glob("[0-9]*_*.py"))
MOST_KB = 400

every_notebook = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def cells(path):
    return [(cell.cell_type, cell.source) for cell in jupytext.read(path).cells]


def executed_cells(script):
    return [cell for cell in jupytext.read(script.with_suffix(".ipynb")).cells if cell.cell_type == "code"]


def test_there_are_notebooks_and_each_is_a_pair():
    names = [path.stem for path in SCRIPTS]
    assert names
    assert names == [path.stem for path in sorted(FOLDER.glob("*.ipynb"))]


@every_notebook
def test_both_files_say_the_same(script):
    """Else: make notebooks."""
    assert cells(script) == cells(script.with_suffix(".ipynb"))


@every_notebook
def test_it_was_executed_once_from_top_to_bottom(script):
    code = executed_cells(script)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert kinds <= {"stream", "display_data", "execute_result"}  # no error
    streams = {output.name for cell in code for output in cell.outputs if output.output_type == "stream"}
    assert streams <= {"stdout"}  # no warning


@every_notebook
def test_what_a_cell_draws_is_shown_below_it(script):
    drawing = [cell for cell in executed_cells(script) if re.search(r"\bplots\.\w+\(", cell.source)]
    shown = [any("image/png" in output.get("data", {}) for output in cell.outputs) for cell in drawing]
    assert drawing
    assert all(shown), [cell.source[:80] for cell, there in zip(drawing, shown, strict=True) if not there]


@every_notebook
def test_nothing_in_it_is_of_one_run_alone(script):
    """No times, no addresses in memory; and it stays small enough to look at in a browser."""
    path = script.with_suffix(".ipynb")
    notebook = jupytext.read(path)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert all(cell.metadata == {} and cell.id == f"cell-{place}" for place, cell in enumerate(notebook.cells))
    texts = re.sub(r'"image/png": ".*?"', "", path.read_text(encoding="utf-8"))
    assert not re.findall(r"\bat 0x[0-9a-f]+|\d{4}-\d\d-\d\dT", texts)
    assert path.stat().st_size < MOST_KB * 1024


EXERCISES = ("7_exercises", "7_solution")
"""The others compile hundreds of programs between them, for what the tests of each room compute too."""


@pytest.mark.parametrize(
    "script",
    [pytest.param(each, marks=() if each.stem in EXERCISES else pytest.mark.long) for each in SCRIPTS],
    ids=lambda path: path.stem,
)
def test_it_runs(script, monkeypatch):
    monkeypatch.setenv("NOTEBOOKS_QUICK", "1")
    runpy.run_path(str(script))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two tiny notebooks, of which the second fails, executed by the script that makes all of them."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "1_works.py").write_text("# %% [markdown]\n# # Title\n\n# %%\nnumber = 41\n\n# %%\nprint(number + 1)\n")
    (folder / "2_fails.py").write_text("# %%\nassert 1 > 2, 'the claim is wrong'\n")
    (folder / "2_fails.ipynb").write_text("as it was")
    command = [sys.executable, FOLDER / "build.py", folder / "1_works.py", folder / "2_fails.py"]
    return folder, subprocess.run(command, capture_output=True, text=True)


def test_building_executes_a_script(built):
    folder, _ = built
    assert cells(folder / "1_works.ipynb") == cells(folder / "1_works.py")
    first, second = executed_cells(folder / "1_works.py")
    assert (first.execution_count, first.outputs) == (1, [])
    assert second.outputs[0].text == "42\n"


def test_building_says_what_failed_and_writes_nothing(built):
    folder, done = built
    assert done.returncode == 1
    assert "the claim is wrong" in done.stderr
    assert (folder / "2_fails.ipynb").read_text() == "as it was"
