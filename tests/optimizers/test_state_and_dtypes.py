"""What the state holds, and that no float type is widened or rounded by another."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import optimizers

NAMES = [name for name in optimizers.__all__ if name != "saddle_free_newton"]  # which needs the loss: test_second_order
FLOATS = ["bfloat16", "float16", "float32"]
# half the spacing of the numbers around 1, twice: the update is rounded once, and so is the state it came from
ROUNDING = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-22}


def tree(dtype: Any) -> dict[str, jax.Array]:
    return {"w": jnp.asarray(np.linspace(-2, 3, 6).reshape(3, 2), dtype), "b": jnp.asarray([0.5], dtype)}


def moments(state: Any) -> list[jax.Array]:
    """The leaves of a state that follow the parameters: all but the count and the powers."""
    return [leaf for leaf in jax.tree.leaves(state) if leaf.shape != ()]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_leaves_keep_their_type(name, dtype):
    """Also where the learning rate is a float32 array, as it is inside a sweep."""
    grads, optimizer = tree(dtype), getattr(optimizers, name)(jnp.float32(0.1))
    state = optimizer.init(grads)
    before = [leaf.dtype for leaf in jax.tree.leaves(state)]
    updates, state = jax.jit(optimizer.update)(grads, state)
    assert {leaf.dtype for leaf in jax.tree.leaves(updates)} == {jnp.dtype(dtype)}
    assert {leaf.dtype for leaf in moments(state)} <= {jnp.dtype(dtype)}
    assert [leaf.dtype for leaf in jax.tree.leaves(state)] == before  # or a scan would refuse the state


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", NAMES)
def test_half_precision_is_float32_rounded(name, dtype):
    """The arithmetic is float32's: 1 - 0.999 would be 0 in bfloat16, and Adam's first step infinite."""
    grads, optimizer = tree(dtype), getattr(optimizers, name)(0.1)
    wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), grads)
    half, _ = jax.jit(optimizer.update)(grads, optimizer.init(grads))
    full, _ = jax.jit(optimizer.update)(wide, optimizer.init(wide))
    for a, b in zip(jax.tree.leaves(half), jax.tree.leaves(full), strict=True):
        np.testing.assert_allclose(a.astype(jnp.float32), b, rtol=ROUNDING[dtype])


def test_adams_first_step_in_bfloat16_has_the_size_of_the_learning_rate():
    optimizer = optimizers.adam(0.125)
    grads = jnp.asarray([-3.0, 1e-2, 200.0], jnp.bfloat16)
    updates, _ = jax.jit(optimizer.update)(grads, optimizer.init(grads))
    np.testing.assert_array_equal(jnp.asarray(updates, jnp.float32), [0.125, -0.125, -0.125])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("x64")
def test_each_leaf_of_a_mixed_tree_keeps_its_own_type(name):
    grads = {"a": jnp.ones(2, jnp.float32), "b": jnp.ones(3, jnp.float64), "c": jnp.ones(1, jnp.bfloat16)}
    optimizer = getattr(optimizers, name)(jnp.float64(0.1))
    updates, state = jax.jit(optimizer.update)(grads, optimizer.init(grads))
    updates, state = jax.jit(optimizer.update)(grads, state)
    assert {key: leaf.dtype.name for key, leaf in updates.items()} == {
        "a": "float32",
        "b": "float64",
        "c": "bfloat16",
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("x64")
def test_float32_stays_float32_with_the_64_bit_switch_on(name):
    grads, optimizer = tree(jnp.float32), getattr(optimizers, name)(0.1)
    state = optimizer.init(grads)
    updates, state = jax.jit(optimizer.update)(grads, state)
    assert {leaf.dtype.name for leaf in jax.tree.leaves((updates, state))} == {"float32", "int32"}


@pytest.mark.parametrize("name", NAMES)
def test_the_state_starts_at_zero_and_counts_steps(name):
    grads, optimizer = tree(jnp.float32), getattr(optimizers, name)(0.1)
    state = optimizer.init(grads)
    assert int(state.step) == 0
    assert all((leaf == 0).all() for leaf in moments(state))
    for _ in range(3):
        _, state = jax.jit(optimizer.update)(grads, state)
    assert int(state.step) == 3


def test_what_each_state_holds():
    fields = {name: getattr(optimizers, name)(0.1).init(jnp.zeros(2))._fields for name in NAMES}
    assert fields == {
        "sgd": ("step",),
        "sgd_momentum": ("step", "velocity"),
        "nesterov": ("step", "velocity"),
        "rmsprop": ("step", "second_moment"),
        "adam": ("step", "b1_power", "b2_power", "first_moment", "second_moment"),
        "perturbed_gradient_descent": ("step", "wait"),
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_count_stops_at_the_largest_number(name):
    """A schedule must never see a negative step."""
    grads, optimizer = jnp.ones(1), getattr(optimizers, name)(0.1)
    state = optimizer.init(grads)._replace(step=jnp.int32(2**31 - 1))
    _, state = jax.jit(optimizer.update)(grads, state)
    assert int(state.step) == 2**31 - 1


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_not_needed_and_not_changed(name):
    """The gradient is all these rules look at: a point far away takes the same step."""
    grads, optimizer = tree(jnp.float32), getattr(optimizers, name)(0.1)
    without, _ = jax.jit(optimizer.update)(grads, optimizer.init(grads))
    far, _ = jax.jit(optimizer.update)(grads, optimizer.init(grads), jax.tree.map(lambda leaf: leaf + 1e6, grads))
    for a, b in zip(jax.tree.leaves(without), jax.tree.leaves(far), strict=True):
        np.testing.assert_array_equal(a, b)
