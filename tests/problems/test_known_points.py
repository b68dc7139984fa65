"""What is known about each surface is so: minima, saddles, lowest and published values."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import problems
from jaxopt_lab.problems.problem import Problem

pytestmark = pytest.mark.usefixtures("x64")

# The known points are written to 16 digits or more, so that the gradient there is the rounding of its terms, which the
# Hessian (up to 1e5) bounds: a wrong tenth digit would show.
FLAT = 1e-9

WITH_MINIMA: dict[str, Any] = {
    "quadratic": problems.quadratic((1.0, 10.0, 3.0)),
    "ill_conditioned": problems.ill_conditioned(50.0, dim=4),
    "double_well in 1": problems.double_well(dim=1),
    "double_well in 3": problems.double_well(dim=3),
    "rosenbrock": problems.rosenbrock(),
    "rosenbrock at 1.2": problems.rosenbrock(1.2, 10.0),
    "rosenbrock in 5": problems.rosenbrock(dim=5),
    "rosenbrock at 1.1 in 4": problems.rosenbrock(1.1, dim=4),
    "beale": problems.beale(),
    "goldstein_price": problems.goldstein_price(),
    "branin": problems.branin(),
    "himmelblau": problems.himmelblau(),
    "rastrigin": problems.rastrigin(dim=3),
    "styblinski_tang": problems.styblinski_tang(),
    "styblinski_tang in 1": problems.styblinski_tang(dim=1),
    "styblinski_tang in 4": problems.styblinski_tang(dim=4),
    "styblinski_tang in 6": problems.styblinski_tang(dim=6),
    "six_hump_camel": problems.six_hump_camel(),
}
WITH_SADDLES = {
    "saddle": problems.saddle(),
    "saddle of index 2": problems.saddle((1.0, -2.0, -3.0)),
    "monkey_saddle": problems.monkey_saddle(),
} | {name: problem for name, problem in WITH_MINIMA.items() if problem.saddles is not None}
LOWEST = WITH_MINIMA | {"ackley": problems.ackley(), "ackley in 5": problems.ackley(10.0, 0.1, 3.0, dim=5)}

# How many critical points each has on its domain.
CENSUS = {
    "double_well in 3": {"minima": 2, "saddles": 1, "maxima": 0},
    "styblinski_tang": {"minima": 4, "saddles": 4, "maxima": 1},
    "styblinski_tang in 1": {"minima": 2, "saddles": 0, "maxima": 1},
    "beale": {"minima": 1, "saddles": 2, "maxima": 0},
    "goldstein_price": {"minima": 4, "saddles": 4, "maxima": 1},
    "branin": {"minima": 3, "saddles": 2, "maxima": 0},
    "himmelblau": {"minima": 4, "saddles": 4, "maxima": 1},
    "six_hump_camel": {"minima": 6, "saddles": 7, "maxima": 2},
    "rosenbrock": {"minima": 1, "saddles": 0, "maxima": 0},
}
QUICK = {"double_well in 3", "styblinski_tang", "himmelblau", "six_hump_camel"}

# Values in the literature: Jamil and Yang 2013, "A literature survey of benchmark functions"; Surjanovic and Bingham,
# "Virtual library of simulation experiments"; scipy.optimize.rosen; the rest is arithmetic by hand.
PUBLISHED = [
    (problems.quadratic((1.0, 10.0)), (4.0, 1.5), 19.25),
    (problems.quadratic(3.0), (2.0,), 6.0),
    (problems.saddle(), (0.1, 1.5), -2.24),
    (problems.monkey_saddle(), (1.0, 2.0), -11.0),
    (problems.double_well(dim=1), (0.0,), 0.25),
    (problems.rosenbrock(), (-1.2, 1.0), 24.2),
    (problems.rosenbrock(dim=10), 0.1 * np.arange(10), 76.56),
    (problems.rosenbrock(2.0, 1.0), (2.0, 5.0), 1.0),
    (problems.beale(), (1.0, 1.0), 14.203125),
    (problems.goldstein_price(), (0.0, 0.0), 600.0),
    (problems.goldstein_price(), (1.2, 0.8), 840.0),
    (problems.branin(), (-np.pi, 12.275), 0.39788735772973816),
    (problems.branin(), (0.0, 0.0), 55.602112642270262),
    (problems.himmelblau(), (-0.270845, -0.923039), 181.61652152),
    (problems.rastrigin(), (1.0, 1.0), 2.0),
    (problems.rastrigin(dim=3), (0.5, 0.5, 0.5), 60.75),
    (problems.ackley(), (1.0, 1.0), 3.6253849384403627),
    (problems.styblinski_tang(), (-2.903534, -2.903534), -78.33233140754282),
    (problems.styblinski_tang(dim=3), (0.0, 0.0, 0.0), 0.0),
    (problems.six_hump_camel(), (0.0898, -0.7126), -1.0316284229280819),
    (problems.six_hump_camel(), (-2.0, -1.0), 5.733333333333333),
]


def at(problem: Problem, points: Any) -> np.ndarray:
    """The loss at each of some points."""
    return np.asarray(jax.jit(jax.vmap(problem.loss, in_axes=(0, None)))(np.asarray(points, float), None))


def local(problem: Problem, points: np.ndarray) -> tuple[np.ndarray, ...]:
    """The loss, the gradient and the Hessian's eigenvalues at each of some points."""

    def derivatives(x: jax.Array) -> Any:
        return problem.loss(x, None), jax.grad(problem.loss)(x, None), jax.hessian(problem.loss)(x, None)

    losses, gradients, hessians = jax.jit(jax.vmap(derivatives))(points)
    return np.asarray(losses), np.asarray(gradients), np.linalg.eigvalsh(hessians)


def directions(dim: int) -> np.ndarray:
    points = np.random.default_rng(3).normal(size=(400, dim))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.mark.parametrize(("problem", "point", "value"), PUBLISHED, ids=lambda thing: getattr(thing, "name", None))
def test_published_values(problem: Problem, point: Any, value: float) -> None:
    np.testing.assert_allclose(problem.loss(jnp.array(point), None), value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", WITH_MINIMA)
def test_every_known_minimum_is_one(name: str) -> None:
    _, gradients, curvatures = local(WITH_MINIMA[name], WITH_MINIMA[name].minima)
    np.testing.assert_allclose(gradients, 0, atol=FLAT)
    assert curvatures.min() > 1e-3


@pytest.mark.parametrize("name", LOWEST)
def test_the_first_minimum_attains_the_lowest_value_and_nothing_is_below(name: str) -> None:
    problem = LOWEST[name]
    assert problem.domain is not None
    draws = np.random.default_rng(1).uniform(*problem.domain, size=(20_000, len(problem.domain[0])))
    values = at(problem, np.concatenate([problem.minima, draws]))
    known, drawn = values[: len(problem.minima)], values[len(problem.minima) :]
    # The rounding of the terms that cancel there, up to 1e3 of them in size.
    assert known[0] == pytest.approx(problem.minimum, rel=1e-14, abs=1e-12)
    assert known.min() >= problem.minimum - 1e-12
    assert drawn.min() > problem.minimum


@pytest.mark.parametrize("name", WITH_SADDLES)
def test_every_known_saddle_is_one(name: str) -> None:
    problem = WITH_SADDLES[name]
    losses, gradients, curvatures = local(problem, problem.saddles)
    np.testing.assert_allclose(gradients, 0, atol=FLAT)
    rings = problem.saddles[:, None] + 1e-3 * directions(problem.saddles.shape[1])
    rises = at(problem, rings.reshape(-1, rings.shape[-1])).reshape(rings.shape[:-1]) - losses[:, None]
    assert (rises.min(axis=1) < 0).all()
    assert (rises.max(axis=1) > 0).all()
    if name == "monkey_saddle":
        np.testing.assert_array_equal(curvatures, 0)
    else:
        assert (curvatures.min(axis=1) < -1e-3).all()
        assert (curvatures.max(axis=1) > 1e-3).all()


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.long) for n in CENSUS])
def test_newton_from_everywhere_finds_the_known_points_and_no_other(name: str) -> None:
    problem = WITH_MINIMA[name]
    found = critical_points(problem)
    _, _, curvatures = local(problem, found)
    kinds = np.where(
        (curvatures > 0).all(axis=1), "minima", np.where((curvatures < 0).all(axis=1), "maxima", "saddles")
    )
    assert {kind: int((kinds == kind).sum()) for kind in CENSUS[name]} == CENSUS[name]
    for kind in ("minima", "saddles"):
        known = getattr(problem, kind)
        assert (kinds == kind).sum() == (0 if known is None else len(known))
        for point in found[kinds == kind]:
            # Newton's end points were rounded to 7 digits to tell them apart.
            assert np.abs(known - point).max(axis=1).min() < 1e-6


def critical_points(problem: Problem) -> np.ndarray:
    """Where Newton's method for a zero of the gradient ends, from a grid over the domain; each point once."""
    assert problem.domain is not None
    lower, upper = problem.domain
    sides = [np.linspace(low, high, 24) for low, high in zip(lower, upper, strict=True)]
    grid = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, len(sides))
    gradient = jax.grad(problem.loss)

    def newton(x: jax.Array, _: Any) -> tuple[jax.Array, None]:
        return x - jnp.linalg.solve(jax.hessian(problem.loss)(x, None), gradient(x, None)), None

    def end(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        x, _ = jax.lax.scan(newton, x, length=60)
        return x, gradient(x, None)

    ends, slopes = (np.asarray(leaf) for leaf in jax.jit(jax.vmap(end))(grid))
    still = np.linalg.norm(slopes, axis=1) < FLAT
    inside = ((ends >= lower) & (ends <= upper)).all(axis=1)
    return np.unique(ends[still & inside].round(7) + 0.0, axis=0)


def test_in_four_dimensions_every_minimum_and_saddle_of_styblinski_tang_is_listed() -> None:
    problem = problems.styblinski_tang(dim=4)
    assert problem.minima.shape == (16, 4)
    assert problem.saddles.shape == (81 - 16 - 1, 4)
    assert len(np.unique(problem.saddles, axis=0)) == 64


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_ackley_has_a_cone_for_a_minimum_and_no_nan_in_its_gradient(dim: int) -> None:
    problem = problems.ackley(dim=dim)
    assert not problem.smooth
    radii = np.array([0.0, 1e-9, 1e-4, 0.1])
    rings = (radii[:, None, None] * directions(dim)).reshape(-1, dim)
    losses, slopes = jax.jit(jax.vmap(jax.value_and_grad(problem.loss), in_axes=(0, None)))(rings, None)
    losses, slopes = np.reshape(losses, (4, 400)), np.reshape(slopes, (4, 400, dim))
    np.testing.assert_array_equal(slopes[0], 0)
    assert np.isfinite(slopes).all()
    # The slope of the cone is a * b / sqrt(dim) = 4 / sqrt(dim); the ripples only add to it.
    assert (losses[1:].min(axis=1) > 0.9 * 4 / np.sqrt(dim) * radii[1:]).all()


@pytest.mark.parametrize("factory", [problems.ackley, problems.rastrigin])
def test_float32_resolves_the_loss_close_to_the_minimum(factory: Any) -> None:
    # The textbook forms cancel here: they give 0 or 1e-6 for both.
    point = np.array([3e-5, -2e-5])
    narrow = factory().loss(jnp.asarray(point, jnp.float32), None)
    np.testing.assert_allclose(narrow, factory().loss(jnp.asarray(point), None), rtol=1e-6)


@pytest.mark.parametrize("dim", [2, 3, 8])
def test_ill_conditioned_runs_from_1_to_the_condition_in_equal_ratios(dim: int) -> None:
    curvatures = 2 * at(problems.ill_conditioned(100.0, dim=dim), np.eye(dim))
    assert curvatures[0] == 1
    assert curvatures[-1] == 100
    np.testing.assert_allclose(curvatures[1:] / curvatures[:-1], 100 ** (1 / (dim - 1)), rtol=1e-12)


def test_the_noise_of_the_noisy_quadratic_has_its_variance_and_mean_zero() -> None:
    problem = problems.noisy_quadratic((1.0, 10.0), noise=0.25)
    point, keys = jnp.array([2.0, -1.0]), jax.random.split(jax.random.key(0), 10_000)
    gradients = jax.jit(jax.vmap(jax.grad(problem.loss), in_axes=(None, 0)))(point, keys)
    # Four standard errors: sqrt(c / n) of the mean, c * sqrt(2 / n) of the variance.
    np.testing.assert_allclose(gradients.mean(axis=0), [2.0, -10.0], atol=4 * np.sqrt(0.25 / 10_000))
    np.testing.assert_allclose(gradients.var(axis=0), 0.25, atol=4 * 0.25 * np.sqrt(2 / 10_000))
    assert problem.evaluate is not None
    assert problem.evaluate(point)["expected_loss"] == 7.0


def test_gradient_descent_on_the_noisy_quadratic_settles_at_the_variance_of_the_closed_form() -> None:
    step, noise = 0.15, 0.5
    problem = problems.noisy_quadratic((1.0, 10.0), noise)

    def settled(key: jax.Array) -> jax.Array:
        def descend(x: jax.Array, key: jax.Array) -> tuple[jax.Array, None]:
            return x - step * jax.grad(problem.loss)(x, key), None

        return jax.lax.scan(descend, jnp.zeros(2), jax.random.split(key, 100))[0]

    ends = jax.jit(jax.vmap(settled))(jax.random.split(jax.random.key(5), 5_000))
    curvatures = np.array([1.0, 10.0])
    exact = step * noise / (curvatures * (2 - step * curvatures))
    # Four standard errors of a variance, sqrt(2 / n) of it each.
    np.testing.assert_allclose(ends.var(axis=0), exact, rtol=4 * np.sqrt(2 / 5_000))


def test_noise_needs_a_key() -> None:
    with pytest.raises(ValueError, match=r"pass key=jax.random.key\(seed\)"):
        problems.noisy_quadratic().loss(jnp.ones(2), None)


@pytest.mark.parametrize("eigenvalues", [(1.0, -1.0), np.array([-2.0])])
def test_a_bowl_has_no_negative_eigenvalue(eigenvalues: Any) -> None:
    with pytest.raises(ValueError, match=r"a bowl has none below 0, problems\.saddle takes both"):
        problems.quadratic(eigenvalues)


@pytest.mark.parametrize("eigenvalues", [(1.0, 2.0), (-1.0,), 0.0])
def test_a_saddle_has_eigenvalues_of_both_signs(eigenvalues: Any) -> None:
    with pytest.raises(ValueError, match="at least one above and one below 0"):
        problems.saddle(eigenvalues)


@pytest.mark.parametrize("eigenvalues", [np.ones((2, 2)), ()])
def test_eigenvalues_are_a_vector(eigenvalues: Any) -> None:
    with pytest.raises(ValueError, match="pass one number for each dimension"):
        problems.quadratic(eigenvalues)


def test_eigenvalues_may_be_plain_and_traced_numbers_together() -> None:
    sharpest = jax.vmap(lambda h: problems.quadratic((1.0, h)).loss(jnp.ones(2), None))(jnp.array([1.0, 3.0]))
    np.testing.assert_array_equal(sharpest, [1.0, 2.0])
