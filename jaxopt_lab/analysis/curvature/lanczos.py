"""Lanczos: a large symmetric matrix seen through a few of its products with vectors."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxopt_lab.analysis.curvature.hessian import dot


class Ritz(NamedTuple):
    """A symmetric matrix restricted to the space that Lanczos has seen.

    Attributes:
        values: the eigenvalues of the restriction, ascending, shape ``(steps,)``.
        vectors: its eigenvectors, unit length, as rows, shape ``(steps, dim)``.
        weights: the squared overlap of each with the start, which sum to 1, shape ``(steps,)``.
        residuals: the length of ``A v - value * v`` for each: an eigenvalue of the matrix lies so near, or nearer;
            shape ``(steps,)``.
    """

    values: jax.Array
    vectors: jax.Array
    weights: jax.Array
    residuals: jax.Array


def lanczos(times: Callable[[jax.Array], jax.Array], start: jax.Array, steps: int) -> Ritz:
    r"""The eigenvalues of a symmetric matrix in the space of a vector and its images, which finds both ends first.

    .. math:: \mathrm{span}\{v, A v, \dots, A^{m-1} v\}, \qquad
              A q_j = \beta_{j-1} q_{j-1} + \alpha_j q_j + \beta_j q_{j+1}

    Every vector is made orthogonal to all before it, twice: without that, rounding brings the ends of the spectrum back
    as copies. Where the space is exhausted (repeated eigenvalues, a start on an eigenvector) it goes on from what lies
    outside it of the coordinate axis that it covers least, so that each value stands for an eigenvector of its own.

    Args:
        times: multiplies a vector of shape ``(dim,)`` by the matrix.
        start: :math:`v`, shape ``(dim,)``, not 0.
        steps: :math:`m`, the number of products, at most ``dim``.

    Returns:
        What the matrix looks like there.

    Example:
        >>> diagonal = jnp.array([1.0, 2.0, 2.0, 9.0])
        >>> lanczos(lambda v: diagonal * v, jnp.ones(4), 4).values.round(4).tolist()
        [1.0, 2.0, 2.0, 9.0]

    References:
        G. H. Golub and C. F. Van Loan (2013). Matrix Computations, 4th edition, chapter 10.
    """
    dim, dtype = start.size, start.dtype
    roughness = jnp.finfo(dtype).eps * dim**0.5

    def step(carry: tuple[jax.Array, jax.Array, jax.Array], i: jax.Array) -> tuple:
        basis, vector, scale = carry
        basis = basis.at[i].set(vector)
        image = times(vector)
        alpha = dot(vector, image)
        following, beta = _unit(_orthogonal_to(basis, image))
        scale = jnp.maximum(scale, jnp.abs(alpha) + beta)
        exhausted = beta <= roughness * scale
        uncovered = jnp.argmin(jnp.sum(basis**2, axis=0))
        axis = jnp.zeros(dim, dtype).at[uncovered].set(1)
        following = jax.lax.cond(exhausted, lambda: _unit(_orthogonal_to(basis, axis))[0], lambda: following)
        return (basis, following, scale), (alpha, jnp.where(exhausted, 0, beta))

    carry = (jnp.zeros((steps, dim), dtype), _unit(start)[0], jnp.zeros((), dtype))
    (basis, _, _), (alphas, betas) = jax.lax.scan(step, carry, jnp.arange(steps))
    values, vectors = jnp.linalg.eigh(jnp.diag(alphas) + jnp.diag(betas[:-1], 1) + jnp.diag(betas[:-1], -1))
    return Ritz(values, dot(vectors.T, basis), vectors[0] ** 2, jnp.abs(betas[-1] * vectors[-1]))


def _orthogonal_to(basis: jax.Array, vector: jax.Array) -> jax.Array:
    """What a vector has outside the span of orthonormal rows; the second pass clears the rounding of the first."""
    for _ in range(2):
        vector = vector - dot(dot(basis, vector), basis)
    return vector


def _unit(vector: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A vector of length 1 and the length that it had; its squares may lie outside the range of its dtype."""
    largest = jnp.max(jnp.abs(vector))
    scaled = vector / jnp.where(largest > 0, largest, 1)
    length = jnp.sqrt(dot(scaled, scaled))
    return scaled / jnp.where(length > 0, length, 1), largest * length
