"""Does the cost follow the work? Time per lane and step, over numbers of lanes, of steps and of dimensions.

    .venv/bin/python benchmarks/scaling.py [--most-lanes 10000000] [--steps 1000] [--out scaling.json]

Adam on bowls, `record="final"`. `--most-lanes 100000000` goes as far as a hundred million. What is flat in the table
scales; the first rows show what a sweep costs before it does anything.
"""

import sys
from typing import Any

import numpy as np
from script import script

from jaxopt_lab import optimizers, problems, sweep
from jaxopt_lab.bench.bowl import chunking
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table
from jaxopt_lab.bench.rounds import Method, measure

STARTS = 100
DIMENSIONS = (2, 10, 100, 1000)
SHORTEST = 10
SMALL, MORE_ROUNDS = 10**9, 10
"""Sweeps of less work are timed so many times as often."""


def bowl_sweep(lanes: int, steps: int, dimensions: int) -> Any:
    """One sweep; its result."""
    rates, starts = np.logspace(-4, -1, lanes // STARTS), np.random.default_rng(0).uniform(-4, 4, (STARTS, dimensions))
    bowl = problems.quadratic(np.linspace(1, 10, dimensions))
    grid = {"learning_rate": rates}
    return sweep(bowl, optimizers.adam, grid, starts=starts.astype(np.float32), num_steps=steps, record="final")


def sizes(least_lanes: int, most_lanes: int, steps: int) -> dict[str, list[tuple[int, int, int]]]:
    """For each question the (lanes, steps, dimensions) to measure: ten times as much from row to row."""
    lanes = [least_lanes * 10**power for power in range(9) if least_lanes * 10**power <= most_lanes]
    most = max(SHORTEST, 100 * steps)
    lengths = [SHORTEST * 10**power for power in range(9) if SHORTEST * 10**power <= most]
    return {
        "lanes": [(count, steps, 2) for count in lanes],
        "steps": [(least_lanes, length, 2) for length in lengths],
        "dimensions": [(max(STARTS, least_lanes * 2 // d // STARTS * STARTS), steps, d) for d in DIMENSIONS],
    }


def run(least_lanes: int, most_lanes: int, steps: int, rounds: int) -> dict[str, Any]:
    """Measure each question's rows one after the other: in turns, small sweeps would find what a large one left."""
    questions = {}
    for question, rows in sizes(least_lanes, most_lanes, steps).items():
        questions[question] = [_row(size, rounds) for size in rows]
    return {"rounds": rounds, "machine": describe_machine(), "questions": questions}


def _row(size: tuple[int, int, int], rounds: int) -> dict[str, Any]:
    lanes, steps, dimensions = size
    work = lanes * steps * dimensions // 2
    method = Method(lambda: lambda: bowl_sweep(*size), work)
    row = measure({"sweep": method}, rounds * (MORE_ROUNDS if work < SMALL else 1)).rows()["sweep"]
    named = {
        "lanes": lanes,
        "steps": steps,
        "dimensions": dimensions,
        "portions": chunking(bowl_sweep(lanes, 1, dimensions)),
    }
    return named | {"nanoseconds_a_step_of_two_parameters": 1e9 / row["rate"], **row}


def report(result: dict[str, Any]) -> str:
    """A table for each question."""
    often = f"median of {result['rounds']} rounds, of small sweeps {MORE_ROUNDS * result['rounds']}"
    parts = [f"Adam on bowls, {often}", one_line(result["machine"])]
    for question, rows in result["questions"].items():
        columns = ["lanes", "steps", "dimensions", "seconds", "ns per lane, step and 2 parameters", "first s"]
        cells = [
            [
                f"{row['lanes']:,}", row["steps"], row["dimensions"], row["steady_seconds"],
                row["nanoseconds_a_step_of_two_parameters"], row["first_seconds"],
            ]
            for row in rows
        ]  # fmt: skip
        parts += [f"\nover {question}", table(columns, cells)]
    return "\n".join(parts)


main = script(__doc__, run, report, tuned=True, least_lanes=10_000, most_lanes=10_000_000, steps=1000, rounds=3)

if __name__ == "__main__":
    main(sys.argv[1:])
