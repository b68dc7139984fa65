"""The functions of low or moderate conditioning, f6 to f9."""

from functools import partial

import jax
import jax.numpy as jnp

from jaxopt_lab.problems.bbob.definition import (
    Constants,
    Definition,
    mixed,
    rotations,
    turned_about_half,
    valley_scale,
)
from jaxopt_lab.problems.bbob.draws import optimum
from jaxopt_lab.problems.bbob.transformations import (
    magnitude,
    oscillated,
    penalty,
    power,
    ratios,
    rosenbrock_terms,
    scaled,
    times,
)


def _attractive_sector(x: jax.Array, x_opt: jax.Array, matrix: jax.Array) -> jax.Array:
    r""":math:`T_{osz}(\sum_i (s_i z_i)^2)^{0.9}`.

    :math:`z = R \Lambda^{10} Q (x - x_{opt})`, and :math:`s_i = 100` where :math:`z_i x_{opt, i} > 0`, else 1.
    """
    z = times(matrix, x - x_opt)
    weights = jnp.where(z * x_opt > 0, 100.0, 1.0)
    return power(oscillated(jnp.sum((weights * z) ** 2)), 0.9)


def _step_ellipsoid(x: jax.Array, x_opt: jax.Array, outer: jax.Array, inner: jax.Array) -> jax.Array:
    r""":math:`0.1 \max(10^{-4} |\hat z_0|, \sum_i 10^{2 \frac{i}{d - 1}} z_i^2) + f_{pen}(x)`.

    :math:`z = R \tilde z`, where :math:`\tilde z` is :math:`\hat z = \Lambda^{10} Q (x - x_{opt})` rounded: to whole
    numbers beyond a half, to tenths below.
    """
    slope = times(inner, x - x_opt)
    stairs = jnp.where(jnp.abs(slope) > 0.5, jnp.floor(slope + 0.5), jnp.floor(10 * slope + 0.5) / 10)
    heights = jnp.sum(scaled(100.0, times(outer, stairs) ** 2))
    return 0.1 * jnp.maximum(1e-4 * magnitude(slope[0]), heights) + penalty(x)


def _rosenbrock(x: jax.Array, x_opt: jax.Array) -> jax.Array:
    r""":math:`\sum_{i < d - 1} 100 (z_i^2 - z_{i + 1})^2 + (z_i - 1)^2`, :math:`z = s_d (x - x_{opt}) + 1`.

    :math:`s_d` is `valley_scale`.
    """
    return jnp.sum(rosenbrock_terms(valley_scale(len(x)) * (x - x_opt)))


def _rosenbrock_rotated(x: jax.Array, x_opt: jax.Array, matrix: jax.Array) -> jax.Array:
    r"""The same sum of :math:`z = s_d Q x + \frac12`, which is 1 at the minimum."""
    return jnp.sum(rosenbrock_terms(times(matrix, x - x_opt)))


def _stepped(dim: int, seed: int) -> Constants:
    x_opt, (outer, inner) = optimum(dim, seed), rotations(dim, seed)
    return Constants(x_opt, {"x_opt": x_opt, "outer": outer, "inner": ratios(10**0.5, dim)[:, None] * inner})


def _nearer(dim: int, seed: int) -> Constants:
    x_opt = 0.75 * optimum(dim, seed)
    return Constants(x_opt, {"x_opt": x_opt})


FUNCTIONS = {
    6: Definition("attractive_sector", _attractive_sector, partial(mixed, 10.0)),
    7: Definition("step_ellipsoid", _step_ellipsoid, _stepped),
    8: Definition("rosenbrock", _rosenbrock, _nearer, smooth=True),
    9: Definition("rosenbrock_rotated", _rosenbrock_rotated, turned_about_half, smooth=True),
}
