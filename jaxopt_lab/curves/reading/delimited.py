"""Tables with separators: Keras' CSVLogger, Lightning's metrics.csv, W&B's charts, and anybody's own."""

import csv
import io
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jaxopt_lab.curves.reading.log import FORMATS, Log, refusal
from jaxopt_lab.curves.reading.names import meaning
from jaxopt_lab.curves.reading.rows import rows_log
from jaxopt_lab.curves.reading.wandb_chart import chart_log, is_chart

if TYPE_CHECKING:
    import pandas as pd

MOST_COLUMNS = 5_000

_SEPARATORS = ",;\t"
_GAPS = ["", "NA", "N/A", "#N/A", "null", "NULL", "None", "-"]
_DECIMAL_COMMA = re.compile(r"(?<![^;\t\n])-?\d+,\d+(?![^;\t\n])")
_CUT_EXPONENT = re.compile(r"e[-+]?\d?", re.IGNORECASE)


def delimited_log(path: Path, text: str, name: str, columns: Mapping[str, str]) -> Log:
    """The log in a table with separators.

    Args:
        path: where it comes from, for errors.
        text: the table.
        name: the run's, where no column tells runs apart.
        columns: the user's names.

    Raises:
        ValueError: if it is no table with a header, or its columns contradict each other.
    """
    notes: list[str] = []
    separator, header = _header(path, text)
    table = _without_twins(path, _parsed(path, _whole_rows(text, separator, len(header), notes), separator), header)
    if is_chart(table.columns):
        log = chart_log(path, table)
    else:
        log = rows_log(path, table, written_as=_dialect(table), name=name, columns=columns)
    return log._replace(notes=[*notes, *log.notes])


def _header(path: Path, text: str) -> tuple[str, list[str]]:
    """The separator, and the names in the first line."""
    line = text.lstrip("\n").split("\n", 1)[0]
    separator = max(_SEPARATORS, key=line.count)
    if line.count(separator) >= MOST_COLUMNS:
        raise refusal(path, f"its first line has more than {MOST_COLUMNS:,} cells", "keep the columns of interest")
    try:
        names = [name.strip() for name in next(csv.reader([line], delimiter=separator))]
    except csv.Error as error:
        raise refusal(path, f"its first line can't be taken apart ({error})", f"pass {FORMATS}") from error
    if len(names) == 1 and meaning(names[0]) is None:
        raise refusal(path, f"it is no table and no JSON; it begins with {line[:40]!r}", f"pass {FORMATS}")
    if all(_is_number(name) for name in names):
        raise refusal(path, f"its first line is {line[:40]!r}, numbers without names", "put a line with names above it")
    return separator, names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _whole_rows(text: str, separator: str, width: int, notes: list[str]) -> str:
    """The text without headers that come again, and without a last row that its writer did not finish."""
    header, _, body = text.lstrip("\n").partition("\n")
    again = f"{header}\n"
    if again in body:
        body = "".join(line for line in body.splitlines(keepends=True) if line != again)
        notes.append("the header comes again on the way: rows were appended")
    if body and not body.endswith("\n"):
        above, _, last = body.rpartition("\n")
        if _is_cut(last, above, separator, width):
            notes.append("the last row was cut short and is left out")
            body = f"{above}\n"
    return f"{header}\n{body}"


def _is_cut(last: str, above: str, separator: str, width: int) -> bool:
    """Whether a row without a line's end is unfinished: it lacks cells, or its last number lacks digits.

    Writers that end each line leave such a row only when they are stopped. Exports may have no end at the last line:
    then it is as long as the others.
    """
    cells = last.split(separator)
    if len(cells) < width or last.count('"') % 2:
        return True
    ends = [line.rpartition(separator)[2] for line in above.rsplit("\n", 20)]
    shortest = min((len(end) for end in ends), default=0)
    return len(cells[-1]) < shortest - 2 or bool(_CUT_EXPONENT.search(cells[-1][-3:]))


def _parsed(path: Path, text: str, separator: str) -> "pd.DataFrame":
    """The cells; a column with NaN written in it stays text, so that a loss that is NaN differs from a missing one."""
    import pandas as pd

    decimal = "," if separator != "," and _DECIMAL_COMMA.search(text) else "."
    content = io.BytesIO(text.encode())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # all rows are longer than the header
            return pd.read_csv(
                content, sep=separator, decimal=decimal, index_col=False, skipinitialspace=True, low_memory=False,
                keep_default_na=False, na_values=_GAPS,
            )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        seen = " ".join(str(error).removeprefix("Error tokenizing data. C error: ").split())
        raise refusal(path, f"its rows do not fit its header ({seen})", "give each row a cell for each name") from error


def _without_twins(path: Path, table: "pd.DataFrame", header: list[str]) -> "pd.DataFrame":
    """The table with the names of its header; columns of one name must say the same."""
    if not len(table):
        raise refusal(path, "it has a header and no rows", "pass a log with at least one row")
    first: dict[str, int] = {}
    for place, name in enumerate(header):
        twin = first.setdefault(name, place)
        if not table.iloc[:, place].equals(table.iloc[:, twin]):
            raise refusal(
                path, f"two columns are called {name!r} and differ (columns {twin + 1} and {place + 1})",
                "rename one of them",
            )  # fmt: skip
    # A column without a name is the row number that pandas writes.
    kept = {name: place for name, place in first.items() if name}
    return table.iloc[:, list(kept.values())].set_axis(list(kept), axis="columns")


def _dialect(table: "pd.DataFrame") -> str:
    names = set(table.columns)
    if {"epoch", "step"} <= names:
        return "a Lightning metrics.csv"
    if "loss" in names and ("epoch" in names or any(name.startswith("val_") for name in names)):
        return "a Keras CSVLogger file"
    return "CSV"
