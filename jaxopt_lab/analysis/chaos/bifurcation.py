"""Bifurcation diagrams: what trajectories end in, over a hyperparameter, and whether it is chaos."""

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jaxopt_lab.analysis.chaos.cycles import DIVERGED, cycle_period
from jaxopt_lab.analysis.chaos.tangent import advance_with_tangent, step_with_tangent
from jaxopt_lab.analysis.windows import check_count
from jaxopt_lab.engine.checks import check_loss
from jaxopt_lab.engine.dataset import labels_of
from jaxopt_lab.engine.lanes import Lane, Shared, Structure, build, lane_arguments, prepare
from jaxopt_lab.engine.packing import start_in_tiles
from jaxopt_lab.engine.programs import Results, tile_by_tile
from jaxopt_lab.engine.records import FINAL
from jaxopt_lab.engine.run import device_name
from jaxopt_lab.engine.spec import Spec, make_spec
from jaxopt_lab.engine.trajectory import Carry, Run
from jaxopt_lab.problems.checks import whole_number

if TYPE_CHECKING:
    import xarray as xr

_TILE = 1024
"""How many lanes run as one program: their points and tangents stay in the cache."""

_BYTES_PER_NUMBER = 32
"""What a number of a kept point takes at most: itself, and three doubles where points are compared."""


def bifurcation(
    problem: Any,
    optimizer: Any,
    values: Any,
    *,
    hyperparameter: str = "learning_rate",
    starts: Any = 1,
    num_steps: int = 4000,
    keep: int = 128,
    tolerance: float = 1e-4,
    seed: int = 0,
    dtype: Any = "float32",
) -> "xr.Dataset":
    r"""What trajectories end in for each value of a hyperparameter: their last points, period and Lyapunov exponent.

    The first half of the steps is the way there and counts for nothing. The exponent is that of
    `lyapunov_exponent` over the second half, the period that of `cycle_period` over the points that are kept.

    Values are traced: others compile nothing new.

    Args:
        problem: a `Problem`, a factory of one, or a plain function, as `jaxopt_lab.sweep` takes them.
        optimizer: a factory whose other arguments have defaults; ``functools.partial`` sets them.
        values: ascending values of the hyperparameter.
        hyperparameter: its name, an argument of the optimiser's factory or of the problem's.
        starts: start points with a leading axis, or how many to draw from ``problem.init``; the same for each value.
        num_steps: the number of updates.
        keep: how many of the last points are kept; a period is found up to half of it.
        tolerance: how near a point has to come back, as in `cycle_period`.
        seed: the root of all random numbers.
        dtype: the floating-point type of everything. Chaos forgets digits fast: near its edges take float64.

    Returns:
        A dataset over the hyperparameter and ``start``: ``points`` (also over ``point`` and ``param``), ``exponent`` in
        nats a step (NaN where diverged), ``period`` (0: none found, -1: diverged).

    Raises:
        ValueError: naming the argument, what came, and what to do; also for what does not fit in memory.

    Example:
        >>> from jaxopt_lab import optimizers, problems
        >>> rates = [0.9, 1.1, 1.25, 1.9, 2.5]
        >>> result = bifurcation(problems.double_well(dim=1), optimizers.sgd, rates, starts=np.array([[0.5]]))
        >>> result.period.values[:, 0].tolist()
        [1, 2, 4, 0, -1]
        >>> np.sign(result.exponent.values[:, 0]).tolist()
        [-1.0, -1.0, -1.0, 1.0, nan]

    References:
        R. M. May (1976). Simple mathematical models with very complicated dynamics. Nature 261.
    """
    keep = whole_number("keep", keep, least=2)
    spec = make_spec(
        problem, optimizer, {hyperparameter: values}, starts=starts, num_steps=num_steps, record=FINAL, tolerance=None,
        seeds=None, seed=seed, static_grid=None, observe=None, dtype=dtype, chunk_size=None,
    )  # fmt: skip
    if spec.several:
        raise ValueError(f"optimizer: got {len(spec.optimizers)} by name; a diagram shows one, give its factory")
    if keep >= spec.num_steps / 2:
        raise ValueError(f"keep: got {keep} of {num_steps} steps; keep less than the second half, or run longer")
    structure, shared = prepare(spec, spec.variants[0])
    program = _attractor(structure, keep)
    _check_memory(spec, program, shared, keep)
    shape = (1, min(_TILE, spec.num_lanes))
    lanes = lambda start, stop: lane_arguments(spec, start, stop)
    return _labelled(spec, start_in_tiles(program, shared, lanes, spec.num_lanes, shape)()[0], tolerance)


@functools.lru_cache(maxsize=64)
def _attractor(structure: Structure, keep: int) -> Any:
    """``(shared, tiles, count) -> (results, None)``, jitted, of several tiles: the same for all values and starts."""

    def end(shared: Shared, lane: Lane) -> Results:
        problem, optimizer, start, key = build(structure, shared, lane)
        check_loss(problem, start, key)
        run = Run(problem, optimizer, key, FINAL, None, None)
        half, recorded = structure.num_steps // 2, structure.num_steps - keep
        carry, tangent = advance_with_tangent(run, run.start(start), recorded, half)

        def step(both: tuple[Carry, Any], t: jax.Array) -> Any:
            carry, tangent = step_with_tangent(run, *both, t)
            return (carry, tangent), ravel_pytree(carry.params)[0]

        steps = jnp.arange(recorded, structure.num_steps, dtype=jnp.int32)
        (_, tangent), points = jax.lax.scan(step, (carry, tangent), steps)
        return {"points": points, "exponent": tangent.growth / (structure.num_steps - half)}

    ends = jax.vmap(end, (None, 0))
    return jax.jit(tile_by_tile(lambda shared, lanes: (ends(shared, lanes), None)))


def _check_memory(spec: Spec, program: Any, shared: Shared, keep: int) -> None:
    """Refuse a diagram whose points do not fit."""
    tile = jax.tree.map(lambda leaf: leaf[None], lane_arguments(spec, 0, 1))
    one, _ = jax.eval_shape(program, shared, tile, 1)
    each = one["points"].size * _BYTES_PER_NUMBER
    check_count("values", spec.num_lanes, f"trajectories that keep {keep:,} points", each)


def _labelled(spec: Spec, results: Results, tolerance: float) -> "xr.Dataset":
    import xarray as xr

    points, exponent = (np.asarray(results[name]) for name in ("points", "exponent"))
    period = cycle_period(points, tolerance)
    labels = labels_of(spec, device_name())
    arrays = {
        "points": (points, ("point", "param"), {"long_name": "last parameters"}),
        "exponent": (
            np.where(period == DIVERGED, np.nan, exponent), (),
            {"long_name": "largest Lyapunov exponent", "units": "nats a step"},
        ),
        "period": (period, (), {"long_name": "period of the attractor", "none": 0, "diverged": DIVERGED}),
    }  # fmt: skip
    variables = {
        name: (labels.dims + inner, array.reshape(*labels.shape, *array.shape[1:]), attributes)
        for name, (array, inner, attributes) in arrays.items()
    }
    coords = labels.lanes | {
        "point": spec.num_steps - points.shape[1] + 1 + np.arange(points.shape[1]),
        "param": np.arange(points.shape[2]),
    }
    told = {name: labels.attributes[name] for name in labels.attributes if name not in ("chunk_size", "tiling")}
    return xr.Dataset(variables, coords, told)
