"""Gradient descent, heavy ball and Nesterov's method on quadratics: factors, stability, rates, the best settings.

``nesterov`` says which method a momentum belongs to, as in ``optax.sgd``; without momentum all three are gradient
descent. Everything holds coordinate by coordinate along the eigenvectors of the Hessian, and near the minimum of any
smooth loss as a first approximation.
"""

from typing import Any

import numpy as np

from jaxopt_lab.analysis.theory.ranges import extremes, momentum_in_range, plain


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

    Raises:
        ValueError: for a momentum outside [0, 1).

    Example:
        >>> [round(float(z.real), 4) for z in heavy_ball_roots(0.1, 0.7, -2.0)]  # the exercise's saddle
        [1.4, 0.5]

    References:
        B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods.
    """
    momentum = momentum_in_range(momentum)
    return _roots(1 + momentum - np.multiply(learning_rate, eigenvalue), momentum)


def nesterov_roots(learning_rate: Any, momentum: Any, eigenvalue: Any) -> tuple[Any, Any]:
    r"""The two roots that govern Nesterov's method on one coordinate of a quadratic.

    .. math:: z^2 - (1 + \beta)(1 - \alpha h) z + \beta (1 - \alpha h) = 0, \qquad w_t = A z_1^t + B z_2^t

    Args:
        learning_rate: :math:`\alpha`, any shape.
        momentum: :math:`\beta`, in [0, 1), any shape that broadcasts.
        eigenvalue: the curvature :math:`h`, any shape that broadcasts; negative at a saddle.

    Returns:
        Both roots, complex, the one of larger modulus first. Where they are a complex pair, their modulus is
        :math:`\sqrt{\beta (1 - \alpha h)}`: below the heavy ball's, and 0 at :math:`\alpha h = 1`.

    Raises:
        ValueError: for a momentum outside [0, 1).

    Example:
        >>> [round(float(z.real), 4) for z in nesterov_roots(0.1, 0.7, -2.0)]
        [1.4677, 0.5723]

    References:
        L. Lessard, B. Recht and A. Packard (2016). Analysis and design of optimization algorithms via integral
        quadratic constraints. SIAM Journal on Optimization 26(1), section 4.
    """
    momentum, factor = momentum_in_range(momentum), 1 - np.multiply(learning_rate, eigenvalue)
    return _roots((1 + momentum) * factor, momentum * factor)


def stability_boundary(eigenvalues: Any, momentum: Any = 0.0, *, nesterov: bool = False) -> Any:
    r"""The learning rate below which a method converges on a quadratic, and from which on it does not.

    .. math:: \alpha \, h_{max} < 2 + 2 \beta \;\; \text{(heavy ball)}, \qquad
              \alpha \, h_{max} < \frac{2 + 2 \beta}{1 + 2 \beta} \;\; \text{(Nesterov)}

    and :math:`\alpha h_{max} < 2` for gradient descent, which is :math:`\beta = 0`. More momentum lets the heavy ball
    take longer steps, and Nesterov's method only shorter ones. Both follow from Jury's conditions on the roots.

    Args:
        eigenvalues: the curvatures :math:`h_i`, none negative, shape ``(dim,)``.
        momentum: :math:`\beta`, in [0, 1), any shape.
        nesterov: whether the momentum is Nesterov's.

    Returns:
        The learning rate, of the shape of ``momentum``.

    Raises:
        ValueError: for a negative eigenvalue, along which no learning rate converges; if none is positive; for a
            momentum outside [0, 1).

    Example:
        >>> [round(stability_boundary((1.0, 10.0), 0.5, nesterov=flag), 4) for flag in (False, True)]
        [0.3, 0.15]

    References:
        B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods;
        E. I. Jury (1964). Theory and Application of the z-Transform Method, chapter 3. Wiley.
    """
    _, high = extremes(eigenvalues, least=0)
    if high == 0:
        raise ValueError("eigenvalues: none is positive, so that no learning rate is too large; give one above 0")
    momentum = momentum_in_range(momentum)
    steepest = (2 + 2 * momentum) / (1 + 2 * momentum) if nesterov else 2 + 2 * momentum
    return plain(steepest / high)


def contraction_rate(learning_rate: Any, eigenvalues: Any, momentum: Any = 0.0, *, nesterov: bool = False) -> Any:
    r"""The factor by which the distance to the minimum of a quadratic shrinks at each step, in the long run.

    .. math:: \rho = \max_i \max(|z_1(h_i)|, |z_2(h_i)|)

    with the roots of `heavy_ball_roots` or `nesterov_roots`.

    Args:
        learning_rate: :math:`\alpha`, any shape.
        eigenvalues: the curvatures :math:`h_i`, shape ``(dim,)``; with a negative one it is the rate of growth.
        momentum: :math:`\beta`, in [0, 1), any shape that broadcasts; 0 is gradient descent.
        nesterov: whether the momentum is Nesterov's.

    Returns:
        :math:`\rho`, of the shape that the learning rate and the momentum have together. It converges iff that is
        below 1: see `stability_boundary`.

    Raises:
        ValueError: for a momentum outside [0, 1), or no eigenvalues.

    Example:
        >>> round(contraction_rate(0.05, (1.0, 10.0), momentum=0.9), 4)
        0.9487
        >>> import numpy as np
        >>> contraction_rate(np.array([[0.05], [0.18]]), (1.0, 10.0), np.array([0.0, 0.5])).round(3).tolist()
        [[0.95, 0.885], [0.82, 0.707]]
    """
    roots = nesterov_roots if nesterov else heavy_ball_roots
    # As a function of the curvature the larger modulus falls and then rises: the extreme curvatures decide.
    low, high = (np.abs(roots(learning_rate, momentum, h)[0]) for h in extremes(eigenvalues))
    return plain(np.maximum(low, high))


def best_gradient_descent(eigenvalues: Any) -> tuple[float, float]:
    r"""The learning rate at which gradient descent on a quadratic contracts fastest, and that rate.

    .. math:: \alpha = \frac{2}{h_{min} + h_{max}}, \qquad \rho = \frac{\kappa - 1}{\kappa + 1}, \qquad
              \kappa = \frac{h_{max}}{h_{min}}

    Args:
        eigenvalues: the curvatures, all positive, shape ``(dim,)``.

    Returns:
        ``(learning_rate, contraction rate)``.

    Raises:
        ValueError: for an eigenvalue that is not positive.

    Example:
        >>> [round(x, 4) for x in best_gradient_descent((1.0, 10.0))]
        [0.1818, 0.8182]
    """
    low, high = extremes(eigenvalues, above=0)
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

    Raises:
        ValueError: for an eigenvalue that is not positive.

    Example:
        >>> [round(x, 4) for x in best_heavy_ball((1.0, 10.0))]
        [0.2309, 0.2699, 0.5195]

    References:
        B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods.
    """
    low, high = np.sqrt(extremes(eigenvalues, above=0)).tolist()
    rate = (high - low) / (high + low)
    return (2 / (low + high)) ** 2, rate**2, rate


def best_nesterov(eigenvalues: Any) -> tuple[float, float, float]:
    r"""The learning rate and momentum at which Nesterov's method on a quadratic contracts fastest, and that rate.

    .. math:: \alpha = \frac{4}{3 h_{max} + h_{min}}, \qquad
              \beta = \frac{\sqrt{3 \kappa + 1} - 2}{\sqrt{3 \kappa + 1} + 2}, \qquad
              \rho = 1 - \frac{2}{\sqrt{3 \kappa + 1}}

    At the optimum the two roots of the lowest curvature coincide and the larger root of the highest has the same
    modulus. This holds for constant settings on quadratics alone: for all strongly convex functions
    :math:`\alpha = 1 / h_{max}` is the usual choice, and slower.

    Args:
        eigenvalues: the curvatures, all positive, shape ``(dim,)``.

    Returns:
        ``(learning_rate, momentum, contraction rate)``.

    Raises:
        ValueError: for an eigenvalue that is not positive.

    Example:
        >>> [round(x, 4) for x in best_nesterov((1.0, 10.0))]
        [0.129, 0.4715, 0.6408]

    References:
        L. Lessard, B. Recht and A. Packard (2016). Analysis and design of optimization algorithms via integral
        quadratic constraints. SIAM Journal on Optimization 26(1), proposition 1.
    """
    low, high = extremes(eigenvalues, above=0)
    root = float(np.sqrt(3 * high / low + 1))
    return 4 / (3 * high + low), (root - 2) / (root + 2), 1 - 2 / root


def _roots(total: Any, product: Any) -> tuple[Any, Any]:
    """The roots of ``z^2 - total z + product``, the one of larger modulus first."""
    middle = total / 2
    offset = np.sqrt(middle**2 - product + 0j)
    first, second = middle + offset, middle - offset
    larger = np.abs(first) >= np.abs(second)
    return np.where(larger, first, second)[()], np.where(larger, second, first)[()]
