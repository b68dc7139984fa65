"""Every public name is there, once, and shows by an example how it is used."""

import dataclasses
import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[2] / "jaxopt_lab"


def public_modules() -> list[str]:
    """The package and its subpackages: what has an `__all__` is a catalogue."""
    return ["jaxopt_lab", *(f"jaxopt_lab.{path.parent.name}" for path in sorted(PACKAGE.glob("*/__init__.py")))]


def is_record(value: object) -> bool:
    """Whether it is a NamedTuple or a dataclass: the functions that take or return it show it in their examples."""
    return inspect.isclass(value) and (issubclass(value, tuple) or dataclasses.is_dataclass(value))


def undocumented(module: object, where: str) -> list[str]:
    """Public functions and classes of ours, in a module's `__all__`, without a docstring with an example that runs."""
    missing = []
    for name in getattr(module, "__all__", []):
        value = getattr(module, name)
        ours = inspect.ismodule(value) or (callable(value) and str(value.__module__).startswith("jaxopt_lab"))
        doc = getattr(value, "__doc__", None) or ""
        if ours and (not doc or doc.startswith(f"{name}(")):  # Python writes "Name(field, ...)" where nobody wrote
            missing.append(f"{where}.{name} has no docstring")
        elif ours and not (">>>" in doc or inspect.ismodule(value) or is_record(value)):
            missing.append(f"{where}.{name} has no example")
    return missing


@pytest.mark.parametrize("name", public_modules())
def test_every_public_name_has_an_example(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    assert undocumented(module, name) == []


def test_an_undocumented_name_is_found():
    class Told(NamedTuple):
        """A result."""

        x: int

    class Untold(NamedTuple):
        x: int

    def shown():
        """Do. >>> 1"""

    def silent():
        """Do."""

    module = ModuleType("catalogue")
    for each in [Told, Untold, shown, silent]:
        each.__module__ = "jaxopt_lab.engine"
        setattr(module, each.__name__, each)
    setattr(module, "__all__", ["Told", "Untold", "shown", "silent"])  # noqa: B010 - a module made here has no attributes
    assert undocumented(module, "catalogue") == ["catalogue.Untold has no docstring", "catalogue.silent has no example"]


@pytest.mark.parametrize("name", public_modules())
def test_all_names_what_is_there_once(name):
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    assert len(set(names)) == len(names)
    assert [each for each in names if not hasattr(module, each)] == []
