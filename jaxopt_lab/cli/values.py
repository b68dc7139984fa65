"""Values on the command line: grids as text."""

import ast
import math
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter, Token

MOST_VALUES = 10**7
"""Along one axis: more would fill the memory before anything runs."""

SPACINGS = {"log": np.geomspace, "lin": np.linspace}


def _whole(_: Any, tokens: Sequence[Token]) -> int:
    """A whole number; Cyclopts itself would round a fraction."""
    text = tokens[0].value
    try:
        number = float(text) if {".", "e", "E"} & set(text) else int(text)
    except ValueError:
        number = math.nan
    if number != number // 1:
        raise ValueError(f"got {text!r}; give a whole number")
    return int(number)


Whole = Annotated[int, Parameter(converter=_whole)]
"""An option that counts something."""

MaybeWhole = Annotated[int | None, Parameter(converter=_whole)]
"""One that may be left out."""


def parse_axes(option: str, texts: list[str]) -> dict[str, list[Any]]:
    """The axes of a grid from texts such as ``learning_rate=1e-4:1:log:50`` or ``b1=0.5,0.9,0.99``.

    Args:
        option: the option that they were given to, for the error.
        texts: one text for each axis.

    Returns:
        For each name its values.

    Raises:
        ValueError: if a text is no axis, or a name comes twice.

    Example:
        >>> parse_axes("--grid", ["learning_rate=0.001:0.1:log:3", "nesterov=True,False"])
        {'learning_rate': [0.001, 0.01, 0.1], 'nesterov': [True, False]}
    """
    axes: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not (name and equals and values):
            raise ValueError(
                f"{option}: got {text!r}; write name=value,value,... or name=first:last:log:count "
                "(lin for even spacing)"
            )
        if name in axes:
            raise ValueError(f"{option}: {name} was given twice; give each name once")
        axes[name] = parse_values(f"{option} {name}", values)
    return axes


def parse_values(where: str, text: str) -> list[Any]:
    """The values of one axis from text.

    Args:
        where: what they are for, for the error.
        text: values between commas, or ``first:last:log:count``.

    Raises:
        ValueError: if the range is none, or has too many values.
    """
    if ":" not in text:
        return [_value(part) for part in _parts(text)]
    try:
        first, last, spacing, count = text.split(":")
        too_many, ends = int(count) > MOST_VALUES, (float(first), float(last))
        if spacing == "log" and not ends[0] * ends[1] > 0:
            values = np.array([np.nan])
        else:
            values = SPACINGS[spacing](*ends, 0 if too_many else int(count))
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"{where}: got {text!r}; write a range as first:last:log:count or first:last:lin:count"
        ) from error
    if too_many:
        raise ValueError(f"{where}: got {text!r}; one axis takes at most {MOST_VALUES:,} values")
    if not np.isfinite(values).all():
        raise ValueError(f"{where}: got {text!r}; a logarithmic range needs ends of one sign, other than 0")
    # 12 digits: the values that one would write by hand, without the rounding of their logarithms.
    return [float(f"{value:.12g}") for value in values]


def _parts(text: str) -> list[str]:
    """Split at commas outside brackets, so that ``hidden=(32,),(64,64)`` has two values."""
    parts, depth, part = [], 0, ""
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    return [*parts, part]


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return text.strip()
