"""Hyperparameters are traced: ours jit, vmap over them and differentiate through them, and compile once."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems, simulate

NAMES = optimizers.__all__
WITHOUT_LOSS = [name for name in NAMES if name != "saddle_free_newton"]  # whose update takes the loss as well
START = jnp.array([4.0, 1.5])


def final_loss(name: str, learning_rate: Any, start: Any = START, num_steps: int = 20) -> jax.Array:
    optimizer = getattr(optimizers, name)(learning_rate)
    return simulate(problems.quadratic((1.0, 10.0)), optimizer, start, num_steps, record="final").loss


@pytest.mark.parametrize("name", NAMES)
def test_vmap_over_learning_rates_equals_one_by_one(name):
    rates = jnp.array([0.01, 0.05, 0.1])
    together = jax.jit(jax.vmap(lambda rate: final_loss(name, rate)))(rates)
    alone = jax.jit(lambda rate: final_loss(name, rate))
    np.testing.assert_allclose(together, [alone(rate) for rate in rates], rtol=1e-5)  # 20 steps of float32


@pytest.mark.parametrize("name", WITHOUT_LOSS)
def test_a_second_call_compiles_nothing(name, count_compilations):
    grads, state_of = {"w": jnp.ones((2, 3)), "b": jnp.ones(3)}, getattr(optimizers, name)(0.1).init

    @jax.jit
    def update(rate: jax.Array, grads: Any, state: Any) -> Any:
        return getattr(optimizers, name)(rate).update(grads, state)

    state, rates = state_of(grads), [jnp.float32(0.1), jnp.float32(0.2)]
    _, state = jax.block_until_ready(update(rates[0], grads, state))
    with count_compilations() as compiled:
        first, state = update(rates[0], grads, state)
        second, state = update(rates[1], grads, state)
    assert compiled.count == 0
    assert not np.allclose(first["w"], second["w"])


@pytest.mark.usefixtures("x64")
def test_the_hypergradient_of_gradient_descent_in_closed_form():
    """x_T = (1 - a h)^T x_0, so d/da of h x_T^2 / 2 is -h^2 T (1 - a h)^(2T - 1) x_0^2."""
    h, x0, num_steps = 1.7, 2.5, 12

    def loss(a: jax.Array) -> jax.Array:
        return simulate(
            lambda x: h * x**2 / 2, optimizers.sgd(a), jnp.float64(x0), num_steps, record="final"
        ).loss  # fmt: skip

    rates = np.array([0.05, 0.3, 0.6, 1.1])
    got = jax.jit(jax.vmap(jax.grad(loss)))(jnp.asarray(rates))
    expected = -(h**2) * num_steps * (1 - rates * h) ** (2 * num_steps - 1) * x0**2
    np.testing.assert_allclose(got, expected, rtol=1e-12)  # 12 steps of float64 and their derivatives


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("x64")
def test_the_hypergradient_against_finite_differences(name):
    start = jnp.array([4.0, 1.5], jnp.float64)
    value = jax.jit(lambda rate: final_loss(name, rate, start, num_steps=15))
    rate, width = 0.04, 1e-6
    got = jax.jit(jax.grad(lambda rate: final_loss(name, rate, start, num_steps=15)))(rate)
    difference = (value(rate + width) - value(rate - width)) / (2 * width)
    # the difference itself: width^2 times the third derivative, and 1e-16 / 1e-6 of the loss, about 1
    np.testing.assert_allclose(got, difference, rtol=1e-6)
    assert abs(float(got)) > 1e-2


@pytest.mark.parametrize("name", ["sgd_momentum", "nesterov", "rmsprop", "adam"])
@pytest.mark.usefixtures("x64")
def test_every_hyperparameter_has_a_derivative(name):
    """By finite differences at once for momentum, decay, b1, b2 and eps: all are traced, none is baked in."""
    second = {"sgd_momentum": {"momentum": 0.7}, "nesterov": {"momentum": 0.7}, "rmsprop": {"decay": 0.8, "eps": 0.1}}
    at = second.get(name, {"b1": 0.8, "b2": 0.95, "eps": 0.1})
    start = jnp.array([4.0, 1.5], jnp.float64)

    @jax.jit
    def loss(hyperparameters: dict[str, Any]) -> jax.Array:
        optimizer = getattr(optimizers, name)(0.04, **hyperparameters)
        return simulate(problems.quadratic((1.0, 10.0)), optimizer, start, 15, record="final").loss

    got = jax.jit(jax.grad(loss))(at)
    for key, value in at.items():
        up, down = (loss(at | {key: value + sign * 1e-6}) for sign in (1, -1))
        np.testing.assert_allclose(got[key], (up - down) / 2e-6, rtol=1e-6, atol=1e-8, err_msg=key)
        assert abs(float(got[key])) > 1e-4


def test_a_schedule_is_asked_inside_the_trace():
    schedule = optax.piecewise_constant_schedule(0.1, {3: 0.0})
    path = jax.jit(lambda x: simulate(problems.quadratic((1.0,)), optimizers.sgd(schedule), x, 6))(jnp.array([1.0]))
    # three steps at 0.1, counted 0, 1, 2; from count 3 on the rate is 0
    np.testing.assert_allclose(path.params[:, 0], [1, 0.9, 0.81, 0.729, 0.729, 0.729, 0.729], rtol=1e-6)
