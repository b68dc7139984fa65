"""Closed forms of linear methods on quadratics and saddles, to hold measurements against."""

from typing import Any

import numpy as np
from scipy.special import erf


def gradient_descent_factor(learning_rate: Any, eigenvalue: Any) -> Any:
    r"""By what gradient descent multiplies a coordinate of a quadratic at each step.

    .. math:: w_{t+1} = (1 - \alpha h) \, w_t

    Args:
        learning_rate: :math:`\alpha`, any shape.
        eigenvalue: the curvature :math:`h` of that coordinate, any shape that broadcasts; negative at a saddle.

    Returns:
        The signed factor, of the broadcast shape. It converges iff the absolute value is below 1.

    Example:
        >>> [round(gradient_descent_factor(0.18, h), 2) for h in (1.0, 10.0)]
        [0.82, -0.8]
    """
    return 1 - learning_rate * eigenvalue


def heavy_ball_roots(learning_rate: Any, momentum: Any, eigenvalue: Any) -> tuple[Any, Any]:
    r"""The two roots that govern the heavy ball on one coordinate of a quadratic.

    .. math:: z^2 - (1 + \beta - \alpha h) z + \beta = 0, \qquad w_t = A z_1^t + B z_2^t

    Args:
        learning_rate: :math:`\alpha`, any shape.
        momentum: :math:`\beta`, in [0, 1), any shape that broadcasts.
        eigenvalue: the curvature :math:`h`, any shape that broadcasts; negative at a saddle.

    Returns:
        Both roots, complex, the one of larger modulus first. Where they are a complex pair, their modulus is
        :math:`\sqrt\beta`.

    Example:
        >>> [round(float(z.real), 4) for z in heavy_ball_roots(0.1, 0.7, -2.0)]  # the seed's saddle
        [1.4, 0.5]

    References:
        B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods.
    """
    middle = (1 + momentum - learning_rate * np.asarray(eigenvalue, float)) / 2
    offset = np.sqrt(middle**2 - momentum + 0j)
    first, second = middle + offset, middle - offset
    larger = np.abs(first) >= np.abs(second)
    return np.where(larger, first, second)[()], np.where(larger, second, first)[()]


def contraction_rate(learning_rate: Any, eigenvalues: Any, momentum: Any = 0.0) -> Any:
    r"""The factor by which the distance to the minimum of a quadratic shrinks at each step, in the long run.

    .. math:: \rho = \max_i \max(|z_1(h_i)|, |z_2(h_i)|)

    Args:
        learning_rate: :math:`\alpha`, a number.
        eigenvalues: the curvatures :math:`h_i`, shape ``(dim,)``.
        momentum: :math:`\beta`; 0 is gradient descent.

    Returns:
        :math:`\rho`; it converges iff that is below 1, which is :math:`\alpha h_{max} < 2 + 2\beta`.

    Example:
        >>> round(contraction_rate(0.05, (1.0, 10.0), momentum=0.9), 4)
        0.9487
    """
    return float(np.abs(heavy_ball_roots(learning_rate, momentum, np.asarray(eigenvalues))[0]).max())


def best_gradient_descent(eigenvalues: Any) -> tuple[float, float]:
    r"""The learning rate at which gradient descent on a quadratic contracts fastest, and that rate.

    .. math:: \alpha = \frac{2}{h_{min} + h_{max}}, \qquad \rho = \frac{\kappa - 1}{\kappa + 1}, \qquad
              \kappa = \frac{h_{max}}{h_{min}}

    Args:
        eigenvalues: the curvatures, all positive, shape ``(dim,)``.

    Returns:
        ``(learning_rate, contraction rate)``.

    Example:
        >>> [round(x, 4) for x in best_gradient_descent((1.0, 10.0))]
        [0.1818, 0.8182]
    """
    low, high = float(np.min(eigenvalues)), float(np.max(eigenvalues))
    return 2 / (low + high), (high - low) / (high + low)


def best_heavy_ball(eigenvalues: Any) -> tuple[float, float, float]:
    r"""The learning rate and momentum at which the heavy ball on a quadratic contracts fastest, and that rate.

    .. math:: \alpha = \Bigl(\frac{2}{\sqrt{h_{min}} + \sqrt{h_{max}}}\Bigr)^2, \qquad
              \beta = \rho^2, \qquad \rho = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}

    At the optimum both roots of the extreme curvatures coincide, so that the distance shrinks as
    :math:`t \rho^t`: a measured rate approaches :math:`\rho` slowly, from above.

    Args:
        eigenvalues: the curvatures, all positive, shape ``(dim,)``.

    Returns:
        ``(learning_rate, momentum, contraction rate)``.

    Example:
        >>> [round(x, 4) for x in best_heavy_ball((1.0, 10.0))]
        [0.2309, 0.2699, 0.5195]

    References:
        B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods.
    """
    low, high = float(np.sqrt(np.min(eigenvalues))), float(np.sqrt(np.max(eigenvalues)))
    rate = (high - low) / (high + low)
    return (2 / (low + high)) ** 2, rate**2, rate


def saddle_growth(steps: Any, learning_rate: float, eigenvalue: float, momentum: float = 0.0) -> Any:
    r"""By what factor a coordinate of negative curvature has grown after so many steps from rest.

    .. math:: g_t = A z_1^t + (1 - A) z_2^t, \qquad A = \frac{1 - \alpha h - z_2}{z_1 - z_2}

    Without momentum that is :math:`(1 - \alpha h)^t`.

    Args:
        steps: :math:`t`, any shape.
        learning_rate: :math:`\alpha`.
        eigenvalue: the curvature :math:`h`, negative.
        momentum: :math:`\beta`.

    Returns:
        :math:`g_t`, of the shape of ``steps``.

    Example:
        >>> round(float(saddle_growth(10, 0.1, -2.0)), 4)  # 1.2**10
        6.1917
        >>> round(float(saddle_growth(1, 0.1, -2.0, momentum=0.7)), 4)  # the first step has no velocity yet
        1.2
    """
    first, second = heavy_ball_roots(learning_rate, momentum, eigenvalue)
    share = (gradient_descent_factor(learning_rate, eigenvalue) - second) / (first - second)
    steps = np.asarray(steps, float)
    return np.real(share * first**steps + (1 - share) * second**steps)[()]


def saddle_survival(growth: Any, distance: float, spread: float) -> Any:
    r"""The probability not to have left a saddle yet, from a start drawn around it.

    .. math:: P(|g_t w_0| \le d) = \operatorname{erf}\Bigl(\frac{d}{g_t \, s \sqrt 2}\Bigr), \qquad w_0 \sim N(0, s^2)

    Args:
        growth: :math:`g_t` from `saddle_growth`, any shape.
        distance: :math:`d`, the distance along the escaping coordinate that counts as having left.
        spread: :math:`s`, the standard deviation of the start along that coordinate.

    Returns:
        The probability, of the shape of ``growth``.

    Example:
        >>> round(float(saddle_survival(1.2**20, 1.0, 0.01)), 4)
        0.9909
    """
    return erf(distance / (np.abs(growth) * spread * np.sqrt(2)))


def definite_probability(dim: int) -> float:
    r"""The probability that a random symmetric Gaussian matrix (GOE) is positive definite, for up to three dimensions.

    .. math:: P_1 = \tfrac12, \qquad P_2 = \frac{2 - \sqrt 2}{4}, \qquad P_3 = \frac{\pi - 2\sqrt 2}{4 \pi}, \qquad
              P_n \sim 3^{-n^2/4}

    Where the Hessian at a critical point is such a matrix, this is the share of minima among critical points.

    Args:
        dim: 1, 2 or 3.

    Raises:
        ValueError: for another dimension, where no such form is known here.

    Example:
        >>> [round(definite_probability(dim), 4) for dim in (1, 2, 3)]
        [0.5, 0.1464, 0.0249]

    References:
        D. S. Dean and S. N. Majumdar (2006). Large deviations of extreme eigenvalues of random matrices. Physical
        Review Letters 97, 160201;
        Y. Dauphin et al. (2014). Identifying and attacking the saddle point problem. NeurIPS 27.
    """
    known = {1: 0.5, 2: (2 - np.sqrt(2)) / 4, 3: (np.pi - 2 * np.sqrt(2)) / (4 * np.pi)}
    if dim not in known:
        raise ValueError(f"dim: got {dim}; the exact probability is given for 1, 2 and 3 dimensions")
    return float(known[dim])
