"""What is minimised: a loss, a way to draw start points, and whatever is known about the answer."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

Params = Any
"""Any pytree of floating-point arrays."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Problem:
    r"""Minimise :math:`L(\theta)`, or :math:`E_k[L(\theta, k)]` when the loss draws minibatches.

    A problem is a pytree: its numbers (condition number, label noise, data) are leaves that may be traced, so that one
    compiled program serves every value of them. Two problems made by the same factory differ in leaves only.

    Args:
        loss: ``loss(params, key) -> scalar``. A deterministic loss ignores ``key``.
        init: ``init(key) -> params``, one random start point; None if start points must be given.
        evaluate: ``evaluate(params) -> {name: scalar}``, metrics worth recording beside the loss, such as those of a
            validation set.
        domain: ``(lower, upper)``, each of the shape of ``params``: where the problem is usually studied.
        minima: known minima, shape ``(count, dim)``.
        saddles: known saddle points, shape ``(count, dim)``.
        minimum: the lowest value of the loss, which a global minimum attains.
        name: what to call it in labels and tables.
        smooth: whether the loss has two derivatives everywhere, its minima included.
        reference: the paper or book it comes from.

    Example:
        >>> from jaxopt_lab import problems
        >>> bowl = problems.Problem(lambda x, key: (x**2).sum(), name="bowl")
        >>> float(bowl.loss(jnp.array([3.0, 4.0]), None))
        25.0
    """

    loss: Callable[..., jax.Array]
    init: Callable[[jax.Array], Params] | None = None
    evaluate: Callable[[Params], dict[str, jax.Array]] | None = None
    domain: tuple[Any, Any] | None = None
    minima: Any = None
    saddles: Any = None
    minimum: Any = None
    name: str = dataclasses.field(default="problem", metadata={"static": True})
    smooth: bool = dataclasses.field(default=True, metadata={"static": True})
    reference: str = dataclasses.field(default="", metadata={"static": True})


def surface(
    function: Callable[..., jax.Array],
    parameters: dict[str, Any],
    *,
    lower: Any,
    upper: Any,
    minima: Any = None,
    saddles: Any = None,
    minimum: Any = None,
    name: str,
    smooth: bool = True,
    reference: str = "",
) -> Problem:
    """A deterministic problem over one vector ``x``, whose start points are uniform on its domain.

    Args:
        function: ``function(x, **parameters) -> scalar``, defined at module level so that equal problems share a
            compiled program.
        parameters: the numbers of the function; they may be traced.
        lower: lower corner of the domain, shape ``(dim,)``.
        upper: upper corner of the domain, shape ``(dim,)``.
        minima: as in `Problem`.
        saddles: as in `Problem`.
        minimum: as in `Problem`.
        name: as in `Problem`.
        smooth: as in `Problem`.
        reference: as in `Problem`.
    """
    lower, upper = _vector(lower), _vector(upper)
    return Problem(
        loss=Partial(_ignoring_key, Partial(function, **parameters)),
        init=Partial(_uniform, lower, upper),
        domain=(lower, upper),
        minima=minima,
        saddles=saddles,
        minimum=minimum,
        name=name,
        smooth=smooth,
        reference=reference,
    )


def as_problem(problem: Problem | Callable[..., jax.Array], *, domain: tuple[Any, Any] | None = None) -> Problem:
    """The problem itself, or a plain function ``f(params)`` or ``f(params, key)`` as one.

    Args:
        problem: a problem, or a function that returns a scalar.
        domain: ``(lower, upper)``, two corners of the shape of its parameters, an array: start points are drawn
            uniformly between them, and pictures show what lies between them.

    Returns:
        The problem, with that domain if one is given.

    Raises:
        TypeError: if it is neither a problem nor a function.
        ValueError: for corners that are not finite, not of one shape, or not in order.

    Example:
        >>> as_problem(lambda x: (x**2).sum()).name
        '<lambda>'
        >>> def bowl(x):
        ...     return (x**2).sum()
        >>> as_problem(bowl, domain=([-1, -1], [1, 3])).init(jax.random.key(0)).shape
        (2,)
    """
    if domain is not None:
        lower, upper = _corners(domain)
        return dataclasses.replace(as_problem(problem), init=Partial(_uniform, lower, upper), domain=(lower, upper))
    if isinstance(problem, Problem):
        return problem
    if not callable(problem):
        raise TypeError(f"problem: got {problem!r}; pass a Problem or a function f(params) that returns a scalar")
    name = getattr(problem, "__name__", type(problem).__name__)
    wants_key = "key" in inspect.signature(problem).parameters
    return Problem(loss=Partial(_passing_key if wants_key else _ignoring_key, problem), name=name)


def _corners(domain: Any) -> tuple[np.ndarray, np.ndarray]:
    try:
        lower, upper = (np.asarray(corner, float) for corner in domain)
    except (TypeError, ValueError):
        lower, upper = np.zeros(0), np.zeros(1)
    if lower.shape != upper.shape or not (np.isfinite(lower) & np.isfinite(upper) & (lower < upper)).all():
        raise ValueError(
            f"domain: got {domain!r}; give (lower, upper), two corners of the shape of the parameters, the lower one "
            "below the upper one everywhere"
        )
    return lower, upper


def _ignoring_key(function: Callable[[Params], jax.Array], params: Params, key: jax.Array | None = None) -> jax.Array:
    del key
    return function(params)


def _passing_key(function: Callable[..., jax.Array], params: Params, key: jax.Array | None = None) -> jax.Array:
    return function(params, key=key)


def _uniform(lower: Any, upper: Any, key: jax.Array) -> jax.Array:
    dtype = jnp.result_type(lower, upper)
    return jax.random.uniform(key, np.shape(lower), dtype, lower, upper)


def _vector(corner: Any) -> Any:
    return corner if isinstance(corner, jax.Array) else np.asarray(corner, float)
