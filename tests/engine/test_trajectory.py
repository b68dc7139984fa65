"""`simulate` against a plain loop of the optimiser's own two functions, and through JAX's transformations."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems, simulate
from jaxopt_lab.problems import Problem

VALLEY, START = problems.rosenbrock(), jnp.array([-1.2, 1.0])
NUM_STEPS = 12
DESCENT = optimizers.sgd(0.1)

# Compiled as a whole; a problem's numbers are arguments, as they are in a sweep.
compiled = jax.jit(simulate, static_argnames=("optimizer", "num_steps", "record", "observe"))


def by_hand(loss: Any, optimizer: Any, params: Any, num_steps: int, **extra: Any) -> tuple[list[Any], list[float]]:
    """Parameters and losses of every step: one compiled step, called from a plain loop; ``loss(params, t)``."""

    @jax.jit
    def step(params: Any, state: Any, t: Any) -> tuple[Any, ...]:
        value, grads = jax.value_and_grad(loss)(params, t)
        more = {name: make(t, value, grads) for name, make in extra.items()}
        updates, state = optimizer.update(grads, state, params, **more)
        return optax.apply_updates(params, updates), state, value

    state, points, losses = optimizer.init(params), [params], []
    for t in range(num_steps):
        params, state, value = step(params, state, jnp.int32(t))
        points.append(params)
        losses.append(float(value))
    return points, [*losses, float(loss(params, jnp.int32(num_steps)))]


@pytest.mark.parametrize(
    "optimizer",
    [optimizers.adam(0.1), optax.adamw(0.1, weight_decay=0.3), optax.chain(optax.clip(1.0), optimizers.nesterov(1e-2))],
    ids=["ours", "optax", "chain"],
)
def test_a_path_is_the_plain_loop(optimizer):
    path = compiled(VALLEY, optimizer, START, NUM_STEPS)
    points, losses = by_hand(lambda x, t: VALLEY.loss(x, None), optimizer, START, NUM_STEPS)
    assert path.params.shape == (13, 2)
    assert path.loss.shape == (13,)
    # the same operations, fused differently: some float32 roundings (6e-8) over 12 steps on walls of curvature 1000
    np.testing.assert_allclose(path.params, points, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(path.loss, losses, rtol=1e-3)
    np.testing.assert_array_equal(path.params[0], START)
    np.testing.assert_allclose(path.loss, jax.vmap(lambda x: VALLEY.loss(x, None))(path.params), rtol=1e-5)


def test_an_optimizer_that_needs_the_value_gets_it():
    optimizer = optax.polyak_sgd(max_learning_rate=1.0, f_min=0.0)
    path = compiled(VALLEY, optimizer, START, NUM_STEPS)
    points, _ = by_hand(
        lambda x, t: VALLEY.loss(x, None), optimizer, START, NUM_STEPS, value=lambda t, value, grads: value
    )
    np.testing.assert_allclose(path.params, points, rtol=1e-4, atol=1e-6)


def test_an_optimizer_that_needs_the_function_gets_that_of_the_step():
    """L-BFGS with its line search reaches the end of the valley, as gradient descent would in thousands of steps."""
    optimizer = optax.lbfgs()
    loss = lambda x, t=None: VALLEY.loss(x, None)
    path = compiled(VALLEY, optimizer, START, 40)
    points, _ = by_hand(
        loss, optimizer, START, 5,
        value=lambda t, value, grads: value, grad=lambda t, value, grads: grads, value_fn=lambda t, value, grads: loss,
    )  # fmt: skip
    np.testing.assert_allclose(path.params[:6], points, rtol=1e-3, atol=1e-4)  # a line search amplifies rounding
    assert float(path.loss[-1]) < 1e-8


def test_step_t_sees_the_key_folded_with_t():
    key, bowl = jax.random.key(3), problems.noisy_quadratic((1.0, 10.0), noise=4.0)
    path = compiled(bowl, DESCENT, jnp.array([4.0, 1.5]), NUM_STEPS, key=key)
    x, expected = np.array([4.0, 1.5]), [np.array([4.0, 1.5])]
    for t in range(NUM_STEPS):
        noise = 2.0 * np.asarray(jax.random.normal(jax.random.fold_in(key, t), (2,)))
        x = x - 0.1 * (np.array([1.0, 10.0]) * x + noise)
        expected.append(x)
    np.testing.assert_allclose(path.params, expected, rtol=1e-4, atol=1e-5)
    losses = jax.vmap(lambda t, p: bowl.loss(p, jax.random.fold_in(key, t)))(jnp.arange(NUM_STEPS + 1), path.params)
    np.testing.assert_allclose(path.loss, losses, rtol=1e-4, atol=1e-5)
    assert bowl.evaluate is not None
    expected_loss = jax.vmap(bowl.evaluate)(path.params)["expected_loss"]
    np.testing.assert_allclose(path.metrics["expected_loss"], expected_loss, rtol=1e-6)


@pytest.mark.parametrize("record", ["final", 5])
def test_a_minibatch_is_drawn_by_the_step_whatever_is_recorded(record):
    key, bowl = jax.random.key(3), problems.noisy_quadratic()
    whole = compiled(bowl, DESCENT, jnp.array([4.0, 1.5]), NUM_STEPS, key=key)
    other = compiled(bowl, DESCENT, jnp.array([4.0, 1.5]), NUM_STEPS, key=key, record=record)
    last = other.params if record == "final" else other.params[-1]
    np.testing.assert_allclose(last, whole.params[-1], rtol=1e-5)
    np.testing.assert_allclose(jnp.ravel(other.loss)[-1], whole.loss[-1], rtol=1e-5)


def test_any_function_of_any_pytree():
    def loss(params: dict[str, Any]) -> jax.Array:
        return ((params["w"] @ jnp.arange(3.0) + params["layers"][0]) ** 2).mean()

    start = {"w": jnp.ones((4, 3)), "layers": (jnp.float32(2.0), jnp.zeros(2))}
    path = simulate(loss, optimizers.sgd(0.1), start, NUM_STEPS)
    points, losses = by_hand(lambda p, t: loss(p), optimizers.sgd(0.1), start, NUM_STEPS)
    assert jax.tree.map(jnp.shape, path.params) == {"w": (13, 4, 3), "layers": ((13,), (13, 2))}
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *points)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), path.params, stacked)
    np.testing.assert_allclose(path.loss, losses, rtol=1e-4, atol=1e-6)
    assert (path.params["layers"][1] == 0).all()  # the loss ignores it


def test_a_function_that_wants_a_key_is_given_one():
    loss = lambda x, key: (x * jax.random.uniform(key)).sum()
    path = simulate(loss, optimizers.sgd(1.0), jnp.zeros(2), 3, key=jax.random.key(0))
    draws = [jax.random.uniform(jax.random.fold_in(jax.random.key(0), t)) for t in range(3)]
    np.testing.assert_allclose(path.params[:, 0], -np.cumsum(np.array([0.0, *draws])), rtol=1e-6)


def test_observe_sees_the_parameters_the_loss_and_the_gradient_of_the_point():
    problem = Problem(lambda x, key: (x**2).sum(), evaluate=lambda x: {"mean": x.mean()})
    observe = lambda x, loss, grads: {"grads": grads, "twice": 2 * loss, "x": x}
    path = simulate(problem, optimizers.sgd(0.25), jnp.array([1.0, 3.0]), 4, observe=observe)
    # every step halves x: numbers that float32 holds exactly
    expected = np.array([1.0, 3.0]) * 0.5 ** np.arange(5)[:, None]
    assert set(path.metrics) == {"mean", "grads", "twice", "x"}
    np.testing.assert_array_equal(path.metrics["x"], expected)
    np.testing.assert_array_equal(path.metrics["grads"], 2 * expected)
    np.testing.assert_array_equal(path.metrics["twice"], 2 * (expected**2).sum(1))
    np.testing.assert_array_equal(path.metrics["mean"], expected.mean(1))
    last = simulate(problem, optimizers.sgd(0.25), jnp.array([1.0, 3.0]), 4, observe=observe, record="final")
    np.testing.assert_array_equal(last.metrics["grads"], [2 / 16, 6 / 16])
    assert last.summary is None


def test_jit_and_vmap_change_nothing():
    run = lambda rate, start: simulate(VALLEY, optimizers.adam(rate), start, NUM_STEPS).params
    rates, starts = jnp.array([0.01, 0.1]), jnp.array([[-1.2, 1.0], [0.5, 0.5], [2.0, -1.0]])
    grid = jax.jit(jax.vmap(jax.vmap(run, (None, 0)), (0, None)))(rates, starts)
    assert grid.shape == (2, 3, 13, 2)
    alone = jax.jit(run)
    each = [[alone(rate, start) for start in starts] for rate in rates]
    np.testing.assert_allclose(grid, each, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("x64")
def test_the_gradient_by_the_start_is_that_of_the_linear_map():
    """On a bowl x_T = (1 - a h)^T x_0, so d/dx_0 of the final loss is h (1 - a h)^(2T) x_0."""
    h, x0 = np.array([1.0, 10.0]), np.array([4.0, 1.5])
    loss = lambda x: simulate(problems.quadratic(h), optimizers.sgd(0.05), x, 20, record="summary").loss
    np.testing.assert_allclose(jax.jit(jax.grad(loss))(jnp.asarray(x0)), h * (1 - 0.05 * h) ** 40 * x0, rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_the_gradient_by_the_problems_numbers():
    """d/dh of h/2 ((1 - a h)^T x_0)^2."""
    a, x0, n = 0.1, 2.0, 8
    loss = lambda h: simulate(problems.quadratic(h), optimizers.sgd(a), jnp.array([x0]), n, record="final").loss
    h = 3.0
    expected = x0**2 * ((1 - a * h) ** (2 * n) / 2 - n * a * h * (1 - a * h) ** (2 * n - 1))
    np.testing.assert_allclose(jax.jit(jax.grad(loss))(h), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
@pytest.mark.usefixtures("x64")
def test_everything_has_the_type_of_the_parameters(dtype):
    path = simulate(lambda x: (x**2).sum(), optimizers.adam(0.1), jnp.ones(2, dtype), 5, tolerance=0.5)
    floats = {leaf.dtype.name for leaf in jax.tree.leaves(path) if jnp.issubdtype(leaf.dtype, jnp.floating)}
    assert floats == {dtype}


def test_a_single_step_and_a_number_as_the_parameters():
    path = simulate(lambda x: 3 * x**2, optimizers.sgd(0.125), 2.0, 1)
    np.testing.assert_array_equal(path.params, [2.0, 0.5])
    np.testing.assert_array_equal(path.loss, [12.0, 0.75])


def test_a_second_call_of_a_jitted_run_compiles_nothing(count_compilations):
    run = jax.jit(
        lambda rate, start, tol: (
            simulate(VALLEY, optimizers.adam(rate), start, 5, record="summary", tolerance=tol).summary
        )
    )
    first = [jnp.float32(0.1), START, jnp.float32(0.1)]
    second = [jnp.float32(0.2), jnp.array([1.0, 2.0]), jnp.float32(0.3)]
    jax.block_until_ready(run(*first))
    with count_compilations() as compilations:
        run(*second)
    assert compilations.count == 0
