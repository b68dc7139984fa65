"""The functions of many minima with little or no global structure, f20 to f24."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.problems.bbob.definition import Constants, Definition, mixed
from jaxopt_lab.problems.bbob.draws import gaussian, rotation, uniform
from jaxopt_lab.problems.bbob.transformations import magnitude, oscillated, penalty, power, ratios, ripples, times

_SCHWEFEL_MINIMUM = 4.2096874637
_LUNACEK_MINIMUM = 2.5


def _schwefel(x: jax.Array, x_opt: jax.Array, matrix: jax.Array) -> jax.Array:
    r""":math:`4.189828872724339 - \frac1{100 d} \sum_i z_i \sin \sqrt{|z_i|} + 100 f_{pen}(z / 100)`.

    :math:`z = 100 (M (x - x_{opt}) + m)`, :math:`m = 4.2096874637 = 2 |x_{opt, i}|`, and :math:`M = 2 \Lambda^{10} (I +
    \frac14 S) \operatorname{diag}(\operatorname{sign} x_{opt})`, where :math:`S` hands each coordinate to the next.
    """
    z = 100 * (times(matrix, x - x_opt) + _SCHWEFEL_MINIMUM)
    wells = z * jnp.sin(power(jnp.abs(z), 0.5))
    return 4.189828872724339 - jnp.mean(wells) / 100 + 100 * penalty(z / 100)


def _gallagher(x: jax.Array, turn: jax.Array, peaks: jax.Array, curvatures: jax.Array, heights: jax.Array) -> jax.Array:
    r""":math:`T_{osz}(10 - \max_k w_k \exp(-\frac1{2 d} \sum_i c_{k, i} (Q x - Q y_k)_i^2))^2 + f_{pen}(x)`.

    The heights are :math:`w_0 = 10`, where the minimum is, and :math:`w_k` in equal steps from 1.1 to 9.1.
    """
    place = times(turn, x)

    def depth(squares: jax.Array, height: jax.Array) -> jax.Array:
        # 10 - w e^q, written so that at the highest peak its digits do not cancel.
        return (10 - height) - height * jnp.expm1(-0.5 / len(x) * squares)

    def add(total: jax.Array, row: tuple[jax.Array, ...]) -> tuple[jax.Array, None]:
        at, peak, curvature = row
        return total + curvature * (at - peak) ** 2, None

    # One coordinate after the other for all peaks: XLA makes slow work of sums over short axes.
    squares, _ = jax.lax.scan(add, jnp.zeros_like(heights), (jax.lax.stop_gradient(place), peaks, curvatures))
    # The derivative is that of one peak. That of a minimum over all compares them with it once more, and is NaN where
    # the compiler rounded otherwise the second time.
    k = jnp.argmin(depth(squares, heights))
    return oscillated(depth(jnp.sum(curvatures[:, k] * (place - peaks[:, k]) ** 2), heights[k])) ** 2 + penalty(x)


def _katsuura(x: jax.Array, x_opt: jax.Array, matrix: jax.Array) -> jax.Array:
    r""":math:`\frac{10}{d^2} (\prod_i (1 + (i + 1) t_i)^{10 / d^{1.2}} - 1) + f_{pen}(x)`.

    :math:`t_i = \sum_{j = 1}^{32} 2^{-j} |2^j z_i - [2^j z_i]|` with the nearest whole number :math:`[\cdot]`, and
    :math:`z = R \Lambda^{100} Q (x - x_{opt})`.
    """
    dim = len(x)
    doublings = jnp.asarray(2.0 ** np.arange(1, 33), x.dtype)
    z = doublings * times(matrix, x - x_opt)[:, None]
    teeth = jnp.sum(magnitude(z - jnp.floor(z + 0.5)) / doublings, axis=1)
    logarithm = 10 / dim**1.2 * jnp.sum(jnp.log1p(jnp.arange(1, dim + 1) * teeth))
    return 10 / dim**2 * jnp.expm1(logarithm) + penalty(x)


def _lunacek_bi_rastrigin(x: jax.Array, x_opt: jax.Array, matrix: jax.Array) -> jax.Array:
    r""":math:`\min(|\hat x - \mu_0|^2, d + s |\hat x - \mu_1|^2) + 10 (d - \sum_i \cos 2 \pi z_i) + 10^4 f_{pen}(x)`.

    :math:`\hat x_i = 2 \operatorname{sign}(x_{opt, i}) x_i`, :math:`z = R \Lambda^{100} Q (\hat x - \mu_0)`,
    :math:`\mu_0 = 2.5`, :math:`\mu_1 = -\sqrt{(\mu_0^2 - 1) / s}`, :math:`s = 1 - 1 / (2 \sqrt{d + 20} - 8.2)`.
    """
    dim = len(x)
    width = 1 - 1 / (2 * (dim + 20) ** 0.5 - 8.2)
    other = -(((_LUNACEK_MINIMUM**2 - 1) / width) ** 0.5)
    step = 2 * jnp.sign(x_opt) * (x - x_opt)
    here, there = jnp.sum(step**2), jnp.sum((step + (_LUNACEK_MINIMUM - other)) ** 2)
    return jnp.minimum(here, dim + width * there) + ripples(times(matrix, step)) + 1e4 * penalty(x)


def _chained(dim: int, seed: int) -> Constants:
    signs = np.where(uniform(dim, seed) < 0.5, -1.0, 1.0)
    chain = np.eye(dim) + 0.25 * np.eye(dim, k=-1)
    x_opt = _SCHWEFEL_MINIMUM / 2 * signs
    return Constants(x_opt, {"x_opt": x_opt, "matrix": 2 * ratios(10**0.5, dim)[:, None] * chain * signs})


def _peaks(count: int, width: float, condition: float, dim: int, seed: int) -> Constants:
    """Peaks in a box, the first of them the highest, each an ellipsoid with a condition number of its own.

    Args:
        count: how many.
        width: the side of the box.
        condition: that of the highest peak; those of the others run in equal ratios from 1 to 1000, shuffled.
        dim: the number of dimensions.
        seed: the instance's.
    """
    turn = rotation(dim, seed)
    conditions = np.append(condition, 1000.0 ** (np.argsort(uniform(count - 1, seed)) / (count - 2)))
    orders = np.stack([np.argsort(uniform(dim, seed + 1000 * k)) for k in range(count)])
    curvatures = conditions[:, None] ** (orders / (dim - 1) - 0.5)
    places = width * uniform(count * dim, seed).reshape(count, dim) - width / 2
    places[0] *= 0.8
    heights = np.append(10.0, np.linspace(1.1, 9.1, count - 1))
    own = {"turn": turn, "peaks": turn @ places.T, "curvatures": curvatures.T, "heights": heights}
    return Constants(places[0], own)


def _mixed_and_signed(dim: int, seed: int) -> Constants:
    x_opt = _LUNACEK_MINIMUM / 2 * np.where(gaussian(dim, seed) < 0, -1.0, 1.0)
    return Constants(x_opt, mixed(100.0, dim, seed).own | {"x_opt": x_opt})


FUNCTIONS = {
    20: Definition("schwefel", _schwefel, _chained),
    21: Definition("gallagher_101", _gallagher, partial(_peaks, 101, 10.0, 1000.0**0.5)),
    22: Definition("gallagher_21", _gallagher, partial(_peaks, 21, 9.8, 1000.0)),
    23: Definition("katsuura", _katsuura, partial(mixed, 100.0)),
    24: Definition("lunacek_bi_rastrigin", _lunacek_bi_rastrigin, _mixed_and_signed),
}
