"""What the networks of the sweep learn: real data and teachers, all of one shape, so that one program serves them all.

The third part of a task is the ground truth that no doctor sees. For a teacher its rows are fresh and bear the exact
probability of each class, so that the risk on them has the teacher's own entropy as its lowest value.
"""

import functools
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab import problems

FEATURES, CLASSES = 24, 10
TRAIN_ROWS, VALIDATION_ROWS, TRUTH_ROWS = 256, 512, 480
REAL = ("digits", "breast_cancer", "moons", "wine")
TEACHERS = {
    "teacher_2": (12, 2, 3.0), "teacher_3": (6, 3, 6.0), "teacher_4": (20, 4, 3.0), "teacher_5": (10, 5, 2.0),
    "teacher_6": (16, 6, 2.0), "teacher_10": (24, 10, 4.0),
}  # fmt: skip
"""For each teacher the number of its features and classes, and how sharply it decides."""

TASKS = (*REAL, *TEACHERS)


class Part(NamedTuple):
    """Rows of a task.

    Attributes:
        features: shape ``(rows, FEATURES)``; what a task lacks is 0.
        targets: the probability of each class, shape ``(rows, CLASSES)``.
        weights: each row's share in the mean: 0 for rows that only pad, sum 1.
    """

    features: Any
    targets: Any
    weights: Any


class Task(NamedTuple):
    """What a network learns, and is measured on.

    Attributes:
        train: the rows to learn from.
        wrong: a wrong label of each training row, as a target.
        rank: in which order the training rows get their wrong label, between 0 and 1.
        rows: how many training rows there are.
        validation: the rows that the doctor's validation curves are of.
        truth: the rows of the true risk.
        classes: how many classes there are.
        floor: the lowest risk that is known to be possible: the teacher's entropy, or 0.
    """

    train: Part
    wrong: np.ndarray
    rank: np.ndarray
    rows: Any
    validation: Part
    truth: Part
    classes: Any
    floor: Any


@functools.cache
def load_task(name: str) -> Task:
    """A task by its name in `TASKS`, drawn once from a fixed seed.

    Example:
        >>> task = load_task("teacher_4")
        >>> int(task.classes), round(float(task.floor), 2)
        (4, 0.33)
    """
    return _real(name) if name in REAL else _teacher(name)


def _real(name: str) -> Task:
    loaders = {
        "digits": problems.datasets.digits,
        "breast_cancer": problems.datasets.breast_cancer,
        "moons": functools.partial(problems.datasets.moons, 1800, 0.3),
        "wine": problems.datasets.wine,
    }
    data = loaders[name](validation=0.3, test=0.35)
    kept = _leading_directions(data.train.features)
    parts = [
        (split.features @ kept, np.eye(len(data.class_names))[split.labels])
        for split in (data.train, data.validation, data.test)
    ]
    return _task(parts, 0.0)


def _leading_directions(features: np.ndarray) -> np.ndarray:
    """The directions in which the rows vary most, as many as there is room for, of the size at which they vary 1."""
    _, sizes, directions = np.linalg.svd(features, full_matrices=False)
    if features.shape[1] <= FEATURES:
        return np.eye(features.shape[1])
    return directions[:FEATURES].T * np.sqrt(len(features) * FEATURES / np.sum(sizes[:FEATURES] ** 2))


def _teacher(name: str) -> Task:
    """A random network of 12 hidden units, whose sharpened softmax draws the labels."""
    width, classes, sharpness = TEACHERS[name]
    draws = np.random.default_rng(TASKS.index(name))
    first = draws.normal(size=(width, 12)) / np.sqrt(width)
    second = draws.normal(size=(12, classes))
    parts = []
    for rows in (TRAIN_ROWS, VALIDATION_ROWS, TRUTH_ROWS):
        features = draws.normal(size=(rows, width))
        scores = sharpness * np.tanh(2 * features @ first) @ second / np.sqrt(12) * 2
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        drawn = (chances.cumsum(axis=1) < draws.uniform(size=(rows, 1))).sum(axis=1).clip(max=classes - 1)
        parts.append((features, np.eye(classes)[drawn] if rows != TRUTH_ROWS else chances))
    chances = parts[-1][1]
    return _task(parts, float(-np.sum(chances * np.log(np.maximum(chances, 1e-30)), axis=1).mean()))


def _task(parts: list[tuple[np.ndarray, np.ndarray]], floor: float) -> Task:
    train, validation, truth = (
        _padded(*part, rows) for part, rows in zip(parts, (TRAIN_ROWS, VALIDATION_ROWS, TRUTH_ROWS), strict=True)
    )
    classes = parts[0][1].shape[1]
    draws = np.random.default_rng(0)
    labels = train.targets.argmax(axis=1)
    wrong = np.eye(CLASSES)[(labels + draws.integers(1, classes, TRAIN_ROWS)) % classes].astype(np.float32)
    rows = np.int32((train.weights > 0).sum())
    rank = ((draws.permutation(TRAIN_ROWS) + 0.5) / TRAIN_ROWS).astype(np.float32)
    return Task(train, wrong, rank, rows, validation, truth, np.int32(classes), np.float32(floor))


def _padded(features: np.ndarray, targets: np.ndarray, rows: int) -> Part:
    features, targets = features[:rows], targets[:rows]
    room = rows - len(features)
    return Part(
        np.pad(features, ((0, room), (0, FEATURES - features.shape[1]))).astype(np.float32),
        np.pad(targets, ((0, room), (0, CLASSES - targets.shape[1]))).astype(np.float32),
        (np.arange(rows) < len(features)).astype(np.float32) / np.float32(len(features)),
    )
