"""Windows of a plane: where their cells lie; and how much of anything fits into memory."""

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
    sides = zip(as_window(window), as_sides(resolution), strict=True)
    x, y = (low + (high - low) * (np.arange(n) + 0.5) / n for (low, high), n in sides)
    return x, y


def as_window(window: Any) -> Window:
    """A window of a plane, if it is one.

    Args:
        window: what came.

    Raises:
        ValueError: for what is no pair of ascending pairs of finite numbers.

    Example:
        >>> as_window([[0, 1], [2, 3]])
        ((0.0, 1.0), (2.0, 3.0))
    """
    ends = as_numbers(window)
    if ends.shape != (2, 2) or not np.isfinite(ends).all() or not (ends[:, 0] < ends[:, 1]).all():
        raise ValueError(f"window: got {window}; give ((left, right), (bottom, top)), each pair ascending")
    (left, right), (bottom, top) = ends.tolist()
    return (left, right), (bottom, top)


def as_numbers(values: Any) -> np.ndarray:
    """Floats in an array; an empty one where they are none, or of ragged shape.

    Example:
        >>> as_numbers([1, 2]).tolist(), as_numbers("all").size
        ([1.0, 2.0], 0)
    """
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError):
        return np.zeros(0)


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


def check_fits(sides: tuple[int, ...], bytes_per_cell: int) -> None:
    """Refuse a picture that memory can't hold, and say which one it can.

    Args:
        sides: cells along each side.
        bytes_per_cell: what a cell takes while it is computed and kept.

    Raises:
        ValueError: naming the largest picture of that shape that fits.
    """
    part = _part_that_fits(math.prod(sides) * bytes_per_cell) ** (1 / len(sides))
    if part < 1:
        asked, fitting = (" x ".join(f"{int(side * scale):,}" for side in sides) for scale in (1, part))
        _refuse("resolution", f"{asked} cells", math.prod(sides) * bytes_per_cell, fitting)


def check_count(argument: str, count: int, what: str, bytes_each: int, *, power: int = 1) -> None:
    """Refuse more of something than memory can hold, and say how many it can.

    Args:
        argument: which argument asked for them.
        count: how many.
        what: what they are called.
        bytes_each: what each takes.
        power: memory grows with this power of the count.

    Raises:
        ValueError: naming the largest number that fits.
    """
    part = _part_that_fits(count**power * bytes_each) ** (1 / power)
    if part < 1:
        _refuse(argument, f"{count:,} {what}", count**power * bytes_each, f"{int(count * part):,}")


def _part_that_fits(needed: int) -> float:
    available = available_memory()
    return 1.0 if available is None else min(1.0, FREE_PART * available / max(needed, 1))


def _refuse(argument: str, what: str, needed: int, fitting: str) -> None:
    available = available_memory() or 0
    raise ValueError(
        f"{argument}: {what} take {needed / 2**30:,.1f} GiB, but {available / 2**30:,.1f} GiB of memory are free; "
        f"at most {fitting} fit"
    )
