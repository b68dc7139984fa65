"""How the final loss answers to the learning rate: its derivative through all steps, and where that means nothing."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab import optimizers, plots, problems
from jaxopt_lab.analysis import hypergradient
from jaxopt_lab.engine.settings import under
from jaxopt_lab.labs.findings import Answer, Picture

START = 0.3
NUM_STEPS = 100
CHANGE = 1e-6
"""The derivative is put to the test by a learning rate that is higher by so much."""

RIGHT, NOTHING = 0.1, 1e-12
"""It is right if the loss then changes as it says, up to this part and what rounding leaves."""


class Sensitivity(NamedTuple):
    """Gradient descent in the double well, over learning rates.

    Attributes:
        learning_rates: shape ``(count,)``, as are all that follow.
        derivative: of the final loss, by the learning rate.
        exponent: the Lyapunov exponent, in nats a step.
        trusted: whether the warning light is off.
        right: whether the loss at a rate a little higher differs by as much as the derivative says.
    """

    learning_rates: np.ndarray
    derivative: np.ndarray
    exponent: np.ndarray
    trusted: np.ndarray
    right: np.ndarray

    @property
    def hits(self) -> dict[str, float]:
        """The share of derivatives that are right, of those to be trusted and of the others."""
        return {"trusted": float(self.right[self.trusted].mean()), "others": float(self.right[~self.trusted].mean())}


def measure_sensitivity(*, count: int = 800) -> Sensitivity:
    """Differentiate the final loss at many learning rates, from rest to chaos, and try each derivative.

    Args:
        count: how many learning rates.
    """
    rates = np.linspace(0.05, 1.99, count)
    well = problems.double_well(dim=1)

    def one(rate: jax.Array) -> tuple[jax.Array, ...]:
        start = jnp.array([START], rate.dtype)
        found = hypergradient(well, optimizers.sgd, {"learning_rate": rate}, start, NUM_STEPS, mode="forward")
        return found.loss, found.gradient["learning_rate"], found.exponent, found.trusted

    with under((("jax_enable_x64", True),)):  # a float32 is too coarse to try a derivative by differences
        measured = jax.jit(jax.vmap(one))
        loss, derivative, exponent, trusted = (np.asarray(each) for each in measured(rates))
        change = np.asarray(measured(rates + CHANGE)[0]) - loss
    right = np.abs(change - derivative * CHANGE) <= RIGHT * np.abs(derivative * CHANGE) + NOTHING
    return Sensitivity(rates, derivative, exponent, trusted, right)


def picture_of_sensitivity(found: Sensitivity) -> Picture:
    """The derivative over the learning rate, the exponent below it, grey where it is not to be trusted."""
    figure, (above, below) = plots.new_figure(2, 1, width=9.0, height=2.9)
    plots.trusted_curve(
        found.learning_rates, found.derivative, found.trusted, ylabel="derivative of the final loss",
        title=f"Derivative of the loss after {NUM_STEPS} steps by the learning rate", ax=above,
    )  # fmt: skip
    plots.lyapunov_exponents(found.learning_rates, found.exponent, ax=below)
    return Picture(
        "sensitivity",
        figure,
        f"SGD in the double well, {len(found.learning_rates)} learning rates: the derivative through all steps, and "
        "the Lyapunov exponent. Where neighbours part, the derivative explodes and says nothing about what a change of "
        f"the learning rate by {CHANGE:g} does: it foretells that in {found.hits['others']:.0%} of the grey cases, and "
        f"in {found.hits['trusted']:.1%} of the others.",
        "Above, a line near 0 that explodes by many powers of ten in the grey region to the right. Below, dots below "
        "0 up to that region and above 0 within it.",
    )


def answer_of_sensitivity(found: Sensitivity) -> Answer:
    """Whether learning rates can be tuned by gradients."""
    exploded = np.abs(found.derivative[~found.trusted & np.isfinite(found.derivative)]).max()
    return Answer(
        "Can a learning rate be tuned by the derivative of the final loss?",
        f"Where trajectories settle: there the derivative through {NUM_STEPS} steps foretells what a change of the "
        f"learning rate by {CHANGE:g} does to the loss, at {found.hits['trusted']:.1%} of the rates tried. In chaos it "
        f"reaches {exploded:.0e} and foretells it at {found.hits['others']:.0%}. The warning light, which counts how "
        "much a perturbation grows on the way, tells the one from the other.",
    )


def numbers_of_sensitivity(found: Sensitivity) -> dict[str, Any]:
    """What is told and drawn of the derivatives."""
    return found._asdict() | {"hits": found.hits, "change": CHANGE}
