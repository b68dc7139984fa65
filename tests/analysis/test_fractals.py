"""Borders that are known, sums by hand, and pictures in bands."""

import functools
import subprocess
import sys
from typing import Any

import jax
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems, simulate, sweep
from jaxopt_lab.analysis import fractal, fractals, layerwise_sgd, tanh_network
from jaxopt_lab.engine import run
from jaxopt_lab.engine.chunks import start_chunk

BOWL = problems.quadratic((1.0, 10.0))
AXES = ("learning_rate", "momentum")
WINDOW: Any = {"center": (0.25, 0.5), "width": (0.4, 0.9)}
START = np.array([2.0, -1.0], np.float32)
SIDES = (40, 36)


@pytest.fixture(scope="module")
def border():
    return fractal(
        BOWL, optimizers.sgd_momentum, AXES, **WINDOW, resolution=SIDES, num_steps=120, start=START
    )  # fmt: skip


def test_the_border_of_a_bowl_is_polyaks_line(border):
    """Converging iff 10 * rate < 2 + 2 * momentum, as far as 120 steps can tell."""
    rates, momenta = border.learning_rate.values, border.momentum.values
    distance = (2 + 2 * momenta[:, None]) / 10 - rates
    clear = (np.abs(distance) > 0.02) & (momenta[:, None] < 0.9)
    assert (border.converged.values == (distance > 0))[clear].all()
    assert clear.mean() > 0.75
    assert float(border.dimension) == pytest.approx(1, abs=0.1)
    assert float(border.converged_share) == border.converged.values.mean()


@pytest.mark.parametrize("place", [(3, 5), (30, 2), (10, 39), (0, 33)])
def test_the_measure_is_the_papers(border, place):
    """The sum of all losses where the last twenty are on average below the first, else of their inverses."""
    up, across = place
    optimizer = optimizers.sgd_momentum(float(border.learning_rate[across]), float(border.momentum[up]))
    losses = np.asarray(simulate(BOWL, optimizer, START, 120).loss)[:-1]
    converged = losses[-20:].mean() < losses[0]
    assert bool(border.converged[place]) == converged
    expected = losses.sum() if converged else (1 / losses[np.isfinite(losses)].astype(float)).sum()
    assert float(border.measure[place]) == pytest.approx(expected, rel=1e-4)


def test_bands_change_nothing(border, monkeypatch):
    monkeypatch.setattr(fractals, "BAND_BYTES", 8000)
    banded = fractal(BOWL, optimizers.sgd_momentum, AXES, **WINDOW, resolution=SIDES, num_steps=120, start=START)
    assert (banded.measure.values == border.measure.values).all()
    assert (banded.converged.values == border.converged.values).all()


def stored(place, **options):
    given = WINDOW | {"resolution": SIDES, "num_steps": 120, "start": START} | options
    return fractal(BOWL, optimizers.sgd_momentum, AXES, **given, store=place)


def test_an_interrupted_picture_goes_on_from_its_store(border, tmp_path, monkeypatch):
    """Three chunks of 512 cells; the second one is lost, as if the process had been killed before it was done."""
    place = tmp_path / "border.zarr"
    monkeypatch.setattr(fractals, "sweep", functools.partial(sweep, chunk_size=512))
    monkeypatch.setattr(fractals, "BAND_BYTES", 8000)
    stored(place)
    (place / "done" / "1").unlink()
    ran = []
    monkeypatch.setattr(run, "start_chunk", lambda *given: ran.append(given[-1].index) or start_chunk(*given))
    again = stored(place)
    assert ran == [1]
    np.testing.assert_array_equal(again.converged, border.converged)
    np.testing.assert_allclose(again.measure, border.measure, rtol=1e-5)
    with pytest.raises(ValueError, match=r"store: .* holds another sweep; it differs in grid"):
        stored(place, center=(0.3, 0.5))


def test_another_window_compiles_nothing(border, count_compilations):
    del border
    with count_compilations() as compiled:
        zoom: Any = {"center": (0.3, 0.5), "width": 0.01}
        fractal(BOWL, optimizers.sgd_momentum, AXES, **zoom, resolution=SIDES, num_steps=120, start=START)
    assert compiled.count == 0


def test_the_network_is_the_papers():
    """In NumPy: mean squares over n^2 + n rows, W1 tanh(sqrt(2 / n) W0 x) / n, and a rate for each layer."""
    network = tanh_network(2, seed=5)
    inputs, targets = jax.tree.leaves(network.loss)
    assert inputs.shape == (6, 2)
    assert not np.array_equal(inputs, jax.tree.leaves(tanh_network(2, seed=6).loss)[0])
    params = {"hidden": np.array([[0.5, -1.0], [2.0, 0.3]]), "output": np.array([1.5, -0.7])}
    units = np.tanh(inputs @ params["hidden"].T)
    residuals = units @ params["output"] / 2 - targets
    path = simulate(network, layerwise_sgd(0.3, 2.0), jax.tree.map(np.float32, params), 1)
    assert float(path.loss[0]) == pytest.approx((residuals**2).mean(), rel=1e-6)
    output = 2 * (residuals @ units) / (6 * 2)
    hidden = 2 * ((residuals[:, None] * (1 - units**2) * params["output"]).T @ inputs) / (6 * 2)
    np.testing.assert_allclose(path.params["output"][1], params["output"] - 2.0 * output, rtol=1e-5)
    np.testing.assert_allclose(path.params["hidden"][1], params["hidden"] - 0.3 * hidden, rtol=1e-5)


def test_a_network_on_logarithmic_axes():
    found = fractal(
        tanh_network(2), layerwise_sgd, ("learning_rate_0", "learning_rate_1"),
        center=(0.0, 1.0), width=(2.0, 4.0), log=True, resolution=32, num_steps=60,
    )  # fmt: skip
    assert found.converged.dims == ("learning_rate_1", "learning_rate_0")
    np.testing.assert_allclose(np.log10(found.learning_rate_1[[0, -1]]), [-0.9375, 2.9375])
    assert found.converged.values[0].all()  # a small rate
    assert not found.converged.values[-1].any()


GIVEN = {"center": (0.2, 0.5), "width": 0.1}
BAD = {
    "built": ((BOWL, optax.sgd(0.1), AXES), GIVEN, "give a factory"),
    "one axis": ((BOWL, optax.sgd, "momentum"), GIVEN, "name two different arguments of sgd"),
    "unknown axis": ((BOWL, optax.sgd, ("learning_rate", "momentun")), GIVEN, "did you mean 'momentum'"),
    "width": ((BOWL, optax.sgd, AXES), GIVEN | {"width": -1.0}, "width: got -1.0"),
    "center": ((BOWL, optax.sgd, AXES), GIVEN | {"center": 0.5}, "center: got 0.5"),
    "too deep": ((BOWL, optax.sgd, AXES), GIVEN | {"width": 1e-7}, "sweep in float64"),
    "steps": ((BOWL, optax.sgd, AXES), GIVEN | {"num_steps": 19}, "num_steps: got 19"),
    "resolution": ((BOWL, optax.sgd, AXES), GIVEN | {"resolution": 16}, "resolution: got 16"),
    "no start": ((lambda w: w @ w, optax.sgd, AXES), GIVEN, "start: <lambda> has no init"),
    "too large": ((BOWL, optax.sgd, AXES), GIVEN | {"resolution": 10**6}, "resolution: 1,000,000 x 1,000,000 cells"),
}


@pytest.mark.parametrize("case", BAD)
def test_mistakes_are_told_in_a_sentence(case):
    arguments, options, fragment = BAD[case]
    with pytest.raises(ValueError, match=r"^[a-z_]+(\['\w+'\])?: ") as caught:
        fractal(*arguments, **options)
    assert fragment in str(caught.value)


LARGE = """
import resource
from jaxopt_lab import optimizers, problems
from jaxopt_lab.analysis import fractal

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def picture(resolution):
    fractal(problems.himmelblau(), optimizers.sgd_momentum, ("learning_rate", "momentum"),
            center=(0.02, 0.5), width=(0.03, 1.0), resolution=resolution, num_steps=20)

picture(512)
before = peak()
picture(4096)
print(peak() - before)
"""


@pytest.mark.long
def test_a_picture_of_4096_by_4096_fits_in_memory():
    """What is kept takes 80 MiB and the counting of boxes as much again, beside a band; results alone take 600 MiB."""
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 400
