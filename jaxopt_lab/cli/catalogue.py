"""Names on the command line: which problems, optimisers and metrics there are, and what a name stands for."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal

import optax
import optax.contrib

from jaxopt_lab import metrics, optimizers, problems
from jaxopt_lab.cli.own import is_own, own_factory
from jaxopt_lab.engine.grid import unknown
from jaxopt_lab.problems.problem import Problem

Factory = Callable[..., Any]


def problem_factories() -> dict[str, Factory]:
    """The problems by name: whatever in ``jaxopt_lab.problems`` is said to return one."""
    functions = {name: getattr(problems, name) for name in problems.__all__ if name != "as_problem"}
    return {name: f for name, f in functions.items() if inspect.isfunction(f) and _returns(f, Problem)}


def optimizer_factories() -> dict[str, Factory]:
    """The optimisers by name: ours, Optax's, and ``contrib.`` those that its users contributed.

    Of Optax, that is every function which makes a transformation from a learning rate alone; ours take precedence.
    """
    ours = {name: getattr(optimizers, name) for name in optimizers.__all__}
    theirs = {name: f for name, f in vars(optax).items() if _is_optimizer(name, f)}
    contributed = {f"contrib.{name}": f for name, f in vars(optax.contrib).items() if _is_optimizer(name, f)}
    return dict(sorted(theirs.items())) | ours | dict(sorted(contributed.items()))


def metric_functions() -> dict[str, Factory]:
    """The metrics by name."""
    functions = {name: getattr(metrics, name) for name in metrics.__all__}
    return {name: f for name, f in functions.items() if inspect.isfunction(f)}


def resolve(kind: str, name: str, known: Mapping[str, Factory]) -> Factory:
    """What a name stands for.

    Args:
        kind: what it should be, ``"problem"`` or ``"optimizer"``.
        name: the name, or ``file.py:name`` for one of the user's own.
        known: all names.

    Raises:
        ValueError: for an unknown name, with the nearest one; and as `own_factory`.
    """
    if is_own(name):
        return own_factory(kind, name)
    if name not in known:
        raise ValueError(f"{unknown(kind, name, known)} (jaxopt-lab list shows all; one of your own is file.py:name)")
    return known[name]


def list_names(what: Literal["all", "problems", "optimizers", "metrics"] = "all") -> None:
    """List the problems, optimisers and metrics there are, with a line each.

    Args:
        what: which of them.
    """
    catalogue = {"problems": problem_factories, "optimizers": optimizer_factories, "metrics": metric_functions}
    for kind, names in catalogue.items():
        if what not in ("all", kind):
            continue
        print(f"{kind}:")
        for name, function in sorted(names().items()):
            print(f"  {name:<{28}} {_first_line(function)}")


def _is_optimizer(name: str, function: Any) -> bool:
    if name.startswith(("_", "scale_by_")) or not inspect.isfunction(function):
        return False
    parameters = inspect.signature(function).parameters
    needed = {p.name for p in parameters.values() if p.default is p.empty}
    rates = {"learning_rate", "max_learning_rate"}
    makes_one = "GradientTransformation" in str(inspect.signature(function).return_annotation)
    return makes_one and needed <= {"learning_rate"} and bool(rates & set(parameters))


def _returns(function: Factory, kind: type) -> bool:
    return inspect.signature(function).return_annotation in (kind, kind.__name__)


def _first_line(function: Factory) -> str:
    line = (inspect.getdoc(function) or "").partition("\n")[0]
    return line if len(line) <= 90 else line[:87] + "..."
