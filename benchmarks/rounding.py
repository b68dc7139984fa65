"""How far does a result depend on how lanes are packed into programs, and on XLA's options?

    .venv/bin/python benchmarks/rounding.py [--lanes 4000] [--steps 500] [--out rounding.json]

Adam on surfaces, in float32. Each tiling is compared with tiles of 32 lanes in scalars: in which share of the lanes the
last parameters differ at all, and by how much at most. No time is taken.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from script import parser

from jaxopt_lab import optimizers, problems, sweep, tune_xla
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table, write_json

SURFACES = ("quadratic", "rosenbrock", "ackley", "rastrigin", "branin")
REFERENCE = "32:1:scalars"
TILINGS = ("1:1:scalars", "7:1:scalars", "64:1:scalars", "1000:1:scalars", "4096:1:scalars")
TILINGS += ("32:2:scalars", "4096:2:scalars", "32:1:arrays", "4096:1:arrays")
STARTS = 100


def final_params(surface: str, tiling: str, lanes: int, steps: int) -> np.ndarray:
    """Where every lane ends, shape ``(lanes, dim)``."""
    grid = {"learning_rate": np.logspace(-3, -1, lanes // STARTS)}
    problem = getattr(problems, surface)()
    result = sweep(problem, optimizers.adam, grid, starts=STARTS, num_steps=steps, record="final", tiling=tiling)
    return result.final_params.values.reshape(-1, result.sizes["param"])


def differences(surfaces: Sequence[str], tilings: Sequence[str], lanes: int, steps: int) -> dict[str, dict[str, Any]]:
    """For each surface and tiling the share of lanes that differ, and the largest difference."""
    found = {}
    for surface in surfaces:
        reference = final_params(surface, REFERENCE, lanes, steps)
        found[surface] = {}
        for tiling in tilings:
            ends = final_params(surface, tiling, lanes, steps)
            differ = (ends != reference).any(axis=-1)
            found[surface][tiling] = {"share": float(differ.mean()), "most": float(np.abs(ends - reference).max())}
    return found


def report(result: dict[str, Any]) -> str:
    """The comparison for people."""
    shown = lambda each: "same bits" if not each["share"] else f"{each['share']:.1%}, {each['most']:.0e}"
    surfaces = list(result["differences"])
    tilings = list(result["differences"][surfaces[0]])
    rows = [[t, *(shown(result["differences"][s][t]) for s in surfaces)] for t in tilings]
    sizes = f"{result['lanes']:,} lanes x {result['steps']:,} steps"
    head = f"Adam, {sizes}: share of lanes whose end differs from {REFERENCE}, and by how much at most"
    return "\n".join([head, one_line(result["machine"]), table(["tiling", *surfaces], rows)])


def main(arguments: list[str]) -> None:
    """Compare, print the table, write the JSON."""
    options = parser(__doc__, lanes=4000, steps=500)
    options.add_argument("--surfaces", nargs="+", default=SURFACES, choices=SURFACES)
    options.add_argument("--tilings", nargs="+", default=TILINGS)
    options.add_argument("--plain", action="store_true", help="without the options of tune_xla")
    chosen = options.parse_args(arguments)
    if not chosen.plain:
        tune_xla()
    found = differences(chosen.surfaces, chosen.tilings, chosen.lanes, chosen.steps)
    result = {"lanes": chosen.lanes, "steps": chosen.steps, "machine": describe_machine(), "differences": found}
    print(report(result))
    if chosen.out:
        write_json(chosen.out, result)


if __name__ == "__main__":
    main(sys.argv[1:])
