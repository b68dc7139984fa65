"""One chunk of a sweep, from its place in the grid to its numbers: a pure function that any worker may run."""

from typing import Any, NamedTuple

import jax
import numpy as np

from jaxopt_lab.engine.lanes import Shared, Structure, lane_arguments, prepare
from jaxopt_lab.engine.packing import run_in_tiles, run_packed
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
        return _with_status(results, jax.ShapeDtypeStruct((), np.dtype(np.int8)))

    @property
    def bytes_per_lane(self) -> int:
        """What the results of one lane take."""
        return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(self.outputs))


def prepare_variants(spec: Spec) -> list[Prepared]:
    """Every variant of a sweep; nothing is compiled yet."""
    one = jax.tree.map(lambda leaf: leaf[0], lane_arguments(spec, np.zeros(1, int)))
    split = [prepare(spec, variant) for variant in spec.variants]
    return [Prepared(structure, shared, shapes_of(shared, one)) for structure, shared in split]


def run_chunk(spec: Spec, variants: list[Prepared], chunk: Chunk) -> Results:
    """The results of one chunk, on the host.

    Args:
        spec: the settled specification.
        variants: what `prepare_variants` made of it.
        chunk: which lanes.
    """
    variant, tiling = variants[chunk.variant], spec.tiling
    structure, shared, shapes = variant
    assert tiling is not None, "a specification is settled before it is run"
    shape = (tiles_at_once(tiling.size, variant.bytes_per_lane), tiling.size)
    if structure.stops and structure.record.every is None:
        programs, lanes = spans(structure, tiling, shapes), lane_arguments(spec, np.arange(chunk.start, chunk.stop))
        results = run_packed(programs, shared, lanes, shape, unroll=tiling.unroll, num_steps=structure.num_steps)
    else:
        part = lambda start, stop: lane_arguments(spec, np.arange(chunk.start + start, chunk.start + stop))
        results, _ = run_in_tiles(whole(structure, tiling), shared, part, chunk.stop - chunk.start, shape)
    return _with_status(results, _status(results) if "diverged_at" in results else None)


def _with_status(results: Results, status: Any) -> Results:
    return results | {"status": status} if "diverged_at" in results else results


def _status(results: Results) -> np.ndarray:
    ended = np.where(results["converged_at"] >= 0, STATUS["converged"], STATUS["completed"])
    return np.where(results["diverged_at"] >= 0, STATUS["diverged"], ended).astype(np.int8)
