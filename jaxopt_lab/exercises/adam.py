"""The exercise on Adam: the rule, and the ways in which it goes wrong."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxopt_lab.exercises.path_checks import Gradient, Task, check_path
from jaxopt_lab.exercises.verdict import Verdict

Formula = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Rule:
    """One way to write Adam, in the letters of the paper: moments ``m`` and ``v``, gradient ``g``, count ``t``.

    Attributes:
        first: ``first(m, g, b1, b2)``, the new first moment.
        second: ``second(v, g, b1, b2)``, the new second moment.
        correct_first: ``correct_first(m, t, b1, b2)``, the first moment without bias.
        correct_second: ``correct_second(v, t, b1, b2)``, the second moment without bias.
        step: ``step(m_hat, v_hat, g, rate, eps)``, what is subtracted from w.
        first_count: the value of t at the first step.
    """

    first: Formula = lambda m, g, b1, b2: b1 * m + (1 - b1) * g
    second: Formula = lambda v, g, b1, b2: b2 * v + (1 - b2) * g**2
    correct_first: Formula = lambda m, t, b1, b2: m / (1 - b1**t)
    correct_second: Formula = lambda v, t, b1, b2: v / (1 - b2**t)
    step: Formula = lambda m, v, g, rate, eps: rate * m / (np.sqrt(v) + eps)
    first_count: int = 1


_MISSING: Formula = lambda moment, t, b1, b2: moment
_M_COUNTS_NOT: Formula = lambda m, t, b1, b2: m / (1 - b1)
_V_COUNTS_NOT: Formula = lambda v, t, b1, b2: v / (1 - b2)

MISTAKES = {
    "the bias correction is missing: both moments start from zero and are too small at first. Divide m by "
    "1 - b1**t and v by 1 - b2**t.": Rule(correct_first=_MISSING, correct_second=_MISSING),
    "the bias correction of the first moment is missing: divide m by 1 - b1**t.": Rule(correct_first=_MISSING),
    "the bias correction of the second moment is missing: divide v by 1 - b2**t.": Rule(correct_second=_MISSING),
    "t counts from 0, so that the first bias correction divides by 1 - b**0 = 0. The first step has t = 1.": Rule(
        first_count=0
    ),
    "t counts from 2: the first step has t = 1.": Rule(first_count=2),
    "t stays 1 in the bias correction: it is to grow by one at every step.": Rule(
        correct_first=_M_COUNTS_NOT, correct_second=_V_COUNTS_NOT
    ),
    "b1 and b2 are swapped: b1 belongs to the first moment, of g, and b2 to the second, of g**2.": Rule(
        first=lambda m, g, b1, b2: b2 * m + (1 - b2) * g,
        second=lambda v, g, b1, b2: b1 * v + (1 - b1) * g**2,
        correct_first=lambda m, t, b1, b2: m / (1 - b2**t),
        correct_second=lambda v, t, b1, b2: v / (1 - b1**t),
    ),
    "b1 and b2 are swapped in the moments: b1 belongs to the first, of g, and b2 to the second, of g**2.": Rule(
        first=lambda m, g, b1, b2: b2 * m + (1 - b2) * g, second=lambda v, g, b1, b2: b1 * v + (1 - b1) * g**2
    ),
    "b1 and b2 are swapped in the bias correction: b1 corrects the first moment, b2 the second.": Rule(
        correct_first=lambda m, t, b1, b2: m / (1 - b2**t), correct_second=lambda v, t, b1, b2: v / (1 - b1**t)
    ),
    "the weights of old and new are swapped in the moments: b1 and b2 multiply the old moments, 1 - b1 and 1 - b2 what "
    "is new.": Rule(
        first=lambda m, g, b1, b2: (1 - b1) * m + b1 * g, second=lambda v, g, b1, b2: (1 - b2) * v + b2 * g**2
    ),
    "the gradient has its full weight in the moments: multiply g by 1 - b1, and g**2 by 1 - b2.": Rule(
        first=lambda m, g, b1, b2: b1 * m + g, second=lambda v, g, b1, b2: b2 * v + g**2
    ),
    "the second moment is one of g: it is to be a mean of g**2.": Rule(
        second=lambda v, g, b1, b2: b2 * v + (1 - b2) * g
    ),
    "the moments are not carried over: each is b times its old value plus 1 - b times what is new.": Rule(
        first=lambda m, g, b1, b2: (1 - b1) * g, second=lambda v, g, b1, b2: (1 - b2) * g**2
    ),
    "the root is missing: divide by the root of the second moment.": Rule(
        step=lambda m, v, g, rate, eps: rate * m / (v + eps)
    ),
    "eps stands inside the root: it is added to the root, sqrt(v_hat) + eps.": Rule(
        step=lambda m, v, g, rate, eps: rate * m / np.sqrt(v + eps)
    ),
    "eps is missing: it is added to the root, sqrt(v_hat) + eps, and keeps the division from going to zero.": Rule(
        step=lambda m, v, g, rate, eps: rate * m / np.sqrt(v)
    ),
    "your path climbs: the step is to be subtracted from w.": Rule(
        step=lambda m, v, g, rate, eps: -rate * m / (np.sqrt(v) + eps)
    ),
    "the step uses the gradient itself: its numerator is the first moment, corrected.": Rule(
        step=lambda m, v, g, rate, eps: rate * g / (np.sqrt(v) + eps)
    ),
    "the second moment is not used: divide the step by its root.": Rule(step=lambda m, v, g, rate, eps: rate * m),
    "the learning rate is missing: the step is multiplied by it.": Rule(
        step=lambda m, v, g, rate, eps: m / (np.sqrt(v) + eps)
    ),
    "the learning rate is applied twice.": Rule(step=lambda m, v, g, rate, eps: rate**2 * m / (np.sqrt(v) + eps)),
}
"""What to say, and the rule that a student who hears it has written."""


def adam_path(
    rule: Rule,
    gradient: Gradient,
    start: np.ndarray,
    num_steps: int,
    learning_rate: float,
    b1: float,
    b2: float,
    eps: float,
) -> np.ndarray:
    """The path of Adam under a rule.

    Args:
        rule: how it is written.
        gradient: of the loss.
        start: the first point.
        num_steps: how many steps to take.
        learning_rate: the rate.
        b1: how much of the first moment is kept.
        b2: how much of the second moment is kept.
        eps: what is added to the root.
    """
    w, m, v, path = start, np.zeros_like(start), np.zeros_like(start), [start]
    for t in range(rule.first_count, rule.first_count + num_steps):
        g = gradient(w)
        m, v = rule.first(m, g, b1, b2), rule.second(v, g, b1, b2)
        w = w - rule.step(rule.correct_first(m, t, b1, b2), rule.correct_second(v, t, b1, b2), g, learning_rate, eps)
        path.append(w)
    return np.array(path)


TASK = Task(
    adam_path,
    Rule(),
    MISTAKES,
    {"learning_rate": 0.1, "b1": 0.8, "b2": 0.95, "eps": 0.5},
    "both moments are carried over, their bias is corrected, and the step is their ratio.",
)


def check_adam(function: Any) -> Verdict:
    r"""Whether a function follows Adam.

    .. math::
        m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \qquad
        w \leftarrow w - \alpha \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    at the steps :math:`t = 1, 2, \dots`

    Args:
        function: ``function(gradient, start, num_steps, learning_rate, b1, b2, eps)``, which returns the path, as in
            `check_momentum`.

    Returns:
        The verdict.

    Example:
        >>> def uncorrected(gradient, start, num_steps, learning_rate, b1, b2, eps):
        ...     w, m, v, path = start, 0.0, 0.0, [start]
        ...     for _ in range(num_steps):
        ...         g = gradient(w)
        ...         m = b1 * m + (1 - b1) * g
        ...         v = b2 * v + (1 - b2) * g**2
        ...         w = w - learning_rate * m / (np.sqrt(v) + eps)
        ...         path.append(w)
        ...     return np.array(path)
        >>> print(check_adam(uncorrected))
        ✘ Wrong: the bias correction is missing: ...

    References:
        D. P. Kingma and J. Ba (2015). Adam: a method for stochastic optimization. ICLR, algorithm 1.
    """
    return check_path(TASK, function)
