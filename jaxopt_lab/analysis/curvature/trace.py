"""The trace of a Hessian, estimated from random products."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxopt_lab.analysis.curvature.hessian import dot, flat_hessian, parameters_of
from jaxopt_lab.analysis.loss import loss_of
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Params, Problem


class Estimate(NamedTuple):
    """A number that was estimated from random draws.

    Attributes:
        value: their mean.
        standard_error: the standard deviation of that mean.
    """

    value: jax.Array
    standard_error: jax.Array


def hessian_trace(
    problem: Problem | Callable[..., jax.Array], params: Params, key: jax.Array, *, samples: int = 100
) -> Estimate:
    r"""The sum of all eigenvalues of a loss's Hessian, by Hutchinson's estimator with random signs.

    .. math:: \mathrm{tr} H = E[z^T H z], \quad z_i = \pm 1, \qquad
              \mathrm{Var}[z^T H z] = 2 \sum_{i \ne j} H_{ij}^2

    On a diagonal Hessian one sample is exact. It may be jitted and vmapped.

    Args:
        problem: a `Problem` whose loss draws nothing, or a plain function ``f(params)`` with two derivatives.
        params: :math:`\theta`, any pytree of floating-point arrays.
        key: the source of the signs.
        samples: how many products, each at most two gradients; at least 2.

    Returns:
        The estimate and its standard error, scalars.

    Raises:
        ValueError: for a loss that draws from a key or is no single number, and for fewer than two samples.

    Example:
        >>> from jaxopt_lab import problems
        >>> trace = hessian_trace(problems.quadratic((1.0, 4.0, 10.0)), jnp.zeros(3), jax.random.key(0), samples=2)
        >>> float(trace.value), float(trace.standard_error)
        (15.0, 0.0)

    References:
        M. F. Hutchinson (1990). A stochastic estimator of the trace of the influence matrix for Laplacian smoothing
        splines. Communications in Statistics: Simulation and Computation 19(2), 433-450.
    """
    params = parameters_of(params)
    return _trace(loss_of(problem, params), params, key, whole_number("samples", samples, least=2))


@partial(jax.jit, static_argnames="samples")
def _trace(loss: Callable[[Params], jax.Array], params: Params, key: jax.Array, samples: int) -> Estimate:
    hessian = flat_hessian(loss, params)

    def sample(key: jax.Array) -> jax.Array:
        signs = jax.random.rademacher(key, (hessian.dim,), hessian.dtype)
        return dot(signs, hessian.times(signs))

    drawn = jax.lax.map(sample, jax.random.split(key, samples))
    return Estimate(drawn.mean(), jnp.std(drawn, ddof=1) / samples**0.5)
