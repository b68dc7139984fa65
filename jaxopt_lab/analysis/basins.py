"""Basins of attraction: which minimum each start reaches, how fast, and how rough the borders between them are."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab import metrics
from jaxopt_lab.analysis.box_counting import boundary, box_dimension
from jaxopt_lab.analysis.gauge import Gauged, Seen, Told, made, with_reading
from jaxopt_lab.analysis.loss import loss_of
from jaxopt_lab.analysis.minima import DIVERGED, NOT_SETTLED, assign
from jaxopt_lab.analysis.windows import Window, as_numbers, as_sides, as_window, cell_centres, check_fits
from jaxopt_lab.engine.checks import check_start, is_optimizer, name_of
from jaxopt_lab.engine.run import sweep
from jaxopt_lab.problems.checks import known_name, whole_number
from jaxopt_lab.problems.problem import Problem

if TYPE_CHECKING:
    import xarray as xr

FEWEST_CELLS = 32
"""Along a side; the boundary's dimension needs boxes of three sizes."""

NEAR = 0.01
"""By default a trajectory has settled within this part of the window's shorter side from a minimum."""


def basins(
    problem: Any,
    optimizer: Any,
    hyperparameters: Mapping[str, float] | None = None,
    *,
    window: Window | None = None,
    plane: tuple[Sequence[float], Sequence[float], Sequence[float]] | None = None,
    resolution: int | tuple[int, int] = 1000,
    num_steps: int = 1000,
    starts: Literal["stratified", "grid"] = "stratified",
    radius: float | None = None,
    seed: int = 0,
    dtype: Any = "float32",
    progress: bool = False,
) -> "xr.Dataset":
    r"""Which minimum an optimiser reaches from each cell of a window.

    All starts run to the last step. Who is then within the radius of a minimum has settled there: in one that the
    problem lists, or in one that is found where trajectories end (see `minima.assign`). Those that settled run once
    more, to see from which step on they stay within the radius.

    The share of a basin is the share of the starts. With one random start in each cell it has no bias, and Wilson's
    interval for as many independent starts holds it with at least 95%: that starts are spread evenly only helps.

    Args:
        problem: a `Problem`, a factory of one that needs no arguments, or a plain function of a vector; not random.
        optimizer: a built optimiser, or a factory of one.
        hyperparameters: the arguments of the factory; other values of them compile nothing new.
        window: ``((left, right), (bottom, top))``; by default the domain of a problem of two dimensions.
        plane: ``(origin, across, up)``, three vectors of the problem's dimension: the start at :math:`(x, y)` is
            ``origin + x * across + y * up``. By default the plane of a problem of two dimensions.
        resolution: cells along each side, or ``(across, up)``, at least 32.
        num_steps: the number of updates.
        starts: where in its cell each start lies: ``"stratified"``, anywhere at random; ``"grid"``, in its middle, and
            then there are no intervals.
        radius: how near to a minimum a trajectory has settled; by default a hundredth of the window's shorter side.
        seed: the root of the random starts.
        dtype: the floating-point type.
        progress: show a progress bar.

    Returns:
        A dataset over ``y`` and ``x``: ``basin``, the place of the minimum, -1 for not settled and -2 for diverged;
        ``settled_at``, the step from which on it stays (-1 for never); over ``minimum`` ``minima`` and ``listed``
        (whether the problem names it); over ``outcome``, whose labels are those of ``basin``, ``share`` and
        ``interval``; and ``dimension`` of the boundaries between basins, with ``dimension_error``.

    Raises:
        ValueError: for a problem that is not of two dimensions where no plane is given, has no domain where no window
            is given, draws from a key, lists no minimum where none is found; and for more cells than fit into memory.

    Example:
        >>> from jaxopt_lab import optimizers, problems
        >>> found = basins(problems.double_well(), optimizers.sgd(0.1), resolution=32, num_steps=200, starts="grid")
        >>> found.share.sel(outcome=[0, 1]).values.tolist()
        [0.5, 0.5]
        >>> found.minima.values.tolist(), round(float(found.dimension), 2)
        ([[1.0, 0.0], [-1.0, 0.0]], 1.0)

    References:
        E. B. Wilson (1927). Probable inference, the law of succession, and statistical inference. Journal of the
        American Statistical Association 22, 209-212;
        C. Grebogi, S. W. McDonald, E. Ott and J. A. Yorke (1983). Final state sensitivity: an obstruction to
        predictability. Physics Letters A 99, 415-418.
    """
    import xarray as xr

    problem = made(problem, {})
    known_name("starts", starts, ["stratified", "grid"])
    window, basis = _where(problem, window, plane)
    sides = as_sides(resolution)
    if min(sides) < FEWEST_CELLS:
        raise ValueError(f"resolution: got {resolution}; basins need at least {FEWEST_CELLS} cells along each side")
    check_fits(sides, _bytes_per_cell(basis.shape[1]))
    radius = _radius(radius, window)
    x, y = cell_centres(window, sides)
    jitter = None if starts == "grid" else np.random.default_rng(whole_number("seed", seed, least=0))
    begun = _starts(x, y, basis, jitter).astype(dtype)
    check_start(problem, jnp.asarray(begun[0]), "plane")
    loss_of(problem, jnp.asarray(begun[0]))
    run = _Run(optimizer, dict(hyperparameters or {}), num_steps, dtype, progress)
    minima, labels = assign(problem, run.ends(problem, begun), radius)
    if not len(minima):
        raise ValueError(_nothing(problem, labels, num_steps))
    settled_at = run.arrivals(problem, begun, minima, labels, radius)
    shape = (len(y), len(x))
    basin = labels.reshape(shape)
    rough = box_dimension(boundary(basin))
    outcomes = [*range(len(minima)), NOT_SETTLED, DIVERGED]
    counts = np.array([(labels == outcome).sum() for outcome in outcomes])
    listed = np.arange(len(minima)) < (0 if problem.minima is None else len(problem.minima))
    dataset = xr.Dataset(
        {
            "basin": (("y", "x"), basin.astype(np.int16), {"not_settled": NOT_SETTLED, "diverged": DIVERGED}),
            "settled_at": (("y", "x"), settled_at.reshape(shape), {"units": "steps", "never": -1}),
            "minima": (("minimum", "param"), minima),
            "listed": ("minimum", listed),
            "share": ("outcome", counts / len(labels)),
            "dimension": rough.dimension,
            "dimension_error": rough.error,
        },
        {"x": x, "y": y, "outcome": outcomes},
        {
            "title": f"{_called(optimizer, run.hyperparameters)} on {problem.name}", "starts": starts,
            "num_steps": num_steps, "radius": radius, "plane": str(basis.tolist()),
        },
    )  # fmt: skip
    if starts == "grid":
        return dataset
    share = metrics.wilson(counts, len(labels))
    return dataset.assign(interval=(("outcome", "bound"), np.stack([share.lower, share.upper], axis=-1)))


def _where(problem: Problem, window: Window | None, plane: Any) -> tuple[Window, np.ndarray]:
    """The window, and the plane's origin and two directions."""
    if plane is not None:
        basis = as_numbers(plane)
        if basis.ndim != 2 or len(basis) != 3 or np.linalg.matrix_rank(basis[1:]) < 2:
            raise ValueError(f"plane: got {plane}; give (origin, across, up), three vectors, the last two not parallel")
    else:
        dim = _dim(problem)
        if dim != 2:
            remedy = (
                "give plane=(origin, across, up)" if dim > 2 else "take one of two or more, or analysis.bifurcation"
            )
            raise ValueError(
                f"problem: {problem.name} has {dim} dimension{'s' * (dim > 1)}, and a window has two; {remedy}"
            )
        basis = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    if window is not None:
        return as_window(window), basis
    if problem.domain is None or plane is not None:
        reason = "has no domain" if problem.domain is None else "has a domain, but no window in this plane"
        raise ValueError(f"window: {problem.name} {reason}; give window=((left, right), (bottom, top))")
    lower, upper = (np.asarray(corner, float) for corner in problem.domain)
    return ((lower[0], upper[0]), (lower[1], upper[1])), basis


def _dim(problem: Problem) -> int:
    """The number of dimensions; 2 for a plain function, which then shows whether it can be so."""
    if problem.init is None:
        return 2
    shape = jax.eval_shape(problem.init, jax.random.key(0))
    if not hasattr(shape, "shape") or len(shape.shape) != 1:
        raise ValueError(f"problem: {problem.name} has parameters that are no vector; basins are of vectors")
    return shape.shape[0]


def _radius(radius: float | None, window: Window) -> float:
    if radius is None:
        return NEAR * min(high - low for low, high in window)
    if not 0 < radius < np.inf:
        raise ValueError(f"radius: got {radius}; give a distance above 0")
    return float(radius)


def _starts(x: np.ndarray, y: np.ndarray, basis: np.ndarray, jitter: np.random.Generator | None) -> np.ndarray:
    """One start for each cell, row by row from the bottom, shape ``(cells, dim)``."""
    across, up = np.meshgrid(x, y)
    if jitter is not None:
        across = across + (x[1] - x[0]) * jitter.uniform(-0.5, 0.5, across.shape)
        up = up + (y[1] - y[0]) * jitter.uniform(-0.5, 0.5, up.shape)
    return basis[0] + across.reshape(-1, 1) * basis[1] + up.reshape(-1, 1) * basis[2]


def _bytes_per_cell(dim: int) -> int:
    """What a cell takes at most: starts, ends and goals in two copies each, coordinates in float64, labels."""
    return 48 * dim + 64


def _called(optimizer: Any, hyperparameters: dict[str, float]) -> str:
    given = ", ".join(f"{name}={value:g}" for name, value in hyperparameters.items())
    return f"{name_of(optimizer)}({given})" if given else name_of(optimizer)


def _nothing(problem: Problem, labels: np.ndarray, num_steps: int) -> str:
    lost = (labels == DIVERGED).mean()
    return (
        f"problem: {problem.name} lists no minimum, and none was found where trajectories ended ({lost:.0%} of them "
        f"diverged, the others have not settled after {num_steps:,} steps); list its minima, Problem(..., minima=...), "
        "take more steps, or another optimizer or window"
    )


@dataclasses.dataclass(frozen=True)
class _Run:
    """How every start is run."""

    optimizer: Any
    hyperparameters: dict[str, float]
    num_steps: int
    dtype: Any
    progress: bool

    def ends(self, problem: Problem, starts: np.ndarray) -> np.ndarray:
        """Where they end, shape ``(starts, dim)``."""
        result = self._sweep(problem, self.optimizer, starts)
        return result.final_params.values.reshape(starts.shape)

    def arrivals(
        self, problem: Problem, starts: np.ndarray, minima: np.ndarray, labels: np.ndarray, radius: float
    ) -> np.ndarray:
        """From which step on they stay near their minimum, -1 for those that have none."""
        settled = np.flatnonzero(labels >= 0)
        steps = np.full(len(labels), -1, np.int32)
        if len(settled):
            reading = {
                "goal": minima[labels[settled]],
                "reach": np.full(len(settled), radius**2),
                "until": np.zeros(len(settled)),
            }
            result = self._sweep(
                with_reading(problem),
                Gauged(self.optimizer, _until_near),
                {"point": starts[settled], "reading": reading},
            )
            steps[settled] = result["final_params.reading.until"].values.ravel()
        return steps

    def _sweep(self, problem: Problem, optimizer: Any, starts: Any) -> "xr.Dataset":
        grid = {name: [value] for name, value in self.hyperparameters.items()}
        return sweep(
            problem, optimizer, {} if is_optimizer(self.optimizer) else grid, starts=starts,
            num_steps=self.num_steps, record="final", dtype=self.dtype, progress=self.progress,
        )  # fmt: skip


def _until_near(seen: Seen) -> Told:
    """Count the steps until the point stays near its goal: the last one that begins farther away is the last."""
    reading = seen.reading
    far = ~(((seen.point - reading["goal"]) ** 2).sum() <= reading["reach"])
    more = jnp.where(far, seen.step + 1 - reading["until"], 0).astype(reading["until"].dtype)
    still = {"goal": jnp.zeros_like(reading["goal"]), "reach": jnp.zeros_like(reading["reach"])}
    return Told(still | {"until": more}, seen.moves, seen.state)
