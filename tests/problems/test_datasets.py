"""Data sets: their splits, their scaling, the seeded ones' statistics, and what they refuse."""

from typing import Any

import numpy as np
import pytest
import sklearn.datasets
from sklearn.model_selection import train_test_split

from jaxopt_lab import problems
from jaxopt_lab.problems import datasets
from jaxopt_lab.problems.splits import Dataset, dataset


def parts(data: Dataset) -> list[Any]:
    return [data.train, data.validation, data.test]


@pytest.mark.parametrize(
    ("name", "rows", "features", "classes"),
    [
        ("binormal", 2000, 5, 2),
        ("breast_cancer", 569, 30, 2),
        ("digits", 1797, 64, 10),
        ("imbalanced", 1000, 20, 2),
        ("moons", 500, 2, 2),
        ("wine", 178, 13, 3),
    ],
)
def test_every_named_data_set(name: str, rows: int, features: int, classes: int) -> None:
    data = datasets.load(name)
    assert data.name == name
    assert len(data.class_names) == classes
    assert sum(len(part.labels) for part in parts(data)) == rows
    everyone = np.concatenate([part.labels for part in parts(data)])
    assert set(everyone) == set(range(classes))
    for part in parts(data):
        assert part.features.shape == (len(part.labels), features)
        assert part.labels.dtype == np.int32
        # Stratified: each class has its share in each part, to one row of rounding in each of the two splits.
        expected = np.bincount(everyone) / rows * len(part.labels)
        assert np.abs(np.bincount(part.labels, minlength=classes) - expected).max() <= 2
    assert datasets.load(name) is data
    assert datasets.load(data) is data


def test_the_named_data_sets_are_all_tested() -> None:
    assert set(datasets.NAMED) == {"binormal", "breast_cancer", "digits", "imbalanced", "moons", "wine"}


@pytest.mark.parametrize("name", ["breast_cancer", "digits", "moons", "wine"])
def test_features_are_standardised_by_the_training_rows_alone(name: str) -> None:
    data, raw = datasets.load(name), datasets.NAMED[name](standardize=False)
    varies = raw.train.features.std(axis=0) > 0
    np.testing.assert_allclose(data.train.features.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.train.features.std(axis=0), varies, atol=1e-12)
    mean, deviation = raw.train.features.mean(axis=0), np.where(varies, raw.train.features.std(axis=0), 1)
    np.testing.assert_allclose(data.test.features, (raw.test.features - mean) / deviation, atol=1e-12)


def test_the_parts_have_no_row_in_common_and_lose_none() -> None:
    rows = np.arange(200.0)[:, None]
    data = dataset(rows, np.arange(200) % 3, standardize=False, seed=4)
    assert [len(part.labels) for part in parts(data)] == [120, 40, 40]
    everyone = np.concatenate([part.features[:, 0] for part in parts(data)])
    np.testing.assert_array_equal(np.sort(everyone), np.arange(200))
    np.testing.assert_array_equal(data.train.labels, data.train.features[:, 0] % 3)


@pytest.mark.parametrize(("validation", "test"), [(0.0, 0.0), (0.0, 0.3), (0.3, 0.0), (0.2, 0.2)])
def test_the_training_rows_come_in_random_order(validation: float, test: float) -> None:
    data = dataset(np.arange(100.0)[:, None], np.repeat([0, 1], 50), validation=validation, test=test)
    # Sorted by class, the first half would be all 0; at random 0.5, give or take 0.07 (one standard deviation).
    assert 0.2 < data.train.labels[: len(data.train.labels) // 2].mean() < 0.8


def test_the_seed_of_the_split_decides_it() -> None:
    first, again, other = datasets.wine(seed=1), datasets.wine(seed=1), datasets.wine(seed=2)
    np.testing.assert_array_equal(first.train.features, again.train.features)
    assert not np.array_equal(first.train.features, other.train.features)


def test_the_imbalanced_set_is_the_known_one_split_as_known() -> None:
    features, labels = sklearn.datasets.make_classification(
        n_samples=1000,
        n_features=20,
        n_informative=2,
        n_redundant=10,
        n_clusters_per_class=1,
        weights=[0.95, 0.05],
        flip_y=0,
        random_state=42,
    )
    expected = train_test_split(features, labels, test_size=0.3, random_state=42, stratify=labels)
    data = datasets.imbalanced()
    for ours, theirs in zip((data.train[0], data.test[0], data.train[1], data.test[1]), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(np.bincount(data.test.labels), [285, 15])
    np.testing.assert_array_equal(np.bincount(data.train.labels), [665, 35])
    assert len(data.validation.labels) == 0


def test_the_share_of_positives_can_be_chosen() -> None:
    assert datasets.imbalanced(500, positives=0.2).train.labels.mean() == pytest.approx(0.2)


def test_malignant_is_the_positive_class_of_breast_cancer() -> None:
    data = datasets.breast_cancer(validation=0, test=0)
    assert data.class_names[1] == "malignant"
    assert data.train.labels.sum() == 212


def test_one_digit_against_the_rest() -> None:
    data = datasets.digits(positive=8, validation=0, test=0)
    assert data.class_names == ("rest", "8")
    assert data.train.labels.sum() == 174


def test_classes_may_have_names_and_are_numbered_in_their_order() -> None:
    data = dataset(np.zeros((12, 1)), ["dog", "cat", "dog"] * 4, validation=0, test=0)
    assert data.class_names == ("cat", "dog")
    assert data.train.labels.sum() == 8


def test_a_shared_data_set_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        datasets.load("wine").train.features[0, 0] = 1.0


TEN = np.arange(10.0)[:, None]


@pytest.mark.parametrize(
    ("features", "labels", "arguments", "message"),
    [
        (TEN[:, 0], np.arange(10) % 2, {}, r"features: got shape \(10,\); pass one row an example"),
        (np.zeros((0, 3)), [], {}, r"features: got shape \(0, 3\)"),
        (TEN, np.arange(9) % 2, {}, r"labels: got shape \(9,\) for 10 rows of features"),
        (TEN, np.zeros((10, 2)), {}, r"labels: got shape \(10, 2\)"),
        (TEN * np.nan, np.arange(10) % 2, {}, "features: 10 of 10 are not finite"),
        (TEN, np.zeros(10), {}, "labels: got 1 class; a classifier needs at least 2"),
        (TEN, [0] * 9 + [1], {}, "labels: a class has 1 row, too few for 3 parts; set validation or test to 0"),
        (TEN, np.arange(10) % 2, {"test": 1.5}, "test: got 1.5; a share lies between 0 and 1"),
        (TEN, np.arange(10) % 2, {"validation": -0.1}, "validation: got -0.1"),
        (TEN, np.arange(10) % 2, {"validation": 0.5, "test": 0.5}, "together they must leave rows to train on"),
    ],
)
def test_arrays_that_make_no_data_set(features: Any, labels: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        problems.dataset(features, labels, **arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: datasets.load("digit"), "data: got 'digit'; did you mean 'digits'?"),
        (lambda: datasets.load("cifar"), "choose one of binormal, breast_cancer, digits, imbalanced, moons, wine"),
        (lambda: datasets.digits(positive=10), "positive: got 10; pass a digit from 0 to 9"),
        (lambda: datasets.moons(noise=-1.0), "noise: got -1.0; a standard deviation is 0 or more"),
        (lambda: datasets.moons(3), "num_samples: got 3; pass a whole number of at least 20"),
        (lambda: datasets.imbalanced(positives=5.0), "positives: got 5.0; a share lies between 0 and 1"),
    ],
)
def test_what_the_loaders_refuse(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        make()


def test_a_data_set_is_no_array() -> None:
    with pytest.raises(TypeError, match="data: got ndarray; pass a name, or"):
        datasets.load(np.ones(3))  # pyright: ignore[reportArgumentType]
