"""What BBOB bends its functions with, so that none is regular, symmetric or separable by accident."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def ratios(base: float, dim: int) -> np.ndarray:
    r"""The numbers :math:`b^{i / (d - 1)}`, :math:`i = 0, \dots, d - 1`: equal ratios, from 1 to the base.

    Those of the base :math:`\sqrt\alpha` are the diagonal of what BBOB calls :math:`\Lambda^\alpha`.

    Example:
        >>> ratios(100.0, 3)
        array([  1.,  10., 100.])
    """
    return base ** np.linspace(0.0, 1.0, dim)


def scaled(base: float, x: jax.Array) -> jax.Array:
    """``x`` times its `ratios`, in its type."""
    return jnp.asarray(ratios(base, len(x)), x.dtype) * x


def times(matrix: jax.Array, x: jax.Array) -> jax.Array:
    """The product with all digits of its type, of which accelerators by themselves keep ten bits in float32."""
    return jnp.matmul(matrix, x, precision=jax.lax.Precision.HIGHEST)


def oscillated(x: jax.Array) -> jax.Array:
    r"""Waves laid over the identity, evenly in the logarithm of the distance to 0.

    .. math::
        T_{osz}(x) = x \exp(0.049 (\sin c_1 \hat x + \sin c_2 \hat x)), \qquad \hat x = \log |x|

    with :math:`c = (10, 7.9)` where :math:`x > 0` and :math:`(5.5, 3.1)` where :math:`x < 0`. At 0, where the slope
    has no limit, ``jax.grad`` gives 1, about which it swings.
    """
    logarithm = jnp.log(jnp.where(x == 0, 1.0, jnp.abs(x)))
    fast, slow = jnp.where(x > 0, 10.0, 5.5), jnp.where(x > 0, 7.9, 3.1)
    return x * jnp.exp(0.049 * (jnp.sin(fast * logarithm) + jnp.sin(slow * logarithm)))


def asymmetric(beta: float, x: jax.Array) -> jax.Array:
    r"""Positive coordinates raised to a power that grows with them and with their number; the others as they are.

    .. math::
        T_{asy}^\beta(x)_i = x_i^{1 + \beta \frac{i}{d - 1} \sqrt{x_i}} \quad \text{where } x_i > 0
    """
    positive = jnp.where(x > 0, x, 1.0)
    strengths = jnp.linspace(0.0, beta, len(x), dtype=x.dtype)
    return x * jnp.exp(strengths * jnp.sqrt(positive) * jnp.log(positive))


def penalty(x: jax.Array) -> jax.Array:
    r"""The squared distance to the box :math:`[-5, 5]^d`: :math:`f_{pen}(x) = \sum_i \max(0, |x_i| - 5)^2`."""
    return jnp.sum(jnp.maximum(jnp.abs(x) - 5.0, 0.0) ** 2)


def magnitude(z: jax.Array) -> jax.Array:
    """The absolute value, whose slope at 0 is 0 here and 1 in ``jnp.abs``."""
    return z * jnp.sign(z)


def power(base: jax.Array, exponent: Any) -> jax.Array:
    """A power of what is 0 or more. At 0, where its slope may be infinite, ``jax.grad`` gives 0."""
    positive = jnp.where(base > 0, base, 1.0)
    return jnp.where(base > 0, positive**exponent, 0.0)


def ripples(z: jax.Array) -> jax.Array:
    r"""Rastrigin's :math:`10 \sum_i (1 - \cos 2 \pi z_i)`, by squares, which cancel no digits near the minimum."""
    return 20.0 * jnp.sum(jnp.sin(np.pi * z) ** 2)


def rosenbrock_terms(step: jax.Array) -> jax.Array:
    r"""The terms :math:`100 (z_i^2 - z_{i + 1})^2 + (z_i - 1)^2` of Rosenbrock's sum at :math:`z = 1 + step`.

    From the minimum at 1 they are counted so that none of its digits cancel.

    Args:
        step: shape ``(dim,)``.

    Returns:
        Shape ``(dim - 1,)``.
    """
    ahead, step = step[1:], step[:-1]
    return 100 * (step * (2 + step) - ahead) ** 2 + step**2
