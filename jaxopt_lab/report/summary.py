"""Every number of a report as strict JSON, with versions and device."""

import json
import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import jax
import numpy as np

from jaxopt_lab import __version__
from jaxopt_lab.labs.findings import Findings


def summary_json(findings: Sequence[Findings]) -> str:
    """Every setting and every number that the laboratories printed or drew, with the versions and the device.

    NaN is written as null, and infinities as the strings "Infinity" and "-Infinity", which JSON has no numbers for.

    Args:
        findings: what the laboratories found.

    Returns:
        JSON text: ``environment``, as `environment` gives it, and ``laboratories``, for each by its name its ``title``,
        ``settings``, ``numbers``, ``tables``, ``answers``, and the captions of its ``figures``.

    Example:
        >>> found = Findings("trial", "A trial", "Try.", {"seed": 0}, {"loss": np.float32(0.5)}, [], [], [])
        >>> json.loads(summary_json([found]))["laboratories"]["trial"]["numbers"]
        {'loss': 0.5}
    """
    laboratories = {
        found.name: {
            "title": found.title,
            "settings": found.settings,
            "numbers": found.numbers,
            "tables": [table._asdict() for table in found.tables],
            "answers": [answer._asdict() for answer in found.answers],
            "figures": {picture.name: picture.caption for picture in found.pictures},
        }
        for found in findings
    }
    summary = {"environment": environment(), "laboratories": laboratories}
    return json.dumps(plain(summary), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def environment() -> dict[str, str]:
    """Versions and device, as they stand on every page and in every summary.

    Returns:
        The version of each package that has a say in the numbers, of Python, and JAX's name of the device.

    Example:
        >>> sorted(environment())
        ['device', 'jax', 'jaxopt_lab', 'numpy', 'optax', 'python', 'scikit-learn']
    """
    device = jax.local_devices()[0]
    versions = {name: metadata.version(name) for name in ("jax", "optax", "numpy", "scikit-learn")}
    return {
        "jaxopt_lab": __version__,
        **versions,
        "python": platform.python_version(),
        "device": f"{device.platform}: {device.device_kind}",
    }


def plain(value: Any) -> Any:
    """What JSON can hold: lists for arrays and tuples, plain numbers, text for what is not finite."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | jax.Array):
        return plain(np.asarray(value).tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None if np.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
