"""From findings to a folder: the figures, every number as JSON, and one self-contained page."""

import base64
import io
import json
import os
import platform
import shutil
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jaxopt_lab import __version__
from jaxopt_lab.labs.findings import Findings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    """
    check_folder(folder, overwrite=overwrite)
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        images = {picture.name: _png(picture.figure) for found in findings for picture in found.pictures}
        (unfinished / "figures").mkdir(parents=True)
        for name, image in images.items():
            (unfinished / "figures" / f"{name}.png").write_bytes(image)
        (unfinished / "summary.json").write_text(summary_json(findings), encoding="utf-8")
        (unfinished / "index.html").write_text(_page(findings, images), encoding="utf-8")
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
    """
    if not folder.parent.is_dir():
        raise ValueError(f"--out: the folder {folder.parent} does not exist; make it first")
    if not os.access(folder.parent, os.W_OK):
        raise ValueError(f"--out: the folder {folder.parent} can't be written; choose another one")
    if folder.exists() and not overwrite:
        raise ValueError(f"--out: {folder} exists already; name another folder, or replace it with --overwrite")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / "summary.json").exists()):
        raise ValueError(f"--out: {folder} holds something else than a report and will not be replaced; name another")


def summary_json(findings: Sequence[Findings]) -> str:
    """Every setting and every number that the laboratories printed or drew, with the versions and the device.

    NaN is written as null, and infinities as the strings "Infinity" and "-Infinity", which JSON has no numbers for.

    Args:
        findings: what the laboratories found.
    """
    laboratories = {
        found.name: {
            "title": found.title,
            "settings": found.settings,
            "numbers": found.numbers,
            "tables": [table._asdict() for table in found.tables],
            "answers": [answer._asdict() for answer in found.answers],
            "figures": {picture.name: picture.caption for picture in found.pictures},
        }
        for found in findings
    }
    summary = {"environment": environment(), "laboratories": laboratories}
    return json.dumps(_plain(summary), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def environment() -> dict[str, str]:
    """Versions and device, as they stand on every page and in every summary."""
    device = jax.local_devices()[0]
    versions = {name: metadata.version(name) for name in ("jax", "optax", "numpy", "scikit-learn")}
    return {
        "jaxopt_lab": __version__,
        **versions,
        "python": platform.python_version(),
        "device": f"{device.platform}: {device.device_kind}",
    }


def _page(findings: Sequence[Findings], images: dict[str, bytes]) -> str:
    import jinja2

    loader = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    loader.filters["cell"] = _cell
    template = loader.from_string(resources.files("jaxopt_lab").joinpath("report.html").read_text(encoding="utf-8"))
    encoded = {name: base64.b64encode(image).decode() for name, image in images.items()}
    settings = {found.name: json.dumps(_plain(found.settings), indent=1, ensure_ascii=False) for found in findings}
    return template.render(findings=findings, images=encoded, settings=settings, environment=environment())


def _png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


def _cell(value: Any) -> str:
    """A table's cell as a person reads it: four significant digits, and text as it is."""
    if isinstance(value, bool | str) or not isinstance(value, int | float | np.number):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{int(value)}"
    return f"{value:.4g}".replace("-", "−")


def _plain(value: Any) -> Any:
    """What JSON can hold: lists for arrays and tuples, plain numbers, text for what is not finite."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | jax.Array):
        return _plain(np.asarray(value).tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None if np.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
