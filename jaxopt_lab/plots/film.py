"""Figures in which something moves: a still background, and where the moving things are in each frame.

A page plays them with ``film.html``, ``film.css`` and ``film.js``, and needs nothing else.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.plots.png import png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FINENESS = 2
"""Dots of the background for each unit of the page, for screens that have more than one."""

_FAR = 1e5  # units of the page: farther out nothing is seen, and browsers compute in single precision
_POINTS = 72  # of type, to the inch


class Trail(NamedTuple):
    """A line that grows by a point in each frame, with a dot at its head.

    Attributes:
        ax: the axes that it moves over, and is cut at.
        points: its points, shape ``(steps, 2)``; a line with fewer points than there are frames stops at its last.
        color: of the line.
    """

    ax: "Axes"
    points: np.ndarray
    color: str


class Cloud(NamedTuple):
    """Dots that move.

    Attributes:
        ax: the axes that they move over, and are cut at.
        points: where they are, shape ``(frames, dots, 2)``.
        color: of the dots.
        size: their diameter, in points of type.
    """

    ax: "Axes"
    points: np.ndarray
    color: str
    size: float = 3.6


class Segment(NamedTuple):
    """A straight line that moves.

    Attributes:
        ax: the axes that it moves over, and is cut at.
        points: its two ends, shape ``(frames, 2, 2)``.
        color: of the line.
    """

    ax: "Axes"
    points: np.ndarray
    color: str


class Words(NamedTuple):
    """Text that changes.

    Attributes:
        ax: the axes that it stands on.
        place: where, as shares of the width and the height of the axes.
        texts: one for each frame.
        align: ``"left"``, ``"center"`` or ``"right"`` of the place.
        size: in points of type.
    """

    ax: "Axes"
    place: tuple[float, float]
    texts: Sequence[str]
    align: str = "left"
    size: float = 10.0


class Film(NamedTuple):
    """A figure that moves, as a page takes it; lengths in units of the page, downwards from its upper edge.

    Attributes:
        background: all that stands still, a PNG.
        width: of the figure.
        height: of the figure.
        parts: what moves: for each its look, and one attribute or text a frame.
        frames: what each frame is called.
        unit: what the frames are counted in.
        still: the frame to show where nothing moves.
        seconds: how long it lasts.
    """

    background: bytes
    width: int
    height: int
    parts: list[dict[str, Any]]
    frames: list[str]
    unit: str
    still: int
    seconds: float


def film(
    figure: "Figure",
    parts: Sequence[Trail | Cloud | Segment | Words],
    frames: Sequence[str],
    *,
    unit: str = "step",
    still: int = -1,
    seconds: float = 6.0,
) -> Film:
    """Make a figure move. The figure itself is given the frame to stand still at, and may then be saved as a picture.

    Args:
        figure: all that stands still.
        parts: what moves over it.
        frames: what each frame is called.
        unit: what the frames are counted in.
        still: the frame to show where nothing moves.
        seconds: how long it lasts.

    Returns:
        The film.

    Raises:
        ValueError: for a part that has not one place for each frame, and a time that is not above 0.

    Example:
        >>> from jaxopt_lab.plots import new_figure
        >>> figure, ax = new_figure()
        >>> falling = Cloud(ax, np.linspace(1.0, 0.0, 5)[:, None, None] * [0.5, 1.0], "black")
        >>> film(figure, [falling], [f"step {step}" for step in range(5)]).frames[-1]
        'step 4'
        >>> len(ax.lines)
        1
    """
    made = filmed(figure, parts, frames, unit=unit, still=still, seconds=seconds)
    for part in parts:
        _draw(part, made.still)
    return made


def filmed(
    figure: "Figure",
    parts: Sequence[Trail | Cloud | Segment | Words],
    frames: Sequence[str],
    *,
    unit: str,
    still: int = -1,
    seconds: float,
) -> Film:
    """As `film`, but the figure is left as it is."""
    if not seconds > 0:
        raise ValueError(f"seconds: got {seconds}; give how long the way takes, above 0")
    for part in parts:
        count = len(part.texts) if isinstance(part, Words) else len(part.points)
        if count > len(frames) or (count < len(frames) and not isinstance(part, Trail)):
            raise ValueError(f"parts: {type(part).__name__} has {count} places for {len(frames)} frames; give as many")
    with frozen_layout(figure):
        on_page = [_on_page(part, figure.bbox.height, figure.dpi) for part in parts]
        background = png(figure, FINENESS * figure.dpi)
    return Film(background, *page_size(figure), on_page, list(frames), unit, still % len(frames), seconds)


def _on_page(part: Trail | Cloud | Segment | Words, height: float, dpi: float) -> dict[str, Any]:
    """What a page needs to know of a part."""
    if isinstance(part, Words):
        x, y = part.ax.transAxes.transform(part.place)
        return {
            "kind": "words", "x": _number(x), "y": _number(height - y), "align": part.align,
            "size": _number(part.size * dpi / _POINTS), "steps": list(part.texts),
        }  # fmt: skip
    points = np.asarray(part.points, float)
    pixels = part.ax.transData.transform(points.reshape(-1, 2)).reshape(points.shape)
    # A page counts downwards from its upper edge.
    pixels = np.clip(np.nan_to_num([0, height] + pixels * [1, -1], nan=_FAR), -_FAR, _FAR)
    window = part.ax.get_window_extent()
    look = {
        "color": part.color,
        "box": [_number(side) for side in (window.x0, height - window.y1, window.width, window.height)],
    }
    if isinstance(part, Trail):
        return {"kind": "trail", **look, "steps": [f"{_number(x)},{_number(y)}" for x, y in pixels]}
    if isinstance(part, Segment):
        ends = [f"M{_number(a)} {_number(b)}L{_number(c)} {_number(d)}" for (a, b), (c, d) in pixels]
        return {"kind": "segment", **look, "steps": ends}
    dots = ["".join(f"M{_number(x)} {_number(y)}h0" for x, y in frame) for frame in pixels]
    return {"kind": "cloud", **look, "size": _number(part.size * dpi / _POINTS), "steps": dots}


def _number(length: float) -> str:
    return f"{length:.1f}".removesuffix(".0")


def _draw(part: Trail | Cloud | Segment | Words, frame: int) -> None:
    """One frame of it, onto the figure, which shows the window that it showed before."""
    part.ax.autoscale(enable=False)
    if isinstance(part, Words):
        part.ax.text(
            *part.place, part.texts[frame], ha=part.align, va="baseline", size=part.size, transform=part.ax.transAxes
        )
    elif isinstance(part, Trail):
        part.ax.plot(*np.transpose(part.points[: frame + 1]), color=part.color, lw=1.4, alpha=0.85)
        part.ax.plot(*np.transpose(part.points[: frame + 1][-1:]), "o", color=part.color, mec="white", ms=8, zorder=6)
    elif isinstance(part, Segment):
        part.ax.plot(*np.transpose(part.points[frame]), color=part.color, lw=1.6)
    else:
        part.ax.plot(*np.transpose(part.points[frame]), "o", color=part.color, ms=part.size, alpha=0.75, mew=0)


def page_size(figure: "Figure") -> tuple[int, int]:
    """How wide and how high a figure is on a page, where its text has the size of the page's.

    Args:
        figure: the figure.

    Example:
        >>> from jaxopt_lab.plots import new_figure
        >>> figure, _ = new_figure(width=4.0, height=3.0)
        >>> page_size(figure)
        (440, 330)
    """
    width, height = figure.bbox.size
    return round(width), round(height)


@contextmanager
def frozen_layout(figure: "Figure") -> "Iterator[None]":
    """Axes that stay where they are from picture to picture."""
    engine = figure.get_layout_engine()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)
