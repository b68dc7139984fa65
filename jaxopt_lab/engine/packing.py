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


def start_in_tiles(
    program: Callable[[Any, Any, Any], tuple[Any, Any]],
    for_all: Any,
    lanes: Callable[[int, int], Any],
    count: int,
    shape: tuple[int, int],
) -> Callable[[], tuple[Any, Any]]:
    """Start to run every lane through a program.

    Args:
        program: a compiled program of several tiles; see `programs.tile_by_tile`.
        for_all: what all lanes share.
        lanes: ``(start, stop) -> tree``, what these lanes have for themselves, on the host.
        count: how many lanes there are.
        shape: how many tiles are given to a call of the program, and how many lanes each has.

    Returns:
        A function that waits for what the program gives: for each lane, on the host; and for all lanes.
    """
    room = shape[0] * shape[1]

    def call(start: int, stop: int) -> tuple[Any, Any]:
        tiles = jax.tree.map(lambda leaf: _in_tiles(leaf, shape), lanes(start, max(stop, start + 1)))
        return program(for_all, tiles, np.int32(-(-(stop - start) // shape[1])))

    compile_once(program, lambda: call(0, 0))
    calls = [call(start, min(start + room, count)) for start in range(0, count, room)]  # none waits for another

    def wait() -> tuple[Any, Any]:
        on_host = lambda leaf: np.asarray(leaf).reshape(room, *leaf.shape[2:])
        parts = [jax.tree.map(on_host, own) for own, _ in calls]
        return jax.tree.map(lambda *part: np.concatenate(part)[:count], *parts), calls[-1][1]

    return wait


def _in_tiles(leaf: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Lanes as tiles, where there are enough without a copy; the last lane stands in for those that are missing."""
    missing = shape[0] * shape[1] - len(leaf)
    full = np.concatenate([leaf, np.repeat(leaf[-1:], missing, axis=0)]) if missing else leaf
    return full.reshape(*shape, *leaf.shape[1:])


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
        part = lambda start, stop: jax.tree.map(lambda leaf: leaf[start:stop], tree)
        return start_in_tiles(program, for_all, part, _count(tree), shape)()

    span = max(1, num_steps // FIRST_SPAN // unroll) * unroll
    step = min(span, num_steps)
    own, same = call(spans.start, (shared, np.int32(step)), lanes)
    everyone, living, packed = own, np.arange(_count(lanes)), lanes
    while step < num_steps:
        going_on = np.flatnonzero(~_has_ended(spans.join(own, same)))
        if not len(going_on):
            break
        if len(living) - len(going_on) >= MANY * len(living):
            if own is not everyone:
                _put(everyone, living, own)
            living, packed, own = living[going_on], _take(packed, going_on), _take(own, going_on)
        else:
            span *= LONGER
        last = min(step + span, num_steps)
        own, same = call(spans.advance, (shared, same, np.int32(step), np.int32(last)), (packed, own))
        step = last
    if own is not everyone:
        _put(everyone, living, own)
    return call(spans.finish, (shared, same), (lanes, everyone))[0]


def _has_ended(carry: Carry) -> np.ndarray:
    assert carry.losses is not None, "lanes that stop are looked at on the way"
    return np.asarray(carry.losses.end) < NEVER


def _count(tree: Any) -> int:
    return len(jax.tree.leaves(tree)[0])


def _take(tree: Any, places: np.ndarray) -> Any:
    return jax.tree.map(lambda leaf: leaf.take(places, 0), tree)  # an index of arrays takes longer


def _put(tree: Any, places: np.ndarray, values: Any) -> None:
    jax.tree.map(lambda leaf, new: leaf.__setitem__(places, new), tree, values)
