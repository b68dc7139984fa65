"""One run of the laboratory of saddles, and the exercise's questions answered from it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab import optimizers, plots, problems
from jaxopt_lab.analysis import contraction_factor, definite_shares, first_step_beyond, theory
from jaxopt_lab.engine import sweep
from jaxopt_lab.labs.findings import Answer, Findings, Picture, Table
from jaxopt_lab.labs.saddles.cloud import DOTS, Swarm, cloud_settings, cloud_starts, measure_cloud, picture_of_cloud
from jaxopt_lab.labs.saddles.critical import (
    Critical,
    answer_of_critical,
    measure_critical,
    picture_of_critical,
    table_of_minima_shares,
)

EIGENVALUES = (2.0, -2.0)
START = (0.1, 1.5)
NEAR_AXIS = (1.5, 0.001)
"""A start that first runs into the saddle; the exercise's own is on its way out from the beginning."""

WINDOW = ((-2.0, 2.0), (-2.0, 2.0))
LEARNING_RATE = 0.1
MOMENTUM = {"SGD": 0.0, "momentum": 0.7}
RUNS = {
    "SGD": optimizers.sgd(LEARNING_RATE),
    "momentum": optimizers.sgd_momentum(LEARNING_RATE, MOMENTUM["momentum"]),
}
EDGE = 2.0
"""Where the exercise's picture ends: a path with |w2| beyond it has left the saddle."""

SPREAD = 1e-3
"""Standard deviation of the random starts along w2, and of the gradient noise at the saddle itself."""


class Escape(NamedTuple):
    """How one method leaves."""

    path: np.ndarray  # from the exercise's start, shape (steps + 1, 2)
    near_axis: np.ndarray  # from the start near the axis
    factor: float  # growth of w2 a step, measured
    exact_factor: float
    escape_step: int  # of the exercise's start
    exact_escape_step: int
    steps: np.ndarray  # of every random start, -1 for never
    staying: np.ndarray  # share of random starts still inside, at each step
    exact_staying: np.ndarray


class Facts(NamedTuple):
    """All that was measured."""

    escapes: dict[str, Escape]
    clouds: dict[str, Swarm]
    at_saddle: dict[str, float]  # the farthest that any coordinate came from (0, 0), started there
    on_axis: dict[str, float]  # the largest |w2| of a start with w2 = 0
    noisy_steps: dict[str, float]  # median escape step from (0, 0) under gradient noise
    minima_share: dict[int, tuple[float, float]]  # dimension -> measured, exact
    critical: Critical


def run(*, seed: int = 0, num_steps: int = 100, num_starts: int = 10_000, num_matrices: int = 200_000) -> Findings:
    """Draw the exercise's picture, hold escape times against their exact law, and start on the saddle itself.

    Args:
        seed: the root of all random numbers.
        num_steps: the steps of every run.
        num_starts: how many random starts leave the saddle.
        num_matrices: how many random Hessians are drawn in each dimension.

    Returns:
        The findings.

    Example:
        >>> run(num_starts=10, num_matrices=100).answers[1].question  # doctest: +SKIP
        'How does momentum help to escape saddle points?'
    """
    facts = measure(seed, num_steps, num_starts, num_matrices)
    return Findings(
        name="saddles",
        title="Saddle points",
        task="Start near a saddle, on its axis and exactly at it; measure who leaves, how fast, and who never does.",
        settings={
            "loss": "w1^2 - w2^2",
            "start": START,
            "start_near_axis": NEAR_AXIS,
            "num_steps": num_steps,
            "learning_rate": LEARNING_RATE,
            "momentum": MOMENTUM,
            "random_starts": num_starts,
            "spread": SPREAD,
            "cloud": cloud_settings(),
            "edge": EDGE,
            "random_matrices": num_matrices,
            "seed": seed,
        },
        numbers={
            **facts._asdict(),
            "escapes": {name: escape._asdict() for name, escape in facts.escapes.items()},
            "clouds": {name: swarm._asdict() for name, swarm in facts.clouds.items()},
            "critical": {
                "himmelblau": facts.critical.kinds,
                "minima_share": facts.critical.census.minima_share.values,
                "expected_minima_share": facts.critical.census.expected_minima_share.values,
            },
            "minima_share": {
                str(dim): {"measured": measured, "exact": exact}
                for dim, (measured, exact) in facts.minima_share.items()
            },
        },
        pictures=[
            _picture_of_paths(facts),
            picture_of_cloud(EIGENVALUES, WINDOW, facts.clouds),
            _picture_of_staying(facts),
            picture_of_critical(facts.critical),
        ],
        tables=[
            _table_of_escapes(facts),
            _table_of_fates(facts),
            _table_of_minima(facts),
            table_of_minima_shares(facts.critical),
        ],
        answers=[*_answers(facts), answer_of_critical(facts.critical)],
    )


def measure(seed: int, num_steps: int, num_starts: int, num_matrices: int) -> Facts:
    """Run everything.

    Args:
        seed: the root of all random numbers.
        num_steps: the steps of every run.
        num_starts: how many random starts.
        num_matrices: how many random Hessians in each dimension.
    """
    random = np.random.default_rng(seed)
    fixed = np.array([START, NEAR_AXIS, (0.0, 0.0), (NEAR_AXIS[0], 0.0)])
    scattered = random.normal(0.0, SPREAD, (num_starts, 2))
    result = sweep(
        problems.saddle(EIGENVALUES),
        RUNS,
        starts=np.concatenate([fixed, cloud_starts(random), scattered]),
        num_steps=num_steps,
        record="path",
    )
    paths = {name: result.params.sel(optimizer=name).values for name in RUNS}
    return Facts(
        escapes={name: _escape(name, path[0], path[1], path[len(fixed) + DOTS :]) for name, path in paths.items()},
        clouds={
            name: measure_cloud(path[len(fixed) :][:DOTS], _rises(name, num_steps), EDGE)
            for name, path in paths.items()
        },
        at_saddle={name: float(np.abs(path[2]).max()) for name, path in paths.items()},
        on_axis={name: float(np.abs(path[3, :, 1]).max()) for name, path in paths.items()},
        noisy_steps=_noisy_steps(seed, num_steps),
        minima_share=_minima_shares(seed, num_matrices),
        critical=measure_critical(seed=seed),
    )


def _escape(name: str, path: np.ndarray, near_axis: np.ndarray, scattered: np.ndarray) -> Escape:
    rises = _rises(name, len(path) - 1)
    root = theory.heavy_ball_roots(LEARNING_RATE, MOMENTUM[name], EIGENVALUES[1])[0]
    steps = first_step_beyond(scattered[..., 1], EDGE)
    never = np.where(steps < 0, len(path), steps)
    return Escape(
        path=path,
        near_axis=near_axis,
        # The last half, where the second root has died out.
        factor=contraction_factor(np.abs(path[:, 1]), skip=len(path) // 2),
        exact_factor=float(root.real),
        escape_step=int(first_step_beyond(path[:, 1], EDGE)),
        exact_escape_step=int(first_step_beyond(START[1] * rises, EDGE)),
        steps=steps,
        staying=(never > np.arange(len(path))[:, None]).mean(axis=1),
        exact_staying=theory.saddle_survival(rises, EDGE, SPREAD),
    )


def _rises(name: str, num_steps: int) -> np.ndarray:
    """By how much w2 has grown, exactly, after each number of steps."""
    return theory.saddle_growth(np.arange(num_steps + 1), LEARNING_RATE, EIGENVALUES[1], MOMENTUM[name])


def _noisy_steps(seed: int, num_steps: int, num_seeds: int = 1000) -> dict[str, float]:
    """The median escape step of starts exactly at (0, 0) when every gradient carries a little noise."""
    result = sweep(
        _noisy_saddle, RUNS, starts=np.zeros((1, 2)), num_steps=num_steps, seeds=num_seeds, seed=seed, record="path"
    ).squeeze("start")
    steps = {name: first_step_beyond(result.params.sel(optimizer=name).values[..., 1], EDGE) for name in RUNS}
    return {name: float(np.median(np.where(step < 0, np.inf, step))) for name, step in steps.items()}


def _noisy_saddle(point: jax.Array, key: jax.Array) -> jax.Array:
    curvatures = jnp.asarray(EIGENVALUES, point.dtype)
    noise = SPREAD * jax.random.normal(key, point.shape, point.dtype)
    return 0.5 * (curvatures * point**2).sum() + (noise * point).sum()


def _minima_shares(seed: int, samples: int, most: int = 6) -> dict[int, tuple[float, float]]:
    measured = definite_shares(jax.random.key(seed), most, samples)
    return {dim: (float(share), theory.definite_probability(dim)) for dim, share in enumerate(measured, 1)}


def _picture_of_paths(facts: Facts) -> Picture:
    saddle = problems.saddle(EIGENVALUES)
    figure, axes = plots.new_figure(1, 2, width=6.3, height=6.0)
    for ax, start, name in zip(axes, (START, NEAR_AXIS), ("path", "near_axis"), strict=True):
        plots.paths(
            jax.vmap(jax.vmap(lambda point: saddle.loss(point, None))),
            {label: getattr(escape, name) for label, escape in facts.escapes.items()},
            WINDOW,
            cmap="coolwarm",
            marks={"saddle point": (0.0, 0.0)},
            title=f"From {start}",
            ax=ax,
        )
    return Picture(
        "saddle",
        figure,
        "Left: the exercise's start is above the saddle already, and both methods leave along w₂, the direction of the "
        "maximum, at once. Right: a start near the axis w₂ = 0 is first drawn into the saddle; SGD creeps towards it, "
        "momentum overshoots, and both leave once w₂ has grown.",
        "Two pictures of contour lines of a saddle; in the left one two paths run out upwards, in the right one they "
        "come in along the horizontal axis, turn at the centre and leave upwards.",
    )


def _picture_of_staying(facts: Facts) -> Picture:
    drawn = plots.shares(
        {name: escape.staying for name, escape in facts.escapes.items()},
        {name: escape.exact_staying for name, escape in facts.escapes.items()},
        xlabel="step",
        ylabel=f"share of starts still within {EDGE:g}",
        title=f"{len(facts.escapes['SGD'].steps):,} random starts leave the saddle as the law says",
    )
    return Picture(
        "escape",
        plots.figure_of(drawn.ax),
        f"Share of random starts (standard deviation {SPREAD:g}) whose |w₂| has not passed {EDGE:g} yet: measured "
        "(line) and the exact law (dots).",
        "Two falling S-shaped curves, momentum left of SGD, each covered by dots that mark the exact law.",
    )


def _table_of_escapes(facts: Facts) -> Table:
    return Table(
        "Growth of w₂ a step, and the step at which the exercise's start leaves the picture",
        ("method", "factor, measured", "factor, exact", "escape step", "exact escape step", "median of random starts"),
        [
            (name, e.factor, e.exact_factor, e.escape_step, e.exact_escape_step, float(np.median(e.steps)))
            for name, e in facts.escapes.items()
        ],
    )


def _table_of_fates(facts: Facts) -> Table:
    return Table(
        "Starts that feel no slope along w₂",
        ("method", "farthest from (0, 0), started there", "largest |w₂|, started on the axis w₂ = 0",
         f"median escape step from (0, 0) with gradient noise {SPREAD:g}"),
        [(name, facts.at_saddle[name], facts.on_axis[name], facts.noisy_steps[name]) for name in RUNS],
    )  # fmt: skip


def _table_of_minima(facts: Facts) -> Table:
    return Table(
        "Share of random symmetric matrices that are positive definite",
        ("dimension", "measured", "exact"),
        [(dim, measured, exact) for dim, (measured, exact) in facts.minima_share.items()],
    )


def _answers(facts: Facts) -> list[Answer]:
    sgd, momentum = facts.escapes["SGD"], facts.escapes["momentum"]
    shares = {dim: measured for dim, (measured, _) in facts.minima_share.items()}
    common = (
        "A minimum needs every eigenvalue of the Hessian to be positive, a saddle only some of each sign. If the "
        f"Hessian is a random symmetric matrix, all its eigenvalues are positive in {shares[1]:.1%} of draws in one "
        f"dimension, {shares[2]:.1%} in two, {shares[3]:.1%} in three and {shares[4]:.2%} in four; the share falls "
        "like 3 to the power of −n²/4, so that among critical points of high dimension minima are the exception."
    )
    help_ = (
        f"The velocity adds up along the escaping direction: w₂ grows by {momentum.factor:.3f} a step with momentum "
        f"{MOMENTUM['momentum']:g} (exact {momentum.exact_factor:.1f}) and by {sgd.factor:.3f} without (exact "
        f"{sgd.exact_factor:.1f}). From a random start within {SPREAD:g} of the saddle that is a median of "
        f"{np.median(momentum.steps):.0f} steps instead of {np.median(sgd.steps):.0f}."
    )
    centre = (
        f"Nothing: the gradient is exactly zero there, with and without momentum, and after all steps the farthest any "
        f"coordinate came is {max(facts.at_saddle.values()):g}. A start on the axis w₂ = 0 runs into the saddle and "
        f"stays too. Noise of {SPREAD:g} in the gradient is enough to leave: half of the runs are out after "
        f"{facts.noisy_steps['SGD']:.0f} steps with SGD and {facts.noisy_steps['momentum']:.0f} with momentum."
    )
    insight = (
        "A saddle holds nobody who is off its axis, it only delays: the delay is the logarithm of how close the start "
        f"was, divided by the logarithm of the growth a step ({sgd.exact_factor:.1f} or {momentum.exact_factor:.1f}). "
        "Momentum and a little noise are cheap insurance."
    )
    return [
        Answer("Why are saddle points more common than local minima in many dimensions?", common),
        Answer("How does momentum help to escape saddle points?", help_),
        Answer("What happens if both optimisers start exactly at the saddle point (0, 0)?", centre),
        Answer("Final task, error landscapes: what to take away", insight),
    ]
