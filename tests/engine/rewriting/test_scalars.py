"""Arrays taken apart give what whole arrays give, and stay apart where the engine counts on it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jaxopt_lab import optimizers, problems, simulate
from jaxopt_lab.engine.rewriting.scalars import MOST_NUMBERS, Tally, in_scalars

A = np.arange(6.0, dtype=np.float32).reshape(3, 2) - 2
KEY = jax.random.key(3)

# name -> (function of a vector of three numbers, how many arrays have to be put together again)
FUNCTIONS = {
    "sum of squares": (lambda x: jnp.sum(x**2), 0),
    "mean, variance": (lambda x: (jnp.mean(x), jnp.var(x)), 0),
    "product, extremes": (lambda x: (jnp.prod(x), jnp.max(x), jnp.min(x)), 0),
    "all, any": (lambda x: (jnp.all(x > 0), jnp.any(x > 0)), 0),
    "elements": (lambda x: x[0] * x[1] - x[-1], 0),
    "neighbours": (lambda x: jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2), 0),
    "every other, reversed": (lambda x: (jax.lax.slice(x, (0,), (3,), (2,)), x[::-1]), 0),
    "at a known place": (lambda x: (jax.lax.dynamic_slice(x, (2,), (1,)), jax.lax.dynamic_slice(x, (7,), (2,))), 0),
    "at a place that the numbers say": (lambda x: jax.lax.dynamic_slice(x, (x[0].astype(int),), (1,)), 1),
    "a matrix from the left": (lambda x: x @ A, 0),
    "a matrix from the right": (lambda x: A.T @ x, 0),
    "a quadratic form": (lambda x: x @ (A @ A.T) @ x, 0),
    "outer product": (lambda x: jnp.outer(x, x), 0),
    "norm": (lambda x: jnp.linalg.norm(x), 0),
    "joined and shaped": (lambda x: jnp.concatenate([x, 2 * x]).reshape(2, 3).T, 0),
    "padded": (lambda x: jnp.pad(x, (1, 2), constant_values=7.0), 0),
    "stacked": (lambda x: jnp.stack([x, x**2]).sum(axis=0), 0),
    "partial sums": (lambda x: jnp.stack([x, x**2]).sum(axis=1), 0),
    "branches": (lambda x: jnp.where(x > 0, x, jnp.exp(x)), 0),
    "clipped": (lambda x: jnp.clip(x, -1, 1), 0),
    "special functions": (lambda x: jax.nn.softplus(x) + jax.scipy.special.erf(x) + jnp.arctan2(x, 2.0), 0),
    "a gradient": (lambda x: jax.grad(lambda x: jnp.sum(jnp.cos(x) * x[0]))(x), 0),
    "cast to whole numbers": (lambda x: x.astype(jnp.int32), 0),
    "a scan": (lambda x: jax.lax.scan(lambda c, t: (c * 0.5 + t, c.sum()), x, jnp.arange(4.0)), 0),
    "a while loop": (lambda x: jax.lax.while_loop(lambda c: c.sum() > -9, lambda c: c - 1, x), 0),
    "rows": (lambda x: jax.lax.scan(lambda c, row: (c + row @ A, None), x[:2], jnp.ones((5, 3)))[0], 0),
    "no numbers at all": (lambda x: x[:0].sum(), 1),
    "sorted": (lambda x: jnp.sort(x) + x, 1),
    "sums on the way": (lambda x: jnp.cumsum(x) * x, 1),
    "noise": (lambda x: x + jax.random.normal(KEY, (3,)), 0),
    "one of two ways": (lambda x: jax.lax.cond(x[0] > 0, lambda y: y, lambda y: -y, x), 1),
    "too many": (lambda x: jnp.tile(x, MOST_NUMBERS).sum(), 1),
}


@functools.cache
def compiled(name):
    """In whole arrays, and in scalars."""
    function, _ = FUNCTIONS[name]
    return jax.jit(function), jax.jit(in_scalars(function))


@pytest.mark.parametrize("name", FUNCTIONS)
@given(x=arrays(np.float32, 3, elements=st.floats(-2, 2, width=32)))
def test_equal_to_whole_arrays(name, x):
    """To rounding: sums of a few numbers may be added in another order."""
    expected, got = (function(x) for function in compiled(name))
    assert jax.tree.structure(expected) == jax.tree.structure(got)
    for whole, apart in zip(jax.tree.leaves(expected), jax.tree.leaves(got), strict=True):
        assert (whole.shape, whole.dtype) == (apart.shape, apart.dtype)
        np.testing.assert_allclose(apart, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_put_together_is_counted(name):
    function, joined = FUNCTIONS[name]
    tally = Tally()
    jax.eval_shape(in_scalars(function, tally), jnp.ones(3))
    assert bool(tally.joined) == bool(joined)


def test_a_step_is_elementwise_over_the_lanes():
    """What this is for: in the loop no array has a short axis left."""

    def last(rate, start):
        return simulate(problems.rosenbrock(), optimizers.adam(rate), start, 7, record="summary")

    vectorised = jax.vmap(in_scalars(last))
    (loop,) = (e for e in jax.make_jaxpr(vectorised)(jnp.ones(5), jnp.ones((5, 2))).eqns if e.primitive.name == "scan")
    assert {v.aval.shape for v in loop.params["jaxpr"].jaxpr.invars} == {(), (5,)}


SURFACES = [
    name
    for name in problems.__all__
    if name not in ("Problem", "quadratic", "surface")
    and getattr(getattr(problems, name), "__module__", "").endswith(("valleys", "multimodal", "saddles", "quadratics"))
]
OPTIMIZERS = {"adam": optimizers.adam, "nesterov": optimizers.nesterov, "optax.contrib.muon": optax.contrib.muon}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "surface",
    [name if name == "ackley" else pytest.param(name, marks=pytest.mark.long) for name in SURFACES],
)
def test_every_surface_goes_the_same_way(surface):
    """In float64 over 15 steps: what differs is the order of a sum."""
    problem = getattr(problems, surface)()
    start = problem.init(jax.random.key(0)).astype(jnp.float64)
    for name, factory in OPTIMIZERS.items():
        tally = Tally()
        run = lambda x, factory=factory: simulate(
            problem, factory(1e-3), x, 15, key=KEY, record="summary", tolerance=1e-9
        )
        apart = jax.jit(in_scalars(run, tally))(start)
        assert tally.joined == 0, name
        for ours, plain in zip(jax.tree.leaves(apart), jax.tree.leaves(jax.jit(run)(start)), strict=True):
            np.testing.assert_allclose(ours, plain, rtol=1e-9, atol=1e-12, err_msg=name)
