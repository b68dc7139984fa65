"""What Python can see before anything is compiled: refused here, with what to do instead."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxopt_lab.problems.problem import Params, Problem


def is_optimizer(thing: Any) -> bool:
    """Whether this is a built gradient transformation, and no factory of one."""
    return callable(getattr(thing, "init", None)) and callable(getattr(thing, "update", None))


def name_of(thing: Any) -> str:
    """What to call a problem, an optimiser, or a factory of either."""
    if isinstance(thing, Problem):
        return thing.name
    if is_optimizer(thing):
        # A built transformation knows no name, but its update function says which factory defined it.
        qualified = getattr(thing.update, "__qualname__", "")
        return qualified.partition(".<locals>")[0].lstrip("_") or "optimizer"
    inner = getattr(thing, "func", thing)  # a functools.partial bears the name of what it calls
    return getattr(inner, "__name__", type(inner).__name__)


def check_optimizer(optimizer: Any) -> None:
    """Refuse what is no gradient transformation.

    Raises:
        ValueError: naming what came.
    """
    if is_optimizer(optimizer):
        return
    if callable(optimizer):
        name = name_of(optimizer)
        raise ValueError(f"optimizer: got the factory {name}; call it with its hyperparameters, such as {name}(0.1)")
    raise ValueError(
        f"optimizer: got {optimizer!r}, {_article(optimizer)}; pass a GradientTransformation, such as optax.adam(0.1)"
    )


def check_start(problem: Problem, params: Params, argument: str) -> None:
    """Refuse parameters that are not floating-point, or not of the shapes that the problem draws itself.

    Args:
        problem: the problem.
        params: one start point.
        argument: the argument it came from, for the message.

    Raises:
        ValueError: naming both shapes.
    """
    for leaf in jax.tree.leaves(params):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise ValueError(f"{argument}: got an array of {leaf.dtype}; gradients need floating-point parameters")
    if problem.init is None:
        return
    init = problem.init
    expected = jax.eval_shape(lambda: init(jax.random.key(0)))
    if _shapes(params) != _shapes(expected):
        raise ValueError(
            f"{argument}: got a start point of shape {_shown(params)}, but {problem.name} has parameters of shape "
            f"{_shown(expected)}; give each start that shape"
        )


def check_loss(problem: Problem, params: Params, key: jax.Array | None) -> None:
    """Refuse a loss that is not one floating-point number at the start point.

    Raises:
        ValueError: naming what it returns, or how it fails.
    """
    try:
        loss = jax.eval_shape(problem.loss, params, key)
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        first_line = str(error).partition("\n")[0][:200]
        raise ValueError(
            f"problem: {problem.name} fails at parameters of shape {_shown(params)}: {first_line}"
        ) from error
    if isinstance(loss, Problem):
        raise ValueError(f"problem: {problem.name} is a factory that returns a Problem; call it: {problem.name}()")
    if not hasattr(loss, "shape"):
        raise ValueError(f"problem: its loss returns {_article(loss)}, but a loss is one number and nothing else")
    if loss.shape != ():
        raise ValueError(
            f"problem: its loss returns shape {loss.shape}, but a loss is one number; take its mean or sum"
        )
    if not jnp.issubdtype(loss.dtype, jnp.floating):
        raise ValueError(
            f"problem: its loss returns {loss.dtype}, which has no gradient; return a floating-point number"
        )


def _article(thing: Any) -> str:
    name = type(thing).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _shapes(params: Params) -> Any:
    return jax.tree.structure(params), [leaf.shape for leaf in jax.tree.leaves(params)]


def _shown(params: Params) -> str:
    """The shape of an array, or the shapes of a pytree's leaves."""
    shapes = jax.tree.map(lambda leaf: leaf.shape, params)
    return str(shapes) if jax.tree.structure(params).num_leaves < 4 else f"{jax.tree.structure(params)}"[:120]
