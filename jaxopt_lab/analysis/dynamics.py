"""Measurements on recorded trajectories."""

from typing import Any

import numpy as np


def contraction_factor(distances: Any, skip: int = 0) -> float:
    r"""The factor a step by which a positive quantity shrinks (or grows): a straight line through its logarithm.

    .. math:: \log d_t \approx c + t \log \rho

    Args:
        distances: :math:`d_t`, shape ``(steps + 1,)``, positive from ``skip`` on.
        skip: how many points at the beginning are left out, where the slowest mode does not rule yet.

    Returns:
        :math:`\rho`.

    Raises:
        ValueError: if fewer than two points are left, or one is not positive and finite.

    Example:
        >>> round(contraction_factor(5.0 * 0.9 ** np.arange(20)), 6)
        0.9
    """
    left = np.asarray(distances, float)[skip:]
    if len(left) < 2 or not (np.isfinite(left) & (left > 0)).all():
        raise ValueError(
            f"distances: got {len(left)} points after skipping {skip}, the least of them {left.min(initial=np.inf)}; "
            "a rate needs two or more that are positive and finite"
        )
    return float(np.exp(np.polyfit(np.arange(len(left)), np.log(left), 1)[0]))


def first_step_beyond(values: Any, distance: float) -> np.ndarray:
    """The first step at which a quantity lies further from 0 than ``distance``.

    Args:
        values: the quantity, its last axis over steps, shape ``(..., steps + 1)``; what is not finite lies beyond.
        distance: how far is beyond.

    Returns:
        The step, shape ``(...)``; -1 where it never does.

    Example:
        >>> first_step_beyond([[0.5, 1.0, 2.0], [0.0, 0.0, 0.0]], 0.9)
        array([ 1, -1])
    """
    beyond = ~(np.abs(np.asarray(values)) <= distance)
    return np.where(beyond.any(-1), beyond.argmax(-1), -1)


def quartiles(values: Any) -> np.ndarray:
    """The quartiles along the last axis, by order statistics: what is not finite counts as infinitely large.

    Where a quartile falls between two values it is their mean, as for the median: infinite if one of them is.

    Args:
        values: any numbers, shape ``(..., count)``.

    Returns:
        The lower quartile, the median and the upper quartile, shape ``(3, ...)``.

    Example:
        >>> quartiles([1.0, 2.0, 4.0, np.nan]).tolist()
        [1.5, 3.0, inf]
    """
    ordered = np.sort(np.where(np.isfinite(values), values, np.inf), axis=-1)
    count = ordered.shape[-1]
    # The q-th order statistic, or the mean of two where count * q is whole.
    low = [(count * quarter - 1) // 4 for quarter in (1, 2, 3)]
    high = [count * quarter // 4 for quarter in (1, 2, 3)]
    return np.moveaxis((ordered[..., low] + ordered[..., high]) / 2, -1, 0)
