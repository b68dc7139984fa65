"""Where the results of chunks go: arrays in memory, or a store on disk."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import jax
import numpy as np

from jaxopt_lab.engine.chunk_files import marked, unfinished_files, verify, write_chunk
from jaxopt_lab.engine.chunks import Prepared
from jaxopt_lab.engine.dataset import Labels, common, flatten, to_dataset
from jaxopt_lab.engine.identity import difference
from jaxopt_lab.engine.plan import Chunk, Plan
from jaxopt_lab.engine.programs import Results
from jaxopt_lab.engine.store import Header, clear_unfinished, create, open_results, read_header

if TYPE_CHECKING:
    import xarray as xr


class Destination(Protocol):
    """What takes the results of chunks, in any order and from any thread."""

    def done(self, chunks: Iterable[Chunk]) -> set[int]:
        """Which of these chunks need not run."""
        ...

    def write(self, chunk: Chunk, results: Results) -> None:
        """Keep the results of one chunk."""
        ...

    def dataset(self) -> "xr.Dataset":
        """What there is, labelled."""
        ...


class Memory:
    """Arrays over all lanes."""

    def __init__(self, plan: Plan, labels: Labels, variants: list[Prepared]) -> None:
        """Make room for the results."""
        self._labels = labels
        self._columns = [
            jax.tree.map(lambda leaf: np.empty((plan.num_lanes, *leaf.shape), leaf.dtype), variant.outputs)
            for variant in variants
        ]

    def done(self, chunks: Iterable[Chunk]) -> set[int]:
        """None."""
        del chunks
        return set()

    def write(self, chunk: Chunk, results: Results) -> None:
        """Copy the results into their place."""
        for column, result in zip(jax.tree.leaves(self._columns[chunk.variant]), jax.tree.leaves(results), strict=True):
            column[chunk.start : chunk.stop] = result

    def dataset(self) -> "xr.Dataset":
        """The arrays under the names of their axes."""
        flat: list[dict[str, np.ndarray]] = [flatten(columns) for columns in self._columns]
        names, omitted = common([{name: array.shape for name, array in variant.items()} for variant in flat])
        merged = {name: _stacked([variant[name] for variant in flat]) for name in names}
        shape = self._labels.shape
        return to_dataset(self._labels, {n: a.reshape(shape + a.shape[2:]) for n, a in merged.items()}, omitted)


def _stacked(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)


class OnDisk:
    """A store that is this sweep's: made here, or found and compared."""

    def __init__(
        self, path: Path, plan: Plan, labels: Labels, identity: dict[str, Any], variants: list[Prepared]
    ) -> None:
        """Make the store, or take up the one that is there.

        Raises:
            ValueError: if what lies there is another sweep's, or none.
            FileExistsError: if someone else made it at the same time, and may have settled more than was asked for.
        """
        kinds: list[dict[str, Any]] = [flatten(variant.outputs) for variant in variants]
        path = path.absolute()
        if not path.exists() and not create(path, Header(identity, labels, plan), kinds):
            raise FileExistsError(path)
        stored = read_header(path)
        differs = difference(identity, stored.identity)
        if differs:
            raise ValueError(f"store: {path} holds another sweep; it differs in {differs}; name another folder")
        clear_unfinished(path)
        self._path, self._plan = path, plan
        self._arrays = open_results(path, "r+")
        self._left = unfinished_files(path, self._arrays, plan)

    def done(self, chunks: Iterable[Chunk]) -> set[int]:
        """Which of these chunks are marked as done; their files are verified.

        Raises:
            ValueError: if a file is not what its marker says.
        """
        indices = set(marked(self._path, self._plan))
        done = [chunk for chunk in chunks if chunk.index in indices]
        for chunk in done:
            verify(self._path, chunk, self._arrays[chunk.variant], list(self._arrays[chunk.variant]))
            self._clear(chunk.index)
        return {chunk.index for chunk in done}

    def write(self, chunk: Chunk, results: Results) -> None:
        """Write the results and mark the chunk as done."""
        write_chunk(self._path, self._arrays[chunk.variant], self._plan, chunk, results)
        self._clear(chunk.index)

    def _clear(self, index: int) -> None:
        """Remove what killed writers of this chunk have left."""
        for file in self._left.pop(index, []):
            file.unlink(missing_ok=True)

    def dataset(self) -> "xr.Dataset":
        """The dataset, read when it is looked at."""
        from jaxopt_lab.engine.stored import open_stored

        return open_stored(self._path)
