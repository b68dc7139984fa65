"""Templates and their files, as they lie in the package, for pages that need nothing from outside."""

import base64
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def text_of(name: str) -> str:
    """A file of the package, by its place in it.

    Example:
        >>> text_of("plots/film.js").splitlines()[0]
        '"use strict";'
    """
    return resources.files("jaxopt_lab").joinpath(name).read_text(encoding="utf-8")


@cache
def templates() -> "Environment":
    """The templates of the package, by their places in it. All that they are given is escaped.

    Example:
        >>> templates().from_string("{{ name }}").render(name="<b>")
        '&lt;b&gt;'
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(text_of), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return environment


def player() -> dict[str, str]:
    """The style and the script that play a film, to stand in a page as they are."""
    from markupsafe import Markup

    return {"style": Markup(text_of("plots/film.css")), "script": Markup(text_of("plots/film.js"))}  # noqa: S704 - ours
