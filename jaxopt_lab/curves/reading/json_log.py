"""Logs in JSON: Keras' History, Hugging Face's trainer_state.json, and rows, in one list or one a line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxopt_lab.curves.reading.log import Log, Run, refusal
from jaxopt_lab.curves.reading.rows import rows_log

MOST_CHARACTERS = 64 << 20

# NaN and infinity stay the words they are, so that a loss that is NaN differs from one that is missing.
_NUMBERS: dict[str, Any] = {"parse_int": float, "parse_constant": str}


def json_log(path: Path, text: str, name: str, columns: Mapping[str, str]) -> Log:
    """The log in a JSON text.

    Args:
        path: where it comes from, for errors.
        text: one JSON value, or one in each line.
        name: the run's, where no column tells runs apart.
        columns: the user's names.

    Raises:
        ValueError: if it is no JSON, or not of a kind that is known.
    """
    if len(text) > MOST_CHARACTERS:
        raise refusal(
            path, f"it has {len(text) >> 20:,} MiB of JSON, and at most {MOST_CHARACTERS >> 20} are read",
            "write it as CSV, or keep every tenth point",
        )  # fmt: skip
    value, notes = _parsed(path, text)
    if isinstance(value, dict) and isinstance(value.get("log_history"), list):
        log = _trainer_state(path, value["log_history"], name)
    elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        log = _rows(path, value, "rows in JSON", name, columns)
    elif isinstance(value, dict):
        history = value["history"] if isinstance(value.get("history"), dict) else value
        log = _history(path, history, name, columns)
    else:
        raise refusal(path, f"it is JSON, but {_kind(value)}")
    return log._replace(notes=[*notes, *log.notes])


def _parsed(path: Path, text: str) -> tuple[Any, list[str]]:
    try:
        return json.loads(text, object_pairs_hook=_no_twins, **_NUMBERS), []
    except _TwinsError as error:
        raise refusal(path, str(error), "rename or remove one of them") from error
    except RecursionError as error:
        raise refusal(path, "it is JSON nested too deeply for a log") from error
    except ValueError as error:
        rows, notes = _lines(text)
        if rows:
            return rows, notes
        seen, remedy = f"it is no whole JSON ({error})", "write it again by json.dump, or restore it from a copy"
        if text.lstrip().startswith(("{'", "[{'")):
            seen, remedy = "it is a Python dict as print shows it, and no JSON", "write it by json.dump"
        raise refusal(path, seen, remedy) from error


class _TwinsError(Exception):
    pass


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise _TwinsError(f"the name {twin!r} comes twice in one object")
    return found


def _lines(text: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of a file with one object a line; a last line that was cut short is left out."""
    rows, lines = [], [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line, **_NUMBERS)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            return (rows, ["the last row was cut short and is left out"]) if number == len(lines) else ([], [])
        rows.append(row)
    return rows, []


def _rows(path: Path, rows: Sequence[Any], written_as: str, name: str, columns: Mapping[str, str]) -> Log:
    import pandas as pd

    return rows_log(path, pd.DataFrame(rows), written_as=written_as, name=name, columns=columns)


def _trainer_state(path: Path, history: list[Any], name: str) -> Log:
    """Training and evaluation rows, interleaved; the last row of a finished training sums it up and is no point."""
    rows = [row for row in history if isinstance(row, dict) and "train_runtime" not in row]
    if not rows:
        raise refusal(path, "its log_history is empty", "train with logging_steps or evaluation, or pass a later one")
    log = _rows(path, rows, "a Hugging Face trainer_state.json", name, {})
    return log._replace(runs=[Run(name, run.points, rewritten=True) for run in log.runs])


def _history(path: Path, history: dict[str, Any], name: str, columns: Mapping[str, str]) -> Log:
    """A list for each curve, as Keras' History has them, or an object of numbered values, as pandas writes them."""
    import pandas as pd

    lists = {curve: _values(each) for curve, each in history.items() if isinstance(each, list | dict)}
    longest = max(map(len, lists.values()), default=0)
    if not longest:
        raise refusal(path, f"it is JSON, but {_kind(history)}")
    notes: list[str] = []
    placed = {}
    for curve, values in lists.items():
        every = longest // max(len(values), 1)  # Keras' validation_freq: the others were not evaluated
        if values and longest // every != len(values):
            raise refusal(
                path, f"{curve!r} has {len(values)} values where the longest list has {longest}",
                "give all lists one length, with null for what was not measured",
            )  # fmt: skip
        if values and every > 1:
            notes.append(f"{curve!r} has {len(values)} of {longest} values: taken as one every {every} epochs")
        rows = [every * (place + 1) - 1 for place in range(len(values))]
        placed[curve] = pd.Series(values, index=rows, dtype=object)
    table = pd.DataFrame(placed, index=range(longest))
    if "epoch" not in table:
        table.insert(0, "epoch", range(longest))  # Keras counts them from 0
    log = rows_log(path, table, written_as="a Keras History", name=name, columns=columns)
    return log._replace(notes=[*log.notes, *notes])


def _values(curve: list[Any] | dict[str, Any]) -> list[Any]:
    return list(curve.values()) if isinstance(curve, dict) else curve


def _kind(value: Any) -> str:
    """What a JSON value is, for the sentence that refuses it."""
    if isinstance(value, dict):
        names = ", ".join(map(repr, list(value)[:6])) or "no names"
        return f"an object with {names} that holds no list of numbers: final values, perhaps, and no curve"
    if isinstance(value, list):
        return "an empty list" if not value else "a list of something other than rows with names"
    return f"a single {type(value).__name__}"
