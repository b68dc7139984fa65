"""What do maps of the landscape cost? A stability map and a map of basins, from the call to the labelled result.

    .venv/bin/python benchmarks/landscape.py [--resolution 1000] [--steps 500] [--out landscape.json]

Each row is one call of the library, timed after the call that compiles it, and beside the seconds that are aimed at.
The map is of heavy ball on a bowl, exact law and disagreement included; the basins are Adam's on Himmelblau's function,
twice as many steps for each start, minima, shares and the dimension of their borders included. The spectral density is
that of a network of about 10,000 parameters by 80 Lanczos steps, whatever the sizes asked for.
"""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from script import script

from jaxopt_lab import optimizers, problems
from jaxopt_lab.analysis import basins, stability_map
from jaxopt_lab.analysis.curvature import spectral_density
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table
from jaxopt_lab.bench.rounds import Method, measure

LANCZOS_STEPS = 80


class Row(NamedTuple):
    """One measurement.

    Attributes:
        run: the call, which returns its result.
        work: how many steps of one trajectory it takes, or of Lanczos.
        target: how many seconds are aimed at, at the default sizes on two cores.
        found: what its result says, in words.
    """

    run: Callable[[], Any]
    work: float
    target: float
    found: Callable[[Any], str]


def rows(resolution: int, steps: int) -> dict[str, Row]:
    """What is measured, by name.

    Args:
        resolution: cells along each side of a map.
        steps: updates of each trajectory of the stability map.
    """
    cells = resolution**2
    fractions = (np.arange(resolution) + 0.5) / resolution
    bowl = problems.quadratic((1.0, 10.0))
    grid = {"learning_rate": 0.44 * fractions, "momentum": fractions}
    wells, rate = problems.himmelblau(), {"learning_rate": 0.1}
    network = problems.mlp("digits", hidden=(96, 32), activation="tanh")
    assert network.init is not None
    params = network.init(jax.random.key(0))
    dim = sum(leaf.size for leaf in jax.tree.leaves(params))
    return {
        "stability map": Row(
            lambda: stability_map(bowl, optimizers.sgd_momentum, grid, num_steps=steps),
            cells * steps, 5.0,
            lambda found: f"{float(found.disagreement):.2g} of the cells beyond the exact boundary",
        ),
        "basins": Row(
            lambda: basins(wells, optimizers.adam, rate, resolution=resolution, num_steps=2 * steps),
            cells * 2 * steps, 15.0,
            lambda found: "shares " + ", ".join(f"{share:.3f}" for share in found.share.values[:-2]),
        ),
        "spectral density": Row(
            lambda: jax.block_until_ready(spectral_density(network, params, jax.random.key(0), steps=LANCZOS_STEPS)),
            LANCZOS_STEPS, 20.0,
            lambda found: f"{dim:,} eigenvalues, from {float(found.nodes.min()):.3f} to {float(found.nodes.max()):.3f}",
        ),
    }  # fmt: skip


def run(resolution: int, steps: int, rounds: int) -> dict[str, Any]:
    """Time every row, and look at what it found."""
    asked = rows(resolution, steps)
    timings = measure({name: Method(lambda row=row: row.run, row.work) for name, row in asked.items()}, rounds)
    timed = timings.rows(1e6)
    return {
        "resolution": resolution,
        "steps": steps,
        "rounds": rounds,
        "machine": describe_machine(),
        "rows": {
            name: timed[name]
            | {"target": row.target, "met": timed[name]["steady_seconds"] <= row.target, "found": row.found(row.run())}
            for name, row in asked.items()
        },
    }


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    columns = ["row", "seconds", "aimed at", "first s", "M steps/s"]
    cells = [
        [name, row["steady_seconds"], row["target"], row["first_seconds"], row["rate"]]
        for name, row in result["rows"].items()
    ]
    sizes = f"{result['resolution']:,} x {result['resolution']:,} cells, {result['steps']:,} steps (basins: twice that)"
    parts = [
        f"Maps of {sizes}, median of {result['rounds']} rounds",
        one_line(result["machine"]),
        table(columns, cells),
    ]
    return "\n".join(parts + [f"{name}: {row['found']}" for name, row in result["rows"].items()])


main = script(__doc__, run, report, tuned=True, resolution=1000, steps=500, rounds=3)

if __name__ == "__main__":
    main(sys.argv[1:])
