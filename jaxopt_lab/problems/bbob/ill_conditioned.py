"""The ill-conditioned functions with one minimum, f10 to f14."""

from functools import partial

import jax
import jax.numpy as jnp

from jaxopt_lab.problems.bbob.definition import SECOND, Constants, Definition, mixed, turned
from jaxopt_lab.problems.bbob.draws import optimum
from jaxopt_lab.problems.bbob.transformations import asymmetric, oscillated, power, scaled, times


def _ellipsoid_rotated(x: jax.Array, x_opt: jax.Array, turn: jax.Array) -> jax.Array:
    r""":math:`\sum_i 10^{6 \frac{i}{d - 1}} z_i^2`, :math:`z = T_{osz}(R (x - x_{opt}))`."""
    return jnp.sum(scaled(1e6, oscillated(times(turn, x - x_opt)) ** 2))


def _discus(x: jax.Array, x_opt: jax.Array, turn: jax.Array) -> jax.Array:
    r""":math:`10^6 z_0^2 + \sum_{i > 0} z_i^2`, :math:`z = T_{osz}(R (x - x_{opt}))`."""
    squares = oscillated(times(turn, x - x_opt)) ** 2
    return 1e6 * squares[0] + jnp.sum(squares[1:])


def _bent_cigar(x: jax.Array, x_opt: jax.Array, turn: jax.Array) -> jax.Array:
    r""":math:`z_0^2 + 10^6 \sum_{i > 0} z_i^2`, :math:`z = R T_{asy}^{0.5}(R (x - x_{opt}))`."""
    squares = times(turn, asymmetric(0.5, times(turn, x - x_opt))) ** 2
    return squares[0] + 1e6 * jnp.sum(squares[1:])


def _sharp_ridge(x: jax.Array, x_opt: jax.Array, matrix: jax.Array) -> jax.Array:
    r""":math:`z_0^2 + 100 \sqrt{\sum_{i > 0} z_i^2}`, :math:`z = R \Lambda^{10} Q (x - x_{opt})`."""
    squares = times(matrix, x - x_opt) ** 2
    return squares[0] + 100 * power(jnp.sum(squares[1:]), 0.5)


def _different_powers(x: jax.Array, x_opt: jax.Array, turn: jax.Array) -> jax.Array:
    r""":math:`\sqrt{\sum_i |z_i|^{2 + 4 \frac{i}{d - 1}}}`, :math:`z = R (x - x_{opt})`."""
    z = times(turn, x - x_opt)
    exponents = jnp.linspace(2.0, 6.0, len(x), dtype=x.dtype)
    return power(jnp.sum(power(jnp.abs(z), exponents)), 0.5)


def _turned_alike(dim: int, seed: int) -> Constants:
    # COCO draws the bent cigar's minimum, as that of no other function, by the seed of its rotation.
    _, own = turned(dim, seed)
    x_opt = optimum(dim, seed + SECOND)
    return Constants(x_opt, own | {"x_opt": x_opt})


FUNCTIONS = {
    10: Definition("ellipsoid_rotated", _ellipsoid_rotated, turned),
    11: Definition("discus", _discus, turned),
    12: Definition("bent_cigar", _bent_cigar, _turned_alike),
    13: Definition("sharp_ridge", _sharp_ridge, partial(mixed, 10.0)),
    14: Definition("different_powers", _different_powers, turned),
}
