"""``jaxopt-lab map``: how fast a method contracts over two of its settings, with the exact boundary drawn in."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from jaxopt_lab.cli.catalogue import optimizer_factories, problem_factories, resolve
from jaxopt_lab.cli.device import allow, announce_device
from jaxopt_lab.cli.pictures import check_picture, write_picture
from jaxopt_lab.cli.values import Whole, parse_axes


def stability_map(
    problem: str = "quadratic",
    optimizer: str = "sgd_momentum",
    /,
    *,
    grid: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    steps: Whole = 500,
    seed: Whole = 0,
    dtype: Literal["float32", "float64"] = "float32",
    out: Path = Path("map.png"),
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    require: str | None = None,
) -> None:
    """Measure the contraction rate over two hyperparameters, and hold it against the exact law where one is known.

    Args:
        problem: name of the problem (see jaxopt-lab list problems).
        optimizer: name of the optimiser (see jaxopt-lab list optimizers).
        grid: two hyperparameters, the first along the horizontal axis, as name=first:last:lin:count, and others held at
            name=value; by default 1000 learning rates by 1000 momenta around the exact boundary.
        steps: updates of each trajectory.
        seed: root of the random start point.
        dtype: floating-point type.
        out: the picture to write, ending in .png, .svg or .pdf, or the numbers, ending in .nc.
        overwrite: replace a file that lies there already.
        require: refuse to run on another device than this one: cpu, gpu or tpu.
    """
    from jaxopt_lab import analysis, plots

    check_picture(out, overwrite=overwrite)
    allow(dtype)
    made = resolve("problem", problem, problem_factories())
    factory = resolve("optimizer", optimizer, optimizer_factories())
    axes = parse_axes("--grid", grid) if grid else None
    announce_device(require)
    found = analysis.stability_map(made, factory, axes, num_steps=steps, seed=seed, dtype=dtype, progress=True)
    print(f"{found.title}: {found.rate.size:,} trajectories of {steps:,} steps")
    contracting = float((found.rate < 1).mean())
    if "exact_rate" in found:
        print(f"contracting: {contracting:.4%} of the cells measured, {float((found.exact_rate < 1).mean()):.4%} exact")
        print(f"on the wrong side of the exact boundary: {float(found.disagreement):.4%} of the cells")
        print(f"largest error of the rate, where it is not within 0.02 of 1: {float(found.largest_error):.2g}")
        print(f"fastest: {float(found.rate.min()):.4f} measured, {float(found.exact_rate.min()):.4f} exact")
    else:
        print(f"contracting: {contracting:.4%} of the cells; fastest: {float(found.rate.min()):.4f} a step on average")
    write_picture(found, lambda found: plots.stability_map(found).ax, out, overwrite=overwrite)
