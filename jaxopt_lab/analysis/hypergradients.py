"""Hypergradients: how the final loss answers to hyperparameters, and when that answer is to be trusted."""

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.analysis.chaos.tangent import advance_with_tangent
from jaxopt_lab.engine.checks import check_loss
from jaxopt_lab.engine.lanes import Lane, build, prepare
from jaxopt_lab.engine.records import FINAL, steps_number
from jaxopt_lab.engine.spec import make_spec
from jaxopt_lab.engine.trajectory import Carry, Run
from jaxopt_lab.problems.checks import known_name
from jaxopt_lab.problems.problem import Params

MOST_GROWTH = 1000.0
"""Who has grown more than so many times is no longer what a derivative speaks of."""


class Hypergradient(NamedTuple):
    """A hypergradient and its warning light.

    Attributes:
        loss: the loss after the last step.
        gradient: its derivative by each hyperparameter, by name.
        exponent: the largest Lyapunov exponent along the trajectory, in nats a step.
        surge: the largest logarithm of a perturbation's growth from any step to the end.
        trusted: whether loss and derivatives are finite, and no perturbation has grown more than 1000-fold.
    """

    loss: jax.Array
    gradient: dict[str, jax.Array]
    exponent: jax.Array
    surge: jax.Array
    trusted: jax.Array


def hypergradient(
    problem: Any,
    optimizer: Any,
    hyperparameters: Mapping[str, Any],
    params: Params,
    num_steps: int,
    *,
    key: jax.Array | None = None,
    mode: str = "reverse",
) -> Hypergradient:
    r"""The derivative of the final loss by hyperparameters, of the optimiser, of the problem, or of both.

    .. math:: \frac{d L(\theta_n)}{d \eta} = \frac{\partial L}{\partial \eta} + \nabla L(\theta_n)^\top
              \sum_{t=0}^{n-1} J_{n-1} \cdots J_{t+1} \frac{\partial \theta_{t+1}}{\partial \eta}

    Backwards, the trajectory is cut into about :math:`\sqrt n` blocks whose starts alone are kept; each block is run
    again when the derivative comes to it. That takes :math:`O(\sqrt n)` of memory, and one more run. Forwards, one
    derivative for each hyperparameter is carried along the trajectory, in constant memory: the faster way for one or
    two of them.

    The warning light: the sum holds products of the steps' derivatives :math:`J_t`, which grow by :math:`e^\lambda` a
    step, :math:`\lambda` being the Lyapunov exponent. The surge is the logarithm of the largest of them, that of a
    perturbation on its way from whatever step to the end. Where it passes :math:`\ln 1000`, the derivative has
    exploded: it is the slope of a loss so wrinkled in :math:`\eta` that a change by a thousandth leads elsewhere.
    It may be exact, and yet not say which way is down. The surge is that of one perturbation that started in a random
    direction, followed by derivatives alone, without differences.

    Pure: it may be jitted, and vmapped over hyperparameters, starts and keys.

    Args:
        problem: a `Problem`, a factory of one, or a plain function whose further arguments may be among the
            hyperparameters.
        optimizer: a factory whose arguments may be among the hyperparameters, or a built transformation.
        hyperparameters: the values by name, numbers or vectors; a name that both factories take is written
            ``problem.x`` or ``optimizer.x``, as in `jaxopt_lab.sweep`.
        params: the start point, a pytree of floating-point arrays.
        num_steps: the number of updates :math:`n`.
        key: for problems that draw minibatches or noise: the derivative is that of this draw.
        mode: ``"reverse"`` or ``"forward"``.

    Returns:
        A `Hypergradient`.

    Raises:
        ValueError: for no hyperparameters, unknown names, and what `jaxopt_lab.simulate` refuses.

    Example:
        >>> from jaxopt_lab import optimizers, problems
        >>> bowl = problems.quadratic((2.0,))
        >>> found = hypergradient(bowl, optimizers.sgd, {"learning_rate": 0.1}, jnp.array([3.0]), 10)
        >>> print(f"{found.gradient['learning_rate']:.4f}")  # -h^2 T (1 - a h)^(2 T - 1) x_0^2
        -5.1881
        >>> bool(found.trusted)
        True

    References:
        D. Maclaurin, D. Duvenaud and R. P. Adams (2015). Gradient-based hyperparameter optimization through reversible
        learning. ICML;
        T. Chen, B. Xu, C. Zhang and C. Guestrin (2016). Training deep nets with sublinear memory cost;
        L. Metz, C. D. Freeman, S. S. Schoenholz and T. Kachman (2021). Gradients are not all you need.
    """
    num_steps, mode = steps_number(num_steps), known_name("mode", mode, ("reverse", "forward"))
    if not isinstance(hyperparameters, Mapping) or not hyperparameters:
        raise ValueError(f"hyperparameters: got {hyperparameters!r}; give at least one by name and value")
    params = jax.tree.map(jnp.asarray, params)
    dtype = jnp.result_type(*jax.tree.leaves(params))
    values = {name: jnp.asarray(value, dtype) for name, value in hyperparameters.items()}
    made = _maker(problem, optimizer, tuple(values), dtype, params, key)

    def final_loss(values: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
        run = made(values)
        along = _checkpointed if mode == "reverse" else _straight
        loss = run.finish(along(run, run.start(params), num_steps), num_steps).loss
        return loss, loss

    derive = jax.grad if mode == "reverse" else jax.jacfwd
    gradient, loss = derive(final_loss, has_aux=True)(values)
    run = made(values)
    _, tangent = advance_with_tangent(run, run.start(params), num_steps)
    finite = functools.reduce(jnp.logical_and, [jnp.isfinite(leaf).all() for leaf in (loss, *gradient.values())])
    calm = tangent.surge <= math.log(MOST_GROWTH)  # which NaN is not either
    return Hypergradient(loss, gradient, tangent.growth / num_steps, tangent.surge, finite & calm)


def _maker(
    problem: Any, optimizer: Any, names: tuple[str, ...], dtype: Any, params: Params, key: jax.Array | None
) -> Any:
    """A function from hyperparameters to the trajectory's pure functions, names matched as in a sweep."""
    spec = make_spec(
        problem, optimizer, {name: [1.0] for name in names}, starts=1, num_steps=1, record=FINAL, tolerance=None,
        seeds=None, seed=0, static_grid=None, observe=None, dtype=dtype, chunk_size=None,
    )  # fmt: skip
    if spec.several:
        raise ValueError(f"optimizer: got {len(spec.optimizers)} by name; differentiate one at a time")
    structure, shared = prepare(spec, spec.variants[0])
    structure = structure._replace(draws_starts=False)
    nobody = np.uint32(0)

    def made(values: dict[str, jax.Array]) -> Run:
        lane = Lane(tuple(values[name] for name in names), params, nobody, nobody)
        built, transformation, start, _ = build(structure, shared, lane)
        check_loss(built, start, key)
        return Run(built, transformation, key, FINAL, None, None)

    return made


def _straight(run: Run, carry: Carry, num_steps: int) -> Carry:
    return run.advance(carry, 0, num_steps)


def _checkpointed(run: Run, carry: Carry, num_steps: int) -> Carry:
    """All steps, in blocks of about the square root of their number: what happens inside a block is not kept."""
    length = math.isqrt(num_steps)

    def block(carry: Carry, start: Any) -> tuple[Carry, None]:
        return run.advance(carry, start, length), None

    whole = num_steps - num_steps % length
    carry, _ = jax.lax.scan(jax.checkpoint(block), carry, jnp.arange(0, whole, length, dtype=jnp.int32))
    rest = num_steps - whole
    return jax.checkpoint(lambda carry: run.advance(carry, whole, rest))(carry) if rest else carry
