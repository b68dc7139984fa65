"""The metrics of many classifiers at once, each on its own weighted test rows."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab import metrics
from jaxopt_lab.labs.imbalance.designs import Design


def log_odds_of_all(features: np.ndarray, plan: Design, params: np.ndarray) -> np.ndarray:
    """The log-odds of every row, shape ``(splits, prevalences, remedies, rows)``."""
    slopes = params[..., :-1] / plan.scale[:, :, None]
    offsets = params[..., -1] - np.einsum("spf,sprf->spr", plan.mean, slopes)
    return slopes @ features.T + offsets[..., None]


def measured(
    labels: np.ndarray, scores: np.ndarray, plan: Design, names: list[str], shares: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Each metric and the threshold, shape ``(splits, prevalences, remedies)``."""
    moved = np.array([name == "threshold" for name in names])
    values, thresholds = _lanes(labels, scores, moved, plan.validate.astype(np.int32), plan.test, shares)
    return {name: np.asarray(value) for name, value in values.items()}, np.asarray(thresholds)


def _lane(
    labels: jax.Array, scores: jax.Array, moved: jax.Array, validate: jax.Array, test: jax.Array, share: jax.Array
) -> tuple[dict[str, jax.Array], jax.Array]:
    counts: Any = metrics.confusion_at_thresholds(labels, scores, pos_label=1, sample_weight=validate)
    balanced = counts.tps / (counts.tps + counts.fns) + counts.tns / (counts.tns + counts.fps)
    best = counts.thresholds[jnp.argmax(jnp.where(counts.valid, balanced, -1.0))]
    below = jnp.max(jnp.where((validate > 0) & (scores < best), scores, -jnp.inf))
    threshold = jnp.where(moved, jnp.where(jnp.isfinite(below), (best + below) / 2, best), 0.0)
    called, risk = (scores >= threshold).astype(int), jax.nn.sigmoid(scores)
    weight: dict[str, Any] = {"sample_weight": test}
    recall, specificity = (rate(labels, called, **weight) for rate in (metrics.recall_score, metrics.specificity_score))
    values = {
        "auc": metrics.roc_auc_score(labels, scores, labels=[0, 1], **weight),
        "average_precision": metrics.average_precision_score(labels, scores, **weight),
        "recall": recall,
        "specificity": specificity,
        "precision": metrics.precision_score(labels, called, zero_division=0, **weight),
        "f1": metrics.f1_score(labels, called, zero_division=0, **weight),
        "balanced_accuracy": (recall + specificity) / 2,
        "brier": metrics.brier_score_loss(labels, risk, **weight),
        "log_loss": -jnp.average(jax.nn.log_sigmoid(jnp.where(labels == 1, scores, -scores)), weights=test),
        "risk_ratio": jnp.average(risk, weights=test) / share,
    }
    return values, jax.nn.sigmoid(threshold)


_over_remedies = jax.vmap(_lane, in_axes=(None, 0, 0, None, None, None))
_over_shares = jax.vmap(_over_remedies, in_axes=(None, 0, None, 0, 0, 0))
_lanes = jax.jit(jax.vmap(_over_shares, in_axes=(None, 0, None, 0, 0, None)))
