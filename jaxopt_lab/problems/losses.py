"""What a wrong, or a hesitant, classification costs: cross-entropy, and the focal loss."""

from typing import Any

import jax
import jax.numpy as jnp
import optax


def row_losses(scores: jax.Array, labels: Any, focal_gamma: Any = None) -> jax.Array:
    r"""The loss of each row, in nats.

    .. math::
        \ell_i = -(1 - p_i)^\gamma \log p_i, \qquad p_i = P(y_i \mid x_i)

    Args:
        scores: log-odds of the positive class, shape ``(rows,)``, or those of each class, ``(rows, classes)``.
        labels: the number of each row's class, shape ``(rows,)``.
        focal_gamma: :math:`\gamma`, which takes weight from rows that are right already; it may be traced. None is
            cross-entropy, as 0 is, without computing the factor.

    Returns:
        Shape ``(rows,)``.

    Example:
        >>> [round(float(row_losses(jnp.zeros(1), jnp.ones(1, int), gamma)[0]), 4) for gamma in (None, 2.0)]
        [0.6931, 0.1733]

    References:
        T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollar (2017). Focal loss for dense object detection. ICCV.
    """
    if scores.ndim == 1:
        losses = optax.sigmoid_binary_cross_entropy(scores, jnp.asarray(labels, scores.dtype))
    else:
        losses = optax.softmax_cross_entropy_with_integer_labels(scores, jnp.asarray(labels))
    if focal_gamma is None:
        return losses
    # By logarithms, so that its derivative is finite for every exponent.
    return losses * jnp.exp(jnp.asarray(focal_gamma, losses.dtype) * _log_doubt(scores, jnp.asarray(labels)))


def _log_doubt(scores: jax.Array, labels: jax.Array) -> jax.Array:
    """The logarithm of the probability of all classes but the true one."""
    if scores.ndim == 1:
        return jax.nn.log_sigmoid(jnp.where(labels == 1, -scores, scores))
    others = jnp.where(jax.nn.one_hot(labels, scores.shape[1], dtype=bool), -jnp.inf, scores)
    return jax.nn.logsumexp(others, axis=1) - jax.nn.logsumexp(scores, axis=1)
