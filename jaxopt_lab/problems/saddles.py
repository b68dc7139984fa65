"""Surfaces where the gradient vanishes without a minimum: a proper saddle, a degenerate one, one between two wells."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Problem, surface
from jaxopt_lab.problems.quadratics import _half_weighted_square, spectrum


def saddle(eigenvalues: Any = (2.0, -2.0)) -> Problem:
    r"""A quadratic saddle, without a lowest value; the default is :math:`x_0^2 - x_1^2`.

    .. math::
        L(x) = \tfrac12 \sum_i h_i x_i^2

    Gradient descent with step :math:`a` multiplies :math:`x_i` by :math:`1 - a h_i`: it shrinks where the curvature is
    positive and grows where it is negative. A start with every growing coordinate exactly 0 never leaves.

    Args:
        eigenvalues: the curvatures :math:`h`, at least one of either sign, shape ``(dim,)``; as many as are negative
            is the index of the saddle.

    Returns:
        The problem, on ``[-2, 2]`` in every direction.

    Raises:
        ValueError: if the eigenvalues are no vector, or all of one sign (seen only where they are not traced).

    Example:
        >>> float(saddle().loss(jnp.array([0.5, 1.5]), None))
        -2.0

    References:
        Y. Dauphin et al. (2014). Identifying and attacking the saddle point problem in high-dimensional non-convex
        optimization. NeurIPS 27.
    """
    curvatures = spectrum(eigenvalues)
    if isinstance(curvatures, np.ndarray) and not (curvatures.min() < 0 < curvatures.max()):
        raise ValueError(f"eigenvalues: got {curvatures.tolist()}; a saddle needs at least one above and one below 0")
    dim = curvatures.shape[0]
    return surface(
        _half_weighted_square,
        {"curvatures": curvatures},
        lower=np.full(dim, -2.0),
        upper=np.full(dim, 2.0),
        saddles=np.zeros((1, dim)),
        name="saddle",
        reference="Dauphin et al. 2014, Identifying and attacking the saddle point problem",
    )


def monkey_saddle() -> Problem:
    r"""Three ways down and three ways up, and at the saddle no curvature at all: there is nothing linear to escape by.

    .. math::
        L(x, y) = x^3 - 3 x y^2

    Returns:
        The problem, on ``[-2, 2]`` in both directions. Its saddle at the origin is degenerate: the Hessian is 0 there.

    Example:
        >>> float(monkey_saddle().loss(jnp.array([1.0, 1.0]), None))
        -2.0

    References:
        D. Hilbert and S. Cohn-Vossen (1952). Geometry and the Imagination, section 29. Chelsea.
    """
    return surface(
        _monkey_saddle,
        {},
        lower=(-2.0, -2.0),
        upper=(2.0, 2.0),
        saddles=np.zeros((1, 2)),
        name="monkey_saddle",
        reference="Hilbert and Cohn-Vossen 1952, Geometry and the Imagination",
    )


def double_well(*, dim: int = 2) -> Problem:
    r"""Two equal wells with a saddle of index 1 between them.

    .. math::
        L(x) = \tfrac14 (x_0^2 - 1)^2 + \tfrac12 \sum_{i > 0} x_i^2

    In one dimension, gradient descent is the map :math:`x \to x - a (x^3 - x)`: its wells split into a cycle of two at
    step 1 and again at :math:`\sqrt5 - 1`; at step 2 it is chaotic.

    Args:
        dim: the number of dimensions, at least 1.

    Returns:
        The problem, on ``[-2, 2]`` in every direction. With ``dim = 1`` the point between the wells is a maximum, and
        no saddle is listed.

    Raises:
        ValueError: if ``dim`` is no whole number of at least 1.

    Example:
        >>> float(double_well(dim=3).loss(jnp.array([0.0, 1.0, 1.0]), None))
        1.25

    References:
        H. A. Kramers (1940). Brownian motion in a field of force and the diffusion model of chemical reactions.
        Physica 7(4), 284-304.
    """
    dim = whole_number("dim", dim, least=1)
    right_well = np.zeros((1, dim))
    right_well[0, 0] = 1.0
    return surface(
        _double_well,
        {},
        lower=np.full(dim, -2.0),
        upper=np.full(dim, 2.0),
        minima=np.concatenate([right_well, -right_well]),
        saddles=np.zeros((1, dim)) if dim > 1 else None,
        minimum=0.0,
        name="double_well",
        reference="Kramers 1940, Physica 7(4)",
    )


def _monkey_saddle(point: jax.Array) -> jax.Array:
    x, y = point
    return x**3 - 3 * x * y**2


def _double_well(x: jax.Array) -> jax.Array:
    return (x[0] ** 2 - 1) ** 2 / 4 + jnp.sum(x[1:] ** 2) / 2
