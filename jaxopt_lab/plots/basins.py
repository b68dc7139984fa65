"""Maps of basins of attraction: a colour for each minimum, as on a political map where there are many."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.maps import extent_of, title_of
from jaxopt_lab.plots.style import DIVERGED, PALETTE, axes_or_new, describe

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.image import AxesImage

COLOURS = PALETTE[:6]
"""Without the black, in which no brightness would show."""

NOT_SETTLED = "#ececec"
"""The light grey of what is still on its way."""

DARKEST = 0.45
"""The brightness of the slowest cells of a basin, where the fastest have 1: darker, blue would pass for black."""

TAIL = 0.02
"""So many of the cells at either end share a brightness: a few very slow ones would else darken all others."""

MOST_NUMBERS = 200
"""Of more minima than these, numbers beside them would cover the map."""


class DrawnBasins(NamedTuple):
    """What `basin_map` drew."""

    ax: "Axes"
    image: "AxesImage"
    minima: "PathCollection"


def basin_map(found: "xr.Dataset", *, title: str | None = None, ax: "Axes | None" = None) -> DrawnBasins:
    """Which minimum each start reaches, as a colour, and how soon, as brightness; grey for what diverged.

    Six colours that colour-blind readers tell apart serve any number of minima: of more than six, the basins that touch
    get different ones, and every minimum bears its number, the place in ``found.minima``.

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

    x, y, basin = found.x.values, found.y.values, found.basin.values
    hues = np.array([to_rgb(color) for color in COLOURS])[_colouring(basin, found.sizes["minimum"])]
    colours = hues[np.maximum(basin, 0)] * _brightness(found.settled_at.values)[..., None]
    colours[basin == -1], colours[basin == -2] = to_rgb(NOT_SETTLED), to_rgb(DIVERGED)
    handles = _legend_entries(found, hues)
    ax = axes_or_new(ax, **_size(x, y, legend_rows=-(-len(handles) // 2)))
    image = ax.imshow(colours, origin="lower", extent=extent_of(x, y), interpolation="nearest", aspect="equal")
    ax.grid(visible=False)
    planar = found.sizes["param"] == 2
    minima = _mark_minima(ax, found.minima.values if planar else np.zeros((0, 2)))
    ax.set(xlim=image.get_extent()[:2], ylim=image.get_extent()[2:], anchor="N")  # the room is for the legend below
    names = ("$w_1$", "$w_2$") if planar else ("across the plane", "up the plane")
    describe(ax, title=title_of(found, title), xlabel=names[0], ylabel=names[1])
    if handles:
        ax.legend(
            handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=4, ncols=2, frameon=False,
            title="the minimum, and the share of the starts that reach it; brighter: sooner", title_fontsize="small",
        )  # fmt: skip
    return DrawnBasins(ax, image, minima)


def _colouring(basin: np.ndarray, count: int) -> np.ndarray:
    """Which colour each of so many basins gets: of more than there are colours, such that neighbours differ.

    One after the other, the largest first, each takes the colour with which it shares the shortest border so far.
    """
    if count <= len(COLOURS):
        return np.arange(count)
    sides = [(basin[1:], basin[:-1]), (basin[:, 1:], basin[:, :-1])]
    one, other = (np.concatenate([pair[k].ravel() for pair in sides]).astype(np.int64) for k in (0, 1))
    border = (one != other) & (one >= 0) & (other >= 0)
    pairs = np.concatenate([one[border] * count + other[border], other[border] * count + one[border]])
    codes, lengths = np.unique(pairs, return_counts=True)
    first = np.searchsorted(codes, np.arange(count + 1) * count)
    colour, used = np.full(count, -1), np.zeros(len(COLOURS), int)
    for place in np.argsort(-np.bincount(basin[basin >= 0], minlength=count), kind="stable"):
        borders = slice(first[place], first[place + 1])
        theirs, length = colour[codes[borders] % count], lengths[borders]
        shared = np.bincount(theirs[theirs >= 0], length[theirs >= 0], len(COLOURS))
        colour[place] = np.lexsort((used, shared))[0]
        used[colour[place]] += 1
    return colour


def _brightness(settled_at: np.ndarray) -> np.ndarray:
    """Bright where a trajectory settles soon, dark where late."""
    there = settled_at[settled_at >= 0]
    fastest, slowest = np.quantile(there, (TAIL, 1 - TAIL)) if there.size else (0.0, 0.0)
    return 1 - (1 - DARKEST) * ((settled_at - fastest) / max(slowest - fastest, 1.0)).clip(0, 1)


def _mark_minima(ax: "Axes", points: np.ndarray) -> "PathCollection":
    """A star at each minimum; of many a small one, and the number beside it."""
    from matplotlib.patheffects import withStroke

    few = len(points) <= len(COLOURS)
    size = 140 if few else 14 if len(points) <= MOST_NUMBERS else 2
    if size == 14:
        for place, point in enumerate(points):
            ax.annotate(
                str(place), tuple(point), (0, 3), textcoords="offset points", ha="center", va="bottom", fontsize=6,
                color="black", path_effects=[withStroke(linewidth=1.2, foreground="white")], clip_on=True, zorder=6,
            )  # fmt: skip
    edge = {"edgecolor": "black", "lw": 0.8 if few else 0.4 if size == 14 else 0.1}
    return ax.scatter(*points.T, marker="*", s=size, color="white", zorder=5, **edge)


def _legend_entries(found: "xr.Dataset", hues: np.ndarray) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shares = {int(outcome): float(found.share.sel(outcome=outcome)) for outcome in found.outcome.values}
    handles: list[Any] = []
    if len(hues) <= len(COLOURS):
        handles += [
            Patch(color=hue, label=f"{_point(minimum)}: {shares[place]:.1%}")
            for place, (hue, minimum) in enumerate(zip(hues, found.minima.values, strict=True))
            if shares[place] > 0
        ]
    else:
        stars = {"marker": "*", "ms": 6, "mfc": "white", "mec": "black", "ls": "none"}
        numbers = " by number" if len(hues) <= MOST_NUMBERS and found.sizes["param"] == 2 else ""
        text = f"{len(hues):,} minima{numbers}; basins that touch differ in colour"
        handles.append(Line2D([], [], label=text, **stars))
    greys = {-1: ("not settled", NOT_SETTLED), -2: ("diverged", DIVERGED)}
    return handles + [Patch(color=c, label=f"{word}: {shares[o]:.1%}") for o, (word, c) in greys.items() if shares[o]]


def _size(x: np.ndarray, y: np.ndarray, legend_rows: int) -> dict[str, float]:
    """A figure in which the window, drawn to scale, leaves room for a title and a legend and no more."""
    left, right, bottom, top = extent_of(x, y)
    width = 6.6
    height = (width - 0.9) * (top - bottom) / (right - left) + 1.3 + 0.22 * legend_rows
    return {"width": width, "height": min(10.0, height)}


def _point(point: np.ndarray) -> str:
    return f"({', '.join(f'{number:.3g}' for number in np.round(point, 6) + 0.0)})"
