"""How rough a set is: its dimension by counting the boxes that it touches."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

FEWEST_BOXES = 8
"""So many of the largest boxes, by default, along the shorter side. Fewer say more of the window than of the set."""


class BoxDimension(NamedTuple):
    """A dimension by box counting.

    Attributes:
        dimension: the slope of the straight line; NaN for an empty set.
        error: the standard error of the slope. Counts of neighbouring sizes hang together, so that it is a lower bound.
        sizes: the lengths of the boxes' sides, in cells.
        counts: how many boxes of each size the set touches.
    """

    dimension: float
    error: float
    sizes: np.ndarray
    counts: np.ndarray


def box_dimension(mask: Any, sizes: Sequence[int] | None = None) -> BoxDimension:
    r"""The box-counting dimension of a set of cells: how the number of boxes that it touches grows as they shrink.

    .. math:: D = -\frac{d \ln N(s)}{d \ln s}

    fitted by least squares over the sizes, all with the same weight.

    Args:
        mask: which cells belong to the set, a truth value each, shape ``(n,)``, ``(n, m)`` or of more dimensions.
        sizes: the sides of the boxes in cells, at least three; by default the powers of two from 1 on that leave eight
            boxes or more along the shortest side. Boxes at the far ends may stick out.

    Returns:
        The dimension, its error, and what they were fitted to.

    Raises:
        ValueError: for fewer than three sizes, sizes that are no whole numbers of at least 1 or appear twice, or a mask
            too small for three.

    Example:
        >>> diagonal = np.eye(256, dtype=bool)
        >>> found = box_dimension(diagonal)
        >>> found.counts.tolist(), round(found.dimension, 6)
        ([256, 128, 64, 32, 16, 8], 1.0)

    References:
        K. Falconer (2014). Fractal Geometry, chapter 2. Wiley.
    """
    mask = np.asarray(mask, bool)
    chosen = _powers_of_two(mask) if sizes is None else np.asarray(sizes)
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or len(np.unique(chosen)) < 3 or chosen.min() < 1:
        raise ValueError(f"sizes: got {sizes!r}; give at least three different whole numbers of cells")
    if len(np.unique(chosen)) < len(chosen):
        raise ValueError(f"sizes: got {sizes!r}; give each size once")
    counts = np.array([_touched(mask, int(size)) for size in chosen])
    if not mask.any():
        return BoxDimension(np.nan, np.nan, chosen, counts)
    x, y = -np.log(chosen), np.log(counts)
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    misfit = y - y.mean() - slope * x
    error = float(np.sqrt(misfit @ misfit / (len(x) - 2) / (x @ x)))
    return BoxDimension(slope, error, chosen, counts)


def boundary(labels: Any) -> np.ndarray:
    """The cells whose neighbour to the right or above has another label: a line between labels is one cell thick.

    Args:
        labels: a label for each cell, shape ``(n, m)``.

    Returns:
        A truth value for each cell.

    Example:
        >>> boundary(np.array([[0, 0, 1, 1]])).tolist()
        [[False, True, False, False]]
    """
    labels = np.asarray(labels)
    edge = np.zeros(labels.shape, bool)
    edge[:-1] |= labels[1:] != labels[:-1]
    edge[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    return edge


def _powers_of_two(mask: np.ndarray) -> np.ndarray:
    shortest = min(mask.shape, default=0)
    count = (shortest // FEWEST_BOXES).bit_length()
    if count < 3:
        raise ValueError(
            f"mask: got shape {mask.shape}; sizes of three octaves need at least {4 * FEWEST_BOXES} cells along each "
            "side, or give sizes"
        )
    return 2 ** np.arange(count)


def _touched(mask: np.ndarray, size: int) -> int:
    """How many boxes of that size hold a cell of the set."""
    for axis in range(mask.ndim):
        mask = np.logical_or.reduceat(mask, np.arange(0, mask.shape[axis], size), axis=axis)
    return int(mask.sum())
