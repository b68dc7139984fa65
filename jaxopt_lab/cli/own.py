"""Problems and optimisers of the user's own, named on the command line as ``file.py:name``."""

import dataclasses
import functools
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from jaxopt_lab.engine.grid import required, unknown
from jaxopt_lab.problems.problem import Problem, as_problem

Factory = Callable[..., Any]

MODULE = "jaxopt_lab_own_"
"""What the modules of the user's files are called with, so that none takes the name of an installed one."""


def is_own(name: str) -> bool:
    """Whether a name says a file: no name of the catalogue has a dot and the ending of Python.

    Example:
        >>> is_own("ripples.py:ripples"), is_own("ripples.py"), is_own("contrib.muon")
        (True, True, False)
    """
    return name.rpartition(":")[0].endswith(".py") or name.endswith(".py")


def own_factory(kind: str, text: str) -> Factory:
    """The factory of a problem or of an optimiser that a file of the user's defines.

    A function whose arguments all have defaults is a factory. Of problems, a `Problem` will do as well, and a loss: a
    function of the parameters, whose further arguments are hyperparameters.

    Args:
        kind: ``"problem"`` or ``"optimizer"``.
        text: ``file.py:name``.

    Raises:
        ValueError: for a file that is not there or fails, a name that it does not define, and what is no such thing.
    """
    path, name = _split(kind, text)
    module = _run(kind, path)
    if not hasattr(module, name):
        raise ValueError(unknown(f"{kind} {path}", name, _defined(module)))
    thing = getattr(module, name)
    if kind == "problem":
        return _problem_factory(thing, text, name)
    if not inspect.isfunction(thing):
        raise ValueError(
            f"{kind}: {text} is a {type(thing).__name__}; name a function that makes an optimizer from its "
            "hyperparameters, such as def mine(learning_rate)"
        )
    return thing


def _split(kind: str, text: str) -> tuple[Path, str]:
    file, _, name = text.rpartition(":") if not text.endswith(".py") else (text, "", "")
    path = Path(file)
    if not path.is_file():
        raise ValueError(f"{kind}: there is no file {file}; name one as {kind}s of your own are named: file.py:name")
    if not name:
        raise ValueError(f"{kind}: {text} names no {kind}; say which of {', '.join(_defined(_run(kind, path)))}")
    return path, name


def _run(kind: str, path: Path) -> ModuleType:
    """The file, run once as a module that may import what lies beside it."""
    spec = importlib.util.spec_from_file_location(MODULE + path.stem, path.resolve())
    assert spec is not None
    assert spec.loader is not None, "a name that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # where a dataclass looks its own module up
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's own lines do
        frames = reversed(traceback.extract_tb(error.__traceback__))
        line = next((f" in line {each.lineno}" for each in frames if Path(each.filename) == path.resolve()), "")
        said = ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
        raise ValueError(f"{kind}: {path} fails{line}: {said}") from error
    finally:
        sys.path.remove(str(path.parent.resolve()))
    return module


def _defined(module: ModuleType) -> list[str]:
    """What a module defines itself, and might be meant."""
    functions = [name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__]
    return functions + [name for name, thing in vars(module).items() if isinstance(thing, Problem)]


def _problem_factory(thing: Any, text: str, name: str) -> Factory:
    if isinstance(thing, Problem):
        return _named(lambda: thing, text, name, inspect.Signature())
    if not inspect.isfunction(thing):
        raise ValueError(
            f"problem: {text} is a {type(thing).__name__}; name a function of the parameters that returns the loss, or "
            "a Problem"
        )
    wanted = [argument for argument in required(thing) if argument != "key"]
    if len(wanted) > 1:
        raise ValueError(
            f"problem: {text} takes {', '.join(wanted)}; let it take all parameters as one array, def {name}(w), or "
            "give the others defaults"
        )
    signature = inspect.signature(thing)
    if not wanted:
        return _named(thing, text, name, signature)
    rest = [each for each in signature.parameters.values() if each.name not in (wanted[0], "key")]

    def make(**numbers: Any) -> Problem:
        return as_problem(functools.partial(thing, **numbers) if numbers else thing)

    return _named(make, text, name, signature.replace(parameters=rest, return_annotation=Problem))


def _named(make: Factory, text: str, name: str, signature: inspect.Signature) -> Factory:
    """A factory under the name that the user gave, whose product is a problem of that name."""

    def factory(**numbers: Any) -> Problem:
        made = make(**numbers)
        if not isinstance(made, Problem):
            raise ValueError(
                f"problem: {text} returned a {type(made).__name__}; without arguments it has to return a Problem, and "
                f"a loss takes the parameters: def {name}(w)"
            )
        return dataclasses.replace(made, name=name)

    factory.__name__ = name
    factory.__signature__ = signature
    return factory
