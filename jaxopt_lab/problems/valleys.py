"""Curved and flat valleys: few minima, but a long way along the floor."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Problem, surface


def rosenbrock(a: Any = 1.0, b: Any = 100.0, *, dim: int = 2) -> Problem:
    r"""A narrow valley along a parabola: quick to find, slow to follow.

    .. math::
        L(x) = \sum_{i=0}^{d-2} b \, (x_{i+1} - x_i^2)^2 + (m_i - x_i)^2, \qquad m_i = a^{2^i}

    In two dimensions, and with :math:`a = 1` in any, this is the usual function. The targets :math:`m_i` follow the
    valley, so that with every :math:`a` the minimum is at :math:`x = m` and has the value 0. From four dimensions on
    there are other critical points, a local minimum near :math:`(-1, 1, \dots, 1)` among them; they are not listed.

    Args:
        a: where along the valley the minimum is.
        b: how steep the valley's walls are, above 0.
        dim: the number of dimensions, at least 2.

    Returns:
        The problem, on ``[-2.048, 2.048]`` in every direction.

    Raises:
        ValueError: if ``dim`` is no whole number of at least 2.

    Example:
        >>> float(rosenbrock().loss(jnp.array([0.0, 2.0]), None))
        401.0

    References:
        H. H. Rosenbrock (1960). An automatic method for finding the greatest or least value of a function. The
        Computer Journal 3(3), 175-184.
    """
    dim = whole_number("dim", dim, least=2)
    minimiser = a ** np.exp2(np.arange(dim))
    return surface(
        _rosenbrock,
        {"targets": minimiser[:-1], "b": b},
        lower=np.full(dim, -2.048),
        upper=np.full(dim, 2.048),
        minima=minimiser[None, :],
        minimum=0.0,
        name="rosenbrock",
        reference="Rosenbrock 1960, The Computer Journal 3(3)",
    )


def beale() -> Problem:
    r"""A flat floor with steep corners; the minimum lies at the end of a narrow trough.

    .. math::
        L(x, y) = (1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2

    Returns:
        The problem, on ``[-4.5, 4.5]`` in both directions, with its one minimum and its two saddles there.

    Example:
        >>> float(beale().loss(jnp.array([0.0, 1.0]), None))
        14.203125

    References:
        E. M. L. Beale (1958). On an iterative method for finding a local minimum of a function of more than one
        variable. Technical report 25, Statistical Techniques Research Group, Princeton University.
    """
    return surface(
        _beale,
        {},
        lower=(-4.5, -4.5),
        upper=(4.5, 4.5),
        minima=np.array([[3.0, 0.5]]),
        saddles=np.array([[0.0, 1.0], [0.1005379373241583593, -2.644513585023124969]]),
        minimum=0.0,
        name="beale",
        reference="Beale 1958, Princeton technical report 25",
    )


def goldstein_price() -> Problem:
    r"""Four minima in valleys that cross, with values from 3 to about a million on the domain.

    .. math::
        L(x, y) = \left[1 + (x + y + 1)^2 (19 - 14x + 3x^2 - 14y + 6xy + 3y^2)\right]
                  \left[30 + (2x - 3y)^2 (18 - 32x + 12x^2 + 48y - 36xy + 27y^2)\right]

    Returns:
        The problem, on ``[-2, 2]`` in both directions, with its four minima (values 3, 30, 84 and 840) and its four
        saddles there.

    Example:
        >>> float(goldstein_price().loss(jnp.array([0.0, -1.0]), None))
        3.0

    References:
        A. A. Goldstein and J. F. Price (1971). On descent from local minima. Mathematics of Computation 25(115),
        569-574.
    """
    return surface(
        _goldstein_price,
        {},
        lower=(-2.0, -2.0),
        upper=(2.0, 2.0),
        minima=np.array([[0.0, -1.0], [-0.6, -0.4], [1.8, 0.2], [1.2, 0.8]]),
        saddles=np.array([[-0.4, -0.6], [1.2, -0.2], [1.4, 0.6], [0.6, 0.4]]),
        minimum=3.0,
        name="goldstein_price",
        reference="Goldstein and Price 1971, Mathematics of Computation 25(115)",
    )


def branin() -> Problem:
    r"""A trough along a parabola, rippled by a cosine into three minima of equal value.

    .. math::
        L(x, y) = \left(y - \tfrac{5.1}{4 \pi^2} x^2 + \tfrac{5}{\pi} x - 6\right)^2
                  + 10 \left(1 - \tfrac{1}{8 \pi}\right) \cos x + 10

    Returns:
        The problem, on ``[-5, 10]`` by ``[0, 15]``, with its three minima and its two saddles there.

    Example:
        >>> round(float(branin().loss(jnp.array([jnp.pi, 2.275]), None)), 4)
        0.3979

    References:
        F. H. Branin (1972). Widely convergent method for finding multiple solutions of simultaneous nonlinear
        equations. IBM Journal of Research and Development 16(5), 504-522.
    """
    return surface(
        _branin,
        {},
        lower=(-5.0, 0.0),
        upper=(10.0, 15.0),
        minima=np.array([[-np.pi, 12.275], [np.pi, 2.275], [3 * np.pi, 2.475]]),
        saddles=np.array([[0.0, 6.0], [2 * np.pi, 1.1]]),
        minimum=5 / (4 * np.pi),
        name="branin",
        reference="Branin 1972, IBM Journal of Research and Development 16(5)",
    )


def _rosenbrock(x: jax.Array, targets: Any, b: Any) -> jax.Array:
    # The targets take the type of x, as a plain number would: float32 parameters give a float32 loss.
    targets = jnp.asarray(targets, jnp.result_type(x, float))
    return jnp.sum(b * (x[1:] - x[:-1] ** 2) ** 2 + (targets - x[:-1]) ** 2)


def _beale(point: jax.Array) -> jax.Array:
    x, y = point
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _goldstein_price(point: jax.Array) -> jax.Array:
    x, y = point
    first = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    second = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return first * second


def _branin(point: jax.Array) -> jax.Array:
    x, y = point
    trough = y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6
    return trough**2 + 10 * (1 - 1 / (8 * np.pi)) * jnp.cos(x) + 10
