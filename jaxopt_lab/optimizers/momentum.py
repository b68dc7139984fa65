"""Methods with a velocity: the heavy ball and Nesterov's acceleration."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.typing
import optax

from jaxopt_lab.optimizers.leafwise import at_step, leafwise


class MomentumState(NamedTuple):
    """How many steps were taken, and the velocity."""

    step: jax.typing.ArrayLike
    velocity: optax.Updates


def sgd_momentum(
    learning_rate: optax.ScalarOrSchedule, momentum: jax.typing.ArrayLike = 0.9
) -> optax.GradientTransformation:
    r"""Gradient descent with momentum, the heavy ball.

    .. math:: v_{t+1} = \beta v_t + \alpha g_t, \qquad w_{t+1} = w_t - v_{t+1}

    The velocity holds the learning rate, so that under a schedule past gradients keep the rate they came with; with a
    constant rate this is ``optax.sgd(learning_rate, momentum)``. On a quadratic with eigenvalue :math:`h` it converges
    iff :math:`\alpha h < 2 + 2\beta`, and contracts by :math:`\sqrt\beta` a step once the roots are complex.

    Args:
        learning_rate: :math:`\alpha`, a scalar or an Optax schedule.
        momentum: :math:`\beta`, in [0, 1).

    Returns:
        The transformation; its updates have the shapes and dtypes of the gradients.

    Example:
        >>> from jaxopt_lab import optimizers, problems, simulate
        >>> path = simulate(problems.saddle(), optimizers.sgd_momentum(0.1, 0.7), jnp.array([0.1, 1.5]), 100)
        >>> round(float(path.params[-1, 1] / path.params[-2, 1]), 4)
        1.4

    References:
        Polyak, Some methods of speeding up the convergence of iteration methods, 1964.
    """
    return _with_velocity(_heavy_ball, learning_rate, momentum)


def nesterov(
    learning_rate: optax.ScalarOrSchedule, momentum: jax.typing.ArrayLike = 0.9
) -> optax.GradientTransformation:
    r"""Nesterov's accelerated gradient, in the form that evaluates the gradient at the parameters.

    .. math:: v_{t+1} = \beta v_t + \alpha g_t, \qquad w_{t+1} = w_t - (\beta v_{t+1} + \alpha g_t)

    With a constant rate this is ``optax.sgd(learning_rate, momentum, nesterov=True)``.

    Args:
        learning_rate: :math:`\alpha`, a scalar or an Optax schedule.
        momentum: :math:`\beta`, in [0, 1).

    Returns:
        The transformation; its updates have the shapes and dtypes of the gradients.

    Example:
        >>> from jaxopt_lab import optimizers, problems, simulate
        >>> path = simulate(problems.quadratic((1.0, 10.0)), optimizers.nesterov(0.05), jnp.array([4.0, 1.5]), 200)
        >>> bool(path.loss[-1] < 1e-6)
        True

    References:
        Nesterov, A method of solving a convex programming problem with convergence rate O(1/k^2), 1983;
        Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum in deep learning, 2013.
    """
    return _with_velocity(_nesterov, learning_rate, momentum)


def _heavy_ball(
    g: jax.Array, v: jax.Array, *, learning_rate: jax.Array, momentum: jax.Array
) -> tuple[jax.Array, jax.Array]:
    v = momentum * v + learning_rate * g
    return -v, v


def _nesterov(
    g: jax.Array, v: jax.Array, *, learning_rate: jax.Array, momentum: jax.Array
) -> tuple[jax.Array, jax.Array]:
    v = momentum * v + learning_rate * g
    return -(momentum * v + learning_rate * g), v


def _with_velocity(
    rule: Callable[..., tuple[jax.Array, jax.Array]],
    learning_rate: optax.ScalarOrSchedule,
    momentum: jax.typing.ArrayLike,
) -> optax.GradientTransformation:
    def init(params: optax.Params) -> MomentumState:
        return MomentumState(jnp.zeros([], jnp.int32), optax.tree.zeros_like(params))

    def update(
        grads: optax.Updates, state: MomentumState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, MomentumState]:
        del params
        rate = at_step(learning_rate, state.step)
        updates, velocity = leafwise(rule, grads, state.velocity, learning_rate=rate, momentum=momentum)
        return updates, MomentumState(optax.safe_increment(state.step), velocity)

    return optax.GradientTransformation(init, update)  # pyright: ignore[reportArgumentType]  Optax types states loosely
