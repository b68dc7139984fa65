"""How much memory does a sweep of a hundred million lanes need? The peak of a process that streams it to disk.

    .venv/bin/python benchmarks/memory.py [--lanes 10000000] [--steps 20] [--out memory.json]

The sweep runs in a process of its own, which says how much memory it held at most: before the sweep, with everything
imported and compiled, and after it. `--lanes 100000000` is the full size; its store takes a few GB on disk for a
while, in the folder `--scratch`, by default the system's temporary one.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from script import parser

from jaxopt_lab import optimizers, problems, sweep, tune_xla
from jaxopt_lab.bench.bowl import CURVATURES, chunking, starts
from jaxopt_lab.bench.machine import describe_machine, one_line, peak_bytes
from jaxopt_lab.bench.output import table, write_json

STARTS = len(starts())
SMALL = 100 * STARTS  # enough lanes to have everything compiled and every thread started


def stored_sweep(lanes: int, steps: int, place: Path) -> Any:
    """One sweep whose summary goes to disk as it is made; its result, of which nothing is read."""
    bowl, grid = problems.quadratic(CURVATURES), {"learning_rate": np.logspace(-4, -1, lanes // STARTS)}
    return sweep(bowl, optimizers.adam, grid, starts=starts(), num_steps=steps, record="summary", store=place)


def in_this_process(lanes: int, steps: int, folder: Path) -> dict[str, Any]:
    """Run the sweep and see what it took."""
    stored_sweep(SMALL, steps, folder / "small.zarr")
    before, start = peak_bytes(), time.perf_counter()
    result = stored_sweep(lanes, steps, folder / "run.zarr")
    seconds = time.perf_counter() - start
    return {
        "lanes": lanes,
        "steps": steps,
        "machine": describe_machine(),
        "portions": chunking(result),
        "result_bytes": int(result.nbytes),
        "store_bytes": sum(path.stat().st_size for path in (folder / "run.zarr").rglob("*") if path.is_file()),
        "peak_bytes_before": before,
        "peak_bytes": peak_bytes(),
        "seconds": seconds,
        "million_steps_a_second": lanes * steps / seconds / 1e6,
    }


def in_a_child(arguments: list[str], scratch: Path | None) -> dict[str, Any]:
    """The same in a process that has held nothing else; what it wrote is thrown away."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        place = Path(folder) / "memory.json"
        subprocess.run([sys.executable, __file__, *arguments, "--inside", folder, "--out", place], check=True)
        return json.loads(place.read_text(encoding="utf-8"))


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    rows = [
        ["the process at its peak", result["peak_bytes"] / 2**20],
        ["before the sweep, everything compiled", result["peak_bytes_before"] / 2**20],
        ["the result, were it in memory", result["result_bytes"] / 2**20],
        ["the store on disk", result["store_bytes"] / 2**20],
    ]
    speed = f"{result['seconds']:.3g} s, {result['million_steps_a_second']:.3g} M steps/s"
    parts = [
        f"Adam on a bowl, {result['lanes']:,} lanes x {result['steps']} steps, summary streamed to disk: {speed}",
        one_line(result["machine"]),
        table(["memory", "MiB"], rows),
    ]
    return "\n".join(parts)


def main(arguments: list[str]) -> None:
    """Measure, print the table, write the JSON."""
    options = parser(__doc__, lanes=10_000_000, steps=20)
    options.add_argument("--scratch", type=Path, help="the folder where the store may lie for a while")
    options.add_argument("--inside", type=Path, help="run in this process, with the store in this folder")
    chosen = options.parse_args(arguments)
    if chosen.inside:
        tune_xla()
        result = in_this_process(chosen.lanes, chosen.steps, chosen.inside)
    else:
        result = in_a_child([f"--lanes={chosen.lanes}", f"--steps={chosen.steps}"], chosen.scratch)
        print(report(result))
    if chosen.out:
        write_json(chosen.out, result)


if __name__ == "__main__":
    main(sys.argv[1:])
