"""How a linear method leaves a saddle: growth along the coordinate of negative curvature, and when it has left."""

from typing import Any

import numpy as np
from scipy.special import erf

from jaxopt_lab.analysis.theory.quadratics import heavy_ball_roots, nesterov_roots
from jaxopt_lab.analysis.theory.ranges import in_range, plain, whole_steps


def escape_factor(learning_rate: Any, eigenvalue: Any, momentum: Any = 0.0, *, nesterov: bool = False) -> Any:
    r"""By what factor a step a coordinate of negative curvature grows in the long run.

    .. math:: z_1 = 1 + \alpha |h| \;\; \text{(gradient descent)}, \qquad
              z_1 = \frac{1 + \beta + \alpha |h|}{2} + \sqrt{\frac{(1 + \beta + \alpha |h|)^2}{4} - \beta}
              \;\; \text{(heavy ball)}

    and the larger of `nesterov_roots` for Nesterov's method.

    Args:
        learning_rate: :math:`\alpha`, positive, any shape.
        eigenvalue: the curvature :math:`h`, negative, any shape that broadcasts.
        momentum: :math:`\beta`, in [0, 1), any shape that broadcasts.
        nesterov: whether the momentum is Nesterov's.

    Returns:
        The factor, real and above 1, of the broadcast shape. From a distance :math:`w_0` a run needs about
        :math:`\log(d / w_0) / \log z_1` steps to come as far as :math:`d`.

    Raises:
        ValueError: for a value outside these ranges.

    Example:
        >>> [round(escape_factor(0.1, -2.0, momentum), 4) for momentum in (0.0, 0.7)]  # the exercise's saddle
        [1.2, 1.4]

    References:
        M. O'Neill and S. J. Wright (2019). Behavior of accelerated gradient methods near critical points of nonconvex
        functions. Mathematical Programming 176.
    """
    return plain(np.real(_leaving_roots(learning_rate, eigenvalue, momentum, nesterov=nesterov)[0]))


def saddle_growth(
    steps: Any, learning_rate: float, eigenvalue: float, momentum: float = 0.0, *, nesterov: bool = False
) -> Any:
    r"""By what factor a coordinate of negative curvature has grown after so many steps from rest.

    .. math:: g_t = A z_1^t + (1 - A) z_2^t, \qquad A = \frac{g_1 - z_2}{z_1 - z_2}

    where the first step, without velocity yet, is that of gradient descent, :math:`g_1 = 1 - \alpha h` (with Nesterov's
    method :math:`1 - (1 + \beta) \alpha h`). Without momentum :math:`g_t = (1 - \alpha h)^t`.

    Args:
        steps: :math:`t`, any shape.
        learning_rate: :math:`\alpha`, positive.
        eigenvalue: the curvature :math:`h`, negative.
        momentum: :math:`\beta`, in [0, 1).
        nesterov: whether the momentum is Nesterov's.

    Returns:
        :math:`g_t`, of the shape of ``steps``, never falling; infinite where floats end.

    Raises:
        ValueError: for a value outside these ranges.

    Example:
        >>> round(float(saddle_growth(10, 0.1, -2.0)), 4)  # 1.2**10
        6.1917
        >>> round(float(saddle_growth(1, 0.1, -2.0, momentum=0.7)), 4)  # the first step has no velocity yet
        1.2
    """
    roots = _leaving_roots(learning_rate, eigenvalue, momentum, nesterov=nesterov)
    pull = np.multiply(learning_rate, eigenvalue)
    return _sequence(roots, 1.0, 1 - (1 + momentum) * pull if nesterov else 1 - pull, in_range("steps", steps, 0))


def saddle_spread(
    steps: Any,
    learning_rate: float,
    eigenvalue: float,
    *,
    spread: float = 0.0,
    noise: float = 0.0,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> Any:
    r"""The standard deviation of the leaving coordinate after some steps, from a Gaussian start under gradient noise.

    .. math:: \operatorname{Var} w_t = g_t^2 s^2 + \alpha^2 c \sum_{j=0}^{t-1} k_j^2

    with the growth :math:`g_t` of `saddle_growth`, and :math:`k_j` what a unit kick of the velocity has become
    :math:`j` steps later. All of it stays Gaussian with mean 0, so that this is its whole law. Without momentum

    .. math:: \operatorname{Var} w_t = f^{2t} s^2 + \alpha^2 c \, \frac{f^{2t} - 1}{f^2 - 1}, \qquad f = 1 - \alpha h

    Args:
        steps: :math:`t`, whole numbers, any shape.
        learning_rate: :math:`\alpha`, positive.
        eigenvalue: the curvature :math:`h`, negative.
        spread: :math:`s`, the standard deviation of the start along that coordinate; 0 starts on the saddle itself.
        noise: :math:`c`, the variance of the gradient's noise along that coordinate, drawn afresh at each step.
        momentum: :math:`\beta`, in [0, 1).
        nesterov: whether the momentum is Nesterov's.

    Returns:
        The standard deviation, of the shape of ``steps``; infinite where floats end.

    Raises:
        ValueError: for a value outside these ranges.

    Example:
        >>> round(saddle_spread(2, 0.1, -2.0, noise=1.0), 4)  # 0.1 * sqrt(1 + 1.2**2)
        0.1562
    """
    spread, noise = in_range("spread", spread, 0), in_range("noise", noise, 0)
    roots = _leaving_roots(learning_rate, eigenvalue, momentum, nesterov=nesterov)
    total, times = np.real(roots[0] + roots[1]), whole_steps(steps)
    # Nesterov's step hears the noise of a gradient twice: once more through the velocity that it has kicked.
    first, second = (1 + momentum, (1 + momentum) * total - momentum) if nesterov else (1.0, total)
    kicks = _sequence(roots, first, second, np.arange(times.max(initial=0)))
    variance = np.zeros(times.shape)
    with np.errstate(over="ignore"):
        if spread:
            grown = saddle_growth(times, learning_rate, eigenvalue, momentum, nesterov=nesterov)
            variance += (grown * spread) ** 2
        if noise:
            variance += learning_rate**2 * noise * np.concatenate([[0.0], np.cumsum(kicks**2)])[times]
    return plain(np.sqrt(variance))


def saddle_survival(growth: Any, distance: float, spread: Any) -> Any:
    r"""The probability not to have left a saddle yet, from a start drawn around it.

    .. math:: P(|g_t w_0| \le d) = \operatorname{erf}\Bigl(\frac{d}{g_t \, s \sqrt 2}\Bigr), \qquad w_0 \sim N(0, s^2)

    Args:
        growth: :math:`g_t` from `saddle_growth`, any shape.
        distance: :math:`d`, the distance along the escaping coordinate that counts as having left, positive.
        spread: :math:`s`, the standard deviation of the start along that coordinate, 0 or more, any shape that
            broadcasts. A start exactly on the axis, 0, never leaves.

    Returns:
        The probability, of the broadcast shape.

    Raises:
        ValueError: for a negative spread, or a distance that is not positive.

    Example:
        >>> round(float(saddle_survival(1.2**20, 1.0, 0.01)), 4)
        0.9909
    """
    reach = np.abs(growth) * _spread_in_range(spread) * np.sqrt(2)
    with np.errstate(divide="ignore"):
        return erf(in_range("distance", distance, above=0) / reach)


def escape_distribution(
    steps: Any,
    distance: float,
    learning_rate: float,
    eigenvalue: float,
    *,
    spread: float = 0.0,
    noise: float = 0.0,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> Any:
    r"""The distribution function of the step at which a run leaves a saddle: the share that has left by each step.

    .. math:: P(T \le t) = 1 - \operatorname{erf}\Bigl(\frac{d}{\sigma_t \sqrt 2}\Bigr)

    with the standard deviation :math:`\sigma_t` of `saddle_spread`.

    From Gaussian starts without noise it is exact, since the distance then never falls. With noise it is exactly the
    share of runs that are beyond :math:`d` at step :math:`t`. A little more have been beyond at some step up to it:
    few, once one step's noise :math:`\alpha \sqrt c` is small beside :math:`d`, since growth then carries away who
    has left.

    Args:
        steps: :math:`t`, whole numbers, any shape.
        distance: :math:`d`, the distance along the leaving coordinate that counts as having left, positive.
        learning_rate: :math:`\alpha`, positive.
        eigenvalue: the curvature :math:`h`, negative.
        spread: as in `saddle_spread`.
        noise: as in `saddle_spread`.
        momentum: :math:`\beta`, in [0, 1).
        nesterov: whether the momentum is Nesterov's.

    Returns:
        The share, of the shape of ``steps``; 0 without spread and noise, for nobody leaves then.

    Raises:
        ValueError: for a value outside these ranges.

    Example:
        >>> [round(float(escape_distribution(t, 1.0, 0.1, -2.0, spread=0.01)), 4) for t in (10, 25, 40)]
        [0.0, 0.2945, 0.9459]

    References:
        C. Jin et al. (2017). How to escape saddle points efficiently. ICML (that noise makes runs leave in
        logarithmic time).
    """
    sigma = saddle_spread(
        steps, learning_rate, eigenvalue, spread=spread, noise=noise, momentum=momentum, nesterov=nesterov
    )
    return 1 - saddle_survival(1.0, distance, sigma)


def _spread_in_range(spread: Any) -> Any:
    """A standard deviation; an infinite one is where floats have ended."""
    spread = np.asarray(spread, float)
    return np.where(np.isposinf(spread), spread, in_range("spread", np.where(np.isposinf(spread), 0.0, spread), 0))


def _leaving_roots(learning_rate: Any, eigenvalue: Any, momentum: Any, *, nesterov: bool) -> tuple[Any, Any]:
    """The two roots of a coordinate that grows; they are real and distinct there."""
    learning_rate = in_range("learning_rate", learning_rate, above=0)
    eigenvalue = in_range("eigenvalue", eigenvalue, below=0)
    return (nesterov_roots if nesterov else heavy_ball_roots)(learning_rate, momentum, eigenvalue)


def _sequence(roots: tuple[Any, Any], first: float, second: Any, steps: Any) -> Any:
    """The sequence with these roots and these first two members, at some steps."""
    large, small = np.real(roots[0]), np.real(roots[1])
    share = (second - first * small) / (large - small)
    with np.errstate(over="ignore"):
        return share * large**steps + (first - share) * small**steps
