"""Exact numbers beside measured ones: where the methods on the bowl break, what noise leaves, where order ends."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxopt_lab import optimizers, plots, problems
from jaxopt_lab.analysis import bifurcation, hypergradient, merging_onset, period_onsets, theory
from jaxopt_lab.analysis.stability import stability_map
from jaxopt_lab.engine import simulate, sweep
from jaxopt_lab.labs.findings import Answer, Picture, Table

if TYPE_CHECKING:
    import xarray as xr

EIGENVALUES = (1.0, 10.0)
MOMENTUM = 0.9
NOISY = {"learning_rate": 0.15, "eigenvalue": 10.0, "noise": 0.25}
SLOPE = {"learning_rate": 0.05, "eigenvalue": 2.0, "start": 1.5, "num_steps": 40}
CYCLE = np.array([792.0, -2208.0, 2592.0]) / 1225
"""The points between which the heavy ball of Lessard, Recht and Packard (2016) jumps for ever, see `_kinked`."""


class Law(NamedTuple):
    """A number that is known exactly, and what simulation gives for it."""

    quantity: str
    exact: float
    measured: float


class Laws(NamedTuple):
    """All of them, and the two maps from which some are read."""

    laws: list[Law]
    stability: "xr.Dataset"
    orbits: "xr.Dataset"


def measure_laws(*, seed: int = 0, resolution: int = 200, num_lanes: int = 100_000) -> Laws:
    """Simulate everything that has an exact number here.

    Args:
        seed: the root of the noise.
        resolution: learning rates and momenta of the stability map.
        num_lanes: how many trajectories measure the variance under noise.

    Returns:
        The laws, the stability map of the heavy ball, and the bifurcation diagram of the double well.
    """
    heavy_ball = optimizers.sgd_momentum
    rates, momenta = np.linspace(0.004, 0.42, resolution), np.linspace(0.0, 0.99, resolution)
    axes = {"learning_rate": rates, "momentum": momenta}
    orbits = _orbits(4 * resolution + 1)
    laws = [
        Law("SGD: largest stable learning rate × curvature", 2.0, _stable_up_to(heavy_ball, 0.0)),
        Law(f"heavy ball {MOMENTUM:g}: the same", 2 + 2 * MOMENTUM, _stable_up_to(heavy_ball, MOMENTUM)),
        Law(
            f"Nesterov {MOMENTUM:g}: the same",
            (2 + 2 * MOMENTUM) / (1 + 2 * MOMENTUM),
            _stable_up_to(optimizers.nesterov, MOMENTUM),
        ),
        Law("noisy SGD: variance that it settles at", *_variance(seed, num_lanes)),
        Law("SGD: derivative of the final loss by the learning rate", *_derivative()),
        Law("heavy ball on Lessard's kinked bowl: distance from its cycle of three", 0.0, _distance_from_cycle()),
        *_order_ends(orbits),
    ]
    return Laws(laws, stability_map(problems.quadratic(EIGENVALUES), heavy_ball, axes), orbits)


def _stable_up_to(optimizer: Callable[..., optax.GradientTransformation], momentum: float) -> float:
    """Where the measured rate crosses 1, as one goes up a fine row of learning rates, times the largest curvature."""
    boundary = theory.stability_boundary(EIGENVALUES[-1], momentum, nesterov=optimizer is optimizers.nesterov)
    row = np.linspace(0.95, 1.05, 101) * float(boundary)
    axes = {"learning_rate": row, "momentum": [momentum, 0.5]}
    rates = stability_map(problems.quadratic(EIGENVALUES), optimizer, axes).rate.isel(momentum=0).values
    after = int(np.argmax(rates > 1))
    return EIGENVALUES[-1] * float(np.interp(1.0, rates[after - 1 : after + 1], row[after - 1 : after + 1]))


def _variance(seed: int, num_lanes: int) -> tuple[float, float]:
    """Many runs from the minimum, long after they have forgotten where they began."""
    rate, curvature, noise = NOISY.values()
    result = sweep(
        problems.noisy_quadratic((curvature,), noise), optimizers.sgd(rate), starts=np.zeros((1, 1)), num_steps=100,
        seeds=num_lanes, seed=seed, record="final",
    )  # fmt: skip
    return theory.stationary_variance(rate, curvature, noise), float(np.square(result.final_params).mean())


def _derivative() -> tuple[float, float]:
    rate, curvature, start, steps = SLOPE.values()
    found = hypergradient(
        problems.quadratic((curvature,)), optimizers.sgd, {"learning_rate": rate}, jnp.array([start]), int(steps)
    )
    exact = -(curvature**2) * steps * (1 - rate * curvature) ** (2 * steps - 1) * start**2
    return exact, float(found.gradient["learning_rate"])


def _kinked(x: jax.Array) -> jax.Array:
    """Strongly convex, its gradient 25x, then x + 24 from 1 on, then 25x - 24 from 2 on."""
    pieces = [12.5 * x**2, x**2 / 2 + 24 * x - 12, 12.5 * x**2 - 24 * x + 36]
    return jnp.select([x < 1, x < 2], pieces[:2], pieces[2]).sum()


def _distance_from_cycle() -> float:
    path = jax.jit(lambda start: simulate(_kinked, optimizers.sgd_momentum(1 / 9, 4 / 9), start, 300).params)
    last = np.sort(np.asarray(path(jnp.array([3.3])))[-3:, 0])
    return float(np.abs(last - np.sort(CYCLE)).max())


def _orbits(count: int) -> "xr.Dataset":
    """What SGD in the double well ends in, over learning rates from rest to chaos."""
    starts = np.linspace(-0.9, 1.1, 6)[:, None]
    return bifurcation(
        problems.double_well(dim=1), optimizers.sgd, np.linspace(0.8, 2.0, count), starts=starts, num_steps=2000,
        keep=64,
    )  # fmt: skip


def _order_ends(orbits: "xr.Dataset") -> list[Law]:
    rates, exact = orbits.learning_rate.values, theory.double_well_thresholds()
    onsets = period_onsets(rates, orbits.period.values)
    merging = merging_onset(rates, orbits.points.values[..., 0])
    nothing = float("nan")
    return [
        *(
            Law(f"double well: learning rate where {count} points take turns", exact[f"period {count}"],
                onsets.get(count, nothing))
            for count in (2, 4)
        ),
        Law("double well: learning rate where the wells merge", exact["wells merge"], merging or nothing),
        Law("double well: Lyapunov exponent at learning rate 2 (ln 3)", float(np.log(3)),
            float(orbits.exponent.isel(learning_rate=-1).median())),
    ]  # fmt: skip


def table_of_laws(found: Laws) -> Table:
    """Each exact number beside the measured one."""
    rows = [(law.quantity, law.measured, law.exact, law.measured - law.exact) for law in found.laws]
    return Table(
        "Exact numbers and what simulation gives for them", ("quantity", "measured", "exact", "difference"), rows
    )


def picture_of_stability(found: Laws) -> Picture:
    """The measured rates of a plane of hyperparameters under the boundary that theory draws."""
    drawn = plots.stability_map(found.stability, title="The heavy ball on the bowl: measured rate, exact boundary")
    cells, disagreement = found.stability.rate.size, float(found.stability.disagreement)
    return Picture(
        "stability",
        plots.figure_of(drawn.ax),
        f"Contraction a step, measured over {cells:,} settings of the heavy ball; the line is α h = 2 + 2β for the "
        f"steepest direction. {disagreement:.2%} of the settings were measured on the wrong side of it.",
        "A map of learning rate by momentum: dark where the method contracts fast, grey beyond a straight rising line.",
    )


def picture_of_orbits(found: Laws) -> Picture:
    """What SGD ends in as its learning rate rises, with the exact thresholds as lines."""
    rates, thresholds = found.orbits.learning_rate.values, theory.double_well_thresholds()
    drawn = plots.bifurcation_diagram(
        rates,
        found.orbits.points.isel(param=0).where(found.orbits.period >= 0).values,
        thresholds=thresholds,
        ylabel="w, last 64 points",
        title="",
    )
    return Picture(
        "bifurcation",
        plots.figure_of(drawn.ax),
        "Where SGD in the double well ¼ (w² − 1)² ends, over its learning rate: at rest in a well up to 1, then it "
        "jumps between 2 points, from √5 − 1 on between 4, and on to chaos; the dashed lines are exact.",
        "A tree of points that splits in two again and again to the right and ends in two clouds, which merge.",
    )


def answer_of_laws(found: Laws) -> Answer:
    """How well theory and simulation agree."""
    relative = [abs(law.measured / law.exact - 1) for law in found.laws if law.exact]
    return Answer(
        "How far do these pictures obey the laws that are known?",
        f"{len(found.laws)} exact numbers were measured by simulation; the largest relative difference is "
        f"{max(relative):.2%}. SGD, the heavy ball and Nesterov's method break exactly where theory says, and between "
        "breaking and converging lies no disaster but order: cycles of 2 and 4 points, then chaos.",
    )
