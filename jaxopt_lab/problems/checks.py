"""Arguments that Python can see before anything is compiled: refused here with what to do instead."""

import difflib
import operator
from collections.abc import Iterable
from typing import Any

from jax.core import Tracer


def whole_number(name: str, value: Any, least: int) -> int:
    """``value`` as an ``int``, if it is a whole number of at least ``least``.

    Raises:
        ValueError: otherwise, or if it is traced: what it decides, such as a shape, the program is compiled for.

    Example:
        >>> whole_number("dim", 3, least=1)
        3
    """
    if isinstance(value, Tracer):
        raise ValueError(
            f"{name}: got a traced number, but a program is compiled for each; sweep it by static_grid (--static)"
        )
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise ValueError(f"{name}: got {value!r}; pass a whole number of at least {least}")
    return number


def known_name(name: str, value: str, known: Iterable[str]) -> str:
    """``value``, if it is one of the ``known`` names.

    Raises:
        ValueError: otherwise, with the nearest known name.

    Example:
        >>> known_name("data", "digits", ["digits", "wine"])
        'digits'
    """
    known = list(known)
    if value in known:
        return value
    nearest = difflib.get_close_matches(value, known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"choose one of {', '.join(known)}"
    raise ValueError(f"{name}: got {value!r}; {hint}")


def fraction(name: str, value: Any) -> None:
    """Refuse a number outside ``[0, 1]``; one that is traced can't be seen and passes.

    Raises:
        ValueError: for a number outside, or not a number.

    Example:
        >>> fraction("label_noise", 0.2)
    """
    if isinstance(value, (int, float)) and not 0 <= value <= 1:
        raise ValueError(f"{name}: got {value!r}; a share lies between 0 and 1")


def not_negative(name: str, value: Any) -> None:
    """Refuse a number below 0; one that is traced can't be seen and passes.

    Raises:
        ValueError: for a negative number, or not a number.

    Example:
        >>> not_negative("focal_gamma", 2.0)
    """
    if isinstance(value, (int, float)) and not value >= 0:
        raise ValueError(f"{name}: got {value!r}; pass 0 or more")
