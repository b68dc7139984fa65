"""A table from a file; reading one executes nothing."""

import csv
import importlib.util
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = {".csv": ",;\t", ".tsv": "\t"}
FORMATS = ".csv, .tsv, .parquet or .npz"


def read_table(
    path: Path | str, columns: Sequence[str] | None = None, *, without: Sequence[str] = ()
) -> "pd.DataFrame":
    """Columns of a table, whole or not at all.

    Args:
        path: a CSV (separated by commas, semicolons or tabs), TSV or Parquet file with named columns, or NumPy's
            ``.npz`` with one array for each column; an array of shape ``(n, k)`` has the columns ``name[0]`` to
            ``name[k-1]``.
        columns: the names of those to read, each once; None for all.
        without: of all those to leave out.

    Returns:
        These columns, in this order. What is missing is missing there too.

    Raises:
        ValueError: if there is no such file or column, the file is none of these, or its rows don't fit its header.

    Example:
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(os.path.join(folder, "test.npz"), y=[0, 1], p=[0.2, 0.9])
        ...     table = read_table(os.path.join(folder, "test.npz"), ["p"])
        >>> table["p"].to_list()
        [0.2, 0.9]
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file; pass one ending in {FORMATS}")
    suffix = path.suffix.lower()
    if suffix in _SEPARATORS:
        return _delimited(path, columns, without)
    if suffix == ".npz":
        return _arrays(path, columns, without)
    if suffix in (".parquet", ".pq"):
        return _parquet(path, columns, without)
    raise ValueError(f"{path}: ends in {path.suffix or 'nothing'}; pass a table ending in {FORMATS}")


def _delimited(path: Path, columns: Sequence[str] | None, without: Sequence[str]) -> "pd.DataFrame":
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline().rstrip("\r\n")
        separator = max(_SEPARATORS[path.suffix.lower()], key=line.count)
        header = [name.strip() for name in next(csv.reader([line], delimiter=separator), [])]
        chosen = _chosen(path, columns, without, header)
        with warnings.catch_warnings():
            # Rows with more cells than the header would lose them.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path, sep=separator, index_col=False, low_memory=False, skipinitialspace=True, encoding="utf-8-sig"
            )
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is no text in UTF-8; save it as UTF-8, or as Parquet") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error) as error:
        raise ValueError(f"{path}: its rows don't fit its header ({_told(error)}); give each row one cell for each name"
                         ) from error  # fmt: skip
    return table.set_axis(header, axis="columns").loc[:, chosen]


def _parquet(path: Path, columns: Sequence[str] | None, without: Sequence[str]) -> "pd.DataFrame":
    import pandas as pd

    if importlib.util.find_spec("pyarrow") is None:
        raise ValueError(f"{path}: reading Parquet takes pyarrow, which is not installed; pip install pyarrow")
    try:
        table = pd.read_parquet(path, engine="pyarrow")
    except Exception as error:  # whatever the reader of a foreign file stumbles over
        raise ValueError(f"{path}: is no Parquet file ({_told(error)})") from error
    header = [str(name) for name in table.columns]
    chosen = _chosen(path, columns, without, header)
    return table.set_axis(header, axis="columns").loc[:, chosen]


def _arrays(path: Path, columns: Sequence[str] | None, without: Sequence[str]) -> "pd.DataFrame":
    import pandas as pd

    table = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            for name in file.files:
                array = file[name]
                parts = {f"{name}[{place}]": column for place, column in enumerate(array.T)} if array.ndim == 2 else {}
                table |= parts or {name: array}
    except Exception as error:  # whatever the reader of a foreign file stumbles over
        raise ValueError(f"{path}: is no .npz of plain arrays ({_told(error)}); write it by np.savez, without objects"
                         ) from error  # fmt: skip
    chosen = _chosen(path, columns, without, list(table))
    lengths = {name: table[name].size for name in chosen}
    if odd := [name for name in chosen if table[name].ndim != 1]:
        raise ValueError(f"{path}: {odd[0]} has the shape {table[odd[0]].shape}; a column has one entry for each row")
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{path}: {', '.join(f'{name} has {n}' for name, n in lengths.items())} rows; make them equal")
    return pd.DataFrame({name: table[name] for name in chosen})


def _chosen(path: Path, columns: Sequence[str] | None, without: Sequence[str], header: list[str]) -> list[str]:
    """The names of the columns asked for, each of which is there once."""
    for name in [*(columns or ()), *without]:
        if name not in header:
            there = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
            raise ValueError(f"{path}: has no column {name!r}; it has {there or 'none at all'}")
    chosen = [name for name in header if name not in without] if columns is None else list(columns)
    for name in chosen:
        if not name:
            raise ValueError(
                f"{path}: column {header.index(name) + 1} has no name; give it one, or write the table without it"
            )
        if header.count(name) > 1:
            raise ValueError(f"{path}: {header.count(name)} columns are called {name!r}; rename all but one")
    return chosen


def _told(error: Exception) -> str:
    return " ".join(str(error).removeprefix("Error tokenizing data. C error: ").split())[:200]
