"""``jaxopt-lab critical-points``: the minima, saddles and maxima of a surface, as a table and a picture."""

import functools
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import Parameter

from jaxopt_lab.cli.catalogue import problem_factories, resolve
from jaxopt_lab.cli.device import announce_device
from jaxopt_lab.cli.pictures import check_picture, write_picture
from jaxopt_lab.cli.values import MaybeWhole, Whole

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from jaxopt_lab.problems.problem import Problem

MOST_ROWS, MOST_COLUMNS = 40, 4
"""What of a larger table is printed; a file has all of it."""


def critical_points(
    problem: str = "himmelblau",
    /,
    *,
    dim: MaybeWhole = None,
    starts: Whole = 4096,
    out: Path = Path("critical-points.png"),
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    require: str | None = None,
) -> None:
    """Find the minima, saddles and maxima of a surface on its domain, and count them against topology.

    Args:
        problem: name of the surface (see jaxopt-lab list problems).
        dim: the number of dimensions, for surfaces that have a choice.
        starts: from how many points Newton's method starts.
        out: the picture to write, ending in .png, .svg or .pdf; or the points themselves, ending in .nc.
        overwrite: replace what lies there already.
        require: refuse to run on another device than this one: cpu, gpu or tpu.
    """
    from jaxopt_lab.analysis import critical_points

    check_picture(out, overwrite=overwrite)
    factory = resolve("problem", problem, problem_factories())
    if dim is not None and "dim" not in inspect.signature(factory).parameters:
        raise ValueError(f"--dim: {problem} has its own number of dimensions; leave the option out")
    surface = factory() if dim is None else factory(dim=dim)
    announce_device(require)
    found = critical_points(surface, starts=starts)
    _print(found)
    write_picture(found, functools.partial(_draw, surface), out, overwrite=overwrite)


def _print(found: "xr.Dataset") -> None:
    across = 11 * min(found.sizes["param"], MOST_COLUMNS)
    print(f"{'kind':<11}{'index':>5}{'loss':>16}  {'point':<{across}}  {'eigenvalues':<{across}}{'starts':>8}")
    for place in range(min(MOST_ROWS, found.sizes["point"])):
        row = found.isel(point=place)
        print(
            f"{row.kind.item():<11}{row['index'].item():>5}{row.loss.item():>16.8g}  {_shown(row.params.values)}  "
            f"{_shown(row.eigenvalues.values)}{row.reached_by.item():>8}"
        )
    if found.sizes["point"] > MOST_ROWS:
        print(f"... and {found.sizes['point'] - MOST_ROWS:,} more (--out points.nc keeps all)")
    kinds, counts = np.unique(found.kind.values, return_counts=True)
    print("found: " + ", ".join(f"{count} × {kind}" for kind, count in zip(kinds, counts, strict=True)))
    degree = found.degree.item()
    demanded = "unknown" if np.isnan(degree) else f"{degree:.0f}"
    print(f"sum of (-1)^index: {found.signed_count.item()}, by the gradient on the border: {demanded}")
    if not np.isnan(degree) and degree != found.signed_count:
        flat = "degenerate" in kinds
        print("(the degenerate point makes the difference)" if flat else "(points were missed: give more --starts)")


def _shown(numbers: np.ndarray) -> str:
    return "".join(f"{number + 0.0:>11.5g}" for number in numbers[:MOST_COLUMNS])


def _draw(surface: "Problem", found: "xr.Dataset") -> "Axes":
    import jax

    from jaxopt_lab import plots

    dim, title, law = found.sizes["param"], f"Critical points of {surface.name}", _expected_index(surface, found)
    if dim != 2:
        return plots.index_over_loss(found.loss, found["index"], dim, law=law, title=title).ax
    _, (left, right) = plots.new_figure(1, 2, width=6.3, height=5.3)
    (a, b), (c, d) = found.window.values.tolist()
    window = ((a, b), (c, d))
    plots.critical_points(
        np.asarray(jax.jit(jax.vmap(jax.vmap(lambda point: surface.loss(point, None))))(plots.grid_points(window))),
        {kind: found.params.values[found.kind.values == kind] for kind in np.unique(found.kind.values)},
        window, title=title, ax=left,
    )  # fmt: skip
    plots.index_over_loss(found.loss, found["index"], dim, law=law, title="Index and height", ax=right)
    return right


def _expected_index(surface: "Problem", found: "xr.Dataset") -> tuple[np.ndarray, np.ndarray] | None:
    """Where it is known: the mean share of directions that lead down, over the heights of the points found."""
    from jaxopt_lab.analysis import expected_census

    if surface.name != "gaussian_landscape" or not found.sizes["point"]:
        return None
    dim, edges = found.sizes["param"], np.linspace(found.loss.values[0], found.loss.values[-1], 41)
    of_index = expected_census(dim, edges)
    return (edges[1:] + edges[:-1]) / 2, of_index @ np.arange(dim + 1) / of_index.sum(axis=1) / dim
