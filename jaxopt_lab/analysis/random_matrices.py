"""Random symmetric matrices, the simplest model of the Hessian at a critical point."""

from functools import partial

import jax
import jax.numpy as jnp

from jaxopt_lab.analysis.windows import check_count
from jaxopt_lab.problems.checks import whole_number

COPIES = 3
"""So often a matrix stands in memory: as drawn, and before and after a step of elimination."""


def definite_shares(key: jax.Array, dim: int, samples: int) -> jax.Array:
    r"""The share of random symmetric Gaussian matrices (GOE) that are positive definite, in each dimension up to one.

    .. math:: H = (G + G^T) / 2, \qquad G_{ij} \sim N(0, 1)

    The leading blocks of such a matrix are such matrices themselves, so that one set of draws serves all dimensions.

    Args:
        key: the source of the draws.
        dim: rows of the largest matrices.
        samples: how many to draw.

    Returns:
        The shares for 1, 2, ..., ``dim`` rows, shape ``(dim,)``.

    Raises:
        ValueError: for fewer than one row or draw, and for more draws than fit into memory.

    Example:
        >>> shares = definite_shares(jax.random.key(0), 2, 10_000)  # exactly 1/2 and (2 - sqrt 2)/4 = 0.146
        >>> bool(abs(shares[0] - 0.5) < 0.02), bool(abs(shares[1] - 0.146) < 0.02)
        (True, True)

    References:
        Y. Dauphin et al. (2014). Identifying and attacking the saddle point problem. NeurIPS 27.
    """
    whole_number("dim", dim, least=1)
    check_count(
        "samples", whole_number("samples", samples, least=1), f"matrices of {dim} x {dim} numbers", 4 * COPIES * dim**2
    )
    return _definite_shares(key, dim, samples)


@partial(jax.jit, static_argnames=("dim", "samples"))
def _definite_shares(key: jax.Array, dim: int, samples: int) -> jax.Array:
    gaussian = jax.random.normal(key, (dim, dim, samples))
    rest = (gaussian + gaussian.swapaxes(0, 1)) / 2
    definite, shares = jnp.ones(samples, bool), []
    for _ in range(dim):
        # Gaussian elimination: a matrix is positive definite iff every pivot is positive (Sylvester).
        pivot, column = rest[0, 0], rest[1:, 0]
        definite &= pivot > 0
        shares.append(definite.mean())
        rest = rest[1:, 1:] - column[:, None] * column[None, :] / pivot
    return jnp.stack(shares)
