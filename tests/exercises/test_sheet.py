"""A sheet and its solution come from one source; those in notebooks/ are in step with theirs."""

import ast
import json
from pathlib import Path

import pytest

from jaxopt_lab.exercises import split_sheet

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCE = NOTEBOOKS / "exercise_sheet.py"


def test_regions_go_where_they_belong():
    source = """
def f(x):
    # <solution>
    return x + 1
    # <hole>
    # for _ in x:
    #     pass  # your code

    # return None
    # <end>


# <solution>
# %% [markdown]
# The answer.
# <end>
# the end
"""
    hole, solution = split_sheet(source)
    assert hole == "\ndef f(x):\n    for _ in x:\n        pass  # your code\n\n    return None\n\n\n# the end\n"
    assert solution == "\ndef f(x):\n    return x + 1\n\n\n# %% [markdown]\n# The answer.\n# the end\n"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("# <solution>\nx = 1\n", "# <solution> has no # <end>"),
        ("# <hole>\n# x = 1\n# <end>\n", "line 1 has # <hole> after # <end>; expected # <solution>"),
        ("# <end>\n", "line 1 has # <end> after # <end>"),
        ("# <solution>\n# <solution>\n# <end>\n", "line 2 has # <solution> after # <solution>; expected # <hole> or"),
        ("# <solution>\n# <hole>\nx = 1\n# <end>\n", "line 3 of a hole is 'x = 1'"),
    ],
)
def test_marks_out_of_order_are_refused(source, message):
    with pytest.raises(ValueError, match="source: ") as refused:
        split_sheet(source)
    assert message in str(refused.value)


@pytest.mark.parametrize("part", ["exercises", "solution"])
def test_the_notebooks_are_in_step_with_their_source(part):
    script = (NOTEBOOKS / f"7_{part}.py").read_text(encoding="utf-8")
    sheet = getattr(split_sheet(SOURCE.read_text(encoding="utf-8")), part)
    assert script == sheet, "run `python notebooks/build.py`: it makes both scripts from notebooks/exercise_sheet.py"


def printed(name: str) -> str:
    cells = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))["cells"]
    return "".join("".join(output.get("text", [])) for cell in cells for output in cell.get("outputs", []))


@pytest.mark.parametrize(
    ("name", "said"), [("7_exercises.ipynb", "… Not yet filled in"), ("7_solution.ipynb", "✔ Right")]
)
def test_every_check_says_what_it_should(name, said):
    source = SOURCE.read_text(encoding="utf-8")
    assert printed(name).count(said) == source.count("print(exercises.check_") == 5
    assert "✘" not in printed(name)


def test_no_answer_stands_in_the_exercises():
    exercises, solution = split_sheet(SOURCE.read_text(encoding="utf-8"))
    assert "Markdown(f" in solution
    assert "Markdown(f" not in exercises
    code = "\n".join(line for line in exercises.splitlines() if not line.startswith("#"))
    froms = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    imported = {alias.name for node in froms for alias in node.names}
    assert imported <= {"LogisticRegression", "exercises", "metrics", "optimizers", "plots", "problems", "simulate"}
