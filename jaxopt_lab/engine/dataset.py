"""Arrays over lanes become a labelled dataset: the one place where results get their names."""

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jaxlib
import numpy as np
import optax

from jaxopt_lab.engine.checks import name_of
from jaxopt_lab.engine.chunks import STATUS
from jaxopt_lab.engine.programs import Results
from jaxopt_lab.engine.spec import VARIABLES, Spec, describe_json, without_addresses

if TYPE_CHECKING:
    import xarray as xr

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


class Labels(NamedTuple):
    """What the axes of a sweep's results are called, as plain data.

    Attributes:
        leading: the dimensions over variants, and what their places are called.
        lanes: the dimensions over the lanes of a variant, and their coordinates; the last varies fastest.
        steps: the recorded steps, where points along the way were recorded.
        attributes: those of the dataset.
    """

    leading: dict[str, list[Any]]
    lanes: dict[str, np.ndarray]
    steps: np.ndarray | None
    attributes: dict[str, Any]

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions that every variable has."""
        return (*self.leading, *self.lanes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Their lengths."""
        return tuple(len(labels) for labels in (*self.leading.values(), *self.lanes.values()))


def labels_of(spec: Spec, device: str) -> Labels:
    """The labels of a settled specification's results."""
    leading = {"optimizer": list(spec.optimizers)} if spec.several else {}
    leading |= {axis.name: [_label(value) for value in axis.values] for axis in spec.static}
    lanes = {axis.name: np.asarray(axis.values) for axis in spec.traced} | {"start": np.arange(spec.num_starts)}
    if spec.seeds is not None:
        lanes["seed"] = np.arange(spec.seeds)
    steps = None if spec.record.every is None else spec.record.steps(spec.num_steps)
    return Labels(leading, lanes, steps, _attributes(spec, device))


def check_names(spec: Spec, variants: list[Results]) -> None:
    """Refuse names that would stand for two things in the result.

    Args:
        spec: the specification.
        variants: what the lanes of each variant give, as shapes.

    Raises:
        ValueError: naming them.
    """
    axes = {axis.name: axis for axis in spec.traced + spec.static}
    taken = {*axes, *spec.lane_dims, "optimizer", "step", "param", "status"}
    for results in variants:
        shapes = {name: leaf.shape for name, leaf in flatten(results).items()}
        dims = {dim for name, shape in shapes.items() for dim in inner_dims(name, shape, spec.record.every is not None)}
        for name in shapes.keys() & (taken | dims):
            raise ValueError(
                f"observe and evaluate: {name!r} names a part of the result already; give yours another name"
            )
        if len(shapes) < len(jax.tree.leaves(results)):
            raise ValueError(
                "observe and evaluate: two variables would bear one name, once the parts of nested ones are joined by "
                "dots; give one another name"
            )
        for name in axes.keys() & dims:
            raise ValueError(
                f"grid: {name!r} names a dimension of a variable of the result; write '{axes[name].owner}.{name}'"
            )


def to_dataset(labels: Labels, arrays: dict[str, Any], omitted: list[str]) -> "xr.Dataset":
    """Arrays of shape ``(*labels.shape, *inner)`` as one dataset whose dimensions bear the names of what was swept.

    Args:
        labels: the names.
        arrays: the variables, in memory or read when needed.
        omitted: what fits in no common array, since its shape differs between variants.
    """
    import xarray as xr

    rank = len(labels.shape)
    variables = {
        name: (labels.dims + inner_dims(name, arrays[name].shape[rank:], labels.steps is not None), arrays[name])
        for name in sorted(arrays, key=_place)
    }
    coords = labels.leading | labels.lanes | ({} if labels.steps is None else {"step": labels.steps})
    sizes = {dim: n for dims, data in variables.values() for dim, n in zip(dims, data.shape, strict=True)}
    coords |= {dim: np.arange(n) for dim, n in sizes.items() if dim not in coords}
    attributes = labels.attributes | ({"omitted": ", ".join(omitted)} if omitted else {})
    return xr.Dataset(
        {name: (dims, data, _ATTRIBUTES.get(name, {})) for name, (dims, data) in variables.items()}, coords, attributes
    )


def common(shapes: list[dict[str, tuple[int, ...]]]) -> tuple[list[str], list[str]]:
    """The variables that have the same shape in every variant, and the others."""
    names = list(dict.fromkeys(name for variant in shapes for name in variant))
    fitting = [name for name in names if len({variant.get(name) for variant in shapes}) == 1]
    return fitting, [name for name in names if name not in fitting]


def flatten(results: Results) -> dict[str, Any]:
    """One array a leaf: ``final_params`` of a pytree becomes ``final_params.layer.weights`` and so on."""
    flat = {}
    for name, tree in results.items():
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
            flat[".".join([name, *(_key_name(key) for key in path)])] = leaf
    return flat


def inner_dims(name: str, shape: tuple[int, ...], with_steps: bool) -> tuple[str, ...]:
    """The dimensions that a variable has beside the lanes'."""
    stem = name.partition(".")[0]
    along = with_steps and (stem not in VARIABLES or stem in ("params", "loss"))
    rest = shape[1:] if along else shape
    base = name.removeprefix("final_") if stem in VARIABLES else name
    inner = ("param",) if base == "params" and len(rest) == 1 else tuple(f"{base}_{axis}" for axis in range(len(rest)))
    return (("step",) if along else ()) + inner


def _place(name: str) -> int:
    """Where a variable stands in the dataset: the known ones in the order of a trajectory, then the others."""
    stem = name.partition(".")[0]
    return VARIABLES.index(stem) if stem in VARIABLES else len(VARIABLES)


def _attributes(spec: Spec, device: str) -> dict[str, Any]:
    # The modules' own word: to look it up in the installed packages takes milliseconds of every sweep.
    versions = {module.__name__: module.__version__ for module in (jax, jaxlib, np, optax)}
    from jaxopt_lab import __version__

    return {
        "title": f"{name_of(spec.problem)}: {', '.join(spec.optimizers)}",
        "specification": describe_json(spec),
        "dtype": str(spec.dtype),
        "device": device,
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "chunk_size": spec.chunk_size,
        "tiling": str(spec.tiling),
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
    return (
        value
        if isinstance(value, bool | int | float | str)
        else getattr(value, "__name__", None) or without_addresses(repr(value))
    )
