"""``.. catalogue:: package``: every public name of a package with its docstring, read off its ``__all__``.

The names stand in families, as the files in which they are defined: a file holds one idea, and the first line of its
docstring says which.
"""

import dataclasses
import importlib
import inspect
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def public_names(module: ModuleType) -> list[str]:
    """The names in ``__all__``; of a module without one, the functions and classes that it defines."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not name.startswith("__")]
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]


def families(module: ModuleType) -> dict[str, list[str]]:
    """The public names by the module in which each is defined; constants and modules belong to the package itself."""
    found: dict[str, list[str]] = {}
    for name in public_names(module):
        value = getattr(module, name)
        home = value.__module__ if callable(value) else module.__name__
        found.setdefault(home, []).append(name)
    return dict(sorted(found.items(), key=lambda family: (family[0] != module.__name__, family[0])))


def title_of(module: ModuleType) -> str:
    """The first line of a module's docstring, as a heading."""
    return (module.__doc__ or module.__name__).partition("\n")[0].strip().removesuffix(".")


def members(cls: type) -> list[str]:
    """What a class offers beside its fields, which its own docstring explains."""
    fields = set(getattr(cls, "_fields", ()))
    if dataclasses.is_dataclass(cls):
        fields |= {field.name for field in dataclasses.fields(cls)}
    return [name for name, value in vars(cls).items() if name[0] != "_" and name not in fields and value.__doc__]


def describe(where: str, name: str, value: Any) -> list[str]:
    """The directive that shows one public name."""
    if inspect.ismodule(value):
        return [f"- :py:mod:`{value.__name__}`: {title_of(value)}.", ""]
    if not callable(value):  # autodoc would show the docstring of its type
        return [f".. py:data:: {name}", f"   :module: {where}", f"   :value: {value!r}", ""]
    kind = "class" if inspect.isclass(value) else "function"
    lines = [f".. auto{kind}:: {where}.{name}"]
    if kind == "class" and (shown := members(value)):
        lines.append(f"   :members: {', '.join(shown)}")
    return [*lines, ""]


def page(module: ModuleType) -> str:
    """The reStructuredText of a catalogue: the module's docstring, then family by family."""
    lines = [f"``{module.__name__}``", "", f".. automodule:: {module.__name__}", ""]
    for home, names in families(module).items():
        described = [line for name in names for line in describe(module.__name__, name, getattr(module, name))]
        if home != module.__name__:
            title = title_of(importlib.import_module(home))
            lines += [title, "-" * len(title), ""]
        lines += described
    return "\n".join(lines)


class Catalogue(SphinxDirective):
    """The directive."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse the page as if it stood there."""
        module = importlib.import_module(self.arguments[0])
        return self.parse_text_to_nodes(page(module), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("catalogue", Catalogue)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
