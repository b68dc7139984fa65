"""A small network at the edge of stability, and how true a picture of its path is."""

from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab import optimizers, plots
from jaxopt_lab.analysis import curvature, path_plane
from jaxopt_lab.engine import sweep
from jaxopt_lab.labs.findings import Answer, Picture, Table
from jaxopt_lab.problems.networks import draw_layers, logits

if TYPE_CHECKING:
    import xarray as xr

LAYERS = (1, 16, 16, 1)
LEARNING_RATES = (0.05, 0.1, 0.2)
POINTS = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]
TARGETS = np.asarray(8 * POINTS[:, 0] ** 4 - 8 * POINTS[:, 0] ** 2 + 1)
"""Chebyshev's polynomial of degree 4, as Cohen et al. (2021) fit it in their appendix."""


class Edge(NamedTuple):
    """Networks under full-batch gradient descent.

    Attributes:
        runs: the sweep, with the ``sharpness`` at each recorded point.
        plane: the plane that the path of one of them keeps closest to.
    """

    runs: "xr.Dataset"
    plane: "xr.Dataset"

    @property
    def held(self) -> "dict[float, np.ndarray]":
        """Sharpness times learning rate over the last quarter of the steps, for each rate the mean of each start."""
        late = self.runs.sel(step=slice(0.75 * int(self.runs.step[-1]), None))
        times = (late.sharpness * late.learning_rate).mean("step")
        return {float(rate): times.sel(learning_rate=rate).values for rate in times.learning_rate.values}


def measure_edge(*, seed: int = 0, num_steps: int = 4000, starts: int = 4) -> Edge:
    """Train the networks, all in one sweep, and look at the path of one.

    Args:
        seed: the root of the weights that they start from.
        num_steps: the steps of each.
        starts: how many networks at each learning rate.
    """
    drawn = jax.jit(jax.vmap(lambda key: draw_layers(key, LAYERS, activation="tanh")))(
        jax.random.split(jax.random.key(seed), starts)
    )
    runs = sweep(
        _misfit, optimizers.sgd, {"learning_rate": LEARNING_RATES}, starts=drawn, num_steps=num_steps,
        record=num_steps // 100, observe=curvature.sharpness(),
    )  # fmt: skip
    one = runs.isel(learning_rate=-1, start=0)
    path = tuple({name: one[f"params.{place}.{name}"].values for name in layer} for place, layer in enumerate(drawn))
    return Edge(runs, path_plane(_misfit, path))


def _misfit(params: Any) -> jax.Array:
    return jnp.mean((logits(params, POINTS, "tanh") - TARGETS) ** 2)


def picture_of_edge(found: Edge) -> Picture:
    """The sharpness of every network, beside two over its learning rate."""
    runs, rates = found.runs, found.runs.learning_rate.values
    drawn = plots.sharpness(
        runs.step.values,
        {f"learning rate {rate:g}": runs.sharpness.sel(learning_rate=rate).values for rate in rates},
        {f"learning rate {rate:g}": float(rate) for rate in rates},
        title="Full-batch gradient descent drives the sharpness to 2 / learning rate",
    )
    return Picture(
        "edge-of-stability",
        plots.figure_of(drawn.ax),
        f"The largest eigenvalue of the Hessian of small networks (1-16-16-1, tanh) that learn a polynomial by heart, "
        f"{runs.sizes['start']} starts at each learning rate. It rises to 2 / learning rate (dashed), where gradient "
        "descent on a quadratic would diverge, and stays there while the loss goes on falling.",
        "Bundles of lines, one for each learning rate, which rise and then run along a dashed horizontal line.",
    )


def picture_of_plane(found: Edge) -> Picture:
    """The path of one network in the plane that it keeps closest to."""
    plane, share = found.plane, found.plane.variance_share.values
    rate = float(found.runs.learning_rate[-1])
    drawn = plots.plane_slice(
        plane.alpha.values, plane.beta.values, plane.loss.values,
        path=np.stack([plane.path_alpha, plane.path_beta], axis=-1), path_loss=plane.path_loss.values,
        variance_share=tuple(share), mismatch=float(plane.mismatch),
        title=f"The path of one of the networks, learning rate {rate:g}",
    )  # fmt: skip
    return Picture(
        "path-plane",
        plots.figure_of(drawn.ax),
        f"The loss in the plane of the first two principal components of a path through {_numbers_of(found)} "
        f"parameters. They hold {share.sum():.1%} of its variance, and yet the loss drawn under the path differs from "
        f"the loss that it had by up to {float(plane.mismatch):.1%} of its range: where a dot's colour stands out from "
        "the ground, the picture is not true.",
        "Contour lines with a curved path of dots, most of which have the colour of the ground under them.",
    )


def table_of_edge(found: Edge) -> Table:
    """Where the sharpness is held, at each learning rate."""
    return Table(
        "Sharpness × learning rate over the last quarter of the steps (on a quadratic, above 2 it diverges)",
        ("learning rate", "networks", "lowest mean", "highest mean", "exact edge"),
        [(rate, len(times), float(times.min()), float(times.max()), 2.0) for rate, times in found.held.items()],
    )


def answer_of_edge(found: Edge) -> Answer:
    """What holds the learning rate of a network in check."""
    every = np.concatenate(list(found.held.values()))
    return Answer(
        "Is a learning rate too high once it exceeds 2 over the sharpness?",
        f"On a quadratic, yes. On a network the sharpness gives way: in {len(every)} runs at {len(found.held)} "
        f"learning rates it rose until sharpness times learning rate was 2 and stayed there, at {every.min():.3f} to "
        f"{every.max():.3f}, while the loss kept falling. So a sharpness at the edge is no sign of trouble.",
    )


def numbers_of_edge(found: Edge) -> dict[str, Any]:
    """What is told and drawn of the networks."""
    runs, plane = found.runs, found.plane
    return {
        "learning_rates": runs.learning_rate.values,
        "steps": runs.step.values,
        "sharpness": runs.sharpness.values,
        "held": {str(rate): times for rate, times in found.held.items()},
        "first_loss": runs.initial_loss.values,
        "final_loss": runs.final_loss.values,
        "variance_share": plane.variance_share.values,
        "path_loss": plane.path_loss.values,
        "drawn_loss": plane.drawn_loss.values,
        "mismatch": float(plane.mismatch),
    }


def _numbers_of(found: Edge) -> int:
    names = [name for name in found.runs.data_vars if str(name).startswith("final_params")]
    return sum(found.runs[name].isel(learning_rate=0, start=0).size for name in names)
