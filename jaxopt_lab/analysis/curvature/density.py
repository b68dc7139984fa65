"""How a Hessian's eigenvalues are spread, without any of them alone."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxopt_lab.analysis.curvature.hessian import flat_hessian, parameters_of
from jaxopt_lab.analysis.curvature.lanczos import lanczos
from jaxopt_lab.analysis.loss import loss_of
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Params, Problem

MARGIN = 5.0
"""Standard deviations of the smoothing beyond the ends of the spectrum: what lies further out is below 1e-6."""


class SpectralDensity(NamedTuple):
    """How the eigenvalues of a matrix are spread.

    Attributes:
        grid: eigenvalues at which the density is given, evenly spaced, shape ``(resolution,)``.
        density: the share of eigenvalues per unit there; its integral is 1; shape ``(resolution,)``.
        nodes: the quadrature's points, ascending in each sample, shape ``(samples, steps)``.
        weights: the share of eigenvalues that each stands for; they sum to 1 in each sample; shape
            ``(samples, steps)``.
        smoothing: the standard deviation of the Gaussian that each point is drawn as.
    """

    grid: jax.Array
    density: jax.Array
    nodes: jax.Array
    weights: jax.Array
    smoothing: jax.Array


def spectral_density(
    problem: Problem | Callable[..., jax.Array],
    params: Params,
    key: jax.Array,
    *,
    steps: int = 80,
    samples: int = 1,
    smoothing: float = 0.01,
    resolution: int = 1024,
) -> SpectralDensity:
    r"""The density of the eigenvalues of a loss's Hessian, by stochastic Lanczos quadrature.

    .. math::
        \phi(t) = \frac1n \sum_{i=1}^n \delta(t - \lambda_i) \approx
        \frac1k \sum_{l=1}^k \sum_{j=1}^m \omega_{lj} \, N(t; \theta_{lj}, \sigma^2)

    where :math:`\theta_{lj}` are the eigenvalues that Lanczos finds from the l-th random start in m steps and
    :math:`\omega_{lj}` their squared overlaps with it: m points whose moments are those of the spectrum up to order
    2m - 1, on the average over starts. It may be jitted and vmapped.

    Args:
        problem: a `Problem` whose loss draws nothing, or a plain function ``f(params)`` with two derivatives.
        params: any pytree of floating-point arrays.
        key: the source of the starts.
        steps: m, Hessian-vector products of each start, each at most two gradients; never more than there are
            parameters.
        samples: k, the number of starts. In many dimensions one says almost all.
        smoothing: :math:`\sigma` as a share of the distance between the ends of the spectrum.
        resolution: the number of points of the grid.

    Returns:
        The density on a grid that covers the spectrum, and the quadrature behind it.

    Raises:
        ValueError: for a loss that draws from a key or is no single number, and for a smoothing that is not above 0.

    Example:
        >>> from jaxopt_lab import problems
        >>> bowl = problems.quadratic((1.0, 1.0, 1.0, 10.0))
        >>> found = spectral_density(bowl, jnp.zeros(4), jax.random.key(0), samples=200)
        >>> share = found.weights[found.nodes < 5].sum() / 200  # three of four eigenvalues
        >>> bool(abs(share - 0.75) < 0.05), round(float(jnp.trapezoid(found.density, found.grid)), 3)
        (True, 1.0)

    References:
        B. Ghorbani, S. Krishnan and Y. Xiao (2019). An investigation into neural net optimization via Hessian
        eigenvalue density. ICML.
    """
    params = parameters_of(params)
    dim = sum(leaf.size for leaf in jax.tree.leaves(params))
    if not smoothing > 0:
        raise ValueError(f"smoothing: got {smoothing}; give a share of the spectrum's width above 0, such as 0.01")
    return _density(
        loss_of(problem, params), params, key, smoothing,
        steps=min(whole_number("steps", steps, least=1), dim),
        samples=whole_number("samples", samples, least=1),
        resolution=whole_number("resolution", resolution, least=2),
    )  # fmt: skip


@partial(jax.jit, static_argnames=("steps", "samples", "resolution"))
def _density(
    loss: Callable[[Params], jax.Array],
    params: Params,
    key: jax.Array,
    smoothing: float,
    *,
    steps: int,
    samples: int,
    resolution: int,
) -> SpectralDensity:
    hessian = flat_hessian(loss, params)

    def sample(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        ritz = lanczos(hessian.times, jax.random.normal(key, (hessian.dim,), hessian.dtype), steps)
        return ritz.values, ritz.weights

    nodes, weights = jax.lax.map(sample, jax.random.split(key, samples))
    low, high = nodes.min(), nodes.max()
    # A spectrum of one point has no width to take a share of; then its size serves, and where that is 0 too, 1.
    size = jnp.maximum(jnp.abs(low), jnp.abs(high))
    sigma = smoothing * jnp.maximum(high - low, 1e-3 * jnp.where(size == 0, 1, size))
    grid = jnp.linspace(low - MARGIN * sigma, high + MARGIN * sigma, resolution)
    bumps = jax.scipy.stats.norm.pdf(grid[:, None], nodes.ravel(), sigma)
    density = (bumps * weights.ravel()).sum(-1) / samples
    return SpectralDensity(grid, density, nodes, weights, sigma)
