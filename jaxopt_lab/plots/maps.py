"""Maps with a cell for each pair of hyperparameters: stability, and the border of trainability."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.style import DIVERGED, axes_or_new, describe

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.contour import QuadContourSet
    from matplotlib.image import AxesImage


class DrawnStability(NamedTuple):
    """What `stability_map` drew."""

    ax: "Axes"
    mesh: "QuadMesh"
    boundary: "QuadContourSet | None"


class DrawnFractal(NamedTuple):
    """What `fractal_map` drew."""

    ax: "Axes"
    image: "AxesImage"


def stability_map(found: "xr.Dataset", *, title: str | None = None, ax: "Axes | None" = None) -> DrawnStability:
    """The measured contraction rate over two hyperparameters, grey where it diverges, under the exact boundary.

    Args:
        found: what `analysis.stability_map` returns.
        title: the title; by default that of the dataset.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the coloured mesh, and the boundary, None where no law is known.

    Example:
        >>> import xarray as xr
        >>> axes = {"momentum": [0.0, 0.5], "learning_rate": [0.1, 0.2, 0.3]}
        >>> rate = np.array([[0.9, 1.0, 1.1], [0.7, 0.8, 0.9]])
        >>> found = xr.Dataset({"rate": (tuple(axes), rate)}, axes, {"title": "a map"})
        >>> int(stability_map(found).mesh.get_array().mask.sum())
        2
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    ax = axes_or_new(ax, width=7.5, height=5.4)
    up, across = (str(dim) for dim in found.rate.dims)
    x, y = found[across].values, found[up].values
    contracting = np.ma.masked_where(~(found.rate.values < 1), found.rate.values)
    mesh = ax.pcolormesh(x, y, contracting, shading="nearest", cmap="viridis", vmax=1, rasterized=True)
    ax.set_facecolor(DIVERGED)
    ax.grid(visible=False)
    ax.figure.colorbar(mesh, ax=ax, label=found.rate.attrs.get("long_name", "contraction per step"), pad=0.02)
    handles: list[Any] = [Patch(color=DIVERGED, label="no contraction, measured")]
    boundary = None
    if "exact_rate" in found:
        boundary = ax.contour(x, y, found.exact_rate.values, levels=[1.0], colors="black", linewidths=1.6)
        label = f"exact boundary ({float(found.disagreement):.3%} beyond it)"
        handles.append(Line2D([], [], color="black", lw=1.6, label=label))
    ax.set(xscale=_scale(x), yscale=_scale(y))
    describe(ax, title=title_of(found, title), xlabel=_words(across), ylabel=_words(up))
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)
    return DrawnStability(ax, mesh, boundary)


def fractal_map(found: "xr.Dataset", *, title: str | None = None, ax: "Axes | None" = None) -> DrawnFractal:
    """Which hyperparameters converge, in blue, and which diverge, in red; the darker, the faster either.

    The shade is the rank of a cell's measure among those that have the same fate, so that every zoom shows detail.

    Args:
        found: what `analysis.fractal` returns.
        title: the title; by default that of the dataset.
        ax: where to draw; None for a new figure.

    Returns:
        The axes and the image.

    Example:
        >>> import xarray as xr
        >>> axes = {"momentum": [0.1, 0.2], "learning_rate": [0.1, 0.2]}
        >>> fates = {"converged": (tuple(axes), [[True, False], [True, False]]), "converged_share": 0.5}
        >>> fates |= {"dimension": 1.0, "dimension_error": 0.0}
        >>> measures = {"measure": (tuple(axes), [[1.0, 5.0], [2.0, 9.0]])}
        >>> found = xr.Dataset(fates | measures, axes, {"title": "a border", "log": 0})
        >>> fractal_map(found).image.get_array().tolist()
        [[1.0, -1.0], [0.5, -0.5]]
    """
    from matplotlib.patches import Patch

    ax = axes_or_new(ax, width=6.8, height=6.6)
    up, across = (str(dim) for dim in found.converged.dims)
    x, y = found[across].values, found[up].values
    names = [_words(across), _words(up)]
    if found.attrs["log"]:
        x, y = np.log10(x), np.log10(y)
        names = [rf"$\log_{{10}}$ {name}" for name in names]
    converged, measure = found.converged.values, found.measure.values
    shade = np.zeros(measure.shape)
    for fate, sign in ((converged, 1), (~converged, -1)):
        shade[fate] = sign * _early(measure[fate])
    image = ax.imshow(
        shade,
        origin="lower",
        extent=extent_of(x, y),
        interpolation="nearest",
        aspect="auto",
        cmap="RdBu",
        vmin=-1,
        vmax=1,
    )
    ax.grid(visible=False)
    share = float(found.converged_share)
    handles = [
        Patch(color="#2166ac", label=f"converges: {share:.1%}"),
        Patch(color="#b2182b", label=f"diverges: {1 - share:.1%}"),
    ]
    describe(ax, title=title_of(found, title), xlabel=names[0], ylabel=names[1])
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, frameon=False,
        title=f"darker: sooner; dimension of the border: {_measured(found)}", title_fontsize="small",
    )  # fmt: skip
    return DrawnFractal(ax, image)


def _measured(found: "xr.Dataset") -> str:
    return f"{float(found.dimension):.2f} ± {float(found.dimension_error):.2f}"


def title_of(found: "xr.Dataset", title: str | None) -> str:
    """The title that was given, or that of the dataset."""
    return found.attrs["title"] if title is None else title


def _words(name: str) -> str:
    return name.replace("_", " ")


def _early(measure: np.ndarray) -> np.ndarray:
    """1 for the smallest number, falling with the rank; never 0, so that a fate is always seen."""
    rank = np.empty(len(measure))
    rank[np.argsort(measure, kind="stable")] = np.arange(len(measure))
    return 1 - rank / max(len(measure), 1)


def extent_of(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """The edges of the outer cells."""
    half_x, half_y = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    return x[0] - half_x, x[-1] + half_x, y[0] - half_y, y[-1] + half_y


def _scale(numbers: np.ndarray) -> str:
    """Logarithmic where the numbers are evenly spaced so."""
    if len(numbers) < 3 or numbers.min() <= 0:
        return "linear"
    ratios = numbers[1:] / numbers[:-1]
    return "log" if np.allclose(ratios, ratios[0], rtol=1e-3) else "linear"
