"""The laboratory of paths: five optimisers on the exercise's bowl, the exact rates, and which of them to choose."""

from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab import optimizers, plots, problems
from jaxopt_lab.analysis import contraction_factor, theory
from jaxopt_lab.engine import simulate, sweep
from jaxopt_lab.labs.findings import Answer, Findings, Picture, Table
from jaxopt_lab.labs.paths.basins import answer_of_basins, measure_basins, picture_of_basins
from jaxopt_lab.labs.paths.edge import (
    Edge,
    answer_of_edge,
    measure_edge,
    numbers_of_edge,
    picture_of_edge,
    picture_of_plane,
    table_of_edge,
)
from jaxopt_lab.labs.paths.laws import (
    Laws,
    answer_of_laws,
    measure_laws,
    picture_of_orbits,
    picture_of_stability,
    table_of_laws,
)
from jaxopt_lab.labs.paths.sensitivity import (
    Sensitivity,
    answer_of_sensitivity,
    measure_sensitivity,
    numbers_of_sensitivity,
    picture_of_sensitivity,
)
from jaxopt_lab.labs.paths.tuning import GOOD_LOSS, Tuning, tune, tuning_picture, tuning_table

if TYPE_CHECKING:
    import xarray as xr

EIGENVALUES = (1.0, 10.0)
START = (4.0, 1.5)
WINDOW = ((-5.0, 5.0), (-2.0, 2.0))
LEVELS = tuple(np.logspace(-1, 3, 10))
RUNS = {
    "SGD (0.18)": optimizers.sgd(0.18),
    "SGD (0.05)": optimizers.sgd(0.05),
    "momentum (0.05, 0.9)": optimizers.sgd_momentum(0.05, 0.9),
    "RMSProp (0.1)": optimizers.rmsprop(0.1),
    "Adam (0.2)": optimizers.adam(0.2),
}
LINEAR = {"SGD (0.18)": (0.18, 0.0), "SGD (0.05)": (0.05, 0.0), "momentum (0.05, 0.9)": (0.05, 0.9)}
"""Learning rate and momentum of the runs whose rate on a quadratic is known."""


class Rate(NamedTuple):
    """The contraction of one linear method over a long run, beside the exact one."""

    learning_rate: float
    momentum: float
    measured: float
    exact: float
    distances: np.ndarray


class Facts(NamedTuple):
    """All that was measured."""

    paths: dict[str, np.ndarray]
    final_loss: dict[str, float]
    rates: dict[str, Rate]
    best_rates: dict[str, Rate]
    sign_changes: dict[str, int]
    tuning: Tuning
    laws: Laws
    basins: "dict[str, xr.Dataset]"
    sensitivity: Sensitivity
    edge: Edge


def run(
    *,
    seed: int = 0,
    num_steps: int = 50,
    sweep_steps: int = 1000,
    num_rates: int = 200,
    num_starts: int = 128,
    resolution: int = 200,
    progress: bool = False,
) -> Findings:
    """Draw the exercise's picture, hold what is measured against exact laws, and tune each method by a sweep.

    Args:
        seed: the root of the random start points of the sweep.
        num_steps: the steps of the picture.
        sweep_steps: the steps of each trajectory of the sweep.
        num_rates: how many learning rates it tries.
        num_starts: from how many starts each.
        resolution: cells along each side of the maps.
        progress: show a progress bar.

    Returns:
        The findings.

    Example:
        >>> run(num_rates=4, num_starts=2, sweep_steps=10, resolution=32).answers[0].question  # doctest: +SKIP
        'How does momentum help compared with plain gradient descent?'
    """
    tuning = tune(seed=seed, num_steps=sweep_steps, num_rates=num_rates, num_starts=num_starts, progress=progress)
    laws, basins = measure_laws(seed=seed, resolution=resolution), measure_basins(seed=seed, resolution=resolution)
    facts = measure(num_steps, tuning, laws, basins, measure_sensitivity(), measure_edge(seed=seed))
    return Findings(
        name="paths",
        title="Optimisation paths",
        task="Follow five optimisers over an elliptical bowl; find out what momentum and adaptive rates change.",
        settings={
            "loss": "0.5 (w1^2 + 10 w2^2)",
            "start": START,
            "num_steps": num_steps,
            "optimizers": list(RUNS),
            "contour_levels": LEVELS,
            "tuning": tuning.settings,
        },
        numbers=_numbers(facts),
        pictures=[
            _picture_of_paths(facts),
            _picture_of_rates(facts),
            tuning_picture(tuning),
            picture_of_stability(facts.laws),
            picture_of_orbits(facts.laws),
            picture_of_basins(facts.basins),
            picture_of_sensitivity(facts.sensitivity),
            picture_of_edge(facts.edge),
            picture_of_plane(facts.edge),
        ],
        tables=[_table_of_rates(facts), table_of_laws(facts.laws), tuning_table(tuning), table_of_edge(facts.edge)],
        answers=[
            *_answers(facts),
            answer_of_laws(facts.laws),
            answer_of_basins(facts.basins),
            answer_of_sensitivity(facts.sensitivity),
            answer_of_edge(facts.edge),
        ],
    )


def measure(
    num_steps: int, tuning: Tuning, laws: Laws, basins: "dict[str, xr.Dataset]", sensitivity: Sensitivity, edge: Edge
) -> Facts:
    """The exercise's five runs, and the rates of the linear methods at the exercise's settings and at the best ones.

    Args:
        num_steps: the steps of the five runs.
        tuning: the sweep that goes with them.
        laws: the exact numbers that go with them.
        basins: the basins that go with them.
        sensitivity: the derivatives by the learning rate that go with them.
        edge: the networks that go with them.
    """
    bowl = problems.quadratic(EIGENVALUES)
    result = sweep(bowl, RUNS, starts=np.array([START]), num_steps=num_steps, record="path").squeeze("start")
    paths = {name: result.params.sel(optimizer=name).values for name in RUNS}
    descent, ball = theory.best_gradient_descent(EIGENVALUES), theory.best_heavy_ball(EIGENVALUES)
    rates = _rates(LINEAR | {"SGD": (descent[0], 0.0), "momentum": ball[:2]})
    return Facts(
        paths=paths,
        final_loss={name: float(result.final_loss.sel(optimizer=name)) for name in RUNS},
        rates={name: rates[name] for name in LINEAR},
        best_rates={name: rates[name] for name in ("SGD", "momentum")},
        sign_changes=_sign_changes(paths["SGD (0.18)"]),
        tuning=tuning,
        laws=laws,
        basins=basins,
        sensitivity=sensitivity,
        edge=edge,
    )


def _rates(settings: dict[str, tuple[float, float]], num_steps: int = 400) -> dict[str, Rate]:
    """All settings of the heavy ball as lanes of one program, and the rate where the slowest mode rules."""

    def path(learning_rate: jax.Array, momentum: jax.Array) -> jax.Array:
        optimizer = optimizers.sgd_momentum(learning_rate, momentum)
        return simulate(problems.quadratic(EIGENVALUES), optimizer, jnp.array(START), num_steps).params

    learning_rates, momenta = jnp.array(list(settings.values())).T
    distances = np.linalg.norm(np.asarray(jax.jit(jax.vmap(path))(learning_rates, momenta), float), axis=-1)
    return {
        name: _rate(*setting, distance) for (name, setting), distance in zip(settings.items(), distances, strict=True)
    }


def _rate(learning_rate: float, momentum: float, distances: np.ndarray) -> Rate:
    # What float32 can still tell from 0, less the first quarter, in which the faster modes have not died out yet.
    held = distances[: int((distances > 1e-30).sum())]
    exact = theory.contraction_rate(learning_rate, EIGENVALUES, momentum)
    return Rate(learning_rate, momentum, contraction_factor(held, skip=len(held) // 4), exact, held)


def _sign_changes(path: np.ndarray) -> dict[str, int]:
    changes = (np.diff(np.sign(path), axis=0) != 0).sum(axis=0)
    return {"w1": int(changes[0]), "w2": int(changes[1])}


def _picture_of_paths(facts: Facts) -> Picture:
    bowl = problems.quadratic(EIGENVALUES)
    drawn = plots.paths(
        jax.vmap(jax.vmap(lambda point: bowl.loss(point, None))),
        facts.paths,
        WINDOW,
        levels=LEVELS,
        marks={"minimum": (0.0, 0.0)},
        title=f"{len(facts.paths['SGD (0.18)']) - 1} steps of five optimisers in a quadratic bowl",
    )
    return Picture(
        "paths",
        plots.figure_of(drawn.ax),
        "Paths from (4, 1.5) over ½ (w₁² + 10 w₂²). SGD at rate 0.18 jumps across the steep direction at every step; "
        "at 0.05 it crawls along the flat one; momentum swings past the minimum and back.",
        "Contour lines of an elliptical bowl, with five optimiser paths from the start (4, 1.5) towards the minimum.",
        plots.film_paths(drawn),
    )


def _picture_of_rates(facts: Facts) -> Picture:
    shown = 200
    drawn = plots.decay(
        {name: rate.distances[: shown + 1] for name, rate in facts.rates.items()},
        factors={name: rate.exact for name, rate in facts.rates.items()},
        ylabel="distance to the minimum",
        title="The linear methods keep to their exact rates",
    )
    return Picture(
        "rates",
        plots.figure_of(drawn.ax),
        f"Distance to the minimum over {shown} steps; the dotted lines have the exact slope. Momentum at (0.05, 0.9) "
        "falls hardly faster than SGD at 0.05: in the long run its rate is √0.9.",
        "Three falling curves on a logarithmic axis, each along a dotted straight line of the slope theory gives.",
    )


def _table_of_rates(facts: Facts) -> Table:
    best = {f"{name}, at its best ({r.learning_rate:.4f}, {r.momentum:.4f})": r for name, r in facts.best_rates.items()}
    return Table(
        "Contraction of the distance to the minimum, a step",
        ("method", "measured", "exact", "difference"),
        [(name, r.measured, r.exact, r.measured - r.exact) for name, r in (facts.rates | best).items()],
    )


def _numbers(facts: Facts) -> dict[str, Any]:
    tuning = facts.tuning
    return {
        "paths": facts.paths,
        "final_loss": facts.final_loss,
        "rates": {name: rate._asdict() for name, rate in facts.rates.items()},
        "best_rates": {name: rate._asdict() for name, rate in facts.best_rates.items()},
        "sign_changes_of_sgd_0.18": facts.sign_changes,
        "laws": {law.quantity: {"exact": law.exact, "measured": law.measured} for law in facts.laws.laws},
        "basins": {
            name: {"shares": basin.share.values, "dimension": float(basin.dimension)}
            for name, basin in facts.basins.items()
        },
        "sensitivity": numbers_of_sensitivity(facts.sensitivity),
        "edge": numbers_of_edge(facts.edge),
        "tuning": tuning._replace(best={name: best._asdict() for name, best in tuning.best.items()})._asdict(),
    }


def _answers(facts: Facts) -> list[Answer]:
    slow, fast, ball = (facts.rates[name] for name in ("SGD (0.05)", "SGD (0.18)", "momentum (0.05, 0.9)"))
    descent, tuned_ball = facts.best_rates["SGD"], facts.best_rates["momentum"]
    steps = len(facts.paths["SGD (0.18)"]) - 1
    by_loss = sorted(facts.tuning.best, key=lambda name: facts.tuning.best[name].median_final_loss)
    by_width = sorted(facts.tuning.best, key=lambda name: -facts.tuning.best[name].decades_of_good_rates)
    best, widest = facts.tuning.best[by_loss[0]], facts.tuning.best[by_width[0]]
    momentum = (
        f"It remembers past gradients, so that steps along the flat direction add up. How much that gains depends on "
        f"the settings: at the exercise's (0.05, 0.9) the distance shrinks by {ball.measured:.4f} a step (exact: "
        f"√0.9 = {ball.exact:.4f}), hardly better than SGD at 0.05 with {slow.measured:.4f}, and after {steps} steps "
        f"its loss is {facts.final_loss['momentum (0.05, 0.9)']:.3g} against {facts.final_loss['SGD (0.05)']:.3g}. "
        f"With both at their best settings for this bowl, momentum contracts by {tuned_ball.measured:.3f} a step "
        f"(in the limit {tuned_ball.exact:.3f}) and SGD by {descent.measured:.3f}: the square root of the condition "
        "number takes the place of the condition number."
    )
    oscillation = (
        f"A step multiplies each coordinate by 1 − rate × curvature: along w₁ that is "
        f"{theory.gradient_descent_factor(fast.learning_rate, EIGENVALUES[0]):.2f}, along w₂, ten times as curved, "
        f"{theory.gradient_descent_factor(fast.learning_rate, EIGENVALUES[1]):.2f}, a negative number. In {steps} "
        f"steps w₂ changed its sign {facts.sign_changes['w2']} times, w₁ {facts.sign_changes['w1']} times. At a rate "
        f"above 2 / {EIGENVALUES[1]:g} = {2 / EIGENVALUES[1]:g} w₂ would grow."
    )
    choice = (
        f"In {facts.tuning.trajectories:,} runs through Rosenbrock's valley {by_loss[0]} reached the lowest median "
        f"loss ({best.median_final_loss:.2g} at rate {best.learning_rate:.2g}), and {by_width[0]} was the least "
        f"particular: its median stayed below {GOOD_LOSS} over {widest.decades_of_good_rates:.1f} decades of learning "
        "rates. On a real network neither the curvature nor the best rate is known, so an adaptive method such as Adam "
        "is a sensible first choice, and SGD with momentum and a tuned, decaying rate the one to beat: measure both."
    )
    insight = (
        f"The learning rate decides more than the method: on the same bowl the same SGD contracts by "
        f"{slow.measured:.3f} or by {fast.measured:.3f} a step. Sweep the rate before comparing methods."
    )
    return [
        Answer("How does momentum help compared with plain gradient descent?", momentum),
        Answer("Why does SGD with a high learning rate oscillate more in the w₂ direction?", oscillation),
        Answer("Which algorithm would you choose for a real deep learning problem, and why?", choice),
        Answer("Final task, adaptive learning rates: what to take away", insight),
    ]
