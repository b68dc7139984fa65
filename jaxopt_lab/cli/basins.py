"""``jaxopt-lab basins``: which minimum each start reaches, and how rough the borders between them are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from jaxopt_lab.cli.catalogue import optimizer_factories, problem_factories, resolve
from jaxopt_lab.cli.device import allow, announce_device
from jaxopt_lab.cli.pictures import check_picture, one_value_each, write_picture
from jaxopt_lab.cli.values import Whole

if TYPE_CHECKING:
    import xarray as xr

MOST_ROWS = 20
"""So many basins are listed, the largest first; a file has all of them."""


def basins(
    problem: str = "himmelblau",
    optimizer: str = "adam",
    /,
    *,
    grid: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    window: Annotated[tuple[float, float, float, float] | None, Parameter(negative="")] = None,
    resolution: Whole = 1000,
    steps: Whole = 1000,
    starts: Literal["stratified", "grid"] = "stratified",
    radius: float | None = None,
    seed: Whole = 0,
    dtype: Literal["float32", "float64"] = "float32",
    out: Path = Path("basins.png"),
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    require: str | None = None,
) -> None:
    """Colour each start of a window by the minimum that an optimiser reaches from it, bright where it is soon there.

    Args:
        problem: name of the surface (see jaxopt-lab list problems).
        optimizer: name of the optimiser (see jaxopt-lab list optimizers).
        grid: the optimiser's hyperparameters, one value each, as name=value (learning_rate=0.1).
        window: left, right, bottom and top (the surface's domain).
        resolution: cells along each side.
        steps: updates of each trajectory.
        starts: where in its cell a start lies, at random or in the middle; only random ones give intervals.
        radius: how near to a minimum a trajectory has settled (a hundredth of the window's side).
        seed: root of the random starts.
        dtype: floating-point type.
        out: the picture to write, ending in .png, .svg or .pdf, or the numbers, ending in .nc.
        overwrite: replace a file that lies there already.
        require: refuse to run on another device than this one: cpu, gpu or tpu.
    """
    from jaxopt_lab import analysis, plots

    check_picture(out, overwrite=overwrite)
    allow(dtype)
    surface = resolve("problem", problem, problem_factories())
    factory = resolve("optimizer", optimizer, optimizer_factories())
    announce_device(require)
    found = analysis.basins(
        surface, factory, one_value_each("--grid", grid or ["learning_rate=0.1"]),
        window=None if window is None else (window[:2], window[2:]), resolution=resolution, num_steps=steps,
        starts=starts, radius=radius, seed=seed, dtype=dtype, progress=True,
    )  # fmt: skip
    print(f"{found.title}: {found.basin.size:,} trajectories of {steps:,} steps, {starts} starts")
    _print_shares(found)
    print(f"dimension of the boundaries: {float(found.dimension):.3f} ± {float(found.dimension_error):.3f}")
    write_picture(found, lambda found: plots.basin_map(found).ax, out, overwrite=overwrite)


def _print_shares(found: "xr.Dataset") -> None:
    order = found.share.values.argsort(kind="stable")[::-1]
    shown = [int(place) for place in order if found.share.values[place] > 0]
    for place in shown[:MOST_ROWS]:
        outcome = int(found.outcome[place])
        words = {-1: "not settled", -2: "diverged"}.get(outcome) or _minimum(found, outcome)
        ends = found.interval.values[place] if "interval" in found else ()
        interval = " (95%: " + " to ".join(f"{end:.3%}" for end in ends) + ")" if len(ends) else ""
        print(f"{words:<34}{float(found.share[place]):>9.3%}{interval}")
    if len(shown) > MOST_ROWS:
        print(f"... and {len(shown) - MOST_ROWS:,} more (--out basins.nc keeps all)")


def _minimum(found: "xr.Dataset", place: int) -> str:
    from jaxopt_lab.plots.basins import COLOURS

    point = ", ".join(f"{coordinate + 0.0:.4g}" for coordinate in found.minima.values[place])
    number = f"{place}: " if found.sizes["minimum"] > len(COLOURS) else ""  # which then stands in the picture, too
    return f"{number}({point})" if found.listed.values[place] else f"{number}({point}), found"
