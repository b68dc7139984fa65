"""One trajectory of one optimiser on one problem: the loop that everything else in the laboratory runs."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxopt_lab.engine.checks import check_loss, check_optimizer, check_start
from jaxopt_lab.engine.records import (
    Losses,
    Record,
    Summary,
    add_loss,
    as_record,
    has_ended,
    no_losses,
    steps_number,
    summary_of,
)
from jaxopt_lab.problems.problem import Params, Problem, as_problem

Observe = Callable[..., Mapping[str, jax.Array]]
"""``observe(params, loss, grads)``, and of one that has an argument ``problem`` also the trajectory's own problem."""


class Trajectory(NamedTuple):
    """What was recorded. With a path, every leaf has a leading axis over the recorded points; else it is the last one.

    Attributes:
        params: the parameters.
        loss: the loss at these parameters, of the minibatch of that step where the problem draws one.
        metrics: what ``problem.evaluate`` and ``observe`` gave there, by name.
        summary: the streamed summary of every step's loss; None if it was not recorded.
    """

    params: Params
    loss: jax.Array
    metrics: dict[str, jax.Array]
    summary: Summary | None


class Carry(NamedTuple):
    """What a trajectory takes from step to step.

    Attributes:
        params: the parameters.
        state: the optimiser's state.
        losses: what is known of the losses so far, where it is recorded or decides when to stop.
        held: where the loss is random, the one with which a trajectory that stops has ended; else None.
    """

    params: Params
    state: optax.OptState
    losses: Losses | None
    held: jax.Array | None


def simulate(
    problem: Problem | Callable[..., jax.Array],
    optimizer: optax.GradientTransformation,
    params: Params,
    num_steps: int,
    *,
    key: jax.Array | None = None,
    record: str | int | Record = "path",
    tolerance: float | None = None,
    observe: Observe | None = None,
) -> Trajectory:
    r"""Follow one optimiser from one start point: a single `jax.lax.scan`, pure.

    .. math:: (u_t, s_{t+1}) = \mathrm{update}(\nabla L(\theta_t, k_t), s_t, \theta_t), \qquad
              \theta_{t+1} = \theta_t + u_t, \qquad t = 0, \dots, n - 1

    It may be jitted, vmapped over anything (learning rates, starts, keys, the problem's numbers) and differentiated.
    Inside ``vmap`` nothing raises: a trajectory that leaves the finite numbers says when in ``summary.diverged_at``.

    Args:
        problem: a `Problem`, or a plain function ``f(params)`` or ``f(params, key)`` that returns a scalar.
        optimizer: any Optax ``GradientTransformation``, those that need the loss value or function included.
        params: the start point, a pytree of floating-point arrays.
        num_steps: the number of updates :math:`n`, at least 1; a path has :math:`n + 1` points, the start being 0.
        key: for problems that draw minibatches or noise; step t sees ``jax.random.fold_in(key, t)``.
        record: ``"path"``, ``"summary"``, ``"final"``, or a whole number k for every k-th point.
        tolerance: a trajectory ends where its loss first is within this distance of the problem's known minimum (of 0
            where none is known), or first is not finite: it stays at that point with that loss. None: it runs on.
        observe: ``observe(params, loss, grads) -> {name: array}``, more to record at each recorded point; one
            that has an argument ``problem`` gets the problem by that name.

    Returns:
        A `Trajectory`.

    Raises:
        ValueError: for fewer than one step, a loss that is no scalar, parameters that are not floating-point or not of
            the problem's shape, a factory where its product is wanted.
        TypeError: for what is no problem.

    Example:
        >>> from jaxopt_lab import optimizers, problems, simulate
        >>> path = simulate(problems.quadratic((1.0, 10.0)), optimizers.adam(0.2), jnp.array([4.0, 1.5]), 50)
        >>> path.params.shape
        (51, 2)
        >>> def final_loss(rate):
        ...     run = simulate(lambda x: (x**2).sum(), optax.sgd(rate), jnp.ones(3), 10, record="final")
        ...     return run.loss
        >>> [round(float(loss), 4) for loss in jax.vmap(final_loss)(jnp.array([0.1, 0.4]))]
        [0.0346, 0.0]
    """
    problem, record, num_steps = as_problem(problem), as_record(record), steps_number(num_steps)
    params = jax.tree.map(jnp.asarray, params)
    check_optimizer(optimizer)
    check_start(problem, params, "params")
    check_loss(problem, params, key)
    return Run(problem, optimizer, key, record, tolerance, observe).trajectory(params, num_steps)


class Run(NamedTuple):
    """The pure functions of one trajectory, over what stays fixed along it.

    ``unroll`` steps are compiled as one turn of the loop; it changes the speed, and rounding in the last bit.
    """

    problem: Problem
    optimizer: optax.GradientTransformation
    key: jax.Array | None
    record: Record
    tolerance: Any
    observe: Observe | None
    unroll: int = 1

    def trajectory(self, params: Params, num_steps: int) -> Trajectory:
        """The whole of it."""
        carry = self.start(params)
        if self.record.every is not None:
            return self.path(carry, num_steps, self.record.every)
        return self.finish(self.advance(carry, 0, num_steps), num_steps)

    def start(self, params: Params) -> Carry:
        """What step 0 finds."""
        loss = self.problem.loss(params, self._key(0))
        stops = self.tolerance is not None
        losses = no_losses(loss) if self.record.summary or stops else None
        # At the point where it has ended, a loss that is not random stays the same by itself.
        held = loss if stops and self._is_random(params) else None
        return Carry(params, self.optimizer.init(params), losses, held)

    def step(self, carry: Carry, t: Any) -> tuple[Carry, Trajectory]:
        """Step t -> t + 1, and the point that it leaves."""
        key = self._key(t)

        def loss_at(params: Params, obj_fn: Any = None) -> jax.Array:
            del obj_fn  # a line search hands its function all that it was not given for itself
            return self.problem.loss(params, key)

        loss, grads = jax.value_and_grad(loss_at)(carry.params)
        # Optax's names for what some optimisers need beyond the gradient; the others ignore them.
        updates, state = optax.with_extra_args_support(self.optimizer).update(
            grads, carry.state, carry.params, value=loss, grad=grads, value_fn=loss_at, obj_fn=loss_at
        )
        params = optax.apply_updates(carry.params, updates)
        seen = self._see(carry, t, loss)
        if seen.losses is not None and self.tolerance is not None:
            # Who has ended stays where it is. Its optimiser runs on unseen: to hold its state too would make every
            # number in it, the count of steps above all, one of each lane's own.
            ended = has_ended(seen.losses, t)
            params = jax.tree.map(lambda old, new: jnp.where(ended, old, new), carry.params, params)
        point = self._point(carry.params, loss if seen.held is None else seen.held, grads)
        return seen._replace(params=params, state=state), point

    def advance(self, carry: Carry, start: Any, length: int) -> Carry:
        """So many steps from step ``start`` on that leave nothing behind."""

        def unrecorded(carry: tuple[Carry, Any], _: None) -> tuple[tuple[Carry, Any], None]:
            return (self.step(*carry)[0], carry[1] + 1), None

        return jax.lax.scan(unrecorded, (carry, jnp.int32(start)), None, length, unroll=self.unroll)[0][0]

    def advance_to(self, carry: Carry, start: Any, stop: Any) -> Carry:
        """The steps from ``start`` to ``stop``, whose number only the running program knows; it has no gradient."""

        def steps(first: Any, count: int, carry: Carry) -> Carry:
            for step in range(count):
                carry, _ = self.step(carry, first + step)
            return carry

        start, stop = jnp.int32(start), jnp.int32(stop)
        turns = (stop - start) // self.unroll
        carry = jax.lax.fori_loop(0, turns, lambda i, carry: steps(start + i * self.unroll, self.unroll, carry), carry)
        return jax.lax.fori_loop(start + turns * self.unroll, stop, lambda t, carry: steps(t, 1, carry), carry)

    def path(self, carry: Carry, num_steps: int, every: int) -> Trajectory:
        """Blocks of ``every`` steps, of which the first leaves its point; then the rest, and the last point."""

        def block(carry: Carry, start: Any, length: int = every) -> tuple[Carry, Trajectory]:
            carry, point = self.step(carry, start)
            return (self.advance(carry, start + 1, length - 1) if length > 1 else carry), point

        whole = num_steps - num_steps % every
        carry, points = jax.lax.scan(block, carry, jnp.arange(0, whole, every, dtype=jnp.int32))
        tail = []
        if whole < num_steps:
            carry, point = block(carry, jnp.int32(whole), num_steps - whole)
            tail.append(point)
        last = self.finish(carry, num_steps)
        joined = jax.tree.map(_append, points, *tail, last._replace(summary=None))
        return joined._replace(summary=last.summary)

    def finish(self, carry: Carry, num_steps: int) -> Trajectory:
        """The last point, and the summary with its loss counted in."""
        loss, grads = jax.value_and_grad(self.problem.loss)(carry.params, self._key(num_steps))
        seen = self._see(carry, num_steps, loss)
        point = self._point(carry.params, loss if seen.held is None else seen.held, grads)
        return point._replace(summary=summary_of(seen.losses) if self.record.summary and seen.losses else None)

    def _see(self, carry: Carry, t: Any, loss: jax.Array) -> Carry:
        """Count in the loss of one step; a trajectory that has ended keeps the loss that it ended with."""
        losses, held = carry.losses, carry.held
        if losses is None:
            return carry
        if held is not None:
            held = loss = jnp.where(has_ended(losses, t - 1), held, loss)
        minimum = 0.0 if self.problem.minimum is None else self.problem.minimum
        return carry._replace(losses=add_loss(losses, t, loss, minimum, self.tolerance), held=held)

    def _point(self, params: Params, loss: jax.Array, grads: Params) -> Trajectory:
        metrics = dict(self.problem.evaluate(params)) if self.problem.evaluate else {}
        observed = self._observed(params, loss, grads) if self.observe else {}
        if not isinstance(observed, Mapping):
            raise ValueError(f"observe: it returned a {type(observed).__name__}; return a mapping of names to arrays")
        for name in observed.keys() & metrics.keys():
            raise ValueError(f"observe: {name!r} is what the problem's evaluate gives; give yours another name")
        return Trajectory(params, loss, metrics | dict(observed), None)

    def _observed(self, params: Params, loss: jax.Array, grads: Params) -> Mapping[str, jax.Array]:
        assert self.observe is not None
        own = {"problem": self.problem} if "problem" in inspect.signature(self.observe).parameters else {}
        return self.observe(params, loss, grads, **own)

    def _is_random(self, params: Params) -> bool:
        """Whether the loss draws from its key."""
        if self.key is None:
            return False
        traced = jax.make_jaxpr(self.problem.loss)(params, self.key).jaxpr
        return any(traced.invars[-1] in equation.invars for equation in traced.eqns)

    def _key(self, t: Any) -> jax.Array | None:
        return None if self.key is None else jax.random.fold_in(self.key, t)


def _append(points: jax.Array, *later: jax.Array) -> jax.Array:
    return jnp.concatenate([points, *(jnp.asarray(point)[None] for point in later)])
