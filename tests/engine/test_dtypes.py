"""float32 unless asked; float64 only where JAX can hold it; never one for the other."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems, sweep
from jaxopt_lab.engine.settings import under

STARTS = np.array([[-1.2, 1.0], [0.3, 0.7]])
FLOATS = ["initial_loss", "final_loss", "best_loss", "final_params", "params", "loss"]


def valley(**changed):
    return sweep(
        problems.rosenbrock, optimizers.adam, {"learning_rate": [0.01, 0.1], "b": [100.0]},
        starts=STARTS, num_steps=20, record="path", **changed,
    )  # fmt: skip


def in_float64(rate):
    """Adam on Rosenbrock, plainly, in float64."""
    x, s, r, path = STARTS[0], np.zeros(2), np.zeros(2), [STARTS[0]]
    for t in range(1, 21):
        wall = x[1] - x[0] ** 2
        g = np.array([-400 * x[0] * wall - 2 * (1 - x[0]), 200 * wall])
        s, r = 0.9 * s + 0.1 * g, 0.999 * r + 0.001 * g**2
        x = x - rate * (s / (1 - 0.9**t)) / (np.sqrt(r / (1 - 0.999**t)) + 1e-8)
        path.append(x)
    return np.array(path)


@pytest.mark.parametrize("dtype", ["float64", "double", np.float64, np.dtype("float64"), jnp.float64], ids=repr)
def test_float64_without_the_switch_is_refused_with_the_remedy(dtype):
    with pytest.raises(ValueError, match=r"^dtype: float64.*jax\.config\.update\('jax_enable_x64', True\)"):
        valley(dtype=dtype)


@pytest.mark.usefixtures("x64")
def test_float64_is_float64_throughout():
    result = valley(dtype="float64")
    assert {result[name].dtype.name for name in FLOATS} == {"float64"}
    assert result.attrs["dtype"] == "float64"
    for rate in (0.01, 0.1):
        # 20 steps of float64 on walls of curvature 1000; float32 would be off by 1e-6
        np.testing.assert_allclose(result.params.sel(learning_rate=rate).squeeze()[0], in_float64(rate), rtol=1e-11)


@pytest.mark.usefixtures("x64")
def test_float32_stays_float32_with_the_switch_on():
    result = valley()
    assert {result[name].dtype.name for name in FLOATS} == {"float32"}
    off = np.abs(result.params.sel(learning_rate=0.1).squeeze()[0] - in_float64(0.1)).max()
    assert 1e-9 < off < 1e-4  # rounded, as float32 is, and no worse


def test_the_switch_is_looked_at_anew_in_each_sweep():
    """Of one problem and one observe: whatever was remembered while it was off says nothing of when it is on."""
    third = lambda params, loss, grads: {"third": jnp.asarray(params, float) / 3}
    run = lambda: sweep(problems.rosenbrock(), optimizers.sgd(0.0), starts=STARTS, num_steps=1, observe=third)
    assert run().third.dtype == np.float32
    with under((("jax_enable_x64", True),)):
        wide = run().third
    assert wide.dtype == np.float64
    np.testing.assert_allclose(wide, STARTS.astype(np.float32).astype(float) / 3, rtol=1e-15)
    assert run().third.dtype == np.float32


@pytest.mark.long
@pytest.mark.parametrize("optimizer", [optax.adamw, optax.adafactor])
@pytest.mark.usefixtures("x64")
def test_float32_stays_float32_with_any_optimizer(optimizer):
    result = sweep(
        problems.noisy_quadratic(), optimizer, {"learning_rate": [0.01]}, starts=STARTS, num_steps=3, tolerance=1
    )
    assert {variable.dtype.name for variable in result.data_vars.values() if variable.dtype.kind == "f"} == {"float32"}


def test_the_switch_does_not_change_the_starts_drawn():
    """The same seed, the same type, the same points."""
    draw = lambda: sweep(problems.beale(), optimizers.sgd(0.0), starts=4, num_steps=1, record="path").params.isel(
        step=0
    )
    off = draw()
    jax.config.update("jax_enable_x64", True)
    try:
        on = draw()
    finally:
        jax.config.update("jax_enable_x64", False)
    np.testing.assert_array_equal(on, off)


@pytest.mark.skipif(not hasattr(jax, "enable_x64"), reason="JAX had no public context for the switch then")
def test_the_switch_as_a_context_reaches_every_thread():
    """`with jax.enable_x64(True)` holds in the thread that entered it; the chunks run in others."""
    with jax.enable_x64(True):
        result = valley(dtype="float64", chunk_size=1)
    np.testing.assert_allclose(result.params.sel(learning_rate=0.1).squeeze()[0], in_float64(0.1), rtol=1e-11)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype):
    result = valley(dtype=jnp.dtype(dtype))
    assert {str(result[name].dtype) for name in FLOATS} == {dtype}
    assert np.isfinite(result.final_loss.astype("float32")).all()


@pytest.mark.parametrize("dtype", ["int32", "complex64", bool, "float99", "nonsense"])
def test_what_is_no_floating_point_type_is_refused(dtype):
    with pytest.raises((ValueError, TypeError), match=r"^dtype: got"):
        valley(dtype=dtype)


def test_pythons_float_is_float64_as_numpy_reads_it():
    with pytest.raises(ValueError, match=r"^dtype: float64"):
        valley(dtype=float)
