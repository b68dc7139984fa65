"""The separable functions, f1 to f5: each coordinate can be minimised by itself."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.problems.bbob.definition import Constants, Definition, shifted
from jaxopt_lab.problems.bbob.draws import optimum
from jaxopt_lab.problems.bbob.transformations import asymmetric, oscillated, penalty, ripples, scaled


def _sphere(x: jax.Array, x_opt: jax.Array) -> jax.Array:
    r""":math:`|x - x_{opt}|^2`."""
    return jnp.sum((x - x_opt) ** 2)


def _ellipsoid(x: jax.Array, x_opt: jax.Array) -> jax.Array:
    r""":math:`\sum_i 10^{6 \frac{i}{d - 1}} z_i^2`, :math:`z = T_{osz}(x - x_{opt})`."""
    return jnp.sum(scaled(1e6, oscillated(x - x_opt) ** 2))


def _rastrigin(x: jax.Array, x_opt: jax.Array) -> jax.Array:
    r""":math:`10 (d - \sum_i \cos 2 \pi z_i) + |z|^2`.

    :math:`z = \Lambda^{10} T_{asy}^{0.2}(T_{osz}(x - x_{opt}))`.
    """
    z = scaled(10**0.5, asymmetric(0.2, oscillated(x - x_opt)))
    return ripples(z) + jnp.sum(z**2)


def _bueche_rastrigin(x: jax.Array, x_opt: jax.Array) -> jax.Array:
    r""":math:`10 (d - \sum_i \cos 2 \pi z_i) + |z|^2 + 100 f_{pen}(x)`.

    :math:`z_i = 10^{\frac12 \frac{i}{d - 1}} y_i`, ten times as much where :math:`y_i > 0` and :math:`i` is even, and
    :math:`y = T_{osz}(x - x_{opt})`.
    """
    y = oscillated(x - x_opt)
    even = np.arange(len(x)) % 2 == 0
    z = scaled(10**0.5, jnp.where((y > 0) & even, 10.0, 1.0) * y)
    return ripples(z) + jnp.sum(z**2) + 100 * penalty(x)


def _linear_slope(x: jax.Array, x_opt: jax.Array) -> jax.Array:
    r""":math:`\sum_i 10^{\frac{i}{d - 1}} (5 - \min(5, z_i))`, :math:`z_i = \operatorname{sign}(x_{opt, i}) x_i`."""
    left = 5.0 - jnp.sign(x_opt) * x
    return jnp.sum(scaled(10.0, jnp.where(left > 0, left, 0.0)))


def _shifted_right(dim: int, seed: int) -> Constants:
    # COCO does this and the report does not: with the minimum on the right the flatter sides fill more of the domain.
    x_opt = optimum(dim, seed)
    x_opt[::2] = np.abs(x_opt[::2])
    return Constants(x_opt, {"x_opt": x_opt})


def _cornered(dim: int, seed: int) -> Constants:
    x_opt = 5.0 * np.sign(optimum(dim, seed))
    return Constants(x_opt, {"x_opt": x_opt})


FUNCTIONS = {
    1: Definition("sphere", _sphere, shifted, smooth=True),
    2: Definition("ellipsoid", _ellipsoid, shifted),
    3: Definition("rastrigin", _rastrigin, shifted),
    4: Definition("bueche_rastrigin", _bueche_rastrigin, _shifted_right),
    5: Definition("linear_slope", _linear_slope, _cornered),
}
