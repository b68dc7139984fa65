"""MLflow's file store: `mlruns/<experiment>/<run>/metrics/<name>`, with a line `time value step` for each point."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from jaxopt_lab.curves.reading.log import Log, Run, refusal
from jaxopt_lab.curves.reading.names import meaning
from jaxopt_lab.curves.reading.series import Series, side_by_side
from jaxopt_lab.curves.reading.text import read_text

_OF_THE_MACHINE = "system/"


def is_run_folder(folder: Path) -> bool:
    """Whether MLflow made this folder for a run."""
    return (folder / "meta.yaml").is_file() and (folder / "metrics").is_dir()


def mlflow_log(root: Path, folders: Iterable[Path]) -> Log:
    """The runs in folders of MLflow.

    Args:
        root: the folder that the user named.
        folders: those of runs.

    Raises:
        ValueError: if they hold no metrics, or one is damaged before its last line.
    """
    ignored: dict[str, str] = {}
    notes: list[str] = []
    runs = []
    for folder in sorted(folders):
        series = _metrics(folder / "metrics", ignored, notes)
        if not series:
            ignored[folder.name] = "a run without metrics"
            continue
        points = side_by_side(series, "step")
        rate = _param(folder, "learning_rate")
        if rate is not None and not any((told := meaning(name)) and told.what == "learning_rate" for name in series):
            points["learning_rate"] = rate
        runs.append(Run(_name(folder), points, rewritten=True))
    if not runs:
        raise refusal(root, "its runs have no metrics", "log them by mlflow.log_metric(name, value, step=epoch)")
    return Log("MLflow run folders", runs, ignored, notes)


def _metrics(folder: Path, ignored: dict[str, str], notes: list[str]) -> dict[str, Series]:
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        if name.startswith(_OF_THE_MACHINE):
            ignored[name] = "it counts samples of the machine, not steps"
        elif file.stat().st_size:
            found[name] = _series(file, notes)
    return {name: each for name, each in found.items() if each.steps}


def _series(file: Path, notes: list[str]) -> Series:
    """The points of one metric; a last line without its end was cut short and is left out."""
    lines = read_text(file).split("\n")
    if lines.pop():
        notes.append(f"{file.name}: the last line was cut short and is left out")
    points = []
    for number, line in enumerate(lines, 1):
        try:
            _, value, *step = line.split()
            points.append((np.int64(int(step[0])) if step else number - 1, float(value)))
        except (ValueError, OverflowError) as error:
            raise refusal(
                file, f"line {number} is {line[:40]!r}, not a time, a value and a step", "remove or mend it"
            ) from error
    series = Series()
    never_counted = len({step for step, _ in points}) == 1 < len(points)  # log_metric without step=
    for place, (step, value) in enumerate(points):
        series.add(place if never_counted else step, value)
    if never_counted:
        notes.append(f"{file.name}: all points have one step, so they are numbered in the order they were written")
    return series


def _param(folder: Path, name: str) -> float | None:
    try:
        return float((folder / "params" / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _name(folder: Path) -> str:
    """The name that people gave the run, or its identifier."""
    try:
        return (folder / "tags" / "mlflow.runName").read_text(encoding="utf-8").strip() or folder.name
    except (OSError, UnicodeDecodeError):
        return folder.name
