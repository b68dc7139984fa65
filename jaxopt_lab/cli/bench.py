"""``jaxopt-lab bench``: how fast the engine is on this device, in about a minute."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from jaxopt_lab.cli.device import announce_device
from jaxopt_lab.cli.values import Whole


def bench(
    *,
    lanes: Whole = 102_400,
    steps: Whole = 1000,
    rounds: Whole = 5,
    out: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    require: str | None = None,
) -> None:
    """Time sweeps on this device beside Optax and NumPy, and beside what the device can do.

    Args:
        lanes: trajectories, a multiple of 100.
        steps: the steps of each.
        rounds: how often each method is timed, in turn.
        out: where to write the result, a file ending in .json.
        overwrite: replace a result that lies there already.
        require: refuse to run on another device than this one: cpu, gpu or tpu.
    """
    from jaxopt_lab.bench.bowl import numpy_methods, xla_methods
    from jaxopt_lab.bench.comparison import compare, comparison_table
    from jaxopt_lab.bench.limits import measure_limits
    from jaxopt_lab.bench.output import write_json
    from jaxopt_lab.cli.files import check_target

    if out is not None:
        check_target(out, overwrite=overwrite, suffixes=(".json",))
    announce_device(require)
    methods = xla_methods(lanes, steps) | numpy_methods(lanes, steps)
    result = compare(methods, measure_limits(), lanes=lanes, steps=steps, rounds=rounds)
    print(comparison_table(result))
    if out is not None:
        write_json(out, result)
        print(f"saved: {out}")
