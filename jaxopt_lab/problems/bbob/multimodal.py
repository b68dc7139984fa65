"""The functions of many minima with a global structure, f15 to f19."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.problems.bbob.definition import (
    Definition,
    turned_about_half,
    turned_and_mixed,
    turned_and_stretched,
)
from jaxopt_lab.problems.bbob.transformations import (
    asymmetric,
    oscillated,
    penalty,
    power,
    ripples,
    rosenbrock_terms,
    times,
)


def _rastrigin_rotated(x: jax.Array, x_opt: jax.Array, turn: jax.Array, matrix: jax.Array) -> jax.Array:
    r""":math:`10 (d - \sum_i \cos 2 \pi z_i) + |z|^2`.

    :math:`z = R \Lambda^{10} Q T_{asy}^{0.2}(T_{osz}(R (x - x_{opt})))`.
    """
    z = times(matrix, asymmetric(0.2, oscillated(times(turn, x - x_opt))))
    return ripples(z) + jnp.sum(z**2)


def _weierstrass(x: jax.Array, x_opt: jax.Array, turn: jax.Array, matrix: jax.Array) -> jax.Array:
    r""":math:`10 (\frac1d \sum_i \sum_{k = 0}^{11} 2^{-k} (1 - \cos 2 \pi 3^k z_i))^3 + \frac{10}d f_{pen}(x)`.

    :math:`z = R \Lambda^{1/100} Q T_{osz}(R (x - x_{opt}))`. BBOB writes the cosine at :math:`z_i + \frac12` and takes
    its value at the minimum off the sum, which is the same, since :math:`3^k` is odd.
    """
    k = np.arange(12)
    heights, frequencies = (jnp.asarray(base**k, x.dtype) for base in (0.5, 3.0))
    z = times(matrix, oscillated(times(turn, x - x_opt)))[:, None]
    roughness = jnp.sum(2 * heights * jnp.sin(np.pi * frequencies * z) ** 2) / len(x)
    return 10 * roughness**3 + 10 / len(x) * penalty(x)


def _schaffers(x: jax.Array, x_opt: jax.Array, turn: jax.Array, matrix: jax.Array) -> jax.Array:
    r""":math:`(\frac1{d - 1} \sum_{i < d - 1} \sqrt{s_i} (1 + \sin^2 50 s_i^{1/5}))^2 + 10 f_{pen}(x)`.

    :math:`s_i = \sqrt{z_i^2 + z_{i + 1}^2}`, :math:`z = \Lambda^\alpha Q T_{asy}^{0.5}(R (x - x_{opt}))`.
    """
    squares = times(matrix, asymmetric(0.5, times(turn, x - x_opt))) ** 2
    squares = squares[:-1] + squares[1:]
    waves = power(squares, 0.25) * (1 + jnp.sin(50 * power(squares, 0.1)) ** 2)
    return jnp.mean(waves) ** 2 + 10 * penalty(x)


def _griewank_rosenbrock(x: jax.Array, x_opt: jax.Array, matrix: jax.Array) -> jax.Array:
    r""":math:`\frac{10}{d - 1} \sum_{i < d - 1} (\frac{s_i}{4000} - \cos s_i + 1)`.

    :math:`s_i` are the terms of Rosenbrock's sum at :math:`z = \max(1, \sqrt d / 8) Q x + \frac12`.
    """
    terms = rosenbrock_terms(times(matrix, x - x_opt))
    return 10 * jnp.mean(terms / 4000 + 2 * jnp.sin(terms / 2) ** 2)


FUNCTIONS = {
    15: Definition("rastrigin_rotated", _rastrigin_rotated, partial(turned_and_mixed, 10.0)),
    16: Definition("weierstrass", _weierstrass, partial(turned_and_mixed, 0.01)),
    17: Definition("schaffers", _schaffers, partial(turned_and_stretched, 10.0)),
    18: Definition("schaffers_ill_conditioned", _schaffers, partial(turned_and_stretched, 1000.0)),
    19: Definition("griewank_rosenbrock", _griewank_rosenbrock, turned_about_half, smooth=True),
}
