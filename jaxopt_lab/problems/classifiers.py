"""Learning to classify: logistic regression and the multilayer perceptron, by cross-entropy."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from jaxopt_lab.problems.checks import not_negative, whole_number
from jaxopt_lab.problems.datasets import load
from jaxopt_lab.problems.losses import row_losses
from jaxopt_lab.problems.networks import Activation, as_activation, draw_layers, logits, narrowed
from jaxopt_lab.problems.problem import Params, Problem
from jaxopt_lab.problems.splits import Dataset, Split
from jaxopt_lab.problems.training_sets import TrainingSet, training_set


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class _Architecture:
    """What shapes the program. It has no leaves, so that equal ones share a compiled program."""

    sizes: tuple[int, ...] = dataclasses.field(metadata={"static": True})
    activation: Activation = dataclasses.field(metadata={"static": True})
    batch_size: int | None = dataclasses.field(metadata={"static": True})
    decay_biases: bool = dataclasses.field(metadata={"static": True})


def mlp(
    data: Dataset | str = "digits",
    *,
    hidden: int | Sequence[int] = (32,),
    activation: Activation = "relu",
    batch_size: int | None = None,
    active_units: Any = None,
    label_noise: Any = 0.0,
    weight_decay: Any = 0.0,
    class_weight: Any = None,
    positive_weight: Any = None,
    sample_weight: Any = None,
    focal_gamma: Any = None,
    train_fraction: Any = 1.0,
) -> Problem:
    r"""A multilayer perceptron that learns to classify by cross-entropy, or by the focal loss.

    .. math::
        L(\theta) = \sum_i w_i \, (1 - p_i)^\gamma \, \ell(f_\theta(x_i), y_i)
                    + \frac{\lambda}{2} \sum_l \lVert W_l \rVert^2, \qquad
        f_\theta(x) = W_L \, \phi(\cdots \phi(W_1 x + b_1) \cdots) + b_L

    ``data``, ``hidden``, ``activation`` and ``batch_size`` shape the program; the rest are numbers that may be traced.
    Here :math:`p_i` is the probability given to the true class of row i. ``evaluate`` gives ``train_loss``,
    ``train_accuracy`` and the same for ``validation`` and ``test``, where these have rows: plain means of the
    cross-entropy, without weights, focus and decay. Those of the training rows are over what is learnt from (rows left
    out are left out, wrong labels are wrong); the others have clean labels.

    Args:
        data: a data set, or the name of one in ``problems.datasets``.
        hidden: the width of each hidden layer; a number means one layer, an empty tuple none.
        activation: :math:`\phi`, the name of a function in ``jax.nn``, or a function of an array.
        batch_size: how many rows each loss sees, drawn by its key with replacement; None: all rows, and no key needed.
        active_units: how many units of each hidden layer are in use, from 1 to its width; the others stay 0, as if the
            layer were that narrow. None: all.
        label_noise: the share of training labels that are wrong, from 0 to 1; more noise only adds wrong ones.
        weight_decay: :math:`\lambda`, the strength of the L2 penalty; the biases are exempt.
        class_weight: the weight of each class in the loss, shape ``(classes,)``, or ``"balanced"``; None: all equal.
        positive_weight: with two classes, the weight of the positive one where the other has 1.
        sample_weight: the weight of each training row in the loss, shape ``(rows,)``; None: all equal.
        focal_gamma: :math:`\gamma`, 0 or more, which takes weight from rows that are right already. None is 0, without
            the cost of computing it.
        train_fraction: the share of training rows in use, above 0 up to 1: the first rows.

    Returns:
        The problem. ``init`` draws the weights as `networks.draw_layers` does.

    Raises:
        ValueError: for an unknown data set or activation, sizes that are no whole numbers, shares outside ``[0, 1]``,
            weights that don't fit the classes or the rows, a negative focus, and a minibatch asked for without a key.

    Example:
        >>> problem = mlp("wine", hidden=16, weight_decay=1e-3)
        >>> params = problem.init(jax.random.key(0))
        >>> [layer["weights"].shape for layer in params]
        [(13, 16), (16, 3)]
        >>> sorted(problem.evaluate(params))[:2]
        ['test_accuracy', 'test_loss']

    References:
        D. E. Rumelhart, G. E. Hinton and R. J. Williams (1986). Learning representations by back-propagating errors.
        Nature 323, 533-536.
        T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollar (2017). Focal loss for dense object detection. ICCV.
    """
    widths: Any = (hidden,) if np.ndim(hidden) == 0 else hidden
    return _classifier(
        load(data),
        hidden=tuple(whole_number("hidden", width, least=1) for width in widths),
        activation=activation,
        batch_size=batch_size,
        active_units=active_units,
        label_noise=label_noise,
        weight_decay=weight_decay,
        decay_biases=False,
        class_weight=class_weight,
        positive_weight=positive_weight,
        sample_weight=sample_weight,
        focal_gamma=focal_gamma,
        train_fraction=train_fraction,
        name="mlp",
        reference="Rumelhart, Hinton and Williams 1986, Nature 323",
    )


def logistic_regression(
    data: Dataset | str = "imbalanced",
    *,
    batch_size: int | None = None,
    label_noise: Any = 0.0,
    weight_decay: Any = 0.0,
    decay_biases: bool = False,
    class_weight: Any = None,
    positive_weight: Any = None,
    sample_weight: Any = None,
    focal_gamma: Any = None,
    train_fraction: Any = 1.0,
) -> Problem:
    r"""A linear classifier by cross-entropy: a convex problem, with one minimum if the weights decay.

    .. math::
        L(W, b) = \sum_i w_i \, (1 - p_i)^\gamma \, \ell(W x_i + b, y_i) + \frac{\lambda}{2} \lVert W \rVert^2

    Scikit-learn's ``LogisticRegression(C=C)`` on n rows has the same minimum with :math:`\lambda = 1 / (C n)` and, for
    its solver ``liblinear``, with ``decay_biases=True``. With class weights :math:`c` and row weights :math:`s`, n
    becomes the sum over the rows of :math:`s_i c_{y_i}`. With a focus the problem need not be convex.

    Args:
        data: as in `mlp`.
        batch_size: as in `mlp`.
        label_noise: as in `mlp`.
        weight_decay: as in `mlp`.
        decay_biases: whether the penalty holds for the biases too.
        class_weight: as in `mlp`.
        positive_weight: as in `mlp`.
        sample_weight: as in `mlp`.
        focal_gamma: as in `mlp`.
        train_fraction: as in `mlp`.

    Returns:
        The problem, whose parameters are a tuple of one layer, drawn and evaluated as in `mlp`.

    Raises:
        ValueError: as `mlp` does.

    Example:
        >>> problem = logistic_regression("breast_cancer")
        >>> params = jax.tree.map(jnp.zeros_like, problem.init(jax.random.key(0)))
        >>> round(float(problem.loss(params, None)), 4)
        0.6931

    References:
        D. R. Cox (1958). The regression analysis of binary sequences. Journal of the Royal Statistical Society B
        20(2), 215-242.
    """
    return _classifier(
        load(data),
        hidden=(),
        activation="relu",
        batch_size=batch_size,
        active_units=None,
        label_noise=label_noise,
        weight_decay=weight_decay,
        decay_biases=decay_biases,
        class_weight=class_weight,
        positive_weight=positive_weight,
        sample_weight=sample_weight,
        focal_gamma=focal_gamma,
        train_fraction=train_fraction,
        name="logistic_regression",
        reference="Cox 1958, Journal of the Royal Statistical Society B 20(2)",
    )


def _classifier(
    data: Dataset,
    *,
    hidden: tuple[int, ...],
    activation: Activation,
    batch_size: int | None,
    active_units: Any,
    label_noise: Any,
    weight_decay: Any,
    decay_biases: bool,
    class_weight: Any,
    positive_weight: Any,
    sample_weight: Any,
    focal_gamma: Any,
    train_fraction: Any,
    name: str,
    reference: str,
) -> Problem:
    as_activation(activation)
    not_negative("focal_gamma", focal_gamma)
    classes = len(data.class_names)
    architecture = _Architecture(
        sizes=(data.train.features.shape[1], *hidden, classes if classes > 2 else 1),
        activation=activation,
        batch_size=None if batch_size is None else whole_number("batch_size", batch_size, least=1),
        decay_biases=decay_biases,
    )
    training = training_set(
        data,
        label_noise=label_noise,
        train_fraction=train_fraction,
        class_weight=_both_classes(class_weight, positive_weight, classes),
        sample_weight=sample_weight,
    )
    held_out = {"validation": data.validation, "test": data.test}
    held_out = {part: split for part, split in held_out.items() if split.features.shape[0]}
    return Problem(
        loss=Partial(_loss, architecture, training, weight_decay, focal_gamma, active_units),
        init=Partial(_init, architecture, active_units),
        evaluate=Partial(_evaluate, architecture, training, held_out, active_units),
        name=name,
        reference=reference,
    )


def _loss(
    architecture: _Architecture,
    training: TrainingSet,
    weight_decay: Any,
    focal_gamma: Any,
    active_units: Any,
    params: Params,
    key: jax.Array | None = None,
) -> jax.Array:
    params = narrowed(params, active_units)
    penalised = params if architecture.decay_biases else [layer["weights"] for layer in params]
    penalty = weight_decay / 2 * optax.tree.norm(penalised, squared=True)
    if architecture.batch_size is None:
        losses = row_losses(logits(params, training.features, architecture.activation), training.labels, focal_gamma)
        return jnp.sum(_like(losses, training.weights) * losses) + penalty
    if key is None:
        raise ValueError("key: got None, but minibatches are drawn at random; pass key=jax.random.key(seed)")
    rows = jax.random.randint(key, (architecture.batch_size,), 0, training.num_used)
    features, labels = jnp.asarray(training.features)[rows], training.labels[rows]
    losses = row_losses(logits(params, features, architecture.activation), labels, focal_gamma)
    # Each row in use is drawn with probability 1 / num_used: in the mean over keys this is the loss of all rows.
    return training.num_used * jnp.mean(_like(losses, training.weights[rows]) * losses) + penalty


def _init(architecture: _Architecture, active_units: Any, key: jax.Array) -> Params:
    return draw_layers(key, architecture.sizes, activation=architecture.activation, active_units=active_units)


def _evaluate(
    architecture: _Architecture, training: TrainingSet, held_out: dict[str, Split], active_units: Any, params: Params
) -> dict[str, jax.Array]:
    params = narrowed(params, active_units)
    metrics = {}
    for part, split in {"train": Split(training.features, training.labels), **held_out}.items():
        in_use = training.in_use if part == "train" else None
        scores = logits(params, split.features, architecture.activation)
        losses, right = row_losses(scores, split.labels), _decision(scores) == split.labels
        metrics[f"{part}_loss"] = jnp.mean(losses, where=in_use)
        metrics[f"{part}_accuracy"] = jnp.mean(_like(losses, right), where=in_use)
    return metrics


def _decision(scores: jax.Array) -> jax.Array:
    return (scores > 0) if scores.ndim == 1 else jnp.argmax(scores, axis=-1)


def _like(losses: jax.Array, numbers: Any) -> jax.Array:
    return jnp.asarray(numbers, losses.dtype)


def _both_classes(class_weight: Any, positive_weight: Any, classes: int) -> Any:
    if positive_weight is None:
        return class_weight
    if class_weight is not None:
        raise ValueError("positive_weight: given beside class_weight, which says the same; pass one of them")
    if classes != 2:
        raise ValueError(
            f"positive_weight: the data has {classes} classes, none of them the positive; use class_weight"
        )
    return jnp.stack([jnp.ones(()), jnp.asarray(positive_weight, float)])
