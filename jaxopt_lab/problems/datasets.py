"""The data sets that come with scikit-learn, which is imported when one is loaded."""

import dataclasses
import functools

import numpy as np

from jaxopt_lab.problems.checks import fraction, known_name, whole_number
from jaxopt_lab.problems.splits import Dataset, dataset


def digits(
    *, positive: int | None = None, validation: float = 0.2, test: float = 0.2, seed: int = 0, standardize: bool = True
) -> Dataset:
    """Handwritten digits, 1,797 images of 8 by 8 pixels in ten classes.

    Args:
        positive: a digit to tell from all the others, which makes two classes, one of them a tenth; None: all ten.
        validation: as in `dataset`.
        test: as in `dataset`.
        seed: as in `dataset`.
        standardize: as in `dataset`.

    Returns:
        The data set.

    Raises:
        ValueError: as `dataset` does, or if ``positive`` is no digit.

    Example:
        >>> digits().train.features.shape
        (1078, 64)

    References:
        E. Alpaydin and C. Kaynak (1998). Optical recognition of handwritten digits. UCI Machine Learning Repository.
    """
    from sklearn.datasets import load_digits

    features, labels = load_digits(return_X_y=True)
    class_names = tuple("0123456789")
    if positive is not None:
        if positive not in range(10):
            raise ValueError(f"positive: got {positive!r}; pass a digit from 0 to 9, or None for all ten classes")
        labels = labels == positive
        class_names = ("rest", str(positive))
    split = dataset(
        features, labels, validation=validation, test=test, seed=seed, standardize=standardize, name="digits"
    )
    return dataclasses.replace(split, class_names=class_names)


def breast_cancer(*, validation: float = 0.2, test: float = 0.2, seed: int = 0, standardize: bool = True) -> Dataset:
    """Cell nuclei of 569 breast tumours, 30 features each; 37% of them are malignant.

    The positive class, number 1, is the malignant one, the disease; scikit-learn numbers them the other way round.

    Args:
        validation: as in `dataset`.
        test: as in `dataset`.
        seed: as in `dataset`.
        standardize: as in `dataset`.

    Returns:
        The data set.

    Raises:
        ValueError: as `dataset` does.

    Example:
        >>> breast_cancer().class_names
        ('benign', 'malignant')

    References:
        W. N. Street, W. H. Wolberg and O. L. Mangasarian (1993). Nuclear feature extraction for breast tumor diagnosis.
        SPIE 1905, 861-870.
    """
    from sklearn.datasets import load_breast_cancer

    features, benign = load_breast_cancer(return_X_y=True)
    names = np.where(benign, "benign", "malignant")
    return dataset(
        features, names, validation=validation, test=test, seed=seed, standardize=standardize, name="breast_cancer"
    )


def wine(*, validation: float = 0.2, test: float = 0.2, seed: int = 0, standardize: bool = True) -> Dataset:
    """Chemical analyses of 178 Italian wines, 13 features each, from three growers.

    Args:
        validation: as in `dataset`.
        test: as in `dataset`.
        seed: as in `dataset`.
        standardize: as in `dataset`.

    Returns:
        The data set.

    Raises:
        ValueError: as `dataset` does.

    Example:
        >>> wine().test.features.shape
        (36, 13)

    References:
        S. Aeberhard and M. Forina (1991). Wine. UCI Machine Learning Repository.
    """
    from sklearn.datasets import load_wine

    features, labels = load_wine(return_X_y=True)
    return dataset(features, labels, validation=validation, test=test, seed=seed, standardize=standardize, name="wine")


def moons(
    num_samples: int = 500,
    noise: float = 0.2,
    *,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
    standardize: bool = True,
) -> Dataset:
    """Two interleaved half circles in the plane, blurred: a task that no straight line solves.

    Args:
        num_samples: how many points, at least 20.
        noise: the standard deviation of the blur; the half circles have radius 1.
        validation: as in `dataset`.
        test: as in `dataset`.
        seed: of the points and of the split.
        standardize: as in `dataset`.

    Returns:
        The data set.

    Raises:
        ValueError: as `dataset` does, or for too few points or a negative blur.

    Example:
        >>> moons(100).train.features.shape
        (60, 2)
    """
    from sklearn.datasets import make_moons

    if not noise >= 0:
        raise ValueError(f"noise: got {noise!r}; a standard deviation is 0 or more")
    num_samples = whole_number("num_samples", num_samples, least=20)
    features, labels = make_moons(num_samples, noise=noise, random_state=seed)
    return dataset(features, labels, validation=validation, test=test, seed=seed, standardize=standardize, name="moons")


def imbalanced(
    num_samples: int = 1000,
    positives: float = 0.05,
    *,
    validation: float = 0.0,
    test: float = 0.3,
    seed: int = 42,
    standardize: bool = False,
) -> Dataset:
    """A made-up task with few positives: 20 features, of which 2 inform, 10 repeat them and 8 are noise.

    As it stands it is split in 700 rows to learn from and 300 to test on, 15 of them positive, and not scaled.

    Args:
        num_samples: how many rows.
        positives: the share of positives.
        validation: as in `dataset`.
        test: as in `dataset`.
        seed: of the rows and of the split.
        standardize: as in `dataset`.

    Returns:
        The data set.

    Raises:
        ValueError: as `dataset` does, or for too few rows or positives.

    Example:
        >>> np.bincount(imbalanced().test.labels)
        array([285,  15])

    References:
        I. Guyon (2003). Design of experiments for the NIPS 2003 variable selection benchmark.
    """
    from sklearn.datasets import make_classification

    fraction("positives", positives)
    features, labels = make_classification(
        n_samples=whole_number("num_samples", num_samples, least=20),
        n_features=20,
        n_informative=2,
        n_redundant=10,
        n_clusters_per_class=1,
        weights=[1 - positives, positives],
        flip_y=0,
        random_state=seed,
    )
    return dataset(
        features, labels, validation=validation, test=test, seed=seed, standardize=standardize, name="imbalanced"
    )


def binormal(
    num_samples: int = 2000,
    positives: float = 0.2,
    *,
    distance: float = 2.0,
    num_features: int = 5,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
    standardize: bool = True,
) -> Dataset:
    r"""Two normal classes of variance 1 in every direction: a task whose best ROC curve is known.

    .. math::
        x \mid y \sim N(y d \, e_1, I), \qquad \text{AUC} = \Phi(d / \sqrt{2})

    No classifier ranks better, whatever the share of positives, and a logistic regression can reach it.

    Args:
        num_samples: how many rows.
        positives: the share of positives.
        distance: :math:`d`, between the means of the classes.
        num_features: how many features; all but the first are noise.
        validation: as in `dataset`.
        test: as in `dataset`.
        seed: of the rows and of the split.
        standardize: as in `dataset`.

    Returns:
        The data set.

    Raises:
        ValueError: as `dataset` does, or for too few rows, features or positives.

    Example:
        >>> binormal(100, positives=0.1).train.features.shape
        (60, 5)

    References:
        J. A. Hanley (1988). The robustness of the "binormal" assumptions used in fitting ROC curves. Medical Decision
        Making 8(3), 197-203.
    """
    fraction("positives", positives)
    num_samples = whole_number("num_samples", num_samples, least=20)
    labels = np.arange(num_samples) < round(positives * num_samples)
    features = np.random.default_rng(seed).normal(
        size=(num_samples, whole_number("num_features", num_features, least=1))
    )
    features[:, 0] += distance * labels
    return dataset(
        features, labels, validation=validation, test=test, seed=seed, standardize=standardize, name="binormal"
    )


NAMED = {loader.__name__: loader for loader in (binormal, breast_cancer, digits, imbalanced, moons, wine)}
"""The data sets that can be asked for by name."""


def load(data: Dataset | str) -> Dataset:
    """A data set by its name, as its loader gives it without arguments; a data set is given back as it is.

    Args:
        data: the data set, or its name: that of its function here.

    Returns:
        The data set; one asked for by name is loaded once and shared.

    Raises:
        ValueError: for a name that is not known, with the nearest one that is.
        TypeError: for anything else.

    Example:
        >>> load("wine").name
        'wine'
    """
    if isinstance(data, Dataset):
        return data
    if not isinstance(data, str):
        raise TypeError(f"data: got {type(data).__name__}; pass a name, or problems.dataset(features, labels)")
    return _load(known_name("data", data, NAMED))


@functools.cache
def _load(name: str) -> Dataset:
    return NAMED[name]()
