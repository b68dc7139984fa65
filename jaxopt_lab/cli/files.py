"""Results in files that are whole or not there, and stores that are kept until others take their place."""

import math
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

SUFFIXES = (".zarr", ".nc")


def check_target(target: Path, *, overwrite: bool, suffixes: tuple[str, ...] = SUFFIXES, option: str = "--out") -> None:
    """Refuse a place that a result cannot go to, before the work that would be lost is done.

    Args:
        target: where the result is to be written.
        overwrite: whether it may replace what lies there.
        suffixes: the endings that say a format.
        option: the option that names the place.

    Raises:
        ValueError: naming the place and what to do.
    """
    if target.suffix not in suffixes:
        raise ValueError(f"{option}: got {target}; end the name in {' or '.join(suffixes)}")
    if not target.parent.is_dir():
        raise ValueError(f"{option}: the folder {target.parent} does not exist; make it first")
    if not os.access(target.parent, os.W_OK):
        raise ValueError(
            f"{option}: the folder {target.parent} can't be written; choose another, or change its permissions"
        )
    if target.exists() and not overwrite:
        raise ValueError(f"{option}: {target} exists already; name another place, or replace it with --overwrite")


def save(result: "xr.Dataset", target: Path, *, overwrite: bool) -> None:
    """Write a dataset to a file ending in ``.nc``.

    Args:
        result: the dataset.
        target: the file.
        overwrite: whether to replace what lies there.

    Raises:
        OSError: if it cannot be written; nothing is left then.
    """
    write_whole(target, result.to_netcdf, overwrite=overwrite)


def write_whole(target: Path, write: Callable[[Path], object], *, overwrite: bool) -> None:
    """Let something be written beside its place, and move it there when it is whole.

    Args:
        target: the place.
        write: writes a file or a folder to the place it is given.
        overwrite: whether to replace what lies there.

    Raises:
        OSError: if it cannot be written; nothing is left then.
    """
    unfinished = target.with_name(f".unfinished-{target.name}")
    remove(unfinished)
    try:
        write(unfinished)
        if overwrite:
            remove(target)
        unfinished.rename(target)
    except BaseException:
        remove(unfinished)
        raise


@contextmanager
def replacing(target: Path, *, overwrite: bool) -> Iterator[None]:
    """Keep what lies at a place aside until something new is there; if nothing comes, it goes back.

    Args:
        target: the place.
        overwrite: whether to replace what lies there; if not, what a kill has left aside is put right.
    """
    aside = target.with_name(f".replaced-{target.name}")
    if aside.exists():
        if target.exists():
            remove(aside)
        else:
            aside.rename(target)
    if overwrite and target.exists():
        target.rename(aside)
    try:
        yield
    finally:
        if target.exists():
            remove(aside)
        elif aside.exists():
            aside.rename(target)


@contextmanager
def keeping(store: Path | None) -> Iterator[None]:
    """Say of what interrupts a run with a store that what is done stays there.

    Args:
        store: the folder; None where nothing is kept.

    Raises:
        OSError: as it came, in these words.
        KeyboardInterrupt: likewise.
    """
    kept = f"what is done stays in {store}: run the same command again to take it up"
    try:
        yield
    except OSError as error:
        if store is None or not store.exists():
            raise
        raise OSError(error.errno, f"{error.strerror or error}; {kept}", error.filename) from error
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(*[kept] if store is not None and store.exists() else []) from error


def percent(fraction: float) -> str:
    """How much is done: 100% when all is."""
    return f"{math.floor(100 * fraction)}%"


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def load(source: Path) -> "xr.Dataset":
    """Open a saved sweep.

    Args:
        source: what `save` wrote.

    Raises:
        ValueError: if there is none, or it is no sweep.
    """
    import xarray as xr

    from jaxopt_lab.engine import open_sweep

    if not source.exists():
        raise ValueError(f"{source} does not exist; save a sweep there first: jaxopt-lab sweep ... --out {source}")
    if source.is_dir():
        return open_sweep(source)
    try:
        result = xr.open_dataset(source)
    except Exception as error:  # whatever the reader of a foreign file stumbles over
        raise ValueError(f"{source} is no saved sweep: {error}") from error
    if "specification" not in result.attrs:
        raise ValueError(f"{source} holds a dataset, but none that a sweep made: it has no specification")
    return result
