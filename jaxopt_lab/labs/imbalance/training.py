"""The classifiers of the imbalance laboratory: every class weight, fold and over-sampling, trained by one program."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxopt_lab.engine import sweep
from jaxopt_lab.problems import Dataset, logistic_regression

# The penalty makes the problem strongly convex, and so smooth that L-BFGS's own unit step needs no line search, which
# would be most of the time to compile. `Trained.largest_gradient` shows that it arrived.
_OPTIMIZER = optax.lbfgs(1.0, linesearch=None)
_LANES = 24  # of one program, the same for both sweeps, so that they share it

ALL_ROWS = -1
"""The fold that leaves no row out."""


class Trained(NamedTuple):
    """Logistic regressions: the last of their parameters is the intercept.

    Attributes:
        positive_weights: weights of the positive class, where the other has 1; the first is 1, shape ``(weights,)``.
        fold_of_row: the fold that each training row belongs to; empty if there are validation rows to choose by.
        by_weight: shape ``(weights, 1 + folds, features + 1)``; first learnt from all rows, then without each fold.
        over_sampled: shape ``(draws, features + 1)``, each learnt from another random draw of more positives.
        largest_gradient: the largest entry of any gradient after the last step.
    """

    positive_weights: np.ndarray
    fold_of_row: np.ndarray
    by_weight: np.ndarray
    over_sampled: np.ndarray
    largest_gradient: float


def train(
    data: Dataset, *, C: float, positive_weights: tuple[float, ...], folds: int, draws: int, num_steps: int, seed: int
) -> Trained:
    """Train on one data set with every class weight, with and without each fold, and on every over-sampling.

    Args:
        data: the data set; its test rows are not looked at.
        C: the inverse strength of the penalty, as in scikit-learn.
        positive_weights: weights of the positive class to try beside 1 and the one that balances the classes.
        folds: into how many parts to cut the training rows, if there are no validation rows.
        draws: how many random over-samplings to learn from.
        num_steps: the steps of L-BFGS.
        seed: of the folds and of the over-samplings.
    """
    labels = np.asarray(data.train.labels)
    weights = np.unique([1.0, *positive_weights, balanced_weight(labels)])
    random = np.random.default_rng(seed)
    fold_of_row = np.empty(0, int) if len(data.validation.labels) else _stratified_folds(labels, folds, random)
    copies = np.stack([np.ones(len(labels), int), *(over_sampled(labels, random) for _ in range(draws))])
    objective = _objective(data, C, fold_of_row, copies)

    def run(**grid: Any) -> Any:
        starts = np.zeros((1, data.train.features.shape[1] + 1))
        return sweep(
            objective, _OPTIMIZER, grid, starts=starts, num_steps=num_steps, record="final", observe=largest_gradient,
            chunk_size=_LANES,
        ).isel(start=0)  # fmt: skip

    held_out = np.append(ALL_ROWS, np.unique(fold_of_row))
    weighted = run(positive_weight=weights, draw=[0], fold=held_out).isel(draw=0)
    drawn = run(positive_weight=[1.0], draw=np.arange(1, draws + 1), fold=[ALL_ROWS]).isel(positive_weight=0, fold=0)
    largest = max(float(result.largest_gradient.max()) for result in (weighted, drawn))
    return Trained(weights, fold_of_row, weighted.final_params.values, drawn.final_params.values, largest)


def log_odds(params: np.ndarray, features: np.ndarray) -> np.ndarray:
    """The scores that a logistic regression gives, shape ``(rows,)``, in float64.

    Example:
        >>> log_odds(np.array([2.0, -1.0]), np.array([[0.5], [1.0]]))
        array([0., 1.])
    """
    return np.asarray(features, float) @ params[:-1].astype(float) + float(params[-1])


def balanced_weight(labels: np.ndarray) -> float:
    """The weight of the positive class that lets both classes weigh the same in all.

    Example:
        >>> balanced_weight(np.array([0, 0, 0, 1]))
        3.0
    """
    return float(np.sum(labels == 0) / np.sum(labels == 1))


def _objective(data: Dataset, C: float, fold_of_row: np.ndarray, copies: np.ndarray) -> Callable[..., jax.Array]:
    """Liblinear's objective, in which the intercept is penalised like a weight, over the sum of the rows' weights."""
    positive = np.asarray(data.train.labels) == 1
    folds = fold_of_row if fold_of_row.size else np.zeros(len(positive), int)
    copies = copies.astype(np.float32)

    def liblinear_objective(params: jax.Array, positive_weight: Any, draw: Any, fold: Any) -> jax.Array:
        of_row = jnp.asarray(copies)[draw] * (folds != fold)
        problem = logistic_regression(
            data,
            sample_weight=of_row,
            positive_weight=positive_weight,
            weight_decay=1 / (C * jnp.sum(of_row * jnp.where(positive, positive_weight, 1.0))),
            decay_biases=True,
        )
        return problem.loss(as_layers(params[:-1], params[-1:]))

    return liblinear_objective


def as_layers(slopes: jax.Array, intercept: jax.Array) -> tuple[dict[str, jax.Array]]:
    """Coefficients as the one layer of a `logistic_regression`.

    Args:
        slopes: shape ``(features,)``.
        intercept: shape ``(1,)``.

    Example:
        >>> as_layers(jnp.zeros(3), jnp.zeros(1))[0]["weights"].shape
        (3, 1)
    """
    return ({"weights": slopes[:, None], "biases": intercept},)


def largest_gradient(params: jax.Array, loss: jax.Array, grads: jax.Array) -> dict[str, jax.Array]:
    """Whether training has arrived, for a sweep to record."""
    del params, loss
    return {"largest_gradient": jnp.max(jnp.abs(grads))}


def _stratified_folds(labels: np.ndarray, folds: int, random: np.random.Generator) -> np.ndarray:
    """The fold of each row: the rows are dealt out one class after the other, each in random order."""
    order = np.concatenate([random.permutation(np.flatnonzero(labels == label)) for label in (0, 1)])
    fold_of_row = np.empty(len(labels), int)
    fold_of_row[order] = np.arange(len(labels)) % folds
    return fold_of_row


def over_sampled(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How often each row is learnt from, if positives are drawn again at random until both classes are equally many.

    A row that is held out is held out with all its copies.

    Args:
        labels: 0 or 1, shape ``(rows,)``.
        random: the source of the draws.

    Example:
        >>> over_sampled(np.array([0, 0, 0, 1]), np.random.default_rng(0))
        array([1, 1, 1, 3])
    """
    positive = labels == 1
    missing = np.sum(~positive) - np.sum(positive)
    copies = np.ones(len(labels), int)
    copies[positive] += random.multinomial(max(missing, 0), np.full(positive.sum(), 1 / positive.sum()))
    return copies
