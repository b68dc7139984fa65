r"""The small model behind the probabilities: logistic regression on bent features, one for each set of curves.

.. math::
    p_k \propto \exp\Big(b_k + \sum_j \big[w_{kj0} x_j + w_{kj1} (x_j - c_{j1})_+ + w_{kj2} (x_j - c_{j2})_+\big]\Big)

where the features :math:`x_j` are clipped to the range on which the weights were fitted, and :math:`c_{j1}, c_{j2}` are
the knots at which the straight line may bend.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from jaxopt_lab.curves.vocabulary import CURVES, LABELS


def set_name(curves: Iterable[str]) -> str:
    """The name of the model for these curves.

    Example:
        >>> set_name({"val_loss", "train_loss"})
        'train_loss + val_loss'
    """
    there = set(curves)
    return " + ".join(name for name in CURVES if name in there)


def bent(values: np.ndarray, low: Any, high: Any, knots: np.ndarray) -> np.ndarray:
    """The features and what of them lies beyond their knots.

    Args:
        values: shape ``(..., features)``.
        low: the lower end of each feature's range.
        high: the upper end.
        knots: shape ``(features, knots)``.

    Returns:
        Shape ``(..., features, 1 + knots)``.

    Example:
        >>> bent(np.array([0.7]), 0.0, 1.0, np.array([[0.5, 0.9]])).round(1).tolist()
        [[0.7, 0.2, 0.0]]
    """
    clipped = np.clip(values, low, high)[..., None]
    return np.concatenate([clipped, np.maximum(clipped - knots, 0.0)], axis=-1)


class Model:
    """One model, its numbers as arrays.

    Args:
        numbers: ``intercept``, and for each of the ``features`` by name ``range``, ``knots`` and ``weights``, the last
            with one list a label.
    """

    def __init__(self, numbers: Mapping[str, Any]) -> None:
        self.names = list(numbers["features"])
        each = [numbers["features"][name] for name in self.names]
        self.low, self.high = np.array([one["range"] for one in each]).T
        self.knots = np.array([one["knots"] for one in each])
        self.weights = np.array([[one["weights"][label] for label in LABELS] for one in each])
        self.intercept = np.array([numbers["intercept"][label] for label in LABELS])

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """The probability of each label, shape ``(..., labels)``, for features of shape ``(..., features)``."""
        columns = bent(values, self.low, self.high, self.knots)
        scores = self.intercept + np.einsum("...fk,flk->...l", columns, self.weights)
        chances = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return chances / chances.sum(axis=-1, keepdims=True)
