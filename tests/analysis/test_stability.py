"""Measured contraction rates against companion matrices, boundaries and simple recursions."""

import inspect

import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.tree_util import Partial

from jaxopt_lab import optimizers, problems
from jaxopt_lab.analysis import stability_map
from jaxopt_lab.analysis.exact_rates import exact_rates
from jaxopt_lab.engine.grid import traced_axes

BOWL = problems.quadratic((1.0, 10.0))
START = np.array([3.0, -2.0])
RATES, MOMENTA = np.linspace(0.017, 0.437, 22), np.linspace(0.003, 0.973, 20)


def spectral_radius(rate: float, momentum: float, eigenvalues: tuple[float, ...], nesterov: bool) -> float:
    """Of the linear step on (position, velocity), along each eigenvector."""
    radii = []
    for h in eigenvalues:
        # v' = b v + a h w, and w' = w - v' for the heavy ball, w - b v' - a h w for Nesterov.
        b, ah = momentum, rate * h
        below = [-b * b, 1 - ah - b * ah] if nesterov else [-b, 1 - ah]
        radii.append(np.abs(np.linalg.eigvals(np.array([[b, ah], below]))).max())
    return max(radii)


def bowl_map(optimizer, rates=RATES, momenta=MOMENTA, start=START, **options):
    return stability_map(BOWL, optimizer, {"learning_rate": rates, "momentum": momenta}, start=start, **options)


@pytest.mark.parametrize(
    ("optimizer", "nesterov"),
    [(optimizers.sgd_momentum, False), (optimizers.nesterov, True)],
    ids=["heavy", "nesterov"],
)
def test_rates_are_those_of_the_linear_step(optimizer, nesterov):
    found = bowl_map(optimizer)
    expected = np.array([[spectral_radius(a, b, (1.0, 10.0), nesterov) for a in RATES] for b in MOMENTA])
    np.testing.assert_allclose(found.exact_rate, expected, atol=1e-7)  # a double root keeps half of the digits
    error = np.abs(found.rate.values - expected)
    # Where two roots nearly meet, 500 steps are not yet the long run: t * rho^t has the slope rho * (1 + 1/t).
    assert np.median(error) < 2e-5
    assert error.max() < 0.012
    assert float(found.largest_error) == pytest.approx(error[np.abs(expected - 1) > 0.02].max(), abs=1e-6)
    wrong = (found.rate.values < 1) != (expected < 1)
    assert float(found.disagreement) == wrong.mean()
    assert not wrong[np.abs(expected - 1) > 2e-3].any()


def test_the_boundary_is_polyaks():
    """Heavy ball on curvatures up to 10 converges iff rate * 10 < 2 + 2 * momentum."""
    rates, momenta = np.linspace(0.1, 0.45, 22), np.linspace(0.0, 0.95, 20)
    found = bowl_map(optimizers.sgd_momentum, rates, momenta)
    edge = (2 + 2 * momenta[:, None]) / 10
    clear = np.abs(rates - edge) > 1e-3
    assert ((found.rate.values < 1) == (rates < edge))[clear].all()
    assert clear.mean() > 0.98


def test_no_rate_leaves_the_floating_point_numbers():
    """From 0 (a step of 1/h lands in the minimum) to growth by 29 a step, whose 500th power is 10^731."""
    rates = np.array([1.0, 0.999, 0.5, 1.999, 2.001, 30.0])
    found = stability_map(
        problems.quadratic(1.0), optimizers.sgd_momentum,
        {"learning_rate": rates, "momentum": [0.0, 1e-9]}, start=np.array([1.0]),
    )  # fmt: skip
    expected = np.abs(1 - rates)
    assert found.rate.values[0, 0] == 0
    # The rates differ from these by the rounding of 1 - rate in float32, 6e-8, and by what 500 steps add to it.
    np.testing.assert_allclose(found.rate.values[0, 1:], expected[1:], rtol=1e-4)


def test_growth_beyond_all_numbers_is_infinite():
    rates = {"learning_rate": [0.5, 1e6], "momentum": [0.0, 0.5]}
    found = stability_map(problems.quadratic(1.0), optimizers.sgd_momentum, rates, start=np.array([1.0]))
    assert np.isposinf(found.rate.values[0, 1])
    assert found.rate.values[0, 0] == pytest.approx(0.5, abs=1e-5)


@settings(max_examples=5)
@given(st.floats(1e-6, 1e6))
def test_the_distance_of_the_start_does_not_matter(scale):
    """A linear method is the same at every scale."""
    first, second = bowl_map(optimizers.sgd_momentum), bowl_map(optimizers.sgd_momentum, start=scale * START)
    np.testing.assert_allclose(first.rate, second.rate, atol=2e-3)


def test_another_grid_of_the_same_size_compiles_nothing(count_compilations):
    bowl_map(optimizers.sgd_momentum)
    with count_compilations() as compiled:
        bowl_map(optimizers.sgd_momentum, RATES / 2, MOMENTA / 2)
    assert compiled.count == 0


def test_an_axis_may_be_the_problems():
    """Gradient descent over condition numbers from 1 on: max(|1 - a|, |1 - a k|)."""
    conditions, rates = np.array([2.0, 5.0, 20.0]), np.array([0.05, 0.3, 0.6, 1.5])
    found = stability_map(problems.ill_conditioned, optimizers.sgd, {"learning_rate": rates, "condition": conditions})
    expected = np.maximum(np.abs(1 - rates), np.abs(1 - rates * conditions[:, None]))
    np.testing.assert_allclose(found.exact_rate, expected, rtol=1e-6)
    np.testing.assert_allclose(found.rate, expected, rtol=1e-3)


def test_a_quadratic_is_known_by_its_loss():
    """A function that turns and mixes the coordinates, whose Hessian [[3, 1], [1, 3]] has the eigenvalues 2 and 4."""
    grid = {"learning_rate": [0.1, 0.4, 0.6], "momentum": [0.0, 0.5]}
    turned = lambda w: 1.5 * w @ w + w[0] * w[1]
    axes = traced_axes(grid, turned, {"": optax.sgd}, "float32")
    expected = [[spectral_radius(a, b, (2.0, 4.0), False) for b in grid["momentum"]] for a in grid["learning_rate"]]
    law = exact_rates(turned, optax.sgd, axes, 2)
    assert law is not None
    np.testing.assert_allclose(law, expected, atol=1e-6)


@pytest.mark.parametrize(
    "loss",
    [lambda w: w @ w + (w**4).sum() / 9, lambda w: w @ w + 1, lambda w: w[0] ** 2, lambda w: w[0] ** 2 - w[1] ** 2],
    ids=["quartic", "lifted", "flat", "saddle"],
)  # fmt: skip
def test_what_is_no_bowl_with_its_minimum_at_the_origin_has_no_law(loss):
    axes = traced_axes({"learning_rate": [0.1, 0.2]}, loss, {"": optimizers.sgd}, "float32")
    assert exact_rates(loss, optimizers.sgd, axes, 2) is None
    assert exact_rates(lambda w: w @ w, optimizers.sgd, axes, 2) is not None
    assert exact_rates(lambda w: w @ w, optimizers.adam, axes, 2) is None


def descent(learning_rate, slack):
    """Gradient descent that no law is known of, because nobody knows this function."""
    return optax.sgd(learning_rate + 0 * slack)


def lifted(height, x, key):
    return x**2 / 2 + height


def test_elsewhere_the_rate_is_the_mean_one():
    """From 3 by |1 - a| until the loss has fallen to 1e-10, or 200 steps; or by 2 until beyond 3e38."""
    grid = {"learning_rate": [0.5, 0.999, 1e-3, 3.0], "slack": [0.0, 1.0]}

    def rates(height):
        bowl = problems.Problem(Partial(lifted, height), minimum=height)
        return stability_map(bowl, descent, grid, start=3.0, num_steps=200).rate

    found = rates(0.0)
    assert found.attrs["long_name"] == "mean contraction per step"
    half, nearly, slow, growing = found.values[0]
    assert half == pytest.approx(0.5, abs=1e-6)
    assert nearly == pytest.approx(1e-3, rel=1e-3)
    assert slow == pytest.approx(0.999, abs=1e-6)
    assert 1.98 < growing <= 2.0  # all that is known of the last step is that it leads beyond the largest number
    # The lowest value counts, and a loss of 1 has rounding errors of 6e-8, of 1e-6 that are left in the end.
    np.testing.assert_allclose(rates(1.0)[0, [0, 2, 3]], found[0, [0, 2, 3]], rtol=5e-3)


def test_the_default_covers_the_boundary(monkeypatch):
    monkeypatch.setattr(inspect.getmodule(stability_map), "RESOLUTION", 20)
    found = stability_map(BOWL, optimizers.nesterov)
    assert found.rate.dims == ("momentum", "learning_rate")
    assert found.rate.shape == (20, 20)
    assert ((found.exact_rate < 1).any("learning_rate") & (found.exact_rate > 1).any("learning_rate")).all()


GRID = {"learning_rate": [0.1, 0.2], "momentum": [0.0, 0.5]}
TREE = problems.Problem(lambda w, key: w[0], lambda key: (0.0, np.ones(2)))


def test_a_momentum_of_1_and_no_learning_rate_have_no_law_but_are_measured():
    """Undamped, a ball swings for ever on a bowl; without a step it stays: both at the rate 1."""
    found = stability_map(
        problems.quadratic((1.0, 10.0)), optimizers.sgd_momentum,
        {"learning_rate": [0.0, 0.1], "momentum": [0.0, 0.5, 1.0]}, num_steps=400, start=np.array([1.0, 1.0]),
    )  # fmt: skip
    known = np.isfinite(found.exact_rate.values)
    assert known.tolist() == [[False, True], [False, True], [False, False]]
    np.testing.assert_allclose(found.rate.values[~known], 1, atol=1e-3)
    assert float(found.disagreement) == 0


BAD = {
    "one axis": ((BOWL, optimizers.sgd, {"learning_rate": [0.1, 0.2]}), {}, "and these have them: learning_rate"),
    "no grid": ((problems.rosenbrock(), optimizers.adam), {}, "grid: only for heavy ball"),
    "no momentum": ((BOWL, optimizers.sgd), {}, "grid: only for heavy ball"),
    "unknown name": ((BOWL, optimizers.sgd, {"lerning_rate": [0.1, 0.2]}), {}, "did you mean 'learning_rate'"),
    "resting": ((problems.rosenbrock(), optimizers.sgd_momentum, GRID), {"start": [1.0, 1.0]}, "start: its loss is 0"),
    "no lowest": ((problems.saddle(), optimizers.sgd_momentum, GRID), {"start": [0.1, 1.0]}, "state the lowest"),
    "no start": ((lambda w: w @ w, optimizers.sgd_momentum, GRID), {}, "start: <lambda> has no init"),
    "wrong start": ((BOWL, optimizers.sgd_momentum, GRID), {"start": [1.0, 1.0, 1.0]}, "start: got a start point"),
    "random": ((problems.noisy_quadratic(), optimizers.sgd_momentum, GRID), {}, "draws from a key"),
    "a tree": ((TREE, optimizers.sgd_momentum, GRID), {}, "start: got tuple"),
    "steps": ((BOWL, optimizers.sgd_momentum, GRID), {"num_steps": 3}, "num_steps: got 3"),
    "at rest": ((BOWL, optimizers.sgd_momentum, GRID), {"start": [0.0, 0.0]}, "start: its loss is 0"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_mistakes_are_told_in_a_sentence(case):
    arguments, options, fragment = BAD[case]
    with pytest.raises(ValueError, match=r"^[a-z_]+: ") as caught:
        stability_map(*arguments, **options)
    assert fragment in str(caught.value)


def test_a_map_that_does_not_fit_is_refused_with_one_that_does(monkeypatch):
    from jaxopt_lab.analysis import windows

    monkeypatch.setattr(windows, "available_memory", lambda: 10 * 2**20)
    with pytest.raises(ValueError, match=r"resolution: 1,000 x 1,000 cells take 0\.1 GiB.*at most 264 x 264 fit"):
        stability_map(BOWL)
