"""Steps that are measured by the curvature, without being drawn to saddles by it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jax.typing
import optax
from jax.flatten_util import ravel_pytree

from jaxopt_lab.optimizers.leafwise import at_step

MOST_PARAMETERS = 2000
"""Beyond so many the Hessian, and its eigenvectors at each step, are no longer what one wants."""


class SaddleFreeState(NamedTuple):
    """How many steps were taken."""

    step: jax.typing.ArrayLike


def saddle_free_newton(
    learning_rate: optax.ScalarOrSchedule, damping: jax.typing.ArrayLike = 1e-3
) -> optax.GradientTransformationExtraArgs:
    r"""Newton's method with the absolute values of the curvatures: it runs away from saddles, not into them.

    .. math:: w_{t+1} = w_t - \alpha \, (|H_t| + \lambda I)^{-1} g_t, \qquad
              |H| = V \, |\Lambda| \, V^\top \text{ where } H = V \Lambda V^\top

    On a quadratic, without damping, a step multiplies every coordinate of positive curvature by :math:`1 - \alpha` and
    every one of negative curvature by :math:`1 + \alpha`, however large or small these curvatures are: with
    :math:`\alpha = 1` it is at once where the positive ones end, and doubles its distance along the others.

    The Hessian is exact, of all parameters together, with all its eigenvectors: for some hundred of them.

    Args:
        learning_rate: :math:`\alpha`, a scalar or an Optax schedule; 1 is Newton's own step.
        damping: :math:`\lambda`, 0 or more, in units of the curvature: it bounds the step where there is none.

    Returns:
        The transformation; its updates have the shapes and dtypes of the gradients. Its ``update`` needs the parameters
        and the loss: ``update(grads, state, params, value_fn=loss)``, as `jaxopt_lab.simulate` passes them.

    Raises:
        ValueError: in ``update``, without the parameters or the loss, or for more than 2,000 parameters.

    Example:
        >>> from jaxopt_lab import optimizers, problems, simulate
        >>> method = optimizers.saddle_free_newton(1.0, damping=0.0)
        >>> path = simulate(problems.saddle((8.0, -0.5)), method, jnp.array([1.0, 0.01]), 3)
        >>> path.params[:, 0].tolist(), [round(float(y), 4) for y in path.params[:, 1]]
        ([1.0, 0.0, 0.0, 0.0], [0.01, 0.02, 0.04, 0.08])

    References:
        Dauphin, Pascanu, Gulcehre, Cho, Ganguli and Bengio, Identifying and attacking the saddle point problem in
        high-dimensional non-convex optimization, NeurIPS 2014, Algorithm 1 without its Krylov subspace.
    """

    def init(params: optax.Params) -> SaddleFreeState:
        del params
        return SaddleFreeState(jnp.zeros([], jnp.int32))

    def update(
        grads: optax.Updates,
        state: SaddleFreeState,
        params: optax.Params | None = None,
        *,
        value_fn: Callable[[Any], jax.Array] | None = None,
        **others: Any,
    ) -> tuple[optax.Updates, SaddleFreeState]:
        del others  # what Optax passes for other methods
        if params is None or value_fn is None:
            raise ValueError(
                "saddle_free_newton: its update needs the parameters and the loss; call "
                "update(grads, state, params, value_fn=loss)"
            )
        slope, unravel = ravel_pytree(grads)
        if slope.size > MOST_PARAMETERS:
            raise ValueError(
                f"saddle_free_newton: got {slope.size:,} parameters, but it takes the whole Hessian apart; use up to "
                f"{MOST_PARAMETERS:,} parameters, or perturbed_gradient_descent"
            )
        wide = jnp.promote_types(slope.dtype, jnp.float32)
        curvatures, axes = jnp.linalg.eigh(_hessian(value_fn, params).astype(wide))
        along = axes.T @ slope.astype(wide) / (jnp.abs(curvatures) + jnp.asarray(damping, wide))
        step = -jnp.asarray(at_step(learning_rate, state.step), wide) * (axes @ along)
        return unravel(step.astype(slope.dtype)), SaddleFreeState(optax.safe_increment(state.step))

    return optax.GradientTransformationExtraArgs(init, update)  # pyright: ignore[reportArgumentType]  as Optax's own


def _hessian(loss: Callable[[Any], jax.Array], params: optax.Params) -> jax.Array:
    """The second derivatives over all parameters in one row, shape ``(dim, dim)``."""
    flat, unravel = ravel_pytree(params)
    return jax.hessian(lambda flat: loss(unravel(flat)))(flat)
