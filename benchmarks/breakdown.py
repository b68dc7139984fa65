"""Where does the time of a sweep go, and why is C ahead? Adam on the exercise's bowl, taken apart.

    .venv/bin/python benchmarks/breakdown.py [--lanes 102400] [--steps 1000] [--rounds 15] [--out breakdown.json]

A sweep end to end stands beside its parts: the same sweep of one step (what is asked, prepared, handed out, labelled),
and its chunks one after the other in one thread, shared among the cores as if they were never in each other's way. The
compiled program says how often a step passes over the lanes: C does it once, with everything in registers, and so does
a sweep whose step is arithmetic; XLA left to itself writes down whatever two later results are computed from. C with
a product in the place of its division says how much of it is arithmetic that has to be done.
"""

import re
import sys
from collections.abc import Callable
from typing import Any

import engine_peers as peers
import jax
from script import script

from jaxopt_lab import optimizers, problems
from jaxopt_lab.bench.bowl import CURVATURES, OPTAX, learning_rates, optax_over_all_lanes, ours, starts
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import missing_lines, table
from jaxopt_lab.bench.rounds import Method, measure
from jaxopt_lab.engine.chunks import Prepared, run_chunk
from jaxopt_lab.engine.lanes import lane_arguments
from jaxopt_lab.engine.programs import whole
from jaxopt_lab.engine.settle import plan_of, settle
from jaxopt_lab.engine.spec import Spec, make_spec
from jaxopt_lab.engine.threads import cores

RECORDS = ("final", "summary")
ONE_STEP, ONE_THREAD = "of one step", "its chunks in one thread, over the cores"
C_ONE_THREAD = "C in one thread, over the cores"
C_NO_DIVISION = "C, a product in the place of its division"


def settled(record: str, lanes: int, steps: int) -> tuple[Spec, list[Prepared]]:
    """The sweep that is taken apart, ready to run."""
    spec = make_spec(
        problems.quadratic(CURVATURES), optimizers.adam, {"learning_rate": learning_rates(lanes)}, starts=starts(),
        num_steps=steps, record=record, tolerance=None, seeds=None, seed=0, static_grid=None, observe=None,
        dtype="float32", chunk_size=None,
    )  # fmt: skip
    return settle(spec)


def in_one_thread(record: str, lanes: int, steps: int) -> Callable[[], Any]:
    """All chunks of the sweep, one after the other."""
    spec, variants = settled(record, lanes, steps)
    chunks = plan_of(spec).chunks
    return lambda: [run_chunk(spec, variants, chunk) for chunk in chunks]


def passes(record: str, lanes: int, steps: int) -> int:
    """How often a turn of the compiled loop goes over the lanes of a tile."""
    spec, variants = settled(record, lanes, steps)
    assert spec.tiling is not None, "a specification is settled here"
    tile = jax.tree.map(lambda leaf: leaf[None], lane_arguments(spec, 0, spec.tiling.size))
    program = whole(variants[0].structure, spec.tiling).lower(variants[0].shared, tile, 1).compile()
    return passes_of(program.as_text(), spec.tiling.size)


def passes_of(program: str, lanes: int) -> int:
    """The loops and copies over so many lanes in the innermost loop of a program, in XLA's own words."""
    bodies = re.findall(r"body=%?([\w.-]+)", program)
    computations = dict(re.findall(r"^%?([\w.-]+) \(.*?\{\n(.*?)^\}", program, re.MULTILINE | re.DOTALL))
    innermost = [computations[name] for name in bodies if not re.search(r" (while|call)\(", computations[name])]
    over_lanes = re.compile(rf"= .*\[{lanes}\].* (fusion|copy)\(")
    return max(len(over_lanes.findall(body)) for body in innermost)


def run(lanes: int, steps: int, rounds: int) -> dict[str, Any]:
    """Time the whole and its parts."""
    work = lanes * steps
    methods = {}
    for record in RECORDS:
        methods |= {
            record: Method(lambda record=record: ours(record, lanes, steps), work),
            f"{record}, {ONE_STEP}": Method(lambda record=record: ours(record, lanes, 1), work),
            f"{record}, {ONE_THREAD}": Method(lambda record=record: in_one_thread(record, lanes, steps), work),
        }
    methods |= {
        OPTAX: Method(lambda: optax_over_all_lanes(lanes, steps), work),
        peers.C: Method(lambda: peers.c_over_all_lanes(lanes, steps), work),
        C_ONE_THREAD: Method(lambda: peers.c_over_all_lanes(lanes, steps, threads=1), work),
        C_NO_DIVISION: Method(lambda: peers.c_over_all_lanes(lanes, steps, flags=("-DNO_DIVISION",)), work),
    }
    timings = measure(methods, rounds)
    rows = {}
    for name, timing in timings.timed.items():
        shared = cores() if name.endswith("over the cores") else 1
        rows[name] = {
            "milliseconds": 1e3 * work / timing.rate / shared,
            "nanoseconds_a_step": 1e9 / timing.rate / shared,
            "passes": passes(name, lanes, steps) if name in RECORDS else 1 if name == peers.C else None,
        }
    return {
        "lanes": lanes,
        "steps": steps,
        "rounds": rounds,
        "machine": describe_machine(),
        "rows": rows,
        "missing": timings.missing,
    }


def report(result: dict[str, Any]) -> str:
    """The parts for people."""
    rows = [
        [name, row["milliseconds"], row["nanoseconds_a_step"], row["passes"]] for name, row in result["rows"].items()
    ]
    sizes = f"{result['lanes']:,} lanes x {result['steps']:,} steps"
    parts = [
        f"Adam on a bowl, {sizes}, median of {result['rounds']} rounds",
        one_line(result["machine"]),
        table(["", "ms", "ns a lane and step", "passes over the lanes a step"], rows),
        missing_lines(result["missing"]),
    ]
    return "\n".join(part for part in parts if part)


main = script(__doc__, run, report, tuned=True, lanes=102_400, steps=1000, rounds=15)

if __name__ == "__main__":
    main(sys.argv[1:])
