"""What a trajectory keeps. What is not recorded is not stored."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.problems.checks import whole_number


@dataclasses.dataclass(frozen=True)
class Record:
    """Which of a trajectory's points are kept, beside the last one.

    Args:
        summary: whether the streamed summary of all losses is kept (constant memory).
        every: keep every so many points, the first and the last included; None for the last one alone.
    """

    summary: bool = True
    every: int | None = None

    def __post_init__(self) -> None:
        """Refuse a stride that is none.

        Raises:
            ValueError: if it is no whole number of at least 1.
        """
        if self.every is not None:
            whole_number("every", self.every, least=1)

    def steps(self, num_steps: int) -> np.ndarray:
        """The steps whose points are kept, in order; step 0 is the start point."""
        if self.every is None:
            return np.array([num_steps])
        return np.append(np.arange(0, num_steps, self.every), num_steps)


FINAL = Record(summary=False)
SUMMARY = Record()
PATH = Record(every=1)
_NAMED = {"final": FINAL, "summary": SUMMARY, "path": PATH}


def as_record(record: "str | int | Record") -> Record:
    """The record that a name (``"final"``, ``"summary"``, ``"path"``) or a stride (every k-th step) stands for.

    Raises:
        ValueError: if it stands for none.

    Example:
        >>> as_record(10)
        Record(summary=True, every=10)
    """
    if isinstance(record, Record):
        return record
    if isinstance(record, str) and record in _NAMED:
        return _NAMED[record]
    if isinstance(record, int | np.integer) and not isinstance(record, bool) and record >= 1:
        return Record(every=int(record))
    raise ValueError(f'record: got {record!r}; use "final", "summary", "path", or a whole number k for every k-th step')


class Summary(NamedTuple):
    """The losses of all steps in constant memory. Steps count from 0, the start point; -1 stands for never.

    Attributes:
        initial_loss: the loss at the start point.
        best_loss: the lowest finite loss; NaN if none was finite.
        best_step: the first step that had it.
        converged_at: the first step whose loss was within the tolerance of the known minimum.
        diverged_at: the first step whose loss was not finite.
    """

    initial_loss: jax.Array
    best_loss: jax.Array
    best_step: jax.Array
    converged_at: jax.Array
    diverged_at: jax.Array


NEVER = 2**30
"""A step later than all others: while steps run, what has not happened yet is expected then.

The first step of an event is then a minimum, which XLA compiles to one vector instruction; to ask "not yet, and now?"
at each step became masked stores, and took half the speed of a sweep.
"""


def steps_number(num_steps: Any) -> int:
    """A number of steps that can be counted.

    Raises:
        ValueError: if it is no whole number from 1 on, or more than can be counted.
    """
    if whole_number("num_steps", num_steps, least=1) >= NEVER:
        raise ValueError(f"num_steps: got {num_steps}; steps are counted up to {NEVER - 1}")
    return int(num_steps)


def empty_summary(initial_loss: jax.Array) -> Summary:
    """The summary of no step at all, for a loss that will start at ``initial_loss``."""
    never = jnp.full((), NEVER, jnp.int32)
    return Summary(initial_loss, jnp.full_like(initial_loss, jnp.inf), never, never, never)


def update_summary(summary: Summary, step: Any, loss: jax.Array, minimum: Any, tolerance: Any) -> Summary:
    """Add the loss of one step; within ``tolerance`` of ``minimum`` it has converged (None: nothing converges)."""
    finite = jnp.abs(loss) < jnp.inf
    finite_loss = jnp.where(finite, loss, jnp.inf)
    better = finite_loss < summary.best_loss
    converged_at = summary.converged_at
    if tolerance is not None:
        converged_at = _first(converged_at, jnp.abs(loss - minimum) <= tolerance, step)
    return summary._replace(
        best_loss=jnp.where(better, finite_loss, summary.best_loss),
        best_step=jnp.where(better, step, summary.best_step),
        converged_at=converged_at,
        diverged_at=_first(summary.diverged_at, ~finite, step),
    )


def has_ended(summary: Summary, step: Any) -> jax.Array:
    """Whether a trajectory has arrived, or left the finite numbers, by this step."""
    return jnp.minimum(summary.converged_at, summary.diverged_at) <= step


def finish_summary(summary: Summary) -> Summary:
    """What never happened is at step -1, and a trajectory that never had a finite loss has no best one: NaN."""
    best_loss = jnp.where(summary.best_step == NEVER, jnp.nan, summary.best_loss)
    steps = {name: getattr(summary, name) for name in ("best_step", "converged_at", "diverged_at")}
    return Summary(
        summary.initial_loss, best_loss, **{name: jnp.where(at == NEVER, -1, at) for name, at in steps.items()}
    )


def _first(at: jax.Array, happens: jax.Array, step: Any) -> jax.Array:
    return jnp.minimum(at, jnp.where(happens, step, NEVER).astype(at.dtype))
