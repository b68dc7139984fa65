"""What memory can't hold is refused before anything runs, with the size that would fit."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems
from jaxopt_lab.analysis import (
    basins,
    bifurcation,
    critical_census,
    critical_points,
    definite_shares,
    escape_steps,
    expected_census,
    fractal,
    loss_slice,
    path_plane,
    stability_map,
    windows,
)

BOWL, WELL = problems.quadratic((1.0, 10.0)), problems.double_well()
ROW, PLANE = [jnp.ones(2)], [jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])]
PATH = jnp.arange(6.0).reshape(3, 2) ** 2
MIB = 2**20


@pytest.mark.parametrize(
    ("sides", "largest"), [((10_000,), (1000,)), ((100, 400), (31, 126)), ((40, 40, 40), (18,) * 3)]
)
def test_the_largest_picture_of_that_shape_is_named(monkeypatch, sides, largest):
    """Of 100,000 bytes 80% may be used: 80 bytes a cell leave 1,000 of them, 31 x 126 or 18 x 18 x 18 at 13.3 bytes."""
    monkeypatch.setattr(windows, "available_memory", lambda: 100_000)
    each = {1: 80, 2: 20, 3: 13}[len(sides)]
    with pytest.raises(ValueError, match=" x ".join(f"{side:,}" for side in largest) + " fit"):
        windows.check_fits(sides, each)
    windows.check_fits(largest, each)


def test_the_largest_number_of_squares_is_named(monkeypatch):
    """100 x 100 numbers of 8 bytes are 80,000 bytes, all that may be used of 100,000."""
    monkeypatch.setattr(windows, "available_memory", lambda: 100_000)
    windows.check_count("problem", 100, "dimensions", 8, power=2)
    with pytest.raises(ValueError, match=r"problem: 1,000 dimensions .* at most 100 fit"):
        windows.check_count("problem", 1000, "dimensions", 8, power=2)


def cells(n):
    return {"learning_rate": np.linspace(0.01, 0.4, n), "momentum": np.linspace(0, 0.9, n)}


RATES = ("learning_rate", "momentum")
CASES = {
    "map": (lambda n: stability_map(BOWL, optimizers.sgd_momentum, cells(n)), 1000, "resolution"),
    "basins": (lambda n: basins(problems.himmelblau(), optax.sgd(0.01), resolution=n), 1000, "resolution"),
    "fractal": (
        lambda n: fractal(BOWL, optax.sgd, RATES, center=(0.2, 0.5), width=0.1, resolution=n), 2000, "resolution",
    ),
    "line": (lambda n: loss_slice(BOWL, jnp.ones(2), ROW, resolution=n), 10**7, "resolution"),
    "plane": (lambda n: loss_slice(BOWL, jnp.ones(2), PLANE, resolution=n), 10**4, "resolution"),
    "plane of a path": (lambda n: path_plane(BOWL, PATH, resolution=n), 10**4, "resolution"),
    "batch": (lambda n: loss_slice(BOWL, jnp.ones(2), ROW, batch_size=n), 10**7, "batch_size"),
    "diagram": (lambda n: bifurcation(WELL, optimizers.sgd, np.linspace(0.5, 1.9, n)), 10**4, "values"),
    "critical points": (lambda n: critical_points(BOWL, starts=n), 10**7, "starts"),
    "dimensions": (lambda n: critical_points(problems.styblinski_tang(dim=n), starts=16), 1000, "problem"),
    "census": (lambda n: critical_census([1], starts=n), 10**7, "starts"),
    "expected census": (lambda n: expected_census(4, samples=n), 10**6, "samples"),
    "random matrices": (lambda n: definite_shares(jax.random.key(0), 4, n), 10**7, "samples"),
    "escape": (lambda n: escape_steps(problems.saddle(), optimizers.sgd(0.1), num_starts=n), 10**7, "num_starts"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_is_refused_with_what_does(monkeypatch, case):
    call, many, argument = CASES[case]
    monkeypatch.setattr(windows, "available_memory", lambda: 32 * MIB)
    with pytest.raises(
        ValueError, match=rf"^{argument}: .* take .* GiB, but .* are free; at most [\d, x]+ fit$"
    ) as caught:
        call(many)
    fitting = int(re.findall(r"at most ([\d,]+)", str(caught.value))[0].replace(",", ""))
    assert 10 < fitting < many


ODD = {
    "window of numbers": lambda: basins(WELL, optimizers.sgd(0.1), window=(-2, 2)),  # pyright: ignore[reportArgumentType]
    "window of words": lambda: basins(WELL, optimizers.sgd(0.1), window="all"),  # pyright: ignore[reportArgumentType]
    "plane of words": lambda: basins(WELL, optimizers.sgd(0.1), plane="xy"),  # pyright: ignore[reportArgumentType]
    "one dimension": lambda: basins(problems.double_well(dim=1), optimizers.sgd(0.1)),
    "center": lambda: fractal(BOWL, optax.sgd, RATES, center="middle", width=0.1),  # pyright: ignore[reportArgumentType]
    "three widths": lambda: fractal(BOWL, optax.sgd, RATES, center=(0, 0), width=(1, 2, 3)),  # pyright: ignore[reportArgumentType]
    "beyond float64": lambda: fractal(BOWL, optax.sgd, RATES, center=(290, 0), width=30.0, log=True),
    "a window too few": lambda: loss_slice(BOWL, jnp.ones(2), PLANE, windows=[(-1, 1)]),
    "windows of numbers": lambda: loss_slice(BOWL, jnp.ones(2), ROW, windows=[3]),  # pyright: ignore[reportArgumentType]
    "no dimensions": lambda: critical_census([]),
    "dimensions that are none": lambda: critical_census(2),  # pyright: ignore[reportArgumentType]
    "no matrix": lambda: definite_shares(jax.random.key(0), 0, 10),
}


@pytest.mark.parametrize("case", ODD)
def test_what_is_no_window_is_told_in_a_sentence(case):
    with pytest.raises(ValueError, match=r"^(window|plane|problem|center|width|center, width|windows|dims|dim): .*; "):
        ODD[case]()
