"""The exact law of a grid: how fast a linear method contracts on a quadratic, at every setting."""

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxopt_lab import optimizers
from jaxopt_lab.analysis import theory
from jaxopt_lab.analysis.gauge import made
from jaxopt_lab.engine.grid import Axis
from jaxopt_lab.engine.lanes import Skeleton, split
from jaxopt_lab.problems.problem import Problem

LINEAR: Mapping[Any, bool] = {
    optimizers.sgd: False,
    optimizers.sgd_momentum: False,
    optimizers.nesterov: True,
    optax.sgd: False,
}
"""The factories of methods that are linear in the gradient, and whether their momentum is Nesterov's."""

PROBES = 4
"""At so many random points the gradient of a quadratic must be its Hessian times the point."""

BEYOND = 1.1
"""How far past the highest stable learning rate a map goes by default."""


def exact_rates(problem: Any, optimizer: Any, axes: tuple[Axis, ...], dim: int) -> np.ndarray | None:
    """The contraction rate at every point of a grid, where a closed form gives it.

    That is for gradient descent, heavy ball and Nesterov's method on a positive definite quadratic with its minimum at
    the origin, whatever it was made by: the loss itself is looked at.

    Args:
        problem: as `sweep` takes it.
        optimizer: the factory.
        axes: the axes of the grid, at most one of them the problem's.
        dim: the number of parameters.

    Returns:
        An array over the axes, in their order, NaN outside the range of the closed form; None where none is known.
    """
    if optimizer not in LINEAR:
        return None
    theirs = [place for place, axis in enumerate(axes) if axis.owner == "problem"]
    if len(theirs) > 1:
        return None
    given = [{axes[place].argument: value.item()} for place in theirs for value in axes[place].values] or [{}]
    spectra = _spectra([made(problem, arguments) for arguments in given], dim)
    if spectra is None:
        return None
    rate, momentum = (np.asarray(_settings(optimizer, axes)[name], float) for name in ("learning_rate", "momentum"))
    fits = (rate > 0) & (momentum >= 0) & (momentum < 1)
    rate, momentum = np.where(rate > 0, rate, 1.0), np.where((momentum >= 0) & (momentum < 1), momentum, 0.0)
    rates = [
        np.where(fits, theory.contraction_rate(rate, spectrum, momentum, nesterov=LINEAR[optimizer]), np.nan)
        for spectrum in spectra
    ]
    shape = [1 if place in theirs else len(axis.values) for place, axis in enumerate(axes)]
    return np.concatenate([np.broadcast_to(rate, shape) for rate in rates], axis=theirs[0] if theirs else 0)


def plane_of_the_boundary(problem: Any, optimizer: Any, dim: int, resolution: int) -> dict[str, np.ndarray] | None:
    """Learning rates and momenta among which the whole boundary of a linear method on a quadratic lies.

    Args:
        problem: as `sweep` takes it.
        optimizer: the factory.
        dim: the number of parameters.
        resolution: how many of each.

    Returns:
        A grid; None where no boundary is known, or the method has no momentum.
    """
    if optimizer not in LINEAR or "momentum" not in inspect.signature(optimizer).parameters:
        return None
    spectra = _spectra([made(problem, {})], dim)
    if spectra is None:
        return None
    momenta = (np.arange(resolution) + 0.5) / resolution
    highest = theory.stability_boundary(spectra[0], momenta, nesterov=LINEAR[optimizer]).max()
    return {"learning_rate": BEYOND * highest * momenta, "momentum": momenta}


def _settings(optimizer: Any, axes: tuple[Axis, ...]) -> dict[str, Any]:
    """The learning rate and the momentum, each along its axis of the grid or as the factory has it."""
    defaults = {n: p.default for n, p in inspect.signature(optimizer).parameters.items()}
    settings = {"momentum": defaults.get("momentum") or 0.0}
    for place, axis in enumerate(axes):
        if axis.owner == "optimizer":
            settings[axis.argument] = np.asarray(axis.values, float).reshape(
                [-1 if place == other else 1 for other in range(len(axes))]
            )
    return settings


def _spectra(quadratics: list[Problem], dim: int) -> np.ndarray | None:
    """The eigenvalues of each Hessian; None if a loss is not such a quadratic."""
    apart = [split(problem, np.dtype(jnp.result_type(float))) for problem in quadratics]
    skeleton = apart[0][0]
    if any(other != skeleton for other, _ in apart):
        return None
    numbers = jax.tree.map(lambda *leaves: np.stack(leaves), *(numbers for _, numbers in apart))
    probes = np.random.default_rng(0).uniform(-1, 1, (PROBES, dim))
    at_origin, hessians, slopes = (
        np.asarray(each, float) for each in _look(skeleton, numbers, jnp.asarray(probes), len(apart))
    )
    linear = np.allclose(slopes, probes @ hessians, rtol=1e-4, atol=1e-4 * np.abs(hessians).max())
    spectra = np.linalg.eigvalsh(hessians)
    return spectra if linear and (at_origin == 0).all() and (spectra > 0).all() else None


@functools.partial(jax.jit, static_argnums=(0, 3))
def _look(skeleton: Skeleton, numbers: tuple[Any, ...], probes: jax.Array, count: int) -> tuple[jax.Array, ...]:
    """For each set of numbers the loss and its Hessian at the origin, and the gradients at the probes."""

    def look(numbers: tuple[Any, ...]) -> tuple[jax.Array, ...]:
        def loss(point: jax.Array) -> jax.Array:
            return skeleton.fill(numbers).loss(point, None)

        origin = jnp.zeros_like(probes[0])
        return loss(origin), jax.hessian(loss)(origin), jax.vmap(jax.grad(loss))(probes)

    return jax.vmap(look, axis_size=count)(numbers)
