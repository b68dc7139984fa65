"""A cloud of starts that runs into the saddle along one axis, and leaves it along the other."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxopt_lab import plots, problems
from jaxopt_lab.analysis import first_step_beyond, theory
from jaxopt_lab.labs.findings import Picture
from jaxopt_lab.plots.film import Cloud, Words

DOTS, STEPS = 120, 40
WIDTH, SPREAD = 1.8, 0.02
"""The starts lie along the axis up to ``WIDTH``, with the standard deviation ``SPREAD`` across it."""

_STILL = 14


class Swarm(NamedTuple):
    """The cloud under one method."""

    points: np.ndarray  # shape (DOTS, STEPS + 1, 2); fewer steps if fewer were run
    inside: np.ndarray  # how many have not left yet, at each step
    exact_inside: np.ndarray  # how many the law expects
    half_left: int  # the first step at which no more than half are inside, -1 for never


def cloud_settings() -> dict[str, Any]:
    """What is run."""
    return {"starts": DOTS, "half_width": WIDTH, "spread": SPREAD, "num_steps": STEPS}


def cloud_starts(random: np.random.Generator) -> np.ndarray:
    """The starts, shape ``(DOTS, 2)``.

    Args:
        random: the source of them.
    """
    return np.column_stack([np.linspace(-WIDTH, WIDTH, DOTS), random.normal(0.0, SPREAD, DOTS)])


def measure_cloud(paths: np.ndarray, rises: np.ndarray, edge: float) -> Swarm:
    """How the cloud leaves.

    Args:
        paths: from `cloud_starts`, shape ``(DOTS, steps + 1, 2)``; up to ``STEPS`` of them are looked at.
        rises: by how much w2 has grown, exactly, after each number of steps.
        edge: a path with ``|w2|`` beyond it has left.
    """
    points = paths[:, : STEPS + 1]
    count = points.shape[1]
    steps = first_step_beyond(points[..., 1], edge)
    inside = np.sum(np.where(steps < 0, count, steps)[:, None] > np.arange(count), axis=0)
    half = inside <= DOTS / 2
    exact = DOTS * theory.saddle_survival(rises[:count], edge, SPREAD)
    return Swarm(points, inside, exact, int(half.argmax()) if half.any() else -1)


def picture_of_cloud(
    eigenvalues: tuple[float, float],
    window: tuple[tuple[float, float], tuple[float, float]],
    swarms: Mapping[str, Swarm],
) -> Picture:
    """The cloud in motion, a panel for each method.

    Args:
        eigenvalues: of the saddle.
        window: what is shown of it.
        swarms: the cloud under each method.
    """
    saddle = problems.saddle(eigenvalues)
    heights = jax.vmap(jax.vmap(lambda point: saddle.loss(point, None)))(plots.grid_points(window))
    figure, axes = plots.new_figure(1, len(swarms), width=6.0, height=5.2)
    parts: list[Cloud | Words] = []
    for ax, (name, swarm) in zip(axes, swarms.items(), strict=True):
        plots.contours(np.asarray(heights), window, cmap="coolwarm", ax=ax)
        ax.set(aspect="equal", xlabel="$w_1$", ylabel="$w_2$")
        ax.set_title(name, loc="left", fontsize="medium", fontweight="bold")
        told = [
            f"{now} of {DOTS} inside; law: {law:.1f}" for now, law in zip(swarm.inside, swarm.exact_inside, strict=True)
        ]
        parts += [Cloud(ax, np.swapaxes(swarm.points, 0, 1), "#000000"), Words(ax, (1.0, 1.02), told, "right")]
    count = len(next(iter(swarms.values())).inside)
    frames = [f"step {step} of {count - 1}" for step in range(count)]
    left = " and ".join(f"at step {swarm.half_left} under {name}" for name, swarm in swarms.items())
    return Picture(
        "saddle_cloud",
        figure,
        f"{DOTS} starts along the axis w₂ = 0, with a standard deviation of {SPREAD:g} across it, under both methods "
        f"at the same rate. The saddle draws them in along w₁ and lets them go along w₂; half of them are "
        f"gone {left}. Above each panel, how many are still inside the picture, and how many the exact law expects.",
        "Two pictures of contour lines of a saddle with a cloud of dots: a flat band along the horizontal axis that "
        "shrinks to the centre, then stretches up and down and leaves.",
        plots.film(figure, parts, frames, still=min(_STILL, count - 1), seconds=8.0),
    )
