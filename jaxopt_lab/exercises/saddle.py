"""The exercise on the gradient of a saddle."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxopt_lab.exercises.verdict import (
    Verdict,
    answers,
    call,
    first_that_fits,
    not_filled_in,
    point,
    right,
    same,
    wrong,
)

POINTS = ((0.3, -1.2), (-0.7, 0.45), (1.6, 2.1))
"""Where gradients are compared; no two coordinates are alike, nor any and its square."""

Formula = Callable[[float, float], Any]

GRADIENT: Formula = lambda w1, w2: (2 * w1, -2 * w2)

MISTAKES: dict[str, Formula] = {
    "the second component has the wrong sign: the derivative of -w2**2 by w2 is -2 w2.": lambda w1, w2: (
        2 * w1, 2 * w2
    ),
    "the first component has the wrong sign: the derivative of w1**2 by w1 is 2 w1.": lambda w1, w2: (-2 * w1, -2 * w2),
    "both signs are wrong: this is minus the gradient. The optimiser subtracts it by itself.": lambda w1, w2: (
        -2 * w1, 2 * w2
    ),
    "the factor 2 is missing in both components: the derivative of w**2 is 2 w.": lambda w1, w2: (w1, -w2),
    "the factor 2 is missing in the first component.": lambda w1, w2: (w1, -2 * w2),
    "the factor 2 is missing in the second component.": lambda w1, w2: (2 * w1, -w2),
    "the factor 2 is missing, and the second component has the wrong sign.": lambda w1, w2: (w1, w2),
    "the components are swapped: the derivative by w1 comes first.": lambda w1, w2: (-2 * w2, 2 * w1),
    "w1 and w2 are swapped: the first component is the derivative by w1, and holds w1 alone.": lambda w1, w2: (
        2 * w2, -2 * w1
    ),
    "these are the terms of the function itself: differentiate each.": lambda w1, w2: (w1**2, -(w2**2)),
    "these are the second derivatives, the curvatures: differentiate once only.": lambda w1, w2: (2.0, -2.0),
    "your numbers are cut to whole ones: return an array of floats.": lambda w1, w2: (
        np.trunc(2 * w1), np.trunc(-2 * w2)
    ),
    "this is the value of the function: return its two derivatives, as an array.": lambda w1, w2: w1**2 - w2**2,
    "the two derivatives are added up: return them side by side, as an array.": lambda w1, w2: 2 * w1 - 2 * w2,
    "this is the length of the gradient: return its two components, as an array.": lambda w1, w2: np.hypot(
        2 * w1, 2 * w2
    ),
}  # fmt: skip
"""What to say, and the formula that a student who hears it has written."""


def check_saddle_gradient(function: Any) -> Verdict:
    r"""Whether a function is the gradient of the saddle :math:`f(w_1, w_2) = w_1^2 - w_2^2`.

    .. math:: \nabla f = (2 w_1, -2 w_2)

    Args:
        function: ``function(w1, w2)``, which returns an array of shape ``(2,)``, of NumPy or `jax.numpy`.

    Returns:
        The verdict.

    Example:
        >>> print(check_saddle_gradient(lambda w1, w2: np.array([2 * w1, 2 * w2])))
        ✘ Wrong: the second component has the wrong sign: the derivative of -w2**2 by w2 is -2 w2.
    """
    numbers = answers(function, POINTS, "your function returns nothing; it is to return the gradient.")
    if isinstance(numbers, Verdict):
        return numbers
    if len({value.shape for value in numbers}) > 1:
        return wrong("the shape of what you return depends on the point; return two numbers everywhere.")
    return _judge(np.array(numbers), type(call(function, *POINTS[0])))


def _judge(numbers: np.ndarray, kind: type) -> Verdict:
    """The verdict on the numbers at all points, which came as values of this kind."""
    if not numbers.any():
        return not_filled_in("your gradient is zero everywhere; write the two derivatives.")
    sentence = first_that_fits(numbers, [(_at_points(formula), words) for words, formula in MISTAKES.items()])
    if sentence:
        return wrong(sentence)
    if numbers.shape != (len(POINTS), 2):
        shape = numbers.shape[1:]
        return wrong(f"your gradient has the shape {shape}; two derivatives in an array have the shape (2,).")
    wanted = np.array(_at_points(GRADIENT)())
    if not same(numbers, wanted):
        at = int(np.argmin(np.isclose(numbers, wanted, rtol=1e-4).all(axis=1)))
        return wrong(f"at {point(POINTS[at])} you return {point(numbers[at])}, where {point(wanted[at])} is right.")
    if kind in (list, tuple):
        name = kind.__name__
        return wrong(f"the numbers are right, but a {name} can't be multiplied by a rate; return np.array([...]).")
    return right("2 w1 falls towards the saddle along w1, and -2 w2 leads away from it along w2.")


def _at_points(formula: Formula) -> Callable[[], list[Any]]:
    return lambda: [formula(*where) for where in POINTS]
