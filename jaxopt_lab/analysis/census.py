"""How many minima, saddles and maxima random landscapes have, at which heights: counted, and expected."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.analysis.critical_points import critical_points
from jaxopt_lab.analysis.windows import check_count
from jaxopt_lab.problems import gaussian_landscape
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.random_landscapes import VOLUME

if TYPE_CHECKING:
    import xarray as xr

HEIGHTS = np.linspace(-4.0, 4.0, 17)
"""Edges of the heights that are told apart: a field of variance 1 has hardly a critical point beyond them."""


def critical_census(
    dims: Sequence[int] = (1, 2, 3, 4), *, landscapes: int = 4, starts: int = 1024, seed: int = 0
) -> "xr.Dataset":
    r"""Count the critical points of random Gaussian landscapes by dimension, height and index, beside the theory.

    The measured answer to why saddles are more common than minima: a critical point of index :math:`k` has :math:`k`
    ways down, and the higher it lies and the more dimensions there are, the less likely it has none.

    Args:
        dims: the dimensions, each at least 1; from five on more starts are needed.
        landscapes: how many `problems.gaussian_landscape` are searched in each dimension.
        starts: as in `critical_points`.
        seed: the first landscape's; the others follow.

    Returns:
        A dataset over ``dim``, ``height`` (the middle of a bin) and ``index`` (up to the largest dimension):
        ``count`` and ``expected`` (from `expected_census`); and from both, over ``dim``, the share of minima
        ``minima_share`` and ``expected_minima_share``, and over ``dim`` and ``height`` the mean share of the directions
        that lead down, ``index_share`` and ``expected_index_share``. NaN where nothing was found.

    Raises:
        ValueError: for numbers that are not whole, or too small.

    Example:
        >>> from jaxopt_lab.analysis import critical_census
        >>> census = critical_census([1], landscapes=1, starts=512)
        >>> bool(abs(census["count"].sum() / census.expected.sum() - 1) < 0.2)
        True

    References:
        A. J. Bray and D. S. Dean (2007). Statistics of critical points of Gaussian fields on large-dimensional spaces.
        Physical Review Letters 98, 150201;
        Y. Dauphin et al. (2014). Identifying and attacking the saddle point problem. NeurIPS 27.
    """
    import xarray as xr

    if not isinstance(dims, Sequence) or not dims:
        raise ValueError(f"dims: got {dims!r}; give one dimension or more, in a list")
    dims = [whole_number("dims", dim, least=1) for dim in dims]
    whole_number("landscapes", landscapes, least=1)
    shape = (len(dims), len(HEIGHTS) - 1, max(dims) + 1)
    count, expected = np.zeros(shape, int), np.zeros(shape)
    for place, dim in enumerate(dims):
        expected[place, :, : dim + 1] = landscapes * VOLUME * expected_census(dim)
        for number in range(landscapes):
            found = critical_points(gaussian_landscape(dim=dim, seed=seed + number), starts=starts)
            bins = np.clip(np.searchsorted(HEIGHTS, found.loss) - 1, 0, shape[1] - 1)
            np.add.at(count[place], (bins, found["index"].values), 1)
    middles = (HEIGHTS[1:] + HEIGHTS[:-1]) / 2
    census = xr.Dataset(
        {"count": (("dim", "height", "index"), count), "expected": (("dim", "height", "index"), expected)},
        {"dim": dims, "height": middles, "index": np.arange(shape[2])},
        {"title": "critical points of random Gaussian landscapes", "landscapes": landscapes, "seed": seed},
    )
    for name, numbers in (("", census["count"]), ("expected_", census.expected)):
        each = numbers.sum("height")
        census[f"{name}minima_share"] = each.sel(index=0) / each.sum("index")
        census[f"{name}index_share"] = (numbers * numbers["index"]).sum("index") / numbers.sum("index") / numbers.dim
    return census


def expected_census(dim: int, heights: Any = HEIGHTS, *, samples: int = 20_000, seed: int = 0) -> np.ndarray:
    r"""The expected number of critical points in a unit volume of a Gaussian landscape, by height and index.

    .. math:: n_k(u) = \frac{\varphi(u)}{(2 \pi)^{d/2}} \,
              E\Bigl[ \prod_i |\lambda_i - u| \; \mathbf 1\bigl\{\#\{i: \lambda_i < u\} = k\bigr\} \Bigr]

    The formula of Kac and Rice. Under :math:`E[L(x) L(y)] = \exp(-\|x - y\|^2 / 2)` the Hessian at height :math:`u` is
    a random symmetric Gaussian matrix (variance 2 on the diagonal, 1 off it), less :math:`u` times the identity, and
    independent of the gradient; :math:`\lambda_i` are the eigenvalues of that matrix. The mean over matrices is taken
    over draws, the heights are integrated over. In one, two and three dimensions the share of minima comes to
    :math:`\frac12`, :math:`\frac14` and :math:`(29 - 6 \sqrt 6) / 116 = 0.123`.

    Args:
        dim: the number of dimensions :math:`d`, at least 1.
        heights: ascending edges of bins of the height, shape ``(bins + 1,)``, in standard deviations of the landscape.
        samples: how many matrices are drawn.
        seed: of these draws.

    Returns:
        The numbers, shape ``(bins, dim + 1)``.

    Raises:
        ValueError: if ``dim`` or ``samples`` is no whole number of at least 1, or the matrices don't fit into memory.

    Example:
        >>> from jaxopt_lab.analysis import expected_census
        >>> points = expected_census(2).sum(0)  # exactly 2 / (pi sqrt 3) = 0.3676 of them, half of them saddles
        >>> [round(float(each), 2) for each in (points.sum(), points[1] / points.sum())]
        [0.37, 0.5]

    References:
        J. M. Bardeen, J. R. Bond, N. Kaiser and A. S. Szalay (1986). The statistics of peaks of Gaussian random fields.
        The Astrophysical Journal 304, 15-61 (three dimensions);
        R. J. Adler and J. E. Taylor (2007). Random Fields and Geometry, chapter 11. Springer (the formula).
    """
    size = whole_number("dim", dim, least=1) ** 2
    check_count("samples", whole_number("samples", samples, least=1), f"matrices of {dim} x {dim} numbers", 32 * size)
    gaussian = np.random.default_rng(seed).normal(size=(samples, dim, dim))
    eigenvalues = np.linalg.eigvalsh((gaussian + gaussian.swapaxes(1, 2)) / np.sqrt(2))
    edges = np.asarray(heights, float)
    nodes, weights = np.polynomial.legendre.leggauss(4)
    numbers = np.zeros((len(edges) - 1, dim + 1))
    for place, (low, high) in enumerate(itertools.pairwise(edges)):
        for u, weight in zip((low + high + (high - low) * nodes) / 2, weights * (high - low) / 2, strict=True):
            size = np.abs(np.prod(eigenvalues - u, axis=1))
            of_index = np.bincount((eigenvalues < u).sum(axis=1), size, dim + 1) / samples
            numbers[place] += weight * np.exp(-(u**2) / 2) * (2 * np.pi) ** (-(dim + 1) / 2) * of_index
    return numbers
