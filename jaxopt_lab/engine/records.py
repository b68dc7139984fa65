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
    """The losses of all steps in constant memory. Steps count from 0, the start point; -1 stands for never."""

    initial_loss: jax.Array
    best_loss: jax.Array
    best_step: jax.Array
    converged_at: jax.Array
    diverged_at: jax.Array


def empty_summary(initial_loss: jax.Array) -> Summary:
    """The summary of no step at all, for a loss that will start at ``initial_loss``."""
    never = jnp.full((), -1, jnp.int32)
    return Summary(initial_loss, jnp.full_like(initial_loss, jnp.inf), never, never, never)


def update_summary(summary: Summary, step: Any, loss: jax.Array, minimum: Any, tolerance: Any) -> Summary:
    """Add the loss of one step; within ``tolerance`` of ``minimum`` it has converged (None: nothing converges)."""
    finite = jnp.isfinite(loss)
    better = finite & (loss < summary.best_loss)
    diverged = (summary.diverged_at < 0) & ~finite
    converged_at = summary.converged_at
    if tolerance is not None:
        converged_at = jnp.where((converged_at < 0) & (jnp.abs(loss - minimum) <= tolerance), step, converged_at)
    return summary._replace(
        best_loss=jnp.where(better, loss, summary.best_loss),
        best_step=jnp.where(better, step, summary.best_step),
        converged_at=converged_at,
        diverged_at=jnp.where(diverged, step, summary.diverged_at),
    )


def finish_summary(summary: Summary) -> Summary:
    """A trajectory that never had a finite loss has no best one: NaN, not infinity."""
    return summary._replace(best_loss=jnp.where(summary.best_step < 0, jnp.nan, summary.best_loss))
