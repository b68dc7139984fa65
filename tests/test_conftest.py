"""The fixtures that other tests lean on do what they say."""

import jax
import jax.numpy as jnp
import pytest


def test_count_compilations_counts_programs_and_not_calls(count_compilations):
    x, longer = jnp.ones(3), jnp.ones(4)
    program = jax.jit(lambda x: 2 * x + 1)
    with count_compilations() as compiled:
        program(x)
        assert compiled.count == 1
        program(x + 0)  # the addition is a program of its own, the call is not
        assert compiled.count == 2
        program(longer)  # another shape
    assert compiled.count == 3
    with count_compilations() as again:
        program(x)
        program(longer)
    assert again.count == 0


def test_count_compilations_nests_and_stops(count_compilations):
    x = jnp.ones(3)
    with count_compilations() as outer:
        jax.jit(lambda x: x - 5)(x)
        with count_compilations() as inner:
            jax.jit(lambda x: x - 6)(x)
    jax.jit(lambda x: x - 7)(x)
    assert (outer.count, inner.count) == (2, 1)


def test_count_compilations_ends_with_an_exception(count_compilations):
    with pytest.raises(KeyError), count_compilations() as compiled:
        raise KeyError
    jax.jit(lambda x: x - 8)(jnp.ones(3))
    assert compiled.count == 0


def test_x64_widens_floats(x64):
    assert jnp.ones(1).dtype == jnp.float64


def test_floats_are_single_without_x64():
    assert jnp.ones(1).dtype == jnp.float32
