"""One lane of a sweep: what its program is compiled for, and what is passed to it."""

import functools
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.engine.checks import check_optimizer, check_start, is_optimizer, name_of
from jaxopt_lab.engine.fixed import Fixed
from jaxopt_lab.engine.records import Record
from jaxopt_lab.engine.spec import Spec, Variant, problem_factory
from jaxopt_lab.engine.trajectory import Observe
from jaxopt_lab.problems.problem import Params, Problem, as_problem


class Structure(NamedTuple):
    """What shapes a program. Whatever is a number is an argument of it instead, so that new numbers never recompile."""

    problem: Hashable  # a factory, or the skeleton of a problem
    problem_is_swept: bool
    optimizer: Hashable
    traced: tuple[tuple[str, str], ...]  # (owner, argument) of each axis
    static: tuple[tuple[str, str, Fixed], ...]  # (owner, argument, value)
    num_steps: int
    record: Record
    observe: Observe | None
    dtype: np.dtype[Any]
    draws_starts: bool
    stops: bool


class Shared(NamedTuple):
    """What all lanes of a program share: the problem's own numbers, the tolerance, the root of the random numbers."""

    leaves: tuple[Any, ...]
    tolerance: Any
    seed: Any


class Lane(NamedTuple):
    """What one lane has for itself: its hyperparameters, and which start and noise are its own."""

    values: tuple[Any, ...]
    start: Any
    start_index: Any
    seed_index: Any


class Skeleton(NamedTuple):
    """A problem without its numbers: equal for all problems of one factory."""

    structure: Any
    static: tuple[Hashable, ...]

    def fill(self, leaves: tuple[Any, ...]) -> Problem:
        """The problem with these numbers."""
        numbers = iter(leaves)
        return jax.tree.unflatten(self.structure, [next(numbers) if s is _NUMBER else s for s in self.static])


_NUMBER = "a number stands here"


def prepare(spec: Spec, variant: Variant) -> tuple[Structure, Shared]:
    """Split one variant of a sweep into what is compiled and what is passed."""
    static = tuple(
        (axis.owner, axis.argument, Fixed(value)) for axis, value in zip(spec.static, variant.static, strict=True)
    )
    swept = {axis.argument for axis in spec.traced + spec.static if axis.owner == "problem"}
    problem, leaves = spec.problem, ()
    if not swept:
        problem, leaves = split(_made(problem, {}), spec.dtype)
    structure = Structure(
        problem, bool(swept), spec.optimizers[variant.optimizer],
        tuple((axis.owner, axis.argument) for axis in spec.traced),
        static, spec.num_steps, spec.record, spec.observe, spec.dtype, isinstance(spec.starts, int),
        spec.tolerance is not None,
    )  # fmt: skip
    tolerance = None if spec.tolerance is None else np.asarray(spec.tolerance, spec.dtype)
    return structure, Shared(leaves, tolerance, np.uint32(spec.seed))


def lane_arguments(spec: Spec, start: int, stop: int) -> Lane:
    """The arguments of these lanes, as arrays over them; beyond the last lane they begin again."""
    indices = dict(zip(spec.lane_dims, _places(start, stop - start, tuple(spec.lane_dims.values())), strict=True))
    values = tuple(_lane_values(axis.values, indices[axis.name], spec.dtype) for axis in spec.traced)
    starts = None if isinstance(spec.starts, int) else jax.tree.map(lambda s: s.take(indices["start"], 0), spec.starts)
    return Lane(values, starts, indices["start"], indices.get("seed", np.zeros(stop - start, np.uint32)))


def _places(start: int, count: int, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Where in an array of this shape elements lie that follow each other: `np.unravel_index` takes much longer.

    That is in 32 bits, which do whatever the start: it is taken apart as one number, and never added as a whole.
    """
    kind = np.uint32 if max(shape) + count <= 2**32 else np.uint64
    offsets, places = np.arange(count, dtype=kind), []
    for length in reversed(shape):
        start, first = divmod(start, length)
        offsets = offsets + kind(first)
        carried = offsets // kind(length)
        places.append((offsets - carried * kind(length)).astype(np.uint32, copy=False))
        offsets = carried
    return places[::-1]


def _lane_values(values: np.ndarray, index: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    # Cast first: there are fewer values than lanes. And `take`, since an index of arrays takes longer.
    return values.astype(dtype if values.dtype.kind == "f" else np.int32).take(index)


def build(structure: Structure, shared: Shared, lane: Lane) -> tuple[Problem, Any, Params, jax.Array]:
    """The problem, the optimiser, the start point and the noise key of one lane, made inside the traced function."""
    arguments: dict[str, dict[str, Any]] = {"problem": {}, "optimizer": {}}
    for (owner, argument), value in zip(structure.traced, lane.values, strict=True):
        arguments[owner][argument] = value
    for owner, argument, value in structure.static:
        arguments[owner][argument] = value.value
    given: Any = structure.problem
    problem = _made(given, arguments["problem"]) if structure.problem_is_swept else given.fill(shared.leaves)
    problem = jax.tree.map(functools.partial(_cast, dtype=structure.dtype), problem)
    optimizer: Any = structure.optimizer
    if not is_optimizer(optimizer):
        with _looking_at("optimizer", optimizer, arguments["optimizer"]):
            optimizer = optimizer(**arguments["optimizer"])
        check_optimizer(optimizer)
    root = jax.random.key(shared.seed)
    start_key, noise_key = (jax.random.fold_in(k, lane.start_index) for k in jax.random.split(root))
    start = lane.start
    if structure.draws_starts:
        if problem.init is None:
            raise ValueError(
                f"starts: {problem.name} has no init to draw starts from; give an array of shape (count, *params), "
                "or problems.as_problem(loss, domain=(lower, upper))"
            )
        start = jax.tree.map(functools.partial(_cast, dtype=structure.dtype), problem.init(start_key))
    check_start(problem, start, "starts")
    return problem, optimizer, start, jax.random.fold_in(noise_key, lane.seed_index)


@contextmanager
def _looking_at(owner: str, factory: Any, arguments: dict[str, Any]) -> Iterator[None]:
    """Say in a sentence what it means that a factory wants to know a number which is traced."""
    try:
        yield
    except TypeError as error:
        if not arguments or "Trace" not in str(error):
            raise
        raise ValueError(must_be_static(f"{owner} {name_of(factory)}", arguments)) from error


def must_be_static(whose: str, arguments: Iterable[str]) -> str:
    """The sentence for a hyperparameter that decides what is computed."""
    return (
        f"grid: the {whose} looks at a value of {', '.join(arguments)} while it is compiled, but one program serves "
        "all values of the grid; what decides or counts goes into static_grid (--static), a program for each value"
    )


def _made(problem: Any, arguments: dict[str, Any]) -> Problem:
    """The problem that a problem, a factory or a plain function is, given these arguments."""
    if problem_factory(problem, set(arguments)) is None:
        return as_problem(functools.partial(problem, **arguments) if arguments else problem)
    with _looking_at("problem", problem, arguments):
        made = problem(**arguments)
    if not isinstance(made, Problem):
        raise ValueError(
            f"problem: {getattr(problem, '__name__', problem)} returned {type(made).__name__}; a factory returns a "
            "Problem, and a plain function takes the parameters as its one required argument"
        )
    return made


def split(problem: Problem, dtype: np.dtype[Any]) -> tuple[Skeleton, tuple[Any, ...]]:
    """A problem without its numbers, which a program is compiled for, and these numbers in the dtype."""
    leaves, structure = jax.tree.flatten(problem)
    numbers = tuple(_cast(leaf, dtype) for leaf in leaves if _is_number(leaf))
    return Skeleton(structure, tuple(_NUMBER if _is_number(leaf) else leaf for leaf in leaves)), numbers


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic | float | int)


def _cast(leaf: Any, dtype: np.dtype[Any]) -> Any:
    """Floating-point leaves in the dtype of the sweep; anything else as it is."""
    if not _is_number(leaf):
        return leaf
    asarray = jnp.asarray if isinstance(leaf, jax.Array) else np.asarray
    floating = jnp.issubdtype(jnp.result_type(leaf), jnp.floating) and not isinstance(leaf, bool)
    return asarray(leaf, dtype) if floating else leaf
