"""Running lanes tile by tile: all the way at once, or in spans between which those that go on are packed together."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxopt_lab.engine.lanes import Lane, Shared
from jaxopt_lab.engine.programs import Results, Spans
from jaxopt_lab.engine.records import NEVER
from jaxopt_lab.engine.tiling import Tiling

FIRST_SPAN = 20
"""The first span is this part of all steps."""

MANY = 1 / 8
"""Where at least this part of the lanes has ended in a span, the others are packed together: to copy has a price."""

LONGER = 4
"""Where fewer have ended, the next span is so many times as long: to stop and look has a price, too."""

SMALLER = 8
"""The last living lanes of a chunk run in a tile so many times smaller, once they fit into it."""

WORTH_A_PROGRAM = 256
"""A smaller tile for the last living lanes is one more program to compile: only if it has at least so many lanes."""


def run_in_tiles(run: Callable[[Shared, Lane], Results], shared: Shared, lanes: Lane, size: int) -> Results:
    """Run every lane to the last step.

    Args:
        run: the compiled program of one tile.
        shared: what all lanes share.
        lanes: what each has for itself, over any number of lanes.
        size: how many lanes run together.
    """
    return _tile_by_tile(lambda tile: run(shared, _take(lanes, tile)), len(lanes.start_index), size)


def run_packed(spans: Spans, shared: Shared, lanes: Lane, tiling: Tiling, num_steps: int) -> Results:
    """Run every lane to its end, or to the last step.

    A lane that has ended stays as it is (see `Run.step`), and every span but the last has whole turns of the loop, the
    steps of which round together: so nothing in the results depends on the spans.

    Args:
        spans: the compiled programs.
        shared: what all lanes share.
        lanes: what each has for itself, over any number of lanes.
        tiling: how many lanes run together (fewer, by `SMALLER`, where few go on), and how many steps are a turn.
        num_steps: the number of steps.
    """
    differs, count = spans.differs, len(lanes.start_index)
    size = tiling.size
    span = max(1, num_steps // FIRST_SPAN // tiling.unroll) * tiling.unroll
    step = min(span, num_steps)
    everyone = _tile_by_tile(lambda tile: spans.start(shared, _take(lanes, tile), step), count, size, differs)
    living, packed, carry = np.arange(count), lanes, everyone
    while step < num_steps:
        going_on = np.flatnonzero(~_has_ended(carry))
        if not len(going_on):
            break
        if len(living) - len(going_on) >= MANY * len(living):
            everyone = _put(everyone, living, carry, differs)
            living, packed, carry = living[going_on], _take(packed, going_on), _take(carry, going_on, differs)
        else:
            span *= LONGER
        last = min(step + span, num_steps)

        def advance(tile: Any, packed: Lane = packed, carry: Any = carry, first: int = step, last: int = last) -> Any:
            return spans.advance(shared, _take(packed, tile), _take(carry, tile, differs), first, last)

        small = size // SMALLER
        fitting = small if len(living) <= small and small >= WORTH_A_PROGRAM else size
        carry = _tile_by_tile(advance, len(living), fitting, differs)
        step = last
    everyone = _put(everyone, living, carry, differs)
    return _tile_by_tile(
        lambda tile: spans.finish(shared, _take(lanes, tile), _take(everyone, tile, differs)), count, size
    )


def _has_ended(carry: Any) -> np.ndarray:
    return np.minimum(carry.summary.converged_at, carry.summary.diverged_at) < NEVER


def _tile_by_tile(call: Callable[[Any], Any], count: int, size: int, differs: tuple[bool, ...] | None = None) -> Any:
    """What a compiled function gives for so many lanes, on the host.

    Args:
        call: the function of one tile: a slice, or for the last one the places of its lanes, padded with the last.
        count: how many lanes there are.
        size: how many of them make a tile.
        differs: which leaves of what is given have an axis over lanes; by default all.
    """
    gathered: list[Any] = []
    structure = None
    for start in range(0, count, size):
        stop = min(start + size, count)
        whole = stop - start == size
        tile = slice(start, stop) if whole else np.arange(start, start + size).clip(max=count - 1)
        leaves, structure = jax.tree.flatten(call(tile))
        own = differs or (True,) * len(leaves)
        if not gathered:
            gathered = [_room(leaf, count) if each else leaf for leaf, each in zip(leaves, own, strict=True)]
        for place, (leaf, each) in enumerate(zip(leaves, own, strict=True)):
            if each:
                gathered[place][start:stop] = np.asarray(leaf)[: stop - start]
            else:
                gathered[place] = leaf
    return jax.tree.unflatten(structure, gathered)


def _room(leaf: Any, count: int) -> np.ndarray:
    return np.empty((count, *leaf.shape[1:]), leaf.dtype)


def _take(tree: Any, lanes: Any, differs: tuple[bool, ...] | None = None) -> Any:
    leaves, structure = jax.tree.flatten(tree)
    own = differs or (True,) * len(leaves)
    return jax.tree.unflatten(structure, [leaf[lanes] if o else leaf for leaf, o in zip(leaves, own, strict=True)])


def _put(tree: Any, lanes: np.ndarray, values: Any, differs: tuple[bool, ...]) -> Any:
    """The tree with the values of some lanes written into its arrays, and those of all lanes replaced."""
    leaves, structure = jax.tree.flatten(tree)
    new = jax.tree.leaves(values)
    for place, own in enumerate(differs):
        if own:
            leaves[place][lanes] = new[place]
        else:
            leaves[place] = new[place]
    return jax.tree.unflatten(structure, leaves)
