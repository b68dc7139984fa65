"""What lies at a path, told by content: the reader for a file, and the logs in a folder."""

import os
from collections.abc import Mapping
from pathlib import Path

from jaxopt_lab.curves.reading.delimited import delimited_log
from jaxopt_lab.curves.reading.json_log import json_log
from jaxopt_lab.curves.reading.log import FORMATS, Log, Run, refusal, run_name
from jaxopt_lab.curves.reading.mlflow_runs import is_run_folder, mlflow_log
from jaxopt_lab.curves.reading.records import HEADER_SIZE, begins_with_record
from jaxopt_lab.curves.reading.tensorboard import event_log
from jaxopt_lab.curves.reading.text import read_text

MOST_FILES = 20_000
_TEXTS = {".csv", ".tsv", ".json", ".jsonl", ".log", ".txt"}
_STATE = "trainer_state.json"


def find_log(path: Path, columns: Mapping[str, str]) -> Log:
    """Read what lies at a path, whatever it is.

    Args:
        path: a file or a folder.
        columns: the user's names.

    Raises:
        ValueError: if there is nothing, or nothing that can be read.
    """
    try:
        if path.is_dir():
            return _folder(path, columns)
        if path.is_file():
            return _file(path, path.stem, columns)
    except OSError as error:
        raise refusal(path, f"it can't be read ({error.strerror or error})", "check its permissions") from error
    if path.exists():
        raise refusal(path, "it is neither a file nor a folder")
    raise refusal(path, "there is no such file or folder", f"pass the path of {FORMATS}")


def _file(path: Path, name: str, columns: Mapping[str, str]) -> Log:
    if _is_event_file(path):
        return event_log(path, [path])
    text = read_text(path)
    reader = json_log if text.lstrip()[0] in "{[" else delimited_log
    return reader(path, text, name, columns)


def _is_event_file(path: Path) -> bool:
    """By its first record; one that is damaged there is known by its name."""
    with path.open("rb") as file:
        head = file.read(HEADER_SIZE)
    return begins_with_record(head) or (".tfevents." in path.name and b"\0" in head)


def _folder(root: Path, columns: Mapping[str, str]) -> Log:
    """The logs of a folder, in the order of how much they say: one training often leaves several."""
    folders, files = _contents(root)
    if runs := [folder for folder in folders if is_run_folder(folder)]:
        return mlflow_log(root, runs)
    if states := [file for file in files if file.name == _STATE]:
        return _together(root, _latest(states), columns)
    if tables := [file for file in files if file.name == "metrics.csv"]:
        return _together(root, tables, columns)
    if events := [file for file in files if file.stat().st_size and _is_event_file(file)]:
        return event_log(root, events)
    return _together(root, [file for file in files if file.suffix.lower() in _TEXTS], columns)


def _contents(root: Path) -> tuple[list[Path], list[Path]]:
    """The folder and those beneath it, and all their files but hidden ones; no link to a folder is followed."""
    folders, files = [], []
    for place, inside, names in os.walk(root):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        folders.append(Path(place))
        files += [folders[-1] / name for name in sorted(names) if not name.startswith(".")]
        if len(files) > MOST_FILES:
            raise refusal(root, f"more than {MOST_FILES:,} files lie in it", "pass the folder of one run, or a file")
    return folders, [file for file in files if file.is_file()]


def _latest(states: list[Path]) -> list[Path]:
    """One file for each training: its folder's own, or that of its last checkpoint, which has the whole history."""
    trainings: dict[Path, list[Path]] = {}
    for state in states:
        in_checkpoint = state.parent.name.startswith("checkpoint-")
        trainings.setdefault(state.parent.parent if in_checkpoint else state.parent, []).append(state)
    return [max(found, key=_progress) for found in trainings.values()]


def _progress(state: Path) -> float:
    number = state.parent.name.removeprefix("checkpoint-")
    return float(number) if number.isdigit() else float("inf")


def _together(root: Path, files: list[Path], columns: Mapping[str, str]) -> Log:
    """The runs of several files; one that can't be read is named among what was ignored."""
    logs, ignored = [], {}
    for file in files:
        try:
            logs.append(_file(file, _name(root, file, files), columns))
        except ValueError as error:
            ignored[run_name(root, file)] = str(error).removeprefix(f"{file}: ")
    if not logs:
        seen = "; ".join(f"{name}: {why}" for name, why in list(ignored.items())[:3])
        raise refusal(root, f"no log was found in the folder ({seen or 'it holds no file of a known kind'})")
    return Log(
        " and ".join(dict.fromkeys(log.format for log in logs)),
        _joined([run for log in logs for run in log.runs]),
        ignored | {name: why for log in logs for name, why in log.ignored.items()},
        [note for log in logs for note in log.notes],
    )


def _name(root: Path, file: Path, files: list[Path]) -> str:
    """A run is called after its folder, or after its file where several lie in one."""
    alone = sum(other.parent == file.parent for other in files) == 1
    return run_name(root, file.parent if alone else file.with_suffix(""))


def _joined(runs: list[Run]) -> list[Run]:
    """Runs of one name are one: a chart for each metric, as W&B exports them."""
    import pandas as pd

    by_name: dict[str, list[Run]] = {}
    for run in runs:
        by_name.setdefault(run.name, []).append(run)
    return [
        same[0] if len(same) == 1 else Run(name, pd.concat([run.points for run in same], ignore_index=True))
        for name, same in by_name.items()
    ]
