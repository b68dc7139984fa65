"""Random symmetric matrices, the simplest model of the Hessian at a critical point."""

from functools import partial

import jax
import jax.numpy as jnp


@partial(jax.jit, static_argnames=("dim", "samples"))
def definite_share(key: jax.Array, dim: int, samples: int) -> jax.Array:
    r"""The share of random symmetric Gaussian matrices (GOE) that are positive definite, by drawing them.

    .. math:: H = (G + G^T) / 2, \qquad G_{ij} \sim N(0, 1)

    Args:
        key: the source of the draws.
        dim: rows of each matrix.
        samples: how many to draw.

    Returns:
        The share, a scalar.

    Example:
        >>> bool(abs(definite_share(jax.random.key(0), 1, 10_000) - 0.5) < 0.02)
        True

    References:
        Y. Dauphin et al. (2014). Identifying and attacking the saddle point problem. NeurIPS 27.
    """
    gaussian = jax.random.normal(key, (samples, dim, dim))
    symmetric = (gaussian + gaussian.swapaxes(-1, -2)) / 2
    # Positive definite iff the Cholesky factor exists; JAX marks a failed one with NaN.
    return jnp.isfinite(jnp.linalg.cholesky(symmetric)).all((-1, -2)).mean()
