"""Gradient descent that is shaken where the gradient vanishes, so that no saddle holds it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.typing
import optax
from jax.flatten_util import ravel_pytree

from jaxopt_lab.optimizers.leafwise import at_step, leafwise


class PerturbedState(NamedTuple):
    """How many steps were taken, and how many must pass before the parameters may be shaken again."""

    step: jax.typing.ArrayLike
    wait: jax.typing.ArrayLike


def perturbed_gradient_descent(
    learning_rate: optax.ScalarOrSchedule,
    radius: jax.typing.ArrayLike = 1e-2,
    threshold: jax.typing.ArrayLike = 1e-2,
    interval: jax.typing.ArrayLike = 50,
    seed: jax.typing.ArrayLike = 0,
) -> optax.GradientTransformation:
    r"""Perturbed gradient descent: where the gradient is small, a random push, at most once in so many steps.

    .. math:: w_{t+1} = w_t - \alpha \, g_t + \xi_t, \qquad
              \xi_t \sim \begin{cases} \text{uniform in the ball of radius } r & \text{if } \|g_t\| \le \gamma
              \text{ and none came in the last } k \text{ steps} \\ 0 & \text{else} \end{cases}

    A saddle of curvature :math:`-h` is then left in a number of steps that grows with the logarithm of the dimension
    only. Minima have small gradients too: there each push takes the parameters at most :math:`r` away, and the next
    :math:`k` steps bring them back.

    The gradient is the one before the push (the paper's step takes the one after it), so that a step costs one
    gradient: the two differ by :math:`\alpha H \xi_t`, which is small beside the push itself.

    Args:
        learning_rate: :math:`\alpha`, a scalar or an Optax schedule.
        radius: :math:`r`, the farthest that a push goes, in units of the parameters.
        threshold: :math:`\gamma`, the gradient norm over all parameters at or below which a push may come.
        interval: :math:`k`, a whole number of steps.
        seed: the root of the pushes, a whole number: one seed, one sequence of pushes, whatever the start.

    Returns:
        The transformation; its updates have the shapes and dtypes of the gradients.

    Example:
        >>> from jaxopt_lab import optimizers, problems, simulate
        >>> at_the_saddle = jnp.zeros(2)
        >>> held = simulate(problems.saddle(), optimizers.sgd(0.1), at_the_saddle, 60, record="final")
        >>> freed = simulate(
        ...     problems.saddle(), optimizers.perturbed_gradient_descent(0.1), at_the_saddle, 60, record="final"
        ... )
        >>> float(held.loss), float(freed.loss) < -1
        (0.0, True)

    References:
        Jin, Ge, Netrapalli, Kakade and Jordan, How to escape saddle points efficiently, ICML 2017, Algorithm 1.
    """

    def init(params: optax.Params) -> PerturbedState:
        del params
        return PerturbedState(jnp.zeros([], jnp.int32), jnp.zeros([], jnp.int32))

    def update(
        grads: optax.Updates, state: PerturbedState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, PerturbedState]:
        del params
        slope, unravel = ravel_pytree(grads)
        wide = jnp.promote_types(slope.dtype, jnp.float32)
        # Squares, since a root has no derivative where the gradient is 0.
        is_small = jnp.sum(slope.astype(wide) ** 2) <= jnp.asarray(threshold, wide) ** 2
        pushed = is_small & (jnp.asarray(state.wait) == 0)
        key = jax.random.fold_in(jax.random.key(seed), state.step)
        push = unravel(_in_unit_ball(key, slope.size).astype(slope.dtype))
        reach = jnp.where(pushed, radius, 0.0)
        (updates,) = leafwise(_step, grads, push, learning_rate=at_step(learning_rate, state.step), reach=reach)
        wait = jnp.where(pushed, jnp.asarray(interval, jnp.int32), jnp.maximum(jnp.asarray(state.wait) - 1, 0))
        return updates, PerturbedState(optax.safe_increment(state.step), wait)

    return optax.GradientTransformation(init, update)  # pyright: ignore[reportArgumentType]  Optax types states loosely


def _step(g: jax.Array, push: jax.Array, *, learning_rate: jax.Array, reach: jax.Array) -> tuple[jax.Array]:
    return (reach * push - learning_rate * g,)


def _in_unit_ball(key: jax.Array, dim: int) -> jax.Array:
    """A uniform point of the ball: the shadow of one on the sphere of two dimensions more (Harman and Lacko 2010)."""
    normal = jax.random.normal(key, (dim + 2,))
    return normal[:dim] * jax.lax.rsqrt(jnp.sum(normal**2))
