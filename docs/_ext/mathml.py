"""Equations as MathML, which browsers draw by themselves: no script, no font, no network."""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
UNKNOWN = re.compile(r"\\[A-Za-z]*|&(?!#?\w+;)")
"""A command, or a mark of alignment, that stands in what was converted as it stood in the source."""
UPRIGHT = re.compile(r"\\(?:operatorname\*?\{([^{}]+)\}|(arg)\b)")
"""Names that the converter would take apart into italic letters, or does not know."""
BAR = re.compile(r"\\[lr]([Vv])ert\b")
"""Bars that the converter would let grow with what stands between them, as `left` and `right` do."""
INDEX = re.compile(r"_\{([a-z]{3,})\}")
"""An index that is a word: set upright, so that it is no product of letters."""

ESCAPED = re.compile(r"\\([{}_#%])")
"""In texts and large braces the converter leaves the backslash that keeps LaTeX from reading a sign as its own."""


def mathml(latex: str, *, display: str = "inline") -> str:
    """An equation as a MathML element.

    Args:
        latex: what LaTeX would set in mathematical mode; lines parted by two backslashes are aligned.
        display: ``"inline"`` or ``"block"``.

    Raises:
        ValueError: for a command that is not understood; the converter itself would print its name in the equation.
    """
    latex = " ".join(latex.split())
    if r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{split}}{latex}\end{{split}}"
    latex = UPRIGHT.sub(lambda found: rf"\text{{{found[1] or found[2]}}}\,", latex)
    latex = BAR.sub(lambda found: {"V": r"\|", "v": "|"}[found[1]], latex)
    latex = INDEX.sub(r"_{\\text{\1}}", latex)
    try:
        element = ESCAPED.sub(r"\1", convert(latex, display=display))
    except Exception as error:  # the converter has a dozen classes of errors, one for each way to be wrong
        raise ValueError(f"equation {latex!r}: {type(error).__name__} {error}") from error
    if unknown := UNKNOWN.findall(element):
        raise ValueError(f"equation {latex!r}: {', '.join(sorted(set(unknown)))} is not understood; write it otherwise")
    return element


def visit(self: Any, node: nodes.math | nodes.math_block) -> None:
    """Write an equation; one that is not understood is a warning, which ends the build."""
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    try:
        element = mathml(node.astext(), display=display)
    except ValueError as error:
        LOGGER.warning("%s", error, location=node)
        raise nodes.SkipNode from error
    self.body.append(f'<div class="equation">{element}</div>\n' if display == "block" else element)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Name the renderer, for ``html_math_renderer``."""
    app.add_html_math_renderer("mathml", (visit, None), (visit, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
