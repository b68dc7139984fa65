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
EPOCHS, STEPS = 100, 10
"""How many points each run has after its start, and how many steps lie between two of them."""
HORIZON = EPOCHS // 2 * STEPS
"""The step at which a schedule of the learning rate has come to its end, where it then stays."""
SCHEDULES = ("constant", "cosine", "steps", "warm-up")
LAST_SHARE = 0.03
"""Which share of the learning rate is left at the end of a schedule."""

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
        input_noise: the deviation of what is added to the features at each training step.
        schedule: the place in `SCHEDULES` of what becomes of the learning rate.
        batch: how many rows each step sees, up to `BATCH`.
        learning_rate: the optimiser's.
        seed: of the start and of the minibatches.
    """

    train_rows: Any
    label_noise: Any
    width: Any
    weight_decay: Any
    dropout: Any
    input_noise: Any
    schedule: Any
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
        rate = Partial(learning_rate, given)
        run = simulate(
            problem, OPTIMIZERS[optimizer](rate), problem.init(start), epochs * STEPS, key=batches, record=STEPS
        )
        return run.metrics | {"batch_loss": run.loss}

    return jax.jit(jax.vmap(one, (None, 0)))


def learning_rate(given: Conditions, step: Any) -> Any:
    """The learning rate at a step.

    Args:
        given: what the network is given.
        step: how many steps were taken.

    Example:
        >>> given = Conditions(8, 0.0, 4, 0.0, 0.0, 0.0, SCHEDULES.index("steps"), 4, 0.1, 0)
        >>> [round(float(learning_rate(given, step)), 4) for step in (0, HORIZON // 2, HORIZON)]
        [0.1, 0.01, 0.001]
    """
    share = jnp.minimum(step / HORIZON, 1.0)
    shares = (
        jnp.ones_like(share),
        LAST_SHARE + (1 - LAST_SHARE) * (1 + jnp.cos(np.pi * share)) / 2,
        0.1 ** (jnp.asarray(share >= 0.5, int) + (share >= 0.75)),
        jnp.minimum((share + 0.01) / 0.1, 1.0) * (1 - (1 - LAST_SHARE) * share),
    )
    return given.learning_rate * jnp.stack(shares)[given.schedule]


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
    drawn, dropped, blurred = jax.random.split(key, 3)
    rows = jax.random.randint(drawn, (BATCH,), 0, given.train_rows)
    noise = given.input_noise * jax.random.normal(blurred, (BATCH, FEATURES))
    scores = _scores(task, given, params, task.train.features[rows] + noise, dropped)
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
