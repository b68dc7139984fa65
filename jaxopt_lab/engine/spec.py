"""The specification of a sweep: everything that its numbers depend on, checked before anything runs."""

import dataclasses
import hashlib
import itertools
import json
import math
import re
import reprlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from numbers import Real
from typing import Any

import jax
import numpy as np

from jaxopt_lab.engine.checks import check_optimizer, name_of
from jaxopt_lab.engine.grid import Axis, is_built, required, static_axes, traced_axes
from jaxopt_lab.engine.records import Record, as_record, steps_number
from jaxopt_lab.engine.tiling import Tiling, as_tiling
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Problem

VARIABLES = (
    "initial_loss",
    "final_loss",
    "best_loss",
    "best_step",
    "converged_at",
    "diverged_at",
    "final_params",
    "params",
    "loss",
    "status",
)
"""The names of what a sweep records, in the order of its result."""

_MOST = 2**32 - 1  # what a random key can be told apart by


@dataclasses.dataclass(frozen=True)
class Variant:
    """What is compiled once: one optimiser, and one value for each static hyperparameter."""

    optimizer: str
    static: tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Spec:
    """A sweep, resolved: `make_spec` checks and fills it.

    Args:
        problem: a problem, a factory of one, or a plain function.
        optimizers: transformations or factories of them, by name.
        several: whether the result has a dimension ``optimizer``.
        traced: the axes of the grid, in order.
        static: the axes of the static grid, in order.
        starts: start points with a leading axis, or how many to draw from the problem's ``init``.
        seeds: how many independent noise keys each start gets; None for one, without a dimension.
        num_steps: the number of updates.
        record: what each trajectory keeps.
        tolerance: the distance from the known minimum at which a loss has converged, or None.
        seed: the root of all random numbers.
        observe: more to record, or None.
        dtype: the floating-point type of all numbers.
        chunk_size: how many lanes are run, stored and marked as done as one piece; None: not settled yet.
        tiling: how they are packed into programs; None: not settled yet.
    """

    problem: Any
    optimizers: Mapping[str, Any]
    several: bool
    traced: tuple[Axis, ...]
    static: tuple[Axis, ...]
    starts: Any
    seeds: int | None
    num_steps: int
    record: Record
    tolerance: float | None
    seed: int
    observe: Callable[..., Any] | None
    dtype: np.dtype[Any]
    chunk_size: int | None
    tiling: Tiling | None

    @property
    def num_starts(self) -> int:
        """How many start points there are."""
        return self.starts if isinstance(self.starts, int) else len(jax.tree.leaves(self.starts)[0])

    @property
    def variants(self) -> list[Variant]:
        """The programs to compile, in the order of the result's leading dimensions."""
        static = itertools.product(*(axis.values for axis in self.static))
        return [Variant(name, values) for name, values in itertools.product(self.optimizers, static)]

    @property
    def lane_dims(self) -> dict[str, int]:
        """The dimensions over which the lanes of one variant run, and their lengths; the last varies fastest."""
        dims = {axis.name: len(axis.values) for axis in self.traced} | {"start": self.num_starts}
        return dims if self.seeds is None else dims | {"seed": self.seeds}

    @property
    def num_lanes(self) -> int:
        """How many trajectories one variant has."""
        return math.prod(self.lane_dims.values())

    def describe(self) -> dict[str, Any]:
        """The specification as JSON-able values, for the attributes of the result."""
        return {
            "problem": name_of(self.problem),
            "optimizers": {name: name_of(optimizer) for name, optimizer in self.optimizers.items()},
            "grid": {axis.name: _values(axis.values) for axis in self.traced},
            "static_grid": {
                axis.name: [without_addresses(repr(value)) for value in axis.values] for axis in self.static
            },
            "starts": self.starts if isinstance(self.starts, int) else _digest(jax.tree.leaves(self.starts)),
            "seeds": self.seeds,
            "num_steps": self.num_steps,
            "record": dataclasses.asdict(self.record),
            "tolerance": self.tolerance,
            "seed": self.seed,
            "observe": None if self.observe is None else name_of(self.observe),
            "dtype": str(self.dtype),
        }


def make_spec(
    problem: Any,
    optimizer: Any,
    grid: Mapping[str, Any] | None,
    *,
    starts: Any,
    num_steps: int,
    record: Any,
    tolerance: float | None,
    seeds: int | None,
    seed: int,
    static_grid: Mapping[str, Any] | None,
    observe: Callable[..., Any] | None,
    dtype: Any,
    chunk_size: int | None,
    tiling: Any = None,
) -> Spec:
    """Check the arguments of `sweep` and resolve them.

    Raises:
        ValueError: naming the argument, what came, and what to do.
    """
    if not (isinstance(problem, Problem) or callable(problem)):
        raise TypeError(f"problem: got {problem!r}; pass a Problem, a factory of one, or a function f(params)")
    several = isinstance(optimizer, Mapping)
    optimizers = dict(optimizer) if several else {name_of(optimizer): optimizer}
    _check_optimizers(optimizers)
    dtype = _dtype(dtype)
    traced = traced_axes({} if grid is None else grid, problem, optimizers, dtype)
    static = static_axes({} if static_grid is None else static_grid, problem, optimizers)
    num_steps = steps_number(num_steps)
    seeds, chunk_size = (
        None if value is None else whole_number(name, value, least=1)
        for name, value in {"seeds": seeds, "chunk_size": chunk_size}.items()
    )
    if seeds is not None and seeds > _MOST:
        raise ValueError(f"seeds: got {seeds}; at most {_MOST} have random numbers of their own")
    if whole_number("seed", seed, least=0) > _MOST:
        raise ValueError(f"seed: got {seed}; give one of at most {_MOST}")
    if observe is not None and not callable(observe):
        raise ValueError(f"observe: got {observe!r}; give a function observe(params, loss, grads) or None")
    _check_names(traced, static, seeds)
    for name, factory in optimizers.items():
        _check_complete(name, factory, {axis.argument for axis in traced + static if axis.owner == "optimizer"})
    spec = Spec(
        problem, optimizers, several, traced, static, _starts(starts, dtype), seeds, num_steps, as_record(record),
        _tolerance(tolerance), int(seed), observe, dtype, chunk_size,
        as_tiling(tiling),
    )  # fmt: skip
    if chunk_size is None or chunk_size <= spec.num_lanes:
        return spec
    return dataclasses.replace(spec, chunk_size=spec.num_lanes)  # a store would make room for the whole of a chunk


def _tolerance(tolerance: Any) -> float | None:
    if tolerance is None:
        return None
    number = math.nan
    if isinstance(tolerance, Real) and not isinstance(tolerance, bool):
        with suppress(OverflowError):
            number = float(tolerance)
    if not 0 < number < math.inf:
        raise ValueError(
            f"tolerance: got {reprlib.repr(tolerance)}; give a positive distance from the minimum, or None"
        )
    return number


def _starts(starts: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(starts, int | np.integer) and not isinstance(starts, bool):
        if starts < 1:
            raise ValueError(f"starts: got {starts}; draw at least 1, or give an array of start points")
        if starts > _MOST:
            raise ValueError(f"starts: got {starts}; at most {_MOST} have random numbers of their own")
        return int(starts)
    arrays = jax.tree.map(np.asarray, starts)
    leaves = jax.tree.leaves(arrays)
    if not leaves or any(leaf.dtype.kind not in "iuf" for leaf in leaves):
        raise ValueError(f"starts: got {starts!r}; give a number of starts, or an array of shape (count, *params)")
    lengths = {leaf.shape[:1] for leaf in leaves}
    if len(lengths) > 1 or lengths & {(), (0,)}:
        shapes = [leaf.shape for leaf in leaves]
        came = starts if shapes == [()] else f"arrays of shapes {shapes}"
        raise ValueError(f"starts: got {came}; give their number, or arrays whose one leading axis counts the starts")
    with np.errstate(over="ignore"):
        cast = jax.tree.map(lambda leaf: leaf.astype(dtype), arrays)
    for given, held in zip(leaves, jax.tree.leaves(cast), strict=True):
        lost = np.isfinite(given) & ~np.isfinite(held)
        if lost.any():
            raise ValueError(
                f"starts: got {given[lost][0]}, which {dtype} cannot hold; sweep in float64 or nearer to 0"
            )
    return cast


def _dtype(dtype: Any) -> np.dtype[Any]:
    try:
        dtype = np.dtype(dtype)
    except TypeError as error:
        raise ValueError(f"dtype: got {dtype!r}; give a floating-point type, such as float32") from error
    if not jax.numpy.issubdtype(dtype, np.floating) or dtype.itemsize not in (2, 4, 8):
        raise ValueError(f"dtype: got {dtype}; trajectories need a floating-point type, such as float32")
    if dtype == np.float64 and not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
        raise ValueError(
            "dtype: float64 asked for, but JAX's 64-bit switch is off; turn it on with "
            "jax.config.update('jax_enable_x64', True), or set JAX_ENABLE_X64=1 before starting"
        )
    return dtype


def _check_names(traced: tuple[Axis, ...], static: tuple[Axis, ...], seeds: int | None) -> None:
    own = {"start", "step", "param", "optimizer", *VARIABLES} | (set() if seeds is None else {"seed"})
    names = [axis.name for axis in traced + static]
    owned = [(axis.owner, axis.argument) for axis in traced + static]
    for axis in traced + static:
        if axis.name in own:
            raise ValueError(
                f"grid: {axis.name!r} would name two dimensions or variables of the result; write "
                f"'{axis.owner}.{axis.argument}' for the {axis.owner}'s"
            )
        if names.count(axis.name) > 1 or owned.count((axis.owner, axis.argument)) > 1:
            raise ValueError(f"grid: {axis.argument!r} of the {axis.owner} makes two dimensions; sweep it once")


def _check_optimizers(optimizers: Mapping[str, Any]) -> None:
    if not optimizers:
        raise ValueError("optimizer: got an empty mapping; name at least one optimizer")
    if not all(isinstance(name, str) for name in optimizers):
        raise ValueError(f"optimizer: got a mapping with the names {list(optimizers)}; give each optimizer a name")
    for optimizer in optimizers.values():
        if not callable(optimizer):
            check_optimizer(optimizer)


def _check_complete(name: str, factory: Any, swept: set[str]) -> None:
    missing = [] if is_built(factory) else [argument for argument in required(factory) if argument not in swept]
    if missing:
        raise ValueError(
            f"optimizer: {name} needs {', '.join(missing)}; put it into the grid, or build the optimizer: "
            f"{name}({', '.join(f'{argument}=...' for argument in missing)})"
        )


def _values(values: np.ndarray) -> Any:
    return values.tolist() if len(values) <= 1000 else _digest([values])


def _digest(arrays: list[np.ndarray]) -> dict[str, Any]:
    """Long arrays stand in the attributes as their shapes and a hash; the coordinates hold the values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return {"shapes": [list(array.shape) for array in arrays], "sha256": digest.hexdigest()}


def problem_factory(problem: Any, names: set[str]) -> Callable[..., Any] | None:
    """The factory of problems that a callable is; None for a problem, or for a plain function of the parameters.

    A callable whose every required argument is swept makes a problem; one that still wants an argument, the
    parameters, is the loss itself.
    """
    if isinstance(problem, Problem) or not callable(problem):
        return None
    return problem if set(required(problem)) <= names else None


def without_addresses(text: str) -> str:
    """A text without the places in memory that Python names functions by: they differ from process to process."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def describe_json(spec: Spec) -> str:
    """`Spec.describe` as one line of JSON."""
    return json.dumps(spec.describe())
