"""What the numbers of a sweep depend on, as plain data: two sweeps with the same identity give the same bits."""

import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxlib import version as jaxlib_version

from jaxopt_lab.engine.chunks import Prepared
from jaxopt_lab.engine.lanes import lane_arguments
from jaxopt_lab.engine.programs import whole
from jaxopt_lab.engine.spec import Spec, without_addresses

_NOTHING = "nothing is there"


def identity_of(spec: Spec, variants: list[Prepared], dims: Sequence[str], device: str) -> dict[str, Any]:
    """The identity of a settled specification, JSON-able.

    Names alone would not tell two versions of a function apart: the programs themselves are hashed, as XLA gets them,
    with the numbers that are passed to them.
    """
    # The dtype comes first, since others change with it.
    return (
        {"dtype": str(spec.dtype)}
        | spec.describe()
        | {
            "tiling": str(spec.tiling),
            "chunk_size": spec.chunk_size,
            "dimensions": list(dims),
            "program": [_program_hash(spec, variant) for variant in variants],
            "device": device,
            "jax": jax.__version__,
            "jaxlib": jaxlib_version.__version__,
            "xla_flags": os.environ.get("XLA_FLAGS", ""),
        }
    )


def difference(asked: dict[str, Any], stored: dict[str, Any]) -> str | None:
    """The first field in which two identities differ, in words; None if they are the same."""
    for name in [*asked, *(name for name in stored if name not in asked)]:
        ours, theirs = asked.get(name, _NOTHING), stored.get(name, _NOTHING)
        if _text(ours) == _text(theirs):
            continue
        if isinstance(ours, dict) and isinstance(theirs, dict):
            inner = difference(ours, theirs) or f"order ({', '.join(theirs)} there, {', '.join(ours)} here)"
            return f"{name}.{inner}"
        if name == "program":
            return "the code or the numbers of the problem, the optimizer or observe"
        return f"{name} ({_short(theirs)} there, {_short(ours)} here)"
    return None


def _text(value: Any) -> str:
    """Equal for what is equal in type, order and sign of zero as well."""
    return json.dumps(value)


def _program_hash(spec: Spec, variant: Prepared) -> str:
    assert spec.tiling is not None, "a specification is settled before it is identified"
    tile = jax.tree.map(lambda leaf: leaf[None], lane_arguments(spec, 0, 1))
    traced = whole(variant.structure, spec.tiling).trace(variant.shared, tile, 1)
    digest = hashlib.sha256(without_addresses(traced.lower().as_text()).encode())
    for number in jax.tree.leaves((variant.shared, traced.jaxpr.consts)):
        array = np.asarray(jax.random.key_data(number) if _is_key(number) else number)
        digest.update(f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _is_key(number: Any) -> bool:
    return isinstance(number, jax.Array) and jnp.issubdtype(number.dtype, jax.dtypes.prng_key)


def _short(value: Any) -> str:
    text = "nothing" if value is _NOTHING else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
