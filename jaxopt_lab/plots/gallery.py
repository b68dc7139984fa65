"""Many surfaces side by side."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.contours import Window
from jaxopt_lab.plots.style import DIVERGED, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage


class DrawnGallery(NamedTuple):
    """What `gallery` drew: for each surface its axes and its image."""

    axes: "dict[str, Axes]"
    images: "dict[str, AxesImage]"


def gallery(
    heights: Mapping[str, Any],
    window: Window,
    *,
    marks: Mapping[str, Any] | None = None,
    columns: int = 6,
    axes: "np.ndarray | None" = None,
) -> DrawnGallery:
    """Small maps of many surfaces, dark where they are low, each coloured by the logarithm of its own heights.

    A surface's colours run from its lowest thousandth to its top: they compare places, not surfaces. What is not
    finite is grey.

    Args:
        heights: for each title the heights above the minimum, on `grid_points` of the window, shape
            ``(resolution, resolution)``.
        window: ``((left, right), (bottom, top))``.
        marks: for each title points to mark, such as its minima, shape ``(count, 2)``.
        columns: surfaces in a row.
        axes: where to draw, as many as there are surfaces or more; None for a new figure.

    Returns:
        The axes and images by their titles.

    Raises:
        ValueError: if nothing is to be drawn, or there are too few axes.

    Example:
        >>> from jaxopt_lab.plots import grid_points
        >>> window = ((-1.0, 1.0), (-1.0, 1.0))
        >>> square = grid_points(window, 9) ** 2
        >>> drawn = gallery({"bowl": square.sum(-1), "trough": square[..., 0]}, window)
        >>> list(drawn.axes)
        ['bowl', 'trough']
    """
    from matplotlib.colors import LogNorm

    if not heights:
        raise ValueError("heights: got no surface; pass at least one by its title")
    if axes is None:
        columns = min(columns, len(heights))
        figure, axes = new_figure(-(-len(heights) // columns), columns, width=1.8, height=1.95)
        (left, right), (bottom, top) = window
        text = f"over [{left:g}, {right:g}] × [{bottom:g}, {top:g}]; dark is low, by the logarithm of the height"
        figure.supxlabel(text, fontsize="small")
    places = np.atleast_1d(np.asarray(axes, object)).ravel()
    if len(places) < len(heights):
        raise ValueError(f"axes: got {len(places)} for {len(heights)} surfaces; pass as many")
    drawn = DrawnGallery({}, {})
    for ax, (title, values) in zip(places, heights.items(), strict=False):
        values = np.ma.masked_invalid(np.asarray(values, float))
        positive = values.compressed()[values.compressed() > 0]
        norm = LogNorm(np.quantile(positive, 0.001), positive.max()) if positive.size else None
        image = ax.imshow(
            np.maximum(values, positive.min()) if positive.size else values,
            origin="lower", extent=(*window[0], *window[1]), aspect="auto", cmap="viridis", norm=norm,
        )  # fmt: skip
        ax.set(facecolor=DIVERGED, xticks=[], yticks=[])
        for x, y in (marks or {}).get(title, ()):
            ax.plot(x, y, "x", color="white", mec="white", ms=5, mew=1.2, clip_on=False)
        ax.set_title(title, loc="left", fontsize="x-small")
        drawn.axes[title], drawn.images[title] = ax, image
    for ax in places[len(heights) :]:
        ax.set_axis_off()
    return drawn
