"""One chunk of a sweep, from its place in the grid to its numbers: a pure function that any worker may run."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from jaxopt_lab.engine.lanes import Shared, Structure, lane_arguments, prepare
from jaxopt_lab.engine.packing import run_packed, start_in_tiles
from jaxopt_lab.engine.plan import Chunk, tiles_at_once
from jaxopt_lab.engine.programs import Cost, Results, Shapes, cost, outputs, shapes_of, spans, whole
from jaxopt_lab.engine.spec import Spec

STATUS = {"completed": 0, "converged": 1, "diverged": 2}
"""What ``status`` says of a trajectory, and as which number."""


class Prepared(NamedTuple):
    """One variant of a sweep, ready to run: what is compiled, and what its lanes share."""

    structure: Structure
    shared: Shared
    shapes: Shapes

    @property
    def cost(self) -> Cost:
        """What one lane takes."""
        return cost(self.structure, self.shapes)

    @property
    def outputs(self) -> Results:
        """The shapes and dtypes of one lane's results."""
        results = dict(outputs(self.structure, self.shapes))
        status = {"status": jax.ShapeDtypeStruct((), np.dtype(np.int8))}
        return results | (status if "diverged_at" in results else {})

    @property
    def bytes_per_lane(self) -> int:
        """What the results of one lane take."""
        return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(self.outputs))


def prepare_variants(spec: Spec) -> list[Prepared]:
    """Every variant of a sweep; nothing is compiled yet."""
    one = jax.tree.map(lambda leaf: leaf[0], lane_arguments(spec, 0, 1))
    split = [prepare(spec, variant) for variant in spec.variants]
    return [Prepared(structure, shared, shapes_of(shared, one)) for structure, shared in split]


def run_chunk(spec: Spec, variants: list[Prepared], chunk: Chunk) -> Results:
    """The results of one chunk, on the host.

    Args:
        spec: the settled specification.
        variants: what `prepare_variants` made of it.
        chunk: which lanes.
    """
    return start_chunk(spec, variants, chunk)()


def start_chunk(spec: Spec, variants: list[Prepared], chunk: Chunk) -> Callable[[], Results]:
    """Start one chunk; a function that waits for its results. Where lanes stop, it is what runs them."""
    variant, tiling = variants[chunk.variant], spec.tiling
    structure, shared, shapes = variant
    assert tiling is not None, "a specification is settled before it is run"
    shape = (tiles_at_once(tiling.size, variant.bytes_per_lane), tiling.size)
    if structure.stops and structure.record.every is None:
        programs, lanes = spans(structure, tiling, shapes), lane_arguments(spec, chunk.start, chunk.stop)
        steps = {"unroll": tiling.unroll, "num_steps": structure.num_steps}
        return lambda: _with_status(run_packed(programs, shared, lanes, shape, **steps))
    part = lambda start, stop: lane_arguments(spec, chunk.start + start, chunk.start + stop)
    running = start_in_tiles(whole(structure, tiling), shared, part, chunk.stop - chunk.start, shape)
    return lambda: _with_status(running()[0])


def _with_status(results: Results) -> Results:
    if "diverged_at" not in results:
        return results
    ended = np.where(results["converged_at"] >= 0, STATUS["converged"], STATUS["completed"])
    return results | {"status": np.where(results["diverged_at"] >= 0, STATUS["diverged"], ended).astype(np.int8)}
