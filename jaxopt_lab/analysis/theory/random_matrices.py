"""Random symmetric matrices: how likely all their eigenvalues are positive."""

import numpy as np
from numpy.polynomial import legendre
from scipy.special import gammaln

from jaxopt_lab.problems.checks import whole_number

_MOST = 48
"""The last dimension whose probability is a float: beyond, it falls below 1e-280."""


def definite_probability(dim: int) -> float:
    r"""The probability that a random symmetric Gaussian matrix (GOE) is positive definite.

    .. math:: P_n = \frac{1}{Z_n} \int_{\lambda_i > 0} \prod_{i < j} |\lambda_i - \lambda_j|
              \prod_i e^{-\lambda_i^2 / 2} \, d\lambda, \qquad Z_n = (2 \pi)^{n/2} \prod_{j=1}^n
              \frac{\Gamma(1 + j/2)}{\Gamma(3/2)}

    .. math:: P_1 = \tfrac12, \qquad P_2 = \frac{2 - \sqrt 2}{4}, \qquad P_3 = \frac{\pi - 2\sqrt 2}{4 \pi}, \qquad
              \ln P_n \sim -\frac{\ln 3}{4} n^2

    The integral is a Pfaffian (de Bruijn), of double integrals that Gauss's quadrature gives to 12 digits; the total
    is Mehta's. Where the Hessian at a critical point is such a matrix, this is the share of minima among critical
    points.

    Args:
        dim: :math:`n`, from 1 to 48: beyond, the probability is less than the least of floats.

    Returns:
        :math:`P_n`.

    Raises:
        ValueError: for another dimension.

    Example:
        >>> [round(definite_probability(dim), 4) for dim in (1, 2, 3, 4)]
        [0.5, 0.1464, 0.0249, 0.0025]

    References:
        D. S. Dean and S. N. Majumdar (2006). Large deviations of extreme eigenvalues of random matrices. Physical
        Review Letters 97, 160201;
        N. G. de Bruijn (1955). On some multiple integrals involving determinants. Journal of the Indian Mathematical
        Society 19;
        Y. Dauphin et al. (2014). Identifying and attacking the saddle point problem. NeurIPS 27.
    """
    if whole_number("dim", dim, least=1) > _MOST:
        raise ValueError(f"dim: got {dim}; beyond {_MOST} floats can't hold the probability, about 3^(-dim^2/4)")
    functions, log_norms, weights, nodes = _half_line_functions(dim)
    pairs = _ordered_integrals(functions, weights, nodes)
    # |Pf A|^2 = det A. The functions have unit norm; the monic polynomials of Vandermonde's determinant have not.
    log_integral = (np.linalg.slogdet(pairs)[1] + log_norms.sum()) / 2
    order = np.arange(1, dim + 1)
    log_total = dim / 2 * np.log(2 * np.pi) + (gammaln(1 + order / 2) - gammaln(1.5)).sum() - gammaln(dim + 1)
    return float(np.exp(log_integral - log_total))


def _half_line_functions(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Monic polynomials times ``exp(-x^2/2)``, orthogonal on the half line, scaled to norm 1.

    Returns:
        Their values at the nodes, shape ``(count, nodes)``; the logarithms of their squared norms before scaling; the
        weights of the quadrature; its nodes in [-1, 1].
    """
    # The functions of degree n fall off beyond 2 sqrt(n), as exp(-x^2/2).
    length = 2 * np.sqrt(count) + 8
    nodes, weights = legendre.leggauss(8 * count + 80)
    x, weights = (nodes + 1) * length / 2, weights * length / 2
    basis = [np.exp(-(x**2) / 2)]
    log_norms = [np.log((weights * basis[0] ** 2).sum())]
    basis[0] /= np.exp(log_norms[0] / 2)
    for _ in range(count - 1):
        following = x * basis[-1]
        for _ in range(2):  # once leaves rounding errors along the functions before, twice does not
            following = following - np.array(basis).T @ (np.array(basis) @ (weights * following))
        norm = np.sqrt((weights * following**2).sum())
        basis.append(following / norm)
        log_norms.append(log_norms[-1] + 2 * np.log(norm))
    return np.array(basis), np.array(log_norms), weights, nodes


def _ordered_integrals(functions: np.ndarray, weights: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """The double integrals of sgn(y - x) f_i(x) f_j(y), with a border of single ones if their number is odd."""
    degree = np.arange(len(nodes))
    coefficients = (legendre.legvander(nodes, len(nodes) - 1).T * weights) @ functions.T
    coefficients *= ((2 * degree + 1) / weights.sum())[:, None]
    below = legendre.legval(nodes, legendre.legint(coefficients, lbnd=-1)) * weights.sum() / 2
    whole = functions @ weights
    pairs = 2 * (below * weights) @ functions.T - np.outer(whole, whole)
    if len(functions) % 2:
        pairs = np.block([[pairs, whole[:, None]], [-whole[None, :], np.zeros((1, 1))]])
    return pairs
