"""Every Optax factory through `sweep`, on two problems, without a special case."""

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax import contrib

from jaxopt_lab import optimizers, problems, sweep
from jaxopt_lab.problems import Problem

RATES = ("learning_rate", "max_learning_rate")
STARTS = np.array([[0.5, -0.5], [-1.2, 1.0]])
NUM_STEPS = 30
CHECKED_QUICKLY = {
    "sgd",
    "adamw",
    "lion",
    "adafactor",
    "polyak_sgd",
    "contrib.muon",
    "contrib.schedule_free_sgd",
}


def rate_of(factory: Callable[..., Any]) -> str | None:
    """The argument that holds the learning rate, if that is all the factory needs to make a transformation."""
    parameters = inspect.signature(factory).parameters
    name = next((rate for rate in RATES if rate in parameters), None)
    needed = {
        n for n, p in parameters.items() if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    }
    return name if name and needed <= {name} else None


def factories() -> dict[str, tuple[Callable[..., Any], str]]:
    """By name, every public function of Optax that makes an optimiser of a learning rate."""
    found = {}
    for prefix, module in {"": optax, "contrib.": contrib}.items():
        for name, factory in inspect.getmembers(module, inspect.isfunction):
            if name.startswith(("_", "scale_by_")) or (rate := rate_of(factory)) is None:
                continue
            if "GradientTransformation" in str(inspect.signature(factory).return_annotation):
                found[prefix + name] = (factory, rate)
    return found


FACTORIES = factories()


def bowl_or_valley(valley: Any) -> Problem:
    """Two problems for the price of one compilation: the exercise's bowl at 0, Rosenbrock's valley at 1."""
    bowl, rosenbrock = problems.quadratic((1.0, 10.0)), problems.rosenbrock()
    loss = lambda x, key: jnp.where(valley == 0, bowl.loss(x, key), rosenbrock.loss(x, key))
    return Problem(loss, minimum=0.0, name="bowl or valley")


def test_the_list_is_long_enough():
    """Were the signatures read wrongly, the table below would be empty and pass."""
    assert len(FACTORIES) >= 40
    assert set(FACTORIES) > CHECKED_QUICKLY
    assert FACTORIES["polyak_sgd"][1] == "max_learning_rate"


# Optax says of some of its names and defaults that they will change.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Specifying a key will be required:UserWarning")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in CHECKED_QUICKLY else [pytest.mark.slow, pytest.mark.long])
        for name in FACTORIES
    ],
)
def test_every_factory_of_optax(name):
    factory, rate = FACTORIES[name]
    rates = [3e-4, 1.0]  # gentle enough for gradient descent in the valley; what those that find their own rate ask for
    result = sweep(
        bowl_or_valley, factory, {"valley": [0.0, 1.0], rate: rates}, starts=STARTS, num_steps=NUM_STEPS, chunk_size=8
    )
    assert result.final_loss.dims == ("valley", rate, "start")
    x, y = STARTS.T
    expected = [x**2 / 2 + 5 * y**2, 100 * (y - x**2) ** 2 + (1 - x) ** 2]
    np.testing.assert_allclose(result.initial_loss.sel({rate: 1.0}), expected, rtol=1e-5)
    assert np.isfinite(result.final_params.sel({rate: 3e-4})).all()
    assert (result.final_params != STARTS).any(("param", rate)).all()
    # Whatever a method does at a rate too high or too low for it, one of the two takes it downhill from each start.
    assert (result.best_loss < result.initial_loss).any(rate).all()


@pytest.mark.parametrize("name", optimizers.__all__)
def test_ours_go_the_same_way(name):
    result = sweep(
        bowl_or_valley, getattr(optimizers, name), {"valley": [0.0, 1.0], "learning_rate": [3e-4, 1.0]},
        starts=STARTS, num_steps=NUM_STEPS, chunk_size=8,
    )  # fmt: skip
    assert (result.best_loss < result.initial_loss).any("learning_rate").all()
    assert np.isfinite(result.final_params.sel(learning_rate=3e-4)).all()


PLAIN_LOOPS = {
    "adamw": lambda: optax.adamw(0.03),
    "lion": lambda: optax.lion(0.03),
    "amsgrad": lambda: optax.amsgrad(0.03),
    "muon": lambda: contrib.muon(0.03),
    "schedule_free_sgd": lambda: contrib.schedule_free_sgd(0.03),
}


@pytest.mark.parametrize("name", PLAIN_LOOPS)
def test_equal_to_a_plain_loop_of_updates(name):
    optimizer, bowl = PLAIN_LOOPS[name](), problems.quadratic((1.0, 10.0))

    @jax.jit
    def step(x: jax.Array, state: Any) -> tuple[Any, Any]:
        updates, state = optimizer.update(jax.grad(bowl.loss)(x, None), state, x)
        return optax.apply_updates(x, updates), state

    x = jnp.array([4.0, 1.5])
    state, expected = optimizer.init(x), [x]
    for _ in range(10):
        x, state = step(x, state)
        expected.append(x)
    result = sweep(bowl, optimizer, starts=np.array([[4.0, 1.5]]), num_steps=10, record="path")
    np.testing.assert_allclose(result.params[0], expected, rtol=1e-5, atol=1e-6)  # ten steps of float32


def test_several_of_both_kinds_in_one_sweep():
    several = {"ours": optimizers.adam, "theirs": optax.adam, "chain": lambda learning_rate: optax.chain(
        optax.clip_by_global_norm(1e6), optimizers.adam(learning_rate))}  # fmt: skip
    result = sweep(problems.rosenbrock(), several, {"learning_rate": [0.01, 0.1]}, starts=STARTS, num_steps=NUM_STEPS)
    # ours multiplies b^t on, Optax raises the power: float32 roundings over 30 steps
    for name in ("theirs", "chain"):
        np.testing.assert_allclose(
            result.final_params.sel(optimizer=name), result.final_params.sel(optimizer="ours"), rtol=1e-3
        )
