"""How fast is a sweep beside its peers? Adam on the seed's bowl, every method side by side in one run.

    .venv/bin/python benchmarks/engine.py [--lanes 102400] [--steps 1000] [--rounds 5] [--out engine.json]

Each round times every method once, in turn, so that a machine that slows down slows all of them; what counts is the
ratio within a round. The methods that use XLA run under the options of `jaxopt_lab.tune_xla`, the peer too.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxopt_lab import optimizers, problems, sweep, tune_xla

CURVATURES = (1.0, 10.0)
STARTS = 100
PEER = "Optax, jit(vmap(scan)) over all lanes"


def learning_rates(lanes: int) -> np.ndarray:
    """So many rates that with the starts they make up the lanes."""
    return np.logspace(-4, -1, lanes // STARTS)


def starts() -> np.ndarray:
    """The start points, the same for every method."""
    return np.random.default_rng(0).uniform(-4, 4, (STARTS, 2)).astype(np.float32)


def ours(record: Any, lanes: int, steps: int) -> Callable[[], Any]:
    """The public sweep, end to end: labelled dataset included."""
    grid = {"learning_rate": learning_rates(lanes)}
    return lambda: sweep(
        problems.quadratic(CURVATURES), optimizers.adam, grid, starts=starts(), num_steps=steps, record=record
    )


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

    rates = jnp.asarray(np.repeat(learning_rates(lanes), STARTS), jnp.float32)
    points = jnp.asarray(np.tile(starts(), (lanes // STARTS, 1)))
    return lambda: final(rates, points).block_until_ready()


def numpy_over_all_lanes(lanes: int, steps: int) -> Callable[[], Any]:
    """The seed's loop with an axis of lanes."""
    rates = np.repeat(learning_rates(lanes), STARTS).astype(np.float32)[:, None]
    points, h = np.tile(starts(), (lanes // STARTS, 1)), np.array(CURVATURES, np.float32)
    return lambda: _adam(points.copy(), rates, h, steps)


def one_trajectory_at_a_time(steps: int) -> Callable[[], Any]:
    """The seed's loop as it is: one start, one rate."""
    return lambda: _adam(np.array([4.0, 1.5]), 0.2, np.array(CURVATURES), steps)


def _adam(w: np.ndarray, rate: Any, h: np.ndarray, steps: int) -> np.ndarray:
    s, r = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, steps + 1):
        g = h * w
        s = 0.9 * s + 0.1 * g
        r = 0.999 * r + 0.001 * g**2
        w = w - rate * (s / (1 - 0.9**t)) / (np.sqrt(r / (1 - 0.999**t)) + 1e-8)
    return w


def measure(lanes: int, steps: int, rounds: int) -> dict[str, Any]:
    """Time every method once a round, and take the ratios within the rounds.

    Args:
        lanes: trajectories, a multiple of 100.
        steps: the steps of each.
        rounds: how often.
    """
    work = lanes * steps
    methods = {
        PEER: (optax_over_all_lanes(lanes, steps), work),
        'jaxopt_lab, record="final"': (ours("final", lanes, steps), work),
        'jaxopt_lab, record="summary"': (ours("summary", lanes, steps), work),
        "NumPy over all lanes": (numpy_over_all_lanes(lanes, max(1, steps // 20)), lanes * max(1, steps // 20)),
        "NumPy, one trajectory at a time": (one_trajectory_at_a_time(steps), steps),
    }
    first = {name: _seconds(run) for name, (run, _) in methods.items()}  # compilation included
    timed = [{name: size / _seconds(run) / 1e6 for name, (run, size) in methods.items()} for _ in range(rounds)]
    return {
        "lanes": lanes,
        "steps": steps,
        "rounds": rounds,
        "machine": _machine(),
        "methods": {
            name: {
                "first_seconds": first[name],
                "million_steps_a_second": statistics.median(one[name] for one in timed),
                "spread": [min(one[name] for one in timed), max(one[name] for one in timed)],
                "ratio_to_optax": statistics.median(one[name] / one[PEER] for one in timed),
            }
            for name in methods
        },
    }


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _machine() -> dict[str, Any]:
    return {
        "device": jax.devices()[0].device_kind,
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "load": os.getloadavg()[0],
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("jax", "optax", "numpy")},
    }


def table(result: dict[str, Any]) -> str:
    """The measurement as a table for people."""
    lines = [
        f"Adam on a bowl, {result['lanes']:,} lanes x {result['steps']:,} steps, median of {result['rounds']} rounds"
    ]
    lines += [f"{'method':<40}{'M steps/s':>12}{'x Optax':>10}"]
    for name, row in sorted(result["methods"].items(), key=lambda item: -item[1]["million_steps_a_second"]):
        lines += [f"{name:<40}{row['million_steps_a_second']:>12.4g}{row['ratio_to_optax']:>10.3g}"]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lanes", type=int, default=102_400)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plain", action="store_true", help="without the options of tune_xla")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    chosen = parser.parse_args(arguments)
    if not chosen.plain:
        tune_xla()
    result = measure(chosen.lanes, chosen.steps, chosen.rounds)
    print(table(result))
    if chosen.out:
        chosen.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
