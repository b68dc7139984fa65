"""Saddle-free Newton against NumPy step by step, and on quadratics in one step."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems, simulate, sweep

HESSIAN = np.array([[2.0, 1.0, 0.0], [1.0, -1.0, 0.5], [0.0, 0.5, -3.0]])  # indices 2, no axis an eigenvector


@pytest.mark.usefixtures("x64")
def test_on_a_quadratic_positive_directions_end_and_negative_ones_double_in_one_step():
    """Along each eigenvector x -> x - |h|^-1 h x: 0 where h > 0, 2 x where h < 0, whatever the size of h."""
    curvatures, axes = np.linalg.eigh(HESSIAN)
    assert (curvatures < 0).tolist() == [True, True, False]
    start = axes @ np.array([0.3, -0.2, 5.0])
    path = simulate(
        lambda x: x @ jnp.asarray(HESSIAN) @ x / 2, optimizers.saddle_free_newton(1.0, damping=0.0), start, 2
    )
    # a few roundings of float64 over curvatures from 1 to 3
    np.testing.assert_allclose(axes.T @ path.params[1], [0.6, -0.4, 0.0], atol=1e-14)
    np.testing.assert_allclose(axes.T @ path.params[2], [1.2, -0.8, 0.0], atol=1e-14)


def _gradient(x: np.ndarray) -> np.ndarray:
    """Of Himmelblau's function, by hand."""
    first, second = x[0] ** 2 + x[1] - 11, x[0] + x[1] ** 2 - 7
    return np.array([4 * x[0] * first + 2 * second, 2 * first + 4 * x[1] * second])


def _hessian(x: np.ndarray) -> np.ndarray:
    across = 4 * (x[0] + x[1])
    return np.array([[12 * x[0] ** 2 + 4 * x[1] - 42, across], [across, 12 * x[1] ** 2 + 4 * x[0] - 26]])


@pytest.mark.usefixtures("x64")
def test_step_by_step_against_numpy():
    """With |H| as the root of its square, by another routine than ours."""
    from scipy.linalg import sqrtm

    x, rate, damping = np.array([0.2, -0.4]), 0.4, 0.5
    path = simulate(problems.himmelblau(), optimizers.saddle_free_newton(rate, damping), jnp.asarray(x), 12)
    for point in np.asarray(path.params):
        np.testing.assert_allclose(point, x, rtol=1e-9)  # 12 steps of float64, past a singular Hessian
        H = _hessian(x)
        x = x - rate * np.linalg.solve(np.real(sqrtm(H @ H)) + damping * np.eye(2), _gradient(x))


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_leaves_keep_their_type_and_shape(dtype):
    """(w^2 . 1) - b^2 at (1, 2): the step is -g / |h| = (-1, -2) and (+3)."""
    params = {"w": jnp.array([[1.0], [2.0]], dtype), "b": jnp.asarray(3.0, dtype)}
    loss = lambda p: (p["w"] ** 2).sum() - p["b"] ** 2
    optimizer = optimizers.saddle_free_newton(jnp.float32(1.0), damping=0.0)
    updates, state = jax.jit(
        lambda params, state: optimizer.update(jax.grad(loss)(params), state, params, value_fn=loss)
    )(params, optimizer.init(params))
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype.name), updates) == {"w": ((2, 1), dtype), "b": ((), dtype)}
    np.testing.assert_allclose(jnp.asarray(updates["w"], float), [[-1.0], [-2.0]], rtol=1e-2)
    np.testing.assert_allclose(jnp.asarray(updates["b"], float), 3.0, rtol=1e-2)
    assert jax.tree.map(lambda leaf: (int(leaf), leaf.dtype.name), state._asdict()) == {"step": (1, "int32")}


def test_damping_bounds_the_step_where_there_is_no_curvature():
    """At the monkey saddle's own point H and g are 0: it stays. On a plane of slope 2 the step is g / damping."""

    @jax.jit
    def end(slope: jax.Array, height: jax.Array) -> jax.Array:
        surface = lambda x: slope * x[0] + height * problems.monkey_saddle().loss(x, None)
        return simulate(surface, optimizers.saddle_free_newton(1.0, damping=4.0), jnp.zeros(2), 1).params[1]

    np.testing.assert_array_equal(end(jnp.float32(0), jnp.float32(1)), 0.0)
    np.testing.assert_allclose(end(jnp.float32(2), jnp.float32(0)), [-0.5, 0.0], rtol=1e-6)


def test_a_schedule_and_a_chain():
    """A rate of 1/2, then 0; the clipped gradient is what it starts from."""
    schedule = optax.piecewise_constant_schedule(0.5, {1: 0.0})
    method = optax.chain(optax.clip(0.25), optimizers.saddle_free_newton(schedule, damping=0.0))
    path = simulate(problems.quadratic((1.0, 4.0)), method, jnp.array([1.0, 1.0]), 3)
    np.testing.assert_allclose(path.params[1:], [[0.875, 1 - 0.5 * 0.25 / 4]] * 3, rtol=1e-6)


SWEEP = ({"learning_rate": [0.5, 1.0], "damping": [1e-3]},)


@pytest.fixture(scope="module")
def swept():
    """From 40 starts on Himmelblau's function."""
    return sweep(problems.himmelblau(), optimizers.saddle_free_newton, *SWEEP, starts=40, num_steps=60)


def test_in_a_sweep_it_ends_at_minima(swept):
    """Its eigenvectors are computed as they stand, what is around them in scalars."""
    assert swept.attrs["tiling"].endswith("scalars")
    assert (swept.final_loss < 1e-6).mean() > 0.95  # Himmelblau's minima all have the loss 0


@pytest.mark.long
def test_told_to_be_in_arrays_it_gives_the_same(swept):
    told = sweep(
        problems.himmelblau(), optimizers.saddle_free_newton, *SWEEP, starts=40, num_steps=60, tiling="16:1:arrays"
    )
    assert told.attrs["tiling"].endswith("arrays")
    ended = (swept.final_loss < 1e-6) & (told.final_loss < 1e-6)
    np.testing.assert_allclose(told.final_params, swept.final_params.where(ended, told.final_params), atol=1e-3)
    assert ended.mean() > 0.95


def test_what_it_cannot_do_without_is_said():
    optimizer, x = optimizers.saddle_free_newton(1.0), jnp.ones(2)
    state = optimizer.init(x)
    cases: list[Any] = [{}, {"params": x}, {"value_fn": jnp.sum}]
    for given in cases:
        with pytest.raises(ValueError, match=r"call update\(grads, state, params, value_fn=loss\)"):
            optimizer.update(x, state, **given)
    many = jnp.ones(2001)
    with pytest.raises(ValueError, match=r"got 2,001 parameters, .* or perturbed_gradient_descent"):
        optimizer.update(many, state, many, value_fn=jnp.sum)
