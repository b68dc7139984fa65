"""Windows of a plane: where their cells lie, and how many fit into memory."""

import math
from typing import Any

import numpy as np

from jaxopt_lab.engine.memory import FREE_PART, available_memory
from jaxopt_lab.problems.checks import whole_number

Window = tuple[tuple[float, float], tuple[float, float]]
"""``((left, right), (bottom, top))``."""


def cell_centres(window: Window, resolution: int | tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The middles of a window's cells along both of its sides.

    Args:
        window: ``((left, right), (bottom, top))``.
        resolution: cells along each side, or ``(across, up)``.

    Raises:
        ValueError: for a window without an area, or fewer than two cells along a side.

    Example:
        >>> [side.tolist() for side in cell_centres(((0.0, 1.0), (0.0, 4.0)), 2)]
        [[0.25, 0.75], [1.0, 3.0]]
    """
    sides = as_sides(resolution)
    ends = np.asarray(window, float)
    if ends.shape != (2, 2) or not np.isfinite(ends).all() or not (ends[:, 0] < ends[:, 1]).all():
        raise ValueError(f"window: got {window}; give ((left, right), (bottom, top)), each pair ascending")
    x, y = (low + (high - low) * (np.arange(n) + 0.5) / n for (low, high), n in zip(ends, sides, strict=True))
    return x, y


def as_sides(resolution: int | tuple[int, int]) -> tuple[int, int]:
    """The number of cells across and up.

    Raises:
        ValueError: if these are no whole numbers of at least 2.

    Example:
        >>> as_sides(100)
        (100, 100)
    """
    sides: Any = (resolution,) * 2 if np.ndim(resolution) == 0 else tuple(resolution)  # pyright: ignore
    if len(sides) != 2:
        raise ValueError(f"resolution: got {resolution}; give one number, or (across, up)")
    across, up = (whole_number("resolution", side, least=2) for side in sides)
    return across, up


def check_fits(sides: tuple[int, int], bytes_per_cell: int, instead: str = "") -> None:
    """Refuse a picture that memory can't hold, and say which one it can.

    Args:
        sides: cells across and up.
        bytes_per_cell: what a cell takes while it is computed and kept.
        instead: what else would do, as the end of the sentence.

    Raises:
        ValueError: naming the largest picture of that shape that fits.
    """
    available = available_memory()
    if available is None:
        return
    across, up = sides
    needed = across * up * bytes_per_cell
    room = FREE_PART * available
    if needed > room:
        part = math.sqrt(room / needed)
        raise ValueError(
            f"resolution: {across:,} x {up:,} cells take {needed / 2**30:,.1f} GiB, but {available / 2**30:,.1f} GiB "
            f"of memory are free; at most {int(across * part):,} x {int(up * part):,} fit{instead}"
        )
