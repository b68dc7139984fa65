"""The Lyapunov exponent: how fast trajectories that start side by side part."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from jaxopt_lab.analysis.chaos.tangent import advance_with_tangent
from jaxopt_lab.engine.checks import check_loss, check_optimizer, check_start
from jaxopt_lab.engine.records import FINAL, steps_number
from jaxopt_lab.engine.trajectory import Run
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Params, Problem, as_problem


def lyapunov_exponent(
    problem: Problem | Callable[..., jax.Array],
    optimizer: optax.GradientTransformation,
    params: Params,
    num_steps: int,
    *,
    skip: int = 0,
    key: jax.Array | None = None,
) -> jax.Array:
    r"""The largest Lyapunov exponent along one trajectory, through derivatives of the step and no differences.

    .. math:: \lambda = \frac{1}{n - m} \sum_{t=m}^{n-1} \ln \frac{\lVert J_t u_t \rVert}{\lVert u_t \rVert}, \qquad
              u_{t+1} = J_t u_t

    :math:`J_t` is the derivative of the whole step, by the parameters *and* the optimiser's state; the tangent
    :math:`u_t` is scaled to length 1 at each step and starts along the parameters. Where :math:`\lambda` is negative,
    the trajectory forgets where it started, by :math:`e^\lambda` a step; where it is positive, that is chaos, or growth
    without end.

    Pure: it may be jitted and vmapped, as `jaxopt_lab.simulate` may.

    Args:
        problem: a `Problem`, or a plain function ``f(params)`` or ``f(params, key)`` that returns a scalar.
        optimizer: any Optax ``GradientTransformation`` that JAX differentiates.
        params: the start point, a pytree of floating-point arrays.
        num_steps: the number of updates :math:`n`.
        skip: :math:`m`, how many of them at the beginning are not counted, the way to the attractor.
        key: for problems that draw minibatches or noise; the neighbour sees the same draws.

    Returns:
        :math:`\lambda`, in nats a step, a scalar; minus infinity where a step has slope 0, NaN where the trajectory
        left the finite numbers.

    Raises:
        ValueError: for fewer than one counted step, or what `jaxopt_lab.simulate` refuses.
        TypeError: for what is no problem.

    Example:
        >>> from jaxopt_lab import optimizers, problems
        >>> bowl = lyapunov_exponent(problems.quadratic((1.0, 10.0)), optimizers.sgd(0.18), jnp.ones(2), 500, skip=300)
        >>> f"{jnp.exp(bowl):.3f}"
        '0.820'

    References:
        G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn (1980). Lyapunov characteristic exponents for smooth
        dynamical systems and for Hamiltonian systems; a method for computing all of them. Meccanica 15.
    """
    problem, num_steps = as_problem(problem), steps_number(num_steps)
    if whole_number("skip", skip, least=0) >= num_steps:
        raise ValueError(f"skip: got {skip} of {num_steps} steps, which leaves none to count; skip fewer")
    params = jax.tree.map(jnp.asarray, params)
    check_optimizer(optimizer)
    check_start(problem, params, "params")
    check_loss(problem, params, key)
    run = Run(problem, optimizer, key, FINAL, None, None)
    _, tangent = advance_with_tangent(run, run.start(params), num_steps, skip)
    return tangent.growth / (num_steps - skip)
