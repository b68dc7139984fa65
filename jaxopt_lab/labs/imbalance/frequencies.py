"""How optimisers meet classes of unequal frequency: the loss of frequent and of rare classes over the steps."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxopt_lab.engine import sweep

if TYPE_CHECKING:
    import xarray as xr

OPTIMIZERS = {
    "gradient descent": optax.sgd,
    "sign descent": optax.sign_sgd,
    "Adam, no momentum": partial(optax.adam, b1=0.0),
}
"""None has momentum, which would let frequent and rare classes overshoot alike and hide what frequency does."""


def loss_by_frequency(
    *,
    groups: int = 8,
    doubt: float = 0.1,
    learning_rates: Sequence[float] = tuple((10.0 ** np.arange(-2, 2.6, 0.25)).tolist()),
    num_steps: int = 100,
    learnt: float = 0.1,
) -> "xr.Dataset":
    r"""Learn frequent and rare classes by three optimisers, and follow the loss of each.

    .. math::
        L(W) = \sum_k \pi_k \, \mathrm{KL}(q_k \,\Vert\, \operatorname{softmax}(W_k)), \qquad
        q_k = (1 - \varepsilon) \, e_k + \varepsilon / K

    Each class has a row of its own in :math:`W`, as a word has in a model of pairs of words, and all rows are the same
    task: they differ in the frequency :math:`\pi_k` alone. Gradient descent has the step size :math:`\eta \pi_k` on row
    k; the frequent rows bound :math:`\eta`, and the rare ones wait. Sign descent does not see the frequency at all.
    Group g has :math:`2^g` classes and every group the same part of the whole, which is a heavy tail. Each optimiser
    has the learning rate that gives it the lowest loss, averaged over the steps. Rows don't meet, neither in the loss
    nor in the optimisers, so one class of each group is enough to train.

    Args:
        groups: how many groups; the rarest class is :math:`2^{\text{groups} - 1}` times as rare as the most frequent.
        doubt: :math:`\varepsilon`; without it the minimum lies at infinity and any learning rate is small enough.
        learning_rates: to choose from, the same for all optimisers.
        num_steps: from weights of 0.
        learnt: which part of its first loss a class has left when it counts as learnt.

    Returns:
        ``loss``, in nats, over ``optimizer``, ``group`` and ``step``; ``learning_rate``, the chosen one; ``frequency``
        of a class of each group; ``learnt_at``, the first step from which on the loss of a group stays below its
        ``learnt`` part, or -1 for never.

    Raises:
        ValueError: for fewer than two groups, or a doubt or a part that is not between 0 and 1.

    Example:
        >>> result = loss_by_frequency(groups=2, learning_rates=(0.1, 1.0), num_steps=4)  # doctest: +SKIP
        >>> bool((result.loss.isel(step=-1) < result.loss.isel(step=0)).all())  # doctest: +SKIP
        True

    References:
        F. Kunstner, A. Milligan, R. Yadav, M. Schmidt and A. Bietti (2024). Heavy-tailed class imbalance and why Adam
        outperforms gradient descent on language models. NeurIPS.
    """
    import xarray as xr

    if groups < 2:
        raise ValueError(f"groups: got {groups}; a tail needs at least 2")
    for name, value in {"doubt": doubt, "learnt": learnt}.items():
        if not 0 < value < 1:
            raise ValueError(f"{name}: got {value:g}; it is a part, above 0 and below 1")
    classes = 2 ** np.arange(groups)
    total = int(classes.sum())
    frequency = 1 / (groups * classes)
    target = ((1 - doubt) * np.eye(groups, total) + doubt / total).astype(np.float32)

    def divergence(params: jax.Array) -> jax.Array:
        return jnp.sum(target * (np.log(target) - jax.nn.log_softmax(params)), axis=-1)

    def heavy_tail(params: jax.Array) -> jax.Array:
        return jnp.dot(frequency.astype(np.float32), divergence(params))

    def of_groups(params: jax.Array, loss: jax.Array, grads: jax.Array) -> dict[str, jax.Array]:
        del loss, grads
        return {"loss_of_group": divergence(params)}

    result = sweep(
        heavy_tail, OPTIMIZERS, {"learning_rate": list(learning_rates)}, starts=np.zeros((1, groups, total)),
        num_steps=num_steps, record="path", observe=of_groups,
    ).isel(start=0)  # fmt: skip
    losses = result.loss_of_group.transpose("optimizer", "learning_rate", "step", ...).values
    # All groups have the same part in the whole.
    score = losses.mean(axis=(2, 3))
    best = np.where(np.isfinite(score), score, np.inf).argmin(axis=1)
    loss = losses[np.arange(len(best)), best].swapaxes(1, 2).astype(float)
    return xr.Dataset(
        {
            "loss": (("optimizer", "group", "step"), loss),
            "learning_rate": ("optimizer", result.learning_rate.values[best]),
            "frequency": ("group", frequency),
            "learnt_at": (("optimizer", "group"), _learnt_at(loss, learnt)),
        },
        coords={"optimizer": list(OPTIMIZERS), "step": result.step.values},
    )


def _learnt_at(loss: np.ndarray, part: float) -> Any:
    low = loss < part * loss[..., :1]
    stays = np.logical_and.accumulate(low[..., ::-1], axis=-1)[..., ::-1]
    return np.where(stays[..., -1], np.argmax(stays, axis=-1), -1)
