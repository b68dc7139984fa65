"""Labelled data in three parts: rows to learn from, rows to choose by, rows to report."""

import dataclasses
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxopt_lab.problems.checks import fraction


class Split(NamedTuple):
    """Rows of a data set.

    Attributes:
        features: shape ``(rows, features)``.
        labels: the number of each row's class, shape ``(rows,)``.
    """

    features: Any
    labels: Any


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Dataset:
    """A classification task; its arrays are leaves, so that equal shapes share a compiled program.

    Args:
        train: the rows to learn from, in random order: where fewer are asked for, the first ones are taken.
        validation: the rows to choose by; may be empty.
        test: the rows to report; may be empty.
        class_names: the name of each class; the label is the place in it. With two, the second is the positive one.
        name: what to call it in labels and tables.
    """

    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...] = dataclasses.field(metadata={"static": True})
    name: str = dataclasses.field(default="dataset", metadata={"static": True})


def dataset(
    features: Any,
    labels: Any,
    *,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
    standardize: bool = True,
    name: str = "dataset",
) -> Dataset:
    r"""Your own arrays as a data set, split at random with the same share of each class in every part.

    .. math::
        x \to (x - \mu) / \sigma

    where the mean and the standard deviation of each feature are those of the training rows alone.

    Args:
        features: finite numbers, shape ``(rows, features)``.
        labels: one class a row, numbers or names, shape ``(rows,)``; classes are numbered in sorted order.
        validation: the share of all rows to set apart for validation.
        test: the share of all rows to set apart for the test.
        seed: of the random split.
        standardize: whether to shift and scale each feature as above; one that never changes is only shifted.
        name: what to call it.

    Returns:
        The data set.

    Raises:
        ValueError: if the arrays don't fit together, hold numbers that are not finite or fewer than two classes, or if
            the shares leave nothing to learn from or split a class that has too few rows.

    Example:
        >>> mine = dataset([[0.0], [1.0], [2.0], [3.0]] * 5, ["no", "no", "yes", "yes"] * 5)
        >>> mine.train.features.shape, mine.validation.labels.shape, mine.class_names
        ((12, 1), (4,), ('no', 'yes'))
    """
    features, labels = _checked(features, labels)
    class_names, labels = np.unique(labels, return_inverse=True)
    if len(class_names) < 2:
        raise ValueError(f"labels: got {len(class_names)} class; a classifier needs at least 2")
    fraction("validation", validation)
    fraction("test", test)
    parts = _stratified(labels, validation, test, seed)
    if standardize:
        mean, deviation = features[parts[0]].mean(axis=0), features[parts[0]].std(axis=0)
        features = (features - mean) / np.where(deviation > 0, deviation, 1.0)
    splits = (Split(_frozen(features[rows]), _frozen(labels[rows].astype(np.int32))) for rows in parts)
    return Dataset(*splits, class_names=tuple(str(one) for one in class_names), name=name)


def _checked(features: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    features, labels = np.asarray(features, float), np.asarray(labels)
    if features.ndim != 2 or 0 in features.shape:
        raise ValueError(f"features: got shape {features.shape}; pass one row an example, (rows, features)")
    if labels.shape != features.shape[:1]:
        raise ValueError(f"labels: got shape {labels.shape} for {features.shape[0]} rows of features; pass one a row")
    broken = features.size - np.isfinite(features).sum()
    if broken:
        raise ValueError(f"features: {broken} of {features.size} are not finite; fill them in or drop their rows")
    return features, labels


def _stratified(labels: np.ndarray, validation: float, test: float, seed: int) -> tuple[Any, Any, Any]:
    """The row numbers of the three parts, each in random order."""
    from sklearn.model_selection import train_test_split

    parts = 1 + (validation > 0) + (test > 0)
    smallest = np.bincount(labels).min()
    if validation + test >= 1:
        raise ValueError(f"validation, test: got {validation} and {test}; together they must leave rows to train on")
    if smallest < parts:
        raise ValueError(f"labels: a class has {smallest} row, too few for {parts} parts; set validation or test to 0")
    rest, tested = np.random.default_rng(seed).permutation(len(labels)), np.empty(0, int)
    if test > 0:
        rest, tested = train_test_split(np.arange(len(labels)), test_size=test, random_state=seed, stratify=labels)
    validated = np.empty(0, int)
    if validation > 0:
        count = max(1, round(validation * len(labels)))
        rest, validated = train_test_split(rest, test_size=count, random_state=seed, stratify=labels[rest])
    return rest, validated, tested


def _frozen(array: np.ndarray) -> np.ndarray:
    # A data set asked for by name is loaded once and shared.
    array.setflags(write=False)
    return array
