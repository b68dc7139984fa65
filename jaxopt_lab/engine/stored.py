"""Reading a store: a dataset whose numbers are read when they are wanted, also while the sweep still runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from xarray.backends import BackendArray
from xarray.core.indexing import (
    BasicIndexer,
    CopyOnWriteArray,
    IndexingSupport,
    LazilyIndexedArray,
    OuterIndexer,
    explicit_indexing_adapter,
)

from jaxopt_lab.engine.chunk_files import marked, verify
from jaxopt_lab.engine.dataset import common, to_dataset
from jaxopt_lab.engine.store import Header, open_results, read_header

if TYPE_CHECKING:
    import xarray as xr
    import zarr


def open_stored(path: Path) -> "xr.Dataset":
    """The dataset of a store; see `jaxopt_lab.open_sweep`."""
    path = path.absolute()
    header = read_header(path)
    done = frozenset(marked(path, header.plan))
    results = open_results(path)
    names, omitted = common([{name: array.shape for name, array in variant.items()} for variant in results])
    lanes = {name: _StoredLanes(path, header, name, [variant[name] for variant in results], done) for name in names}
    # As `xarray.open_dataset` makes them: read when looked at, and what is assigned stays in memory.
    lazy: dict[str, Any] = {name: LazilyIndexedArray(array) for name, array in lanes.items()}
    arrays = {name: CopyOnWriteArray(array) for name, array in lazy.items()}
    dataset = to_dataset(header.labels, arrays, omitted)
    return dataset.assign_attrs(fraction_done=len(done) / header.plan.num_chunks)


def lanes_done(path: Path) -> np.ndarray:
    """Which trajectories of a store are done, over the dimensions that every variable has."""
    header = read_header(path)
    done = np.zeros((header.plan.num_variants, header.plan.num_lanes), bool)
    for index in marked(path, header.plan):
        chunk = header.plan.chunks[index]
        done[chunk.variant, chunk.start : chunk.stop] = True
    return done.reshape(header.labels.shape)


class _StoredLanes(BackendArray):
    """One variable over all the sweep's dimensions, read from the flat lanes of its variants.

    While chunks are missing, whole numbers are read as floating-point ones, so that what is missing can be NaN.
    """

    def __init__(
        self, path: Path, header: Header, name: str, variants: list["zarr.Array"], done: frozenset[int]
    ) -> None:
        self._path, self._plan, self._name, self._variants, self._done = path, header.plan, name, variants, done
        self._outer = header.labels.shape
        self.shape = (*self._outer, *variants[0].shape[1:])
        common = np.result_type(*(variant.dtype for variant in variants))
        whole = len(done) == header.plan.num_chunks or np.issubdtype(common, np.inexact)
        self.dtype = common if whole else np.dtype(np.float64)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, BasicIndexer | OuterIndexer):  # the adapter takes no empty slice of negative step
            return self._read(key.tuple)
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        """The numbers at an index of whole numbers, slices and vectors, one for each dimension."""
        places = [np.atleast_1d(np.arange(length)[each]) for each, length in zip(key, self.shape, strict=True)]
        rank = len(self._outer)
        outer, inner = tuple(places[:rank]), tuple(places[rank:])
        count = int(np.prod([len(place) for place in outer], dtype=int))
        values = np.empty((count, *(len(place) for place in inner)), self.dtype)
        for wanted, number, lanes in self._parts(outer):
            values[wanted] = self._of_chunk(number, lanes, inner)
        shape = tuple(len(place) for place in places)
        scalars = tuple(0 if isinstance(each, int | np.integer) else slice(None) for each in key)
        return values.reshape(shape)[scalars]

    def _parts(self, outer: tuple[np.ndarray, ...]) -> Iterator[tuple[Any, int, np.ndarray]]:
        """Which values come from which chunk, and from which of its variant's lanes."""
        per_variant = self._plan.num_lanes
        if all(np.array_equal(place, np.arange(n)) for place, n in zip(outer, self._outer, strict=True)):
            for chunk in self._plan.chunks:  # everything in order: indices of single lanes would be larger than these
                first = chunk.variant * per_variant
                lanes = np.arange(chunk.start, chunk.stop)
                yield slice(first + chunk.start, first + chunk.stop), chunk.index, lanes
            return
        flat = np.ravel_multi_index(np.ix_(*outer), self._outer).ravel() if outer else np.zeros(1, int)
        variants, lanes = np.divmod(flat, per_variant)
        numbers = variants * -(-per_variant // self._plan.chunk_size) + lanes // self._plan.chunk_size
        order = np.argsort(numbers, kind="stable")
        ends = np.flatnonzero(np.diff(numbers[order])) + 1
        for wanted in np.split(order, ends) if len(order) else []:
            yield wanted, int(numbers[wanted[0]]), lanes[wanted]

    def _of_chunk(self, number: int, lanes: np.ndarray, inner: tuple[np.ndarray, ...]) -> Any:
        if number not in self._done:
            return np.nan
        chunk = self._plan.chunks[number]
        array = self._variants[chunk.variant]
        verify(self._path, chunk, {self._name: array}, [self._name])
        whole = np.asarray(array[chunk.start : chunk.stop])
        return whole[np.ix_(lanes - chunk.start, *inner)]
