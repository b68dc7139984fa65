"""``jaxopt-lab plot``: a picture of a saved sweep."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from jaxopt_lab.analysis import quartiles
from jaxopt_lab.cli.files import check_target, load, percent, write_whole
from jaxopt_lab.engine.grid import arguments, unknown

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from jaxopt_lab.plots.contours import Window
    from jaxopt_lab.problems import Problem

STILL = (".png", ".svg", ".pdf")
MOVING = (".gif", ".html")
MOST_PATHS = 7
"""So many a reader tells apart; of more, these are taken evenly."""


def plot(
    sweep: Path,
    /,
    *,
    out: Path,
    kind: Literal["auto", "map", "lines", "paths", "surface"] = "auto",
    variable: str = "final_loss",
    x: str | None = None,
    y: str | None = None,
    problem: str | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Draw a saved sweep: a map over two hyperparameters, lines over one, or the paths themselves, still or moving.

    Args:
        sweep: what jaxopt-lab sweep --out saved.
        out: the picture to write, ending in .png, .svg or .pdf; paths that move in .gif, or .html with a slider.
        kind: what to draw; auto is a map where two hyperparameters were swept, lines where one was, else paths over
            contour lines; surface is paths in three dimensions.
        variable: what a map or lines show; all other dimensions are reduced to their median.
        x: the hyperparameter along the horizontal axis (the first).
        y: the hyperparameter along the vertical axis of a map (the second).
        problem: where the problem under paths is defined, as file.py:name, if it is one of your own.
        overwrite: replace a picture that lies there already.
    """
    check_target(out, overwrite=overwrite, suffixes=STILL + MOVING)
    result = load(sweep)
    swept = [str(axis) for axis in json.loads(result.attrs["specification"])["grid"]]
    if kind == "auto":
        varied = sum(result.sizes[axis] > 1 for axis in swept)
        kind = "paths" if out.suffix in MOVING or not varied else "map" if varied > 1 else "lines"
    if out.suffix in MOVING and kind != "paths":
        raise ValueError(f"--out: only paths move, and this is a {kind}; end the name in {' or '.join(STILL)}")
    if x is not None and x == y:
        raise ValueError(f"--x, --y: both are {x!r}; name two different hyperparameters")
    for name in (axis for axis in (x, y) if axis is not None):
        if name not in swept:
            raise ValueError(unknown("--x, --y", name, swept))
    if kind in ("map", "lines") and variable not in result:
        raise ValueError(unknown("--variable", variable, [str(name) for name in result.data_vars]))
    done = _done(result, sweep)
    if kind == "paths":
        write = _paths(result, done, out.suffix, problem)
    else:
        figure = (
            _surface(result, done, problem)
            if kind == "surface"
            else _over_grid(result, done, kind, variable, swept, x, y)
        )
        write = _still(figure, out.suffix)
    write_whole(out, write, overwrite=overwrite)
    print(f"saved: {out}")


def _still(figure: "Figure", suffix: str) -> Callable[[Path], None]:
    return lambda place: figure.savefig(place, format=suffix[1:])


def _done(result: "xr.Dataset", sweep: Path) -> "xr.DataArray":
    """Which trajectories there are: all of them, unless the sweep still runs or was interrupted."""
    import xarray as xr

    from jaxopt_lab.engine.stored import lanes_done

    shape = tuple(result.sizes[dim] for dim in result.final_loss.dims)
    done = lanes_done(sweep) if sweep.is_dir() else np.ones(shape, bool)
    if not done.any():
        raise ValueError(f"{sweep}: nothing of it is done yet; wait, or run the sweep again")
    if not done.all():
        print(f"{sweep}: {percent(done.mean())} of its trajectories are done; the others are left out")
    return xr.DataArray(done, dims=result.final_loss.dims)


def _over_grid(
    result: "xr.Dataset", done: "xr.DataArray", kind: str, variable: str, swept: list[str], x: str | None, y: str | None
) -> "Figure":
    from jaxopt_lab import plots

    free = [axis for axis in swept if axis not in (x, y)]
    x = x or (free.pop(0) if free else None)
    y = y or (free.pop(0) if free and kind == "map" else None)
    if x is None or (kind == "map" and y is None):
        raise ValueError(f"--kind {kind}: this sweep has a grid over {len(swept)} hyperparameters, which is too few")
    values = result[variable]
    steps = json.loads(result.attrs["specification"])["num_steps"]
    label = f"{values.attrs.get('long_name', variable)} ({steps:,} steps)"
    if kind == "map" and y is not None:
        panels = values.optimizer.values if "optimizer" in values.dims else [None]
        figure, axes = plots.new_figure(1, len(panels), width=6.5, height=5.0)
        for ax, name in zip(np.atleast_1d(axes), panels, strict=True):
            shown = values if name is None else values.sel(optimizer=name)
            there = done if name is None else done.sel(optimizer=name)
            # NaN, which a diverged run leaves, counts as infinite: the median of mostly diverged runs is grey.
            known = _worst_for_nan(shown).where(there)
            median = known.median([dim for dim in shown.dims if dim not in (x, y)]).transpose(y, x)
            title = f"{result.attrs['title']}: median" if name is None else f"{name}: median"
            plots.heat_map(
                median.values, result[x].values, result[y].values, xlabel=x, ylabel=y, label=label, title=title, ax=ax
            )
        return figure
    names = [str(name) for name in values.optimizer.values] if "optimizer" in values.dims else []
    series = {name: (values.sel(optimizer=name), done.sel(optimizer=name)) for name in names}
    series = series or {result.attrs["title"].partition(": ")[2]: (values, done)}
    spread = {name: _quartiles(data, there, x) for name, (data, there) in series.items()}
    drawn = plots.quantile_bands(result[x].values, spread, xlabel=x, ylabel=label, title=result.attrs["title"])
    return plots.figure_of(drawn.ax)


def _quartiles(data: "xr.DataArray", done: "xr.DataArray", x: str) -> np.ndarray:
    """The quartiles at each value of ``x`` of what is done there."""
    rows, known = (
        array.stack(all=[dim for dim in data.dims if dim != x]).transpose(x, "all").values
        for array in (data, done.broadcast_like(data))
    )
    nothing = np.full(3, np.nan)
    return np.stack([quartiles(row[k]) if k.any() else nothing for row, k in zip(rows, known, strict=True)], axis=-1)


def _worst_for_nan(values: "xr.DataArray") -> "xr.DataArray":
    return values.where(np.isfinite(values), np.inf)


def _paths(result: "xr.Dataset", done: "xr.DataArray", suffix: str, own: str | None) -> Callable[[Path], None]:
    """What writes the paths over contour lines, still or moving."""
    from jaxopt_lab import plots

    problem, points, surface, window = _paths_on_problem(result, done, own)
    marks = {"known minima": problem.minima} if problem.minima is not None else {}
    # Around a known minimum the loss has decades to show; where there is none, the lowest corner is no place to look.
    levels = 20 if problem.minimum is None else "log"
    drawn = plots.paths(surface, points, window, levels=levels, marks=marks, title=result.attrs["title"])
    unit = "step" if result.sizes["step"] == int(result.step[-1]) + 1 else "recorded point"
    if suffix == ".gif":
        return lambda place: plots.write_gif(drawn, place, unit=unit)
    if suffix == ".html":
        return lambda place: plots.write_html(drawn, place, unit=unit)
    return _still(plots.figure_of(drawn.ax), suffix)


def _surface(result: "xr.Dataset", done: "xr.DataArray", own: str | None) -> "Figure":
    from jaxopt_lab import plots

    problem, points, surface, window = _paths_on_problem(result, done, own)
    log = problem.minimum is not None
    return plots.figure_of(plots.surface(surface, points, window, log=log, title=result.attrs["title"]).ax)


def _paths_on_problem(
    result: "xr.Dataset", done: "xr.DataArray", own: str | None
) -> "tuple[Problem, dict[str, np.ndarray], Callable[..., Any], Window]":
    """The problem, the paths to show, the problem's loss at many points, and the window."""
    import jax

    if "params" not in result or result.params.sizes.get("param") != 2:
        raise ValueError("--kind paths: it takes a sweep of two parameters with --record path (or every k-th point)")
    problem = _problem(result, own)
    if problem.domain is None:
        raise ValueError(
            f"--kind paths: {problem.name} has no domain to draw; give it one: problems.as_problem({problem.name}, "
            "domain=(lower, upper))"
        )
    lanes = result[["params", "loss"]].stack(lane=[dim for dim in result.params.dims if dim not in ("step", "param")])
    there = np.flatnonzero(done.values)
    lanes = lanes.isel(lane=there[np.unique(np.linspace(0, len(there) - 1, MOST_PATHS).astype(int))])
    points = {
        _lane_label(result, lanes.lane.values[place]): lanes.params.isel(lane=place).transpose("step", "param").values
        for place in range(lanes.sizes["lane"])
    }
    (left, bottom), (right, top) = (np.asarray(corner, float) for corner in problem.domain)
    surface = jax.vmap(jax.vmap(lambda point: problem.loss(point, None)))
    _check_same(problem, surface(np.stack([*points.values()])), lanes.loss.transpose("lane", "step").values)
    return problem, points, surface, ((left, right), (bottom, top))


def _check_same(problem: "Problem", heights: Any, recorded: np.ndarray) -> None:
    """Refuse contours of another function than the one whose losses were recorded on the way."""
    known = np.isfinite(recorded)
    # A loss near 0 may be a difference of numbers as large as those at the start; bfloat16 has three digits.
    small = 1e-5 * np.abs(recorded[:, 0]).max()
    if not np.allclose(np.asarray(heights)[known], recorded[known], rtol=0.02, atol=small):
        raise ValueError(
            f"--kind paths: {problem.name} is not what was swept, its losses along the paths differ; name the function "
            "as it was with --problem file.py:name, or run the sweep again"
        )


def _problem(result: "xr.Dataset", own: str | None = None) -> "Problem":
    """The problem that was swept over, with the arguments that it had."""
    from jaxopt_lab.cli.catalogue import problem_factories, resolve

    specification, known = json.loads(result.attrs["specification"]), problem_factories()
    name = own or specification["problem"]
    if own is None and name not in known:
        raise ValueError(f"--problem: {name} is none of ours; say where it is defined: --problem file.py:{name}")
    factory = resolve("problem", name, known)
    values = {
        name: result[axis].values
        for axis in (*specification["grid"], *specification["static_grid"])
        if (name := axis.removeprefix("problem.")) in arguments(factory)
    }
    several = [name for name in values if len(values[name]) > 1]
    if several:
        raise ValueError(f"--kind paths: a picture shows one problem, and here {several[0]} makes several")
    return factory(**{name: value.item() for name, (value,) in values.items()})


def _lane_label(result: "xr.Dataset", place: tuple) -> str:
    dims = [dim for dim in result.params.dims if dim not in ("step", "param") and result.sizes[dim] > 1]
    values = dict(zip((d for d in result.params.dims if d not in ("step", "param")), place, strict=True))
    label = ", ".join(f"{dim} {values[dim]:.3g}" if not isinstance(values[dim], str) else values[dim] for dim in dims)
    return label or result.attrs["title"].partition(": ")[2]
