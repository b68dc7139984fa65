"""JAX's switches on which the bits of a result depend, taken along to other threads and processes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import jax

Settings = tuple[tuple[str, Any], ...]
"""Names and values, hashable."""


def _enable_x64(switch: bool) -> AbstractContextManager[None]:
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(switch)
    from jax import experimental  # where the function was before JAX 0.8

    return experimental.enable_x64(switch)  # pyright: ignore[reportAttributeAccessIssue]


_SWITCHES: dict[str, Callable[[Any], AbstractContextManager[Any]]] = {
    "jax_enable_x64": _enable_x64,
    "jax_default_matmul_precision": jax.default_matmul_precision,
    "jax_default_prng_impl": jax.default_prng_impl,
    "jax_threefry_partitionable": jax.threefry_partitionable,
    "jax_numpy_dtype_promotion": jax.numpy_dtype_promotion,
}


def current_settings() -> Settings:
    """The switches as they stand for the caller."""
    return tuple((name, getattr(jax.config, name)) for name in _SWITCHES)


def chosen_device() -> Any:
    """The one device that the caller wants programs on, or None."""
    chosen = getattr(jax.config, "jax_default_device")  # noqa: B009  pyright does not know JAX's settings
    return jax.local_devices(backend=chosen)[0] if isinstance(chosen, str) else chosen


@contextmanager
def under(settings: Settings) -> Iterator[None]:
    """Set the switches for a block of code: other threads do not see what was set for a block, processes see nothing.

    Args:
        settings: what `current_settings` said elsewhere.
    """
    with ExitStack() as switched:
        for name, value in settings:
            if getattr(jax.config, name) != value:
                switched.enter_context(_SWITCHES[name](value))
        yield
