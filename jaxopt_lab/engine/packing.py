"""Running lanes tile by tile: all the way at once, or in spans between which those that go on are packed together."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxopt_lab.engine.lanes import Lane, Shared
from jaxopt_lab.engine.programs import Results, Spans, compile_once
from jaxopt_lab.engine.records import NEVER
from jaxopt_lab.engine.trajectory import Carry

FIRST_SPAN = 20
"""The first span is this part of all steps."""

MANY = 1 / 8
"""Where at least this part of the lanes has ended in a span, the others are packed together: to copy has a price."""

LONGER = 4
"""Where fewer have ended, the next span is so many times as long: to stop and look has a price, too."""


def run_in_tiles(
    program: Callable[[Any, Any, Any], tuple[Any, Any]],
    for_all: Any,
    lanes: Callable[[np.ndarray], Any],
    count: int,
    shape: tuple[int, int],
) -> tuple[Any, Any]:
    """Run every lane through a program.

    Args:
        program: a compiled program of several tiles; see `programs.tile_by_tile`.
        for_all: what all lanes share.
        lanes: gives what lanes have for themselves, for an array of their places of any shape.
        count: how many lanes there are.
        shape: how many tiles are given to a call of the program, and how many lanes each has.

    Returns:
        What the program gives: for each lane, on the host; and for all lanes.
    """
    room, parts, same = shape[0] * shape[1], list[Any](), None
    compile_once(program, lambda: program(for_all, lanes(np.zeros(shape, int)), np.int32(0)))
    for start in range(0, count, room):
        many = min(room, count - start)
        places = np.arange(start, start + room).clip(max=count - 1).reshape(shape)
        own, same = program(for_all, lanes(places), np.int32(-(-many // shape[1])))
        parts.append(jax.tree.map(lambda leaf, many=many: np.asarray(leaf).reshape(room, *leaf.shape[2:])[:many], own))
    return parts[0] if len(parts) == 1 else jax.tree.map(lambda *part: np.concatenate(part), *parts), same


def run_packed(
    spans: Spans, shared: Shared, lanes: Lane, shape: tuple[int, int], *, unroll: int, num_steps: int
) -> Results:
    """Run every lane to its end, or to the last step.

    A lane that has ended stays as it is (see `Run.step`), and every span but the last has whole turns of the loop, the
    steps of which round together: so nothing in the results depends on the spans.

    Args:
        spans: the compiled programs.
        shared: what all lanes share.
        lanes: what each has for itself, over any number of lanes.
        shape: how many tiles are given to a call of a program, and how many lanes each has.
        unroll: how many steps are a turn of the loop.
        num_steps: the number of steps.
    """

    def call(program: Callable[..., tuple[Any, Any]], for_all: Any, tree: Any) -> tuple[Any, Any]:
        return run_in_tiles(program, for_all, lambda places: _in_a_row(tree, places), _count(tree), shape)

    span = max(1, num_steps // FIRST_SPAN // unroll) * unroll
    step = min(span, num_steps)
    own, same = call(spans.start, (shared, np.int32(step)), lanes)
    everyone = jax.tree.map(np.array, own)
    living, packed = np.arange(_count(lanes)), lanes
    while step < num_steps:
        going_on = np.flatnonzero(~_has_ended(spans.join(own, same)))
        if not len(going_on):
            break
        if len(living) - len(going_on) >= MANY * len(living):
            _put(everyone, living, own)
            living, packed, own = living[going_on], _take(packed, going_on), _take(own, going_on)
        else:
            span *= LONGER
        last = min(step + span, num_steps)
        own, same = call(spans.advance, (shared, same, np.int32(step), np.int32(last)), (packed, own))
        step = last
    _put(everyone, living, own)
    return call(spans.finish, (shared, same), (lanes, everyone))[0]


def _has_ended(carry: Carry) -> np.ndarray:
    assert carry.summary is not None, "lanes that stop are looked at on the way"
    return np.minimum(carry.summary.converged_at, carry.summary.diverged_at) < NEVER


def _count(tree: Any) -> int:
    return len(jax.tree.leaves(tree)[0])


def _take(tree: Any, places: np.ndarray) -> Any:
    return jax.tree.map(lambda leaf: leaf.take(places, 0), tree)  # an index of arrays takes three times as long


def _in_a_row(tree: Any, places: np.ndarray) -> Any:
    """The lanes at places that follow each other, without a copy; the last may be repeated, and is copied."""
    first, last = int(places.flat[0]), int(places.flat[-1])
    if last - first + 1 != places.size:
        return _take(tree, places)
    return jax.tree.map(lambda leaf: leaf[first : last + 1].reshape(*places.shape, *leaf.shape[1:]), tree)


def _put(tree: Any, places: np.ndarray, values: Any) -> None:
    jax.tree.map(lambda leaf, new: leaf.__setitem__(places, new), tree, values)
