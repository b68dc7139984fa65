"""XLA's options for many small trajectories on a CPU. They belong to the process, so that nobody sets them unasked."""

import os
import re

_COMPARISONS = "-vectorize-memory-check-threshold"

OPTIONS = {
    "xla_backend_extra_options": ",".join(
        [
            # One kernel for the whole step, one function for the whole loop: small chunks are no longer all overhead.
            "xla_cpu_use_multi_output_fusion",
            "xla_cpu_small_while_loop_byte_threshold=1048576",
            # LLVM's own: a step of many arrays is worth the comparisons before its loop.
            f"{_COMPARISONS}=10000",
        ]
    ),
    "xla_cpu_prefer_vector_width": "512",
}

MOST_COMPARISONS = 128
"""LLVM makes vectors of a loop as long as it has to compare so few pairs of arrays for whether they overlap."""


def tune_xla() -> None:
    """Set the XLA options under which sweeps of small problems run faster on a CPU.

    The command line does this by itself. In a program, call it before JAX computes anything, since XLA reads its
    options once. Whatever ``XLA_FLAGS`` says already stays as it is. Other options may round differently in the last
    bit; the result of a sweep says under which it ran.

    Raises:
        RuntimeError: if JAX has started its devices already, so that the options would come too late.

    Example:
        >>> import jax
        >>> started = jax.device_count()
        >>> tune_xla()
        Traceback (most recent call last):
        ...
        RuntimeError: tune_xla: JAX has started its devices already; call it before anything is computed
    """
    if started():
        raise RuntimeError("tune_xla: JAX has started its devices already; call it before anything is computed")
    flags = os.environ.get("XLA_FLAGS", "")
    ours = [f"--{name}={value}" for name, value in OPTIONS.items() if name not in flags]
    os.environ["XLA_FLAGS"] = " ".join([flags, *ours]).strip()


def is_tuned() -> bool:
    """Whether these options, or others of the same names, are set."""
    return all(name in os.environ.get("XLA_FLAGS", "") for name in OPTIONS)


def most_comparisons() -> int:
    """How many pairs of arrays LLVM compares at most to make vectors of a loop, as the options say."""
    said = re.search(rf"{_COMPARISONS}=(\d+)", os.environ.get("XLA_FLAGS", ""))
    return int(said[1]) if said else MOST_COMPARISONS


def started() -> bool:
    """Whether JAX has started its devices, and XLA has read its options."""
    # JAX has no public question for this, and asking for the devices would start them.
    from jax._src import xla_bridge

    return xla_bridge.backends_are_initialized()
