"""A surface in three dimensions, with paths lying on it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from jaxopt_lab.plots.contours import Window, grid_points, heights_of
from jaxopt_lab.plots.paths import fate
from jaxopt_lab.plots.style import PALETTE, describe, new_figure

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D
    from mpl_toolkits.mplot3d.art3d import Line3D, Poly3DCollection

FLOOR = 0.002
"""On a logarithmic axis the lowest part of the surface, so large a share of its area, is flat: wells stay open."""


class DrawnSurface(NamedTuple):
    """What `surface` drew."""

    ax: "Axes3D"
    surface: "Poly3DCollection"
    lines: "list[Line3D]"


def surface(
    heights: Callable[[np.ndarray], Any],
    points: Mapping[str, np.ndarray],
    window: Window,
    *,
    log: bool = False,
    view: tuple[float, float] = (55.0, -60.0),
    title: str = "",
    ax: "Axes3D | None" = None,
) -> DrawnSurface:
    """Optimisers' paths on the surface that they descend, which hides none of them.

    Args:
        heights: the surface, as in `paths`.
        points: for each label a path, shape ``(steps + 1, 2)``, its start first; what lies outside the window is left
            out. An empty mapping for the surface alone.
        window: ``((left, right), (bottom, top))``.
        log: draw the logarithm of the height above the lowest one, which shows a minimum at the foot of steep walls.
        view: elevation and azimuth of the eye, in degrees.
        title: the title.
        ax: three-dimensional axes; None for a new figure.

    Returns:
        The axes, the surface and one line for each path.

    Raises:
        ValueError: for what gives no heights, and axes that are not three-dimensional.

    Example:
        >>> down = np.array([[0.8, 0.0], [0.4, 0.0], [0.0, 0.0]])
        >>> drawn = surface(lambda w: (w**2).sum(-1), {"straight": down}, ((-1.0, 1.0), (-1.0, 1.0)))
        >>> drawn.lines[0].get_data_3d()[2].round(2).tolist()
        [0.64, 0.16, 0.0]
    """
    from matplotlib.ticker import MaxNLocator

    grid = grid_points(window, resolution=120)
    ground = heights_of(heights, grid)
    ax = _axes(ax)
    tracks = {label: _inside(np.asarray(path, float), window) for label, path in points.items()}
    on_paths = {label: heights_of(heights, track[None])[0] for label, track in tracks.items()}
    lowest = min(np.nanmin(each) for each in (ground, *on_paths.values()))
    drawn_height = _logarithm(lowest, np.nanquantile(ground - lowest, FLOOR)) if log else lambda height: height
    drawn = ax.plot_surface(
        grid[..., 0], grid[..., 1], drawn_height(ground), cmap="viridis", rcount=120, ccount=120, linewidth=0,
        antialiased=False, zorder=1,
    )  # fmt: skip
    lines = []
    for place, (label, track) in enumerate(tracks.items()):
        line = ax.plot(
            *track.T, drawn_height(on_paths[label]), color=_ON_VIRIDIS[place % len(_ON_VIRIDIS)], marker="o", ms=3,
            markevery=1 + len(track) // 60, lw=1.8, mec="white", mew=0.3, zorder=3 + place,
            label=label + fate(np.asarray(points[label], float), window),
        )  # fmt: skip
        lines += cast("list[Line3D]", line)
    ax.view_init(*view)
    ax.zaxis.set_major_locator(MaxNLocator(4))
    ax.set_box_aspect((1, 1, 0.4))  # flat enough to look into
    describe(ax, title=title, xlabel="$w_1$", ylabel="$w_2$")
    ax.set_zlabel("log₁₀(loss above the lowest)" if log else "loss", labelpad=8)
    if lines:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, frameon=False)
    return DrawnSurface(ax, drawn, lines)


# Okabe and Ito's colours that stand out from dark blue, green and yellow alike.
_ON_VIRIDIS = (PALETTE[1], PALETTE[6], PALETTE[3], PALETTE[4], PALETTE[5], PALETTE[0])


def _axes(ax: "Axes3D | None") -> "Axes3D":
    if ax is None:
        figure, flat = new_figure(width=7.5, height=6.0)
        place = flat.get_subplotspec()
        flat.remove()
        ax = cast("Axes3D", figure.add_subplot(place, projection="3d"))
    if not hasattr(ax, "plot_surface"):
        raise ValueError('ax: got flat axes; make three-dimensional ones: figure.add_subplot(projection="3d")')
    ax.computed_zorder = False  # paths lie on the surface: sorted by depth, half of each would vanish in it
    return ax


def _inside(track: np.ndarray, window: Window) -> np.ndarray:
    low, high = np.transpose(window)
    inside = ((low <= track) & (track <= high)).all(-1, keepdims=True)
    return np.where(inside, track, np.nan)


def _logarithm(lowest: float, floor: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda height: np.log10(np.maximum(height - lowest, floor))
