"""How fast do small networks train side by side? 64-32-10 on the digits, learning rates times start points, by SGD.

    .venv/bin/python benchmarks/networks.py [--rates 16] [--seeds 16] [--steps 400] [--batch 128] [--out networks.json]

Every network draws its own minibatches. Beside the sweep stand the same by hand in JAX and Optax, and PyTorch: one
network after another (few of them, since its time is proportional), and all at once by `torch.func`.
"""

import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from script import parser

from jaxopt_lab import optimizers, problems, sweep, tune_xla
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import missing_lines, table, write_json
from jaxopt_lab.bench.rounds import Method, measure, need

OURS = "jaxopt_lab, sweep"
OPTAX = "Optax, jit(vmap(scan))"
TORCH_FUNC = "PyTorch, all at once by torch.func"
TORCH_ONE = "PyTorch, one by one"

HIDDEN = 32


class Work:
    """The networks to train: where they start, at which rates, for how many steps, on how many rows a step."""

    def __init__(self, rates: int, seeds: int, steps: int, batch: int | None) -> None:
        """Draw the start points."""
        self.steps, self.batch = steps, batch
        self.problem = problems.mlp("digits", hidden=(HIDDEN,), batch_size=batch)
        self.rates = np.logspace(-2, -0.5, rates)
        assert self.problem.init is not None
        drawn = jax.vmap(self.problem.init)(jax.random.split(jax.random.key(0), seeds))
        self.starts = jax.tree.map(np.asarray, drawn)
        self.rows = problems.datasets.load("digits").train

    def all_networks(self) -> tuple[np.ndarray, Any]:
        """The rate and the start of each network, in the order of the sweep's result."""
        seeds = len(self.starts[0]["biases"])
        starts = jax.tree.map(lambda leaf: np.tile(leaf, (len(self.rates),) + (1,) * (leaf.ndim - 1)), self.starts)
        return np.repeat(self.rates, seeds).astype(np.float32), starts


def ours(work: Work) -> Callable[[], Any]:
    """The public sweep; each call gives the training losses at the end."""
    grid = {"learning_rate": work.rates}
    return lambda: sweep(
        work.problem, optimizers.sgd, grid, starts=work.starts, num_steps=work.steps, record="final"
    ).train_loss.values.ravel()


def optax_over_all_networks(work: Work) -> Callable[[], Any]:
    """What one writes by hand in JAX."""
    loss, evaluate = work.problem.loss, work.problem.evaluate
    assert evaluate is not None

    @jax.jit
    @jax.vmap
    def train(learning_rate: jax.Array, start: Any, key: jax.Array) -> jax.Array:
        optimizer = optax.sgd(learning_rate)

        def step(carry: tuple[Any, Any], key: jax.Array) -> tuple[tuple[Any, Any], None]:
            params, state = carry
            updates, state = optimizer.update(jax.grad(loss)(params, key), state, params)
            return (optax.apply_updates(params, updates), state), None

        keys = jax.random.split(key, work.steps)
        params = jax.lax.scan(step, (start, optimizer.init(start)), keys)[0][0]
        return evaluate(params)["train_loss"]

    rates, starts = work.all_networks()
    arguments = (*jax.tree.map(jnp.asarray, (rates, starts)), jax.random.split(jax.random.key(1), len(rates)))
    return lambda: train(*arguments).block_until_ready()


def torch_func_over_all_networks(work: Work) -> Callable[[], np.ndarray]:
    """Plain functions of stacked weights, differentiated and mapped by `torch.func`."""
    torch = need("torch")
    features, labels = _tensors(torch, work)
    rates, starts = work.all_networks()
    rates = torch.from_numpy(rates)

    def loss(weights: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = weights
        return torch.nn.functional.cross_entropy(torch.relu(x @ w1 + b1) @ w2 + b2, y)

    gradients = torch.func.vmap(torch.func.grad(loss))
    losses = torch.func.vmap(loss, in_dims=(0, None, None))
    everything = torch.arange(len(labels)).expand(len(rates), -1)

    def train() -> np.ndarray:
        weights = tuple(torch.from_numpy(layer[part].copy()) for layer in starts for part in ("weights", "biases"))
        for _ in range(work.steps):
            drawn = everything if work.batch is None else torch.randint(len(labels), (len(rates), work.batch))
            slopes = gradients(weights, features[drawn], labels[drawn])
            for weight, slope in zip(weights, slopes, strict=True):
                weight.sub_(rates.view(-1, *[1] * (weight.ndim - 1)) * slope)
        return losses(weights, features, labels).numpy()

    return train


def torch_one_by_one(work: Work, how_many: int) -> Callable[[], np.ndarray]:
    """What PyTorch's users write for one network, for the first so many."""
    torch = need("torch")
    features, labels = _tensors(torch, work)
    rates, starts = work.all_networks()
    cross_entropy = torch.nn.functional.cross_entropy

    def train(place: int) -> float:
        network = torch.nn.Sequential(torch.nn.Linear(64, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 10))
        with torch.no_grad():
            for layer, start in zip((network[0], network[2]), starts, strict=True):
                layer.weight.copy_(torch.from_numpy(start["weights"][place].T.copy()))
                layer.bias.copy_(torch.from_numpy(start["biases"][place].copy()))
        optimizer = torch.optim.SGD(network.parameters(), lr=float(rates[place]))
        for _ in range(work.steps):
            drawn = slice(None) if work.batch is None else torch.randint(len(labels), (work.batch,))
            optimizer.zero_grad()
            cross_entropy(network(features[drawn]), labels[drawn]).backward()
            optimizer.step()
        with torch.no_grad():
            return float(cross_entropy(network(features), labels))

    return lambda: np.array([train(place) for place in range(how_many)])


def _tensors(torch: Any, work: Work) -> tuple[Any, Any]:
    features, labels = work.rows
    return torch.tensor(np.asarray(features, np.float32)), torch.tensor(np.asarray(labels, np.int64))


def run(work: Work, rounds: int, few: int) -> dict[str, Any]:
    """Time the methods, in networks a second."""
    networks = len(work.rates) * len(work.starts[0]["biases"])
    few = min(few, networks)
    methods = {
        OURS: Method(lambda: ours(work), networks),
        OPTAX: Method(lambda: optax_over_all_networks(work), networks),
        TORCH_FUNC: Method(lambda: torch_func_over_all_networks(work), networks),
        TORCH_ONE: Method(lambda: torch_one_by_one(work, few), few),
    }
    timings = measure(methods, rounds)
    rows = timings.rows()
    for name, row in rows.items():
        row["milliseconds_a_network"] = 1e3 / row["rate"]
        row["ours_times_as_fast"] = timings.ratio(OURS, name)
    sizes = {"networks": networks, "steps": work.steps, "batch": work.batch, "rounds": rounds}
    machine = describe_machine()
    return sizes | {"unit": "networks a second", "machine": machine, "methods": rows, "missing": timings.missing}


def report(result: dict[str, Any]) -> str:
    """The measurement as a table for people."""
    rows = [
        [name, row["milliseconds_a_network"], row["rate"], row["ours_times_as_fast"], row["first_seconds"]]
        for name, row in sorted(result["methods"].items(), key=lambda item: -item[1]["rate"])
    ]
    sizes = f"{result['steps']} steps of {result['batch'] or 'all'} rows"
    parts = [
        f"{result['networks']} networks 64-{HIDDEN}-10 on the digits, {sizes}, median of {result['rounds']} rounds",
        one_line(result["machine"]),
        table(["method", "ms a network", "networks/s", "ours x as fast", "first s"], rows),
        missing_lines(result["missing"]),
    ]
    return "\n".join(part for part in parts if part)


def main(arguments: list[str]) -> None:
    """Measure, print the table, write the JSON."""
    options = parser(__doc__, rates=16, seeds=16, steps=400, batch=128, few=4, rounds=3)
    options.add_argument("--tuned", action="store_true", help="under the options of tune_xla")
    chosen = options.parse_args(arguments)
    if chosen.tuned:
        tune_xla()
    result = run(Work(chosen.rates, chosen.seeds, chosen.steps, chosen.batch), chosen.rounds, chosen.few)
    print(report(result))
    if chosen.out:
        write_json(chosen.out, result)


if __name__ == "__main__":
    main(sys.argv[1:])
