"""Perturbed gradient descent: gradient descent, but for pushes where the gradient is small."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import optimizers, problems, simulate

RADIUS, THRESHOLD, INTERVAL = 0.25, 0.5, 4


def pushes(gradients: Any, **changed: Any) -> np.ndarray:
    """What is added to the steps of gradient descent with rate 0.1, for given gradients of shape (steps, dim)."""
    settings = {"radius": RADIUS, "threshold": THRESHOLD, "interval": INTERVAL} | changed
    optimizer = optimizers.perturbed_gradient_descent(0.1, **settings)

    @jax.jit
    def run(gradients: jax.Array) -> jax.Array:
        def step(state: Any, g: jax.Array) -> tuple[Any, Any]:
            updates, state = optimizer.update(g, state)
            return state, updates

        return jax.lax.scan(step, optimizer.init(gradients[0]), gradients)[1]

    gradients = jnp.asarray(gradients)
    return np.asarray(run(gradients) + 0.1 * gradients)


def test_a_push_comes_where_the_gradient_is_small_and_not_again_for_the_interval():
    """Steps 0 to 2 are steep; 3 is flat; 4 to 7 wait; 8 is flat again; 9 waits."""
    sizes = np.array([3.0, 0.51, 2.0, 0.1, 0.0, 0.2, 0.3, 0.1, 0.49, 0.0])
    got = pushes(sizes[:, None] * np.array([0.6, -0.8]))
    # what float32 leaves where there is no push
    np.testing.assert_array_equal(np.abs(got).max(axis=1) > 1e-6, [0, 0, 0, 1, 0, 0, 0, 0, 1, 0])
    assert np.abs(got[3] - got[8]).max() > 1e-3  # each push is another one


@pytest.mark.parametrize("dim", [3, *(pytest.param(dim, marks=pytest.mark.long) for dim in (1, 7))])
def test_pushes_are_uniform_in_the_ball(dim):
    """(|x| / r)^d is uniform on [0, 1], and directions have mean 0 and covariance 1/d: 4,000 draws on a plain."""
    got = pushes(np.zeros((4000, dim)), interval=0)
    shares = np.sort((np.linalg.norm(got, axis=1) / RADIUS) ** dim)
    # Kolmogorov's bound at the level of 0.1 %
    assert np.abs(shares - np.arange(1, 4001) / 4000).max() < 1.95 / np.sqrt(4000)
    directions = got / np.linalg.norm(got, axis=1, keepdims=True)
    np.testing.assert_allclose(directions.mean(axis=0), 0, atol=4 / np.sqrt(4000 * dim))
    np.testing.assert_allclose(directions.T @ directions / 4000, np.eye(dim) / dim, atol=4 / np.sqrt(4000))


def test_a_push_goes_over_all_leaves_together():
    optimizer = optimizers.perturbed_gradient_descent(0.1, radius=2.0)
    flat = {"w": jnp.zeros((3, 2)), "b": (jnp.zeros(()), jnp.zeros(4, jnp.bfloat16))}
    updates, _ = jax.jit(optimizer.update)(flat, optimizer.init(flat))
    leaves = [np.asarray(leaf, float) for leaf in jax.tree.leaves(updates)]
    assert [leaf.shape for leaf in leaves] == [(), (4,), (3, 2)]
    assert 0 < sum((leaf**2).sum() for leaf in leaves) <= 4.1  # the ball of 11 dimensions; bfloat16 rounds by 1/256


def test_seeds_differ_and_repeat():
    """The same seed gives the same pushes; seeds may be traced."""

    def first_push(seed: jax.Array) -> jax.Array:
        optimizer = optimizers.perturbed_gradient_descent(0.1, seed=seed)
        return jnp.asarray(optimizer.update(jnp.zeros(2), optimizer.init(jnp.zeros(2)))[0])

    got = np.asarray(jax.jit(jax.vmap(first_push))(jnp.array([0, 1, 2, 1])))
    np.testing.assert_array_equal(got[1], got[3])
    assert len(np.unique(got[:, 0])) == 3


@pytest.mark.long
def test_it_leaves_the_saddle_of_the_double_well_for_a_minimum():
    """Gradient descent stays at the saddle for ever; a push, and it ends within the radius of one of the wells."""
    path = simulate(problems.double_well(), optimizers.perturbed_gradient_descent(0.2), jnp.zeros(2), 200)
    np.testing.assert_allclose(np.abs(path.params[-1, 0]), 1.0, atol=0.011)
    assert float(path.loss[-1]) < 1e-3
