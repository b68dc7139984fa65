"""``jaxopt-lab plot``: a picture of a saved sweep."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from cyclopts import Parameter

from jaxopt_lab.analysis import quartiles
from jaxopt_lab.cli.files import check_target, load, percent, write_whole
from jaxopt_lab.engine.grid import arguments, unknown

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from jaxopt_lab.problems import Problem


def plot(
    sweep: Path,
    /,
    *,
    out: Path,
    kind: Literal["auto", "map", "lines", "paths"] = "auto",
    variable: str = "final_loss",
    x: str | None = None,
    y: str | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Draw a saved sweep: a map over two hyperparameters, lines over one, or the paths themselves.

    Args:
        sweep: what jaxopt-lab sweep --out saved.
        out: the picture to write, ending in .png, .svg or .pdf.
        kind: what to draw; auto is a map where two hyperparameters were swept, lines where one was, else paths.
        variable: what a map or lines show; all other dimensions are reduced to their median.
        x: the hyperparameter along the horizontal axis (the first).
        y: the hyperparameter along the vertical axis of a map (the second).
        overwrite: replace a picture that lies there already.
    """
    check_target(out, overwrite=overwrite, suffixes=(".png", ".svg", ".pdf"))
    result = load(sweep)
    swept = [str(axis) for axis in json.loads(result.attrs["specification"])["grid"]]
    if kind == "auto":
        varied = sum(result.sizes[axis] > 1 for axis in swept)
        kind = "map" if varied > 1 else "lines" if varied else "paths"
    if x is not None and x == y:
        raise ValueError(f"--x, --y: both are {x!r}; name two different hyperparameters")
    for name in (axis for axis in (x, y) if axis is not None):
        if name not in swept:
            raise ValueError(unknown("--x, --y", name, swept))
    if kind != "paths" and variable not in result:
        raise ValueError(unknown("--variable", variable, [str(name) for name in result.data_vars]))
    done = _done(result, sweep)
    figure = _paths(result, done) if kind == "paths" else _over_grid(result, done, kind, variable, swept, x, y)
    write_whole(out, lambda place: figure.savefig(place, format=out.suffix[1:]), overwrite=overwrite)
    print(f"saved: {out}")


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


def _paths(result: "xr.Dataset", done: "xr.DataArray") -> "Figure":
    import jax

    from jaxopt_lab import plots

    if "params" not in result or result.params.sizes.get("param") != 2:
        raise ValueError("--kind paths: it takes a sweep of two parameters with --record path (or every k-th point)")
    problem = _problem(result)
    if problem.domain is None:
        raise ValueError(f"--kind paths: {problem.name} has no domain to draw")
    lanes = result.params.stack(lane=[dim for dim in result.params.dims if dim not in ("step", "param")])
    there = np.flatnonzero(done.values)
    most = 7
    lanes = lanes.isel(lane=there[np.unique(np.linspace(0, len(there) - 1, most).astype(int))])
    points = {
        _lane_label(result, lanes.lane.values[place]): lanes.isel(lane=place).transpose("step", "param").values
        for place in range(lanes.sizes["lane"])
    }
    (left, bottom), (right, top) = (np.asarray(corner, float) for corner in problem.domain)
    marks = {"known minima": problem.minima} if problem.minima is not None else {}
    drawn = plots.paths(
        jax.vmap(jax.vmap(lambda point: problem.loss(point, None))), points, ((left, right), (bottom, top)),
        levels=20, marks=marks, title=result.attrs["title"],
    )  # fmt: skip
    return plots.figure_of(drawn.ax)


def _problem(result: "xr.Dataset") -> "Problem":
    """The problem that was swept over, with the arguments that it had."""
    from jaxopt_lab.cli.catalogue import problem_factories

    specification = json.loads(result.attrs["specification"])
    factory = problem_factories()[specification["problem"]]
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
    return ", ".join(f"{dim} {values[dim]:.3g}" if not isinstance(values[dim], str) else values[dim] for dim in dims)
