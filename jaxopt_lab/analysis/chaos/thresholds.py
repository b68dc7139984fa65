"""Where a minimum loses its hold, from its curvature, and where wells are seen to merge."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.analysis.theory import stability_boundary
from jaxopt_lab.problems.problem import Problem


def minima_boundaries(problem: Problem, momentum: float = 0.0, *, nesterov: bool = False) -> np.ndarray:
    r"""The learning rate from which on each known minimum holds nobody any more.

    .. math:: \alpha_k = \frac{2 + 2 \beta}{h_{max}(x_k)}, \qquad \text{with Nesterov's momentum} \;
              \frac{2 + 2 \beta}{(1 + 2 \beta) \, h_{max}(x_k)}

    exactly, in any dimension: close to a minimum a smooth loss is the quadratic of its Hessian. A start far from it may
    be lost earlier.

    Args:
        problem: a smooth problem that lists its minima.
        momentum: :math:`\beta`, in [0, 1); 0 is gradient descent.
        nesterov: whether the momentum is Nesterov's.

    Returns:
        The learning rates, shape ``(minima,)``; infinite for a minimum without curvature.

    Raises:
        ValueError: for a problem that lists no minima or is not smooth; for a momentum outside [0, 1).

    Example:
        >>> from jaxopt_lab import problems
        >>> minima_boundaries(problems.double_well(dim=1)).tolist()
        [1.0, 1.0]
        >>> minima_boundaries(problems.quadratic((1.0, 10.0)), 0.9).tolist()
        [0.38]
    """
    if problem.minima is None or not problem.smooth:
        lacks = "lists no minima" if problem.minima is None else "has no curvature at its minima"
        raise ValueError(f"problem: {problem.name} {lacks}, so that nothing is known of where they lose their hold")
    key = jax.random.key(0)  # for gradient noise, which a Hessian has none of
    hessians = jax.jit(jax.vmap(jax.hessian(lambda point: problem.loss(point, key))))
    steepest = np.linalg.eigvalsh(np.asarray(hessians(jnp.asarray(problem.minima, float)), float)).max(axis=1)
    # That of a curvature of 1, for any other is its share.
    unit = stability_boundary([1.0], momentum, nesterov=nesterov)
    return np.divide(unit, steepest, out=np.full(len(steepest), np.inf), where=steepest > 0)


def merging_onset(values: Any, points: Any) -> float | None:
    """From which value on single trajectories are seen on both sides of 0, as one goes up an axis.

    Args:
        values: ascending values of a hyperparameter, shape ``(count,)``.
        points: one coordinate of the last points there, shape ``(count, starts, points)``.

    Returns:
        The value in the middle between the first one where any trajectory has points of both signs and the one before;
        None if there is none.

    Example:
        >>> merging_onset([1.0, 1.5, 2.0], [[[1.0, 1.1]], [[0.5, 0.9]], [[0.8, -0.8]]])
        1.75
    """
    values, points = np.asarray(values, float), np.asarray(points, float)
    crosses = ((points > 0).any(-1) & (points < 0).any(-1)).any(-1)
    at = int(crosses.argmax())
    return float(values[max(at - 1, 0) : at + 1].mean()) if crosses.any() else None
