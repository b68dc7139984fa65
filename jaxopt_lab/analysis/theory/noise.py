"""Gradient noise on a quadratic: how far from the minimum a constant learning rate keeps wandering."""

from typing import Any

import numpy as np

from jaxopt_lab.analysis.theory.quadratics import stability_boundary
from jaxopt_lab.analysis.theory.ranges import in_range, momentum_in_range, plain


def stationary_variance(
    learning_rate: Any, eigenvalue: Any, noise: Any, momentum: Any = 0.0, *, nesterov: bool = False
) -> Any:
    r"""The variance at which a coordinate of a quadratic settles when its gradient carries white noise.

    .. math:: \operatorname{Var} w = \frac{\alpha c}{h} \cdot \frac{1}{2 - \alpha h} \;\; \text{(gradient descent)},
              \qquad \frac{\alpha c}{h} \cdot \frac{1 + \beta}{(1 - \beta)(2 + 2 \beta - \alpha h)}
              \;\; \text{(heavy ball)},

    .. math:: \frac{\alpha c}{h} \cdot \frac{(1 + \beta)^2 (1 - \beta q) + \beta^2 (1 + \beta q)}
              {(1 - \beta q)(2 + 2 \beta - (1 + 2 \beta) \alpha h)}, \;\; q = 1 - \alpha h \;\; \text{(Nesterov)}

    Each is the solution of the Lyapunov equation :math:`\Sigma = M \Sigma M^T + \alpha^2 c \, n n^T` of the linear
    step: the variance of a stationary AR(2) process for the heavy ball, of an ARMA(2, 1) process for Nesterov.
    For small :math:`\alpha h` all tend to :math:`\alpha c / (2 h (1 - \beta))`: momentum is then a learning rate
    :math:`1 / (1 - \beta)` times as large.

    Args:
        learning_rate: :math:`\alpha`, 0 or more, any shape.
        eigenvalue: the curvature :math:`h`, positive, any shape that broadcasts.
        noise: the variance :math:`c` of that component of the gradient, 0 or more, any shape that broadcasts; drawn
            afresh at each step.
        momentum: :math:`\beta`, in [0, 1), any shape that broadcasts.
        nesterov: whether the momentum is Nesterov's.

    Returns:
        The variance, of the broadcast shape; infinite where the learning rate is too large to settle.

    Raises:
        ValueError: for a value outside these ranges.

    Example:
        >>> round(stationary_variance(0.1, 10.0, 4.0), 4)
        0.04
        >>> round(stationary_variance(0.1, 10.0, 4.0, momentum=0.9), 4)
        0.2714

    References:
        S. Mandt, M. D. Hoffman and D. M. Blei (2017). Stochastic gradient descent as approximate Bayesian inference.
        Journal of Machine Learning Research 18, 1-35 (small learning rates);
        P. J. Brockwell and R. A. Davis (1991). Time Series: Theory and Methods, section 3.3. Springer.
    """
    a, h = in_range("learning_rate", learning_rate, 0), in_range("eigenvalue", eigenvalue, above=0)
    c, b = in_range("noise", noise, 0), momentum_in_range(momentum)
    boundary = stability_boundary([1.0], b, nesterov=nesterov)
    settles = a * h < boundary
    slack = np.where(settles, boundary - a * h, 1.0)
    if nesterov:
        turn = b * (1 - a * h)
        spread = ((1 + b) ** 2 * (1 - turn) + b**2 * (1 + turn)) / ((1 - turn) * (1 + 2 * b) * slack)
    else:
        spread = (1 + b) / ((1 - b) * slack)
    return plain(np.where(settles, a * c / h * spread, np.inf))
