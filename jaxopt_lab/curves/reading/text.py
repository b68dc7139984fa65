"""Files of text, looked at before anyone parses them: what is empty, binary, huge or torn by a merge is refused."""

import codecs
import re
from pathlib import Path

from jaxopt_lab.curves.reading.log import refusal

MOST_BYTES = 256 << 20

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7}) .*$", re.MULTILINE)
_BINARY = {
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file, such as the weights of a Keras model", "save the history: json.dump"),
    b"PK\x03\x04": ("a zip archive, such as a model or an .npz file", "unpack it, and pass a log of those it may hold"),
    b"\x1f\x8b": ("compressed by gzip", "unpack it first"),
    b"SQLite format 3\0": ("an SQLite database", "export the runs, as with mlflow.search_runs or metric_history"),
    b"PAR1": ("a Parquet file", "write it as CSV"),
    b":W&B": ("the journal of a W&B run", "export a chart as CSV on its page, or write run.history() as CSV"),
    b"\x80": ("a pickle", "no pickle is read, since that runs what it says; write the history by json.dump"),
    b"\x93NUMPY": ("a NumPy array", "write it as CSV with a header"),
    b"\x89PNG": ("a picture", "pass the numbers it was drawn from"),
    b"%PDF": ("a PDF file", "pass the numbers it was drawn from"),
}


def read_text(path: Path) -> str:
    """The text of a file, its lines ended as here.

    Raises:
        ValueError: if it is empty, binary, too large for a log, or has conflict markers of git in it.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise refusal(
            path, f"it has {size / 2**20:,.0f} MiB of text, and at most {MOST_BYTES >> 20} are read",
            f"keep every {-(-size // MOST_BYTES) + 1}th row, or the columns of interest",
        )  # fmt: skip
    content = path.read_bytes()
    text = _decoded(path, content).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise refusal(path, "it is empty", "pass a log with at least one row; has the writer been flushed or closed?")
    if found := _CONFLICT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise refusal(
            path,
            f"line {line} is {found[0][:40]!r}, a conflict of git",
            "resolve it, or check one version out",
        )
    return text


def _decoded(path: Path, content: bytes) -> str:
    for magic, (what, remedy) in _BINARY.items():
        if content.startswith(magic):
            raise refusal(path, f"it is {what}", remedy)
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    if encoding != "utf-16" and b"\0" in content:
        raise refusal(path, "it is binary, of a kind that is not known")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise refusal(path, f"byte {error.start} is no {encoding.upper()}", "write it in UTF-8") from error
