"""Checks of an optimiser that returns its path: the right one, known wrong ones, and where it departs otherwise."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxopt_lab.exercises.verdict import Verdict, as_numbers, call, not_filled_in, point, right, same, wrong

Point = np.ndarray
Gradient = Callable[[Point], Point]

HESSIAN = np.array([[1.0, 0.3], [0.3, 4.0]])
"""The bowl that checks run on. Its axes are tilted, so that no two coordinates behave alike."""

START = (4.0, 1.5)
NUM_STEPS = 6


@dataclasses.dataclass(frozen=True)
class Task:
    """An optimiser that a student is to write.

    Attributes:
        path: ``path(rule, gradient, start, num_steps, settings)``, the whole path under a rule.
        rule: the right one.
        mistakes: wrong rules by what to say of them; the first that fits is told.
        settings: hyperparameters by name, none of them a default.
        praise: what to say of a right answer.
    """

    path: Callable[..., np.ndarray]
    rule: Any
    mistakes: Mapping[str, Any]
    settings: Mapping[str, float]
    praise: str


def check_path(task: Task, function: Any) -> Verdict:
    """Run the student's function on a small bowl and compare its path.

    Args:
        task: what it is to do.
        function: ``function(gradient, start, num_steps, *settings)``, which returns the path, shape
            ``(num_steps + 1, 2)``.
    """
    start = np.array(START)
    names = ", ".join(["gradient", "start", "num_steps", *task.settings])
    path = as_numbers(
        call(function, _gradient, start, NUM_STEPS, *task.settings.values()),
        f"your function returns nothing; it is to return the path. It is called as function({names}).",
    )
    if isinstance(path, Verdict):
        return path
    return (
        _shape(path)
        or _aliasing(task, path, start)
        or _known(task, path)
        or wrong(_departure(path, _path(task, task.rule)))
    )


def _gradient(w: Any) -> Any:
    return HESSIAN @ w


def _path(task: Task, rule: Any, num_steps: int = NUM_STEPS) -> np.ndarray:
    with np.errstate(all="ignore"):
        return task.path(rule, _gradient, np.array(START), num_steps, **task.settings)


def _shape(path: np.ndarray) -> Verdict | None:
    """What is wrong with the shape of a path."""
    wanted = (NUM_STEPS + 1, len(START))
    if path.shape == wanted:
        return None
    if path.shape == (1, 2):
        return not_filled_in("the path holds the start point alone; write the steps that follow it.")
    if path.shape == (2,):
        return wrong(f"your function returned one point, {point(path)}; return the whole path, the start included.")
    if path.shape == wanted[::-1]:
        return wrong(f"rows and columns of the path are swapped: its shape is {path.shape}, and should be {wanted}.")
    if path.ndim == 2 and path.shape[1] == 2:
        start = "" if np.allclose(path[0], START) else " The start point is missing: the path begins with it."
        return wrong(
            f"your path has {len(path)} points; {NUM_STEPS} steps make {NUM_STEPS + 1}, the start included.{start}"
        )
    return wrong(f"your path has the shape {path.shape}; {NUM_STEPS} steps in a plane have the shape {wanted}.")


def _aliasing(task: Task, path: np.ndarray, start: np.ndarray) -> Verdict | None:
    """Whether points of the path are one and the same array, or nothing ever moves."""
    end = _path(task, task.rule)[-1]
    if np.allclose(path, START):
        return not_filled_in(
            "all points of your path are the start. Write the steps; each is to assign its new point to w."
        )
    later = path[1:]
    if np.allclose(later, later[-1]):
        right_end = " It ends at the right point." if np.allclose(later[-1], end, rtol=1e-4) else ""
        return wrong(
            "all points after the start are the same one: w is changed in place (as by w -= ...), and the path holds "
            f"that one array many times. Append a copy, w.copy(), or make a new array, w = w - ....{right_end}"
        )
    if np.allclose(path[0], path[-1]):
        return wrong(
            "the first point of your path has become the last one: w is changed in place (as by w -= ...), and the "
            "path begins with that very array. Let it begin with a copy, or make a new array, w = w - ...."
        )
    if not np.allclose(start, START):
        return wrong(
            "your function changes the start point that it is handed, so that the next optimiser would start "
            "elsewhere. Make a copy, w = start.copy(), or a new array, w = w - ...."
        )
    return None


def _known(task: Task, path: np.ndarray) -> Verdict | None:
    if same(path, _path(task, task.rule)):
        return right(task.praise)
    for sentence, rule in task.mistakes.items():
        if same(path, _path(task, rule)):
            return wrong(sentence)
    return None


def _departure(path: np.ndarray, wanted: np.ndarray) -> str:
    """Where a path leaves the right one."""
    apart = ~np.isclose(path, wanted, rtol=1e-4, atol=1e-6).all(axis=1)
    step = int(np.argmax(apart))
    if step == 0:
        return f"your path starts at {point(path[0])}; it was handed the start {point(wanted[0])}."
    first = "the first step already" if step == 1 else f"up to step {step - 1} all is right; step {step}"
    return f"{first} leads to {point(path[step])}, where {point(wanted[step])} is right."
