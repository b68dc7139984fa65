"""Cycles: the period of what a trajectory ends in, and where on an axis each period sets in."""

from typing import Any

import numpy as np

DIVERGED = -1
"""The period of what has left the finite numbers."""


def cycle_period(points: Any, tolerance: float = 1e-4) -> np.ndarray:
    r"""The period of the last points of trajectories: the least number of steps after which each comes back.

    .. math:: \min \{\, p : \max_t \max_i |x_{t+p,i} - x_{t,i}| \le \varepsilon (1 + \max_{t,i} |x_{t,i}|) \,\}

    Args:
        points: consecutive points, shape ``(..., points, dim)``.
        tolerance: :math:`\varepsilon`, how far a point may lie from where it was a period before.

    Returns:
        The period :math:`p`, shape ``(...)``: 1 at rest, 0 where no period of at most half of the points is found
        (chaos, a longer cycle, a slow approach), -1 where a point is not finite.

    Raises:
        ValueError: for fewer than two points, or a tolerance that is not positive.

    Example:
        >>> turn = np.arange(8)[:, None]
        >>> cycle_period([0.0 * turn, turn % 3, 2.0**turn, np.full((8, 1), np.inf)]).tolist()
        [1, 3, 0, -1]
    """
    points = np.asarray(points, float)
    if points.ndim < 2 or points.shape[-2] < 2:
        raise ValueError(f"points: got shape {points.shape}; give two or more points, shape (..., points, dim)")
    if not tolerance > 0:
        raise ValueError(f"tolerance: got {tolerance}; give a positive distance")
    finite = np.isfinite(points).all((-2, -1))
    known = np.where(finite[..., None, None], points, 0.0)
    near = tolerance * (1 + np.abs(known).max((-2, -1)))
    period = np.where(finite, 0, DIVERGED)
    for candidate in range(1, points.shape[-2] // 2 + 1):
        apart = np.abs(known[..., candidate:, :] - known[..., :-candidate, :]).max((-2, -1))
        period = np.where((period == 0) & (apart <= near), candidate, period)
    return period


def period_onsets(values: Any, periods: Any) -> dict[int, float]:
    """From which value on each period is seen, as one goes up an axis.

    Args:
        values: ascending values of a hyperparameter, shape ``(count,)``.
        periods: the periods found there by `cycle_period`, of one or more trajectories each, shape ``(count, ...)``.

    Returns:
        For each period found, ascending, the value in the middle between the first one where any trajectory has it and
        the one before; a period that is there from the first value on is left out. A doubling is seen a little early,
        since close to it a trajectory settles ever more slowly.

    Example:
        >>> period_onsets([0.9, 1.1, 1.3, 1.5], [1, 2, 4, 0])
        {2: 1.0, 4: 1.2}
    """
    values, periods = np.asarray(values, float), np.asarray(periods)
    rows = periods.reshape(len(values), -1)
    firsts = {int(period): int((rows == period).any(1).argmax()) for period in np.unique(rows) if period > 0}
    return {period: float(values[at - 1 : at + 1].mean()) for period, at in firsts.items() if at > 0}
