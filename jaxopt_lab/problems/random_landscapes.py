"""Landscapes drawn at random, of which everything is known on the average."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Problem, surface

VOLUME = 256.0
"""Of the domain, in correlation lengths: room for some 60 to 140 critical points in up to five dimensions."""


def gaussian_landscape(*, dim: int = 2, seed: int = 0, waves: int = 256) -> Problem:
    r"""A random Gaussian field with correlation length 1: hills and valleys without any design.

    .. math::
        L(x) = \frac{1}{\sqrt m} \sum_{i=1}^m a_i \cos(k_i^\top x) + b_i \sin(k_i^\top x), \qquad
        a_i, b_i \sim N(0, 1), \; k_i \sim N(0, I)

    so that :math:`E[L(x)] = 0` and :math:`E[L(x) L(y)] = \exp(-\|x - y\|^2 / 2)`. How many critical points it has of
    each index and height is known on the average: `jaxopt_lab.analysis.expected_census`.

    Args:
        dim: the number of dimensions, at least 1.
        seed: which of the landscapes, a whole number.
        waves: the number of waves :math:`m`, at least 1; with few of them the field repeats itself.

    Returns:
        The problem, on a cube around the origin of volume 256. Its minima are as the draw made them, and not listed.

    Raises:
        ValueError: for numbers that are not whole, or too small.

    Example:
        >>> values = [float(gaussian_landscape(seed=seed).loss(jnp.zeros(2), None)) for seed in range(200)]
        >>> bool(abs(np.mean(values)) < 0.3), bool(abs(np.var(values) - 1) < 0.4)
        (True, True)

    References:
        A. Rahimi and B. Recht (2007). Random features for large-scale kernel machines. NeurIPS 20;
        A. J. Bray and D. S. Dean (2007). Statistics of critical points of Gaussian fields on large-dimensional spaces.
        Physical Review Letters 98, 150201.
    """
    dim, waves = whole_number("dim", dim, least=1), whole_number("waves", waves, least=1)
    draw = np.random.default_rng(whole_number("seed", seed, least=0)).normal
    half = VOLUME ** (1 / dim) / 2
    return surface(
        _waves,
        {"frequencies": draw(size=(waves, dim)), "amplitudes": draw(size=(2, waves)) / np.sqrt(waves)},
        lower=np.full(dim, -half),
        upper=np.full(dim, half),
        name="gaussian_landscape",
        reference="Bray and Dean 2007, Physical Review Letters 98, 150201",
    )


def _waves(x: jax.Array, frequencies: Any, amplitudes: Any) -> jax.Array:
    # The numbers take the type of x, as a plain number would: float32 parameters give a float32 loss.
    frequencies, (a, b) = (jnp.asarray(each, jnp.result_type(x, float)) for each in (frequencies, amplitudes))
    phases = frequencies @ x
    return a @ jnp.cos(phases) + b @ jnp.sin(phases)
