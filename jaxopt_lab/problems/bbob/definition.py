"""What each of the 24 functions is defined by, and the constants that several of them have."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.problems.bbob.draws import optimum, rotation
from jaxopt_lab.problems.bbob.transformations import ratios

SECOND = 1_000_000
"""What is added to the seed for the first of the two rotations, which is drawn second."""


class Constants(NamedTuple):
    """An instance of a function.

    Attributes:
        x_opt: its minimum, shape ``(dim,)``.
        own: what its equation takes beside the point, by name.
    """

    x_opt: np.ndarray
    own: dict[str, np.ndarray]


class Definition(NamedTuple):
    """One of the 24 functions.

    Attributes:
        name: what it is called.
        equation: ``equation(x, **own) -> scalar``, 0 at the minimum.
        constants: ``constants(dim, seed)``, an instance of it.
        smooth: whether it has two derivatives everywhere.
    """

    name: str
    equation: Callable[..., Any]
    constants: Callable[[int, int], Constants]
    smooth: bool = False


def rotations(dim: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The rotations ``R`` and ``Q`` of an instance."""
    return rotation(dim, seed + SECOND), rotation(dim, seed)


def shifted(dim: int, seed: int) -> Constants:
    """The minimum alone."""
    x_opt = optimum(dim, seed)
    return Constants(x_opt, {"x_opt": x_opt})


def turned(dim: int, seed: int) -> Constants:
    """The minimum, and ``R`` as ``turn``."""
    x_opt, (turn, _) = optimum(dim, seed), rotations(dim, seed)
    return Constants(x_opt, {"x_opt": x_opt, "turn": turn})


def mixed(alpha: float, dim: int, seed: int) -> Constants:
    r"""The minimum, and :math:`R \Lambda^\alpha Q` as ``matrix``."""
    x_opt, (outer, inner) = optimum(dim, seed), rotations(dim, seed)
    return Constants(x_opt, {"x_opt": x_opt, "matrix": outer * ratios(alpha**0.5, dim) @ inner})


def turned_and_mixed(alpha: float, dim: int, seed: int) -> Constants:
    """Both matrices: ``turn`` is applied first, ``matrix`` after what lies between."""
    x_opt, own = mixed(alpha, dim, seed)
    return Constants(x_opt, turned(dim, seed).own | own)


def turned_and_stretched(alpha: float, dim: int, seed: int) -> Constants:
    r"""The minimum, ``R`` as ``turn``, and :math:`\Lambda^\alpha Q` as ``matrix``."""
    x_opt, (outer, inner) = optimum(dim, seed), rotations(dim, seed)
    return Constants(x_opt, {"x_opt": x_opt, "turn": outer, "matrix": ratios(alpha**0.5, dim)[:, None] * inner})


def turned_about_half(dim: int, seed: int) -> Constants:
    """`valley_scale` times ``Q`` as ``matrix``, and the point that it takes to 1/2 in every coordinate."""
    matrix = valley_scale(dim) * rotation(dim, seed)
    x_opt = np.linalg.solve(matrix, np.full(dim, 0.5))
    return Constants(x_opt, {"x_opt": x_opt, "matrix": matrix})


def valley_scale(dim: int) -> float:
    r"""By how much Rosenbrock's valley is narrowed in many dimensions: :math:`s_d = \max(1, \sqrt d / 8)`."""
    return max(1.0, dim**0.5 / 8)
