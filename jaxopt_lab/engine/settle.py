"""What the user left open is settled before anything runs: how lanes are packed into programs, and cut into chunks.

Once settled, a specification says all that its numbers depend on: any worker runs the same programs on the same tiles.
"""

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import jax

from jaxopt_lab.engine.cache import recall, remember
from jaxopt_lab.engine.checks import name_of
from jaxopt_lab.engine.chunks import Prepared, prepare_variants
from jaxopt_lab.engine.lanes import lane_arguments
from jaxopt_lab.engine.plan import Plan, chunk_size
from jaxopt_lab.engine.programs import whole
from jaxopt_lab.engine.settings import chosen_device
from jaxopt_lab.engine.spec import Spec
from jaxopt_lab.engine.threads import device_of_each_thread
from jaxopt_lab.engine.tiling import LEAST_LANES, Tiling, as_tiling, enough_for, rule
from jaxopt_lab.engine.xla import is_tuned

WORTH_MEASURING = 5 * 10**11
"""From about so many carried numbers times steps on, half a minute on two cores, it pays to try a few tilings."""

FEW_STEPS = 200
"""A trial runs at most so many steps."""

CLEARLY_FASTER = 0.95
"""What a tiling must need at most, of the time of the rule's, to be preferred to it: less is noise."""


def settle(spec: Spec) -> tuple[Spec, list[Prepared]]:
    """The specification with tiling and chunk size filled in by rule, and its variants, ready to run."""
    variants = prepare_variants(spec)
    return _packed(spec, variants, spec.tiling or _by_rule(spec, variants)), variants


def measured(spec: Spec, settled: Spec, variants: list[Prepared]) -> Spec:
    """A settled specification under a tiling that is faster than the rule's, where trying a few pays.

    Args:
        spec: what was asked for: what the user said stays.
        settled: what `settle` made of it.
        variants: its variants.
    """
    assert settled.tiling is not None, "a specification is settled before it is measured"
    may = spec.tolerance is None and (settled.tiling.scalars or _device().platform != "cpu")
    work = _heaviest(variants) // 4 * spec.num_lanes * len(variants) * spec.num_steps
    if spec.tiling or not may or work < WORTH_MEASURING:
        return settled
    return _packed(spec, variants, _fastest(spec, variants, settled.tiling))


def plan_of(spec: Spec) -> Plan:
    """The chunks of a settled specification."""
    assert spec.chunk_size is not None, "a specification is settled before it is planned"
    return Plan(len(spec.variants), spec.num_lanes, spec.chunk_size)


def _packed(spec: Spec, variants: list[Prepared], tiling: Tiling) -> Spec:
    """The specification in these tiles, and in chunks of them."""
    if spec.chunk_size and not spec.tiling:
        tiling = tiling._replace(size=min(tiling.size, enough_for(spec.chunk_size, scalars=tiling.scalars)))
    heaviest = max(variant.bytes_per_lane for variant in variants)
    stops, workers = spec.tolerance is not None, len(device_of_each_thread())
    size = spec.chunk_size or chunk_size(spec.num_lanes, tiling.size, heaviest, stops=stops, workers=workers)
    return dataclasses.replace(spec, tiling=tiling, chunk_size=size)


def _heaviest(variants: list[Prepared]) -> int:
    """The bytes that a lane carries from step to step."""
    return max(variant.cost.carry_bytes for variant in variants)


def _by_rule(spec: Spec, variants: list[Prepared]) -> Tiling:
    return rule(
        spec.num_lanes,
        _heaviest(variants),
        with_loss=spec.record.summary or spec.tolerance is not None,
        stops=spec.tolerance is not None and spec.record.every is None,
        scalars=all(variant.cost.scalars for variant in variants),
        one_kernel=all(variant.cost.one_kernel for variant in variants),
        tuned=is_tuned(),
        platform=_device().platform,
    )


def _fastest(spec: Spec, variants: list[Prepared], default: Tiling) -> Tiling:
    """The fastest of a few tilings on the device at hand, remembered for the next sweep of this kind."""
    device = _device()
    name, carry = name_of(spec.problem), variants[0].cost.carry_bytes
    kind = [device.platform, device.device_kind, name, *spec.optimizers, str(spec.record), str(spec.dtype)]
    key = " | ".join([*kind, f"{carry} bytes a lane", f"by rule {default}"])
    known = recall(key)
    if known is None:
        seconds = {tiling: _seconds_per_lane(spec, variants[0], tiling) for tiling in _candidates(default)}
        fastest = min(seconds, key=lambda tiling: seconds[tiling])
        known = str(fastest if seconds[fastest] < CLEARLY_FASTER * seconds[default] else default)
        remember(key, known)
    tiling = as_tiling(known)
    assert tiling is not None, "what is remembered is a tiling"
    return tiling


def _candidates(default: Tiling) -> Iterator[Tiling]:
    """The rule's tiling first, then others.

    On a CPU only sizes of scalars are tried: they change no bit, so that a result does not depend on what was measured
    (see ``benchmarks/rounding.py``). On an accelerator the steps of a turn decide about the speed.
    """
    yield default
    for size in (max(min(LEAST_LANES, default.size), default.size // 4), default.size, default.size * 2):
        for unroll in (default.unroll,) if _device().platform == "cpu" else (1, 8, 32):
            if (size, unroll) != default[:2]:
                yield Tiling(size, unroll, default.scalars)


def _seconds_per_lane(spec: Spec, variant: Prepared, tiling: Tiling) -> float:
    short = variant.structure._replace(num_steps=min(FEW_STEPS, spec.num_steps))
    run, lanes = whole(short, tiling), lane_arguments(spec, 0, tiling.size)
    tile = jax.tree.map(lambda leaf: leaf[None], lanes)
    times = []
    for _ in range(4):  # the first one compiles
        start = time.perf_counter()
        jax.block_until_ready(run(variant.shared, tile, 1))
        times.append(time.perf_counter() - start)
    return min(times[1:]) / tiling.size


def _device() -> Any:
    return chosen_device() or jax.local_devices()[0]
