"""The user's cache folder: what may be lost at any time, and saves time while it is there."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import jax


def cache_folder() -> Path:
    """The folder for what is kept between runs, as the system names it."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("jaxopt_lab", appauthor=False))


def keep_compiled() -> None:
    """Let XLA keep its compiled programs in the user's cache folder, unless the user has said where already."""
    if getattr(jax.config, "jax_compilation_cache_dir") is None:  # noqa: B009  pyright does not know JAX's settings
        jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def recall(key: str) -> str | None:
    """What was remembered under a key on this machine, with these versions and options; None if nothing was."""
    return _read().get(_full(key))


def remember(key: str, value: str) -> None:
    """Keep a text for the next time. A folder that can't be written keeps nothing, and that is no error."""
    known = _read() | {_full(key): value}
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=cache_folder(), delete=False, encoding="utf-8") as file:
            json.dump(known, file, indent=1)
        Path(file.name).replace(_file())
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
