"""Columns of a user's table, as the commands that take one are given them."""

from collections.abc import Sequence


def names_of(texts: Sequence[str] | None) -> list[str]:
    """The names of columns, between commas or given one by one.

    Example:
        >>> names_of(["p_cat, p_dog", "p_bird"])
        ['p_cat', 'p_dog', 'p_bird']
    """
    return [name.strip() for text in texts or [] for name in text.split(",")]
