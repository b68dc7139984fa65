"""The exercise's four algorithms, coded plainly in NumPy: ours equal them at every step, on both of its surfaces."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems, simulate

pytestmark = pytest.mark.usefixtures("x64")

# Both do the same few operations in float64 (rounding 1e-16 each); on the saddle 100 steps grow that with the path
# itself, hence relative to the path, which is of size 1 to 1e14.
TOLERANCE = 1e-12

BOWL, SADDLE = problems.quadratic((1.0, 10.0)), problems.saddle()
BOWL_START, SADDLE_START = (4.0, 1.5), (0.1, 1.5)
BOWL_STEPS, SADDLE_STEPS = 50, 100


def bowl_gradient(w: np.ndarray) -> np.ndarray:
    """Of (w1^2 + 10 w2^2) / 2."""
    return w * np.array([1.0, 10.0])


def saddle_gradient(w: np.ndarray) -> np.ndarray:
    """Of w1^2 - w2^2."""
    return w * np.array([2.0, -2.0])


def descent(a: float) -> Callable[[np.ndarray, int], np.ndarray]:
    return lambda g, t: a * g


def heavy_ball(a: float, momentum: float = 0.9) -> Callable[[np.ndarray, int], np.ndarray]:
    velocity = np.zeros(2)

    def step(g: np.ndarray, t: int) -> np.ndarray:
        nonlocal velocity
        velocity = momentum * velocity + a * g
        return velocity

    return step


def root_mean_square(a: float, decay: float = 0.9, epsilon: float = 1e-8) -> Callable[[np.ndarray, int], np.ndarray]:
    mean = np.zeros(2)

    def step(g: np.ndarray, t: int) -> np.ndarray:
        nonlocal mean
        mean = decay * mean + (1 - decay) * g * g
        return a * g / (np.sqrt(mean) + epsilon)

    return step


def two_moments(
    a: float, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8
) -> Callable[[np.ndarray, int], np.ndarray]:
    first, second = np.zeros(2), np.zeros(2)

    def step(g: np.ndarray, t: int) -> np.ndarray:
        nonlocal first, second
        first = b1 * first + (1 - b1) * g
        second = b2 * second + (1 - b2) * g * g
        return a * (first / (1 - b1**t)) / (np.sqrt(second / (1 - b2**t)) + epsilon)

    return step


def walk(
    gradient: Callable[[np.ndarray], np.ndarray],
    step: Callable[[np.ndarray, int], np.ndarray],
    start: tuple[float, float],
    num_steps: int,
) -> np.ndarray:
    points = [np.array(start)]
    for t in range(1, num_steps + 1):
        points.append(points[-1] - step(gradient(points[-1]), t))
    return np.array(points)


# The exercise's own rates; on the saddle it runs the first two only, the others with their rates on the bowl.
ON_THE_BOWL: dict[str, tuple[optax.GradientTransformation, Any]] = {
    "sgd fast": (optimizers.sgd(0.18), lambda: descent(0.18)),
    "sgd slow": (optimizers.sgd(0.05), lambda: descent(0.05)),
    "sgd_momentum": (optimizers.sgd_momentum(0.05), lambda: heavy_ball(0.05)),
    "rmsprop": (optimizers.rmsprop(0.1), lambda: root_mean_square(0.1)),
    "adam": (optimizers.adam(0.2), lambda: two_moments(0.2)),
}
ON_THE_SADDLE: dict[str, tuple[optax.GradientTransformation, Any]] = {
    "sgd": (optimizers.sgd(0.1), lambda: descent(0.1)),
    "sgd_momentum": (optimizers.sgd_momentum(0.1, 0.7), lambda: heavy_ball(0.1, 0.7)),
    "rmsprop": (optimizers.rmsprop(0.1), lambda: root_mean_square(0.1)),
    "adam": (optimizers.adam(0.2), lambda: two_moments(0.2)),
}


@pytest.mark.parametrize("name", ON_THE_BOWL)
def test_on_the_bowl(name):
    ours, oracle = ON_THE_BOWL[name]
    path = simulate(BOWL, ours, jnp.array(BOWL_START), BOWL_STEPS)
    expected = walk(bowl_gradient, oracle(), BOWL_START, BOWL_STEPS)
    assert path.params.shape == (51, 2)
    np.testing.assert_allclose(path.params, expected, rtol=0, atol=TOLERANCE)
    losses = (expected**2 @ np.array([1.0, 10.0])) / 2
    np.testing.assert_allclose(path.loss, losses, rtol=0, atol=100 * TOLERANCE)  # the slope of the loss is up to 15


@pytest.mark.parametrize("name", ON_THE_SADDLE)
def test_on_the_saddle(name):
    ours, oracle = ON_THE_SADDLE[name]
    path = simulate(SADDLE, ours, jnp.array(SADDLE_START), SADDLE_STEPS)
    expected = walk(saddle_gradient, oracle(), SADDLE_START, SADDLE_STEPS)
    assert path.params.shape == (101, 2)
    np.testing.assert_allclose(path.params, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_the_oracle_moves_as_the_equations_say():
    """First steps worked out by hand, so that oracle and code cannot be wrong in the same way."""
    first = {name: walk(bowl_gradient, oracle(), BOWL_START, 2) for name, (_, oracle) in ON_THE_BOWL.items()}
    np.testing.assert_allclose(first["sgd fast"][1:], [[3.28, -1.2], [2.6896, 0.96]], rtol=1e-14)
    # v1 = 0.05 g0 = (0.2, 0.75); v2 = 0.9 v1 + 0.05 (3.8, 7.5) = (0.37, 1.05)
    np.testing.assert_allclose(first["sgd_momentum"][1:], [[3.8, 0.75], [3.43, -0.3]], rtol=1e-14)
    # r1 = 0.1 g0^2, so the first step is 0.1 / sqrt(0.1) in both directions, less 1e-8 of it
    np.testing.assert_allclose(first["rmsprop"][1], np.array(BOWL_START) - np.sqrt(0.1), atol=1e-7)
    np.testing.assert_allclose(first["adam"][1], [3.8, 1.3], atol=1e-8)


@pytest.mark.parametrize("name", ["sgd", "sgd_momentum", "nesterov", "rmsprop", "adam"])
def test_at_the_saddle_itself_nothing_moves(name):
    path = simulate(SADDLE, getattr(optimizers, name)(0.1), jnp.zeros(2), 20)
    assert (path.params == 0).all()


def test_the_defaults_are_the_seeds():
    x0, grads = jnp.array([1.0, -2.0]), jnp.array([[0.3, -4.0], [1.0, 2.0], [-5.0, 0.1]])

    def updates(optimizer: optax.GradientTransformation) -> jax.Array:
        state, steps, update = optimizer.init(x0), [], jax.jit(optimizer.update)
        for g in grads:
            step, state = update(g, state)
            steps.append(step)
        return jnp.stack(jax.tree.leaves(steps))

    for name, stated in {
        "sgd_momentum": {"momentum": 0.9},
        "nesterov": {"momentum": 0.9},
        "rmsprop": {"decay": 0.9, "eps": 1e-8},
        "adam": {"b1": 0.9, "b2": 0.999, "eps": 1e-8},
    }.items():
        factory = getattr(optimizers, name)
        np.testing.assert_array_equal(updates(factory(0.1)), updates(factory(0.1, **stated)), err_msg=name)


def test_rmsprops_epsilon_stands_outside_the_root():
    """For g = 0.1 and epsilon 1: 0.1 / (sqrt(0.001) + 1) = 0.0969 outside, 0.1 / sqrt(0.001 + 1) = 0.09995 inside."""
    optimizer = optimizers.rmsprop(1.0, eps=1.0)
    step, _ = optimizer.update(jnp.array([0.1]), optimizer.init(jnp.zeros(1)))
    np.testing.assert_allclose(jnp.asarray(step), [-0.0969346569968], rtol=1e-11)
