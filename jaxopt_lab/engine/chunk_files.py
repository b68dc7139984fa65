"""The chunks of a store: their files, and the markers that say that these are whole.

A chunk's files depend on the specification and nothing else, so that a sweep is taken up again by running the chunks
without a marker, by anyone, in any order. Should two processes run the same chunk, they write the same bytes.
"""

import hashlib
import json
import os
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxopt_lab.engine.dataset import flatten
from jaxopt_lab.engine.plan import Chunk, Plan
from jaxopt_lab.engine.programs import Results

if TYPE_CHECKING:
    import zarr

Arrays = dict[str, "zarr.Array"]
"""The arrays of one variant by the names of their variables."""


def write_chunk(path: Path, arrays: Arrays, plan: Plan, chunk: Chunk, results: Results) -> None:
    """Write a chunk's results, then its marker.

    Args:
        path: the store.
        arrays: those of the chunk's variant.
        plan: the plan of the store.
        chunk: which lanes.
        results: their results.
    """
    said = {}
    try:
        for name, column in sorted(flatten(results).items()):
            array = arrays[name]
            _check_alignment(array, chunk, plan)
            if array.size:
                array[chunk.start : chunk.stop] = column
                said[name] = describe_file(chunk_file(path, array, chunk), durable=True)
        write_atomically(_marker(path, chunk.index), json.dumps(said, indent=1).encode())
    except FileNotFoundError:
        # Someone else has run this chunk too, was first, and has cleared away what we were about to write.
        if not _marker(path, chunk.index).exists():
            raise


def _check_alignment(array: "zarr.Array", chunk: Chunk, plan: Plan) -> None:
    """One chunk of the sweep is one whole chunk of Zarr: else writers side by side would lose each other's numbers."""
    whole = array.chunks == (plan.chunk_size, *(max(1, length) for length in array.shape[1:]))
    aligned = chunk.start % plan.chunk_size == 0 and chunk.stop == min(chunk.start + plan.chunk_size, array.shape[0])
    fits = whole and aligned
    assert fits, f"{array.path}: {chunk} does not fill one of its chunks {array.chunks}"


def marked(path: Path, plan: Plan) -> list[int]:
    """The chunks that have a marker, in order.

    Raises:
        ValueError: if there is a marker of a chunk that there is not.
    """
    names = [entry.name for entry in os.scandir(path / "done") if entry.name.isdecimal()]
    for name in names:
        if not (name.isascii() and str(int(name)) == name and int(name) < plan.num_chunks):
            raise ValueError(
                f"{path}: chunk {name} is marked as done, but its chunks are 0 to {plan.num_chunks - 1}; remove "
                f"{path / 'done' / name}"
            )
    return sorted(int(name) for name in names)


def verify(path: Path, chunk: Chunk, arrays: Arrays, names: list[str]) -> None:
    """Make sure that the files of a chunk are those that its marker names.

    Args:
        path: the store.
        chunk: a chunk with a marker.
        arrays: those of its variant.
        names: which of them to look at.

    Raises:
        ValueError: if a file is missing, cut short or changed.
    """
    said = _said_by_marker(path, chunk.index)
    for name in (name for name in names if arrays[name].size):
        file = chunk_file(path, arrays[name], chunk)
        if name in said and file.is_file() and describe_file(file) == said[name]:
            continue
        state = "was cut short or changed" if file.exists() else "is missing"
        raise ValueError(
            f"{file}: it {state} since chunk {chunk.index} was marked as done; remove "
            f"{_marker(path, chunk.index)} and run the sweep again, which runs the chunk again"
        )


def _said_by_marker(path: Path, index: int) -> dict[str, Any]:
    file = _marker(path, index)
    try:
        said = json.loads(file.read_bytes())
        return {name: {"bytes": int(each["bytes"]), "sha256": str(each["sha256"])} for name, each in said.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{file}: it is no marker of a chunk; remove it and run the sweep again, which runs the chunk again"
        ) from error


def _marker(path: Path, index: int) -> Path:
    return path / "done" / str(index)


def chunk_file(path: Path, array: "zarr.Array", chunk: Chunk) -> Path:
    """Where Zarr keeps a chunk of an array."""
    key = array.metadata.encode_chunk_key((chunk.start // array.chunks[0], *[0] * (array.ndim - 1)))
    return path / "results" / str(chunk.variant) / array.basename / key


def describe_file(file: Path, *, durable: bool = False) -> dict[str, Any]:
    """The size and the hash of a file; ``durable`` makes sure first that it would outlive a power cut."""
    with file.open("rb") as opened:
        if durable:
            os.fsync(opened.fileno())
        return {"bytes": os.fstat(opened.fileno()).st_size, "sha256": hashlib.file_digest(opened, "sha256").hexdigest()}


def write_atomically(file: Path, content: bytes) -> None:
    """Write a file that is whole or not there."""
    unfinished = file.with_name(f"{file.name}.{uuid.uuid4().hex}.partial")
    try:
        with unfinished.open("xb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        unfinished.replace(file)
    except Exception:
        unfinished.unlink(missing_ok=True)
        raise


def unfinished_files(path: Path, variants: list[Arrays], plan: Plan) -> dict[int, list[Path]]:
    """What killed writers have left, by the number of the chunk that it belongs to.

    Only once a chunk is marked nobody can be about to finish one of its files, so that they may be removed.
    """
    left = defaultdict(list)
    for file in _partial_files(path / "done"):
        left[file.name].append(file)
    found = {int(name.partition(".")[0]): files for name, files in left.items() if name.partition(".")[0].isdecimal()}
    chunks = defaultdict(list, found)
    for number, arrays in enumerate(variants):
        for array in arrays.values():
            folder = path / "results" / str(number) / array.basename / "c"
            for file in _partial_files(folder):
                place = file.relative_to(folder).parts[0].partition(".")[0]
                if place.isdecimal():
                    chunks[number * (plan.num_chunks // plan.num_variants) + int(place)].append(file)
    return dict(chunks)


def _partial_files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if re.search(r"\.[0-9a-f]{32}\.partial$", name))
