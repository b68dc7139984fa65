"""The page of a report: one file that asks for nothing from outside."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxopt_lab.labs.findings import Findings
from jaxopt_lab.plots.film import page_size
from jaxopt_lab.plots.pages import player, templates, text_of
from jaxopt_lab.report.summary import environment, plain


def page(findings: Sequence[Findings], images: Mapping[str, bytes]) -> str:
    """The page as HTML.

    Args:
        findings: what the laboratories found, in reading order.
        images: the PNG of each picture by its name.
    """
    from markupsafe import Markup

    playing = player()
    style, script = (playing[name] + Markup(text_of(f"report/page.{end}")) for name, end in _PARTS)  # noqa: S704 - ours
    settings = {found.name: {name: _setting(value) for name, value in found.settings.items()} for found in findings}
    sizes = {picture.name: page_size(picture.figure) for found in findings for picture in found.pictures}
    return templates().get_template("report/page.html").render(
        findings=findings, images=images, sizes=sizes, settings=settings, environment=environment(), cell=cell,
        is_number=is_number, style=style, script=script, policy=_policy(script),
    )  # fmt: skip


_PARTS = (("style", "css"), ("script", "js"))


def _policy(script: str) -> str:
    """What a browser may do with the page: draw it, and run this one script. Everything else it refuses."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def cell(value: Any) -> str:
    """A table's cell as a person reads it: four significant digits, and text as it is.

    Example:
        >>> cell(0.123456), cell(-2), cell(1.5e-9), cell("as it is")
        ('0.1235', '−2', '1.5e−09', 'as it is')
    """
    if not is_number(value):
        return str(value)
    whole = float(value).is_integer() and abs(value) < 1e6
    return (f"{int(value)}" if whole else f"{value:.4g}").replace("-", "−")


def is_number(value: Any) -> bool:
    """Whether a cell is read by its digits, and not as text.

    Example:
        >>> is_number(np.float32(0.5)), is_number("0.5 (0.4 to 0.6)"), is_number(True)
        (True, False, False)
    """
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _setting(value: Any) -> str:
    """A setting in one line: text as it is, everything else as JSON, its fractions to six digits."""
    return value if isinstance(value, str) else json.dumps(_rounded(plain(value)), ensure_ascii=False)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
