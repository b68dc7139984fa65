"""Where the gradient vanishes: found from many starts, told apart by the curvature, and counted against topology."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.analysis.newton import ARRIVED, BLOCK, Surface
from jaxopt_lab.analysis.windows import check_count
from jaxopt_lab.engine.checks import check_loss, check_start
from jaxopt_lab.engine.lanes import split
from jaxopt_lab.engine.settings import under
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Problem, as_problem

if TYPE_CHECKING:
    import xarray as xr

Window = Sequence[Sequence[float]]
"""``((low, high), ...)``, a pair for each dimension."""

BYTES_PER_MATRIX = 32
"""What an element of a Hessian takes: itself and its eigenvectors, twice while both are computed."""

SAME = 1e-5
"""Points nearer to each other than this share of the window are one."""

DEGENERATE = 1e-5
"""An eigenvalue smaller than this share of the usual curvature counts as 0."""


def critical_points(
    problem: Problem | Callable[..., jax.Array], window: Window | None = None, *, starts: int = 4096
) -> "xr.Dataset":
    r"""Find the minima, saddles and maxima in a window, and count them against what topology demands.

    .. math:: \nabla L(x) = 0, \qquad
              x \leftarrow x - (H^2 + \nu I)^{-1} H \, \nabla L(x), \qquad H = \nabla^2 L(x)

    Levenberg and Marquardt's damping of Newton's method for a zero of the gradient: it comes to saddles and maxima as
    it does to minima. The starts cover the window evenly, all arithmetic is in float64, and the points that several of
    them reach are merged.

    A search cannot prove that it missed nothing, but topology can tell that it did (Poincaré and Hopf). Let each
    critical point count :math:`(-1)^{index}`. In one and two dimensions the sum is the number of turns that the
    gradient makes along the window's border; in more it is 1 where the gradient points outwards on all of it, and
    else unknown here. A search is incomplete if both numbers differ, and there is no degenerate point.

    Args:
        problem: a `Problem` or a plain function of a vector, twice differentiable and not random.
        window: ``((low, high), ...)``, a pair for each dimension; by default the problem's domain.
        starts: from how many points to start, at least 1.

    Returns:
        A dataset over ``point``, sorted by loss: ``params`` (over ``param``), ``loss``, ``gradient_norm``,
        ``eigenvalues`` of the Hessian (ascending, over ``mode``), ``index`` (how many of them are negative), ``kind``
        (minimum, saddle, maximum or degenerate, where an eigenvalue is 0) and ``reached_by`` (how many starts came
        there); and two numbers, ``signed_count`` of the points found that are not degenerate, and the ``degree`` that
        it must equal (NaN where unknown).

    Raises:
        ValueError: for a problem that is not smooth, is random or has another shape of parameters than a vector; for a
            window that is none, or none given where the problem has no domain; and for more starts or dimensions than
            fit into memory.

    Example:
        >>> from jaxopt_lab import problems
        >>> from jaxopt_lab.analysis import critical_points
        >>> found = critical_points(problems.double_well(), starts=64)
        >>> found.kind.values.tolist(), found.params.round(6).values[-1].tolist()
        (['minimum', 'minimum', 'saddle'], [0.0, 0.0])
        >>> int(found.signed_count), int(found.degree)
        (1, 1)

    References:
        D. W. Marquardt (1963). An algorithm for least-squares estimation of nonlinear parameters. Journal of the
        Society for Industrial and Applied Mathematics 11(2), 431-441;
        J. Milnor (1965). Topology from the Differentiable Viewpoint, section 6. University Press of Virginia.
    """
    problem = as_problem(problem)
    lower, upper = _corners(problem, window)
    dim = len(lower)
    check_count("starts", whole_number("starts", starts, least=1), f"starts in {dim:,} dimensions", 48 * dim + 64)
    check_count("problem", dim, f"dimensions, Hessians at {BLOCK} points,", BLOCK * BYTES_PER_MATRIX, power=2)
    with under((("jax_enable_x64", True),)):
        _check(problem, lower)
        surface = Surface(*split(problem, np.dtype("float64")), lower, upper - lower)
        begun = _evenly(starts, len(lower))
        points, arrived = surface.search(begun)
        groups = _merged(points, arrived & _inside(points))
        loss, slope, hessian = surface.derivatives(points[[group[0] for group in groups]])
        usual = np.median(np.abs(np.linalg.eigvalsh(surface.derivatives(begun[:BLOCK])[2])).max(axis=1))
        degree = _degree(surface)
    # The signs are the same in units of the window, in which directions of different lengths compare.
    curvatures = np.linalg.eigvalsh(hessian)
    return _dataset(
        problem, surface, points[[group[0] for group in groups]], loss, slope, hessian,
        signs=np.where(np.abs(curvatures) > DEGENERATE * usual, np.sign(curvatures), 0).astype(int),
        reached_by=np.array([len(group) for group in groups], int), degree=degree, starts=starts,
    )  # fmt: skip


def _corners(problem: Problem, window: Window | None) -> tuple[np.ndarray, np.ndarray]:
    if window is None:
        if problem.domain is None:
            raise ValueError(
                f"window: {problem.name} has no domain of its own; give ((low, high), ...), a pair for each dimension, "
                "or a domain: problems.as_problem(loss, domain=(lower, upper))"
            )
        window = tuple(zip(*(np.asarray(corner, float) for corner in problem.domain), strict=True))
    try:
        pairs: Any = np.asarray(window, float)
    except (TypeError, ValueError):
        pairs = np.zeros(0)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.isfinite(pairs).all() or (pairs[:, 0] >= pairs[:, 1]).any():
        raise ValueError(f"window: got {window!r}; give ((low, high), ...), a pair for each dimension, low below high")
    return pairs[:, 0], pairs[:, 1]


def _check(problem: Problem, point: np.ndarray) -> None:
    if not problem.smooth:
        raise ValueError(
            f"problem: {problem.name} is not smooth, and its kinks have no curvature to tell kinds apart by; "
            "take a smooth one, such as problems.rastrigin"
        )
    check_start(problem, jnp.asarray(point), "window")
    check_loss(problem, jnp.asarray(point), None)


def _evenly(count: int, dim: int) -> np.ndarray:
    """Points that cover the unit cube evenly: multiples of powers of the root of x^(dim + 1) = x + 1 (Roberts 2018)."""
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (dim + 1))
    return (0.5 + np.outer(np.arange(count), root ** -np.arange(1.0, dim + 1))) % 1


def _inside(points: np.ndarray) -> np.ndarray:
    return np.asarray((np.abs(points - 0.5) <= 0.5 + ARRIVED).all(axis=1))


def _merged(points: np.ndarray, kept: np.ndarray) -> list[np.ndarray]:
    """The numbers of those kept, in groups of points that are the same."""
    left, groups = np.flatnonzero(kept), []
    while left.size:
        near = np.abs(points[left] - points[left[0]]).max(axis=1) < SAME
        groups.append(left[near])
        left = left[~near]
    return groups


def _degree(surface: Surface) -> float:
    """What the signs of all critical points in the window add up to; NaN if the border does not say."""
    dim = len(surface.lower)
    if dim == 1:
        low, high = np.sign(surface.slopes(np.array([[0.0], [1.0]]))[:, 0])
        return float(high - low) / 2 + 0.0 if low and high else np.nan
    if dim == 2:
        return _turns(surface)
    border, faces = np.repeat(_evenly(4 * BLOCK, dim)[None], 2 * dim, axis=0), np.arange(2 * dim)
    border[faces, :, faces // 2] = (faces % 2)[:, None]
    slopes = surface.slopes(border.reshape(-1, dim)).reshape(border.shape)
    outwards = slopes[faces, :, faces // 2] * (2 * (faces % 2) - 1)[:, None]
    return 1.0 if (outwards > 0).all() else np.nan


def _turns(surface: Surface, rounds: int = 40) -> float:
    """How often the gradient turns along the border, anticlockwise; NaN if it vanishes there."""

    def angle(way: np.ndarray) -> np.ndarray:
        # The distance from a side's middle is 1/2 on it, and less than that beyond a corner on the next ones.
        across, up = (np.clip(np.abs((way - shift) % 4 - 2) - 1, -0.5, 0.5) + 0.5 for shift in (0.5, 1.5))
        slopes = surface.slopes(np.stack([across, up], axis=1))
        return np.arctan2(slopes[:, 1], slopes[:, 0])

    way = np.linspace(0, 4, BLOCK)
    angles = angle(way)
    for _ in range(rounds):
        turns = (np.diff(angles) + np.pi) % (2 * np.pi) - np.pi
        sharp = np.flatnonzero(~(np.abs(turns) < 1))
        if not sharp.size:
            return float(np.round(turns.sum() / (2 * np.pi))) + 0.0
        between = (way[sharp] + way[sharp + 1]) / 2
        way, angles = np.insert(way, sharp + 1, between), np.insert(angles, sharp + 1, angle(between))
    return np.nan


def _dataset(
    problem: Problem, surface: Surface, points: np.ndarray, loss: np.ndarray, slope: np.ndarray, hessian: np.ndarray,
    *, signs: np.ndarray, reached_by: np.ndarray, degree: float, starts: int,
) -> "xr.Dataset":  # fmt: skip
    import xarray as xr

    index, flat = (signs < 0).sum(axis=1), (signs == 0).any(axis=1)
    kind = np.select([flat, index == 0, index == len(surface.lower)], ["degenerate", "minimum", "maximum"], "saddle")
    width, order = surface.width, np.argsort(loss, kind="stable")
    return xr.Dataset(
        {
            "params": (("point", "param"), surface.places(points)[order]),
            "loss": ("point", loss[order]),
            "gradient_norm": ("point", np.linalg.norm(slope / width, axis=1)[order]),
            "eigenvalues": (("point", "mode"), np.linalg.eigvalsh(hessian / width / width[:, None])[order]),
            "index": ("point", index[order], {"long_name": "number of negative eigenvalues"}),
            "kind": ("point", kind[order]),
            "reached_by": ("point", reached_by[order], {"long_name": "starts that ended there"}),
            "signed_count": ((), int(((-1) ** index[~flat]).sum()), {"long_name": "sum of (-1)^index"}),
            "degree": ((), degree, {"long_name": "what signed_count must be, by the gradient on the border"}),
        },
        {"window": (("param", "bound"), np.stack([surface.lower, surface.lower + width], axis=1))},
        {"title": f"critical points of {problem.name}", "starts": starts},
    )
