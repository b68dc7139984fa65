"""Surfaces with many minima, where the start decides the end."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Problem, surface

# Above this dimension the 2^dim minima and 3^dim critical points of `styblinski_tang` are too many to list.
_LISTED_DIM = 4


def himmelblau() -> Problem:
    r"""Four wells of equal depth around one low hill.

    .. math::
        L(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2

    Returns:
        The problem, on ``[-5, 5]`` in both directions, with its four minima and four saddles.

    Example:
        >>> float(himmelblau().loss(jnp.array([3.0, 2.0]), None))
        0.0

    References:
        D. M. Himmelblau (1972). Applied Nonlinear Programming. McGraw-Hill.
    """
    return surface(
        _himmelblau,
        {},
        lower=(-5.0, -5.0),
        upper=(5.0, 5.0),
        minima=np.array(
            [
                [3.0, 2.0],
                [-2.805118086952744853, 3.131312518250572966],
                [-3.779310253377746892, -3.283185991286169412],
                [3.584428340330491745, -1.848126526964403554],
            ]
        ),
        saddles=np.array(
            [
                [3.385154183607020938, 0.07385187983774928772],
                [0.08667750455539635182, 2.884254701174776113],
                [-3.07302575076438961, -0.08135304428796751155],
                [-0.1279613467306800663, -1.953714980244576426],
            ]
        ),
        minimum=0.0,
        name="himmelblau",
        reference="Himmelblau 1972, Applied Nonlinear Programming",
    )


def rastrigin(amplitude: Any = 10.0, *, dim: int = 2) -> Problem:
    r"""A bowl with a regular grid of ripples: about :math:`11^d` minima on the domain, one of them global.

    .. math::
        L(x) = A d + \sum_i x_i^2 - A \cos(2 \pi x_i) = \sum_i x_i^2 + 2 A \sin^2(\pi x_i)

    Args:
        amplitude: the height :math:`A` of the ripples, 0 or more.
        dim: the number of dimensions, at least 1.

    Returns:
        The problem, on ``[-5.12, 5.12]`` in every direction. Only the global minimum is listed: where the others are
        depends on the amplitude.

    Raises:
        ValueError: if ``dim`` is no whole number of at least 1.

    Example:
        >>> round(float(rastrigin().loss(jnp.array([0.5, 0.0]), None)), 4)
        20.25

    References:
        H. Mühlenbein, M. Schomisch and J. Born (1991). The parallel genetic algorithm as function optimizer. Parallel
        Computing 17(6-7), 619-632.
    """
    dim = whole_number("dim", dim, least=1)
    return surface(
        _rastrigin,
        {"amplitude": amplitude},
        lower=np.full(dim, -5.12),
        upper=np.full(dim, 5.12),
        minima=np.zeros((1, dim)),
        minimum=0.0,
        name="rastrigin",
        reference="Mühlenbein, Schomisch and Born 1991, Parallel Computing 17(6-7)",
    )


def ackley(a: Any = 20.0, b: Any = 0.2, c: Any = 2 * np.pi, *, dim: int = 2) -> Problem:
    r"""A rippled plain, almost flat far out, with a deep hole whose tip is a cone.

    .. math::
        L(x) = a + e - a \exp\left(-b \sqrt{\tfrac1d \sum_i x_i^2}\right)
               - \exp\left(\tfrac1d \sum_i \cos(c x_i)\right)

    The loss has no gradient at its minimum, so that steps of fixed length never settle; there, ``jax.grad`` gives 0.

    Args:
        a: the depth of the hole.
        b: how fast the plain flattens, above 0.
        c: the angular frequency of the ripples.
        dim: the number of dimensions, at least 1.

    Returns:
        The problem, on ``[-32.768, 32.768]`` in every direction, with its global minimum.

    Raises:
        ValueError: if ``dim`` is no whole number of at least 1.

    Example:
        >>> round(float(ackley().loss(jnp.array([1.0, 1.0]), None)), 4)
        3.6254

    References:
        D. H. Ackley (1987). A Connectionist Machine for Genetic Hillclimbing. Kluwer.
    """
    dim = whole_number("dim", dim, least=1)
    return surface(
        _ackley,
        {"a": a, "b": b, "c": c},
        lower=np.full(dim, -32.768),
        upper=np.full(dim, 32.768),
        minima=np.zeros((1, dim)),
        minimum=0.0,
        name="ackley",
        smooth=False,
        reference="Ackley 1987, A Connectionist Machine for Genetic Hillclimbing",
    )


def styblinski_tang(*, dim: int = 2) -> Problem:
    r"""A sum of tilted double wells: :math:`2^d` minima, the deepest where every coordinate took the left well.

    .. math::
        L(x) = \tfrac12 \sum_i x_i^4 - 16 x_i^2 + 5 x_i

    Args:
        dim: the number of dimensions, at least 1.

    Returns:
        The problem, on ``[-5, 5]`` in every direction. Up to four dimensions all minima and saddles are listed, above
        only the global minimum.

    Raises:
        ValueError: if ``dim`` is no whole number of at least 1.

    Example:
        >>> float(styblinski_tang().loss(jnp.array([1.0, -1.0]), None))
        -15.0

    References:
        M. A. Styblinski and T.-S. Tang (1990). Experiments in nonconvex optimization: stochastic approximation with
        function smoothing and simulated annealing. Neural Networks 3(4), 467-483.
    """
    dim = whole_number("dim", dim, least=1)
    left_well, ridge, right_well = -2.903534027771177095, 0.1567312567803401027, 2.746802770990836992
    minima, saddles = np.full((1, dim), left_well), None
    if dim <= _LISTED_DIM:
        minima = np.array(list(itertools.product([left_well, right_well], repeat=dim)))
        critical = np.array(list(itertools.product([left_well, right_well, ridge], repeat=dim)))
        ridges = (critical == ridge).sum(axis=1)
        saddles = critical[(ridges > 0) & (ridges < dim)] if dim > 1 else None
    return surface(
        _styblinski_tang,
        {},
        lower=np.full(dim, -5.0),
        upper=np.full(dim, 5.0),
        minima=minima,
        saddles=saddles,
        minimum=-39.16616570377141546 * dim,
        name="styblinski_tang",
        reference="Styblinski and Tang 1990, Neural Networks 3(4)",
    )


def six_hump_camel() -> Problem:
    r"""Six minima in pairs, for the function is even; two of them are global.

    .. math::
        L(x, y) = \left(4 - 2.1 x^2 + \tfrac{x^4}{3}\right) x^2 + x y + (4 y^2 - 4) y^2

    Returns:
        The problem, on ``[-3, 3]`` by ``[-2, 2]``, with its six minima and seven saddles.

    Example:
        >>> round(float(six_hump_camel().loss(jnp.array([0.0898, -0.7126]), None)), 4)
        -1.0316

    References:
        L. C. W. Dixon and G. P. Szegö (1978). The global optimization problem: an introduction. In Towards Global
        Optimisation 2, 1-15. North-Holland.
    """
    return surface(
        _six_hump_camel,
        {},
        lower=(-3.0, -2.0),
        upper=(3.0, 2.0),
        minima=_mirrored(
            [0.08984201310031806242, -0.7126564030207396334],
            [1.703606714969980849, -0.796083568672625119],
            [1.607104752920197230, 0.5686514548841313714],
        ),
        saddles=np.concatenate(
            [
                np.zeros((1, 2)),
                _mirrored(
                    [1.109205336804786447, -0.7682680925095398418],
                    [1.638067984189778564, 0.22867406904439407],
                    [1.296070267167109183, 0.6050843880386584968],
                ),
            ]
        ),
        minimum=-1.0316284534898774,
        name="six_hump_camel",
        reference="Dixon and Szegö 1978, Towards Global Optimisation 2",
    )


def _mirrored(*points: list[float]) -> np.ndarray:
    return np.array([[sign * coordinate for coordinate in point] for point in points for sign in (1, -1)])


def _himmelblau(point: jax.Array) -> jax.Array:
    x, y = point
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def _rastrigin(x: jax.Array, amplitude: Any) -> jax.Array:
    # The squared sine keeps near the minimum the digits that 1 - cos would cancel.
    return jnp.sum(x**2 + 2 * amplitude * jnp.sin(np.pi * x) ** 2)


def _ackley(x: jax.Array, a: Any, b: Any, c: Any) -> jax.Array:
    mean_square = jnp.mean(x**2)
    # The root's derivative is infinite at 0; the inner `where` keeps that from turning into NaN under `jax.grad`.
    radius = jnp.where(mean_square > 0, jnp.sqrt(jnp.where(mean_square > 0, mean_square, 1.0)), 0.0)
    # `expm1` and the squared sine keep near the minimum the digits that the textbook form would cancel.
    ripples = -2 * jnp.mean(jnp.sin(c * x / 2) ** 2)
    return -a * jnp.expm1(-b * radius) - np.e * jnp.expm1(ripples)


def _styblinski_tang(x: jax.Array) -> jax.Array:
    return jnp.sum(x**4 - 16 * x**2 + 5 * x) / 2


def _six_hump_camel(point: jax.Array) -> jax.Array:
    x, y = point
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2
