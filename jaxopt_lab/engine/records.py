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


NEVER = 2**31 - 1
"""Later than all steps: while steps run, what has not happened yet is expected then."""

LAST = (NEVER - 2) // 2
"""The last step whose end, see `Losses.end`, comes before."""


def steps_number(num_steps: Any) -> int:
    """A number of steps that can be counted.

    Raises:
        ValueError: if it is no whole number from 1 on, or more than can be counted.
    """
    if whole_number("num_steps", num_steps, least=1) > LAST:
        raise ValueError(f"num_steps: got {num_steps}; steps are counted up to {LAST}")
    return int(num_steps)


class Losses(NamedTuple):
    """What is known of the losses while steps run.

    The compiler makes a pass over memory of whatever two results are computed from. So the best loss is found out
    first, and when it was found and when all ended are read off it and the loss. The end is one number, and a minimum:
    to ask "not yet, and now?" at each step would become masked stores, which are slow.

    Attributes:
        initial: the loss at the start point.
        best: the lowest finite loss so far; infinity before the first.
        best_step: the first step that had it.
        end: twice the step at which the trajectory converged, or one more than twice the step at which it diverged.
    """

    initial: jax.Array
    best: jax.Array
    best_step: jax.Array
    end: jax.Array


def no_losses(initial: jax.Array) -> Losses:
    """What is known before the first step, whose loss will be ``initial``."""
    never = jnp.full((), NEVER, jnp.int32)
    return Losses(initial, jnp.full_like(initial, jnp.inf), never, never)


def add_loss(losses: Losses, step: Any, loss: jax.Array, minimum: Any, tolerance: Any) -> Losses:
    """Add the loss of one step; within ``tolerance`` of ``minimum`` it has converged (None: nothing converges)."""
    best = jnp.where((loss < losses.best) & (loss > -jnp.inf), loss, losses.best)
    arrives = NEVER if tolerance is None else jnp.where(jnp.abs(loss - minimum) <= tolerance, 2 * step, NEVER)
    end = jnp.where(jnp.abs(loss) < jnp.inf, arrives, 2 * step + 1)
    return losses._replace(
        best=best,
        best_step=jnp.where(best < losses.best, step, losses.best_step),
        end=jnp.minimum(losses.end, end.astype(losses.end.dtype)),
    )


def has_ended(losses: Losses, step: Any) -> jax.Array:
    """Whether a trajectory has arrived, or left the finite numbers, by this step."""
    return losses.end <= 2 * step + 1


def summary_of(losses: Losses) -> Summary:
    """What never happened is at step -1, and a trajectory that never had a finite loss has no best one: NaN."""
    known, diverged = losses.end != NEVER, losses.end % 2 == 1
    return Summary(
        losses.initial,
        jnp.where(losses.best_step == NEVER, jnp.nan, losses.best),
        jnp.where(losses.best_step == NEVER, -1, losses.best_step),
        converged_at=jnp.where(known & ~diverged, losses.end // 2, -1),
        diverged_at=jnp.where(known & diverged, losses.end // 2, -1),
    )
