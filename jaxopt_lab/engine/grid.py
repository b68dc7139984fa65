"""The grid: which hyperparameters are swept, whose they are, and over which values."""

import dataclasses
import difflib
import inspect
import reprlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import numpy as np

from jaxopt_lab.engine.checks import is_optimizer
from jaxopt_lab.engine.fixed import Fixed
from jaxopt_lab.problems.problem import Problem

OWNERS = ("optimizer", "problem")


@dataclasses.dataclass(frozen=True)
class Axis:
    """One swept hyperparameter.

    Args:
        name: the name of the dimension in the result, as the user wrote it.
        owner: ``"optimizer"`` or ``"problem"``.
        argument: the name of the argument in the owner's factory.
        values: the values as the user gave them, one-dimensional.
    """

    name: str
    owner: str
    argument: str
    values: Any


def arguments(factory: Any) -> tuple[str, ...]:
    """The names that a factory takes; none for what is built already."""
    if is_built(factory) or not callable(factory):
        return ()
    return tuple(name for name, parameter in _signature(factory).items() if parameter.kind in _NAMEABLE)


def required(factory: Callable[..., Any]) -> tuple[str, ...]:
    """The names that a factory cannot do without."""
    parameters = _signature(factory)
    return tuple(n for n, p in parameters.items() if p.kind in _NAMEABLE and p.default is inspect.Parameter.empty)


def is_built(thing: Any) -> bool:
    """Whether this is a problem or an optimiser already, and no factory of one."""
    return isinstance(thing, Problem) or is_optimizer(thing)


def traced_axes(grid: Mapping[str, Any], problem: Any, optimizers: Mapping[str, Any], dtype: Any) -> tuple[Axis, ...]:
    """The axes whose values are traced: numbers, so that new values never recompile.

    Raises:
        ValueError: for an unknown name, or values that are empty, not numbers, not finite or not distinct in ``dtype``.
    """
    axes = (_axis(name, values, problem, optimizers) for name, values in _mapping("grid", grid).items())
    return tuple(dataclasses.replace(axis, values=_numbers(axis, dtype)) for axis in axes)


def static_axes(grid: Mapping[str, Any], problem: Any, optimizers: Mapping[str, Any]) -> tuple[Axis, ...]:
    """The axes whose values shape the program (widths, flags, functions): one compilation for each.

    Raises:
        ValueError: for an unknown name, or values that are empty or repeated.
    """
    axes = tuple(_axis(name, values, problem, optimizers) for name, values in _mapping("static_grid", grid).items())
    for axis in axes:
        if not len(axis.values):
            raise ValueError(f"static_grid[{axis.name!r}]: got no values; give at least one")
        seen = [Fixed(value) for value in axis.values]
        if len(set(seen)) < len(seen):
            twice = next(value.value for value in seen if seen.count(value) > 1)
            raise ValueError(f"static_grid[{axis.name!r}]: got {reprlib.repr(twice)} twice; give each value once")
    return axes


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that is not known, with the nearest ones that are."""
    known = sorted(set(known))
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known) or 'none'}"
    return f"{kind}: there is no {name!r}; {hint}"


_NAMEABLE = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _signature(factory: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(factory).parameters)


def _mapping(name: str, grid: Any) -> Mapping[str, Any]:
    if not isinstance(grid, Mapping) or not all(isinstance(each, str) for each in grid):
        raise ValueError(f"{name}: got {grid!r}; give a mapping of hyperparameters, by name, to their values")
    return grid


def _axis(name: str, values: Any, problem: Any, optimizers: Mapping[str, Any]) -> Axis:
    owner, argument = _owner(name, problem, optimizers)
    if isinstance(values, jax.Array):
        values = np.asarray(values)  # taking it apart on the device would be a program of its own
    if isinstance(values, Mapping) or np.ma.isMaskedArray(values):
        raise ValueError(f"grid[{name!r}]: got {reprlib.repr(values)}; give a list or an array of its values")
    if isinstance(values, np.ndarray):
        values = np.array(values, ndmin=1)  # a copy: whoever gave it may write to it later
    else:
        values = list(values) if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    return Axis(name, owner, argument, values)


def _owner(name: str, problem: Any, optimizers: Mapping[str, Any]) -> tuple[str, str]:
    """Whose argument a name is; ``optimizer.x`` and ``problem.x`` say it themselves."""
    prefix, dot, rest = name.partition(".")
    argument = rest if dot and prefix in OWNERS else name
    asked = (prefix,) if dot and prefix in OWNERS else OWNERS
    taken = {
        "problem": argument in arguments(problem),
        "optimizer": all(argument in arguments(optimizer) for optimizer in optimizers.values()),
    }
    owners = [owner for owner in asked if taken[owner]]
    if len(owners) == 2:
        raise ValueError(
            f"grid: both the problem and the optimizer take {name!r}; write 'problem.{name}' or 'optimizer.{name}'"
        )
    if not owners:
        raise ValueError(_no_owner(name, argument, problem, optimizers))
    return owners[0], argument


def _no_owner(name: str, argument: str, problem: Any, optimizers: Mapping[str, Any]) -> str:
    without = [n for n, optimizer in optimizers.items() if argument not in arguments(optimizer)]
    if name == f"problem.{argument}" and not is_built(problem):
        return unknown("grid, of the problem", argument, arguments(problem))
    if without and len(without) < len(optimizers):
        return (
            f"grid: {name!r} is no argument of {', '.join(without)}; "
            "sweep such optimizers apart, since in one sweep each takes every hyperparameter of the grid"
        )
    built = [n for n, thing in {"problem": problem, **optimizers}.items() if is_built(thing)]
    known = {a for thing in (problem, *optimizers.values()) for a in arguments(thing)}
    remedy = f" ({', '.join(built)} built already: pass the factory itself to sweep its arguments)" if built else ""
    return unknown("grid", name, known) + remedy


def _numbers(axis: Axis, dtype: Any) -> np.ndarray:
    try:
        values = np.asarray(axis.values)
    except ValueError:
        values = np.asarray(axis.values, object)
    values = values.astype(np.float64) if values.dtype == np.longdouble else values  # no file format takes it
    where = f"grid[{axis.name!r}]"
    if values.size == 0:
        raise ValueError(f"{where}: got no values; give at least one")
    if values.ndim != 1:
        raise ValueError(f"{where}: got values of shape {values.shape}; give a flat list of numbers")
    flags = isinstance(axis.values, list) and any(isinstance(value, bool | np.bool_) for value in axis.values)
    if values.dtype.kind not in "iuf" or flags:
        raise ValueError(f"{where}: got {axis.values!r}, not numbers; what is no number goes into static_grid")
    if not np.isfinite(values).all():
        raise ValueError(f"{where}: got {values[~np.isfinite(values)][0]}; give finite numbers")
    if np.unique(values).size < values.size:
        raise ValueError(f"{where}: got a value twice; give each value once")
    _check_cast(where, values, np.dtype(dtype))
    return values


def _check_cast(where: str, values: np.ndarray, dtype: np.dtype[Any]) -> None:
    """Refuse values that would become others on their way into the program."""
    if values.dtype.kind != "f":  # whole numbers stay whole, so that they may index
        held = np.iinfo(np.int32)
        beyond = [value for value in (values.min(), values.max()) if not held.min <= value <= held.max]
        if beyond:
            raise ValueError(f"{where}: got {beyond[0]}, beyond 32 bits; write it as a float")
        return
    with np.errstate(over="ignore", under="ignore"):
        cast = values.astype(dtype)
    # What lies below the normal numbers is 0 to XLA.
    least = np.finfo(dtype).tiny if dtype in (np.float32, np.float64) else 0
    lost = ~np.isfinite(cast) | ((values != 0) & ((cast == 0) | (np.abs(cast) < least)))
    if lost.any():
        raise ValueError(f"{where}: got {values[lost][0]}, which {dtype} cannot hold; sweep in float64 or nearer to 1")
    if np.unique(cast).size < values.size:
        raise ValueError(f"{where}: neighbouring values are equal in {dtype}; sweep in float64 or more coarsely")
