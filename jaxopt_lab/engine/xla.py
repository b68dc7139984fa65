"""XLA's options for many small trajectories on a CPU. They belong to the process, so that nobody sets them unasked."""

import os

OPTIONS = {
    # One kernel for the whole step, one function for the whole loop: small chunks are no longer all overhead.
    "xla_backend_extra_options": "xla_cpu_use_multi_output_fusion,xla_cpu_small_while_loop_byte_threshold=1048576",
    "xla_cpu_prefer_vector_width": "512",
}


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


def started() -> bool:
    """Whether JAX has started its devices, and XLA has read its options."""
    # JAX has no public question for this, and asking for the devices would start them.
    from jax._src import xla_bridge

    return xla_bridge.backends_are_initialized()
