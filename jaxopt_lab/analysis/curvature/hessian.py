"""Products of a Hessian with vectors: all that its curvature is measured by, and never the matrix itself."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from jaxopt_lab.analysis.loss import loss_of
from jaxopt_lab.problems.problem import Params, Problem


def hessian_vector_product(problem: Problem | Callable[..., jax.Array], params: Params, vector: Params) -> Params:
    r"""The Hessian of a loss times a vector, by differentiating the gradient along it.

    .. math:: \nabla^2 L(\theta) \, v = \frac{d}{d\epsilon} \nabla L(\theta + \epsilon v) \Big|_{\epsilon = 0}

    It costs about three gradients, whatever the number of parameters, and is exact up to rounding.

    Args:
        problem: a `Problem` whose loss draws nothing, or a plain function ``f(params)`` with two derivatives.
        params: :math:`\theta`, any pytree of floating-point arrays.
        vector: :math:`v`, of the structure and shapes of ``params``.

    Returns:
        The product, of the structure and shapes of ``params``.

    Raises:
        ValueError: for a loss that draws from a key, is no single number, or does not fit the parameters.

    Example:
        >>> from jaxopt_lab import problems
        >>> hessian_vector_product(problems.quadratic((1.0, 10.0)), jnp.zeros(2), jnp.ones(2)).tolist()
        [1.0, 10.0]

    References:
        B. A. Pearlmutter (1994). Fast exact multiplication by the Hessian. Neural Computation 6(1), 147-160.
    """
    params, vector = (jax.tree.map(jnp.asarray, tree) for tree in (params, vector))
    return _product(loss_of(problem, params), params, vector)


@jax.jit
def _product(loss: Callable[[Params], jax.Array], params: Params, vector: Params) -> Params:
    return jax.jvp(jax.grad(loss), (params,), (vector,))[1]


class FlatHessian(NamedTuple):
    """A Hessian as a linear map of flat vectors.

    Attributes:
        times: multiplies a vector of shape ``(dim,)``.
        dim: the number of parameters.
        dtype: that of its vectors.
        unravel: gives a flat vector the structure of the parameters.
    """

    times: Callable[[jax.Array], jax.Array]
    dim: int
    dtype: Any
    unravel: Callable[[jax.Array], Params]


def flat_hessian(loss: Callable[[Params], jax.Array], params: Params) -> FlatHessian:
    """The Hessian at one point, its gradient's graph laid down once: a product then costs at most two gradients."""
    flat, unravel = ravel_pytree(params)
    _, times = jax.linearize(jax.grad(lambda flat: loss(unravel(flat))), flat)
    return FlatHessian(times, flat.size, flat.dtype, unravel)


def parameters_of(params: Params) -> Params:
    """The parameters as arrays.

    Raises:
        ValueError: if there are none, or one of them is not floating-point.
    """
    params = jax.tree.map(jnp.asarray, params)
    leaves = jax.tree.leaves(params)
    if not sum(leaf.size for leaf in leaves):
        raise ValueError("params: got no parameter at all; a curvature needs one or more")
    for leaf in leaves:
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise ValueError(f"params: got an array of {leaf.dtype}; derivatives need floating-point parameters")
    return params


# A coarser product than float32's own (the default on some devices) would cost Lanczos vectors their orthogonality.
dot = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)
