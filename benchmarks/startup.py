"""What does it cost to begin? Importing, and the first result of a small sweep in a process of its own.

    .venv/bin/python benchmarks/startup.py [--rounds 5] [--out startup.json]

Every time is that of a whole process, from its start to its end, so an empty one is timed too. XLA can keep what it
compiled on disk (`JAX_COMPILATION_CACHE_DIR`): the first sweep that fills such a cache, and one that finds it full.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from script import script

from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table
from jaxopt_lab.bench.rounds import Method, measure

SWEEP = """
from jaxopt_lab import optimizers, problems, sweep
sweep(problems.rosenbrock, optimizers.adam, {"learning_rate": [0.01, 0.1]}, starts=10, num_steps=100).final_loss.values
"""

NOTHING = "an empty process"
JAX = "import jax"
OURS = "import jaxopt_lab"
NO_CACHE = "a first sweep, no cache"
FILLING = "a first sweep, filling XLA's cache"
FULL = "a first sweep, XLA's cache full"

PROGRAMS = {
    NOTHING: "pass",
    JAX: "import jax",
    OURS: "import jaxopt_lab",
    NO_CACHE: SWEEP,
    FILLING: SWEEP,
    FULL: SWEEP,
}

CACHE_ALL = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}


def process(program: str, cache: Callable[[], str] | None = None) -> Callable[[], None]:
    """Run a program in a new process.

    Args:
        program: Python.
        cache: names the folder of XLA's cache for each run; None: no cache.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JAX_COMPILATION_CACHE")}

    def run() -> None:
        settings = {"JAX_COMPILATION_CACHE_DIR": cache(), **CACHE_ALL} if cache else {}
        subprocess.run([sys.executable, "-c", program], check=True, env=kept | settings)

    return run


def run(rounds: int) -> dict[str, Any]:
    """Time the processes, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        caches = {FILLING: lambda: tempfile.mkdtemp(dir=folder), FULL: lambda: folder}  # filled by runs not counted
        starts = {name: process(program, caches.get(name)) for name, program in PROGRAMS.items()}
        timings = measure({name: Method(lambda start=start: start, 1) for name, start in starts.items()}, rounds)
    seconds = {name: row["steady_seconds"] for name, row in timings.rows().items()}
    return {
        "rounds": rounds,
        "machine": describe_machine(),
        "methods": timings.rows(),
        "missing": timings.missing,
        "import_seconds_beyond_jax": seconds[OURS] - seconds[JAX],
    }


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    rows = [
        [name, row["steady_seconds"], min(1 / rate for rate in row["each_round"]), row["first_seconds"]]
        for name, row in result["methods"].items()
    ]
    parts = [
        f"whole processes, median of {result['rounds']} rounds",
        one_line(result["machine"]),
        table(["process", "seconds", "quickest", "first of all"], rows),
        f"import jaxopt_lab takes {result['import_seconds_beyond_jax']:.3f} s more than import jax",
    ]
    return "\n".join(parts)


main = script(__doc__, run, report, rounds=5)

if __name__ == "__main__":
    main(sys.argv[1:])
