"""Thousands of small networks, trained side by side: what each was given, and the curves that came of it."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from jaxopt_lab import optimizers
from jaxopt_lab.engine import simulate
from jaxopt_lab.labs.curves.tasks import CLASSES, FEATURES, TRAIN_ROWS, Part, Task
from jaxopt_lab.problems import Problem
from jaxopt_lab.problems.networks import draw_layers, narrowed

WIDEST, BATCH = 24, 32
EPOCHS, STEPS = 80, 10
"""How many points each run has after its start, and how many steps lie between two of them."""

OPTIMIZERS: dict[str, Callable[[Any], optax.GradientTransformation]] = {
    "sgd": optimizers.sgd,
    "momentum": lambda learning_rate: optimizers.sgd_momentum(learning_rate, 0.9),
    "adam": optimizers.adam,
    "rmsprop": optimizers.rmsprop,
}


class Conditions(NamedTuple):
    """What one network is given; arrays over the networks of a chunk. All of it is traced.

    Attributes:
        train_rows: how many rows it learns from.
        label_noise: the share of them whose label is wrong.
        width: how many units of each hidden layer are in use.
        weight_decay: the strength of the L2 penalty.
        dropout: the share of hidden units left out at each training step.
        batch: how many rows each step sees, up to `BATCH`.
        learning_rate: the optimiser's.
        seed: of the start and of the minibatches.
    """

    train_rows: Any
    label_noise: Any
    width: Any
    weight_decay: Any
    dropout: Any
    batch: Any
    learning_rate: Any
    seed: Any


def train(
    task: Task, conditions: Conditions, optimizer: str, depth: int, *, epochs: int = EPOCHS
) -> dict[str, np.ndarray]:
    """Train one network for each condition, all on one task.

    Args:
        task: the task.
        conditions: arrays of the same length.
        optimizer: a name in `OPTIMIZERS`.
        depth: the number of hidden layers.
        epochs: how many recorded points follow the start.

    Returns:
        ``train_loss``, ``validation_loss``, ``true_loss`` and the same accuracies, and ``batch_loss``, the loss of the
        minibatch as it was optimised (dropout and penalty included); each of shape ``(networks, epochs + 1)``.
    """
    return jax.device_get(_program(optimizer, depth, epochs)(task, conditions))


@functools.cache
def _program(optimizer: str, depth: int, epochs: int) -> Callable[[Task, Conditions], dict[str, jax.Array]]:
    def one(task: Task, given: Conditions) -> dict[str, jax.Array]:
        start, batches = jax.random.split(jax.random.key(given.seed))
        problem = student(task, given, depth)
        assert problem.init is not None
        run = simulate(
            problem, OPTIMIZERS[optimizer](given.learning_rate), problem.init(start), epochs * STEPS, key=batches,
            record=STEPS,
        )  # fmt: skip
        return run.metrics | {"batch_loss": run.loss}

    return jax.jit(jax.vmap(one, (None, 0)))


def student(task: Task, given: Conditions, depth: int) -> Problem:
    """The network of one condition as a problem.

    Args:
        task: what it learns.
        given: what it is given.
        depth: the number of hidden layers.
    """
    return Problem(
        loss=Partial(_loss, task, given), init=Partial(_init, depth, given), evaluate=Partial(_evaluate, task, given),
        name="student",
    )  # fmt: skip


def _init(depth: int, given: Conditions, key: jax.Array) -> Any:
    return draw_layers(key, (FEATURES, *[WIDEST] * depth, CLASSES), active_units=given.width)


def _scores(task: Task, given: Conditions, params: Any, features: jax.Array, key: jax.Array | None = None) -> jax.Array:
    """The logits; with a key, units are left out, the same ones for all rows."""
    *below, top = narrowed(params, given.width)
    units = features
    for layer in below:
        units = jax.nn.relu(units @ layer["weights"] + layer["biases"])
        if key is not None:
            key, now = jax.random.split(key)
            units *= jax.random.bernoulli(now, 1 - given.dropout, (WIDEST,)) / (1 - given.dropout)
    scores = units @ top["weights"] + top["biases"]
    return jnp.where(np.arange(CLASSES) < task.classes, scores, -1e9)


def _targets(task: Task, given: Conditions) -> jax.Array:
    return jnp.where((task.rank < given.label_noise)[:, None], task.wrong, task.train.targets)


def _loss(task: Task, given: Conditions, params: Any, key: jax.Array) -> jax.Array:
    drawn, dropped = jax.random.split(key)
    rows = jax.random.randint(drawn, (BATCH,), 0, given.train_rows)
    scores = _scores(task, given, params, task.train.features[rows], dropped)
    losses = optax.softmax_cross_entropy(scores, _targets(task, given)[rows])
    penalty = given.weight_decay / 2 * optax.tree.norm([layer["weights"] for layer in params], squared=True)
    return jnp.mean(losses, where=np.arange(BATCH) < given.batch) + penalty


def _evaluate(task: Task, given: Conditions, params: Any) -> dict[str, jax.Array]:
    in_use = np.arange(TRAIN_ROWS) < given.train_rows
    learnt = Part(task.train.features, _targets(task, given), in_use / given.train_rows)
    metrics = {}
    for name, part in {"train": learnt, "validation": task.validation, "true": task.truth}.items():
        scores = _scores(task, given, params, part.features)
        metrics[f"{name}_loss"] = part.weights @ optax.softmax_cross_entropy(scores, part.targets)
        chosen = jax.nn.one_hot(jnp.argmax(scores, axis=1), CLASSES)
        metrics[f"{name}_accuracy"] = part.weights @ jnp.sum(chosen * part.targets, axis=1)
    return metrics
