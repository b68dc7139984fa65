"""The border between the hyperparameters that train and those that don't, at any magnification."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.analysis.box_counting import boundary, box_dimension
from jaxopt_lab.analysis.gauge import Gauged, Seen, Told, made, with_reading
from jaxopt_lab.analysis.loss import loss_of
from jaxopt_lab.analysis.windows import as_numbers, as_sides, cell_centres, check_fits
from jaxopt_lab.engine.checks import is_optimizer, name_of
from jaxopt_lab.engine.grid import arguments, unknown
from jaxopt_lab.engine.run import sweep
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Params, Problem

if TYPE_CHECKING:
    import xarray as xr

LAST = 20
"""The mean loss of so many last steps, below the first loss, tells who has converged."""

BAND_BYTES = 32 * 2**20
"""What the results of the rows that run together take: they are read, and forgotten."""

KEPT_BYTES = 24
"""What a cell of the picture takes: what is kept of it, and the counting of boxes."""

FEWEST_CELLS = 32

MOST_DECADES = 300
"""Of a window of logarithms: float64 ends at 10 to the power of 308."""


def fractal(
    problem: Any,
    optimizer: Any,
    axes: Sequence[str],
    *,
    center: tuple[float, float],
    width: float | tuple[float, float],
    log: bool = False,
    hyperparameters: Mapping[str, float] | None = None,
    resolution: int | tuple[int, int] = 512,
    num_steps: int = 500,
    start: Any = None,
    seed: int = 0,
    dtype: Any = "float32",
    store: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> "xr.Dataset":
    r"""Which hyperparameters converge and which diverge, how fast either, and how rough the border between them is.

    .. math:: \text{converged}: \; \frac{1}{20} \sum_{t = T - 20}^{T - 1} L(\theta_t) < L(\theta_0), \qquad
              \text{measure} = \sum_{t < T} L(\theta_t) \;\;\text{or}\;\; \sum_{t < T} \frac{1}{L(\theta_t)}

    where they converge or diverge: the smaller, the faster. The rows of the picture run in bands, of which only these
    two are kept, so that memory holds a picture and one band of trajectories, whatever the network's size.

    Args:
        problem: a `Problem`, a factory of one that needs no arguments, or a plain function; not random. The loss counts
            from its known lowest value, else from 0.
        optimizer: a factory of the optimiser.
        axes: which two of its arguments run across and up.
        center: the middle of the window: values of both, or, with ``log``, their decimal logarithms.
        width: the window's extent along both, or along each, in the same units.
        log: whether the window is one of decimal logarithms.
        hyperparameters: further arguments of the factory; other values of them compile nothing new.
        resolution: cells along each side, or ``(across, up)``, at least 32.
        num_steps: the number :math:`T` of updates, at least 20.
        start: the start point; by default one is drawn from the problem's ``init``.
        seed: the root of that draw.
        dtype: the floating-point type; where float32 can't tell neighbouring cells apart, float64.
        store: a folder that keeps the trajectories as they end, as that of `jaxopt_lab.sweep` does: called again with
            it, an interrupted picture goes on from there. It takes four bytes for each parameter and cell.
        progress: show a progress bar, for each band where there is no store.

    Returns:
        A dataset over both axes, the second one first, whose coordinates are the values: ``converged``, ``measure``;
        and ``converged_share``, the ``dimension`` of the border by box counting, and ``dimension_error``.

    Raises:
        ValueError: for names that are no arguments of the factory, a problem that draws from a key or rises from its
            start for ever, a window that the floating-point numbers can't resolve, more cells than fit into memory, and
            a store that holds another picture.

    Example:
        >>> import optax
        >>> ripples = lambda x: x**2 + 0.2 * jnp.cos(6.0 * x)
        >>> found = fractal(
        ...     ripples, optax.sgd, ("learning_rate", "momentum"), center=(0.75, 0.5), width=(1.5, 0.9),
        ...     resolution=32, num_steps=50, start=1.0,
        ... )
        >>> found.converged.dims, 0.2 < float(found.converged_share) < 0.9
        (('momentum', 'learning_rate'), True)

    References:
        J. Sohl-Dickstein (2024). The boundary of neural network trainability is fractal. arXiv 2402.06184;
        Y. Liu (2024). Complex fractal trainability boundary can arise from trivial non-convexity. arXiv 2406.13971.
    """
    import xarray as xr

    problem = made(problem, {})
    sides = as_sides(resolution)
    if min(sides) < FEWEST_CELLS:
        raise ValueError(f"resolution: got {resolution}; a border needs at least {FEWEST_CELLS} cells along each side")
    whole_number("num_steps", num_steps, least=LAST)
    names = _names(optimizer, axes)
    x, y = _values(center, width, sides, log)
    begin = _begin(problem, start, seed, dtype)
    numbers = sum(leaf.size for leaf in jax.tree.leaves(begin))
    check_fits(sides, KEPT_BYTES)
    rows = max(1, BAND_BYTES // (4 * (numbers + 8) * sides[0]))
    measure, converged = np.empty(sides[::-1], np.float32), np.empty(sides[::-1], bool)
    lanes = _Lanes(problem, optimizer, dict(hyperparameters or {}), begin, num_steps, dtype, progress)
    stored = None if store is None else lanes.run({names[1]: y, names[0]: x}, store)
    for first in range(0, sides[1], rows):
        band = slice(first, min(first + rows, sides[1]))
        ends = lanes.run({names[1]: y[band], names[0]: x}) if stored is None else stored.isel({names[1]: band})
        measure[band], converged[band] = lanes.fates(ends)
    rough = box_dimension(boundary(converged))
    return xr.Dataset(
        {
            "converged": (names[::-1], converged),
            "measure": (names[::-1], measure, {"long_name": "sum of losses, or of their inverses where it diverged"}),
            "converged_share": converged.mean(),
            "dimension": rough.dimension,
            "dimension_error": rough.error,
        },
        {names[0]: x, names[1]: y},
        {"title": f"{name_of(optimizer)} on {problem.name}", "num_steps": num_steps, "log": int(log)},
    )


def _names(optimizer: Any, axes: Sequence[str]) -> tuple[str, str]:
    if is_optimizer(optimizer) or not callable(optimizer):
        raise ValueError(f"optimizer: got {optimizer!r}; give a factory, whose arguments can be swept")
    if isinstance(axes, str) or len(axes) != 2 or axes[0] == axes[1]:
        raise ValueError(f"axes: got {axes!r}; name two different arguments of {name_of(optimizer)}")
    for name in axes:
        if name not in arguments(optimizer):
            raise ValueError(unknown("axes", name, arguments(optimizer)))
    return axes[0], axes[1]


def _values(center: Any, width: Any, sides: tuple[int, int], log: bool) -> tuple[np.ndarray, np.ndarray]:
    middle, extent = as_numbers(center), as_numbers(width)
    if middle.shape != (2,) or not np.isfinite(middle).all():
        raise ValueError(f"center: got {center}; give two numbers, (across, up)")
    if extent.shape not in ((), (1,), (2,)) or not (np.isfinite(extent) & (extent > 0)).all():
        raise ValueError(f"width: got {width}; give one number above 0, or two, (across, up)")
    if log and not (np.abs(middle) + extent / 2 < MOST_DECADES).all():
        raise ValueError(f"center, width: got {center}, {width}; powers of ten beyond {MOST_DECADES} are no numbers")
    low, high = middle - extent / 2, middle + extent / 2
    x, y = cell_centres(((low[0], high[0]), (low[1], high[1])), sides)
    return (10.0**x, 10.0**y) if log else (x, y)


def _begin(problem: Problem, start: Any, seed: int, dtype: Any) -> Params:
    if start is None:
        if problem.init is None:
            raise ValueError(
                f"start: {problem.name} has no init to draw one from; give a start point, or a domain: "
                "problems.as_problem(loss, domain=(lower, upper))"
            )
        start = problem.init(jax.random.key(whole_number("seed", seed, least=0)))
    begin = jax.tree.map(lambda leaf: np.asarray(leaf, dtype), start)
    loss_of(problem, jax.tree.map(jnp.asarray, begin))
    return begin


@dataclasses.dataclass(frozen=True)
class _Lanes:
    """What runs at each cell."""

    problem: Problem
    optimizer: Any
    hyperparameters: dict[str, float]
    start: Params
    num_steps: int
    dtype: Any
    progress: bool

    def run(self, grid: Mapping[str, np.ndarray], store: str | os.PathLike[str] | None = None) -> "xr.Dataset":
        """Where the trajectories of these cells end; read from the store, if there is one, when it is looked at."""
        zero = np.zeros(1)
        fixed = {name: [value] for name, value in self.hyperparameters.items()}
        return sweep(
            with_reading(self.problem), Gauged(self.optimizer, _Sums(self.num_steps)), {**grid, **fixed},
            starts={
                "point": jax.tree.map(lambda leaf: leaf[None], self.start),
                "reading": dict.fromkeys(("losses", "inverses", "last"), zero),
            },
            num_steps=self.num_steps, record="final", dtype=self.dtype, store=store, progress=self.progress,
        ).squeeze(["start", *fixed])  # fmt: skip

    def fates(self, ends: "xr.Dataset") -> tuple[np.ndarray, np.ndarray]:
        """The measures of cells, and which of them converged."""
        losses, inverses, last = (
            ends[f"final_params.reading.{name}"].values for name in ("losses", "inverses", "last")
        )
        first = float(self.problem.loss(jax.tree.map(jnp.asarray, self.start), None)) - _lowest(self.problem)
        converged = last / LAST < first
        return np.where(converged, losses, inverses), converged


def _lowest(problem: Problem) -> float:
    return 0.0 if problem.minimum is None else float(problem.minimum)


@dataclasses.dataclass(frozen=True)
class _Sums:
    """The sum of all losses, of their inverses, and of the last losses."""

    num_steps: int

    def __call__(self, seen: Seen) -> Told:
        loss = seen.loss
        # A loss beyond the floating-point numbers has no inverse left, and counts as converged nowhere.
        inverse = jnp.where(jnp.isfinite(loss), 1 / loss, 0)
        late = jnp.where(seen.step >= self.num_steps - LAST, loss, 0)
        return Told({"losses": loss, "inverses": inverse, "last": late}, seen.moves, seen.state)
