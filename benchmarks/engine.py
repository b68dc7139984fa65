"""How fast is a sweep beside its peers? Adam on the exercise's bowl, every method side by side.

    .venv/bin/python benchmarks/engine.py [--lanes 102400] [--steps 1000] [--rounds 5] [--out engine.json]

Each round times every method once, in turn, so that a machine that slows down slows all of them; what counts is the
ratio within a round. XLA reads its options once, so the script runs itself twice: under the options of
`jaxopt_lab.tune_xla`, Optax too, with every peer; and without them, where only what XLA compiles is timed again.
PyTorch and numba are no part of the package: `pip install -e ".[bench]"` brings them. What is missing is named.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import engine_peers as peers
from script import parser

from jaxopt_lab import tune_xla
from jaxopt_lab.bench.bowl import FINAL, NUMPY, OPTAX, SUMMARY, numpy_methods, xla_methods
from jaxopt_lab.bench.comparison import compare, comparison_table
from jaxopt_lab.bench.limits import measure_limits
from jaxopt_lab.bench.output import table, write_json

TARGETS = (  # (mode, ours, the peer, at least how many times as fast)
    ("tuned", FINAL, OPTAX, 3.0),
    ("tuned", FINAL, peers.TORCH, 12.0),
    ("tuned", FINAL, NUMPY, 18.0),
    ("tuned", FINAL, peers.NUMBA, 9.0),
    ("tuned", FINAL, peers.ONE_AT_A_TIME, 8000.0),
    ("tuned", FINAL, peers.C, 0.65),
    ("tuned", SUMMARY, peers.C, 0.45),
    ("plain", FINAL, OPTAX, 2.2),
)


def measure(mode: str, lanes: int, steps: int, rounds: int, copy_bytes: int | None = None) -> dict[str, Any]:
    """Time the methods of a mode in this process, whose options of XLA are set already."""
    methods = xla_methods(lanes, steps)
    if mode == "tuned":
        methods |= numpy_methods(lanes, steps) | peers.peers(lanes, steps)
    result = compare(methods, measure_limits(copy_bytes), lanes=lanes, steps=steps, rounds=rounds)
    return result | {"mode": mode, "targets": reached(mode, result)}


def reached(mode: str, result: dict[str, Any]) -> list[dict[str, Any]]:
    """Each target of the mode beside what was measured; None where a peer is missing."""
    return [
        {
            "mode": mode,
            "method": method,
            "peer": peer,
            "target": target,
            "reached": (ratio := result["ratios"].get(method, {}).get(peer)),
            "met": None if ratio is None else ratio >= target,
        }
        for of_mode, method, peer, target in TARGETS
        if of_mode == mode
    ]


def in_children(arguments: list[str]) -> dict[str, Any]:
    """Both modes, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        modes = {mode: _in_child(mode, Path(folder) / f"{mode}.json", arguments) for mode in ("tuned", "plain")}
    targets = [target for result in modes.values() for target in result.pop("targets")]
    return {"modes": modes, "targets": targets}


def _in_child(mode: str, place: Path, arguments: list[str]) -> dict[str, Any]:
    subprocess.run([sys.executable, __file__, *arguments, f"--{mode}", "--out", place], check=True)
    return json.loads(place.read_text(encoding="utf-8"))


def targets_table(targets: list[dict[str, Any]]) -> str:
    """What was aimed at and what was reached, for people."""
    words = {True: "yes", False: "no", None: "peer missing"}
    columns = ["times as fast", "beside", "XLA", "target", "reached", "met"]
    rows = [[t["method"], t["peer"], t["mode"], t["target"], t["reached"], words[t["met"]]] for t in targets]
    return table(columns, rows)


def main(arguments: list[str]) -> None:
    """Measure, print the tables, write the JSON."""
    options = parser(__doc__, lanes=102_400, steps=1000, rounds=5)
    options.add_argument("--copy-bytes", type=int, help="size of the array copied to measure the memory")
    mode = options.add_mutually_exclusive_group()
    mode.add_argument("--tuned", action="store_true", help="only under the options of tune_xla, in this process")
    mode.add_argument("--plain", action="store_true", help="only without them, in this process")
    chosen = options.parse_args(arguments)
    if chosen.tuned or chosen.plain:
        if chosen.tuned:
            tune_xla()
        name = "tuned" if chosen.tuned else "plain"
        result = measure(name, chosen.lanes, chosen.steps, chosen.rounds, chosen.copy_bytes)
        print(f"XLA {name}\n{comparison_table(result)}\n", flush=True)
    else:
        sizes = [f"--{name}={getattr(chosen, name)}" for name in ("lanes", "steps", "rounds")]
        result = in_children(sizes + ([f"--copy-bytes={chosen.copy_bytes}"] if chosen.copy_bytes else []))
        print(targets_table(result["targets"]))
    if chosen.out:
        write_json(chosen.out, result)


if __name__ == "__main__":
    main(sys.argv[1:])
