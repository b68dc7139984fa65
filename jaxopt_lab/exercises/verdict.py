"""What a check says of an answer, and how a student's function is called without anything stopping the notebook."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

NOT_FILLED_IN = "not yet filled in"
RIGHT = "right"
WRONG = "wrong"

_SIGNS = {RIGHT: "✔", WRONG: "✘", NOT_FILLED_IN: "…"}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a check says; printed, it is one sentence.

    Attributes:
        status: ``"right"``, ``"wrong"`` or ``"not yet filled in"``.
        sentence: what is right, what is wrong with this very answer, or what to do.

    Example:
        >>> print(Verdict("wrong", "The second component has the wrong sign."))
        ✘ Wrong: The second component has the wrong sign.
    """

    status: str
    sentence: str

    def __str__(self) -> str:
        """The sentence, behind a sign that is seen from afar."""
        return f"{_SIGNS[self.status]} {self.status.capitalize()}: {self.sentence}"

    @property
    def is_right(self) -> bool:
        """Whether the answer is right."""
        return self.status == RIGHT


def right(sentence: str) -> Verdict:
    """A right answer.

    Args:
        sentence: what is right about it.
    """
    return Verdict(RIGHT, sentence)


def wrong(sentence: str) -> Verdict:
    """A wrong answer.

    Args:
        sentence: what is wrong about it.
    """
    return Verdict(WRONG, sentence)


def not_filled_in(sentence: str) -> Verdict:
    """No answer yet.

    Args:
        sentence: what is to be done.
    """
    return Verdict(NOT_FILLED_IN, sentence)


def call(function: Any, *arguments: Any) -> Any:
    """What a student's function returns, or a verdict if it can't be called or stops with an exception.

    Divisions by zero give infinities and NaN in silence, as the checks look at the numbers themselves.

    Args:
        function: what the student wrote.
        arguments: what it is called with.
    """
    if function is None:
        return not_filled_in("there is no function yet.")
    if not callable(function):
        return wrong(
            f"the check wants the function itself, and got {_what(function)}; pass its name, without calling it."
        )
    try:
        with np.errstate(all="ignore"):
            return function(*arguments)
    except NotImplementedError:
        return not_filled_in("your function says so itself.")
    except Exception as error:
        reason = f": {error}" if str(error) else ""
        return wrong(f"your function stopped with {type(error).__name__}{reason}.")


def as_numbers(value: Any, empty: str) -> "np.ndarray | Verdict":
    """What came back as an array of float64, or a verdict if it is nothing or no numbers.

    Args:
        value: what a student's function returned.
        empty: what to say if it returned nothing.
    """
    if isinstance(value, Verdict):
        return value
    if value is None or value is Ellipsis:
        return not_filled_in(empty)
    try:
        numbers = np.asarray(value)
    except (TypeError, ValueError):  # a ragged list
        numbers = np.array("")
    if numbers.dtype.kind not in "iuf":  # text that looks like a number, and truth values, are none
        return wrong(f"your function returned {_what(value)}, where numbers are wanted.")
    return numbers.astype(float)


def answers(function: Any, inputs: Iterable[tuple[Any, ...]], empty: str) -> "list[np.ndarray] | Verdict":
    """What a function returns for each of several inputs, or the first verdict that stands against it.

    Args:
        function: what the student wrote.
        inputs: for each call its arguments.
        empty: what to say if it returns nothing.
    """
    numbers = []
    for arguments in inputs:
        value = as_numbers(call(function, *arguments), empty)
        if isinstance(value, Verdict):
            return value
        numbers.append(value)
    return numbers


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays agree as well as float32 can tell, NaN with NaN.

    Args:
        one: an array.
        other: another one.
    """
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-4, atol=1e-6, equal_nan=True)


def first_that_fits(answer: Any, mistakes: Sequence[tuple[Callable[[], Any], str]]) -> str | None:
    """The sentence of the first known mistake that leads to this very answer; None: it is a new one.

    Args:
        answer: an array, or several as a list.
        mistakes: for each what it leads to, as a function, and what to say.
    """
    for lead_to, sentence in mistakes:
        with np.errstate(all="ignore"):
            if same(np.asarray(answer, float), np.asarray(lead_to(), float)):
                return sentence
    return None


def point(values: Any) -> str:
    """Coordinates as they stand in a sentence.

    Example:
        >>> point([1.0, -0.25])
        '(1, -0.25)'
    """
    return f"({', '.join(f'{value:.4g}' for value in np.ravel(values))})"


def _what(value: Any) -> str:
    """A value in a few characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"a {type(value).__name__}"
