"""A problem's loss as a function of the parameters alone, as analyses of its shape need it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jaxopt_lab.engine.checks import check_loss
from jaxopt_lab.engine.lanes import Skeleton, split
from jaxopt_lab.problems.problem import Params, Problem, as_problem


def loss_of(problem: Problem | Callable[..., jax.Array], params: Params) -> Callable[[Params], jax.Array]:
    """The loss without a key, as a pytree whose numbers may be arguments of a compiled program.

    Args:
        problem: a `Problem` whose loss draws nothing, or a plain function ``f(params)``.
        params: parameters of the right shapes, of which only these are looked at.

    Returns:
        A function of the parameters.

    Raises:
        ValueError: for a loss that draws from a key, fails, or is no single number.
        TypeError: for what is no problem.

    Example:
        >>> from jaxopt_lab import problems
        >>> float(loss_of(problems.quadratic((1.0, 10.0)), jax.numpy.ones(2))(jax.numpy.ones(2)))
        5.5
    """
    problem = as_problem(problem)
    if not _works(problem, params, None) and _works(problem, params, jax.random.key(0)):
        raise ValueError(
            f"problem: the loss of {problem.name} draws from a key, and a shape needs one loss; take the problem "
            "without batch_size, or hold one batch: lambda params: problem.loss(params, key)"
        )
    check_loss(problem, params, None)
    skeleton, numbers = split(problem, jnp.result_type(*jax.tree.leaves(params)))
    return Partial(_Loss(skeleton), numbers)


@dataclasses.dataclass(frozen=True)
class _Loss:
    """The loss of all problems that differ in numbers only: a program is compiled for it once."""

    skeleton: Skeleton

    def __call__(self, numbers: tuple[Any, ...], params: Params) -> jax.Array:
        return self.skeleton.fill(numbers).loss(params, None)


def _works(problem: Problem, params: Params, key: jax.Array | None) -> bool:
    try:
        jax.eval_shape(problem.loss, params, key)
    except (TypeError, ValueError, IndexError, AttributeError):
        return False
    return True
