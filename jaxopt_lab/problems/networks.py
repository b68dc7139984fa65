"""Multilayer perceptrons as plain arrays.

The parameters are a tuple of layers, each ``{"weights": (inputs, outputs), "biases": (outputs,)}``. Two classes share
one output, the log-odds of the second.
"""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab.problems.checks import known_name
from jaxopt_lab.problems.problem import Params

Activation = str | Callable[[jax.Array], jax.Array]

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu", "elu", "leaky_relu", "softplus")
"""The functions of ``jax.nn`` that can be asked for by name."""


def logits(params: Params, features: Any, activation: Activation = "relu") -> jax.Array:
    r"""What the network gives before it is squashed to probabilities: the scores to rank by.

    .. math:: f_\theta(x) = \phi(\cdots \phi(x W_1 + b_1) \cdots) W_L + b_L

    Args:
        params: the tuple of layers.
        features: shape ``(rows, features)``.
        activation: as it was given to `mlp`.

    Returns:
        The log-odds of the positive class, shape ``(rows,)``, for two classes; else shape ``(rows, classes)``.

    Example:
        >>> layer = {"weights": jnp.array([[1.0], [2.0]]), "biases": jnp.array([0.5])}
        >>> float(logits((layer,), jnp.array([[1.0, 1.0]]))[0])
        3.5
    """
    function = as_activation(activation)
    *below, top = params
    units = jnp.asarray(features, top["weights"].dtype)
    for layer in below:
        units = function(units @ layer["weights"] + layer["biases"])
    outputs = units @ top["weights"] + top["biases"]
    return outputs[:, 0] if outputs.shape[1] == 1 else outputs


def probabilities(params: Params, features: Any, activation: Activation = "relu") -> jax.Array:
    r"""The probability that the network gives to the positive class, or, with more than two, to each.

    .. math:: p = \frac{1}{1 + e^{-f_\theta(x)}}, \qquad p_k = \frac{e^{f_\theta(x)_k}}{\sum_j e^{f_\theta(x)_j}}

    Args:
        params: as in `logits`.
        features: as in `logits`.
        activation: as in `logits`.

    Returns:
        Shape ``(rows,)`` for two classes, else ``(rows, classes)``.

    Example:
        >>> layer = {"weights": jnp.zeros((2, 4)), "biases": jnp.zeros(4)}
        >>> probabilities((layer,), jnp.ones((1, 2))).tolist()
        [[0.25, 0.25, 0.25, 0.25]]
    """
    scores = logits(params, features, activation)
    return jax.nn.sigmoid(scores) if scores.ndim == 1 else jax.nn.softmax(scores)


def draw_layers(
    key: jax.Array, sizes: tuple[int, ...], *, activation: Activation = "relu", active_units: Any = None
) -> Params:
    r"""Random layers that keep the size of the signal from one to the next; all biases are 0.

    .. math::
        W \sim N(0, g / n)

    where :math:`n` is the number of units in use below, and :math:`g` is 2 above a ReLU, which halves the signal, and
    otherwise 1.

    Args:
        key: the source of the draws.
        sizes: the number of inputs, the width of each hidden layer, and the number of outputs.
        activation: as in `mlp`.
        active_units: as in `mlp`.

    Returns:
        The tuple of layers.

    Example:
        >>> [layer["weights"].shape for layer in draw_layers(jax.random.key(0), (64, 32, 10))]
        [(64, 32), (32, 10)]

    References:
        K. He, X. Zhang, S. Ren and J. Sun (2015). Delving deep into rectifiers. ICCV.
    """
    shapes = list(itertools.pairwise(sizes))
    ends = np.cumsum([inputs * outputs for inputs, outputs in shapes])
    # One draw for all layers: XLA compiles draws of a matrix, one a layer, many times slower.
    draws = jnp.split(jax.random.normal(key, (ends[-1],)), ends[:-1])
    after_relu = as_activation(activation) is jax.nn.relu
    layers = []
    for depth, ((inputs, outputs), draw) in enumerate(zip(shapes, draws, strict=True)):
        in_use = inputs if active_units is None or depth == 0 else jnp.clip(active_units, 1, inputs)
        gain = 2.0 if after_relu and depth > 0 else 1.0
        weights = draw.reshape(inputs, outputs) * jnp.sqrt(gain / in_use)
        layers.append({"weights": weights, "biases": jnp.zeros(outputs)})
    return narrowed(tuple(layers), active_units)


def narrowed(params: Params, active_units: Any) -> Params:
    """The layers with the weights into and out of every hidden unit past the first ``active_units`` set to 0.

    Args:
        params: the tuple of layers.
        active_units: how many units of each hidden layer are in use; it may be traced. None: all.

    Returns:
        Layers of the same shapes.

    Example:
        >>> layers = draw_layers(jax.random.key(0), (4, 8, 3))
        >>> int((narrowed(layers, 2)[1]["weights"] != 0).sum())
        6
    """
    if active_units is None:
        return params
    layers = list(params)
    for depth in range(len(layers) - 1):
        below, above = layers[depth], layers[depth + 1]
        in_use = np.arange(below["biases"].shape[0]) < active_units
        layers[depth] = {name: jnp.where(in_use, value, 0) for name, value in below.items()}
        layers[depth + 1] = above | {"weights": jnp.where(in_use[:, None], above["weights"], 0)}
    return tuple(layers)


def as_activation(activation: Activation) -> Callable[[jax.Array], jax.Array]:
    """A function by its name in `ACTIVATIONS`; a function is given back as it is.

    Args:
        activation: the name, or the function.

    Returns:
        The function, of an array.

    Raises:
        ValueError: for a name that is not known, with the nearest one that is.

    Example:
        >>> as_activation("tanh")(jnp.array(0.0)).item()
        0.0
    """
    if callable(activation):
        return activation
    return getattr(jax.nn, known_name("activation", activation, ACTIVATIONS))
