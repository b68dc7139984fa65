"""A problem's loss as a function of the parameters alone, as analyses of its shape need it."""

from collections.abc import Callable
from typing import Any

import jax
from jax.tree_util import Partial

from jaxopt_lab.engine.checks import check_loss
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
    whole = as_problem(problem)
    if not _works(whole, params, None) and _works(whole, params, jax.random.key(0)):
        raise ValueError(
            f"problem: the loss of {whole.name} draws from a key, and a shape needs one loss; take the problem without "
            "batch_size, or hold one batch: lambda params: problem.loss(params, key)"
        )
    check_loss(whole, params, None)
    if isinstance(problem, Problem):
        leaves = jax.tree.leaves(problem.loss)
        if isinstance(problem.loss, Partial) and not any(callable(leaf) for leaf in leaves):
            return Partial(_without_key, problem.loss)
        return Partial(lambda params: whole.loss(params, None))
    return Partial(problem)


def _works(problem: Problem, params: Params, key: jax.Array | None) -> bool:
    try:
        jax.eval_shape(problem.loss, params, key)
    except (TypeError, ValueError, IndexError, AttributeError):
        return False
    return True


def _without_key(loss: Callable[..., Any], params: Params) -> Any:
    return loss(params, None)
