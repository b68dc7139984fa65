"""A report's folder: whole, or not there."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from jaxopt_lab.labs.findings import Findings
from jaxopt_lab.plots.png import png
from jaxopt_lab.report.page import page
from jaxopt_lab.report.summary import summary_json

DPI = 150


def write_report(findings: Sequence[Findings], folder: Path, *, overwrite: bool = False) -> Path:
    """Write ``index.html``, ``summary.json`` and ``figures/*.png`` into a folder that is whole or not there.

    Args:
        findings: what the laboratories found, in reading order.
        folder: where to write; its parent must exist.
        overwrite: whether to replace a report that lies there already.

    Returns:
        The path of the page.

    Raises:
        ValueError: if the folder exists and may not be replaced, or is no report.
        OSError: if it cannot be written.

    Example:
        >>> import tempfile
        >>> from jaxopt_lab.labs import Answer
        >>> found = Findings("trial", "A trial", "Try.", {}, {}, [], [], [Answer("Why?", "Because.")])
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     "Because." in write_report([found], Path(parent) / "report").read_text(encoding="utf-8")
        True
    """
    check_folder(folder, overwrite=overwrite)
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        images = {picture.name: png(picture.figure, DPI) for found in findings for picture in found.pictures}
        (unfinished / "figures").mkdir(parents=True)
        for name, image in images.items():
            (unfinished / "figures" / f"{name}.png").write_bytes(image)
        (unfinished / "summary.json").write_text(summary_json(findings), encoding="utf-8")
        (unfinished / "index.html").write_text(page(findings, images), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return folder / "index.html"


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that a report cannot go to, before the work that would be lost is done.

    Args:
        folder: where a report is to be written.
        overwrite: whether it may replace a report.

    Raises:
        ValueError: naming the folder and what to do.

    Example:
        >>> check_folder(Path("nowhere") / "report", overwrite=False)
        Traceback (most recent call last):
        ...
        ValueError: --out: the folder nowhere does not exist; make it first
    """
    if not folder.parent.is_dir():
        raise ValueError(f"--out: the folder {folder.parent} does not exist; make it first")
    if not os.access(folder.parent, os.W_OK):
        raise ValueError(f"--out: the folder {folder.parent} can't be written; choose another one")
    if folder.exists() and not overwrite:
        raise ValueError(f"--out: {folder} exists already; name another folder, or replace it with --overwrite")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / "summary.json").exists()):
        raise ValueError(f"--out: {folder} holds something else than a report and will not be replaced; name another")
