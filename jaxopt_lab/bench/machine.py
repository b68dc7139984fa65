"""What a measurement was made on: enough to compare it with another, and nothing that says whose machine it is."""

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from jaxopt_lab.engine.threads import cores

PACKAGES = ("jax", "jaxlib", "optax", "numpy")


def describe_machine() -> dict[str, Any]:
    """Processor, cores, device, versions, load and XLA's options of this process."""
    device = jax.local_devices()[0]
    return {
        "processor": processor(),
        "cores": cores(),
        "device": device.platform,
        "device_kind": device.device_kind,
        "device_count": jax.local_device_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in PACKAGES},
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
    }


def one_line(machine: dict[str, Any]) -> str:
    """The machine as the line above a table."""
    device = f"{machine['device']} ({machine['device_kind']})"
    load = "unknown" if machine["load_average"] is None else f"{machine['load_average']:.2f}"
    return (
        f"device {device}; {machine['processor']}, {machine['cores']} cores, load {load}; "
        f"jax {machine['jax']}, Python {machine['python']}"
    )


def processor() -> str:
    """The processor's model where the system tells it, and what kind it is."""
    kind = platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.processor() or 'processor'} ({kind})"
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "processor")
    return f"{model} ({kind})"


def peak_bytes() -> int:
    """The most memory that this process has held."""
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def largest_cache_bytes() -> int:
    """The size of the largest cache that Linux names; 32 MiB where it names none."""
    sizes = [32 << 20]
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        number, unit = path.read_text(encoding="ascii").strip()[:-1], path.read_text(encoding="ascii").strip()[-1]
        sizes += [int(number) * {"K": 1 << 10, "M": 1 << 20}[unit]] if unit in "KM" and number.isdigit() else []
    return max(sizes)
