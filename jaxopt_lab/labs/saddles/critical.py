"""Every critical point of a surface, counted against topology; and of random landscapes, counted against theory."""

from typing import TYPE_CHECKING, NamedTuple

import jax
import numpy as np

from jaxopt_lab import plots, problems
from jaxopt_lab.analysis import critical_census, critical_points
from jaxopt_lab.labs.findings import Answer, Picture, Table

if TYPE_CHECKING:
    import xarray as xr

KINDS = ("minimum", "saddle", "maximum")


class Critical(NamedTuple):
    """The points of Himmelblau's surface, and the census of random landscapes."""

    points: "xr.Dataset"
    census: "xr.Dataset"

    @property
    def kinds(self) -> dict[str, int]:
        """How many there are of each kind."""
        return {kind: int((self.points.kind.values == kind).sum()) for kind in KINDS}


def measure_critical(*, seed: int = 0, starts: int = 1024, dims: tuple[int, ...] = (1, 2)) -> Critical:
    """Search the surface and the landscapes.

    Args:
        seed: the root of the random landscapes.
        starts: from how many starts Newton's method searches each.
        dims: the dimensions of the landscapes.
    """
    return Critical(
        critical_points(problems.himmelblau(), starts=starts),
        critical_census(dims, landscapes=2, starts=starts, seed=seed),
    )


def picture_of_critical(found: Critical) -> Picture:
    """The surface with its points, and the share of directions that lead down over the height."""
    surface, census = problems.himmelblau(), found.census
    labels = {int(dim): f"{dim} dimension{'s' if dim > 1 else ''}" for dim in census.dim.values}
    (a, b), (c, d) = found.points.window.values.tolist()
    window = ((a, b), (c, d))
    figure, (left, right) = plots.new_figure(1, 2, width=6.3, height=5.6)
    plots.critical_points(
        np.asarray(jax.jit(jax.vmap(jax.vmap(lambda point: surface.loss(point, None))))(plots.grid_points(window))),
        {kind: found.points.params.values[found.points.kind.values == kind] for kind in KINDS},
        window,
        title="Himmelblau's surface",
        ax=left,
    )
    plots.index_over_height(
        census.height.values,
        {label: census.index_share.sel(dim=dim).values for dim, label in labels.items()},
        {label: census.expected_index_share.sel(dim=dim).values for dim, label in labels.items()},
        title="Random landscapes: the higher, the more ways lead down",
        ax=right,
    )
    return Picture(
        "critical-points",
        figure,
        "Left: every critical point of Himmelblau's surface. Right: at the critical points of random Gaussian "
        "landscapes, the mean share of the directions that lead down; lines are the theory of Kac and Rice.",
        "Left, contour lines with dots in the valleys, crosses on the passes and a triangle on the hill. Right, points "
        "that rise from left to right along lines.",
    )


def table_of_minima_shares(found: Critical) -> Table:
    """How rare minima are among the critical points of random landscapes."""
    census = found.census
    counts = census["count"].sum(("height", "index")).values
    return Table(
        "Share of minima among the critical points of random Gaussian landscapes",
        ("dimension", "critical points found", "measured", "expected"),
        [
            (int(dim), int(count), float(measured), float(expected))
            for dim, count, measured, expected in zip(
                census.dim.values, counts, census.minima_share.values, census.expected_minima_share.values, strict=True
            )
        ],
    )


def answer_of_critical(found: Critical) -> Answer:
    """Whether any was missed."""
    kinds, signed = found.kinds, int(found.points.signed_count)
    return Answer(
        "Were all critical points of the surface found?",
        f"{kinds['minimum']} minima, {kinds['saddle']} saddles and {kinds['maximum']} maximum. Topology tells whether "
        f"one is missing: minima less saddles plus maxima must be {found.points.degree.item():.0f} here, since the "
        f"gradient points outward all along the border, and it is {signed}.",
    )
