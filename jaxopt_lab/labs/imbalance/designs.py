"""Who is learned from how often: splits, prevalences and remedies for the rare class as weights of rows.

All tables have one shape, whatever the split, the prevalence and the remedy, so that one program trains all of them.
"""

from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.labs.imbalance.training import balanced_weight, over_sampled

TEST, VALIDATION = 0.3, 0.2
"""The shares of all rows that are reported and that thresholds are chosen by; the others are learnt from."""

_ROUNDING = 1e-6  # of float32, in which classifiers are trained
_LEAST = 2  # rows of each class, in every part


class Design(NamedTuple):
    """What each classifier learns from, is tuned on and is measured on; axes ``(splits, prevalences, ...)``.

    Attributes:
        learn: which rows are learnt from before any remedy, shape ``(splits, prevalences, rows)``.
        validate: which rows thresholds are chosen by, of the same shape.
        test: the weights of the rows that are reported: 0 for all others, and the classes in the proportion asked for.
        mean: of each feature over the rows learnt from, shape ``(splits, prevalences, features)``.
        scale: the standard deviation likewise, 1 where a feature never changes.
    """

    learn: np.ndarray
    validate: np.ndarray
    test: np.ndarray
    mean: np.ndarray
    scale: np.ndarray


def design(features: np.ndarray, labels: np.ndarray, prevalences: tuple[float, ...], splits: int, seed: int) -> Design:
    """Split at random, each class alike, and thin a class out until the positives have the share asked for.

    A split is the same at all prevalences, and the rows that a smaller share keeps are among those of a larger one. Of
    the test rows none is left out: they are weighted, which gives the same means with less noise.

    Args:
        features: shape ``(rows, features)``.
        labels: 0 or 1, shape ``(rows,)``.
        prevalences: the shares of positives.
        splits: how many random splits.
        seed: of the splits.

    Raises:
        ValueError: if a part is left with fewer than two rows of a class.

    Example:
        >>> labels = np.repeat([0, 1], [80, 20])
        >>> plan = design(np.arange(100.0)[:, None], labels, (0.2, 0.1), splits=3, seed=0)
        >>> plan.learn.shape, plan.learn[0].sum(axis=1).tolist()
        ((3, 2, 100), [50, 44])
    """
    random = np.random.default_rng(seed)
    cells = [[_cell(labels, ranks, prevalence) for prevalence in prevalences]
             for ranks in (_ranks(labels, random) for _ in range(splits))]  # fmt: skip
    learn, validate, test = (np.array([[cell[part] for cell in row] for row in cells]) for part in range(3))
    mean = np.array([[features[rows].mean(axis=0) for rows in row] for row in learn])
    deviation = np.array([[features[rows].std(axis=0) for rows in row] for row in learn])
    return Design(learn, validate, test, mean, usable_scale(features, deviation))


def usable_scale(features: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The deviations of features, 1 where one never changes.

    Example:
        >>> usable_scale(np.full((3, 1), 0.1), np.array([1e-17]))
        array([1.])
    """
    # The mean of equal numbers is off by rounding, and so is their deviation from 0: they must not be blown up.
    return np.where(deviation > _ROUNDING * np.max(np.abs(features), axis=0), deviation, 1.0)


def _ranks(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The place of each row in a random order of its class, from 0 to 1."""
    ranks = np.empty(len(labels))
    for label in (0, 1):
        rows = np.flatnonzero(labels == label)
        ranks[random.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    return ranks


def _cell(labels: np.ndarray, ranks: np.ndarray, prevalence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = (ranks >= TEST + VALIDATION, (ranks >= TEST) & (ranks < TEST + VALIDATION))
    learn, validate = (_thinned(labels, ranks, part, prevalence) for part in parts)
    return learn, validate, _weighted(labels, ranks < TEST, prevalence)


def _thinned(labels: np.ndarray, ranks: np.ndarray, part: np.ndarray, prevalence: float) -> np.ndarray:
    """The rows of a part that are kept, for positives to have their share: the first ones of the class in excess."""
    keep = np.zeros(len(labels), bool)
    sizes = [int(np.sum(part & (labels == label))) for label in (0, 1)]
    odds = prevalence / (1 - prevalence)
    wanted = (min(sizes[0], round(sizes[1] / odds)), min(sizes[1], round(sizes[0] * odds)))
    for label, count in enumerate(wanted):
        if count < _LEAST:
            raise ValueError(
                f"prevalences: at {prevalence:g} a part is left with {count} rows of class {label}, and needs "
                f"{_LEAST}; bring more rows or ask for another share"
            )
        rows = np.flatnonzero(part & (labels == label))
        keep[rows[np.argsort(ranks[rows])[:count]]] = True
    return keep


def _weighted(labels: np.ndarray, part: np.ndarray, prevalence: float) -> np.ndarray:
    positive = labels == 1
    each = np.where(positive, prevalence / np.sum(part & positive), (1 - prevalence) / np.sum(part & ~positive))
    return np.where(part, each * np.sum(part), 0.0)


def row_weights(remedy: str, labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How much each row counts in the loss under a remedy that leaves the rows as they are.

    Args:
        remedy: ``"class weights"``, ``"over-sampling"``, ``"under-sampling"``; any other weighs all alike.
        labels: of the rows learnt from, shape ``(rows,)``.
        random: the source of the draws.

    Example:
        >>> float(row_weights("under-sampling", np.array([0, 0, 0, 1]), np.random.default_rng(0)).sum())
        2.0
    """
    positive = labels == 1
    if remedy == "class weights":
        return np.where(positive, balanced_weight(labels), 1.0)
    if remedy == "over-sampling":
        return over_sampled(labels, random).astype(float)
    weights = np.ones(len(labels))
    if remedy == "under-sampling":
        negatives = np.flatnonzero(~positive)
        weights[random.permutation(negatives)[np.sum(positive) :]] = 0.0
    return weights


def smote(features: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """New positives on the lines between neighbouring ones, as many as are missing, by imbalanced-learn.

    Args:
        features: of the rows learnt from, standardised, shape ``(rows, features)``.
        labels: theirs.
        seed: of the draws.

    Returns:
        The new rows, shape ``(missing, features)``.

    Raises:
        ImportError: if imbalanced-learn isn't installed.

    References:
        N. V. Chawla, K. W. Bowyer, L. O. Hall and W. P. Kegelmeyer (2002). SMOTE: synthetic minority over-sampling
        technique. Journal of Artificial Intelligence Research 16, 321-357.
    """
    try:
        from imblearn.over_sampling import SMOTE
    except ImportError as error:
        raise ImportError('"SMOTE" needs imbalanced-learn: pip install "jaxopt-lab[imbalance]"') from error
    neighbours = min(5, int(np.sum(labels == 1)) - 1)
    sampler: Any = SMOTE(k_neighbors=neighbours, random_state=seed)
    resampled, _ = sampler.fit_resample(features, labels)
    return resampled[len(features) :]
