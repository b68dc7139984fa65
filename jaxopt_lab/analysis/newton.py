"""Newton's method for a zero of the gradient, damped so that it arrives: at minima, saddles and maxima alike."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.engine.lanes import Skeleton

MOST_STEPS = 60

ARRIVED = 1e-6
"""A Newton step that is shorter than this share of the window ends at a critical point."""

POLISHING = 3
"""Steps beyond arrival: each doubles the number of right digits."""

TOGETHER = 16
"""Starts that run side by side, until the last of them has ended: of more, most would wait for few."""

BLOCK = 512
"""Points at which derivatives are taken at once."""


class Surface(NamedTuple):
    """A loss over a window; points are in units of the window. Compiled once for all problems of its kind."""

    skeleton: Skeleton
    leaves: tuple[Any, ...]
    lower: np.ndarray
    width: np.ndarray

    def places(self, points: np.ndarray) -> np.ndarray:
        """The points in units of the parameters."""
        return self.lower + points * self.width

    def search(self, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where Newton's method ends, and whether at a critical point."""
        ends, arrived = _search(self.skeleton, self.leaves, self.lower, self.width, starts)
        return np.asarray(ends), np.asarray(arrived)

    def derivatives(self, points: np.ndarray) -> tuple[np.ndarray, ...]:
        """The loss, the gradient and the Hessian."""
        blocks = [_derivatives(*self, block) for block in _blocks(points)]
        return tuple(np.concatenate(each)[: len(points)] for each in zip(*blocks, strict=True))

    def slopes(self, points: np.ndarray) -> np.ndarray:
        """The gradient."""
        return np.concatenate([_slopes(*self, block) for block in _blocks(points)])[: len(points)]


def _blocks(points: np.ndarray) -> np.ndarray:
    """Points in blocks of one size, so that one program serves all numbers of them."""
    count = max(1, -(-len(points) // BLOCK))
    padded = np.zeros((count * BLOCK, points.shape[1]))
    padded[: len(points)] = points
    return padded.reshape(count, BLOCK, -1)


def _loss(skeleton: Skeleton, leaves: Any, lower: jax.Array, width: jax.Array) -> Callable[[jax.Array], jax.Array]:
    return lambda point: skeleton.fill(leaves).loss(lower + point * width, None)


@functools.partial(jax.jit, static_argnums=0)
def _derivatives(skeleton: Skeleton, leaves: Any, lower: jax.Array, width: jax.Array, points: jax.Array) -> Any:
    loss = _loss(skeleton, leaves, lower, width)
    return jax.vmap(lambda point: (*jax.value_and_grad(loss)(point), jax.hessian(loss)(point)))(points)


@functools.partial(jax.jit, static_argnums=0)
def _slopes(skeleton: Skeleton, leaves: Any, lower: jax.Array, width: jax.Array, points: jax.Array) -> jax.Array:
    return jax.vmap(jax.grad(_loss(skeleton, leaves, lower, width)))(points)


class _Walk(NamedTuple):
    """One start on its way: its place, the gradient, and the Hessian's axes with curvature and slope along each."""

    point: Any
    slope: Any
    axes: Any
    curvatures: Any
    along: Any
    damping: Any
    steps: Any
    arrived_since: Any

    def newton(self) -> jax.Array:
        """The undamped step, along the axes; none where there is no slope."""
        return jnp.where(self.along == 0, 0.0, -self.along / self.curvatures)

    def damped(self) -> jax.Array:
        usual = jnp.mean(self.curvatures**2)
        return -self.curvatures * self.along / (self.curvatures**2 + self.damping * usual + jnp.finfo(float).tiny)

    def goes_on(self) -> jax.Array:
        lost = (jnp.abs(self.point - 0.5) > 0.75).any() | ~jnp.isfinite(self.along).all() | (self.damping > 1e6)
        return ~lost & (self.arrived_since <= POLISHING) & (self.steps < MOST_STEPS)


@functools.partial(jax.jit, static_argnums=0)
def _search(skeleton: Skeleton, leaves: Any, lower: jax.Array, width: jax.Array, starts: jax.Array) -> Any:
    slope_of = jax.grad(_loss(skeleton, leaves, lower, width))

    def step(walk: _Walk) -> _Walk:
        point = walk.point + walk.axes @ walk.damped()
        hessian, slope = jax.jacfwd(lambda point: (slope_of(point),) * 2, has_aux=True)(point)
        curvatures, axes = jnp.linalg.eigh(hessian)
        trial = walk._replace(
            point=point, slope=slope, axes=axes, curvatures=curvatures, along=axes.T @ slope, damping=walk.damping / 10
        )
        flatter = jnp.sum(slope**2) < jnp.sum(walk.slope**2)
        walk = walk._replace(damping=walk.damping * 10)
        walk = jax.tree.map(functools.partial(jnp.where, flatter), trial, walk)
        arrived = jnp.sum(walk.newton() ** 2) < ARRIVED**2
        return walk._replace(steps=walk.steps + 1, arrived_since=jnp.where(arrived, walk.arrived_since + 1, 0))

    def one(start: jax.Array) -> tuple[jax.Array, jax.Array]:
        # Before the first step nothing is known: it is one of length 0, to a gradient that is less than infinite.
        nothing, dim = jnp.zeros_like(start), len(start)
        begin = _Walk(start, nothing + jnp.inf, jnp.eye(dim), nothing + 1, nothing, jnp.float64(0.1), 0, 0)
        end = jax.lax.while_loop(_Walk.goes_on, step, begin)
        return end.point, end.arrived_since > 0

    return jax.lax.map(one, starts, batch_size=TOGETHER)
