"""Gradient descent, the rule that all others are measured against."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.typing
import optax

from jaxopt_lab.optimizers.leafwise import at_step, leafwise


class SgdState(NamedTuple):
    """How many steps were taken."""

    step: jax.typing.ArrayLike


def sgd(learning_rate: optax.ScalarOrSchedule) -> optax.GradientTransformation:
    r"""Gradient descent; stochastic when the loss is.

    .. math:: w_{t+1} = w_t - \alpha \, g_t

    On a quadratic with eigenvalue :math:`h` it converges iff :math:`\alpha h < 2`.

    Args:
        learning_rate: :math:`\alpha`, a scalar or an Optax schedule.

    Returns:
        The transformation; its updates have the shapes and dtypes of the gradients.

    Example:
        >>> from jaxopt_lab import optimizers, problems, simulate
        >>> path = simulate(problems.quadratic((1.0, 10.0)), optimizers.sgd(0.05), jnp.array([4.0, 1.5]), 50)
        >>> [round(float(w), 4) for w in path.params[1]]
        [3.8, 0.75]

    References:
        Cauchy, Méthode générale pour la résolution des systèmes d'équations simultanées, 1847;
        Robbins and Monro, A stochastic approximation method, 1951.
    """

    def init(params: optax.Params) -> SgdState:
        del params
        return SgdState(jnp.zeros([], jnp.int32))

    def update(
        grads: optax.Updates, state: SgdState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, SgdState]:
        del params
        (updates,) = leafwise(_sgd, grads, learning_rate=at_step(learning_rate, state.step))
        return updates, SgdState(optax.safe_increment(state.step))

    return optax.GradientTransformation(init, update)  # pyright: ignore[reportArgumentType]  Optax types states loosely


def _sgd(g: jax.Array, *, learning_rate: jax.Array) -> tuple[jax.Array]:
    return (-learning_rate * g,)
