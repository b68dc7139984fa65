"""Every remedy as numbers in one loss, so that one program trains all classifiers of a comparison."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxopt_lab.engine import sweep
from jaxopt_lab.labs.imbalance.designs import Design, row_weights, smote, usable_scale
from jaxopt_lab.labs.imbalance.training import as_layers, largest_gradient
from jaxopt_lab.problems import Dataset, Split, logistic_regression

_OPTIMIZER = optax.lbfgs(1.0, linesearch=None)
_LANES = 64  # of one program


class Remedied(NamedTuple):
    """Classifiers of standardised features, axes ``(splits, prevalences, remedies, ...)``.

    Attributes:
        params: the coefficients, the intercept last, shape ``(splits, prevalences, remedies, features + 1)``.
        gradient: the largest entry of the last gradient, shape ``(splits, prevalences, remedies)``.
    """

    params: np.ndarray
    gradient: np.ndarray


def train_remedied(
    features: np.ndarray,
    labels: np.ndarray,
    plan: Design,
    names: list[str],
    *,
    gamma: float,
    C: float,
    num_steps: int,
    seed: int,
) -> Remedied:
    """Train each remedy at each prevalence on each split; another threshold takes no training of its own.

    Args:
        features: shape ``(rows, features)``.
        labels: 0 or 1, shape ``(rows,)``.
        plan: which rows each classifier learns from.
        names: of the remedies, ``"none"`` first.
        gamma: of the focal loss.
        C: the inverse strength of the penalty.
        num_steps: the steps of L-BFGS.
        seed: of the resampling.
    """
    weights = _weights(labels, plan, names, seed)
    gammas = np.array([gamma if name == "focal loss" else 0.0 for name in names])
    splits, prevalences = plan.learn.shape[:2]
    params = np.empty((splits, prevalences, len(names), features.shape[1] + 1))
    gradient = np.empty(params.shape[:-1])

    def run(places: list[int], synthetic: np.ndarray | None = None) -> None:
        result = sweep(
            _objective(features, labels, plan, weights, gammas, C, synthetic),
            _OPTIMIZER,
            {"split": np.arange(splits), "share": np.arange(prevalences), "remedy": places},
            starts=np.zeros((1, params.shape[-1])),
            num_steps=num_steps,
            record="final",
            observe=largest_gradient,
            chunk_size=_LANES,
        ).isel(start=0)
        params[:, :, places] = result.final_params.transpose("split", "share", "remedy", ...).values
        gradient[:, :, places] = result.largest_gradient.transpose("split", "share", "remedy", ...).values

    # Made first: a package that is missing is told before anything is trained.
    synthetic = _synthetic(features, labels, plan, seed) if "SMOTE" in names else None
    run([place for place, name in enumerate(names) if name not in ("SMOTE", "threshold")])
    if synthetic is not None:
        run([names.index("SMOTE")], synthetic)
    if "threshold" in names:
        place = names.index("threshold")
        params[:, :, place], gradient[:, :, place] = params[:, :, 0], gradient[:, :, 0]
    return Remedied(params, gradient)


def _weights(labels: np.ndarray, plan: Design, names: list[str], seed: int) -> np.ndarray:
    """Of each row in the loss, shape ``(splits, prevalences, remedies, rows)``."""
    weights = np.zeros((*plan.learn.shape[:2], len(names), len(labels)), np.float32)
    for cell in np.ndindex(plan.learn.shape[:2]):
        rows = plan.learn[cell]
        for place, name in enumerate(names):
            random = np.random.default_rng((seed, *cell, place))
            weights[(*cell, place, rows)] = row_weights(name, labels[rows], random)
    return weights


def _synthetic(features: np.ndarray, labels: np.ndarray, plan: Design, seed: int) -> np.ndarray:
    """SMOTE's rows with a last column of ones, and rows of zeros up to the same number of them everywhere."""
    made = {}
    for cell in np.ndindex(plan.learn.shape[:2]):
        rows = plan.learn[cell]
        standard = smote((features[rows] - plan.mean[cell]) / plan.scale[cell], labels[rows], seed + cell[0])
        made[cell] = standard * plan.scale[cell] + plan.mean[cell]
    table = np.zeros((*plan.learn.shape[:2], max(map(len, made.values())), features.shape[1] + 1))
    for cell, rows in made.items():
        table[cell][: len(rows)] = np.column_stack([rows, np.ones(len(rows))])
    return table


def _objective(
    features: np.ndarray,
    labels: np.ndarray,
    plan: Design,
    weights: np.ndarray,
    gammas: np.ndarray,
    C: float,
    synthetic: np.ndarray | None,
) -> Callable[..., jax.Array]:
    """The loss of coefficients of features standardised by the rows learnt from.

    All lanes share one table of features, and each turns its coefficients instead: that is one product of matrices.
    """
    centre, spread = features.mean(axis=0), usable_scale(features, features.std(axis=0))
    ratio, shift = (each.astype(np.float32) for each in (spread / plan.scale, (centre - plan.mean) / plan.scale))
    shared = ((features - centre) / spread).astype(np.float32)
    more = None
    if synthetic is not None:
        used = synthetic[..., -1:]
        more = ((synthetic[..., :-1] - centre) / spread * used).astype(np.float32), used[..., 0].astype(np.float32)
        labels = np.append(labels, np.ones(synthetic.shape[2], labels.dtype))

    def objective(params: jax.Array, split: Any, share: Any, remedy: Any) -> jax.Array:
        of_row, rows = jnp.asarray(weights)[split, share, remedy], jnp.asarray(shared)
        if more is not None:
            made, used = (jnp.asarray(each)[split, share] for each in more)
            rows, of_row = jnp.concatenate([rows, made]), jnp.concatenate([of_row, used])
        problem = logistic_regression(
            _learnt_from(rows, labels), sample_weight=of_row, focal_gamma=jnp.asarray(gammas, params.dtype)[remedy]
        )
        slopes, intercept = params[:-1], params[-1:]
        turned = jnp.asarray(ratio)[split, share] * slopes
        moved = intercept + jnp.sum(jnp.asarray(shift)[split, share] * slopes)
        # Over the weight of the rows, as the loss is: the minimum stays, and the steps suit any number of rows.
        return problem.loss(as_layers(turned, moved)) + jnp.sum(slopes**2) / (2 * C * jnp.sum(of_row))

    return objective


def _learnt_from(features: Any, labels: np.ndarray) -> Dataset:
    nothing = Split(np.empty((0, features.shape[1])), np.empty(0, np.int32))
    return Dataset(Split(features, labels.astype(np.int32)), nothing, nothing, ("negative", "positive"))
