"""Signatures as they are written in the source: ``optax.ScalarOrSchedule`` and not the union that it stands for.

Also what napoleon would take for a type: the words of a ``Returns:`` section before a colon.
"""

import ast
import inspect
import textwrap
from typing import Any

from sphinx.application import Sphinx
from sphinx.domains.python import PyObject

Signature = tuple[str, str | None]


def signature_of(thing: Any) -> Signature | None:
    """The arguments and the return type of a function or a class, in the words of the source; None without one."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(thing))).body
    except (OSError, TypeError):
        return None
    if isinstance(tree, ast.ClassDef):
        return _of_class(tree)
    if isinstance(tree, ast.FunctionDef):
        return _of_function(tree, method="." in thing.__qualname__)
    return None


def _of_class(tree: ast.ClassDef) -> Signature:
    """Of ``__init__``, or of the fields that make one."""
    for each in tree.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            return _of_function(each, method=True)[0], None
    fields = [each for each in tree.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
    return f"({', '.join(_field(each) for each in fields)})", None


def _field(field: ast.AnnAssign) -> str:
    assert isinstance(field.target, ast.Name)
    text = f"{field.target.id}: {_type(field.annotation)}"
    value = field.value
    if isinstance(value, ast.Call):  # dataclasses.field(default=...)
        value = next((each.value for each in value.keywords if each.arg == "default"), None)
    return text if value is None else f"{text} = {ast.unparse(value)}"


def _of_function(tree: ast.FunctionDef, *, method: bool) -> Signature:
    arguments = tree.args
    if method and not any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in tree.decorator_list):
        arguments.args = arguments.args[1:]
    for each in ast.walk(arguments):
        if isinstance(each, ast.arg) and each.annotation is not None:
            each.annotation = ast.Name(_type(each.annotation))
    return f"({ast.unparse(arguments)})", None if tree.returns is None else _type(tree.returns)


def _type(annotation: ast.expr) -> str:
    """The annotation without the quotation marks that keep Python from looking a name up."""
    for each in ast.walk(annotation):
        if isinstance(each, ast.Subscript) and ast.unparse(each.value).endswith("Literal"):
            return ast.unparse(annotation)
    return ast.unparse(annotation).replace("'", "")


def write_signature(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, returns: str | None
) -> Signature | None:
    """The handler: functions, methods and classes are shown as they are written."""
    del app, name, options, signature, returns
    return signature_of(thing) if what in ("function", "method", "class") else None


def keep_colons(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Put an empty line of text before what is returned, in which napoleon then looks for a type in vain."""
    del app, what, name, thing, options
    for place, line in enumerate(lines):
        if line.strip() in ("Returns:", "Yields:") and place + 1 < len(lines):
            following = lines[place + 1]
            lines.insert(place + 1, following[: len(following) - len(following.lstrip())] + "\\")
            return


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the handlers, that of the colons before napoleon's; and call fields what docstrings call them."""
    next(field for field in PyObject.doc_field_types if field.name == "variable").label = "Attributes"
    app.connect("autodoc-process-signature", write_signature)
    app.connect("autodoc-process-docstring", keep_colons, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
