"""Running lanes tile by tile: all the way at once, or in spans between which those that go on are packed together."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxopt_lab.engine.lanes import Lane, Shared
from jaxopt_lab.engine.programs import Results, Spans
from jaxopt_lab.engine.records import NEVER

FIRST_SPAN = 20
"""The first span is this part of all steps."""

FEW = 1 / 8
"""Where fewer lanes than this ended in a span, the next one is twice as long: to stop and look costs something, too."""

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
    return _tile_by_tile(lambda tile: run(shared, _take(lanes, tile)), _everyone(lanes), size)


def run_packed(spans: Spans, shared: Shared, lanes: Lane, size: int, num_steps: int) -> Results:
    """Run every lane to its end, or to the last step.

    A lane that has ended stays as it is (see `Run.step`), so that nothing in the results depends on the spans.

    Args:
        spans: the compiled programs.
        shared: what all lanes share.
        lanes: what each has for itself, over any number of lanes.
        size: how many lanes run together; a quarter of it where no more than that go on.
        num_steps: the number of steps.
    """
    differs, living = spans.differs, _everyone(lanes)
    span = max(1, num_steps // FIRST_SPAN)
    step = min(span, num_steps)
    carry = _tile_by_tile(lambda tile: spans.start(shared, _take(lanes, tile), step), living, size, differs)
    while step < num_steps:
        going_on = living[~_has_ended(carry)[living]]
        span *= 2 if len(living) - len(going_on) < FEW * len(living) else 1
        living = going_on
        if not len(living):
            break
        last = min(step + span, num_steps)

        def advance(tile: np.ndarray, carry: Any = carry, first: int = step, last: int = last) -> Any:
            return spans.advance(shared, _take(lanes, tile), _take(carry, tile, differs), first, last)

        fitting = size // 4 if len(living) <= size // 4 >= WORTH_A_PROGRAM else size
        carry = _put(carry, living, _tile_by_tile(advance, living, fitting, differs), differs)
        step = last
    return _tile_by_tile(
        lambda tile: spans.finish(shared, _take(lanes, tile), _take(carry, tile, differs)), _everyone(lanes), size
    )


def _everyone(lanes: Lane) -> np.ndarray:
    return np.arange(len(lanes.start_index))


def _has_ended(carry: Any) -> np.ndarray:
    return np.minimum(carry.summary.converged_at, carry.summary.diverged_at) < NEVER


def _tile_by_tile(
    call: Callable[[np.ndarray], Any], lanes: np.ndarray, size: int, differs: tuple[bool, ...] | None = None
) -> Any:
    """What a compiled function gives for some lanes, on the host.

    Args:
        call: the function of the indices of one tile's lanes.
        lanes: the indices of those that are wanted.
        size: how many of them make a tile; the last one is padded with its last lane.
        differs: which leaves of what is given have an axis over lanes; by default all.
    """
    gathered: list[Any] = []
    structure = None
    for start in range(0, len(lanes), size):
        tile = lanes[start : start + size]
        leaves, structure = jax.tree.flatten(call(np.append(tile, np.repeat(tile[-1:], size - len(tile)))))
        if not gathered:
            differs = differs or (True,) * len(leaves)
            gathered = [_room(leaf, len(lanes)) if own else leaf for leaf, own in zip(leaves, differs, strict=True)]
        for place, (leaf, own) in enumerate(zip(leaves, differs or (), strict=True)):
            if own:
                gathered[place][start : start + len(tile)] = np.asarray(leaf)[: len(tile)]
            else:
                gathered[place] = leaf
    return jax.tree.unflatten(structure, gathered)


def _room(leaf: Any, count: int) -> np.ndarray:
    return np.empty((count, *leaf.shape[1:]), leaf.dtype)


def _take(tree: Any, lanes: np.ndarray, differs: tuple[bool, ...] | None = None) -> Any:
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
