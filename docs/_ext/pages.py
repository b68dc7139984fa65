"""The pages as Markdown has them, but for the blank line that ends a doctest before its block is closed."""

import re

from sphinx.application import Sphinx

LAST_LINE = re.compile(r"\n\n```$", re.MULTILINE)


def without_last_lines(app: Sphinx, name: str, source: list[str]) -> None:
    """The handler for a page that has been read."""
    del app, name
    source[0] = LAST_LINE.sub("\n```", source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the handler."""
    app.connect("source-read", without_last_lines)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
