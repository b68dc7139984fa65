"""Curvature without the Hessian, against the Hessian itself, known spectra and the edge of stability."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jaxopt_lab import optimizers, problems, sweep
from jaxopt_lab.analysis.curvature import (
    derivatives,
    extreme_eigenvalues,
    hessian_trace,
    hessian_vector_product,
    lanczos,
    sharpness,
    spectral_density,
)
from jaxopt_lab.problems.networks import draw_layers, logits

KEY = jax.random.key(0)
INPUTS = np.random.default_rng(0).normal(size=(40, 4))
TARGETS = np.random.default_rng(1).normal(size=(40, 2))


def regression(params, inputs=INPUTS, targets=TARGETS):
    """Squared error of a tanh network; its Hessian has eigenvalues of both signs."""
    return jnp.mean((logits(params, inputs, "tanh") - targets) ** 2)


@functools.cache
def dense_network():
    """Parameters of 4 x 6 + 6 + 6 x 2 + 2 = 44 numbers, and the dense Hessian there."""
    params = draw_layers(KEY, (4, 6, 2), activation="tanh")
    flat, unravel = ravel_pytree(params)
    return params, np.asarray(jax.jit(jax.hessian(lambda flat: regression(unravel(flat))))(flat))


@pytest.fixture
def network(x64):
    return dense_network()


def start_of(problem):
    assert problem.init is not None
    return problem.init(KEY)


def half_square(matrix, x, key):
    return 0.5 * x @ matrix @ x


def form_of(matrix):
    """The quadratic form of a matrix, which is its Hessian everywhere."""
    return problems.Problem(Partial(half_square, matrix))


def test_products_are_those_of_the_dense_hessian(network):
    params, dense = network
    vector = draw_layers(jax.random.key(1), (4, 6, 2), activation="tanh")
    product = hessian_vector_product(regression, params, vector)
    assert jax.tree.structure(product) == jax.tree.structure(params)
    np.testing.assert_allclose(ravel_pytree(product)[0], dense @ ravel_pytree(vector)[0], atol=1e-12)


def test_products_are_differences_of_gradients(network):
    params, _ = network
    vector = draw_layers(jax.random.key(1), (4, 6, 2), activation="tanh")
    ends = [jax.grad(regression)(jax.tree.map(lambda p, v, e=e: p + e * v, params, vector)) for e in (-1e-5, 1e-5)]
    slope = (ravel_pytree(ends[1])[0] - ravel_pytree(ends[0])[0]) / 2e-5
    # Central differences: the step squared times a third derivative, and rounding over the step.
    np.testing.assert_allclose(ravel_pytree(hessian_vector_product(regression, params, vector))[0], slope, atol=1e-8)


@pytest.mark.long
def test_all_eigenvalues_are_found_with_as_many_steps_as_parameters(network):
    _, dense = network
    ends = extreme_eigenvalues(form_of(dense), jnp.zeros(44), KEY, count=44)
    exact = np.linalg.eigvalsh(dense)
    np.testing.assert_allclose(ends.smallest, exact, atol=1e-10)
    np.testing.assert_allclose(ends.largest, exact[::-1], atol=1e-10)
    vectors = np.asarray(ends.largest_vectors)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(44), atol=1e-10)
    np.testing.assert_allclose(dense @ vectors.T, vectors.T * ends.largest, atol=1e-10)


@pytest.mark.long
def test_few_steps_find_the_ends_of_a_network_within_the_errors_they_state(network):
    params, dense = network
    ends = extreme_eigenvalues(regression, params, KEY, count=3, steps=14)
    exact = np.linalg.eigvalsh(dense)
    for found, errors, vectors in (
        (ends.largest, ends.largest_errors, ends.largest_vectors),
        (ends.smallest, ends.smallest_errors, ends.smallest_vectors),
    ):
        assert jax.tree.structure(vectors) == jax.tree.structure(params)
        rows = np.stack([ravel_pytree(jax.tree.map(lambda leaf, i=i: leaf[i], vectors))[0] for i in range(3)])
        residuals = np.linalg.norm(dense @ rows.T - rows.T * found, axis=0)
        np.testing.assert_allclose(residuals, errors, atol=1e-12)
        assert (np.abs(exact[:, None] - found).min(axis=0) <= errors + 1e-12).all()
    assert exact[0] < 0 < exact[-1]
    assert ends.largest_errors[0] < 1e-3 * exact[-1]
    assert np.asarray(ends.largest_errors).max() > 1e-9  # else the bound was not tried


SPECTRA = {
    "distinct": [1.0, 2.0, 3.0, 5.0, 8.0],
    "repeated": [2.0, 2.0, 2.0, 7.0, 7.0],
    "one value": [3.0] * 5,
    "all negative": [-9.0, -4.0, -1.0, -1.0, -0.5],
    "zero": [0.0] * 5,
    "singular": [0.0, 0.0, 0.0, 0.0, 1.0],
}
restricted = jax.jit(
    lambda matrix, start: lanczos(lambda v: jnp.matmul(matrix, v, precision="highest"), start, 5).values
)


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("scale", [1.0, 1e-25, 1e25])
def test_known_spectra_at_the_edges_of_float32(spectrum, scale):
    """Squares of 1e-25 vanish in float32 and those of 1e25 overflow: lengths are taken without them."""
    exact = scale * np.array(SPECTRA[spectrum])
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(5, 5)))
    matrix = jnp.asarray(turn @ np.diag(exact) @ turn.T, jnp.float32)
    found = restricted(matrix, jnp.ones(5))
    np.testing.assert_allclose(found, exact, atol=3e-6 * np.abs(exact).max())  # a few dozen roundings of the largest


def test_a_start_on_an_eigenvector_goes_on_to_the_others():
    found = restricted(jnp.diag(jnp.array([1.0, 2.0, 3.0, 4.0, 5.0])), jnp.eye(5)[1])
    np.testing.assert_allclose(found, [1.0, 2.0, 3.0, 4.0, 5.0], rtol=1e-5)


@pytest.mark.long
def test_no_eigenvalue_comes_back_as_its_own_copy():
    """Without reorthogonalisation the value 100 is found again and again within 60 steps of float32."""
    diagonal = jnp.concatenate([jnp.linspace(0.0, 1.0, 199), jnp.array([100.0])])
    ritz = jax.jit(lambda: lanczos(lambda v: diagonal * v, jnp.ones(200), 60))()
    assert int((ritz.values > 2).sum()) == 1
    np.testing.assert_allclose(ritz.vectors @ ritz.vectors.T, np.eye(60), atol=2e-5)
    assert float(ritz.weights.sum()) == pytest.approx(1, abs=1e-5)


@given(st.lists(st.floats(-10, 10, width=32), min_size=5, max_size=5), st.integers(0, 2**31 - 1))
@settings(max_examples=25)
def test_any_symmetric_matrix(eigenvalues, seed):
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))
    matrix = np.asarray(turn @ np.diag(eigenvalues) @ turn.T, np.float32)
    matrix = (matrix + matrix.T) / 2
    found = restricted(jnp.asarray(matrix), jnp.ones(5))
    size = max(np.abs(eigenvalues).max(), 1e-30)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(matrix.astype(float)), atol=1e-5 * size)


def test_trace_and_its_error():
    """H = [[2, 1], [1, 3]]: the trace is 5, and a sample is 5 + 2 z1 z2, that is 3 or 7: its deviation is 2."""
    matrix = jnp.array([[2.0, 1.0], [1.0, 3.0]])
    found = hessian_trace(lambda x: 0.5 * x @ matrix @ x, jnp.ones(2), KEY, samples=400)
    assert float(found.standard_error) == pytest.approx(2 / 20, rel=0.05)
    assert float(found.value) == pytest.approx(5, abs=4 * 0.1)
    assert float(found.value) != 5.0


def test_density_is_that_of_all_eigenvalues(network):
    _, dense = network
    found = spectral_density(form_of(dense), jnp.zeros(44), KEY, samples=300, smoothing=0.05)
    assert float(jnp.trapezoid(found.density, found.grid)) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-10)
    exact, sigma = np.linalg.eigvalsh(dense), float(found.smoothing)
    bumps = np.exp(-0.5 * ((np.asarray(found.grid)[:, None] - exact) / sigma) ** 2)
    smoothed = bumps.sum(axis=1) / (44 * sigma * np.sqrt(2 * np.pi))
    # The overlaps of 300 random starts with one eigenvector: each is off by sqrt(2 / 300) = 8% of itself.
    np.testing.assert_allclose(found.density, smoothed, atol=0.12 * smoothed.max())
    # The first moment is the trace over the dimension.
    mean = float((found.nodes * found.weights).sum() / 300)
    spread = np.sqrt(2 * (exact**2).mean() / 44 / 300)
    assert mean == pytest.approx(np.trace(dense) / 44, abs=4 * spread)


@pytest.mark.long
def test_other_numbers_compile_nothing(count_compilations):
    def look(form):
        return tuple(f(form, point, KEY) for f in (extreme_eigenvalues, hessian_trace, spectral_density))

    first, second = (form_of(jnp.diag(jnp.array(diagonal))) for diagonal in ((1.0, 2.0, 3.0), (1.0, 4.0, 9.0)))
    point = jnp.full(3, 0.5)
    look(first)
    with count_compilations() as compiled:
        found: Any = look(second)
    ends, trace, density = found
    assert compiled.count == 0
    assert float(ends.largest[0]) == pytest.approx(9, rel=1e-5)
    assert float(trace.value) == pytest.approx(14, rel=1e-5)
    assert float(density.nodes.max()) == pytest.approx(9, rel=1e-5)


@pytest.mark.parametrize("curvature", [0.0, 5.0])
def test_density_of_a_spectrum_of_one_point(curvature):
    found = spectral_density(form_of(curvature * jnp.eye(3)), jnp.full(3, 0.5), KEY)
    assert float(jnp.trapezoid(found.density, found.grid)) == pytest.approx(1, abs=1e-3)
    assert float(found.grid[found.density.argmax()]) == pytest.approx(curvature, abs=0.01)


def test_under_vmap_each_point_has_its_own(x64):
    """The Hessian of x^4 / 12 + y^2 is diag(x^2, 2)."""
    points = jnp.array([[3.0, 0.0], [1.0, 5.0], [0.0, 0.0]])

    def top(point):
        return extreme_eigenvalues(lambda w: w[0] ** 4 / 12 + w[1] ** 2, point, KEY).largest[0]

    np.testing.assert_allclose(jax.jit(jax.vmap(top))(points), [9.0, 2.0, 2.0], atol=1e-12)


def test_gradient_and_hessian_along_a_path():
    """Rosenbrock's: H = [[1200 x^2 - 400 y + 2, -400 x], [-400 x, 200]]."""
    problem = problems.rosenbrock()
    run = sweep(
        problem, optimizers.sgd, {"learning_rate": [1e-3, 2e-3]}, starts=np.array([[-1.0, 1.5], [0.5, 0.5]]),
        num_steps=4, record="path", observe=derivatives(),
    )  # fmt: skip
    x, y = np.asarray(run.params.isel(param=0), float), np.asarray(run.params.isel(param=1), float)
    exact = np.stack([1200 * x**2 - 400 * y + 2, -400 * x, -400 * x, 200 + 0 * x], axis=-1)
    np.testing.assert_allclose(run.hessian.values.reshape(exact.shape), exact, rtol=1e-4)
    slope = np.stack([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)], axis=-1)
    np.testing.assert_allclose(run.gradient.values, slope, rtol=1e-4, atol=1e-3)


def test_in_a_sweep_over_the_problem_each_lane_has_the_sharpness_of_its_own(count_compilations):
    """The sharpness of a bowl is its condition number, everywhere and at every step."""

    def look(conditions):
        return sweep(
            problems.ill_conditioned, optimizers.sgd, {"condition": conditions, "learning_rate": [0.01]}, starts=2,
            num_steps=3, record="path", observe=sharpness(),
        ).squeeze("learning_rate")  # fmt: skip

    look([1.5, 3.0, 8.0])
    with count_compilations() as compiled:
        run = look([2.0, 10.0, 50.0])
    assert compiled.count == 0  # what is asked for anew is the same observation
    assert run.sharpness.dims == ("condition", "start", "step")
    np.testing.assert_allclose(run.sharpness, run.condition.broadcast_like(run.sharpness), rtol=1e-5)


def test_a_problem_that_is_named_is_looked_at_whatever_the_trajectory_runs_on():
    found = sharpness(problems.quadratic((0.5, 3.0)))(jnp.ones(2), jnp.zeros(()), jnp.ones(2))
    assert float(found["sharpness"]) == pytest.approx(3, rel=1e-5)


def test_sharpness_leaves_a_diverging_neighbour_alone():
    """The Hessian of x^4 / 12 is x^2; at rate 3 the second start leaves the finite numbers within 12 steps."""
    quartic = problems.as_problem(lambda w: (w**4).sum() / 12)
    run = sweep(
        quartic, optimizers.sgd, {"learning_rate": [0.1, 3.0]}, starts=np.array([[1.0], [4.0]]), num_steps=12,
        record="path", observe=sharpness(quartic),
    )  # fmt: skip
    calm = run.isel(learning_rate=0)
    np.testing.assert_allclose(calm.sharpness, calm.params.isel(param=0) ** 2, rtol=1e-5)
    lost = run.isel(learning_rate=1, start=1)
    assert int(lost.diverged_at) > 0
    assert not np.isfinite(lost.sharpness[-1])


def gradient_work(function, *arguments, rows):
    """Multiplications in products of matrices over the data, those inside loops counted as often as they run."""

    def count(jaxpr):
        total = 0
        for equation in jaxpr.eqns:
            parts = [getattr(part, "jaxpr", part) for part in jax.tree.leaves(list(equation.params.values()))]
            inside = [part for part in parts if hasattr(part, "eqns")]
            total += equation.params.get("length", 1) * sum(count(each) for each in inside)
            if equation.primitive.name == "dot_general":
                left, right = (each.aval.shape for each in equation.invars)
                (contracted, _), _ = equation.params["dimension_numbers"]
                out = equation.outvars[0].aval.shape
                if rows in (*left, *right):
                    total += int(np.prod(out)) * int(np.prod([left[axis] for axis in contracted]))
        return total

    return count(jax.make_jaxpr(function)(*arguments).jaxpr)


def test_a_sharpness_is_at_most_the_work_of_25_gradients():
    problem = problems.mlp("wine", hidden=(7, 6), activation="tanh")
    params = start_of(problem)
    rows = len(problems.datasets.load("wine").train.features)
    gradient = jax.grad(lambda params: problem.loss(params, None))
    one = gradient_work(gradient, params, rows=rows)
    observe = sharpness(problem)
    looked = gradient_work(lambda params: observe(params, jnp.zeros(()), params), params, rows=rows)
    assert one > 0
    assert 12 * one <= looked <= 25 * one


POINTS = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]
CHEBYSHEV = np.asarray(8 * POINTS[:, 0] ** 4 - 8 * POINTS[:, 0] ** 2 + 1)


def chebyshev(params):
    """Fit T4 at twenty points, as Cohen et al. (2021) do in their appendix."""
    return jnp.mean((logits(params, POINTS, "tanh") - CHEBYSHEV) ** 2)


def descend(rates, num_steps, starts=1, width=32):
    drawn = jax.vmap(lambda key: draw_layers(key, (1, width, width, 1), activation="tanh"))(
        jax.random.split(KEY, starts)
    )
    return sweep(
        chebyshev, optimizers.sgd, {"learning_rate": rates}, starts=drawn, num_steps=num_steps, record=20,
        observe=sharpness(chebyshev),
    )  # fmt: skip


@pytest.mark.long
def test_edge_of_stability():
    """Full-batch gradient descent drives the sharpness from below to 2 / step, and holds it there (Cohen et al. 2021).

    At a step a tenth as large there is no such edge within the same time.
    """
    run = descend([0.01, 0.1], 3000).isel(start=0)
    times_step = run.sharpness * run.learning_rate
    held = times_step.sel(step=slice(2000, None), learning_rate=0.1)
    assert float(times_step.sel(step=0, learning_rate=0.1)) < 1.8
    assert float(times_step.sel(learning_rate=0.1).max()) > 2.05  # it overshoots before it settles
    # It swings about the edge, and how far in which step hangs on the last bit of the programs: the mean does not.
    assert float(held.mean()) == pytest.approx(2, abs=0.03)
    np.testing.assert_allclose(held, 2, atol=0.1)
    assert float(times_step.sel(learning_rate=0.01).max()) < 1
    loss = run.loss.sel(learning_rate=0.1)
    assert float(loss.sel(step=3000)) < 0.5 * float(loss.sel(step=1000))  # all the while it learns


@pytest.mark.long
def test_edge_of_stability_of_many_networks():
    """At every step size and from every start, once the sharpness has come up to 2 / step."""
    run = descend([0.05, 0.1], 20_000, starts=4)
    held = (run.sharpness * run.learning_rate).sel(step=slice(15_000, None))
    assert bool((run.diverged_at == -1).all())
    np.testing.assert_allclose(held.mean("step"), 2, atol=0.02)
    np.testing.assert_allclose(held, 2, atol=0.2)
    end = run.isel(learning_rate=1, start=0)
    params = tuple({name: end[f"final_params.{i}.{name}"].values for name in ("weights", "biases")} for i in range(3))
    top = extreme_eigenvalues(chebyshev, params, KEY).largest[0]
    assert float(end.sharpness[-1]) == pytest.approx(float(top), rel=1e-4)  # twelve products find what sixty do


BOWL = problems.quadratic((1.0, 10.0))
POINT = jnp.ones(2)
BAD = {
    "key": (
        lambda: extreme_eigenvalues(problems.mlp("wine", batch_size=8), start_of(problems.mlp("wine")), KEY),
        "draws from a key.*without batch_size",
    ),
    "vector loss": (lambda: hessian_trace(lambda x: x, POINT, KEY), "one number"),
    "no problem": (lambda: sharpness(3), "pass a Problem or a function"),  # pyright: ignore[reportArgumentType]
    "no problem either": (lambda: derivatives(3), "pass a Problem or a function"),  # pyright: ignore[reportArgumentType]
    "factory": (
        lambda: extreme_eigenvalues(problems.quadratic, POINT, KEY),  # pyright: ignore[reportArgumentType]
        "call it",
    ),
    "too many": (lambda: extreme_eigenvalues(BOWL, POINT, KEY, count=3), "count: got 3"),
    "no count": (lambda: extreme_eigenvalues(BOWL, POINT, KEY, count=0), "count: got 0"),
    "no steps": (lambda: spectral_density(BOWL, POINT, KEY, steps=0), "steps: got 0"),
    "whole numbers": (lambda: extreme_eigenvalues(BOWL, jnp.array([1, 2]), KEY), "int32"),
    "nothing": (lambda: hessian_trace(BOWL, (), KEY), "no parameter"),
    "one sample": (lambda: hessian_trace(BOWL, POINT, KEY, samples=1), "samples: got 1"),
    "no smoothing": (lambda: spectral_density(BOWL, POINT, KEY, smoothing=0.0), "smoothing: got 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    call, message = BAD[case]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
