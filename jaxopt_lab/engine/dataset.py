"""Arrays over lanes become a labelled dataset: the one place where results get their names."""

import os
from typing import TYPE_CHECKING, Any

import jax
import jaxlib
import numpy as np
import optax

from jaxopt_lab.engine.spec import VARIABLES, Spec, describe_json

if TYPE_CHECKING:
    import xarray as xr

STATUS = {"completed": 0, "converged": 1, "diverged": 2}
"""What ``status`` says of a trajectory, and as which number."""

_ATTRIBUTES = {
    "initial_loss": {"long_name": "loss at the start point"},
    "final_loss": {"long_name": "loss after the last step"},
    "best_loss": {"long_name": "lowest finite loss on the way"},
    "best_step": {"long_name": "step of the lowest loss", "units": "steps", "never": -1},
    "converged_at": {"long_name": "first step within the tolerance", "units": "steps", "never": -1},
    "diverged_at": {"long_name": "first step whose loss is not finite", "units": "steps", "never": -1},
    "final_params": {"long_name": "parameters after the last step"},
    "params": {"long_name": "parameters"},
    "loss": {"long_name": "loss"},
    "status": {
        "long_name": "how the trajectory ended",
        "flag_values": list(STATUS.values()),
        "flag_meanings": " ".join(STATUS),
    },
}

Columns = dict[str, Any]
"""For each variable a pytree of arrays whose leading axis runs over lanes."""


def to_dataset(spec: Spec, variants: list[Columns], chunk_size: int, device: str) -> "xr.Dataset":
    """The results of all variants as one dataset whose dimensions bear the names of what was swept."""
    import xarray as xr

    leading = ({"optimizer": list(spec.optimizers)} if spec.several else {}) | {
        axis.name: [_label(value) for value in axis.values] for axis in spec.static
    }
    lengths = tuple(len(values) for values in leading.values()) + tuple(spec.lane_dims.values())
    dims = (*leading, *spec.lane_dims)
    flat, omitted = _merge([_flatten(columns) for columns in variants])
    variables = {}
    for name, array in flat.items():
        inner = _inner_dims(name, array.shape[2:], spec)
        data = array.reshape(lengths + array.shape[2:])
        variables[name] = (dims + inner, data, _ATTRIBUTES.get(name, {}))
    if "diverged_at" in variables:
        variables["status"] = (dims, _status(variables), _ATTRIBUTES["status"])
    variables = {name: variables[name] for name in sorted(variables, key=_place)}
    coords = leading | {axis.name: axis.values for axis in spec.traced} | {"start": np.arange(spec.num_starts)}
    if spec.seeds is not None:
        coords["seed"] = np.arange(spec.seeds)
    if spec.record.every is not None:
        coords["step"] = spec.record.steps(spec.num_steps)
    attributes = _attributes(spec, chunk_size, device) | ({"omitted": ", ".join(omitted)} if omitted else {})
    dataset = xr.Dataset(variables, coords, attributes)
    return dataset.assign_coords({d: np.arange(n) for d, n in dataset.sizes.items() if d not in dataset.coords})


def _flatten(columns: Columns) -> dict[str, np.ndarray]:
    """One array a leaf: ``final_params`` of a pytree becomes ``final_params.layer.weights`` and so on."""
    flat = {}
    for name, tree in columns.items():
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
            flat[".".join([name, *(_key_name(key) for key in path)])] = leaf
    return flat


def _merge(variants: list[dict[str, np.ndarray]]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Stack what has the same shape in every variant; the rest fits in no common array and is named instead."""
    names = list(dict.fromkeys(name for flat in variants for name in flat))
    fitting = [name for name in names if len({flat[name].shape if name in flat else None for flat in variants}) == 1]
    merged = {name: np.stack([flat[name] for flat in variants]) for name in fitting}
    return merged, [name for name in names if name not in merged]


def _inner_dims(name: str, shape: tuple[int, ...], spec: Spec) -> tuple[str, ...]:
    """The dimensions that a variable has beside the lanes'."""
    stem = name.partition(".")[0]
    along = spec.record.every is not None and (stem not in VARIABLES or stem in ("params", "loss"))
    rest = shape[1:] if along else shape
    base = name.removeprefix("final_") if stem in VARIABLES else name
    inner = ("param",) if base == "params" and len(rest) == 1 else tuple(f"{base}_{axis}" for axis in range(len(rest)))
    return (("step",) if along else ()) + inner


def _place(name: str) -> int:
    """Where a variable stands in the dataset: the known ones in the order of a trajectory, then the others."""
    stem = name.partition(".")[0]
    return VARIABLES.index(stem) if stem in VARIABLES else len(VARIABLES)


def _status(variables: dict[str, Any]) -> np.ndarray:
    converged, diverged = variables["converged_at"][1] >= 0, variables["diverged_at"][1] >= 0
    ended = np.where(converged, STATUS["converged"], STATUS["completed"])
    return np.where(diverged, STATUS["diverged"], ended).astype(np.int8)


def _attributes(spec: Spec, chunk_size: int, device: str) -> dict[str, Any]:
    # The modules' own word: to look it up in the installed packages takes milliseconds of every sweep.
    versions = {module.__name__: module.__version__ for module in (jax, jaxlib, np, optax)}
    from jaxopt_lab import __version__

    return {
        "title": f"{spec.describe()['problem']}: {', '.join(spec.optimizers)}",
        "specification": describe_json(spec),
        "dtype": str(spec.dtype),
        "device": device,
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "chunk_size": chunk_size,
        "jaxopt_lab": __version__,
        **versions,
    }


def _key_name(key: Any) -> str:
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _label(value: Any) -> Any:
    """Static values may be anything; as coordinates they stand as numbers, flags or text."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, bool | int | float | str) else getattr(value, "__name__", None) or repr(value)
