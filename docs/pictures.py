"""Make the pictures that the README and the pages of docs/ show.

    .venv/bin/python docs/pictures.py [NAME ...] [--folder docs/pictures]

Each still picture is what the command below it in the README's table leaves, made smaller; `race.gif` is made here.
"""

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from PIL.Image import Dither, Quantize, Resampling

if TYPE_CHECKING:
    from jaxopt_lab.problems import Problem

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"

WIDTH = 840
"""Pixels across: twice what half of a page has, for screens with two dots where others have one."""

MOST_BYTES = 150_000
"""Of a still picture."""

SIDE, CELL, STEPS = 135, 2, 200
"""The race: starts along a side of the window, pixels along a side of each, updates."""

LOW, HIGH = -5.0, 5.0
"""The window of the race, across and up."""

GAP, HEAD = 10, 26
"""Pixels between the panels of the race, and above them for their titles."""

MOMENTS = [*range(50), *range(50, 100, 2), *range(100, STEPS + 1, 4)]
"""The steps that the race shows: all at first, when the ways are long."""

REST, BLINK = 1500, 70
"""Milliseconds for which the first and the last picture stand, and each of the others."""


def commands(page: str) -> dict[str, list[str]]:
    """The commands in the README's table of pictures, by the name of the picture above them.

    Raises:
        ValueError: for a picture without a command.
    """
    (table,) = [each for each in page.split("\n\n") if each.startswith("| ![")]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if not line.startswith("|-")]
    found = {}
    for pictures, texts in zip(rows[::2], rows[1::2], strict=True):
        for picture, text in zip(pictures, texts, strict=True):
            (name,) = re.findall(r"\]\(docs/pictures/([\w-]+)\.png\)", picture)
            found[name] = re.findall(r"`(jaxopt-lab [^`]+)`", text)
            if not found[name]:
                raise ValueError(f"{name}.png: there is no command below it; write the one that makes it")
    return found


def still(lines: list[str], place: Path) -> None:
    """Run commands in an empty folder, and keep the picture that they leave, made smaller.

    Raises:
        subprocess.CalledProcessError: if one fails.
        ValueError: if they leave anything but one picture.
    """
    ours = Path(sys.executable).with_name("jaxopt-lab")
    with tempfile.TemporaryDirectory() as folder:
        for line in lines:
            words = [ours, *shlex.split(line)[1:]]
            subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the README's own
        (left,) = Path(folder).glob("*.png")
        with Image.open(left) as picture:
            smaller(picture.convert("RGB")).save(place, optimize=True)


def smaller(picture: Image.Image) -> Image.Image:
    """A picture of the width of the page's half, in as many colours as its size in bytes allows.

    Raises:
        ValueError: if that is fewer than 32.
    """
    height = round(picture.height * WIDTH / picture.width)
    resized = picture.resize((WIDTH, height), Resampling.LANCZOS)
    reduced = (resized.quantize(count, Quantize.MAXCOVERAGE, dither=Dither.NONE) for count in (256, 128, 64, 32))
    for tried in (resized, *reduced):
        if _bytes(tried) <= MOST_BYTES:
            return tried
    raise ValueError(f"the picture takes more than {MOST_BYTES:,} bytes in 32 colours; show a simpler one")


def _bytes(picture: Image.Image) -> int:
    with tempfile.TemporaryFile() as file:
        picture.save(file, format="PNG", optimize=True)
        return file.tell()


def race(place: Path) -> None:
    """Starts all over Himmelblau's function, coloured by the minimum that each will reach, under three methods."""
    from jaxopt_lab import optimizers, problems, sweep

    surface = problems.himmelblau()
    methods = {
        "gradient descent": optimizers.sgd(0.003),
        "heavy ball": optimizers.sgd_momentum(0.003, 0.9),
        "Adam": optimizers.adam(0.15),
    }
    side = LOW + (HIGH - LOW) * (np.arange(SIDE) + 0.5) / SIDE
    starts = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    paths = sweep(surface, methods, {}, starts=starts, num_steps=STEPS, record="path").params
    paths = paths.transpose("optimizer", "start", "step", "param").values
    frames = _frames(surface, dict(zip(methods, paths, strict=True)))
    # One palette for all pictures: what stays the same from one to the next then costs nothing.
    both = Image.fromarray(np.concatenate([np.asarray(frames[0]), np.asarray(frames[-1])]))
    palette = both.quantize(64, method=Quantize.MAXCOVERAGE, dither=Dither.NONE)
    first, *others = (frame.quantize(palette=palette, dither=Dither.NONE) for frame in frames)
    times = [REST, *[BLINK] * (len(others) - 1), REST]
    first.save(place, format="GIF", save_all=True, append_images=others, duration=times, loop=0)


def _frames(surface: "Problem", paths: dict[str, np.ndarray]) -> list[Image.Image]:
    """The pictures of the race: a panel for each method."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    size = SIDE * CELL
    width, height = len(paths) * (size + GAP) + GAP, size + HEAD + GAP
    figure = plt.figure(figsize=(width / 100, height / 100), dpi=100)
    canvas, dots = FigureCanvasAgg(figure), []
    for place, (name, ways) in enumerate(paths.items()):
        box = ((GAP + place * (size + GAP)) / width, GAP / height, size / width, size / height)
        ax = figure.add_axes(box, xticks=[], yticks=[], xlim=(LOW, HIGH), ylim=(LOW, HIGH))
        ax.set_title(name, fontsize=11, pad=5)
        _contours(ax, surface)
        colours = _colours(ways[:, -1], surface.minima)
        area = (CELL * 72 / 100) ** 2
        dots.append(ax.scatter(*ways[:, 0].T, c=colours, s=area, marker="s", linewidths=0, antialiased=False, zorder=3))
        stars = _colours(surface.minima, surface.minima)
        ax.scatter(*surface.minima.T, marker="*", s=200, color=stars, edgecolor="white", lw=1.2, zorder=5)
    clock = figure.text(1 - GAP / width, 1 - 6 / height, "", ha="right", va="top", fontsize=11)
    frames = []
    for step in MOMENTS:
        for dot, ways in zip(dots, paths.values(), strict=True):
            dot.set_offsets(ways[:, step])
        clock.set_text(f"step {step}")
        canvas.draw()
        frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
    return frames


def _contours(ax: Any, surface: "Problem") -> None:
    """The surface, pale, so that it is seen where the dots have gone."""
    import jax

    from jaxopt_lab.plots import grid_points

    points = grid_points(((LOW, HIGH), (LOW, HIGH)))
    heights = jax.vmap(jax.vmap(lambda point: surface.loss(point, None)))(points)
    ax.contour(
        points[..., 0], points[..., 1], heights, levels=np.geomspace(2, 800, 12), colors="#d5d5d5", linewidths=0.7
    )


def _colours(ends: np.ndarray, minima: np.ndarray) -> list[str]:
    """The colour of the minimum that each end lies at, grey for what is still on its way."""
    from jaxopt_lab.plots.style import DIVERGED, PALETTE

    distance = np.linalg.norm(ends[:, None] - minima, axis=-1)
    return [PALETTE[each.argmin()] if each.min() < 0.5 else DIVERGED for each in distance]


def main(arguments: list[str]) -> None:
    """Make the pictures named, or all."""
    makers = {name: (lambda place, line=line: still(line, place)) for name, line in commands(_readme()).items()}
    files = {f"{name}.png": maker for name, maker in makers.items()} | {"race.gif": race}
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(files)} (all)")
    options.add_argument("--folder", type=Path, default=FOLDER)
    chosen = options.parse_args(arguments)
    for name in chosen.names or files:
        if name not in files:
            options.error(f"there is no picture {name!r}; there are {', '.join(files)}")
        files[name](chosen.folder / name)


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
