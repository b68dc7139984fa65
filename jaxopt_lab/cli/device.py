"""Which device a command runs on, and in which floating-point type."""

import jax


def announce_device(require: str | None) -> None:
    """Print the device in use, or refuse to run on another than the one required.

    Args:
        require: ``"cpu"``, ``"gpu"`` or ``"tpu"``; None: any.

    Raises:
        ValueError: if JAX found no such device.
    """
    device = jax.local_devices()[0]
    if require is not None and device.platform != require.lower():
        raise ValueError(
            f"--require: {require} was asked for, but JAX runs on {device.platform}; install JAX for that device "
            "(such as jaxopt-lab[cuda]), or leave --require out"
        )
    count = jax.local_device_count()
    print(f"device: {device.platform} ({device.device_kind}){f' × {count}' if count > 1 else ''}")


def allow(dtype: str) -> None:
    """Turn JAX's 64-bit switch on where float64 is asked for: the process is the command's own.

    Args:
        dtype: the name of the floating-point type.
    """
    if dtype == "float64":
        jax.config.update("jax_enable_x64", True)
