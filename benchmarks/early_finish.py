"""What is saved by stopping what has converged? A sweep most of whose lanes are done early, with and without it.

    .venv/bin/python benchmarks/early_finish.py [--lanes 1024000] [--steps 2000] [--out early_finish.json]

Gradient descent on a bowl: nine rates in ten converge within the first twentieth of the steps, each tenth one never
does. They lie between each other in the grid, so that lanes that go on stand beside lanes that are done.
"""

import sys
from typing import Any

import numpy as np

from jaxopt_lab import optimizers, problems, sweep, tune_xla
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table, write_json
from jaxopt_lab.bench.rounds import Method, measure
from jaxopt_lab.bench.script import parser

STARTS = 100
TOLERANCE = 1e-6
TARGET = 0.3
EARLY = 0.05  # of the steps

STOPPING, GOING_ON = "with a tolerance", "without"


def rates(count: int) -> np.ndarray:
    """Near 0.8 a step shrinks curvatures of 1 and 1.5 to a fifth; at 1e-6 nothing happens in any time."""
    values = np.linspace(0.78, 0.82, count)
    values[9::10] = 1e-6 * (1 + np.arange(count // 10))  # the axis of a grid has each value once
    return values


def bowl_sweep(lanes: int, steps: int, tolerance: float | None) -> Any:
    """One sweep; its result."""
    starts = np.random.default_rng(0).uniform(1, 4, (STARTS, 2)).astype(np.float32)
    bowl, grid = problems.quadratic((1.0, 1.5)), {"learning_rate": rates(lanes // STARTS)}
    return sweep(bowl, optimizers.sgd, grid, starts=starts, num_steps=steps, record="summary", tolerance=tolerance)


def run(lanes: int, steps: int, rounds: int) -> dict[str, Any]:
    """Time both, and look at how many lanes finished when."""
    methods = {
        STOPPING: Method(lambda: lambda: bowl_sweep(lanes, steps, TOLERANCE), lanes * steps),
        GOING_ON: Method(lambda: lambda: bowl_sweep(lanes, steps, None), lanes * steps),
    }
    timings = measure(methods, rounds)
    share = timings.ratio(GOING_ON, STOPPING)
    assert share is not None
    converged = bowl_sweep(lanes, steps, TOLERANCE).converged_at.values
    return {
        "lanes": lanes,
        "steps": steps,
        "rounds": rounds,
        "tolerance": TOLERANCE,
        "machine": describe_machine(),
        "converged_early": float(np.mean((converged >= 0) & (converged <= EARLY * steps))),
        "never_converged": float(np.mean(converged < 0)),
        "methods": timings.rows(1e6),
        "missing": timings.missing,
        "target": TARGET,
        "reached": share,
        "met": share <= TARGET,
    }


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    rows = [[name, row["steady_seconds"], row["first_seconds"]] for name, row in result["methods"].items()]
    sizes = f"{result['lanes']:,} lanes x {result['steps']:,} steps"
    early, never = f"{result['converged_early']:.0%}", f"{result['never_converged']:.0%}"
    parts = [
        f"SGD on a bowl, {sizes}, median of {result['rounds']} rounds",
        one_line(result["machine"]),
        table(["sweep", "seconds", "first s"], rows),
        f"{early} of the lanes converged within {EARLY:.0%} of the steps, {never} never",
        f"time with over time without: {result['reached']:.3g}, at most {result['target']} aimed at",
    ]
    return "\n".join(parts)


def main(arguments: list[str]) -> None:
    """Measure, print the table, write the JSON."""
    options = parser(__doc__, lanes=1_024_000, steps=2000, rounds=5)
    options.add_argument("--plain", action="store_true", help="without the options of tune_xla")
    chosen = options.parse_args(arguments)
    if not chosen.plain:
        tune_xla()
    result = run(chosen.lanes, chosen.steps, chosen.rounds)
    print(report(result))
    if chosen.out:
        write_json(chosen.out, result)


if __name__ == "__main__":
    main(sys.argv[1:])
