"""What is saved by stopping what has converged? Sweeps most of whose lanes are done early, with and without it.

    .venv/bin/python benchmarks/early_finish.py [--lanes 1024000] [--steps 2000] [--out early_finish.json]

On a bowl, nine rates in ten converge within the first twentieth of the steps, each tenth one never does. They lie
between each other in the grid, so that lanes that go on stand beside lanes that are done. What is left of the time
depends on what a step costs beside looking after the lanes: gradient descent is the cheapest step that there is.
"""

import sys
from typing import Any

import numpy as np
from script import script

from jaxopt_lab import optimizers, problems, sweep
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table
from jaxopt_lab.bench.rounds import Method, measure

STARTS = 100
TARGET = 0.3
EARLY = 0.05  # of the steps

OPTIMIZERS = {
    # Near 0.8 a step shrinks curvatures of 1 and 1.5 to a fifth.
    "gradient descent": (optimizers.sgd, (0.78, 0.82), 1e-6),
    "Adam": (optimizers.adam, (0.25, 0.35), 0.5),
}
"""The optimiser, the rates at which it converges early, and the loss at which it has."""

STOPPING, GOING_ON = "with a tolerance", "without"


def rates(least: float, most: float, count: int) -> np.ndarray:
    """Nine in ten from here to there; at the others, near 1e-6, nothing happens in any time."""
    values = np.linspace(least, most, count)
    values[9::10] = 1e-6 * (1 + np.arange(count // 10))  # the axis of a grid has each value once
    return values


def bowl_sweep(optimizer: str, lanes: int, steps: int, *, stopping: bool) -> Any:
    """One sweep; its result."""
    rule, (least, most), tolerance = OPTIMIZERS[optimizer]
    starts = np.random.default_rng(0).uniform(1, 4, (STARTS, 2)).astype(np.float32)
    grid = {"learning_rate": rates(least, most, lanes // STARTS)}
    bowl, until = problems.quadratic((1.0, 1.5)), tolerance if stopping else None
    return sweep(bowl, rule, grid, starts=starts, num_steps=steps, record="summary", tolerance=until)


def case(optimizer: str, lanes: int, steps: int, rounds: int) -> dict[str, Any]:
    """Time both, and look at how many lanes finished when."""
    methods = {
        name: Method(
            lambda stopping=stopping: lambda: bowl_sweep(optimizer, lanes, steps, stopping=stopping), lanes * steps
        )
        for name, stopping in {STOPPING: True, GOING_ON: False}.items()
    }
    timings = measure(methods, rounds)
    share = timings.ratio(GOING_ON, STOPPING)
    assert share is not None
    converged = bowl_sweep(optimizer, lanes, steps, stopping=True).converged_at.values
    return {
        "optimizer": optimizer,
        "lanes": lanes,
        "steps": steps,
        "converged_early": float(np.mean((converged >= 0) & (converged <= EARLY * steps))),
        "never_converged": float(np.mean(converged < 0)),
        "methods": timings.rows(1e6),
        "reached": share,
        "met": share <= TARGET,
    }


def run(lanes: int, steps: int, rounds: int) -> dict[str, Any]:
    """Each optimiser over all lanes, and over a tenth of them."""
    sizes = [(optimizer, count) for optimizer in OPTIMIZERS for count in (lanes, lanes // 10)]
    return {
        "rounds": rounds,
        "target": TARGET,
        "machine": describe_machine(),
        "cases": [case(optimizer, count, steps, rounds) for optimizer, count in sizes],
    }


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    header = ["optimiser", "lanes", "steps", "done early", "never", f"s {STOPPING}", f"s {GOING_ON}", "ratio"]
    rows = [
        [
            row["optimizer"], f"{row['lanes']:,}", f"{row['steps']:,}", f"{row['converged_early']:.0%}",
            f"{row['never_converged']:.0%}", row["methods"][STOPPING]["steady_seconds"],
            row["methods"][GOING_ON]["steady_seconds"], row["reached"],
        ]
        for row in result["cases"]
    ]  # fmt: skip
    parts = [
        f"sweeps of a bowl, median of {result['rounds']} rounds",
        one_line(result["machine"]),
        table(header, rows),
        f"done early: within {EARLY:.0%} of the steps",
        f"ratio: time {STOPPING} over time {GOING_ON}, at most {result['target']} aimed at",
    ]
    return "\n".join(parts)


main = script(__doc__, run, report, tuned=True, lanes=1_024_000, steps=2000, rounds=5)

if __name__ == "__main__":
    main(sys.argv[1:])
