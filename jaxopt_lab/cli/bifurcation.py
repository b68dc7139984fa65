"""``jaxopt-lab bifurcation``: what an optimiser ends in over a hyperparameter, with the exact thresholds drawn in."""

import functools
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from jaxopt_lab.cli.catalogue import Factory, optimizer_factories, problem_factories, resolve
from jaxopt_lab.cli.device import allow, announce_device
from jaxopt_lab.cli.pictures import check_picture, write_picture
from jaxopt_lab.cli.values import Whole, parse_axes
from jaxopt_lab.engine.grid import arguments, unknown
from jaxopt_lab.problems.problem import Problem

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_FIRST, _LAST, _COUNT = 0.5, 2.1, 1601
"""By default, the diagram goes from this to that multiple of where the first minimum loses its hold."""


def bifurcation(
    problem: str = "double_well",
    optimizer: str = "sgd",
    /,
    *,
    grid: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    static: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    starts: Whole = 8,
    steps: Whole = 4000,
    keep: Whole = 128,
    seed: Whole = 0,
    dtype: Literal["float32", "float64"] = "float64",
    out: Path = Path("bifurcation.png"),
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    require: str | None = None,
) -> None:
    """Draw what an optimiser ends in over a hyperparameter, the Lyapunov exponent below, and the exact thresholds.

    Args:
        problem: name of the problem (see jaxopt-lab list problems).
        optimizer: name of the optimiser (see jaxopt-lab list optimizers).
        grid: the hyperparameter to go over, as name=first:last:lin:count, and others held at name=value; by default the
            learning rate, from half to twice the one at which the first minimum loses its hold.
        static: arguments that shape the problem, as name=value (dim=1 for the double well).
        starts: how many start points to draw, beside one close to each known minimum.
        steps: updates of each trajectory; the first half is the way to what it ends in.
        keep: how many of the last points to draw.
        seed: root of all random numbers.
        dtype: floating-point type; chaos forgets digits fast.
        out: the picture to write, ending in .png, .svg or .pdf, or the numbers, ending in .nc.
        overwrite: replace a file that lies there already.
        require: refuse to run on another device than this one: cpu, gpu or tpu.
    """
    from jaxopt_lab import analysis

    check_picture(out, overwrite=overwrite)
    allow(dtype)
    drawn, factory, axis, values, exact = _settle(problem, optimizer, grid or [], static or [])
    announce_device(require)
    result = analysis.bifurcation(
        drawn,
        factory,
        values,
        hyperparameter=axis,
        starts=_starts(drawn, starts, seed),
        num_steps=steps,
        keep=keep,
        seed=seed,
        dtype=dtype,
    )
    print(f"{result.attrs['title']}: {len(values):,} values of {axis}, {result.sizes['start']} starts, {steps:,} steps")
    _print_table(result, axis, exact)
    write_picture(result, lambda result: _draw(result, axis, exact), out, overwrite=overwrite)


def _settle(
    problem: str, optimizer: str, grid: list[str], static: list[str]
) -> tuple[Problem | Factory, Factory, str, np.ndarray, dict[str, float]]:
    """The problem or its factory, the optimiser's, the hyperparameter, its values, and what is known exactly."""
    factories = {
        "problem": resolve("problem", problem, problem_factories()),
        "optimizer": resolve("optimizer", optimizer, optimizer_factories()),
    }
    axes = parse_axes("--grid", grid)
    varied = [name for name, values in axes.items() if len(values) > 1]
    if len(varied) > 1:
        raise ValueError(f"--grid: {' and '.join(varied)} have several values; a diagram goes over one of them")
    axis = varied[0] if varied else "learning_rate"
    held = {name: values[0] for name, values in axes.items() if name not in varied}
    held = ({"dim": 1} if problem == "double_well" else {}) | held | _one_each(parse_axes("--static", static))
    owned: dict[str, dict[str, Any]] = {"problem": {}, "optimizer": {}}
    for name, value in held.items():
        owner = next((owner for owner, factory in factories.items() if name in arguments(factory)), None)
        if owner is None:
            raise ValueError(unknown("--grid, --static", name, sum(map(arguments, factories.values()), ())))
        owned[owner][name] = value
    swept, factory = (functools.partial(factories[owner], **owned[owner]) for owner in ("problem", "optimizer"))
    drawn = swept if axis in arguments(swept) else swept()
    exact = _exact(drawn, optimizer, factory) if isinstance(drawn, Problem) and axis == "learning_rate" else {}
    if not varied and not exact:
        raise ValueError(
            f"--grid: where {problem} with {optimizer} changes its nature is not known; say over which values to go, "
            "such as learning_rate=0.01:1:log:1000"
        )
    values = np.array(axes[axis]) if varied else min(exact.values()) * np.linspace(_FIRST, _LAST, _COUNT)
    return drawn, factory, axis, values, exact


def _one_each(axes: dict[str, list[Any]]) -> dict[str, Any]:
    for name, values in axes.items():
        if len(values) > 1:
            raise ValueError(f"--static: {name} has {len(values)} values; give one, a diagram goes over --grid")
    return {name: values[0] for name, values in axes.items()}


def _exact(problem: Problem, optimizer: str, factory: Factory) -> dict[str, float]:
    """The learning rates at which something is known to change, by name."""
    from jaxopt_lab.analysis import minima_boundaries, theory

    if optimizer not in ("sgd", "sgd_momentum", "nesterov") or problem.minima is None or not problem.smooth:
        return {}
    if problem.name == "double_well" and optimizer == "sgd" and problem.minima.shape[1] == 1:
        return theory.double_well_thresholds()
    momentum = inspect.signature(factory).parameters["momentum"].default if optimizer != "sgd" else 0.0
    boundaries = minima_boundaries(problem, momentum, nesterov=optimizer == "nesterov").tolist()
    return {f"minimum {place}": at for place, at in enumerate(boundaries, 1) if np.isfinite(at)}


def _starts(problem: Problem | Factory, count: int, seed: int) -> Any:
    """One start close to each known minimum, which its own threshold is read from, and so many draws."""
    import jax

    if not isinstance(problem, Problem) or problem.minima is None or problem.init is None or count < 1:
        return count
    drawn = jax.vmap(problem.init)(jax.random.split(jax.random.key(seed), count))
    return np.concatenate([np.asarray(problem.minima) + 1e-3, np.asarray(drawn)])


def _print_table(result: "xr.Dataset", axis: str, exact: dict[str, float]) -> None:
    from jaxopt_lab.analysis import merging_onset, period_onsets

    values, period, exponent = result[axis].values, result.period.values, result.exponent.values
    onsets = period_onsets(values, period)
    measured = {
        **{f"minimum {lane + 1}": _first(values, period[:, lane] != 1) for lane in range(period.shape[1])},
        "period 2": onsets.get(2),
        "period 4": onsets.get(4),
        "wells merge": merging_onset(values, result.points.values[..., 0]),
        "neighbours part": _first(values, (exponent > 0).any(axis=1)),
        "all diverge": _first(values, np.isnan(exponent).all(axis=1)),
    }
    rows = {name: (measured.get(name), at) for name, at in exact.items() if not name.startswith("exponent")}
    rows |= {name: (measured[name], None) for name in ("neighbours part", "all diverge")}
    if "exponent ln 3" in exact and values[0] <= 2 <= values[-1]:
        at_2 = result.exponent.sel({axis: 2.0}, method="nearest")
        rows["exponent at 2"] = float(at_2.median()), float(np.log(3))
    print(f"{'':<20}{'measured':>12}{'exact':>12}")
    for name, (seen, law) in rows.items():
        print(f"{name:<20}{_number(seen):>12}{_number(law):>12}")


def _first(values: np.ndarray, happens: np.ndarray) -> float | None:
    """The first value at which something happens; None if it never does, or does from the beginning."""
    return float(values[happens.argmax()]) if happens.any() and not happens[0] else None


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.5g}"


def _draw(result: "xr.Dataset", axis: str, exact: dict[str, float]) -> "Axes":
    from jaxopt_lab import plots

    label, values = axis.replace("_", " "), result[axis].values
    points = result.points.isel(param=0).where(result.period >= 0)  # who has diverged has done so in all of its numbers
    _, (above, below) = plots.new_figure(2, 1, width=9.0, height=3.6)
    above.get_gridspec().set_height_ratios([2, 1])
    coordinate = "x" if result.sizes["param"] == 1 else "first parameter"
    plots.bifurcation_diagram(
        values, points.values, thresholds=exact, xlabel=label,
        ylabel=f"{coordinate}, last {result.sizes['point']} points", title=result.attrs["title"], ax=above,
    )  # fmt: skip
    plots.lyapunov_exponents(values, result.exponent.values, thresholds=exact, xlabel=label, ax=below)
    return above
