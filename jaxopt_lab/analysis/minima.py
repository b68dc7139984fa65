"""Which minimum an end point belongs to: the known ones first, then those that the end points themselves show."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jaxopt_lab.problems.problem import Problem

NOT_SETTLED, DIVERGED = -1, -2
"""The labels of end points that belong to no minimum."""

CANDIDATES = 1024
"""So many places, those where most trajectories ended, are tried for a minimum at a time."""

NEWTON_STEPS = 20

BOUNDED = 1e15
"""What has gone farther belongs to no minimum, and would not do to count with."""


def assign(problem: Problem, ends: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """The minima that trajectories ended in, and for each trajectory which.

    A place where many ended is a minimum that nobody listed if Newton's method leads from there to a point that is not
    farther away than the radius, and at which all curvatures are positive.

    Args:
        problem: the problem, of one vector.
        ends: end points, shape ``(count, dim)``.
        radius: how near to a minimum belongs to it.

    Returns:
        The minima, shape ``(minima, dim)``, those that the problem lists first and then by loss; and labels, shape
        ``(count,)``: a minimum's place, or `NOT_SETTLED` or `DIVERGED`.

    Example:
        >>> from jaxopt_lab import problems
        >>> ends = np.array([[1.0, 0.0], [-1.0, 1e-4], [0.0, 0.5], [np.nan, 0.0]])
        >>> minima, labels = assign(problems.double_well(), ends, radius=0.01)
        >>> labels.tolist()
        [0, 1, -1, -2]
    """
    dim = ends.shape[1]
    minima = np.zeros((0, dim)) if problem.minima is None else np.asarray(problem.minima, float)
    finite = np.isfinite(ends).all(axis=1)
    labels = np.where(finite, _nearest(ends, minima, radius), DIVERGED)
    while (labels == NOT_SETTLED).any():
        found = _found(problem, ends[labels == NOT_SETTLED], radius)
        fresh = np.where(labels == NOT_SETTLED, _nearest(ends, found, radius), NOT_SETTLED)
        if not (fresh >= 0).any():
            break
        labels = np.where(fresh >= 0, len(minima) + fresh, labels)
        minima = np.concatenate([minima, found])
    return minima, labels


def _nearest(points: np.ndarray, minima: np.ndarray, radius: float) -> np.ndarray:
    """For each point the place of the nearest minimum within the radius."""
    from scipy.spatial import KDTree

    label = np.full(len(points), NOT_SETTLED)
    bounded = (np.abs(points) < BOUNDED).all(axis=1)
    if len(minima):
        _, place = KDTree(minima).query(points[bounded], distance_upper_bound=radius)
        label[bounded] = np.where(place < len(minima), place, NOT_SETTLED)
    return label


def _found(problem: Problem, ends: np.ndarray, radius: float) -> np.ndarray:
    """Minima where many of these points lie, no two nearer to each other than the radius, by loss."""
    crowded = _crowded(ends, radius)
    if not len(crowded):
        return crowded
    padded = np.resize(crowded, (CANDIDATES, ends.shape[1])).astype(ends.dtype)
    minima, losses, sound = (np.asarray(each) for each in _newton(Partial(problem.loss), padded))
    sound = sound & (((minima - padded) ** 2).sum(axis=1) <= radius**2)
    return _apart(minima[sound][np.argsort(losses[sound], kind="stable")].astype(float), radius)


def _apart(points: np.ndarray, radius: float) -> np.ndarray:
    """The points without those that are nearer than the radius to one before them."""
    from scipy.spatial import KDTree

    kept, taken = [], np.zeros(len(points), bool)
    for place, neighbours in enumerate(KDTree(points).query_ball_point(points, radius) if len(points) else []):
        if not taken[place]:
            kept.append(place)
            taken[neighbours] = True
    return points[kept]


def _crowded(points: np.ndarray, radius: float) -> np.ndarray:
    """One point of each cell of the radius's size, of those cells that hold most."""
    bounded = points[(np.abs(points) < min(BOUNDED, radius * 2.0**60)).all(axis=1)]
    cells = np.floor(bounded / radius).astype(np.int64)
    _, first, counts = np.unique(cells, axis=0, return_index=True, return_counts=True)
    return bounded[first[np.argsort(-counts, kind="stable")[:CANDIDATES]]]


@jax.jit
def _newton(loss: Callable[..., jax.Array], points: Any) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Where Newton's method leads from each point, the loss there, and whether that is a minimum."""

    def from_one(point: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        def step(_: Any, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            point, _ = carry
            move = jnp.linalg.solve(jax.hessian(loss)(point, None), jax.grad(loss)(point, None))
            return point - move, jnp.linalg.norm(move)

        last, length = jax.lax.fori_loop(0, NEWTON_STEPS, step, (point, jnp.array(jnp.inf, point.dtype)))
        curvatures = jnp.linalg.eigvalsh(jax.hessian(loss)(last, None))
        arrived = length <= 1e-3 * (1 + jnp.linalg.norm(last))
        return last, loss(last, None), arrived & (curvatures > 0).all()

    return jax.vmap(from_one)(jnp.asarray(points))
