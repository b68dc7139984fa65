"""Results on disk: a Zarr group whose arrays take one whole chunk for each chunk of the sweep, and a marker when done.

    run.zarr/zarr.json                 what was asked for: the identity of the store, and what its axes are called
    run.zarr/coords/<dimension>/       the coordinates
    run.zarr/results/<variant>/<name>/ one array over the lanes of one variant
    run.zarr/done/<chunk>              sizes and hashes of the chunk's files, written when these are whole

A chunk's files depend on the specification and nothing else, so that a sweep is taken up again by running the chunks
without a marker, by anyone, in any order.
"""

import hashlib
import json
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.engine.dataset import Labels, flatten
from jaxopt_lab.engine.plan import Chunk, Plan
from jaxopt_lab.engine.programs import Results

if TYPE_CHECKING:
    import zarr

FORMAT, VERSION = "jaxopt_lab.sweep", 1


class Header(NamedTuple):
    """What a store says of itself.

    Attributes:
        identity: everything that the numbers depend on, by name, JSON-able.
        labels: what the axes are called.
        plan: which chunks there are.
    """

    identity: dict[str, Any]
    labels: Labels
    plan: Plan


def create(path: Path, header: Header, variants: list[dict[str, Any]]) -> bool:
    """Make an empty store, whole or not at all; False if someone else was first.

    Args:
        path: where.
        header: what it is to say of itself.
        variants: for each variant and variable the kind of one lane's value, with ``shape`` and ``dtype``.
    """
    import zarr

    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        root = zarr.open_group(unfinished, mode="w", zarr_format=3)
        for name, values in _coordinates(header.labels).items():
            root.require_group("coords").create_array(name, data=values, chunks=(len(values),))
        for number, variables in enumerate(variants):
            group = root.create_group(f"results/{number}")
            for name, kind in variables.items():
                _create_array(group, name, kind, header.plan)
        (unfinished / "done").mkdir()
        root.attrs.update(_attributes(header))
        unfinished.rename(path)
    except OSError:
        if path.exists():
            return False
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return True


def _create_array(group: "zarr.Group", name: str, kind: Any, plan: Plan) -> None:
    from zarr.codecs import ZstdCodec

    group.create_array(
        name,
        shape=(plan.num_lanes, *kind.shape),
        chunks=(plan.chunk_size, *(max(1, length) for length in kind.shape)),
        dtype=kind.dtype,
        fill_value=np.nan if np.issubdtype(kind.dtype, np.floating) else 0,
        compressors=ZstdCodec(level=1),
    )


def _coordinates(labels: Labels) -> dict[str, np.ndarray]:
    return labels.lanes | ({} if labels.steps is None else {"step": labels.steps})


def _attributes(header: Header) -> dict[str, Any]:
    labels, plan = header.labels, header.plan
    return {
        "format": FORMAT,
        "version": VERSION,
        "identity": header.identity,
        "leading": labels.leading,
        "lanes": list(labels.lanes),
        "num_variants": plan.num_variants,
        "chunk_size": plan.chunk_size,
        "attributes": labels.attributes,
    }


def read_header(path: Path) -> Header:
    """What the store at ``path`` says of itself. Nothing in it is ever run.

    Raises:
        ValueError: if there is no store, or it is of another kind or version, or broken.
    """
    import zarr

    if not path.is_dir():
        raise ValueError(f"{path}: there is no such folder; a sweep makes one with store={str(path)!r}")
    try:
        root = zarr.open_group(path, mode="r")
        said: dict[str, Any] = dict(root.attrs)
    except Exception as error:  # whatever Zarr stumbles over in a foreign folder
        raise ValueError(f"{path}: it is no store of a sweep ({_first_line(error)}); name another folder") from error
    if said.get("format") != FORMAT:
        raise ValueError(f"{path}: it is a Zarr group, but no store of a sweep; name another folder")
    if said.get("version") != VERSION:
        raise ValueError(
            f"{path}: its format is version {said.get('version')}, this jaxopt_lab reads {VERSION}; use the one that "
            "wrote it, or name another folder"
        )
    try:
        coords = {name: np.asarray(array[:]) for name, array in zarr.open_group(path / "coords", mode="r").arrays()}
        labels = Labels(said["leading"], {n: coords[n] for n in said["lanes"]}, coords.get("step"), said["attributes"])
        lanes = int(np.prod([len(values) for values in labels.lanes.values()]))
        header = Header(said["identity"], labels, Plan(int(said["num_variants"]), lanes, int(said["chunk_size"])))
        _check_arrays(path, header)
    except Exception as error:  # any part may be missing or cut short
        raise ValueError(
            f"{path}: the store is broken ({_first_line(error)}); remove it, or restore it from a copy"
        ) from error
    return header


def _check_arrays(path: Path, header: Header) -> None:
    plan, labels = header.plan, header.labels
    variants = int(np.prod([len(names) for names in labels.leading.values()], dtype=int))
    if plan.num_variants != variants or plan.chunk_size < 1 or not (path / "done").is_dir():
        raise ValueError("its parts do not fit together")
    for arrays in open_results(path, plan):
        for array in arrays.values():
            if array.shape[0] != plan.num_lanes or array.chunks[0] != plan.chunk_size:
                raise ValueError(f"{array.path} has shape {array.shape} in chunks of {array.chunks}")


def open_results(path: Path, plan: Plan, mode: Any = "r") -> list[dict[str, "zarr.Array"]]:
    """The arrays of each variant by name."""
    import zarr

    groups = [zarr.open_group(path / "results" / str(variant), mode=mode) for variant in range(plan.num_variants)]
    # A chunk that holds nothing but the filling is written too: what is marked as done lies there.
    keep = {"write_empty_chunks": True}
    return [{name: array.with_config(keep) for name, array in group.arrays()} for group in groups]  # pyright: ignore


def write_chunk(path: Path, arrays: dict[str, "zarr.Array"], plan: Plan, chunk: Chunk, results: Results) -> None:
    """Write a chunk's results, then its marker.

    Args:
        path: the store.
        arrays: those of the chunk's variant.
        plan: the plan of the store.
        chunk: which lanes.
        results: their results.
    """
    said = {}
    for name, column in sorted(flatten(results).items()):
        array = arrays[name]
        _check_alignment(array, chunk, plan)
        file = chunk_file(path, array, chunk)
        _clear_unfinished(file)
        array[chunk.start : chunk.stop] = column
        said[name] = describe_file(file, durable=True)
    marker = path / "done" / str(chunk.index)
    _clear_unfinished(marker)
    write_atomically(marker, json.dumps(said, indent=1).encode())


def _check_alignment(array: "zarr.Array", chunk: Chunk, plan: Plan) -> None:
    """One chunk of the sweep is one whole chunk of Zarr: else writers side by side would lose each other's numbers."""
    whole = array.chunks == (plan.chunk_size, *(max(1, length) for length in array.shape[1:]))
    aligned = chunk.start % plan.chunk_size == 0 and chunk.stop == min(chunk.start + plan.chunk_size, array.shape[0])
    fits = whole and aligned
    assert fits, f"{array.path}: {chunk} does not fill one of its chunks {array.chunks}"


def marker_of(path: Path, index: int) -> dict[str, Any]:
    """What a marker says: for each variable the size and the hash of its file.

    Raises:
        ValueError: if it is no marker.
    """
    file = path / "done" / str(index)
    try:
        said = json.loads(file.read_bytes())
        return {name: {"bytes": int(each["bytes"]), "sha256": str(each["sha256"])} for name, each in said.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file}: it is no marker of a chunk; remove it to have the chunk run again") from error


def marked(path: Path, plan: Plan) -> list[int]:
    """The chunks that have a marker, in order."""
    names = [entry.name for entry in os.scandir(path / "done") if entry.name.isdecimal()]
    indices = sorted(int(name) for name in names)
    if indices and indices[-1] >= plan.num_chunks:
        raise ValueError(
            f"{path}: chunk {indices[-1]} is marked, but there are {plan.num_chunks}; it was tampered with"
        )
    return indices


def verify(path: Path, chunk: Chunk, arrays: dict[str, "zarr.Array"], names: list[str]) -> None:
    """Make sure that the files of a chunk are those that its marker names.

    Args:
        path: the store.
        chunk: a chunk with a marker.
        arrays: those of its variant.
        names: which of them to look at.

    Raises:
        ValueError: if a file is missing, cut short or changed.
    """
    said = marker_of(path, chunk.index)
    for name in names:
        file = chunk_file(path, arrays[name], chunk)
        if name in said and file.is_file() and describe_file(file) == said[name]:
            continue
        state = "was cut short or changed" if file.exists() else "is missing"
        raise ValueError(
            f"{file}: it {state} since chunk {chunk.index} was marked as done; remove "
            f"{path / 'done' / str(chunk.index)} to have the chunk run again"
        )


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
    with unfinished.open("xb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    unfinished.replace(file)


def _clear_unfinished(file: Path) -> None:
    """Remove what a killed writer of this file has left beside it."""
    for left in file.parent.glob(f"{file.name}.*.partial"):
        left.unlink(missing_ok=True)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__
