"""Hypergradients against closed forms, plain differentiation and differences; their memory; their warning light."""

import functools
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems, simulate
from jaxopt_lab.analysis import hypergradient
from jaxopt_lab.engine.settings import under

pytestmark = pytest.mark.usefixtures("x64")

WELL = problems.double_well(dim=1)
MODES = ("reverse", "forward")


@pytest.mark.parametrize(("num_steps", "mode"), [(1, "reverse"), (7, "reverse"), (16, "reverse"), (7, "forward")])
def test_the_derivatives_of_a_parabola_are_the_exact_ones(num_steps, mode):
    """L = h/2 (1 - a h)^(2T) x^2: by a -h^2 T (1 - a h)^(2T - 1) x^2, by h (1 - a h)^(2T) x^2 / 2 and -a h T (...).

    1, 7 and 16 steps are no block at all, blocks with a rest, and whole blocks.
    """
    a, h, x, T = np.array([0.1, 0.3, 0.5]), np.array([2.0, 1.0, 4.4]), np.array([3.0, -1.0, 0.5]), num_steps

    def one(a, h, x):
        names = {"learning_rate": a, "eigenvalues": h[None]}
        return hypergradient(problems.quadratic, optimizers.sgd, names, x[None], num_steps, mode=mode)

    found = jax.jit(jax.vmap(one))(a, h, x)
    left = 1 - a * h
    np.testing.assert_allclose(found.loss, h / 2 * left ** (2 * T) * x**2, rtol=1e-12)
    np.testing.assert_allclose(found.gradient["learning_rate"], -(h**2) * T * left ** (2 * T - 1) * x**2, rtol=1e-12)
    by_h = left ** (2 * T) * x**2 / 2 - a * h * T * left ** (2 * T - 1) * x**2
    np.testing.assert_allclose(found.gradient["eigenvalues"][:, 0], by_h, rtol=1e-12)
    # |1 - a h| a step: 0.8, 0.7, and 1.2, which in 16 steps is 18
    np.testing.assert_allclose(found.exponent, np.log([0.8, 0.7, 1.2]), rtol=1e-12)
    np.testing.assert_allclose(found.surge, [0, 0, T * np.log(1.2)], rtol=1e-12)
    assert found.trusted.all()


def noisy(x, key, curvature):
    return curvature * jnp.sum(x**2) / 2 + jnp.sum(jax.random.normal(key, x.shape, x.dtype) * x)


@pytest.mark.parametrize(
    ("factory", "values", "modes"),
    [
        (optimizers.adam, {"learning_rate": 0.05, "b1": 0.9, "b2": 0.99}, ["reverse"]),
        pytest.param(optax.sgd, {"learning_rate": 0.05, "momentum": 0.5}, MODES, marks=pytest.mark.long),
    ],
)
def test_blocks_and_directions_give_what_plain_differentiation_does(factory, values, modes):
    """Under the same noise, for hyperparameters of the optimiser and of the problem together, 37 steps."""
    key, start = jax.random.key(3), jnp.array([1.0, -2.0])

    def plain(values):
        own = {name: value for name, value in values.items() if name != "problem.curvature"}
        loss = lambda x, key: noisy(x, key, values["problem.curvature"])
        return simulate(loss, factory(**own), start, 37, key=key, record="final").loss

    def all_ways(values):
        ways = [hypergradient(noisy, factory, values, start, 37, key=key, mode=mode) for mode in modes]
        return [(way.loss, way.gradient) for way in ways] + [jax.value_and_grad(plain)(values)]

    values = values | {"problem.curvature": 1.5}
    *found, (loss, gradient) = jax.jit(all_ways)(values)
    assert gradient.keys() == values.keys()
    for ours in found:
        assert float(ours[0]) == pytest.approx(float(loss), rel=1e-12)
        assert {name: float(slope) for name, slope in ours[1].items()} == pytest.approx(
            {name: float(slope) for name, slope in gradient.items()}, rel=1e-9
        )


@pytest.fixture(scope="module")
def wells():
    """Gradient descent on the double well, 100 steps: ``(learning rates, starts) -> Hypergradient``."""
    with under((("jax_enable_x64", True),)):
        each = lambda a, x: hypergradient(WELL, optimizers.sgd, {"learning_rate": a}, x[None], 100)
        return jax.jit(jax.vmap(each))


def test_the_light_is_red_in_chaos_and_green_at_rest_and_on_cycles(wells):
    """On a cycle perturbations shrink; at 1.4 and beyond they grow by 0.3 to 1.1 nats a step; at 2.5 all is lost."""
    found = wells(np.array([0.5, 0.9, 1.1, 1.22, 1.4, 1.75, 1.9, 1.99, 2.5]), np.full(9, 0.3))
    assert found.trusted.tolist() == [True] * 4 + [False] * 5
    assert (found.exponent[:4] < 0).all()
    assert (found.exponent[4:8] > 0.2).all()
    assert not np.isfinite(found.gradient["learning_rate"][-1])
    # exploded: nothing that a loss between 0 and 1/4 could answer to a change of the learning rate
    assert (np.abs(found.gradient["learning_rate"][4:8]) > 1e6).all()


def test_where_the_light_is_green_the_loss_moves_as_the_derivative_says(wells):
    """Central differences of 1e-5, wrong by their square: 1e-10 of a third derivative of some hundreds."""
    rates = np.array([0.03, 0.9, 1.1, 1.22, 1.15, 0.05, 1.05, 1.24, 1.2])
    losses = [wells(rates + change, np.full(9, 0.3)).loss for change in (-1e-5, 1e-5)]
    found = wells(rates, np.full(9, 0.3))
    assert found.trusted.all()
    slopes = (losses[1] - losses[0]) / 2e-5
    np.testing.assert_allclose(slopes, found.gradient["learning_rate"], rtol=1e-5, atol=1e-7)


def test_growth_that_is_over_before_the_end_does_no_harm(wells):
    """Off the ridge perturbations grow 1.45-fold a step. From 1e-6 that ends after 37 steps, from 1e-17 after 105."""
    found = wells(np.full(9, 0.45), np.array([1e-6, 1e-17] + [0.3] * 7))
    assert found.trusted[:2].tolist() == [True, False]
    assert float(found.surge[1]) == pytest.approx(100 * np.log(1.45), rel=1e-3)


@functools.lru_cache
def temporary_bytes(num_steps: int, mode: str) -> int:
    """What XLA sets aside for the derivative of momentum's last loss in 1,000 dimensions; "plain": as it comes."""
    bowl, start = problems.quadratic(np.linspace(1, 10, 1000)), jnp.ones(1000)

    def plain(a):
        return jax.grad(lambda a: simulate(bowl, optimizers.sgd_momentum(a), start, num_steps, record="final").loss)(a)

    def ours(a):
        return hypergradient(bowl, optimizers.sgd_momentum, {"learning_rate": a}, start, num_steps, mode=mode)

    compiled = jax.jit(plain if mode == "plain" else ours).lower(0.1).compile()
    analysis = compiled.memory_analysis()
    assert analysis is not None
    return analysis.temp_size_in_bytes


def test_memory_grows_like_the_square_root_of_the_steps():
    """Of 100 and of 6,400 steps, 64 times as many: 8 times the blocks' starts and 8 times the steps of a block.

    To keep every step's parameters and velocity would take 6,400 times 16,000 bytes.
    """
    assert temporary_bytes(6400, "reverse") < 9 * temporary_bytes(100, "reverse")
    assert temporary_bytes(6400, "reverse") < 6400 * 16_000 / 20


@pytest.mark.long
def test_plain_differentiation_keeps_every_step_and_forwards_keeps_none():
    assert temporary_bytes(6400, "plain") > 6400 * 8000
    assert temporary_bytes(6400, "forward") == temporary_bytes(100, "forward")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hypergradient(WELL, optimizers.sgd, {}, jnp.ones(1), 5), "hyperparameters: got {}"),
        (lambda: hypergradient(WELL, optimizers.sgd, cast("Any", 0.1), jnp.ones(1), 5), "hyperparameters: got 0.1"),
        (lambda: hypergradient(WELL, optimizers.sgd, {"rate": 0.1}, jnp.ones(1), 5), "there is no 'rate'"),
        (lambda: hypergradient(WELL, optimizers.sgd, {"learning_rate": 0.1}, jnp.ones(2), 5), "start point of shape"),
        (lambda: hypergradient(WELL, optimizers.sgd, {"learning_rate": 0.1}, jnp.ones(1), 0), "num_steps: got 0"),
        (lambda: hypergradient(WELL, optimizers.sgd, {"learning_rate": 0.1}, jnp.ones(1), 5, mode="revers"),
         "did you mean 'reverse'"),
        (lambda: hypergradient(WELL, {"a": optax.sgd, "b": optimizers.sgd}, {"learning_rate": 0.1}, jnp.ones(1), 5),
         "optimizer: got 2 by name"),
        (lambda: hypergradient(problems.noisy_quadratic, optimizers.sgd, {"noise": 0.1}, jnp.ones(2), 5),
         "optimizer: sgd needs learning_rate"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
