"""What `names` in docstrings and annotations lead to.

A name of ours leads to its entry, from wherever it stands. Names of other libraries have no page here: they are looked
for by importing them, so that a misspelt one is a warning, and a warning ends the build.
"""

import ast
import builtins
import functools
import importlib
import inspect
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

import jaxopt_lab

PACKAGE = Path(jaxopt_lab.__file__).parent


@functools.cache
def imported() -> dict[str, str]:
    """What the names in our modules stand for, also those that only the type checker imports: {"xr": "xarray"}."""
    names = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        home = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                names[node.name] = f"{home}.{node.name}"
            elif isinstance(node, ast.Import):
                names |= {alias.asname: alias.name for alias in node.names if alias.asname}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def look_up(name: str, module: str | None) -> Any:
    """The object that a dotted name stands for, in one of our modules or anywhere; None if there is none."""
    head, _, rest = name.partition(".")
    places = [name, f"{imported().get(head, head)}{'.' * bool(rest)}{rest}", f"jaxopt_lab.{name}"]
    if module:
        places.append(f"{module}.{name}")
    if hasattr(builtins, name):
        return getattr(builtins, name)
    return next((found for place in places if (found := _import(place)) is not None), None)


def _import(name: str) -> Any:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        return functools.reduce(lambda thing, part: getattr(thing, part, None), parts[length:], found)
    return None


def entry(target: str, module: str, known: dict[str, Any]) -> str | None:
    """The entry of ours that a name means: in the same subpackage before others, at the top before further down."""
    fitting = [name for name in known if name == target or name.endswith(f".{target}")]
    near = ".".join(module.split(".")[:2])
    fitting.sort(key=lambda name: (not name.startswith(f"{near}."), name.count("."), name))
    return fitting[0] if fitting else None


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.TextElement) -> nodes.Node | None:
    """The handler for references that Sphinx itself finds nothing for."""
    if node.get("refdomain") != "py":
        return None
    known = env.domains.python_domain.objects
    target, module = node["reftarget"], node.get("py:module") or "jaxopt_lab"
    found = look_up(target, module)
    name = entry(target, module, known)
    if name is None and (inspect.isfunction(found) or inspect.isclass(found)) and "jaxopt_lab" in found.__module__:
        name = entry(found.__name__, found.__module__, known)
    if name is not None:
        place = known[name]
        return make_refnode(app.builder, node["refdoc"], place.docname, place.node_id, [text], name)
    return None if found is None else text


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the handler."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
