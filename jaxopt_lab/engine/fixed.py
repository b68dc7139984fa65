"""Values that a program is compiled for: widths, flags, functions; told apart by type and content."""

import pickle
from collections.abc import Hashable
from typing import Any

import jax
import numpy as np


class Fixed:
    """A value as a part of what a program is remembered by.

    Python finds 1, 1.0 and True equal, and 0.0 and -0.0: they may give different programs, so here they differ.

    Args:
        value: anything that can be hashed or pickled, in any nesting of lists, tuples and mappings.

    Raises:
        ValueError: if it can be neither.
    """

    def __init__(self, value: Any) -> None:
        """Wrap the value."""
        self.value = value
        self._key = _key(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fixed) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def _key(value: Any) -> Hashable:
    if isinstance(value, float):
        return type(value), value.hex()
    if isinstance(value, list | tuple):
        return type(value), tuple(_key(each) for each in value)
    if isinstance(value, dict):
        return type(value), tuple((_key(name), _key(each)) for name, each in value.items())
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        array = np.asarray(value)
        return type(value), array.dtype.str, array.shape, array.tobytes()
    try:
        hash(value)
    except TypeError:
        return type(value), _pickled(value)
    return type(value), value


def _pickled(value: Any) -> bytes:
    try:
        return pickle.dumps(value)
    except Exception as error:
        raise ValueError(
            f"static_grid: got {value!r}, which can be neither hashed nor pickled ({error}); give what says which "
            "program is meant: numbers, text, functions, or lists of them"
        ) from error
