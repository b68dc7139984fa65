"""Networks against plain NumPy, scikit-learn and each other: loss, noise, subsets, widths, weights, minibatches."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import sklearn.metrics
from jax.flatten_util import ravel_pytree
from sklearn.linear_model import LogisticRegression

from jaxopt_lab import problems
from jaxopt_lab.problems import networks
from jaxopt_lab.problems.datasets import load
from jaxopt_lab.problems.problem import Problem
from jaxopt_lab.problems.splits import Dataset, Split
from jaxopt_lab.problems.training_sets import noisy_labels, training_set

pytestmark = pytest.mark.usefixtures("x64")
WINE, CANCER, MOONS = load("wine"), load("breast_cancer"), load("moons")


def layers(*sizes: int, seed: int = 0) -> tuple[dict[str, jax.Array], ...]:
    rng = np.random.default_rng(seed)
    pairs = itertools.pairwise(sizes)
    return tuple({"weights": jnp.array(rng.normal(size=p)), "biases": jnp.array(rng.normal(size=p[1]))} for p in pairs)


def forward(params: Any, features: np.ndarray, activation: Any) -> np.ndarray:
    """The network in plain NumPy: the scores, one column a class or a single one."""
    units = features
    for depth, layer in enumerate(params):
        units = np.asarray(units @ layer["weights"] + layer["biases"])
        units = activation(units) if depth + 1 < len(params) else units
    return units


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def log_loss(params: Any, split: Split, activation: Any = relu, **options: Any) -> float:
    scores = forward(params, split.features, activation)
    positive = scipy.special.expit(scores[:, 0])
    chances = scipy.special.softmax(scores, axis=1) if scores.shape[1] > 1 else np.stack([1 - positive, positive], 1)
    return sklearn.metrics.log_loss(split.labels, chances, labels=range(chances.shape[1]), **options)


def penalty(params: Any) -> float:
    return 0.5 * sum(float((layer["weights"] ** 2).sum()) for layer in params)


CASES = [
    (WINE, (7,), "relu", relu),
    (CANCER, (5, 4), "tanh", np.tanh),
    (MOONS, (6,), "sigmoid", scipy.special.expit),
    (MOONS, (6,), jnp.sin, np.sin),
]


@pytest.mark.parametrize(("data", "hidden", "activation", "plain"), CASES)
def test_loss_and_metrics_are_those_of_numpy_and_scikit_learn(
    data: Dataset, hidden: tuple[int, ...], activation: Any, plain: Any
) -> None:
    problem = problems.mlp(data, hidden=hidden, activation=activation, weight_decay=0.3)
    classes = len(data.class_names)
    params = layers(data.train.features.shape[1], *hidden, classes if classes > 2 else 1)
    loss, _, metrics = jax.jit(lambda params: results(problem, params))(params)
    # Sums of some hundred terms in float64.
    np.testing.assert_allclose(loss, log_loss(params, data.train, plain) + 0.3 * penalty(params), rtol=1e-12)
    assert len(metrics) == 6
    for part in ("train", "validation", "test"):
        split = getattr(data, part)
        scores = forward(params, split.features, plain)
        decided = scores.argmax(axis=1) if classes > 2 else scores[:, 0] > 0
        np.testing.assert_allclose(metrics[f"{part}_loss"], log_loss(params, split, plain), rtol=1e-12)
        accuracy = sklearn.metrics.accuracy_score(split.labels, decided)
        np.testing.assert_allclose(metrics[f"{part}_accuracy"], accuracy, rtol=1e-12)


@pytest.mark.parametrize(("data", "outputs"), [(WINE, 3), (MOONS, 1)])
def test_logits_and_probabilities(data: Dataset, outputs: int) -> None:
    params = layers(data.train.features.shape[1], 5, outputs)
    scores = forward(params, data.test.features, np.tanh)
    logits = networks.logits(params, data.test.features, "tanh")
    chances = networks.probabilities(params, data.test.features, "tanh")
    np.testing.assert_allclose(logits, scores if outputs > 1 else scores[:, 0], rtol=1e-12)
    expected = scipy.special.softmax(scores, axis=1) if outputs > 1 else scipy.special.expit(scores[:, 0])
    np.testing.assert_allclose(chances, expected, rtol=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_label_noise_makes_exactly_its_share_wrong_and_more_only_adds(classes: int) -> None:
    clean = np.random.default_rng(0).integers(0, classes, 400)
    levels = jnp.array([0.0, 0.1, 0.25, 0.5, 1.0])
    noisy = np.asarray(jax.vmap(lambda noise: noisy_labels(clean, noise, classes))(levels))
    wrong = noisy != clean
    np.testing.assert_array_equal(wrong.sum(axis=1), [0, 40, 100, 200, 400])
    for fewer, more in zip(range(4), range(1, 5), strict=True):
        assert (wrong[more] >= wrong[fewer]).all()
        np.testing.assert_array_equal(noisy[more][wrong[fewer]], noisy[fewer][wrong[fewer]])
    assert set(np.unique(noisy)) <= set(range(classes))
    # Each wrong label is as likely as any other: 400 / (classes - 1), within 5 standard deviations.
    shifts = np.bincount((noisy[-1] - clean) % classes, minlength=classes)[1:]
    expected = 400 / (classes - 1)
    assert (abs(shifts - expected) <= 5 * np.sqrt(expected)).all()


def test_noise_is_in_the_training_labels_only() -> None:
    clean, noisy = (problems.logistic_regression(MOONS, label_noise=noise).evaluate for noise in (0.0, 1.0))
    assert clean is not None
    assert noisy is not None
    right, wrong = jax.jit(lambda params: (clean(params), noisy(params)))(layers(2, 1))
    assert wrong["train_accuracy"] == pytest.approx(1 - right["train_accuracy"])
    assert wrong["test_accuracy"] == right["test_accuracy"]


@pytest.mark.parametrize(("share", "rows"), [(1.0, 300), (0.5, 150), (0.0, 1)])
@pytest.mark.long
def test_a_fraction_of_the_training_rows_is_as_if_the_others_were_not_there(share: float, rows: int) -> None:
    fewer = Dataset(Split(*(a[:rows] for a in MOONS.train)), MOONS.validation, MOONS.test, MOONS.class_names)
    options: dict[str, Any] = {"hidden": 4, "weight_decay": 0.1, "class_weight": (1.0, 3.0)}
    masked = jax.jit(lambda f: results(problems.mlp(MOONS, **options, train_fraction=f)))(share)
    alone = jax.jit(lambda: results(problems.mlp(fewer, **options)))()
    for one, other in zip(jax.tree.leaves(masked), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def results(problem: Problem, params: Any = None) -> Any:
    """Loss, gradient and metrics at one point."""
    params = layers(2, 4, 1) if params is None else params
    assert problem.evaluate is not None
    return *jax.value_and_grad(problem.loss)(params), problem.evaluate(params)


@pytest.mark.parametrize(("units", "activation"), [(1, "relu"), (4, "relu"), (3, "sigmoid")])
@pytest.mark.long
def test_a_network_with_few_active_units_is_a_small_network(units: int, activation: str) -> None:
    def small(params: Any) -> Any:
        narrow = jax.tree.map(np.asarray, params)
        for below, above in itertools.pairwise(narrow):
            below |= {"weights": below["weights"][:, :units], "biases": below["biases"][:units]}
            above |= {"weights": above["weights"][:units]}
        return narrow

    params = layers(2, 6, 6, 1)
    options: dict[str, Any] = {"activation": activation, "weight_decay": 0.1}
    wide = problems.mlp(MOONS, hidden=(6, 6), active_units=float(units), **options)
    narrow = problems.mlp(MOONS, hidden=(units, units), **options)
    loss, gradient, metrics = jax.jit(lambda params: results(wide, params))(params)
    small_loss, small_gradient, small_metrics = jax.jit(lambda params: results(narrow, params))(small(params))
    np.testing.assert_allclose(loss, small_loss, rtol=1e-12)
    assert {name: float(value) for name, value in metrics.items()} == pytest.approx(
        {name: float(value) for name, value in small_metrics.items()}, rel=1e-12
    )
    for one, other in zip(jax.tree.leaves(small(gradient)), jax.tree.leaves(small_gradient), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    # What is not in use never moves.
    everything, inside = ravel_pytree(gradient)[0], ravel_pytree(small(gradient))[0]
    np.testing.assert_allclose(jnp.linalg.norm(everything), jnp.linalg.norm(inside), rtol=1e-12)


def test_the_start_has_the_scale_of_the_width_in_use() -> None:
    def draw(units: jax.Array) -> Any:
        problem = problems.mlp("digits", hidden=(200, 200), active_units=units)
        assert problem.init is not None
        return problem.init(jax.random.key(0))

    first, second, last = jax.tree.map(np.asarray, jax.jit(draw)(100.0))
    # The deviation of n draws has the relative error 1 / sqrt(2 n): 0.9%, 0.7% and 2.2% here; four of these.
    assert first["weights"][:, :100].std() == pytest.approx(np.sqrt(1 / 64), rel=0.036)
    assert second["weights"][:100, :100].std() == pytest.approx(np.sqrt(2 / 100), rel=0.028)
    assert last["weights"][:100].std() == pytest.approx(np.sqrt(2 / 100), rel=0.09)
    assert not any(layer["biases"].any() for layer in (first, second, last))
    assert not first["weights"][:, 100:].any()
    assert not second["weights"][100:].any()
    assert not second["weights"][:, 100:].any()
    assert not last["weights"][100:].any()


def test_the_start_keeps_the_size_of_the_signal() -> None:
    params = networks.draw_layers(jax.random.key(1), (500, 500, 500, 500, 500))
    signal = networks.logits(params, np.random.default_rng(0).normal(size=(200, 500)))
    # Each of the layers errs by about sqrt(5 / 500), the fourth moment of a rectified normal being 5 times as wide.
    assert (signal**2).mean() == pytest.approx(1.0, rel=0.25)


def minimiser(problem: Problem) -> Any:
    assert problem.init is not None
    flat, unravel = ravel_pytree(jax.tree.map(jnp.zeros_like, problem.init(jax.random.key(0))))
    value_and_grad = jax.jit(jax.value_and_grad(lambda x: problem.loss(unravel(x))))
    options = {"maxiter": 20_000, "maxfun": 50_000, "ftol": 1e-15, "gtol": 1e-9}
    return unravel(
        jnp.asarray(scipy.optimize.minimize(value_and_grad, flat, jac=True, method="L-BFGS-B", options=options).x)
    )


@pytest.mark.parametrize("class_weight", [None, {0: 1.0, 1: 7.0}, "balanced"])
def test_the_minimum_of_logistic_regression_is_that_of_scikit_learn(class_weight: Any) -> None:
    features, labels = CANCER.train
    # Balanced weights have the sum n.
    total = np.where(labels == 1, 7.0, 1.0).sum() if isinstance(class_weight, dict) else len(labels)
    theirs = LogisticRegression(C=0.5, class_weight=class_weight, tol=1e-9, max_iter=10_000).fit(features, labels)
    problem = problems.logistic_regression(
        CANCER,
        weight_decay=1 / (0.5 * total),
        class_weight="balanced" if class_weight == "balanced" else None,
        positive_weight=7.0 if isinstance(class_weight, dict) else None,
    )
    (layer,) = minimiser(problem)
    # Both stop at a gradient of about 1e-9; the smallest curvature, that of the decay, is 1e-3.
    np.testing.assert_allclose(layer["weights"][:, 0], theirs.coef_[0], atol=1e-5)
    np.testing.assert_allclose(layer["biases"], theirs.intercept_, atol=1e-5)


def test_the_known_classifier_of_the_imbalanced_set_is_found_again() -> None:
    data = load("imbalanced")
    (layer,) = minimiser(problems.logistic_regression(data, weight_decay=1 / 700, decay_biases=True))
    theirs = LogisticRegression(solver="liblinear", random_state=42).fit(*data.train)
    chances = networks.probabilities((layer,), data.test.features)
    # liblinear stops early, at its tolerance of 1e-4.
    np.testing.assert_allclose(chances, theirs.predict_proba(data.test.features)[:, 1], atol=1e-3)
    confusion = sklearn.metrics.confusion_matrix(data.test.labels, chances > 0.5)
    np.testing.assert_array_equal(confusion, [[284, 1], [7, 8]])
    assert sklearn.metrics.roc_auc_score(data.test.labels, chances) == pytest.approx(0.9296, abs=1e-3)


def test_class_weights_weigh_each_row_by_its_class() -> None:
    params, weights = layers(13, 3), np.array([1.0, 5.0, 0.5])
    weighted = problems.logistic_regression(WINE, class_weight=weights).loss(params)
    expected = log_loss(params, WINE.train, sample_weight=weights[WINE.train.labels])
    np.testing.assert_allclose(weighted, expected, rtol=1e-12)


def test_weights_of_rows_are_repetitions() -> None:
    features, labels = MOONS.train
    times = np.random.default_rng(0).integers(0, 4, len(labels))
    repeated = Dataset(
        Split(np.repeat(features, times, 0), np.repeat(labels, times)), MOONS.validation, MOONS.test, MOONS.class_names
    )
    options: dict[str, Any] = {"class_weight": "balanced", "weight_decay": 0.1, "focal_gamma": 2.0}
    weighted = problems.logistic_regression(MOONS, sample_weight=times, **options)
    params = layers(2, 1)
    one, other = (
        jax.value_and_grad(each.loss)(params) for each in (weighted, problems.logistic_regression(repeated, **options))
    )
    for left, right in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-12)


@pytest.mark.parametrize(("data", "outputs"), [(WINE, 3), (MOONS, 1)])
def test_the_focal_loss_is_its_formula(data: Dataset, outputs: int) -> None:
    features, labels = data.train
    params = layers(features.shape[1], outputs)
    scores = forward(params, features, relu)
    chances = scipy.special.softmax(scores if outputs > 1 else np.hstack([0 * scores, scores]), axis=1)
    right = chances[np.arange(len(labels)), labels]
    for gamma in (0.0, 1.5):
        loss = problems.logistic_regression(data, focal_gamma=gamma).loss(params)
        np.testing.assert_allclose(loss, np.mean(-((1 - right) ** gamma) * np.log(right)), rtol=1e-10)


def test_balanced_weights_count_the_labels_that_are_learnt() -> None:
    noisy = training_set(WINE, label_noise=0.3, train_fraction=0.5, class_weight="balanced")
    weights = np.asarray(noisy.weights)
    np.testing.assert_allclose(np.bincount(noisy.labels, weights), 1 / 3, rtol=1e-12)
    assert not weights[~np.asarray(noisy.in_use)].any()


@pytest.mark.long
def test_the_mean_over_minibatches_is_the_whole() -> None:
    options: dict[str, Any] = {
        "hidden": 4,
        "label_noise": 0.1,
        "train_fraction": 0.5,
        "positive_weight": 3.0,
        "weight_decay": 0.1,
    }
    params, whole = layers(2, 4, 1), problems.mlp(MOONS, **options)
    batched = problems.mlp(MOONS, **options, batch_size=10)
    keys = jax.random.split(jax.random.key(0), 1_000)

    def draw(key: jax.Array) -> jax.Array:
        return ravel_pytree(jax.value_and_grad(batched.loss)(params, key))[0]

    draws = jax.jit(lambda: jax.lax.map(draw, keys))()
    exact = ravel_pytree(jax.jit(jax.value_and_grad(whole.loss))(params))[0]
    # Five standard errors of each component.
    assert (abs(draws.mean(axis=0) - exact) <= 5 * draws.std(axis=0) / np.sqrt(1_000) + 1e-12).all()
    assert draws[:, 0].std() > 0.01


def test_a_minibatch_follows_its_key() -> None:
    problem, params = problems.logistic_regression(WINE, batch_size=8), layers(13, 3)
    loss = jax.jit(problem.loss)
    one, again, other = (loss(params, jax.random.key(seed)) for seed in (0, 0, 1))
    assert one == again
    assert one != other


def test_a_split_without_rows_is_not_measured() -> None:
    problem = problems.logistic_regression("imbalanced")
    assert problem.evaluate is not None
    assert set(jax.eval_shape(problem.evaluate, layers(20, 1))) == {
        "train_loss",
        "train_accuracy",
        "test_loss",
        "test_accuracy",
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: problems.mlp("winee"), r"data: got 'winee'; did you mean 'wine'\?"),
        (lambda: problems.mlp(MOONS, hidden=0), "hidden: got 0; pass a whole number of at least 1"),
        (lambda: problems.mlp(MOONS, hidden=(3, -2)), "hidden: got -2"),
        (lambda: problems.mlp(MOONS, batch_size=0), "batch_size: got 0"),
        (lambda: problems.mlp(MOONS, activation="rely"), r"activation: got 'rely'; did you mean 'relu'\?"),
        (lambda: problems.mlp(MOONS, label_noise=1.5), "label_noise: got 1.5; a share lies between 0 and 1"),
        (lambda: problems.mlp(MOONS, train_fraction=-1), "train_fraction: got -1"),
        (lambda: problems.mlp(MOONS, class_weight="balance"), "class_weight: got 'balance'; pass one number a class"),
        (lambda: problems.mlp(MOONS, class_weight=(1.0, 2.0, 3.0)), "one number for each of the 2 classes"),
        (lambda: problems.mlp(WINE, positive_weight=3.0), "positive_weight: the data has 3 classes"),
        (lambda: problems.mlp(MOONS, positive_weight=3.0, class_weight=(1, 2)), "pass one of them"),
        (lambda: problems.mlp(MOONS, sample_weight=np.ones(3)), r"sample_weight: got shape \(3,\); pass one number"),
        (lambda: problems.mlp(MOONS, sample_weight=-np.ones(300)), "sample_weight: a weight is negative"),
        (lambda: problems.mlp(MOONS, sample_weight=np.zeros(300)), "or none is above 0"),
        (lambda: problems.mlp(MOONS, focal_gamma=-1), "focal_gamma: got -1; pass 0 or more"),
        (lambda: problems.mlp(MOONS, batch_size=4).loss(layers(2, 32, 1)), r"pass key=jax\.random\.key\(seed\)"),
        (
            lambda: problems.mlp(Dataset(Split(np.ones((0, 2)), np.ones(0)), MOONS.test, MOONS.test, ("a", "b"))),
            "data: its training split has no rows",
        ),
    ],
)
def test_what_a_network_refuses(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
