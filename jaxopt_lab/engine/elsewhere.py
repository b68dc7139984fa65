"""A sweep that travels: what a worker in another thread, process or machine needs to compute the same bits."""

import functools
import os
import pickle
import threading
from typing import Any, NamedTuple

import jax
import optax
from jaxlib import version as jaxlib_version

from jaxopt_lab.engine.chunks import Prepared, prepare_variants, run_chunk
from jaxopt_lab.engine.plan import Chunk
from jaxopt_lab.engine.programs import Results
from jaxopt_lab.engine.settings import Settings, chosen_device, current_settings, under
from jaxopt_lab.engine.spec import Spec
from jaxopt_lab.engine.xla import started


class Order(NamedTuple):
    """A settled specification on its way to workers.

    Attributes:
        spec: pickled by itself, since a worker sets JAX up before it makes arrays of it.
        settings: the caller's switches.
        surroundings: what else the bits depend on, by name.
    """

    spec: bytes
    settings: Settings
    surroundings: tuple[tuple[str, str], ...]


def order(spec: Spec) -> Order:
    """A settled specification, ready to travel.

    Raises:
        ValueError: if it can't be sent to another process.
    """
    return Order(_pickled(spec), current_settings(), _surroundings())


def run_elsewhere(order: Order, chunk: Chunk) -> Results:
    """What a worker runs: a chunk of an order.

    Raises:
        RuntimeError: if the worker would compute other bits than the caller.
    """
    with _opening:
        spec, variants = _opened(order)
    with under(order.settings):
        return run_chunk(spec, variants, chunk)


_opening = threading.Lock()  # threads of one worker that open an order at the same time would compile it twice


@functools.lru_cache(maxsize=4)
def _opened(order: Order) -> tuple[Spec, list[Prepared]]:
    """Once a sweep in each worker: functions that travel by value would be new ones each time, and be compiled anew."""
    wanted = dict(order.surroundings)
    if not started():
        os.environ["XLA_FLAGS"] = wanted["XLA_FLAGS"]
    _check_surroundings(wanted)
    with under(order.settings):
        spec: Spec = pickle.loads(order.spec)  # noqa: S301  from our own process, through the user's executor
        return spec, prepare_variants(spec)


def _surroundings() -> tuple[tuple[str, str], ...]:
    device = chosen_device() or jax.local_devices()[0]
    return (
        ("XLA_FLAGS", " ".join(os.environ.get("XLA_FLAGS", "").split())),
        ("device", f"{device.platform}: {device.device_kind}"),
        ("jax", jax.__version__),
        ("jaxlib", jaxlib_version.__version__),
        ("optax", optax.__version__),
    )


def _check_surroundings(wanted: dict[str, str]) -> None:
    for name, here in _surroundings():
        if here != wanted[name]:
            late = " before JAX starts in it" if name == "XLA_FLAGS" else ""
            raise RuntimeError(
                f"executor: this worker would compute other bits than the caller: {name} is {here!r} here and "
                f"{wanted[name]!r} there; give the workers the caller's{late}"
            )


def _pickled(spec: Spec) -> bytes:
    """By cloudpickle where it is installed, as Dask does: what a notebook defines is not to be found elsewhere."""
    dumps: Any = pickle.dumps
    advice = "install cloudpickle, or pass factories and functions that stand at the top of a module"
    try:
        import cloudpickle

        dumps = cloudpickle.dumps
        advice = "keep open files, locks and connections out of the problem, the optimizer and observe"
    except ImportError:
        pass
    try:
        return dumps(spec)
    except Exception as error:  # whatever a foreign object's pickling stumbles over
        raise ValueError(f"executor: the sweep can't be sent to another process ({error}); {advice}") from error
