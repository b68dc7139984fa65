"""Engines on the bowl, beside Optax and beside what the device can do: as JSON takes it, and as a table."""

from collections.abc import Mapping
from typing import Any

from jaxopt_lab.bench.bowl import FINAL, OPTAX, SUMMARY, bounds, chunking, ours
from jaxopt_lab.bench.limits import Limits
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import missing_lines, table
from jaxopt_lab.bench.rounds import Method, Timings, measure

MILLION = 1e6


def compare(methods: Mapping[str, Method], limits: Limits, *, lanes: int, steps: int, rounds: int) -> dict[str, Any]:
    """Time the methods and set each beside Optax and the limits.

    Args:
        methods: by name; Optax's is among them.
        limits: of this device, measured in this process.
        lanes: trajectories.
        steps: the steps of each.
        rounds: how often each method is timed.

    Returns:
        Rates in millions of steps a second; for each method also its ratio to Optax and to the two bounds.
    """
    timings = measure(methods, rounds)
    return {
        "lanes": lanes,
        "steps": steps,
        "rounds": rounds,
        "unit": "million steps a second",
        "machine": describe_machine(),
        "limits": limits.as_json(),
        "bounds": {name: bound / MILLION for name, bound in bounds(limits).items()},
        "portions": chunking(ours("final", lanes, 1)()),
        "methods": _rows(timings, limits),
        "ratios": {name: {peer: timings.ratio(name, peer) for peer in methods} for name in (FINAL, SUMMARY)},
        "missing": timings.missing,
    }


def _rows(timings: Timings, limits: Limits) -> dict[str, dict[str, Any]]:
    rows = timings.rows(MILLION)
    for name, row in rows.items():
        row["ratio_to_optax"] = timings.ratio(name, OPTAX)
        for bound, rate in bounds(limits).items():
            row[f"ratio_to_{bound}_bound"] = timings.timed[name].rate / rate
    return rows


def comparison_table(result: Mapping[str, Any]) -> str:
    """The comparison for people: the fastest first, what is missing named below."""
    methods = sorted(result["methods"].items(), key=lambda item: -item[1]["rate"])
    columns = ["method", "M steps/s", "lowest", "highest", "x Optax", "of arithmetic", "first s", "compiling s"]
    rows = [
        [
            name, row["rate"], *row["spread"], row["ratio_to_optax"], row["ratio_to_arithmetic_bound"],
            row["first_seconds"], row["compile_seconds"],
        ]
        for name, row in methods
    ]  # fmt: skip
    parts = [
        f"Adam on a bowl, {result['lanes']:,} lanes x {result['steps']:,} steps, median of {result['rounds']} rounds",
        one_line(result["machine"]),
        table(columns, rows),
        _limits_line(result["limits"], result["bounds"]),
        "portions: " + ", ".join(f"{name} {value}" for name, value in result["portions"].items()),
        missing_lines(result["missing"]),
    ]
    return "\n".join(part for part in parts if part)


def _limits_line(limits: Mapping[str, float], enough: Mapping[str, float]) -> str:
    return (
        f"limits: copy {limits['copy_gb_a_second']:.3g} GB/s, enough for {enough['memory']:,.0f} M steps/s that each "
        f"read and write their state; {limits['giga_multiply_adds_a_second']:.3g} G multiply-adds/s, enough for the "
        f"arithmetic of {enough['arithmetic']:,.0f} M steps/s"
    )
