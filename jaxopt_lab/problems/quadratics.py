"""Bowls: what every loss looks like close to a minimum, and where rates are known exactly."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Problem, surface


def quadratic(eigenvalues: Any = (1.0, 10.0)) -> Problem:
    r"""A bowl with the axes as eigenvectors; the default is an ellipse ten times as steep in the second direction.

    .. math::
        L(x) = \tfrac12 \sum_i h_i x_i^2

    Gradient descent with step :math:`a` multiplies :math:`x_i` by :math:`1 - a h_i`, so it converges if and only if
    :math:`a \max_i h_i < 2`; heavy ball with momentum :math:`b` if and only if :math:`a \max_i h_i < 2 + 2b`.

    Args:
        eigenvalues: the curvatures :math:`h`, none negative, shape ``(dim,)``; a single number means ``dim = 1``.

    Returns:
        The problem, on ``[-5, 5]`` in every direction.

    Raises:
        ValueError: if the eigenvalues are no vector, or one is negative (seen only where they are not traced).

    Example:
        >>> bowl = quadratic((1.0, 10.0))
        >>> float(bowl.loss(jnp.array([4.0, 1.5]), None))
        19.25

    References:
        B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods. USSR Computational
        Mathematics and Mathematical Physics 4(5), 1-17.
    """
    curvatures = spectrum(eigenvalues)
    if isinstance(curvatures, np.ndarray) and (curvatures < 0).any():
        raise ValueError(f"eigenvalues: got {curvatures.tolist()}; a bowl has none below 0, problems.saddle takes both")
    dim = curvatures.shape[0]
    return surface(
        _half_weighted_square,
        {"curvatures": curvatures},
        lower=np.full(dim, -5.0),
        upper=np.full(dim, 5.0),
        minima=np.zeros((1, dim)),
        minimum=0.0,
        name="quadratic",
        reference="Polyak 1964, USSR Computational Mathematics and Mathematical Physics 4(5)",
    )


def ill_conditioned(condition: Any = 10.0, *, dim: int = 2) -> Problem:
    r"""A bowl whose curvatures run in equal ratios from 1 to the condition number.

    .. math::
        L(x) = \tfrac12 \sum_{i=0}^{d-1} \kappa^{i / (d - 1)} x_i^2

    With the best constant step :math:`2 / (1 + \kappa)` gradient descent shrinks the error by
    :math:`(\kappa - 1) / (\kappa + 1)` a step, heavy ball at its best by
    :math:`(\sqrt\kappa - 1) / (\sqrt\kappa + 1)`.

    Args:
        condition: the condition number :math:`\kappa`, at least 1.
        dim: the number of dimensions, at least 2.

    Returns:
        The problem, as `quadratic` gives it.

    Raises:
        ValueError: if ``dim`` is no whole number of at least 2.

    Example:
        >>> float(ill_conditioned(100.0, dim=3).loss(jnp.ones(3), None))
        55.5

    References:
        Y. Nesterov (2018). Lectures on Convex Optimization, 2nd edition, section 2.1. Springer.
    """
    fraction = np.linspace(0.0, 1.0, whole_number("dim", dim, least=2))
    bowl = quadratic(condition**fraction)
    return dataclasses.replace(bowl, name="ill_conditioned", reference="Nesterov 2018, Lectures on Convex Optimization")


def noisy_quadratic(eigenvalues: Any = (1.0, 10.0), noise: Any = 1.0) -> Problem:
    r"""A bowl whose gradient is seen through Gaussian noise, drawn by the key.

    .. math::
        L(x, \xi) = \tfrac12 \sum_i h_i x_i^2 + \sqrt{c} \, \xi^\top x, \qquad \xi \sim N(0, I)

    so that the gradient is :math:`h_i x_i + \sqrt{c} \, \xi_i`. Gradient descent with step :math:`a` settles, in every
    direction, at the variance :math:`a c / (h_i (2 - a h_i))`. ``evaluate`` gives the loss without the noise.

    Args:
        eigenvalues: the curvatures :math:`h`, as in `quadratic`.
        noise: the variance :math:`c` of each component of the gradient, 0 or more; a number or shape ``(dim,)``.

    Returns:
        The problem. Its ``minimum`` is that of the expected loss.

    Raises:
        ValueError: as `quadratic` does, and when the loss is asked for without a key.

    Example:
        >>> bowl = noisy_quadratic((2.0,), noise=0.25)
        >>> float(bowl.evaluate(jnp.array([3.0]))["expected_loss"])
        9.0

    References:
        G. Zhang et al. (2019). Which algorithmic choices matter at which batch sizes? Insights from a noisy quadratic
        model. NeurIPS 32.
    """
    bowl = quadratic(eigenvalues)
    curvatures = spectrum(eigenvalues)
    return dataclasses.replace(
        bowl,
        loss=Partial(_seen_through_noise, curvatures, noise),
        evaluate=Partial(_expected_loss, curvatures),
        name="noisy_quadratic",
        reference="Zhang et al. 2019, Which algorithmic choices matter at which batch sizes?",
    )


def spectrum(eigenvalues: Any) -> Any:
    """Eigenvalues as one vector: of JAX where any of them is, otherwise of NumPy, which keeps all their digits.

    Args:
        eigenvalues: a number, a sequence of numbers or an array of shape ``(dim,)``.

    Raises:
        ValueError: if that is no vector, or an empty one.

    Example:
        >>> spectrum((1, 10))
        array([ 1., 10.])
    """
    if any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(eigenvalues)):
        vector = jnp.atleast_1d(jnp.asarray(eigenvalues))
    else:
        vector = np.atleast_1d(np.asarray(eigenvalues, float))
    if vector.ndim != 1 or vector.shape[0] == 0:
        raise ValueError(f"eigenvalues: got an array of shape {vector.shape}; pass one number for each dimension")
    return vector


def _half_weighted_square(x: jax.Array, curvatures: Any) -> jax.Array:
    # The curvatures take the type of x, as a plain number would: float32 parameters give a float32 loss.
    return 0.5 * jnp.sum(jnp.asarray(curvatures, jnp.result_type(x, float)) * x**2)


def _seen_through_noise(curvatures: Any, noise: Any, x: jax.Array, key: jax.Array | None) -> jax.Array:
    if key is None:
        raise ValueError("key: got None; the gradient noise is random, pass key=jax.random.key(seed)")
    x = jnp.asarray(x)
    deviation = jnp.sqrt(jnp.asarray(noise, x.dtype))
    return _half_weighted_square(x, curvatures) + jnp.sum(deviation * jax.random.normal(key, x.shape, x.dtype) * x)


def _expected_loss(curvatures: Any, x: jax.Array) -> dict[str, jax.Array]:
    return {"expected_loss": _half_weighted_square(x, curvatures)}
