"""How many lanes does this device want? Rates from a thousand lanes to ten million, on whatever device is there.

    .venv/bin/python benchmarks/device.py [--most-lanes 10000000] [--steps 200] [--out device.json]

Adam on the exercise's bowl: the sweep with `record="final"` and `"summary"`, beside Optax by hand. The first line says
which device it was. On a GPU a thousand lanes cost about as much as many thousand; the table shows where that ends.
"""

import sys
from typing import Any

from script import parser

from jaxopt_lab import tune_xla
from jaxopt_lab.bench.bowl import FINAL, OPTAX, STARTS, SUMMARY, xla_methods
from jaxopt_lab.bench.comparison import compare
from jaxopt_lab.bench.limits import measure_limits
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table, write_json


def lane_counts(most: int) -> list[int]:
    """From a thousand, ten times as many from row to row."""
    return [STARTS * 10**power for power in range(1, 8) if STARTS * 10**power <= most]


def run(most_lanes: int, steps: int, rounds: int, copy_bytes: int | None = None) -> dict[str, Any]:
    """Compare at each number of lanes."""
    limits = measure_limits(copy_bytes)
    rows = [
        compare(xla_methods(lanes, steps), limits, lanes=lanes, steps=steps, rounds=rounds)
        for lanes in lane_counts(most_lanes)
    ]
    return {"steps": steps, "rounds": rounds, "machine": describe_machine(), "limits": limits.as_json(), "rows": rows}


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    columns = ["lanes", *(f"{name}, M steps/s" for name in (FINAL, SUMMARY, OPTAX)), "final x Optax"]
    rows = []
    for row in result["rows"]:
        rates = [row["methods"][name]["rate"] for name in (FINAL, SUMMARY, OPTAX)]
        rows += [[f"{row['lanes']:,}", *rates, row["methods"][FINAL]["ratio_to_optax"]]]
    limits = result["limits"]
    parts = [
        f"This ran on {result['machine']['device']}: {result['machine']['device_kind']}.",
        one_line(result["machine"]),
        f"Adam on a bowl, {result['steps']:,} steps, median of {result['rounds']} rounds",
        table(columns, rows),
        ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in limits.items()),
    ]
    return "\n".join(parts)


def main(arguments: list[str]) -> None:
    """Measure, print the table, write the JSON."""
    options = parser(__doc__, most_lanes=10_000_000, steps=200, rounds=3)
    options.add_argument("--copy-bytes", type=int, help="size of the array copied to measure the memory")
    options.add_argument("--plain", action="store_true", help="without the options of tune_xla")
    chosen = options.parse_args(arguments)
    if not chosen.plain:
        tune_xla()
    result = run(chosen.most_lanes, chosen.steps, chosen.rounds, chosen.copy_bytes)
    print(report(result))
    if chosen.out:
        write_json(chosen.out, result)


if __name__ == "__main__":
    main(sys.argv[1:])
