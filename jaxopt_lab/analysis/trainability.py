"""A network small enough to be trained a million times, and the optimiser whose two learning rates are then looked at.

With the two as in the paper that found its border of trainability to be a fractal.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import jax.typing
import numpy as np
import optax
from jax.tree_util import Partial

from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Params, Problem


def tanh_network(width: int = 4, *, seed: int = 0) -> Problem:
    r"""A hidden layer of tanh that learns random numbers by heart, all rows at once, by mean squares.

    .. math:: L(W_0, W_1) = \frac{1}{|D|} \sum_{(x, y) \in D} \Bigl(y - \frac{1}{n} W_1
              \tanh\bigl(\sqrt{2/n} \, W_0 x\bigr)\Bigr)^2, \qquad |D| = n^2 + n

    Inputs, targets and the weights that ``init`` draws are standard normal; there are as many rows as weights. The
    paper has :math:`n = 16`; the work of a step grows like :math:`n^4`.

    Args:
        width: the number :math:`n` of inputs and of hidden units, at least 1.
        seed: the root of the data.

    Returns:
        The problem; its parameters are ``{"hidden": (n, n), "output": (n,)}``. Its lowest loss is not known.

    Raises:
        ValueError: if ``width`` is no whole number of at least 1.

    Example:
        >>> network = tanh_network(4)
        >>> params = network.init(jax.random.key(0))
        >>> {name: weights.shape for name, weights in params.items()}
        {'hidden': (4, 4), 'output': (4,)}

    References:
        J. Sohl-Dickstein (2024). The boundary of neural network trainability is fractal. arXiv 2402.06184.
    """
    width = whole_number("width", width, least=1)
    rows, columns = width * (width + 1), width
    draws = np.random.default_rng(whole_number("seed", seed, least=0)).standard_normal((rows, columns + 1))
    return Problem(
        loss=Partial(_mean_square, draws[:, :-1], draws[:, -1]),
        init=Partial(_Weights(width)),
        name="tanh_network",
        reference="Sohl-Dickstein 2024, arXiv 2402.06184",
    )


def _mean_square(inputs: Any, targets: Any, params: Params, key: jax.Array | None) -> jax.Array:
    del key
    # The data take the type of the weights, as plain numbers would: float32 parameters give a float32 loss.
    inputs, targets = (jnp.asarray(each, params["output"].dtype) for each in (inputs, targets))
    width = inputs.shape[1]
    units = jnp.tanh((2 / width) ** 0.5 * (inputs @ params["hidden"].T))
    return jnp.mean((targets - units @ params["output"] / width) ** 2)


@dataclasses.dataclass(frozen=True)
class _Weights:
    """Draws the weights; equal ones share a compiled program."""

    width: int

    def __call__(self, key: jax.Array) -> Params:
        draws = jax.random.normal(key, (self.width + 1, self.width))
        return {"hidden": draws[:-1], "output": draws[-1]}


def layerwise_sgd(
    learning_rate_0: jax.typing.ArrayLike, learning_rate_1: jax.typing.ArrayLike
) -> optax.GradientTransformation:
    r"""Gradient descent on `tanh_network` with a learning rate for each layer.

    .. math:: W_0 \leftarrow W_0 - \eta_0 \nabla_{W_0} L, \qquad W_1 \leftarrow W_1 - \eta_1 \nabla_{W_1} L

    Args:
        learning_rate_0: :math:`\eta_0`, of the hidden layer.
        learning_rate_1: :math:`\eta_1`, of the output.

    Returns:
        The transformation.

    Raises:
        ValueError: at its ``init``, for parameters of another problem.

    Example:
        >>> slopes = {"hidden": np.ones((2, 2)), "output": np.ones(2)}
        >>> rule = layerwise_sgd(0.5, 2.0)
        >>> updates, _ = rule.update(slopes, rule.init(slopes))
        >>> updates["hidden"][0].tolist(), updates["output"].tolist()
        ([-0.5, -0.5], [-2.0, -2.0])

    References:
        J. Sohl-Dickstein (2024). The boundary of neural network trainability is fractal. arXiv 2402.06184.
    """
    rates: dict[str, Any] = {"hidden": learning_rate_0, "output": learning_rate_1}

    def init(params: Params) -> optax.EmptyState:
        if not (isinstance(params, Mapping) and params.keys() == rates.keys()):
            raise ValueError("optimizer: layerwise_sgd has a rate for each layer of tanh_network, and for nothing else")
        return optax.EmptyState()

    def update(grads: Params, state: optax.EmptyState, params: Params | None = None) -> tuple[Params, optax.EmptyState]:
        del params
        return {name: -rates[name] * slope for name, slope in grads.items()}, state

    return optax.GradientTransformation(init, update)  # pyright: ignore[reportArgumentType]  Optax types states loosely
