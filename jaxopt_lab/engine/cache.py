"""The user's cache folder: what may be lost at any time, and saves time while it is there."""

import json
import os
from pathlib import Path
from typing import Any

import jax

from jaxopt_lab.engine.chunk_files import write_atomically
from jaxopt_lab.engine.tiling import as_tiling


def cache_folder() -> Path:
    """The folder for what is kept between runs, as the system names it."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("jaxopt_lab", appauthor=False))


def keep_compiled() -> None:
    """Let XLA keep its compiled programs in the user's cache folder, unless the user has said where already.

    Where that folder can't be written, as for a service without a home, nothing is kept, and nothing said.
    """
    folder = cache_folder() / "xla"
    if getattr(jax.config, "jax_compilation_cache_dir") is None and _writable(folder):  # noqa: B009  pyright
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def recall(key: str) -> str | None:
    """The tiling remembered under a key on this machine, with these versions and options; None if there is none."""
    known = _read().get(_full(key))
    try:
        return str(as_tiling(known)) if isinstance(known, str) else None
    except ValueError:  # whoever has written into the file: it is measured again
        return None


def remember(key: str, tiling: str) -> None:
    """Keep a tiling for the next time. A folder that can't be written keeps nothing, and that is no error."""
    known = _read() | {_full(key): tiling}
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        write_atomically(_file(), json.dumps(known, indent=1).encode())
    except OSError:
        return


def _file() -> Path:
    return cache_folder() / "tilings.json"


def _read() -> dict[str, Any]:
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _full(key: str) -> str:
    # A home folder may be shared between machines.
    parts = [key, f"jax {jax.__version__}", os.uname().nodename if hasattr(os, "uname") else ""]
    return " | ".join([*parts, os.environ.get("XLA_FLAGS", "")])
