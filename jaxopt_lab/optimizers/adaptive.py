"""Methods with a learning rate of their own for each parameter: RMSProp and Adam."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.typing
import optax

from jaxopt_lab.optimizers.leafwise import at_step, leafwise


class RmspropState(NamedTuple):
    """How many steps were taken, and the running mean of the squared gradients."""

    step: jax.typing.ArrayLike
    second_moment: optax.Updates


class AdamState(NamedTuple):
    """How many steps were taken, the powers of both decays, and the running means of the gradients and their squares.

    The powers are carried rather than raised anew: where a decay differs between lanes, a power for each lane and step
    would cost more than all the rest of the step.
    """

    step: jax.typing.ArrayLike
    b1_power: jax.Array
    b2_power: jax.Array
    first_moment: optax.Updates
    second_moment: optax.Updates


def rmsprop(
    learning_rate: optax.ScalarOrSchedule, decay: jax.typing.ArrayLike = 0.9, eps: jax.typing.ArrayLike = 1e-8
) -> optax.GradientTransformation:
    r"""RMSProp: each parameter's step divided by the root mean square of its recent gradients.

    .. math:: r_{t+1} = \rho r_t + (1 - \rho) g_t^2, \qquad
              w_{t+1} = w_t - \frac{\alpha}{\sqrt{r_{t+1}} + \varepsilon} \, g_t

    Epsilon stands outside the root, as in ``optax.rmsprop(learning_rate, decay, eps, eps_in_sqrt=False)``.

    Args:
        learning_rate: :math:`\alpha`, a scalar or an Optax schedule.
        decay: :math:`\rho`, in [0, 1).
        eps: :math:`\varepsilon`, a small positive number that bounds the step where gradients vanish.

    Returns:
        The transformation; its updates have the shapes and dtypes of the gradients.

    Example:
        >>> from jaxopt_lab import optimizers, problems, simulate
        >>> path = simulate(problems.quadratic((1.0, 10.0)), optimizers.rmsprop(0.1), jnp.array([4.0, 1.5]), 50)
        >>> [round(float(w), 4) for w in path.params[1]]  # the first step is learning_rate / sqrt(1 - decay)
        [3.6838, 1.1838]

    References:
        Tieleman and Hinton, Lecture 6.5: RMSProp, COURSERA: Neural networks for machine learning, 2012.
    """

    def init(params: optax.Params) -> RmspropState:
        return RmspropState(jnp.zeros([], jnp.int32), optax.tree.zeros_like(params))

    def update(
        grads: optax.Updates, state: RmspropState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, RmspropState]:
        del params
        rate = at_step(learning_rate, state.step)
        updates, moment = leafwise(_rmsprop, grads, state.second_moment, learning_rate=rate, decay=decay, eps=eps)
        return updates, RmspropState(optax.safe_increment(state.step), moment)

    return optax.GradientTransformation(init, update)  # pyright: ignore[reportArgumentType]  Optax types states loosely


def adam(
    learning_rate: optax.ScalarOrSchedule,
    b1: jax.typing.ArrayLike = 0.9,
    b2: jax.typing.ArrayLike = 0.999,
    eps: jax.typing.ArrayLike = 1e-8,
) -> optax.GradientTransformation:
    r"""Adam: momentum and RMSProp together, both corrected for their start at zero.

    .. math:: s_t = \beta_1 s_{t-1} + (1 - \beta_1) g_t, \qquad r_t = \beta_2 r_{t-1} + (1 - \beta_2) g_t^2

    .. math:: w_{t+1} = w_t - \alpha \frac{s_t / (1 - \beta_1^t)}{\sqrt{r_t / (1 - \beta_2^t)} + \varepsilon},
              \qquad t = 1, 2, \dots

    Args:
        learning_rate: :math:`\alpha`, a scalar or an Optax schedule.
        b1: :math:`\beta_1`, in [0, 1).
        b2: :math:`\beta_2`, in [0, 1).
        eps: :math:`\varepsilon`, a small positive number that bounds the step where gradients vanish.

    Returns:
        The transformation; its updates have the shapes and dtypes of the gradients.

    Example:
        >>> from jaxopt_lab import optimizers, problems, simulate
        >>> path = simulate(problems.quadratic((1.0, 10.0)), optimizers.adam(0.2), jnp.array([4.0, 1.5]), 50)
        >>> [round(float(w), 4) for w in path.params[1]]  # the first step has the size of the learning rate
        [3.8, 1.3]

    References:
        Kingma and Ba, Adam: a method for stochastic optimization, 2015.
    """

    def init(params: optax.Params) -> AdamState:
        zeros = optax.tree.zeros_like(params)
        one = jnp.ones([], jnp.result_type(jnp.float32, *jax.tree.leaves(params)))
        return AdamState(jnp.zeros([], jnp.int32), one, one, zeros, zeros)

    def update(
        grads: optax.Updates, state: AdamState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, AdamState]:
        del params
        b1_power, b2_power = _times(state.b1_power, b1), _times(state.b2_power, b2)
        updates, first, second = leafwise(
            _adam,
            grads,
            state.first_moment,
            state.second_moment,
            learning_rate=at_step(learning_rate, state.step),
            b1=b1,
            b2=b2,
            eps=eps,
            first_correction=1 / (1 - b1_power),
            second_correction=1 / (1 - b2_power),
        )
        return updates, AdamState(optax.safe_increment(state.step), b1_power, b2_power, first, second)

    return optax.GradientTransformation(init, update)  # pyright: ignore[reportArgumentType]  Optax types states loosely


def _times(power: jax.Array, base: jax.typing.ArrayLike) -> jax.Array:
    return power * jnp.asarray(base, power.dtype)


def _rmsprop(
    g: jax.Array, r: jax.Array, *, learning_rate: jax.Array, decay: jax.Array, eps: jax.Array
) -> tuple[jax.Array, jax.Array]:
    r = decay * r + (1 - decay) * g**2
    return -learning_rate / (jnp.sqrt(r) + eps) * g, r


def _adam(
    g: jax.Array,
    s: jax.Array,
    r: jax.Array,
    *,
    learning_rate: jax.Array,
    b1: jax.Array,
    b2: jax.Array,
    eps: jax.Array,
    first_correction: jax.Array,
    second_correction: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    s = b1 * s + (1 - b1) * g
    r = b2 * r + (1 - b2) * g**2
    s_hat = s * first_correction
    r_hat = r * second_correction
    return -learning_rate * s_hat / (jnp.sqrt(r_hat) + eps), s, r
