"""The work that engines are compared on: Adam on the exercise's bowl, by our sweep and as one writes it by hand."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxopt_lab import optimizers, problems
from jaxopt_lab.bench.limits import Limits
from jaxopt_lab.bench.rounds import Method
from jaxopt_lab.engine import sweep

CURVATURES = (1.0, 10.0)
STARTS = 100

FINAL = 'jaxopt_lab, record="final"'
SUMMARY = 'jaxopt_lab, record="summary"'
OPTAX = "Optax, jit(vmap(scan)) over all lanes"
NUMPY = "NumPy over all lanes"
NUMPY_FIRST = "NumPy over all lanes, coordinates first"

STATE_BYTES = 24
"""What a lane carries: two parameters and Adam's two moments of each, in float32."""

OPERATIONS = 26
"""Arithmetic of a lane's step: thirteen additions, products, quotients and roots for each of two parameters."""


def learning_rates(lanes: int) -> np.ndarray:
    """So many rates that with the starts they make up the lanes."""
    if lanes < STARTS or lanes % STARTS:
        raise ValueError(f"lanes: got {lanes}; pass a multiple of {STARTS}")
    return np.logspace(-4, -1, lanes // STARTS)


def starts() -> np.ndarray:
    """The start points, the same for every method."""
    return np.random.default_rng(0).uniform(-4, 4, (STARTS, 2)).astype(np.float32)


def all_lanes(lanes: int) -> tuple[np.ndarray, np.ndarray]:
    """The rate and the start of each lane, in the order of the sweep's result."""
    rates = np.repeat(learning_rates(lanes), STARTS).astype(np.float32)
    return rates, np.tile(starts(), (lanes // STARTS, 1))


def ours(record: str, lanes: int, steps: int) -> Callable[[], Any]:
    """The public sweep, end to end: labelled dataset included."""
    bowl, grid, points = problems.quadratic(CURVATURES), {"learning_rate": learning_rates(lanes)}, starts()
    return lambda: sweep(bowl, optimizers.adam, grid, starts=points, num_steps=steps, record=record)


def optax_over_all_lanes(lanes: int, steps: int) -> Callable[[], Any]:
    """What one writes by hand."""

    @jax.jit
    @jax.vmap
    def final(learning_rate: jax.Array, start: jax.Array) -> jax.Array:
        optimizer = optax.adam(learning_rate)

        def step(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], None]:
            params, state = carry
            grads = jax.grad(lambda w: 0.5 * jnp.sum(jnp.array(CURVATURES) * w**2))(params)
            updates, state = optimizer.update(grads, state, params)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(step, (start, optimizer.init(start)), None, length=steps)[0][0]

    rates, points = (jnp.asarray(each) for each in all_lanes(lanes))
    return lambda: final(rates, points).block_until_ready()


def numpy_over_all_lanes(lanes: int, steps: int, *, coordinates_first: bool = False) -> Callable[[], np.ndarray]:
    """The exercise's loop with an axis of lanes: before that of the coordinates, or after it, as suits NumPy better."""
    rates, points = all_lanes(lanes)
    rates, curvatures = rates[:, None], np.array(CURVATURES, np.float32)
    if not coordinates_first:
        return lambda: seed_adam(points, rates, curvatures, steps)
    rates, points = np.ascontiguousarray(rates.T), np.ascontiguousarray(points.T)
    return lambda: seed_adam(points, rates, curvatures[:, None], steps).T


def seed_adam(w: np.ndarray, rate: Any, curvatures: np.ndarray, steps: int) -> np.ndarray:
    """The exercise's loop: the end point."""
    s, r = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, steps + 1):
        g = curvatures * w
        s = 0.9 * s + 0.1 * g
        r = 0.999 * r + 0.001 * g**2
        w = w - rate * (s / (1 - 0.9**t)) / (np.sqrt(r / (1 - 0.999**t)) + 1e-8)
    return w


def bounds(limits: Limits) -> dict[str, float]:
    """Steps a second if each read its state from memory and wrote it back, and if arithmetic were all there is."""
    return {"memory": limits.copy / (2 * STATE_BYTES), "arithmetic": limits.multiply_adds / OPERATIONS}


def chunking(dataset: Any) -> dict[str, Any]:
    """In what portions a sweep ran, as its result says."""
    return {name: dataset.attrs[name] for name in ("chunk_size", "tiling")}


def xla_methods(lanes: int, steps: int) -> dict[str, Method]:
    """The methods whose speed depends on XLA's options: Optax by hand, and ours."""
    learning_rates(lanes)  # a number of lanes that can't be is refused before anything is measured
    work = lanes * steps
    return {
        OPTAX: Method(lambda: optax_over_all_lanes(lanes, steps), work),
        FINAL: Method(lambda: ours("final", lanes, steps), work),
        SUMMARY: Method(lambda: ours("summary", lanes, steps), work),
    }


def numpy_methods(lanes: int, steps: int) -> dict[str, Method]:
    """NumPy on a twentieth of the steps: its time is proportional to them."""
    fewer = max(1, steps // 20)
    work = lanes * fewer
    return {
        NUMPY: Method(lambda: numpy_over_all_lanes(lanes, fewer), work),
        NUMPY_FIRST: Method(lambda: numpy_over_all_lanes(lanes, fewer, coordinates_first=True), work),
    }
