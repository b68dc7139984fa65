"""Which of four equal minima a start falls into: the same surface divided by three methods."""

from typing import TYPE_CHECKING, Any

from jaxopt_lab import optimizers, plots, problems
from jaxopt_lab.analysis import basins
from jaxopt_lab.labs.findings import Answer, Picture

if TYPE_CHECKING:
    import xarray as xr

METHODS: dict[str, tuple[Any, dict[str, float]]] = {
    "SGD (0.01)": (optimizers.sgd, {"learning_rate": 0.01}),
    "momentum (0.01, 0.9)": (optimizers.sgd_momentum, {"learning_rate": 0.01, "momentum": 0.9}),
    "Adam (0.3)": (optimizers.adam, {"learning_rate": 0.3}),
}


def measure_basins(*, seed: int = 0, resolution: int = 250) -> "dict[str, xr.Dataset]":
    """The basins of Himmelblau's surface under each method.

    Args:
        seed: the root of the starts, one drawn in each cell.
        resolution: cells along each side.
    """
    return {
        name: basins(problems.himmelblau(), method, settings, resolution=resolution, num_steps=500, seed=seed)
        for name, (method, settings) in METHODS.items()
    }


def picture_of_basins(found: "dict[str, xr.Dataset]") -> Picture:
    """The three maps side by side."""
    figure, axes = plots.new_figure(1, len(found), width=5.2, height=6.4)
    for ax, (name, basin) in zip(axes, found.items(), strict=True):
        title = f"{name}: border of dimension {float(basin.dimension):.2f} ± {float(basin.dimension_error):.2f}"
        plots.basin_map(basin, title=title, ax=ax)
    return Picture(
        "basins",
        figure,
        "The minimum of Himmelblau's surface that each start reaches (hue; the stars are the minima), and how soon "
        "(the darker, the later). SGD follows the slope; momentum overshoots, and folds the borders into one another.",
        "Three maps of a square in four colours: with SGD four smooth quarters, with momentum quarters that are "
        "shot through with tongues of the other colours, with Adam four quarters with bent borders.",
    )


def answer_of_basins(found: "dict[str, xr.Dataset]") -> Answer:
    """What the method has to do with where one ends."""
    dimensions = {name: float(basin.dimension) for name, basin in found.items()}
    widest = max(dimensions, key=lambda name: dimensions[name])
    others = ", ".join(f"{value:.2f} with {name}" for name, value in dimensions.items() if name != widest)
    return Answer(
        "Does the method decide which minimum one ends in?",
        f"Yes: from the same starts the three methods reach different minima near the borders. With {widest} the "
        f"border between the basins has the dimension {dimensions[widest]:.2f}, between a line's and an area's "
        f"({others}): there, a start moved by a hair ends elsewhere.",
    )
