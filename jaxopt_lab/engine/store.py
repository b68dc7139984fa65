"""Results on disk: a Zarr group whose arrays take one whole chunk for each chunk of the sweep, and a marker when done.

    run.zarr/zarr.json                 what was asked for: the identity of the store, and what its axes are called
    run.zarr/coords/<dimension>/       the coordinates
    run.zarr/results/<variant>/<name>/ one array over the lanes of one variant
    run.zarr/done/<chunk>              sizes and hashes of the chunk's files, written when these are whole

This file makes and opens the frame, all but the chunks, which `chunk_files` writes. The frame bears a hash of itself.
"""

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import numpy as np

from jaxopt_lab.engine.dataset import Labels
from jaxopt_lab.engine.plan import Plan

if TYPE_CHECKING:
    import zarr

FORMAT, VERSION = "jaxopt_lab.sweep", 1

KEEP_EMPTY_CHUNKS: Any = {"write_empty_chunks": True}
"""A chunk that holds nothing but the filling is written too: what is hashed or marked as done lies there."""


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

    Raises:
        ValueError: if the place or the results are not of a kind that can be stored.
        OSError: if it cannot be written; nothing is left then.
    """
    _check_place(path)
    _check_kinds(variants)
    frame = _frame(header, variants)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        for name, content in frame.items():
            (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
            (unfinished / name).write_bytes(content)
        (unfinished / "done").mkdir()
        unfinished.rename(path)
    except OSError:
        if path.exists():  # made by someone else, who may have removed what we had of ours: see clear_unfinished
            return False
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return True


def _frame(header: Header, variants: list[dict[str, Any]]) -> dict[str, bytes]:
    """The files of an empty store by name."""
    import zarr
    from zarr.storage import MemoryStore

    held: dict[str, Any] = {}
    root = zarr.open_group(MemoryStore(held), mode="w", zarr_format=3)
    for name, values in _coordinates(header.labels).items():
        group = root.require_group("coords")
        group.create_array(name, data=values, chunks=(len(values),), config=KEEP_EMPTY_CHUNKS)
    for number, variables in enumerate(variants):
        group = root.create_group(f"results/{number}")
        for name, kind in variables.items():
            _create_array(group, array_name(name), kind, header.plan)
    said = _attributes(header) | {"variables": [list(variables) for variables in variants]}
    root.attrs.update(said | {"sha256": _frame_hash(said, lambda name: held[name].to_bytes())})
    return {name: buffer.to_bytes() for name, buffer in sorted(held.items())}


def clear_unfinished(path: Path) -> None:
    """Remove what makers of this store have left beside it, now that it is there: nobody needs theirs any more."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{32}}\.partial")
    for entry in os.scandir(path.parent):
        if pattern.fullmatch(entry.name):
            shutil.rmtree(entry.path, ignore_errors=True)


def array_name(name: str) -> str:
    """The folder of a variable: its name, as far as a folder may bear it, and never the name of another one."""
    quoted = quote(name, safe="")
    return f"%{quoted}" if quoted in ("", "zarr.json") or quoted.startswith(".") else quoted


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise ValueError(f"store: the folder {path.parent} does not exist; make it first")
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"store: the folder {path.parent} can't be written; choose another, or change its permissions")


def _check_kinds(variants: list[dict[str, Any]]) -> None:
    for variables in variants:
        for name, kind in variables.items():
            if np.dtype(kind.dtype).kind not in "biufc":
                raise ValueError(
                    f"store: {name} is of dtype {kind.dtype}, which no store holds; sweep in float32, or without one"
                )


def _create_array(group: "zarr.Group", name: str, kind: Any, plan: Plan) -> None:
    from zarr.codecs import ZstdCodec

    group.create_array(
        name,
        shape=(plan.num_lanes, *kind.shape),
        chunks=(plan.chunk_size, *(max(1, length) for length in kind.shape)),
        dtype=kind.dtype,
        fill_value=np.nan if np.issubdtype(kind.dtype, np.inexact) else 0,
        compressors=ZstdCodec(level=1),
    )


def _coordinates(labels: Labels) -> dict[str, np.ndarray]:
    return labels.lanes | ({} if labels.steps is None else {"step": labels.steps})


def _attributes(header: Header) -> dict[str, Any]:
    labels = header.labels
    return {
        "format": FORMAT,
        "version": VERSION,
        "identity": header.identity,
        "leading": json.dumps(labels.leading),  # older Zarrs take no infinities as attributes
        "lanes": list(labels.lanes),
        "steps": labels.steps is not None,
        "chunk_size": header.plan.chunk_size,
        "attributes": labels.attributes,
    }


def read_header(path: Path) -> Header:
    """What the store at ``path`` says of itself. Nothing in it is ever run.

    Raises:
        ValueError: if there is no store, or it is of another kind or version, or broken.
    """
    if not path.exists():
        raise ValueError(f"{path}: there is no such folder; a sweep makes one with store={str(path)!r}")
    if not path.is_dir():
        raise ValueError(f"{path}: it is a file, and a store of a sweep is a folder; name another place")
    try:
        said: dict[str, Any] = dict(_open(path).attrs)
    except Exception as error:  # whatever Zarr stumbles over in a foreign folder
        raise ValueError(
            f"{path}: it is no store of a sweep, or a broken one ({_first_line(error)}); name another folder, or "
            "remove it"
        ) from error
    if said.get("format") != FORMAT:
        raise ValueError(f"{path}: it is a Zarr group, but no store of a sweep; name another folder")
    if said.get("version") != VERSION:
        raise ValueError(
            f"{path}: its format is version {said.get('version')}, this jaxopt_lab reads {VERSION}; use the one that "
            "wrote it, or name another folder"
        )
    try:
        return _header(path, said)
    except Exception as error:  # any part may be missing or cut short
        raise ValueError(
            f"{path}: the store is broken ({_first_line(error)}); remove it, or restore it from a copy"
        ) from error


def _header(path: Path, said: dict[str, Any]) -> Header:
    if (
        said.pop("sha256", None) != _frame_hash(said, lambda name: (path / name).read_bytes())
        or not (path / "done").is_dir()
    ):
        raise ValueError("what it says of itself was changed, or is not whole")
    coords = {name: np.asarray(_open(path / "coords")[name][:]) for name in _coordinate_names(said)}  # pyright: ignore
    labels = Labels(
        json.loads(said["leading"]), {n: coords[n] for n in said["lanes"]}, coords.get("step"), said["attributes"]
    )
    lanes = int(np.prod([len(values) for values in labels.lanes.values()]))
    return Header(said["identity"], labels, Plan(len(said["variables"]), lanes, int(said["chunk_size"])))


def _frame_hash(said: dict[str, Any], read: Callable[[str], bytes]) -> str:
    """A hash of everything in a store but its chunks and their markers: of what it says, and of the files it names."""
    coords = [f"coords/{name}" for name in _coordinate_names(said)]
    groups = ["coords", *(f"results/{variant}" for variant in range(len(said["variables"])))]
    results = [f"results/{v}/{array_name(name)}" for v, names in enumerate(said["variables"]) for name in names]
    files = [f"{folder}/zarr.json" for folder in groups + coords + results] + [f"{name}/c/0" for name in coords]
    digest = hashlib.sha256(json.dumps(said).encode())
    for file in files:
        digest.update(hashlib.sha256(read(file)).digest())
    return digest.hexdigest()


def _coordinate_names(said: dict[str, Any]) -> list[str]:
    return [*said["lanes"], *(["step"] if said["steps"] else [])]


def open_results(path: Path, mode: Any = "r") -> list[dict[str, "zarr.Array"]]:
    """The arrays of each variant by the names of their variables."""
    import zarr

    variables: Any = dict(_open(path).attrs)["variables"]
    groups: list[Any] = [_open(path / "results" / str(variant), mode) for variant in range(len(variables))]
    with zarr.config.set({f"array.{name}": value for name, value in KEEP_EMPTY_CHUNKS.items()}):
        return [
            {name: group[array_name(name)] for name in names} for group, names in zip(groups, variables, strict=True)
        ]


def _open(path: Path, mode: Any = "r") -> "zarr.Group":
    """A group of format 3, whose arrays have no filters that would run code, as the pickles of format 2 do."""
    import zarr

    return zarr.open_group(path, mode=mode, zarr_format=3, use_consolidated=False)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__
