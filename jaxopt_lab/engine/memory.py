"""Memory, planned before anything runs: refused with a remedy instead of the machine swapping."""

from pathlib import Path

from jaxopt_lab.engine.chunks import Prepared
from jaxopt_lab.engine.spec import Spec
from jaxopt_lab.engine.threads import cores

FREE_PART = 0.8
"""What may be used of the memory that is free."""

SURELY_THERE = 2**26
"""As little memory as this is not asked for: to ask takes a tenth of a millisecond of every sweep."""

AT_ONCE = 4
"""How many chunks there are at a time for each core, those that run and those that wait to be written among them."""


def result_bytes(spec: Spec, variants: list[Prepared]) -> int:
    """What the results of a sweep take."""
    return sum(variant.bytes_per_lane * spec.num_lanes for variant in variants)


def working_bytes(spec: Spec, variants: list[Prepared]) -> int:
    """What the chunks that are under way take at most: their results, and what their lanes carry, in whole tiles."""
    assert spec.chunk_size, "a specification is settled before it is weighed"
    assert spec.tiling, "a specification is settled before it is weighed"
    heaviest = max(variant.bytes_per_lane + variant.cost.carry_bytes for variant in variants)
    return AT_ONCE * cores() * heaviest * max(min(spec.chunk_size, spec.num_lanes), spec.tiling.size)


def check_memory(spec: Spec, variants: list[Prepared], *, stored: bool) -> None:
    """Refuse a settled sweep that would not fit.

    Raises:
        ValueError: saying what it takes, what there is, and what to do.
    """
    working, results = working_bytes(spec, variants), 0 if stored else result_bytes(spec, variants)
    available = available_memory() if results + working > SURELY_THERE else None
    if available is None or results + working <= FREE_PART * available:
        return
    if results > working:
        raise ValueError(
            f"the results take {_gib(results)}, but {_gib(available)} of memory are free; write them to disk with a "
            'store, record less (record="summary", "final", or a larger stride) or sweep fewer values or starts'
        )
    raise ValueError(
        f"the chunks under way take {_gib(working)}, but {_gib(available)} of memory are free; record less, "
        "sweep fewer values or starts, or give a smaller chunk_size or tiling"
    )


def available_memory() -> int | None:
    """Bytes that can be had without swapping, as Linux estimates them; None where nothing says so."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
