"""What the device can do at best, measured beside what is done on it: copying memory, and multiplying and adding."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.bench.machine import largest_cache_bytes
from jaxopt_lab.bench.rounds import seconds_of
from jaxopt_lab.engine.threads import cores

REPEATS = 5


class Limits(NamedTuple):
    """The two rates that bound any program.

    Args:
        copy: bytes a second of a copy far larger than the caches, read and written ones counted, on all cores.
        multiply_adds: float32 multiply-adds a second of a large product of matrices.
    """

    copy: float
    multiply_adds: float

    def as_json(self) -> dict[str, float]:
        """Both in thousand millions, as they are spoken of."""
        return {"copy_gb_a_second": self.copy / 1e9, "giga_multiply_adds_a_second": self.multiply_adds / 1e9}

    def __str__(self) -> str:
        return f"copy {self.copy / 1e9:.3g} GB/s, {self.multiply_adds / 1e9:.3g} G float32 multiply-adds/s"


def measure_limits(copy_bytes: int | None = None, side: int = 2048) -> Limits:
    """The best of a few tries each, since a limit is what can be reached.

    Args:
        copy_bytes: the size of the array that is copied; by default four times the largest cache, at least 256 MiB.
        side: rows and columns of the matrices.
    """
    size = copy_bytes or max(256 << 20, 4 * largest_cache_bytes())
    copy = _host_copy(size) if jax.local_devices()[0].platform == "cpu" else _device_copy(size)
    return Limits(2 * size / _best(copy), side**3 / _best(_product(side)))


def _best(run: Callable[[], Any]) -> float:
    run()
    return min(seconds_of(run) for _ in range(REPEATS))


def _host_copy(size: int) -> Callable[[], Any]:
    """One thread a core, each with its part, into memory that is there already."""
    source, target = np.ones(size, np.uint8), np.ones(size, np.uint8)
    parts = list(zip(np.array_split(target, cores()), np.array_split(source, cores()), strict=True))
    pool = ThreadPoolExecutor(cores())
    return lambda: list(pool.map(lambda part: np.copyto(*part), parts))


def _device_copy(size: int) -> Callable[[], Any]:
    """Each number read, raised by one and written: a copy that the compiler can't leave out."""
    source = jnp.zeros(size // 4, jnp.float32)
    raised = jax.jit(lambda x: x + 1)
    return lambda: raised(source)


def _product(side: int) -> Callable[[], Any]:
    factor = jnp.ones((side, side), jnp.float32)
    # "highest": float32 itself, where a device would take a shorter type for it
    product = jax.jit(lambda a: jnp.dot(a, a, precision=jax.lax.Precision.HIGHEST))
    return lambda: product(factor)
