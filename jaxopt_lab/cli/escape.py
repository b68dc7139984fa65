"""``jaxopt-lab escape``: how long optimisers stay near a saddle, beside the exact law."""

import functools
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from jaxopt_lab.cli.catalogue import optimizer_factories, problem_factories, resolve
from jaxopt_lab.cli.device import announce_device
from jaxopt_lab.cli.pictures import check_picture, write_picture
from jaxopt_lab.cli.values import Whole

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

NEAREST, FARTHEST, SPREADS = 1e-6, 1.0, 13
"""The starts: their standard deviations, in units of the edge."""


def escape(
    problem: str = "saddle",
    optimizer: str = "sgd,sgd_momentum,nesterov",
    /,
    *,
    learning_rate: float = 0.1,
    momentum: float = 0.7,
    noise: float = 0.0,
    edge: float | None = None,
    saddle: Whole = 0,
    starts: Whole = 10_000,
    steps: Whole = 500,
    seed: Whole = 0,
    out: Path = Path("escape.png"),
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    require: str | None = None,
) -> None:
    """Measure after how many steps optimisers leave a saddle, and lay the exact law over it.

    Args:
        problem: name of a surface with a known saddle (see jaxopt-lab list problems).
        optimizer: name of the optimiser, or several between commas (see jaxopt-lab list optimizers).
        learning_rate: the learning rate of all of them.
        momentum: the momentum of those that have one.
        noise: the variance of the gradient noise.
        edge: the distance from the saddle, along its steepest way down, at which one has left.
        saddle: which of the surface's saddles, counted from 0.
        starts: how many starts to draw around the saddle, at each of 13 distances.
        steps: updates of each trajectory.
        seed: root of all random numbers.
        out: the picture to write, ending in .png, .svg or .pdf; or the measured steps, ending in .nc.
        overwrite: replace what lies there already.
        require: refuse to run on another device than this one: cpu, gpu or tpu.
    """
    from jaxopt_lab.analysis import escape_steps, exit_of

    check_picture(out, overwrite=overwrite)
    surface = resolve("problem", problem, problem_factories())()
    methods = {
        name: _with_momentum(resolve("optimizer", name, optimizer_factories()), momentum)
        for name in (each.strip() for each in optimizer.split(","))
    }
    way = exit_of(surface, saddle, edge)
    announce_device(require)
    spreads = np.geomspace(NEAREST, FARTHEST, SPREADS) * way.edge
    result = escape_steps(
        surface, methods, {"learning_rate": [learning_rate]}, spreads=spreads,
        noises=[noise], saddle=saddle, edge=edge, num_starts=starts, num_steps=steps, seed=seed,
    ).squeeze(["learning_rate", "noise"])  # fmt: skip
    _print(_in_the_middle(result))
    write_picture(result, _draw, out, overwrite=overwrite)


def _in_the_middle(result: "xr.Dataset") -> "xr.Dataset":
    return result.isel(spread=result.sizes["spread"] // 2)


def _with_momentum(factory: Any, momentum: float) -> Any:
    takes = "momentum" in inspect.signature(factory).parameters
    return functools.partial(factory, momentum=momentum) if takes else factory


def _print(result: "xr.Dataset") -> None:
    print(
        f"{result.title}: along its curvature of {result.eigenvalue:.5g}, from starts of standard deviation "
        f"{result.spread.item():.3g} to a distance of {result.edge:.3g}"
    )
    print(f"{'method':<28}{'median step':>12}{'by the law':>12}{'largest gap to the law':>24}{'never':>8}")
    for name in result.optimizer.values:
        row = result.sel(optimizer=name)
        median, exact, gap = row.quartiles.sel(quartile=0.5).item(), row.law_median.item(), row.gap.item()
        never = float((row.escape_step < 0).mean())
        law = ("", "none known") if np.isnan(gap) else (f"{exact:g}", f"{gap:.4f}")
        print(f"{name:<28}{median:>12g}{law[0]:>12}{law[1]:>24}{never:>8.1%}")
    bound = 1.95 / result.sizes["start"] ** 0.5
    print(f"(a gap above {bound:.4f} would come by chance once in a thousand)")


def _draw(result: "xr.Dataset") -> "Axes":
    from jaxopt_lab import plots

    middle = _in_the_middle(result)
    names = [str(name) for name in result.optimizer.values]
    known = [name for name in names if not np.isnan(middle.gap.sel(optimizer=name))]
    _, (left, right) = plots.new_figure(1, 2, width=6.5, height=4.6)
    plots.escape_histogram(
        {name: middle.escape_step.sel(optimizer=name).values for name in names},
        {name: -np.diff(middle.law.sel(optimizer=name).values, prepend=1.0) for name in known},
        title=f"{middle.sizes['start']:,} starts, standard deviation {middle.spread.item():.2g}", ax=left,
    )  # fmt: skip
    plots.escape_medians(
        result.spread.values,
        {name: result.quartiles.sel(optimizer=name).transpose("quartile", "spread").values for name in names},
        {name: result.law_median.sel(optimizer=name).values for name in known},
        title="The nearer the start, the later", ax=right,
    )  # fmt: skip
    return right
