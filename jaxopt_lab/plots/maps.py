"""Maps with a cell for each trajectory: stability, basins of attraction, and the border of trainability."""

import colorsys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.style import DIVERGED, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection, QuadMesh
    from matplotlib.contour import QuadContourSet
    from matplotlib.image import AxesImage

NOT_SETTLED = "#ececec"
"""The light grey of what is still on its way."""

DARKEST = 0.35
"""The brightness of the slowest cells of a basin, where the fastest have 1."""

TAIL = 0.02
"""So many of the cells at either end share a brightness: a few very slow ones would else darken all others."""

GOLDEN = 0.6180339887
"""Turns between the hues of many basins: the golden section keeps any few in a row apart."""


class DrawnStability(NamedTuple):
    """What `stability_map` drew."""

    ax: "Axes"
    mesh: "QuadMesh"
    boundary: "QuadContourSet | None"


class DrawnBasins(NamedTuple):
    """What `basin_map` drew."""

    ax: "Axes"
    image: "AxesImage"
    minima: "PathCollection"


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
    describe(ax, title=_title(found, title), xlabel=_words(across), ylabel=_words(up))
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)
    return DrawnStability(ax, mesh, boundary)


def basin_map(found: "xr.Dataset", *, title: str | None = None, ax: "Axes | None" = None) -> DrawnBasins:
    """Which minimum each start reaches, as a hue, and how soon, as brightness; grey for what diverged.

    Args:
        found: what `analysis.basins` returns.
        title: the title; by default that of the dataset.
        ax: where to draw; None for a new figure.

    Returns:
        The axes, the image and the marks of the minima, where the window is one of a plane of two dimensions.

    Example:
        >>> import xarray as xr
        >>> found = xr.Dataset(
        ...     {
        ...         "basin": (("y", "x"), np.array([[0, -2], [0, 0]])),
        ...         "settled_at": (("y", "x"), np.array([[5, -1], [5, 5]])),
        ...         "minima": (("minimum", "param"), np.array([[0.25, 0.25]])),
        ...         "share": ("outcome", np.array([0.75, 0.0, 0.25])),
        ...     },
        ...     {"x": [0.25, 0.75], "y": [0.25, 0.75], "outcome": [0, -1, -2]},
        ...     {"title": "one basin"},
        ... )
        >>> basin_map(found).image.get_array()[0, 1].round(2).tolist()  # the grey of what diverged
        [0.62, 0.62, 0.62]
    """
    from matplotlib.colors import to_rgb
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    x, y, basin = found.x.values, found.y.values, found.basin.values
    hues = np.array([to_rgb(color) for color in _hues(found.sizes["minimum"])])
    colours = hues[np.maximum(basin, 0)] * _brightness(found.settled_at.values)[..., None]
    colours[basin == -1], colours[basin == -2] = to_rgb(NOT_SETTLED), to_rgb(DIVERGED)
    ax = axes_or_new(ax, **_size(x, y))
    image = ax.imshow(colours, origin="lower", extent=_extent(x, y), interpolation="nearest", aspect="equal")
    ax.grid(visible=False)
    planar = found.sizes["param"] == 2
    points = found.minima.values if planar else np.zeros((0, 2))
    few = len(hues) <= len(PALETTE)
    minima = ax.scatter(
        *points.T, marker="*", s=140 if few else 14, color="white", edgecolor="black", lw=0.8 if few else 0.4, zorder=5
    )
    ax.set(xlim=image.get_extent()[:2], ylim=image.get_extent()[2:], anchor="N")  # the room is for the legend below
    shares = {int(outcome): float(found.share.sel(outcome=outcome)) for outcome in found.outcome.values}
    handles: list[Any] = [
        Patch(color=hue, label=f"{_point(minimum)}: {shares[place]:.1%}")
        for place, (hue, minimum) in enumerate(zip(hues, found.minima.values, strict=True))
        if few and shares[place] > 0
    ]
    if not few:
        stars = {"marker": "*", "ms": 6, "mfc": "white", "mec": "black", "ls": "none"}
        handles.append(Line2D([], [], label=f"{len(hues):,} minima, a hue each", **stars))
    greys = {-1: ("not settled", NOT_SETTLED), -2: ("diverged", DIVERGED)}
    handles += [Patch(color=c, label=f"{word}: {shares[o]:.1%}") for o, (word, c) in greys.items() if shares[o] > 0]
    names = ("$w_1$", "$w_2$") if planar else ("across the plane", "up the plane")
    describe(ax, title=_title(found, title), xlabel=names[0], ylabel=names[1])
    if handles:
        ax.legend(
            handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=2, frameon=False,
            title="the minimum, and the share of the starts that reach it; brighter: sooner", title_fontsize="small",
        )  # fmt: skip
    return DrawnBasins(ax, image, minima)


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
        extent=_extent(x, y),
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
    describe(ax, title=_title(found, title), xlabel=names[0], ylabel=names[1])
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, frameon=False,
        title=f"darker: sooner; dimension of the border: {_measured(found)}", title_fontsize="small",
    )  # fmt: skip
    return DrawnFractal(ax, image)


def _measured(found: "xr.Dataset") -> str:
    return f"{float(found.dimension):.2f} ± {float(found.dimension_error):.2f}"


def _title(found: "xr.Dataset", title: str | None) -> str:
    return found.attrs["title"] if title is None else title


def _words(name: str) -> str:
    return name.replace("_", " ")


def _hues(count: int) -> list[Any]:
    if count <= len(PALETTE):
        return list(PALETTE[:count])
    return [colorsys.hls_to_rgb(place * GOLDEN % 1, 0.55, 0.75) for place in range(count)]


def _brightness(settled_at: np.ndarray) -> np.ndarray:
    """Bright where a trajectory settles soon, dark where late."""
    there = settled_at[settled_at >= 0]
    fastest, slowest = np.quantile(there, (TAIL, 1 - TAIL)) if there.size else (0.0, 0.0)
    return 1 - (1 - DARKEST) * ((settled_at - fastest) / max(slowest - fastest, 1.0)).clip(0, 1)


def _early(measure: np.ndarray) -> np.ndarray:
    """1 for the smallest number, falling with the rank; never 0, so that a fate is always seen."""
    rank = np.empty(len(measure))
    rank[np.argsort(measure, kind="stable")] = np.arange(len(measure))
    return 1 - rank / max(len(measure), 1)


def _extent(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """The edges of the outer cells."""
    half_x, half_y = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    return x[0] - half_x, x[-1] + half_x, y[0] - half_y, y[-1] + half_y


def _size(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """A figure in which the window, drawn to scale, leaves room for a title and a legend and no more."""
    left, right, bottom, top = _extent(x, y)
    width = 6.6
    return {"width": width, "height": min(10.0, (width - 0.9) * (top - bottom) / (right - left) + 1.9)}


def _point(point: np.ndarray) -> str:
    return f"({', '.join(f'{number:.3g}' for number in np.round(point, 6) + 0.0)})"


def _scale(numbers: np.ndarray) -> str:
    """Logarithmic where the numbers are evenly spaced so."""
    if len(numbers) < 3 or numbers.min() <= 0:
        return "linear"
    ratios = numbers[1:] / numbers[:-1]
    return "log" if np.allclose(ratios, ratios[0], rtol=1e-3) else "linear"
