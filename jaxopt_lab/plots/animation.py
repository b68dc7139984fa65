"""Paths that move over their contours: as a GIF, and as one page with a slider that needs nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.plots.film import Film, Trail, filmed, frozen_layout
from jaxopt_lab.plots.pages import player, templates
from jaxopt_lab.plots.paths import DrawnPaths
from jaxopt_lab.plots.png import few_colours
from jaxopt_lab.plots.style import figure_of

if TYPE_CHECKING:
    from matplotlib.lines import Line2D
    from PIL.Image import Image

FRAMES_PER_SECOND = 12
REST = 1.5
"""Seconds for which a GIF stands still at its end."""


def write_gif(drawn: DrawnPaths, place: str | PathLike[str], *, unit: str = "step", seconds: float = 6.0) -> None:
    """Write what `paths` drew as a GIF, in which all paths go from their start to their end.

    Args:
        drawn: what `paths` returned.
        place: the file to write.
        unit: what the points are counted in.
        seconds: how long the way takes; the end stands a little longer.

    Raises:
        ValueError: for no path at all, and a time that is not above 0.

    Example:
        >>> import tempfile
        >>> from jaxopt_lab.plots import paths
        >>> down = np.array([[0.8, 0.0], [0.4, 0.0], [0.0, 0.0]])
        >>> drawn = paths(lambda w: (w**2).sum(-1), {"straight": down}, ((-1.0, 1.0), (-1.0, 1.0)))
        >>> with tempfile.NamedTemporaryFile(suffix=".gif") as file:
        ...     write_gif(drawn, file.name)
        ...     file.read(3)
        b'GIF'
    """
    from PIL.Image import Dither

    tracks, last = _tracks(drawn, seconds)
    # No more pictures than there are points to show.
    count = min(last + 1, max(2, round(seconds * FRAMES_PER_SECOND)))
    pictures = _pictures(drawn, tracks, np.linspace(0, last, count).round().astype(int), unit)
    # The last one has every colour; with one palette for all, what stays the same from one to the next costs nothing.
    palette = few_colours(pictures[-1])
    first, *others = (picture.quantize(palette=palette, dither=Dither.NONE) for picture in pictures)
    durations = [1000 * seconds / count] * (count - 1) + [1000 * REST]
    first.save(place, format="GIF", save_all=True, append_images=others, duration=durations, loop=0)


def film_paths(drawn: DrawnPaths, *, unit: str = "step", seconds: float = 6.0) -> Film:
    """What `paths` drew as a film, in which all paths go from their start to their end.

    Args:
        drawn: what `paths` returned; it stays as it is.
        unit: what the points are counted in.
        seconds: how long the way takes when it is played.

    Returns:
        The film: the contours stand still, the paths are lines with all their points.

    Raises:
        ValueError: for no path at all, and a time that is not above 0.

    Example:
        >>> from jaxopt_lab.plots import paths
        >>> down = np.array([[0.8, 0.0], [0.4, 0.0], [0.0, 0.0]])
        >>> drawn = paths(lambda w: (w**2).sum(-1), {"straight": down}, ((-1.0, 1.0), (-1.0, 1.0)))
        >>> film_paths(drawn).frames
        ['step 0 of 2', 'step 1 of 2', 'step 2 of 2']
    """
    tracks, last = _tracks(drawn, seconds)
    trails = [Trail(drawn.ax, track, str(line.get_color())) for line, track in zip(drawn.lines, tracks, strict=True)]
    frames = [f"{unit} {point} of {last}" for point in range(last + 1)]
    with _alone(drawn):
        return filmed(figure_of(drawn.ax), trails, frames, unit=unit, seconds=seconds)


def write_html(
    drawn: DrawnPaths, place: str | PathLike[str], *, alt: str = "", unit: str = "step", seconds: float = 6.0
) -> None:
    """Write what `paths` drew as one page that plays in any browser, offline: a slider, and a button to play.

    The contours are a picture, the paths are lines over it with all their points, so that the page stays small and the
    slider stops at every one. Arrow keys move it; without JavaScript the page shows the whole paths.

    Args:
        drawn: what `paths` returned.
        place: the file to write.
        alt: what the picture shows, for who cannot see it; by default its title and the names of its paths.
        unit: what the points are counted in.
        seconds: how long the way takes when it is played.

    Raises:
        ValueError: for no path at all, and a time that is not above 0.

    Example:
        >>> import tempfile
        >>> from jaxopt_lab.plots import paths
        >>> down = np.array([[0.8, 0.0], [0.4, 0.0], [0.0, 0.0]])
        >>> drawn = paths(lambda w: (w**2).sum(-1), {"straight": down}, ((-1.0, 1.0), (-1.0, 1.0)))
        >>> with tempfile.NamedTemporaryFile(suffix=".html") as file:
        ...     write_html(drawn, file.name)
        ...     file.read().count(b"<polyline")
        1
    """
    film = film_paths(drawn, unit=unit, seconds=seconds)
    title = drawn.ax.get_title(loc="left") or "Paths"
    names = ", ".join(str(line.get_label()) for line in drawn.lines)
    alt = alt or f"{title}: the paths of {names} over contour lines."
    page = templates().get_template("plots/animation.html").render(film=film, title=title, alt=alt, **player())
    Path(place).write_text(page, encoding="utf-8")


def _tracks(drawn: DrawnPaths, seconds: float) -> tuple[list[np.ndarray], int]:
    """The points of each path that can be drawn, up to where it leaves the finite numbers; and the last of all."""
    if not drawn.lines:
        raise ValueError("drawn: there is no path in it; an animation needs one that moves")
    if not seconds > 0:
        raise ValueError(f"seconds: got {seconds}; give how long the way takes, above 0")
    tracks = []
    for line in drawn.lines:
        track = np.column_stack([np.asarray(each, float) for each in line.get_data()])
        finite = np.append(np.isfinite(track).all(axis=1), False)
        if not finite[0]:
            raise ValueError(f"drawn: the start of {line.get_label()!r} is not finite; leave that path out")
        tracks.append(track[: finite.argmin()])
    return tracks, max(len(track) for track in tracks) - 1


def _pictures(drawn: DrawnPaths, tracks: list[np.ndarray], shown: np.ndarray, unit: str) -> "list[Image]":
    """One picture for each of the points shown; all but the paths is drawn once."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure, pictures = figure_of(drawn.ax), []
    canvas_before = figure.canvas
    canvas = FigureCanvasAgg(figure)
    clock = drawn.ax.text(1, 1.01, "", transform=drawn.ax.transAxes, ha="right", va="bottom")
    try:
        with frozen_layout(figure), _alone(drawn) as heads:
            canvas.draw()
            ground = canvas.copy_from_bbox(figure.bbox)
            for point in shown:
                canvas.restore_region(ground)
                for line, head, track in zip(drawn.lines, heads, tracks, strict=True):
                    line.set_data(*track[: point + 1].T)
                    head.set_data(*track[: point + 1][-1:].T)
                    drawn.ax.draw_artist(line)
                    drawn.ax.draw_artist(head)
                clock.set_text(f"{unit} {point}")
                drawn.ax.draw_artist(clock)
                pictures.append(Image.fromarray(np.array(canvas.buffer_rgba())).convert("RGB"))
    finally:
        clock.remove()
        figure.set_canvas(canvas_before)
    return pictures


@contextmanager
def _alone(drawn: DrawnPaths) -> "Iterator[list[Line2D]]":
    """The picture without its paths, and a head for each of them; afterwards it is as it was."""
    data: list[Any] = [line.get_data() for line in drawn.lines]
    for line in drawn.lines:
        line.set_data([], [])
    heads = [drawn.ax.plot([], [], "o", color=line.get_color(), mec="white", ms=8, zorder=6)[0] for line in drawn.lines]
    try:
        yield heads
    finally:
        for head in heads:
            head.remove()
        for line, (x, y) in zip(drawn.lines, data, strict=True):
            line.set_data(x, y)
