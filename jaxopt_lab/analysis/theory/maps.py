r"""One-dimensional maps: where cycles lose their hold, and the exact cascade of the maps that gradient descent makes.

Gradient descent on a loss of one variable is the map :math:`f(x) = x - \alpha L'(x)`. A cycle attracts while the
product of the slopes :math:`f'` along it lies between -1 and 1, and its period doubles where that product is -1: for a
minimum of curvature :math:`h` at :math:`\alpha = 2 / h`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.analysis.theory.ranges import in_range
from jaxopt_lab.problems.checks import whole_number


def cycle_multiplier(function: Callable[[jax.Array], jax.Array], points: Any) -> jax.Array:
    r"""By what factor a map multiplies a small distance from a cycle in one turn of it.

    .. math:: \lambda = \prod_{i=1}^{p} f'(x_i)

    Args:
        function: the map :math:`f` of one number, differentiable.
        points: the points of the cycle, shape ``(p,)``.

    Returns:
        :math:`\lambda`, a scalar. The cycle attracts iff its absolute value is below 1; at -1 its period doubles, at 1
        it meets another cycle.

    Example:
        >>> logistic = lambda x: 3.2 * x * (1 - x)
        >>> cycle = jnp.array([0.5130445, 0.7994555])
        >>> round(float(cycle_multiplier(logistic, cycle)), 3)  # 4 + 2r - r^2
        0.16

    References:
        S. H. Strogatz (1994). Nonlinear Dynamics and Chaos, section 10.3. Addison-Wesley.
    """
    return jnp.prod(jax.vmap(jax.grad(function))(jnp.asarray(points)))


def period_doubling(
    function: Callable[[jax.Array, jax.Array], jax.Array], point: float, parameter: float, period: int = 1
) -> tuple[float, float]:
    r"""Where a cycle of a one-dimensional map gives way to one of twice its period, by Newton's method from a guess.

    .. math:: f_a^p(x) = x, \qquad (f_a^p)'(x) = -1

    Args:
        function: ``function(x, a)``, the map of one number and its parameter, three times differentiable.
        point: a guess of one point :math:`x` of the cycle.
        parameter: a guess of the parameter :math:`a`.
        period: :math:`p`.

    Returns:
        ``(x, a)``, to the precision of JAX's floats: seven digits, or sixteen with the 64-bit switch on.

    Raises:
        ValueError: if Newton's method does not settle from there, or settles on a cycle of a shorter period.

    Example:
        >>> logistic = lambda x, r: r * x * (1 - x)
        >>> x, r = period_doubling(logistic, 0.44, 3.4, period=2)
        >>> round(r, 4)  # 1 + sqrt 6
        3.4495

    References:
        M. J. Feigenbaum (1978). Quantitative universality for a class of nonlinear transformations. Journal of
        Statistical Physics 19.
    """
    period = whole_number("period", period, least=1)
    turn = _turns(function, period)

    def conditions(guess: jax.Array) -> jax.Array:
        value, slope = jax.value_and_grad(turn)(*guess)
        return jnp.stack([value - guess[0], slope + 1])

    x, a = _newton(conditions, np.array([point, parameter], float))
    shorter = [p for p in range(1, period) if period % p == 0 and _returns(_turns(function, p), x, a)]
    if np.isnan(x) or shorter:
        what = f"it settles on a cycle of {shorter[0]}" if shorter else "Newton's method does not settle"
        raise ValueError(
            f"point, parameter: got {point:g}, {parameter:g}, from where {what}; start nearer to where a cycle of "
            f"{period} gives way"
        )
    return x, a


def double_well_cycle(learning_rate: float) -> np.ndarray:
    r"""The points that gradient descent on the double well :math:`(x^2 - 1)^2 / 4` ends in, right of the ridge.

    .. math:: x_\pm = \tfrac12 \Bigl(\sqrt{1 + 3/\alpha} \pm \sqrt{1 - 1/\alpha}\Bigr), \qquad
              \lambda = 9 - 2 (1 + \alpha)^2

    A cycle :math:`x \leftrightarrow y` of :math:`f(x) = x - \alpha (x^3 - x)` has :math:`x y = 1 / \alpha` and
    :math:`x^2 + y^2 = 1 + 1 / \alpha`. Its multiplier :math:`\lambda` is 1 at step 1, where it leaves the well's
    bottom, and -1 at :math:`\sqrt5 - 1`.

    Args:
        learning_rate: :math:`\alpha`, positive and below :math:`\sqrt5 - 1`, from where on there are more points.

    Returns:
        The points, ascending: the minimum alone below step 1, shape ``(1,)``, then two, shape ``(2,)``. The other
        well's are their negatives.

    Raises:
        ValueError: for a learning rate outside that range.

    Example:
        >>> double_well_cycle(0.5).tolist(), double_well_cycle(1.2).round(4).tolist()
        ([1.0], [0.7313, 1.1395])
    """
    in_range("learning_rate", learning_rate, above=0, below=np.sqrt(5) - 1)
    if learning_rate <= 1:
        return np.array([1.0])
    middle, half = np.sqrt(1 + 3 / learning_rate) / 2, np.sqrt(1 - 1 / learning_rate) / 2
    return np.array([middle - half, middle + half])


def double_well_thresholds() -> dict[str, float]:
    r"""The learning rates at which gradient descent on the double well :math:`(x^2 - 1)^2 / 4` changes its nature.

    Exact: each well's bottom gives way to a cycle of two at 1, that to one of four at :math:`\sqrt5 - 1`. From
    :math:`3 \sqrt3 / 2 - 1` on the farthest point that a well's orbit is thrown to, :math:`f(\sqrt{(1 + \alpha)
    / (3 \alpha)})`, is thrown over the ridge, so that both wells' attractors are one. At 2 the map is conjugate to
    Chebyshev's polynomial of degree three, with :math:`x = \sqrt2 \cos \theta` and :math:`\theta \to 3 \theta + \pi`:
    chaos with the Lyapunov exponent :math:`\ln 3`. Beyond 2 almost every start diverges.

    Returns:
        The learning rate for each change, ascending.

    Example:
        >>> {name: round(at, 4) for name, at in double_well_thresholds().items()}
        {'period 2': 1.0, 'period 4': 1.2361, 'wells merge': 1.5981, 'exponent ln 3': 2.0}

    References:
        T. D. Rogers and D. C. Whitley (1983). Chaos in the cubic mapping. Mathematical Modelling 4.
    """
    return {
        "period 2": 1.0,
        "period 4": float(np.sqrt(5) - 1),
        "wells merge": float(1.5 * np.sqrt(3) - 1),
        "exponent ln 3": 2.0,
    }


def logistic_thresholds() -> dict[str, float]:
    r"""The parameters :math:`r` at which the logistic map :math:`w \to r w (1 - w)` changes its nature.

    Exact: a cycle of two from 3, of four from :math:`1 + \sqrt6`; the window of period three opens at
    :math:`1 + \sqrt8`; at 4 the map is chaotic with the Lyapunov exponent :math:`\ln 2`. The end of the cascade of
    doublings, where chaos begins, is known by computation only.

    Returns:
        :math:`r` for each change, ascending.

    Example:
        >>> {name: round(r, 4) for name, r in logistic_thresholds().items()}
        {'period 2': 3.0, 'period 4': 3.4495, 'chaos begins': 3.5699, 'period 3': 3.8284, 'exponent ln 2': 4.0}

    References:
        R. M. May (1976). Simple mathematical models with very complicated dynamics. Nature 261;
        J. Bechhoefer (1996). The birth of period 3, revisited. Mathematics Magazine 69;
        OEIS A098587 (where chaos begins).
    """
    return {
        "period 2": 3.0,
        "period 4": float(1 + np.sqrt(6)),
        "chaos begins": 3.569945671870944901842,
        "period 3": float(1 + np.sqrt(8)),
        "exponent ln 2": 4.0,
    }


def cubic_thresholds() -> dict[str, float]:
    r"""The learning rates at which gradient descent on :math:`x^2/2 - x^3/3` changes its nature.

    .. math:: w = \frac{\alpha}{1 + \alpha} (1 - x), \qquad x \to x - \alpha (x - x^2)
              \;\; \Longleftrightarrow \;\; w \to r w (1 - w), \quad r = 1 + \alpha

    It is the logistic map, so that these are `logistic_thresholds` less 1.

    Returns:
        The learning rate for each change, ascending.

    Example:
        >>> {name: round(at, 4) for name, at in cubic_thresholds().items()}
        {'period 2': 2.0, 'period 4': 2.4495, 'chaos begins': 2.5699, 'period 3': 2.8284, 'exponent ln 2': 3.0}
    """
    return {name: r - 1 for name, r in logistic_thresholds().items()}


def _turns(
    function: Callable[[jax.Array, jax.Array], jax.Array], count: int
) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """The map taken so many times."""
    return lambda x, a: jax.lax.fori_loop(0, count, lambda _, x: function(x, a), x)


def _newton(conditions: Callable[[jax.Array], jax.Array], guess: np.ndarray, most: int = 50) -> tuple[float, float]:
    """Where two conditions are 0, from a guess; NaN if the steps do not die out."""
    linear = jax.jit(lambda guess: (conditions(guess), jax.jacfwd(conditions)(guess)))
    enough = np.sqrt(jnp.finfo(jnp.result_type(float)).eps)
    for _ in range(most):
        values, slopes = (np.asarray(each, float) for each in linear(guess))
        if not np.isfinite(slopes).all() or np.linalg.det(slopes) == 0:
            break
        step = np.linalg.solve(slopes, values)
        guess = guess - step
        if (np.abs(step) <= enough * (1 + np.abs(guess))).all():
            return float(guess[0]), float(guess[1])  # the next step would be about the square of this one
    return np.nan, np.nan


def _returns(turn: Callable[[jax.Array, jax.Array], jax.Array], x: float, a: float) -> bool:
    """Whether a point comes back."""
    return abs(float(turn(jnp.asarray(x), jnp.asarray(a))) - x) < 1e-3 * (1 + abs(x))
