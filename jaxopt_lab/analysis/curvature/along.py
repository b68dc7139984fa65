"""Curvature at each recorded point of a trajectory: what `simulate` and `sweep` take as ``observe``."""

from collections.abc import Callable, Mapping

import jax
from jax.flatten_util import ravel_pytree

from jaxopt_lab.analysis.curvature.hessian import flat_hessian
from jaxopt_lab.analysis.curvature.lanczos import lanczos
from jaxopt_lab.analysis.loss import loss_of
from jaxopt_lab.engine.trajectory import Observe
from jaxopt_lab.problems.problem import Params, Problem, as_problem

PRODUCTS = 12
"""Hessian-vector products for one sharpness: with the gradient's graph, 1 + 2 * 12 = 25 gradients at most."""


def sharpness(problem: Problem | Callable[..., jax.Array] | None = None) -> Observe:
    r"""Observe the sharpness, the largest eigenvalue of the Hessian, at each recorded point.

    .. math:: S(\theta) = \lambda_{max}(\nabla^2 L(\theta))

    Gradient descent at step :math:`\alpha` on a quadratic diverges above :math:`2 / \alpha`; on networks it drives the
    sharpness there, and it stays there (the edge of stability).

    The value is that of twelve steps of `lanczos` from a random vector, the same at each point: at most the work of 25
    gradients. It lies below the largest eigenvalue, by little where that stands out, as it does once a network learns.

    Args:
        problem: the loss whose Hessian is looked at. By default that of the trajectory itself: in a sweep over the
            problem's own hyperparameters, each with its own. Where that draws minibatches, pass the same without
            ``batch_size``: a `Problem`, or a plain function ``f(params)``.

    Returns:
        What `simulate` and `sweep` take as ``observe``; it records ``sharpness``, one number a point.

    Raises:
        ValueError: when the trajectory is traced, for a loss that draws from a key or is no single number.
        TypeError: for what is no problem.

    Example:
        >>> from jaxopt_lab import optimizers, problems, sweep
        >>> run = sweep(
        ...     problems.ill_conditioned, optimizers.sgd(0.1), {"condition": [4.0, 10.0]}, num_steps=3, record=1,
        ...     observe=sharpness(),
        ... )
        >>> run.sharpness.squeeze("start").values.round(3).tolist()
        [[4.0, 4.0, 4.0, 4.0], [10.0, 10.0, 10.0, 10.0]]

    References:
        J. Cohen, S. Kaur, Y. Li, J. Z. Kolter and A. Talwalkar (2021). Gradient descent on neural networks typically
        occurs at the edge of stability. ICLR.
    """
    return _looking_at(problem, _observe_sharpness)


def derivatives(problem: Problem | Callable[..., jax.Array] | None = None) -> Observe:
    r"""Observe the gradient and the whole Hessian at each recorded point, for problems of few parameters.

    .. math:: \nabla L(\theta), \qquad \nabla^2 L(\theta)

    Args:
        problem: as in `sharpness`.

    Returns:
        What `simulate` and `sweep` take as ``observe``; it records ``gradient``, shape ``(dim,)``, and ``hessian``,
        shape ``(dim, dim)``, the parameters in the order in which `jax.flatten_util.ravel_pytree` puts them.

    Raises:
        ValueError: as `sharpness` does.
        TypeError: as `sharpness` does.

    Example:
        >>> from jaxopt_lab import optimizers, problems, sweep
        >>> saddle = problems.saddle()
        >>> run = sweep(saddle, optimizers.sgd, {"learning_rate": [0.1, 0.2]}, starts=4, num_steps=5, record="path",
        ...             observe=derivatives())
        >>> run.hessian.sizes["step"], run.hessian[0, 0, 0].values.tolist()
        (6, [[2.0, 0.0], [0.0, -2.0]])
    """
    return _looking_at(problem, _observe_derivatives)


def _looking_at(problem: Problem | Callable[..., jax.Array] | None, observe: Observe) -> Observe:
    """An observation of this problem, or, without one, of the trajectory's own: always the same function then."""
    if problem is None:
        return observe
    fixed = as_problem(problem)

    def observe_fixed(params: Params, loss: jax.Array, grads: Params) -> Mapping[str, jax.Array]:
        return observe(params, loss, grads, fixed)

    return observe_fixed


def _observe_sharpness(params: Params, loss: jax.Array, grads: Params, problem: Problem) -> dict[str, jax.Array]:
    del loss, grads
    return {"sharpness": _sharpness(loss_of(problem, params), params)}


def _observe_derivatives(params: Params, loss: jax.Array, grads: Params, problem: Problem) -> dict[str, jax.Array]:
    del loss
    flat, unravel = ravel_pytree(params)
    loss_at = loss_of(problem, params)
    return {"gradient": ravel_pytree(grads)[0], "hessian": jax.hessian(lambda flat: loss_at(unravel(flat)))(flat)}


@jax.jit
def _sharpness(loss: Callable[[Params], jax.Array], params: Params) -> jax.Array:
    hessian = flat_hessian(loss, params)
    start = jax.random.normal(jax.random.key(0), (hessian.dim,), hessian.dtype)
    return lanczos(hessian.times, start, min(PRODUCTS, hessian.dim)).values[-1]
