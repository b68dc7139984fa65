"""An instrument that rides along: what a whole trajectory says, read at every step, in constant memory.

The instrument's numbers travel inside the parameters, as ``{"point": params, "reading": numbers}``: so `sweep` takes
them along, and the last reading is in its result. The loss does not see them, and the optimiser never touches them.
"""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.tree_util import Partial

from jaxopt_lab.engine.checks import is_optimizer
from jaxopt_lab.engine.spec import problem_factory
from jaxopt_lab.problems.problem import Params, Problem, as_problem

Reading = Any
"""A pytree of arrays: what the instrument has added up so far."""


class Seen(NamedTuple):
    """What an instrument sees of one step.

    Attributes:
        step: the number of the step, from 0.
        point: the parameters that the step starts from.
        loss: the loss there.
        reading: what the instrument has added up so far.
        moves: what the optimiser adds to the parameters.
        state: the optimiser's state after it.
    """

    step: Any
    point: Params
    loss: jax.Array
    reading: Reading
    moves: Params
    state: Any


class Told(NamedTuple):
    """What an instrument makes of one step.

    Attributes:
        more: what is added to the reading.
        moves: what is added to the parameters.
        state: the optimiser's state to go on from.
    """

    more: Reading
    moves: Params
    state: Any


@dataclasses.dataclass(frozen=True)
class Gauged:
    """A factory of an optimiser with an instrument beside it. Equal ones share a compiled program.

    Args:
        func: the optimiser, or a factory of it.
        look: ``look(seen) -> told``, pure and hashable.
    """

    func: Any
    look: Callable[[Seen], Told]

    @property
    def __signature__(self) -> inspect.Signature:
        """That of the factory, so that a grid may name its arguments."""
        return inspect.Signature() if is_optimizer(self.func) else inspect.signature(self.func)

    def __call__(self, **hyperparameters: Any) -> optax.GradientTransformationExtraArgs:
        """The optimiser of these hyperparameters, over points that bear a reading."""
        inner = self.func if is_optimizer(self.func) else self.func(**hyperparameters)
        return _with_instrument(optax.with_extra_args_support(inner), self.look)


def _with_instrument(
    inner: optax.GradientTransformationExtraArgs, look: Callable[[Seen], Told]
) -> optax.GradientTransformationExtraArgs:
    def init(params: Params) -> tuple[Any, Any]:
        return jnp.int32(0), inner.init(params["point"])

    def update(
        grads: Params, state: tuple[Any, Any], params: Params, *, value: jax.Array, value_fn: Any, **_: Any
    ) -> tuple[Params, tuple[Any, Any]]:
        step, before = state
        point, slope = params["point"], grads["point"]

        def loss_at(point: Params, obj_fn: Any = None) -> jax.Array:
            del obj_fn  # as in the engine: a line search hands its function all that it was not given for itself
            return value_fn(params | {"point": point})

        moves, after = inner.update(slope, before, point, value=value, grad=slope, value_fn=loss_at, obj_fn=loss_at)
        told = look(Seen(step, point, value, params["reading"], moves, after))
        return {"point": told.moves, "reading": told.more}, (step + 1, told.state)

    return optax.GradientTransformationExtraArgs(init, update)  # pyright: ignore[reportArgumentType]


@dataclasses.dataclass(frozen=True)
class GaugedProblem:
    """A factory of a problem over points that bear a reading.

    Args:
        func: the factory, or the function of the parameters and more.
        names: which of its arguments are in the grid.
    """

    func: Any
    names: tuple[str, ...]

    @property
    def __signature__(self) -> inspect.Signature:
        """The arguments in the grid and no others."""
        return inspect.Signature([inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in self.names])

    def __call__(self, **arguments: Any) -> Problem:
        """The problem of these arguments."""
        return with_reading(made(self.func, arguments))


def made(problem: Any, arguments: Mapping[str, Any]) -> Problem:
    """The problem that a problem, a factory or a plain function is, given these arguments.

    Args:
        problem: as `sweep` takes it.
        arguments: those that a factory or a function is to get by name.

    Example:
        >>> from jaxopt_lab import problems
        >>> made(problems.ill_conditioned, {"condition": 4.0}).name
        'ill_conditioned'
    """
    if problem_factory(problem, set(arguments)) is not None:
        return problem(**arguments)
    return as_problem(partial(problem, **arguments) if arguments else problem)


def with_reading(problem: Problem) -> Problem:
    """The same problem over points that bear a reading.

    Args:
        problem: the problem.

    Example:
        >>> from jaxopt_lab import problems
        >>> bowl = with_reading(problems.quadratic((1.0, 10.0)))
        >>> float(bowl.loss({"point": jnp.ones(2), "reading": 0.0}, None))
        5.5
    """
    return Problem(Partial(_loss_at_point, problem.loss), minimum=problem.minimum, name=problem.name)


def _loss_at_point(loss: Callable[..., jax.Array], params: Params, key: jax.Array | None) -> jax.Array:
    return loss(params["point"], key)
