"""How long optimisers stay near a saddle: measured over many starts, beside the exact law."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jaxopt_lab import optimizers
from jaxopt_lab.analysis import theory
from jaxopt_lab.analysis.dynamics import quartiles
from jaxopt_lab.analysis.windows import check_count
from jaxopt_lab.engine import sweep
from jaxopt_lab.engine.settings import under
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Problem

if TYPE_CHECKING:
    import xarray as xr

BYTES_PER_START = 40
"""What a coordinate of a start takes: in float64, drawn and scaled, in the sweep's type, and as an end point."""

BYTES_PER_STEP = 48
"""What an escape step takes: in the sweep's result, beside the other numbers of it, and in the ones made of it."""


class Exit(NamedTuple):
    """The way out of a saddle: the eigenvector of the most negative eigenvalue, and how far along it is outside.

    Attributes:
        saddle: the critical point, shape ``(dim,)``.
        direction: the eigenvector, of length 1, shape ``(dim,)``.
        eigenvalue: its eigenvalue, negative.
        edge: the distance along it from which on a trajectory has escaped.
    """

    saddle: Any
    direction: Any
    eigenvalue: float
    edge: float


def escape_steps(
    problem: Problem,
    optimizer: Any,
    grid: Mapping[str, Any] | None = None,
    *,
    spreads: Any = (1e-3,),
    noises: Any = (0.0,),
    saddle: int = 0,
    edge: float | None = None,
    num_starts: int = 10_000,
    num_steps: int = 200,
    seed: int = 0,
    dtype: Any = "float32",
    **running: Any,
) -> "xr.Dataset":
    r"""The steps at which optimisers leave a saddle, from starts drawn around it, with and without gradient noise.

    .. math:: T = \min\{t : |v^\top (x_t - x^*)| > d\}, \qquad x_0 \sim N(x^*, s^2 I), \qquad
              g_t = \nabla L(x_t) + \sqrt c \, \xi_t

    where :math:`v` is the eigenvector of the most negative eigenvalue of the Hessian at the saddle :math:`x^*`. The
    step is found on the way, so that memory does not grow with the steps.

    For `optimizers.sgd`, ``sgd_momentum``, ``nesterov`` and ``saddle_free_newton`` the law of the linearised dynamics
    is laid beside: along :math:`v`, :math:`w_t` is normal with mean 0 and the standard deviation :math:`\sigma_t`, and

    .. math:: P(|w_t| \le d) = \operatorname{erf}\Bigl(\frac{d}{\sigma_t \sqrt 2}\Bigr)

    On a quadratic saddle without noise that is :math:`P(T > t)` exactly, since nobody who has left comes back.
    Elsewhere it holds as far as the third derivatives may be left out within the edge; with noise it counts those
    who came back too, which are few once the start is forgotten.

    Args:
        problem: a `Problem` that lists a saddle with a direction of negative curvature.
        optimizer: as for `jaxopt_lab.sweep`: a factory, a built transformation or a mapping of several by name.
        grid: hyperparameters of the optimiser, as for `jaxopt_lab.sweep`.
        spreads: the standard deviations :math:`s` of the starts, one or several numbers of at least 0, in units of the
            parameters. All of them scale the same draws.
        noises: the variances :math:`c` of each component of the gradient noise, likewise.
        saddle: which of the problem's saddles.
        edge: the distance :math:`d` beyond which a trajectory has left; by default a twentieth of the shortest side of
            the domain.
        num_starts: how many starts are drawn.
        num_steps: after so many steps a trajectory that has not left counts as staying for ever.
        seed: the root of the starts and of the noise.
        dtype: as for `jaxopt_lab.sweep`.
        running: how the sweep runs: its ``executor``, ``timeout``, ``tiling``, ``chunk_size``, ``progress``, and with
            one noise its ``store`` and ``shard``.

    Returns:
        A dataset over ``optimizer`` (if there are several), the grid, ``noise``, ``spread``, and

        - over ``start``: ``escape_step``, -1 for never;
        - over ``quartile``: ``quartiles`` of the steps, infinite where too many never leave;
        - over ``step``: ``staying``, the measured share that has not left, and ``law``, :math:`P(|w_t| \le d)`, NaN
          where none is known;
        - ``gap``, the largest distance between these two, Kolmogorov's statistic; and ``law_median``, the first step
          at which the law is at or below one half.

    Raises:
        ValueError: for a problem without a saddle, or whose saddle has no direction of negative curvature; for numbers
            out of range.

    Example:
        >>> from jaxopt_lab import optimizers, problems
        >>> from jaxopt_lab.analysis import escape_steps
        >>> result = escape_steps(
        ...     problems.saddle(), optimizers.sgd_momentum, {"learning_rate": [0.1], "momentum": [0.0, 0.7]},
        ...     edge=2.0, num_starts=2000, num_steps=60,
        ... )
        >>> result.quartiles.sel(quartile=0.5).values.ravel().tolist(), result.law_median.values.ravel().tolist()
        ([44.0, 25.0], [44.0, 25.0])
        >>> bool(result.gap.max() < 1.95 / 2000**0.5)  # Kolmogorov's bound at the level of 0.1%
        True
    """
    spreads, noises = _numbers("spreads", spreads), _numbers("noises", noises)
    if len(noises) > 1 and running.get("store") is not None:
        raise ValueError("store: each noise is a sweep of its own; with a store, give one noise at a time")
    way = exit_of(problem, saddle, edge)
    each = len(spreads) * (BYTES_PER_START * len(way.saddle) + BYTES_PER_STEP * len(noises))
    check_count(
        "num_starts", whole_number("num_starts", num_starts, least=1), f"starts at {len(spreads)} distances", each
    )
    draws = np.random.default_rng(seed).normal(size=(num_starts, len(way.saddle)))
    starts = way.saddle + spreads[:, None, None] * draws
    import xarray as xr

    sweeps = [
        sweep(
            _left_behind(problem, way, noise), optimizer, grid, starts=starts.reshape(-1, draws.shape[1]),
            num_steps=num_steps, seed=seed, dtype=dtype, **running,
        ).diverged_at
        for noise in noises
    ]  # fmt: skip
    steps = xr.concat(sweeps, xr.Variable("noise", noises))
    steps = (
        steps.coarsen(start=num_starts)
        .construct(start=("spread", "start"))
        .assign_coords(spread=spreads, start=np.arange(num_starts))
    )
    lanes = [dim for dim in steps.dims if dim not in ("noise", "spread", "start")]
    steps = steps.transpose(*lanes, "noise", "spread", "start")
    return _with_law(steps, optimizer, way, num_steps).assign_attrs(
        title=f"escape from a saddle of {problem.name}", eigenvalue=way.eigenvalue, edge=way.edge,
        saddle=np.asarray(way.saddle), direction=np.asarray(way.direction),
    )  # fmt: skip


def exit_of(problem: Problem, saddle: int = 0, edge: float | None = None) -> Exit:
    """The way out of one of a problem's saddles.

    Args:
        problem: a problem that lists saddles.
        saddle: which of them.
        edge: as in `escape_steps`.

    Returns:
        The saddle, the way, the eigenvalue and the edge.

    Raises:
        ValueError: if there is no such saddle, or no way out of it along a straight line.

    Example:
        >>> from jaxopt_lab import problems
        >>> way = exit_of(problems.saddle((2.0, -3.0)))
        >>> float(way.eigenvalue), abs(way.direction).tolist(), way.edge
        (-3.0, [0.0, 1.0], 0.2)
    """
    if not isinstance(problem, Problem) or problem.saddles is None:
        name = getattr(problem, "name", repr(problem))
        raise ValueError(
            f"problem: {name} lists no saddle; take problems.saddle, double_well, himmelblau or six_hump_camel, or "
            "give yours one that analysis.critical_points finds: dataclasses.replace(problem, saddles=...)"
        )
    if whole_number("saddle", saddle, least=0) >= len(problem.saddles):
        raise ValueError(f"saddle: got {saddle}; {problem.name} lists {len(problem.saddles)}, counted from 0")
    if edge is None:
        if problem.domain is None:
            raise ValueError(f"edge: {problem.name} has no domain to take it from; give the distance that is outside")
        edge = float(np.min(np.subtract(problem.domain[1], problem.domain[0]))) / 20
    if not edge > 0:
        raise ValueError(f"edge: got {edge}; give a positive distance from the saddle")
    with under((("jax_enable_x64", True),)):
        point = np.asarray(problem.saddles, float)[saddle]
        hessian = jax.jit(lambda x: jax.hessian(problem.loss)(x, None))(point)
        eigenvalues, axes = np.linalg.eigh(hessian)
    if not eigenvalues[0] < -1e-6 * np.abs(eigenvalues).max():
        raise ValueError(
            f"problem: the saddle of {problem.name} at {point.tolist()} has no direction of negative curvature, and "
            "so no rate to leave it by; take another saddle, such as that of problems.saddle"
        )
    return Exit(point, axes[:, 0], float(eigenvalues[0]), float(edge))


def _left_behind(problem: Problem, way: Exit, noise: float) -> Problem:
    """The problem with a loss that is infinite beyond the edge: the sweep says when a trajectory has diverged."""
    loss = Partial(_infinite_beyond, problem.loss, way.saddle, way.direction, way.edge)
    if noise:
        loss = Partial(_through_noise, loss, way.saddle, noise**0.5)
    return dataclasses.replace(problem, loss=loss, evaluate=None)


def _infinite_beyond(
    loss: Callable[..., jax.Array], saddle: Any, direction: Any, edge: Any, x: jax.Array, key: jax.Array | None
) -> jax.Array:
    distance = jnp.abs(jnp.asarray(direction, x.dtype) @ (x - jnp.asarray(saddle, x.dtype)))
    return jnp.where(distance <= edge, loss(x, key), jnp.inf)


def _through_noise(
    loss: Callable[..., jax.Array], saddle: Any, deviation: Any, x: jax.Array, key: jax.Array
) -> jax.Array:
    own, others = jax.random.split(key)
    noise = jnp.asarray(deviation, x.dtype) * jax.random.normal(own, x.shape, x.dtype)
    return loss(x, others) + jnp.sum(noise * (x - jnp.asarray(saddle, x.dtype)))


def _with_law(steps: "xr.DataArray", optimizer: Any, way: Exit, num_steps: int) -> "xr.Dataset":
    """The steps of escape, what they come to, and the law beside them."""
    import xarray as xr

    dims, shape = steps.dims[:-1], steps.shape[:-1]
    clock = np.arange(num_steps + 1)
    flat = np.where(steps < 0, num_steps + 1, steps).reshape(-1, steps.sizes["start"])
    left = np.stack([np.bincount(lane, minlength=num_steps + 2)[:-1].cumsum() for lane in flat])
    staying = (1 - left / steps.sizes["start"]).reshape(*shape, -1)
    law = np.empty(staying.shape)
    for place in np.ndindex(shape):
        at = {str(dim): steps[dim].values[i] for dim, i in zip(dims, place, strict=True)}
        law[place] = _staying_law(optimizer[at["optimizer"]] if "optimizer" in at else optimizer, at, way, clock)
    below = law <= 0.5
    medians = np.where(np.isnan(law).any(-1), np.nan, np.where(below.any(-1), below.argmax(-1), np.inf))
    along = (*dims, "step")
    ordered = np.moveaxis(quartiles(np.where(steps < 0, np.inf, steps)), 0, -1)
    return xr.Dataset(
        {
            "escape_step": steps.assign_attrs(long_name="first step beyond the edge", units="steps", never=-1),
            "quartiles": ((*dims, "quartile"), ordered),
            "staying": (along, staying, {"long_name": "share that has not left"}),
            "law": (along, law, {"long_name": "probability to be within the edge"}),
            "law_median": (dims, medians),
            "gap": (dims, np.abs(staying - law).max(-1), {"long_name": "largest distance between staying and law"}),
        },
        {"quartile": [0.25, 0.5, 0.75], "step": clock},
    )


_LINEAR: dict[Any, Callable[..., dict[str, Any]]] = {
    optimizers.sgd: lambda h, learning_rate: {"learning_rate": learning_rate},
    optimizers.sgd_momentum: lambda h, learning_rate, momentum: {"learning_rate": learning_rate, "momentum": momentum},
    optimizers.nesterov: lambda h, learning_rate, momentum: {
        "learning_rate": learning_rate, "momentum": momentum, "nesterov": True
    },
    # Along an eigenvector it is gradient descent whose rate is divided by the curvature.
    optimizers.saddle_free_newton: lambda h, learning_rate, damping: {"learning_rate": learning_rate / (damping - h)},
}  # fmt: skip
"""The methods whose law is known: what the theory calls their hyperparameters, where the curvature is h."""


def _staying_law(factory: Any, at: dict[str, Any], way: Exit, steps: np.ndarray) -> Any:
    """The law at one place of the grid; NaN where the method is not linear, or was built before anyone could look."""
    kind = getattr(factory, "func", factory)
    if kind not in _LINEAR:
        return np.nan
    parameters = inspect.signature(factory).parameters
    values = {name: at.get(name, at.get(f"optimizer.{name}", each.default)) for name, each in parameters.items()}
    if callable(values["learning_rate"]):  # a schedule: its steps are not all alike
        return np.nan
    numbers = _LINEAR[kind](way.eigenvalue, **values)
    if not (numbers["learning_rate"] > 0 and 0 <= numbers.get("momentum", 0.0) < 1):
        return np.nan  # outside its range
    spread, noise = at["spread"], at["noise"]
    return 1 - theory.escape_distribution(
        steps, way.edge, eigenvalue=way.eigenvalue, spread=spread, noise=noise, **numbers
    )


def _numbers(name: str, values: Any) -> np.ndarray:
    try:
        numbers = np.atleast_1d(np.asarray(values, float))
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if numbers.ndim != 1 or not numbers.size or not (np.isfinite(numbers) & (numbers >= 0)).all():
        raise ValueError(f"{name}: got {values!r}; give one or more numbers of at least 0")
    if np.unique(numbers).size < numbers.size:
        raise ValueError(f"{name}: got {values!r}; give each number once")
    return numbers
