"""What the numbers of a sweep depend on, as plain data: two sweeps with the same identity give the same bits."""

import hashlib
import os
import re
from typing import Any

import jax
import numpy as np
from jaxlib import version as jaxlib_version

from jaxopt_lab.engine.chunks import Prepared
from jaxopt_lab.engine.lanes import lane_arguments
from jaxopt_lab.engine.programs import whole
from jaxopt_lab.engine.spec import Spec


def identity_of(spec: Spec, variants: list[Prepared], device: str) -> dict[str, Any]:
    """The identity of a settled specification, JSON-able.

    Names alone would not tell two versions of a function apart: the programs themselves are hashed, as XLA gets them,
    with the numbers that are passed to them.
    """
    return spec.describe() | {
        "tiling": str(spec.tiling),
        "chunk_size": spec.chunk_size,
        "program": [_program_hash(spec, variant) for variant in variants],
        "device": device,
        "jax": jax.__version__,
        "jaxlib": jaxlib_version.__version__,
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
    }


def difference(asked: dict[str, Any], stored: dict[str, Any]) -> str | None:
    """The first field in which two identities differ, in words; None if they are the same."""
    for name in [*asked, *(name for name in stored if name not in asked)]:
        ours, theirs = asked.get(name), stored.get(name)
        if ours == theirs:
            continue
        if isinstance(ours, dict) and isinstance(theirs, dict):
            return f"{name}.{difference(ours, theirs)}"
        if name == "program":
            return "the code or the numbers of the problem, the optimizer or observe"
        return f"{name} ({_short(theirs)} there, {_short(ours)} here)"
    return None


def _program_hash(spec: Spec, variant: Prepared) -> str:
    assert spec.tiling is not None, "a specification is settled before it is identified"
    lanes = lane_arguments(spec, np.zeros(1, int))
    traced = whole(variant.structure, spec.tiling).trace(variant.shared, lanes)
    digest = hashlib.sha256(re.sub(r" at 0x[0-9a-f]+", "", traced.lower().as_text()).encode())
    for number in jax.tree.leaves((variant.shared, traced.jaxpr.consts)):
        array = np.asarray(number)
        digest.update(f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
