"""The compiled programs that run a tile of lanes: the whole way at once, or in spans between which lanes may leave."""

import functools
import re
import threading
import weakref
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.engine.checks import check_loss
from jaxopt_lab.engine.lanes import Lane, Shared, Structure, build, must_be_static
from jaxopt_lab.engine.records import Record
from jaxopt_lab.engine.rewriting import kernels
from jaxopt_lab.engine.rewriting.one_pass import fits_one_kernel, in_one_pass
from jaxopt_lab.engine.rewriting.scalars import MOST_NUMBERS, Tally, in_scalars
from jaxopt_lab.engine.settings import current_settings
from jaxopt_lab.engine.tiling import Tiling
from jaxopt_lab.engine.trajectory import Carry, Run, Trajectory

MOST_NUMBERS_LEFT_TO_XLA = 16
"""Parameters of more numbers are taken apart only where that makes one kernel: left to XLA, they were often slower."""

MOST_OPERATIONS = 1200
"""A step of more operations stays in arrays: it takes seconds to compile, and gains less and less."""

MOST_PROGRAMS = 64
"""So many programs of a kind are kept compiled: each lies in hundreds of mappings of memory, of which Linux allows a
process 65,530, and without more of them XLA fails."""

MOST_DESCRIPTIONS = 256
"""What is known of a program without compiling it takes no mapping: more of that is kept."""

SOME_LANES = 97
"""As many as nothing else in a program has numbers."""

Results = dict[str, Any]
"""For each variable a pytree of arrays whose leading axis runs over lanes."""


def _made_once(most: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A function that remembers what it gave, run by one thread at a time: a program made twice is compiled twice.

    What it gives may depend on JAX's switches, which are not among its arguments. The thread that runs it may come to
    it again, where a user's factory sweeps something by itself.

    Args:
        most: how much is remembered; what was not asked for the longest is forgotten first.
    """

    def remembering(function: Callable[..., Any]) -> Callable[..., Any]:
        remembered = functools.lru_cache(most)(lambda _, *arguments: function(*arguments))
        lock = threading.RLock()

        @functools.wraps(function)
        def once(*arguments: Hashable) -> Any:
            with lock:
                return remembered(current_settings(), *arguments)

        return once

    return remembering


_guard = threading.Lock()
_compiling = weakref.WeakKeyDictionary[Any, threading.Lock]()
_compiled = weakref.WeakSet[Any]()


def compile_once(program: Any, idle: Callable[[], Any]) -> None:
    """Let one thread compile a program while others that want it wait; `jax.jit` would let each of them compile it.

    Args:
        program: a jitted function.
        idle: calls it with nothing to do.
    """
    with _guard:
        lock = _compiling.setdefault(program, threading.Lock())
    with lock:
        if program not in _compiled:
            idle()
            _compiled.add(program)


class Shapes(NamedTuple):
    """The kinds of a program's arguments for one lane, hashable."""

    tree: Any
    types: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...]

    @property
    def arguments(self) -> tuple[Shared, Lane]:
        """The arguments as JAX describes them."""
        return jax.tree.unflatten(self.tree, [jax.ShapeDtypeStruct(*each) for each in self.types])


def shapes_of(shared: Shared, lane: Lane) -> Shapes:
    """The shapes of one lane's arguments."""
    leaves, tree = jax.tree.flatten((shared, lane))
    return Shapes(
        tree, tuple((np.shape(leaf), getattr(leaf, "dtype", None) or np.asarray(leaf).dtype) for leaf in leaves)
    )


@_made_once(MOST_PROGRAMS)
def whole(structure: Structure, tiling: Tiling) -> Any:
    """``(shared, tiles, count) -> (results, None)``, jitted: so many tiles of lanes to the end; see `tile_by_tile`.

    The same for all of one structure.
    """
    way = _over_lanes(functools.partial(_whole_way, structure, tiling.unroll), tiling, in_axes=(None, 0))
    return _jitted(tile_by_tile(lambda shared, lanes: (way(shared, lanes), None)))


def tile_by_tile(run: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
    """A function of one tile as one of several, a loop over them inside the program.

    A call of a program costs as much as hundreds of steps of a small tile, and holds Python's lock meanwhile.

    Args:
        run: ``(for_all, tile) -> (own, same)``: pytrees, of which ``tile`` and ``own`` have a leading axis over lanes;
            ``same`` is the same for every tile.

    Returns:
        ``(for_all, tiles, count) -> (own, same)`` with a further axis in front of ``tiles`` and ``own``, over tiles,
        the first ``count`` of which are run. Another number of them compiles nothing new.
    """

    def run_tiles(for_all: Any, tiles: Any, count: Any) -> tuple[Any, Any]:
        at = lambda index: jax.tree.map(lambda leaf: leaf[index], tiles)
        many = len(jax.tree.leaves(tiles)[0])
        own, same = jax.eval_shape(run, for_all, at(0))
        room = jax.tree.map(lambda leaf: jnp.zeros((many, *leaf.shape), leaf.dtype), own)

        def run_one(index: Any, before: tuple[Any, Any]) -> tuple[Any, Any]:
            own, same = run(for_all, at(index))
            return (
                jax.tree.map(lambda leaf, new: leaf.at[index].set(new), before[0], own),
                jax.tree.map(lambda leaf, new: jnp.asarray(new, leaf.dtype), before[1], same),
            )

        nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), same)
        return jax.lax.fori_loop(0, count, run_one, (room, nothing))

    return run_tiles


def _whole_way(structure: Structure, unroll: int, shared: Shared, lane: Lane) -> Results:
    run, start = _run(structure, unroll, shared, lane)
    return _variables(run.trajectory(start, structure.num_steps), structure.record)


@_made_once(MOST_DESCRIPTIONS)
def outputs(structure: Structure, shapes: Shapes) -> Results:
    """The shapes and dtypes of one lane's results.

    Raises:
        ValueError: if it depends on a value of the grid what is computed.
    """
    try:
        return jax.eval_shape(lambda shared, lane: _whole_way(structure, 1, shared, lane), *shapes.arguments)
    except TypeError as error:
        looked_at = re.search(r"argument lane\.values\[(\d+)\]", str(error))
        if looked_at is None:
            raise
        owner, argument = structure.traced[int(looked_at[1])]
        raise ValueError(must_be_static(owner, [argument])) from error


class Spans(NamedTuple):
    """A trajectory in three programs of several tiles, so that lanes which have ended may be left behind on the way.

    What is carried from span to span comes in two parts: ``own``, of which each lane has its own, and ``same``, which
    all have in common; see `tile_by_tile`.

    Attributes:
        start: ``((shared, last), lanes, count) -> (own, same)``, the first steps.
        advance: ``((shared, same, first, last), (lanes, own), count) -> (own, same)``, further steps.
        finish: ``((shared, same), (lanes, own), count) -> (results, None)``.
        join: ``(own, same) -> carry``.
    """

    start: Callable[..., tuple[Any, Any]]
    advance: Callable[..., tuple[Any, Any]]
    finish: Callable[..., tuple[Results, None]]
    join: Callable[[list[Any], list[Any]], Carry]


@_made_once(MOST_PROGRAMS)
def spans(structure: Structure, tiling: Tiling, shapes: Shapes) -> Spans:
    """The same trajectory in spans of steps, compiled once whatever their lengths.

    What all lanes have in common, the count of steps above all, leaves the `vmap` as one number. As a number of each
    lane it would be one from then on, and so would all that is computed from it: a power for each lane and step.
    """

    def start(shared: Shared, lane: Lane, last: Any) -> Carry:
        run, params = _run(structure, tiling.unroll, shared, lane)
        return run.advance_to(run.start(params), 0, last)

    def advance(shared: Shared, lane: Lane, carry: Carry, first: Any, last: Any) -> Carry:
        return _run(structure, tiling.unroll, shared, lane)[0].advance_to(carry, first, last)

    def finish(shared: Shared, lane: Lane, carry: Carry) -> Results:
        run, _ = _run(structure, 1, shared, lane)
        return _variables(run.finish(carry, structure.num_steps), structure.record)

    tree, differs = _leaves_of_lanes(lambda shared, lane: start(shared, lane, 1), shapes)
    axes = jax.tree.unflatten(tree, [0 if own else None for own in differs])
    start = _over_lanes(start, tiling, (None, 0, None), axes)
    advance = _over_lanes(advance, tiling, (None, 0, axes, None, None), axes)
    finish = _over_lanes(finish, tiling, (None, 0, axes))

    def part(carry: Carry) -> tuple[list[Any], list[Any]]:
        leaves = list(zip(jax.tree.leaves(carry), differs, strict=True))
        return [leaf for leaf, own in leaves if own], [leaf for leaf, own in leaves if not own]

    def join(own: list[Any], same: list[Any]) -> Carry:
        parts = iter(own), iter(same)
        return jax.tree.unflatten(tree, [next(parts[0] if each else parts[1]) for each in differs])

    def advance_tile(for_all: Any, tile: Any) -> tuple[list[Any], list[Any]]:
        (shared, same, first, last), (lanes, own) = for_all, tile
        return part(advance(shared, lanes, join(own, same), first, last))

    return Spans(
        _jitted(tile_by_tile(lambda for_all, lanes: part(start(for_all[0], lanes, for_all[1])))),
        _jitted(tile_by_tile(advance_tile)),
        _jitted(tile_by_tile(lambda for_all, tile: (finish(for_all[0], tile[0], join(tile[1], for_all[1])), None))),
        join,
    )


def _leaves_of_lanes(function: Callable[[Shared, Lane], Carry], shapes: Shapes) -> tuple[Any, tuple[bool, ...]]:
    """The structure of what a function of one lane gives, and which leaves differ between lanes: `vmap` itself says."""
    seen: list[bool] = []

    @jax.custom_batching.custom_vmap
    def look(leaves: list[Any]) -> list[Any]:
        return leaves

    @look.def_vmap
    def _(axis_size: int, batched: list[Any], leaves: list[Any]) -> tuple[list[Any], list[bool]]:
        del axis_size
        seen[:] = batched[0]
        return leaves, batched[0]

    shared, lane = shapes.arguments
    lanes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((2, *leaf.shape), leaf.dtype), lane)
    looked = jax.vmap(lambda shared, lane: look(jax.tree.leaves(function(shared, lane))), in_axes=(None, 0))
    count = len(jax.eval_shape(looked, shared, lanes))
    return jax.tree.structure(jax.eval_shape(function, shared, lane)), tuple(seen or [False] * count)


def _run(structure: Structure, unroll: int, shared: Shared, lane: Lane) -> tuple[Run, Any]:
    problem, optimizer, start, key = build(structure, shared, lane)
    check_loss(problem, start, key)
    return Run(problem, optimizer, key, structure.record, shared.tolerance, structure.observe, unroll), start


def _over_lanes(function: Callable[..., Any], tiling: Tiling, in_axes: Any, out_axes: Any = 0) -> Callable[..., Any]:
    """A function of one lane as one of a tile."""
    if not tiling.scalars:
        return jax.vmap(function, in_axes, out_axes)
    mapped = jax.vmap(in_scalars(function), in_axes, out_axes)
    return in_one_pass(mapped, tiling.size) if kernels.are_taken() and tiling.unroll == 1 else mapped


def _jitted(function: Callable[..., Any]) -> Any:
    return jax.jit(function, compiler_options=kernels.options())


class Cost(NamedTuple):
    """What a lane takes; whether it is taken apart into scalars, and whether the loop over steps is then one kernel."""

    carry_bytes: int
    scalars: bool
    one_kernel: bool


@_made_once(MOST_DESCRIPTIONS)
def cost(structure: Structure, shapes: Shapes) -> Cost:
    """What one lane takes from step to step: its parameters and its optimiser's state. Traced once a structure."""
    outputs(structure, shapes)  # what can't be traced is said in a sentence there

    def carry(shared: Shared, lane: Lane) -> Any:
        run, start = _run(structure, 1, shared, lane)
        return start, run.optimizer.init(start)

    start, state = jax.eval_shape(carry, *shapes.arguments)
    carry_bytes = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves((start, state)))
    numbers = sum(leaf.size for leaf in jax.tree.leaves(start))
    apart = numbers <= MOST_NUMBERS and _stays_apart(structure, shapes)
    one_kernel = apart and kernels.are_taken() and _is_one_kernel(structure, shapes)
    return Cost(carry_bytes, one_kernel or (apart and numbers <= MOST_NUMBERS_LEFT_TO_XLA), one_kernel)


def _stays_apart(structure: Structure, shapes: Shapes) -> bool:
    """Whether a step has nothing that would put its scalars together again, and stays a small program."""
    tally = Tally()

    def step(shared: Shared, lane: Lane) -> Carry:
        run, start = _run(structure, 1, shared, lane)
        return run.step(run.start(start), 0)[0]

    program = jax.make_jaxpr(in_scalars(step, tally))(*shapes.arguments)
    return tally.joined == 0 and len(program.eqns) <= MOST_OPERATIONS


def _is_one_kernel(structure: Structure, shapes: Shapes) -> bool:
    def steps(shared: Shared, lane: Lane) -> Carry:
        run, start = _run(structure, 1, shared, lane)
        return run.advance(run.start(start), 0, 2)

    shared, lane = shapes.arguments
    lanes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((SOME_LANES, *leaf.shape), leaf.dtype), lane)
    return fits_one_kernel(jax.vmap(in_scalars(steps), in_axes=(None, 0)), SOME_LANES, shared, lanes)


def _variables(trajectory: Trajectory, record: Record) -> Results:
    """The trajectory under the names that its parts bear in the result."""
    along = record.every is not None
    last: Any = jax.tree.map(lambda leaf: leaf[-1], (trajectory.params, trajectory.loss)) if along else trajectory[:2]
    path = {"params": trajectory.params, "loss": trajectory.loss} if along else {}
    summary = trajectory.summary._asdict() if trajectory.summary else {}
    reserved = {"final_params": last[0], "final_loss": last[1], **summary, **path}
    clash = reserved.keys() & trajectory.metrics.keys()
    if clash:
        raise ValueError(
            f"observe and evaluate: {min(clash)!r} is a variable of the result already; give yours another name"
        )
    return reserved | trajectory.metrics
