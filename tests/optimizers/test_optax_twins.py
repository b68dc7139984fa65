"""Each of ours beside the Optax transformation that is the same method, step by step, on a pytree."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems, simulate

# Optax's own default of rmsprop puts epsilon inside the root; the seed has it outside.
TWINS: dict[str, tuple[Callable[..., Any], dict[str, float]]] = {
    "sgd": (optax.sgd, {}),
    "sgd_momentum": (optax.sgd, {"momentum": 0.8}),
    "nesterov": (lambda learning_rate, momentum: optax.sgd(learning_rate, momentum, nesterov=True), {"momentum": 0.8}),
    "rmsprop": (
        lambda learning_rate, decay, eps: optax.rmsprop(learning_rate, decay, eps, eps_in_sqrt=False),
        {"decay": 0.95, "eps": 1e-3},
    ),
    "adam": (optax.adam, {"b1": 0.8, "b2": 0.99, "eps": 1e-4}),
}
OF_THEIR_OWN = {"perturbed_gradient_descent", "saddle_free_newton"}  # Optax has none: test_perturbed, test_second_order
UNDER_A_SCHEDULE = ["sgd", "rmsprop", "adam"]  # the velocity of the others holds the rate; Optax's does not
NUM_STEPS = 30

# Both round each of a handful of operations; Adam divides by 1 - b2^t, 0.01 at first, which float32 knows to 6e-6 of
# itself (and Optax raises a power where ours multiplies on).
TOLERANCES = {"float32": 2e-5, "float64": 1e-12}


def ours(name: str, learning_rate: Any, **changed: Any) -> optax.GradientTransformation:
    return getattr(optimizers, name)(learning_rate, **TWINS[name][1] | changed)


def twin(name: str, learning_rate: Any) -> optax.GradientTransformation:
    make, hyperparameters = TWINS[name]
    return make(learning_rate, **hyperparameters)


def params(dtype: Any = "float32") -> dict[str, Any]:
    """Arrays of different shapes, a scalar, a tuple and nothing at all."""
    rng = np.random.default_rng(0)
    draw = lambda *shape: jnp.asarray(rng.normal(size=shape), dtype)
    return {"w": draw(3, 2), "layers": (draw(4), draw(1, 2, 2)), "scale": draw(), "nothing": None}


def gradients(dtype: Any = "float32", num_steps: int = NUM_STEPS) -> dict[str, Any]:
    """A leading axis over steps; sizes from 1e-3 to 1e1, so that the epsilons matter somewhere."""
    rng = np.random.default_rng(1)

    def draw(leaf: jax.Array) -> jax.Array:
        shape = (num_steps, *leaf.shape)
        return jnp.asarray(rng.normal(size=shape) * 10.0 ** rng.uniform(-3, 1, size=shape), dtype)

    return jax.tree.map(draw, params(dtype))


def all_updates(optimizer: optax.GradientTransformation, dtype: Any = "float32") -> dict[str, Any]:
    """The updates of every step, for the same gradients whatever the optimiser."""
    start, grads = params(dtype), gradients(dtype)

    @jax.jit
    def run(start: Any, grads: Any) -> Any:
        def step(state: Any, g: Any) -> tuple[Any, Any]:
            updates, state = optimizer.update(g, state, start)
            return state, updates

        return jax.lax.scan(step, optimizer.init(start), grads)[1]

    return run(start, grads)


def assert_close(left: Any, right: Any, tolerance: float) -> None:
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        assert a.dtype == b.dtype
        # absolute for the few steps that cancel to nearly 0; rates are 0.03 to 0.3, so steps are of order 0.01 to 10
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance / 100)


A_FEW = [pytest.param(name, marks=[] if name in ("nesterov", "adam") else pytest.mark.long) for name in TWINS]
"""What is wrapped passes through Optax's code, the same for all: in full by `make test-long`."""


def test_none_was_forgotten():
    assert set(TWINS) | OF_THEIR_OWN == set(optimizers.__all__)


@pytest.mark.parametrize("name", TWINS)
def test_float32(name):
    assert_close(all_updates(ours(name, 0.03)), all_updates(twin(name, 0.03)), TOLERANCES["float32"])


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.usefixtures("x64")
def test_float64(name):
    left, right = (all_updates(make(name, 0.03), "float64") for make in (ours, twin))
    assert_close(left, right, TOLERANCES["float64"])


@pytest.mark.parametrize("name", UNDER_A_SCHEDULE)
@pytest.mark.usefixtures("x64")
def test_under_a_schedule(name):
    schedule = optax.warmup_cosine_decay_schedule(0.0, 0.3, 5, 25)
    left, right = (all_updates(make(name, schedule), "float64") for make in (ours, twin))
    assert_close(left, right, TOLERANCES["float64"])
    assert all((leaf[0] == 0).all() for leaf in jax.tree.leaves(left))  # the schedule's first rate, asked at count 0


@pytest.mark.parametrize("name", ["sgd_momentum", "nesterov"])
@pytest.mark.usefixtures("x64")
def test_the_velocity_holds_the_rate_of_a_schedule(name):
    """v <- b v + a_t g, against a plain loop; Optax multiplies the whole velocity by today's rate instead."""
    rate = lambda t: 0.3 * 0.7**t
    schedule = lambda count: rate(count.astype("float64"))
    got = all_updates(ours(name, schedule), "float64")
    for leaf, grads in zip(jax.tree.leaves(got), jax.tree.leaves(gradients("float64")), strict=True):
        velocity = np.zeros(grads.shape[1:])
        for t, g in enumerate(np.asarray(grads)):
            velocity = 0.8 * velocity + rate(t) * g
            step = velocity if name == "sgd_momentum" else 0.8 * velocity + rate(t) * g
            np.testing.assert_allclose(leaf[t], -step, rtol=1e-12, atol=1e-15)
    other = all_updates(twin(name, schedule), "float64")
    assert not np.allclose(jax.tree.leaves(got)[0], jax.tree.leaves(other)[0], rtol=1e-3)


@pytest.mark.parametrize("name", A_FEW)
def test_inside_a_chain(name):
    left, right = (all_updates(optax.chain(optax.clip(0.5), make(name, 0.03))) for make in (ours, twin))
    assert_close(left, right, TOLERANCES["float32"])
    unclipped = all_updates(ours(name, 0.03))
    assert not np.allclose(left["w"], unclipped["w"], rtol=1e-3)


@pytest.mark.parametrize("name", A_FEW)
def test_inside_a_mask(name):
    mask = {"w": True, "layers": (False, True), "scale": False, "nothing": None}
    left, right = (all_updates(optax.masked(make(name, 0.03), mask)) for make in (ours, twin))
    assert_close(left, right, TOLERANCES["float32"])
    np.testing.assert_array_equal(left["scale"], gradients()["scale"])  # what is masked out passes unchanged


def test_beside_another_in_one_tree():
    labels = {"w": "a", "layers": ("b", "a"), "scale": "b", "nothing": None}
    left, right = (
        all_updates(optax.multi_transform({"a": make("adam", 0.03), "b": make("nesterov", 0.1)}, labels))
        for make in (ours, twin)
    )
    assert_close(left, right, TOLERANCES["float32"])


@pytest.mark.parametrize("name", TWINS)
def test_in_simulate_on_a_curved_valley(name):
    """Where the gradients are those of the path itself: the updates feed back."""
    start = jnp.array([-1.2, 1.0])
    left, right = (simulate(problems.rosenbrock(), make(name, 1e-4), start, 40) for make in (ours, twin))
    np.testing.assert_allclose(left.params, right.params, rtol=1e-4)  # 40 steps of float32 on a steep wall
    assert float(jnp.abs(left.params[-1] - start).max()) > 1e-3
