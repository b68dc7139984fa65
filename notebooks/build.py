"""Execute notebooks: each script `N_name.py` runs in a kernel of its own and is written as `N_name.ipynb` beside it.

    .venv/bin/python notebooks/build.py [notebooks/1_optimisation_paths.py ...]

Without names, all of them; `notebooks/exercise_sheet.py` stands for two, the exercises and their solution. The script
is what one edits; the `.ipynb` is what one reads, and is never edited by hand. What differs from one run to the next
without meaning anything (times, random names of cells) is left out. If a cell fails, the error is shown and the
`.ipynb` stays as it was.
"""

import argparse
import base64
import io
import os
import sys
import time
from pathlib import Path
from typing import Any

import jupytext
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from jaxopt_lab.exercises import split_sheet

FOLDER = Path(__file__).parent
SHEET = FOLDER / "exercise_sheet.py"  # the source of two notebooks: exercises with holes, and their solution
MOST_SECONDS = 1800  # for one cell
COLOURS = 256  # of a picture: half of the bytes, and no difference to be seen


def scripts() -> list[Path]:
    """The scripts of all notebooks, in reading order; those of the exercise sheet are made anew."""
    exercises_and_solution()
    return sorted(FOLDER.glob("[0-9]*_*.py"))


def meant(name: Path) -> list[Path]:
    """The scripts that a name stands for."""
    return exercises_and_solution() if name.name == SHEET.name else [name]


def exercises_and_solution() -> list[Path]:
    """The two scripts that the exercise sheet holds, written."""
    parts = split_sheet(SHEET.read_text(encoding="utf-8"))._asdict()
    written = {FOLDER / f"7_{part}.py": text for part, text in parts.items()}
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
    return list(written)


def executed(script: Path) -> Any:
    """The notebook of a script, with what its cells printed and drew."""
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place}"
        cell.metadata = {}
    NotebookClient(
        notebook, timeout=MOST_SECONDS, kernel_name="python3", record_timing=False, coalesce_streams=True,
        extra_arguments=["--Application.log_level=ERROR"],
        resources={"metadata": {"path": str(script.parent)}},
    ).execute()  # fmt: skip
    notebook.metadata["language_info"] = {"name": "python"}  # the kernel has written its version there
    for data in (output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output):
        if "image/png" in data:
            data["image/png"] = smaller(data["image/png"])
    return notebook


def smaller(png: str) -> str:
    """A picture with fewer colours, both in base64."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    written = io.BytesIO()
    few = picture.quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE)
    few.save(written, format="png", optimize=True)
    return base64.b64encode(written.getvalue()).decode()


def main(names: list[str]) -> int:
    """Execute and write; the exit status."""
    # The numbers in the repository are those of a CPU. Figures are drawn into the notebook, whatever was set before.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.pop("MPLBACKEND", None)
    for script in [script for name in names for script in meant(Path(name))] or scripts():
        began = time.perf_counter()
        try:
            text = jupytext.writes(executed(script), fmt="ipynb")
        except (CellExecutionError, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        script.with_suffix(".ipynb").write_text(text + "\n" * (not text.endswith("\n")), encoding="utf-8")
        print(f"{script.stem}: {time.perf_counter() - began:.0f} s, {len(text) / 1024:.0f} kB")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Execute notebooks and write them as .ipynb.")
    parser.add_argument("names", nargs="*", help="scripts; by default all")
    sys.exit(main(parser.parse_args().names))
