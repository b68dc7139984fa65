"""The exercise on momentum: the rule, and the ways in which it goes wrong."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxopt_lab.exercises.path_checks import Gradient, Task, check_path
from jaxopt_lab.exercises.verdict import Verdict

Formula = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Rule:
    """One way to write momentum, in the letters of the equation: rate ``a``, momentum ``b``, gradient ``g``.

    Attributes:
        velocity: ``velocity(v, g, a, b)``, the new velocity.
        step: ``step(new, old, g, a, b)``, what is subtracted from w, by the new velocity and the old one.
        at_start: whether the gradient is always that of the start point.
    """

    velocity: Formula = lambda v, g, a, b: b * v + a * g
    step: Formula = lambda new, old, g, a, b: new
    at_start: bool = False


MISTAKES = {
    "your path climbs: the step goes along the gradient. Velocity and step must have opposite signs, as in "
    "v = momentum * v + learning_rate * g and w = w - v.": Rule(step=lambda new, old, g, a, b: -new),
    "the velocity is not carried over: this is plain gradient descent. The new velocity begins with momentum times "
    "the old one, and v must not be set to zero inside the loop.": Rule(lambda v, g, a, b: a * g),
    "momentum enters with the wrong sign: the old velocity is to be added, momentum * v + ..., and is subtracted "
    "here.": Rule(lambda v, g, a, b: a * g - b * v),
    "the old velocity is carried over whole: it is to be multiplied by momentum, or it never dies away.": Rule(
        lambda v, g, a, b: v + a * g
    ),
    "the learning rate is missing: the gradient is to be multiplied by it.": Rule(lambda v, g, a, b: b * v + g),
    "the learning rate is applied twice: it is in the velocity already, so that the step is w = w - v.": Rule(
        step=lambda new, old, g, a, b: a * new
    ),
    "the learning rate multiplies the old velocity too: it belongs to the gradient alone.": Rule(
        lambda v, g, a, b: a * (b * v + g)
    ),
    "momentum multiplies the gradient too: it belongs to the old velocity alone.": Rule(
        lambda v, g, a, b: b * (v + a * g)
    ),
    "there is a factor 1 - momentum in front of the gradient: that is a running mean, whose steps are that much "
    "smaller; this rule has none.": Rule(lambda v, g, a, b: b * v + (1 - b) * a * g),
    "momentum and learning rate are swapped: momentum multiplies the velocity, the learning rate the gradient.": Rule(
        lambda v, g, a, b: a * v + b * g
    ),
    "the step is taken with the old velocity: update v first, then w.": Rule(step=lambda new, old, g, a, b: old),
    "the gradient is always that of the start point: calculate it inside the loop, at the present w.": Rule(
        at_start=True
    ),
    "the gradient is subtracted a second time beside the velocity: the step is the velocity alone, w = w - v.": Rule(
        step=lambda new, old, g, a, b: new + a * g
    ),
    "this is Nesterov's momentum, which looks ahead: the step here is w = w - v.": Rule(
        step=lambda new, old, g, a, b: b * new + a * g
    ),
    "the momentum is always 0.9: use the argument momentum.": Rule(lambda v, g, a, b: 0.9 * v + a * g),
    "the learning rate is always 0.05: use the argument learning_rate.": Rule(lambda v, g, a, b: b * v + 0.05 * g),
}
"""What to say, and the rule that a student who hears it has written."""


def momentum_path(
    rule: Rule, gradient: Gradient, start: np.ndarray, num_steps: int, learning_rate: float, momentum: float
) -> np.ndarray:
    """The path of momentum under a rule.

    Args:
        rule: how it is written.
        gradient: of the loss.
        start: the first point.
        num_steps: how many steps to take.
        learning_rate: the rate.
        momentum: the momentum.
    """
    w, v, path = start, np.zeros_like(start), [start]
    for _ in range(num_steps):
        g = gradient(start if rule.at_start else w)
        new = rule.velocity(v, g, learning_rate, momentum)
        w, v = w - rule.step(new, v, g, learning_rate, momentum), new
        path.append(w)
    return np.array(path)


TASK = Task(
    momentum_path,
    Rule(),
    MISTAKES,
    {"learning_rate": 0.07, "momentum": 0.6},
    "each step carries momentum times the last velocity on, and adds the gradient.",
)


def check_momentum(function: Any) -> Verdict:
    r"""Whether a function follows gradient descent with momentum.

    .. math:: v \leftarrow \beta v + \alpha \nabla L(w), \qquad w \leftarrow w - v

    It is judged by what it does: any way of writing the same path is right. A wrong path is compared with those that
    known mistakes lead to, so that the verdict names the mistake.

    Args:
        function: ``function(gradient, start, num_steps, learning_rate, momentum)``, which returns the path, shape
            ``(num_steps + 1, 2)``; ``gradient(w)`` maps a point to the gradient there. NumPy and `jax.numpy` both do.

    Returns:
        The verdict.

    Example:
        >>> def without_memory(gradient, start, num_steps, learning_rate, momentum):
        ...     path, w = [start], start
        ...     for _ in range(num_steps):
        ...         v = learning_rate * gradient(w)
        ...         w = w - v
        ...         path.append(w)
        ...     return np.array(path)
        >>> print(check_momentum(without_memory))
        ✘ Wrong: the velocity is not carried over: this is plain gradient descent. ...

    References:
        B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods. USSR Computational
        Mathematics and Mathematical Physics 4(5), 1-17.
    """
    return check_path(TASK, function)
