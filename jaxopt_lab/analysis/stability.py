"""Stability maps: how fast a method contracts at each pair of its settings, measured, beside the exact law."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab import optimizers
from jaxopt_lab.analysis.exact_rates import exact_rates, plane_of_the_boundary
from jaxopt_lab.analysis.gauge import Gauged, GaugedProblem, Seen, Told, made, with_reading
from jaxopt_lab.analysis.loss import loss_of
from jaxopt_lab.analysis.windows import check_fits
from jaxopt_lab.engine.checks import check_start, name_of
from jaxopt_lab.engine.grid import Axis, traced_axes
from jaxopt_lab.engine.run import sweep
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Problem

if TYPE_CHECKING:
    import xarray as xr

RESOLUTION = 1000

NEAR = 0.02
"""Rates closer to 1 than this are near the boundary, where any finite number of steps leaves a doubt."""

FLOOR = 1e-10
"""Where no law is known, a loss that has fallen to this part has arrived: rounding comes next."""

FAR = 2.0**40
"""A loss beyond this, or below its inverse, is brought back: the exponents of float32 end at 127."""

HALVED, DOUBLED = 8, 20
"""Distances are then halved or doubled so many times. To be halved more often, what is added would round coarsely."""

BYTES_PER_CELL = 120


def stability_map(
    problem: Any,
    optimizer: Any = optimizers.sgd_momentum,
    grid: Mapping[str, Any] | None = None,
    *,
    num_steps: int = 500,
    start: Any = None,
    seed: int = 0,
    dtype: Any = "float32",
    progress: bool = False,
) -> "xr.Dataset":
    r"""Measure at every point of a grid over two hyperparameters how fast the distance to the minimum shrinks.

    .. math:: \rho = \lim_{t \to \infty} \Bigl(\frac{L(x_t) - L^*}{L(x_0) - L^*}\Bigr)^{1 / (2t)}

    It converges where :math:`\rho < 1`. Gradient descent, heavy ball and Nesterov's method on a quadratic are linear:
    there :math:`\rho` is the slope of a straight line through the logarithms of all losses of the second half of the
    steps. Whenever a loss comes near the ends of the floating-point numbers, the parameters and the velocity are
    multiplied by a power of two, and the power is counted in: a linear method does not notice. Beside it stands the
    exact law. Everywhere else :math:`\rho` is the mean rate from the start to the last step, or to the first at which
    the loss has fallen to a part of 1e-10 or has overflowed.

    Args:
        problem: a `Problem` whose lowest value is known, a factory of one whose arguments may be in the grid, or a
            plain function whose lowest value is 0.
        optimizer: a factory of the optimiser, or a built one where both axes are the problem's.
        grid: values of each hyperparameter by name: two of them with several values, the first of which runs across;
            others may have one. By default 1000 learning rates by 1000 momenta, which cover the exact boundary.
        num_steps: the number of updates, at least 4.
        start: the start point; by default one is drawn from the problem's ``init``.
        seed: the root of that draw.
        dtype: the floating-point type.
        progress: show a progress bar.

    Returns:
        A dataset over both hyperparameters, the second one first: ``rate``; and where a law is known ``exact_rate``,
        (NaN outside the range of its closed form, as for a momentum of 1), ``disagreement`` (the share of the other
        cells that are measured on the wrong side of the exact boundary) and
        ``largest_error`` (of the rate, where the exact one is more than 0.02 away from 1).

    Raises:
        ValueError: for a grid that is none over two hyperparameters, a problem without a known lowest value or that
            draws from a key, a start that rests in the minimum, and more cells than fit into memory.

    Example:
        >>> from jaxopt_lab import optimizers, problems
        >>> rates, momenta = np.linspace(0.02, 0.4, 4), np.linspace(0.0, 0.9, 3)
        >>> found = stability_map(
        ...     problems.quadratic((1.0, 10.0)),
        ...     optimizers.sgd_momentum,
        ...     {"learning_rate": rates, "momentum": momenta},
        ... )
        >>> found.rate.dims, float(found.disagreement)
        (('momentum', 'learning_rate'), 0.0)
        >>> [[round(float(each), 2) for each in row] for row in found.rate.values[:2]]
        [[0.98, 0.85, 1.73, 3.0], [0.96, 0.67, 0.67, 2.36]]

    References:
        B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods. USSR Computational
        Mathematics and Mathematical Physics 4(5), 1-17.
    """
    import xarray as xr

    num_steps = whole_number("num_steps", num_steps, least=4)
    axes = traced_axes(
        _default(problem, optimizer, start, seed, dtype) if grid is None else grid,
        problem, {"optimizer": optimizer}, dtype,
    )  # fmt: skip
    x, y = _two_of(axes)
    check_fits((len(x.values), len(y.values)), BYTES_PER_CELL)
    first = made(problem, {axis.argument: axis.values[0].item() for axis in axes if axis.owner == "problem"})
    begin = _begin(first, start, seed, dtype)
    law = exact_rates(problem, optimizer, axes, begin.size)
    lanes = _Lanes(problem, optimizer, axes, begin, num_steps, dtype, progress)
    excess = _excess(first, begin)
    rates = _slopes(lanes) if law is not None else _mean_rates(lanes, _lowest(first), excess)
    dataset = xr.Dataset({axis.name: axis.values for axis in axes}).assign(rate=([axis.name for axis in axes], rates))
    dataset.rate.attrs = {"long_name": "contraction per step" if law is not None else "mean contraction per step"}
    if law is not None:
        dataset = dataset.assign({"exact_rate": (dataset.rate.dims, law)} | _disagreement(rates, law))
    others = [axis.name for axis in axes if axis not in (x, y)]
    dataset = dataset.squeeze(others).transpose(y.name, x.name)
    return dataset.assign_attrs(title=f"{name_of(optimizer)} on {first.name}", num_steps=num_steps, start=begin)


def _default(problem: Any, optimizer: Any, start: Any, seed: int, dtype: Any) -> Mapping[str, Any]:
    """The plane in which the boundary lies, where it is known."""
    begin = _begin(made(problem, {}), start, seed, dtype)
    plane = plane_of_the_boundary(problem, optimizer, begin.size, RESOLUTION)
    if plane is None:
        raise ValueError(
            "grid: only for heavy ball and Nesterov's method on a positive definite quadratic it is known where to "
            'look; give values of two hyperparameters, such as {"learning_rate": ..., "b1": ...}'
        )
    return plane


def _two_of(axes: tuple[Axis, ...]) -> list[Axis]:
    several = [axis for axis in axes if len(axis.values) > 1]
    if len(several) != 2:
        named = ", ".join(axis.name for axis in several) or "none"
        raise ValueError(f"grid: a map is over two hyperparameters with several values, and these have them: {named}")
    return several


def _begin(problem: Problem, start: Any, seed: int, dtype: Any) -> np.ndarray:
    """One start point that has a loss, and some way to go."""
    if start is None:
        if problem.init is None:
            raise ValueError(
                f"start: {problem.name} has no init to draw one from; give a start point, or a domain: "
                "problems.as_problem(loss, domain=(lower, upper))"
            )
        start = problem.init(jax.random.key(whole_number("seed", seed, least=0)))
    try:
        begin = np.asarray(start, dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"start: got {type(start).__name__}; a map starts from one array of numbers") from error
    check_start(problem, jnp.asarray(begin), "start")
    loss_of(problem, jnp.asarray(begin))
    return begin


class _Lanes(NamedTuple):
    """What runs at each point of the grid."""

    problem: Any
    optimizer: Any
    axes: tuple[Axis, ...]
    start: np.ndarray
    num_steps: int
    dtype: Any
    progress: bool

    @property
    def grid(self) -> dict[str, np.ndarray]:
        return {axis.name: axis.values for axis in self.axes}


def _slopes(lanes: _Lanes) -> np.ndarray:
    """The rates of a linear method, whose distances may grow or shrink without end."""
    names = tuple(axis.argument for axis in lanes.axes if axis.owner == "problem")
    result = sweep(
        GaugedProblem(lanes.problem, names) if names else with_reading(made(lanes.problem, {})),
        Gauged(lanes.optimizer, _LogSlope(lanes.num_steps)),
        lanes.grid,
        starts={"point": lanes.start[None], "reading": {"power": np.zeros(1), "slope": np.zeros(1)}},
        num_steps=lanes.num_steps, record="final", dtype=lanes.dtype, progress=lanes.progress,
    ).squeeze("start")  # fmt: skip
    # Half of it, since the loss is the square of a distance; in the minimum itself there is no logarithm.
    rates = np.exp2(result["final_params.reading.slope"].values.astype(float) / 2)
    last = result.final_loss.values
    return np.where(last == 0, 0.0, np.where(np.isfinite(last), rates, np.inf))


@dataclasses.dataclass(frozen=True)
class _LogSlope:
    """The slope of the loss's binary logarithm over the second half of the steps, by least squares."""

    num_steps: int

    def __call__(self, seen: Seen) -> Told:
        power, loss = seen.reading["power"], seen.loss
        first = self.num_steps // 2
        count = self.num_steps - first
        # The weight of each logarithm in the slope of a straight line is known beforehand: one sum is enough.
        weight = (seen.step - (first + (count - 1) / 2)) / (count * (count**2 - 1) / 12)
        height = power + jnp.log2(jnp.maximum(loss, jnp.finfo(loss.dtype).tiny))
        more = jnp.where(seen.step >= first, weight.astype(loss.dtype) * height, 0)
        doubled = jnp.where(loss > FAR, -HALVED, jnp.where((loss < 1 / FAR) & (loss > 0), DOUBLED, 0))
        scale = jnp.where(doubled == 0, 1, jnp.where(doubled > 0, 2.0**DOUBLED, 2.0**-HALVED)).astype(loss.dtype)
        moves = jax.tree.map(lambda move, old: move + (scale - 1) * (old + move), seen.moves, seen.point)
        state = jax.tree.map(
            lambda leaf: leaf * scale if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf, seen.state
        )
        return Told({"power": -2 * doubled.astype(loss.dtype), "slope": more}, moves, state)


def _lowest(problem: Problem) -> float:
    return 0.0 if problem.minimum is None else float(problem.minimum)


def _excess(problem: Problem, start: np.ndarray) -> float:
    """How far above the lowest the loss begins.

    Raises:
        ValueError: if it does not.
    """
    begun, minimum = float(problem.loss(jnp.asarray(start), None)), _lowest(problem)
    if not 0 < begun - minimum < np.inf:
        raise ValueError(
            f"start: its loss is {begun:g}, and the lowest of {problem.name} is {minimum:g}; start where it is finite "
            "and higher, or state the lowest: Problem(..., minimum=...)"
        )
    return begun - minimum


def _mean_rates(lanes: _Lanes, minimum: float, excess: float) -> np.ndarray:
    """The rates from the start to the end, to arrival or to overflow."""
    info = jnp.finfo(lanes.dtype)
    result = sweep(
        lanes.problem, lanes.optimizer, lanes.grid, starts=lanes.start[None], num_steps=lanes.num_steps,
        tolerance=max(FLOOR * excess, 8 * float(info.eps) * abs(minimum)), dtype=lanes.dtype, progress=lanes.progress,
    ).squeeze("start")  # fmt: skip
    diverged, converged = result.diverged_at.values, result.converged_at.values
    steps = np.where(diverged >= 0, diverged, np.where(converged >= 0, converged, lanes.num_steps))
    left = np.where(diverged >= 0, float(info.max), np.abs(result.final_loss.values.astype(float) - minimum))
    gone = np.maximum(left, float(info.tiny)) / (result.initial_loss.values.astype(float) - minimum)
    return gone ** (0.5 / steps)


def _disagreement(rates: np.ndarray, law: np.ndarray) -> dict[str, Any]:
    away, known = np.abs(law - 1) > NEAR, np.isfinite(law)
    return {
        "disagreement": float(((rates < 1) != (law < 1))[known].mean()) if known.any() else np.nan,
        "largest_error": float(np.abs(rates - law)[away].max(initial=0.0)),
    }
