"""The imbalance laboratory: the published numbers, scikit-learn as oracle, and nothing chosen on test rows."""

import dataclasses
import json

import numpy as np
import pytest
from scipy.stats import binom
from sklearn import metrics as oracle
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from jaxopt_lab.labs import imbalance
from jaxopt_lab.labs.imbalance import scoring
from jaxopt_lab.labs.imbalance.training import log_odds, over_sampled, train
from jaxopt_lab.problems import datasets
from jaxopt_lab.problems.splits import dataset

SETS = ("made_up", "digits")
TOLERANCE = 1e-3  # what float32 training and liblinear's own tolerance of 1e-4 leave between them


@pytest.fixture(scope="module")
def findings():
    return imbalance.run()


@pytest.fixture(scope="module")
def made_up_data():
    features, labels = make_classification(
        n_samples=1000,
        n_features=20,
        n_informative=2,
        n_redundant=10,
        n_clusters_per_class=1,
        weights=[0.95, 0.05],
        flip_y=0,
        random_state=42,
    )
    return train_test_split(features, labels, test_size=0.3, random_state=42, stratify=labels)


def test_the_published_numbers_are_reproduced(findings):
    seed = findings.numbers["made_up"]
    assert seed["test_counts"].tolist() == [285, 15]
    for who in ("scikit_learn", "jax"):
        assert seed[who]["confusion"].tolist() == [[284, 1], [7, 8]]
        measured = {
            name: round(seed[who][name], 4) for name in ("accuracy", "precision", "recall", "f1", "specificity")
        }
        assert measured == {
            "accuracy": 0.9733,
            "precision": 0.8889,
            "recall": 0.5333,
            "f1": 0.6667,
            "specificity": 0.9965,
        }
        assert round(seed[who]["auc"], 4) == 0.9296


def test_what_jax_trains_is_what_scikit_learn_trains_on_the_notebooks_own_split(findings, made_up_data):
    train_features, test_features, train_labels, test_labels = made_up_data
    model = LogisticRegression(solver="liblinear", random_state=42).fit(train_features, train_labels)
    ours = findings.numbers["made_up"]["jax"]
    np.testing.assert_allclose(ours["coefficients"], [*model.coef_[0], *model.intercept_], rtol=0, atol=TOLERANCE)
    auc = oracle.roc_auc_score(test_labels, model.predict_proba(test_features)[:, 1])
    assert ours["auc"] == pytest.approx(auc, abs=TOLERANCE)


@pytest.mark.parametrize("name", SETS)
def test_both_classifiers_agree(findings, name):
    study = findings.numbers[name]
    assert study["largest_difference"]["coefficients"] < TOLERANCE
    assert study["largest_difference"]["metrics"] < TOLERANCE
    assert study["largest_gradient"] < TOLERANCE


@pytest.mark.parametrize("name", SETS)
def test_every_remedys_numbers_are_scikit_learns(findings, name):
    study = findings.numbers[name]
    labels = study["test_labels"]
    assert len(study["remedies"]) == 7
    for remedy in study["remedies"].values():
        predicted = (remedy["scores"] >= remedy["threshold"]).astype(int)
        tn, fp, _, _ = oracle.confusion_matrix(labels, predicted).ravel()
        expected = {
            "recall": oracle.recall_score(labels, predicted),
            "precision": oracle.precision_score(labels, predicted),
            "f1": oracle.f1_score(labels, predicted),
            "specificity": tn / (tn + fp),
            "auc": oracle.roc_auc_score(labels, remedy["scores"]),
        }
        assert {metric: remedy[metric] for metric in expected} == pytest.approx(expected, abs=1e-12)
        for metric, (lower, upper) in remedy["intervals"].items():
            assert lower <= expected[metric] <= upper


def test_class_weights_are_scikit_learns(findings, made_up_data):
    train_features, test_features, train_labels, _ = made_up_data
    exact = {"solver": "liblinear", "tol": 1e-10, "max_iter": 10_000}
    model = LogisticRegression(class_weight={0: 1, 1: 19}, **exact).fit(train_features, train_labels)
    ours = findings.numbers["made_up"]["remedies"]["balanced class weights"]["scores"]
    np.testing.assert_allclose(ours, model.decision_function(test_features), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", SETS)
def test_a_threshold_leaves_the_ranking_alone(findings, name):
    remedies = findings.numbers[name]["remedies"]
    for criterion in scoring.CRITERIA:
        moved = remedies[f"threshold for {criterion}"]
        np.testing.assert_array_equal(moved["scores"], remedies["no remedy"]["scores"])
        assert moved["difference_intervals"]["auc"].tolist() == [0, 0]


def test_the_test_labels_choose_nothing_and_the_same_seed_gives_the_same_bits(findings):
    data = datasets.imbalanced()
    permuted = np.random.default_rng(1).permutation(data.test.labels)
    assert (permuted != data.test.labels).any()
    study = imbalance.study(
        dataclasses.replace(data, test=data.test._replace(labels=permuted)),
        imbalance.Settings(**{name: findings.settings[name] for name in imbalance.Settings._fields}),
    )
    before = findings.numbers["made_up"]
    assert study["chosen"] == before["chosen"]
    for name, remedy in study["remedies"].items():
        assert remedy["threshold"] == before["remedies"][name]["threshold"]
        np.testing.assert_array_equal(remedy["scores"], before["remedies"][name]["scores"])
    assert study["remedies"]["no remedy"]["auc"] != before["remedies"]["no remedy"]["auc"]


def test_a_fold_is_left_out():
    random = np.random.default_rng(0)
    features = random.normal(size=(60, 2))
    data = dataset(features, features[:, 0] + random.normal(size=60) > 0.8, validation=0, test=0.2)
    trained = train(data, C=1.0, positive_weights=(3.0,), folds=3, draws=1, num_steps=30, seed=0)
    assert sorted(np.bincount(trained.fold_of_row)) == [16, 16, 16]
    place = int(np.flatnonzero(trained.positive_weights == 3.0)[0])
    for fold in range(3):
        rest = trained.fold_of_row != fold
        model = LogisticRegression(solver="liblinear", class_weight={0: 1, 1: 3}, tol=1e-10, max_iter=1000)
        model.fit(data.train.features[rest], data.train.labels[rest])
        expected = model.decision_function(data.test.features)
        ours = log_odds(trained.by_weight[place, 1 + fold], data.test.features)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=TOLERANCE)


def test_over_sampling_makes_both_classes_equally_many():
    labels = np.array([0] * 50 + [1] * 4)
    copies = over_sampled(labels, np.random.default_rng(0))
    assert copies[labels == 0].tolist() == [1] * 50
    assert copies[labels == 1].sum() == 50
    assert copies.min() == 1


@pytest.mark.parametrize("criterion", scoring.CRITERIA)
def test_no_threshold_is_better_than_the_chosen_one(criterion):
    score = {"F1": oracle.f1_score, "balanced accuracy": oracle.balanced_accuracy_score}[criterion]
    for seed in range(3):
        random = np.random.default_rng(seed)
        labels = (random.random(60) < 0.2).astype(int)
        scores = np.round(labels + random.normal(size=60), 1)  # with ties
        chosen = scoring.choose_threshold(labels, scores, criterion)
        best = max(score(labels, scores >= threshold) for threshold in scores)
        assert score(labels, scores >= chosen) == pytest.approx(best)


def test_the_interval_of_recall_is_the_binomial_one():
    """Of positives drawn with replacement, as many are found as a binomial distribution says."""
    random = np.random.default_rng(0)
    labels = np.array([0] * 40 + [1] * 16)
    scores = np.round(random.normal(size=56) + labels, 1)
    resampling = scoring.Resampling(4000, 0.9, seed=3)
    found = oracle.recall_score(labels, scores >= 0.5)
    assert 0.5 < found < 1
    ends = scoring.intervals(labels, (scores, 0.5), resampling)
    np.testing.assert_allclose(ends["recall"], binom.ppf([0.05, 0.95], 16, found) / 16, atol=1e-12)
    zero = scoring.intervals(labels, (scores, 0.5), resampling, (scores, 0.5))
    assert {name: each.tolist() for name, each in zero.items()} == {name: [0, 0] for name in scoring.METRICS}


def test_the_area_is_the_share_of_pairs_ranked_rightly(findings):
    seed = findings.numbers["made_up"]
    assert seed["pairs"]["pairs"] == 285 * 15
    assert seed["pairs"]["share"] == pytest.approx(seed["scikit_learn"]["auc"], abs=1e-12)


def test_everything_goes_into_json(findings):
    text = json.dumps([findings.numbers, findings.settings], default=lambda array: array.tolist(), allow_nan=False)
    assert json.loads(text)[0]["made_up"]["test_counts"] == [285, 15]


def test_the_answers_tell_the_numbers_that_were_measured(findings):
    assert len(findings.answers) == 6
    seed, digits = findings.numbers["made_up"], findings.numbers["digits"]
    told = {
        0: (seed["scikit_learn"]["accuracy"], seed["always_negative"]["accuracy"], digits["jax"]["recall"]),
        1: (seed["remedies"]["threshold for balanced accuracy"]["specificity"],),
        2: (seed["scikit_learn"]["auc"], seed["pairs"]["share"], digits["jax"]["average_precision"]),
        4: (seed["remedies"]["no remedy"]["f1"], seed["remedies"]["threshold for balanced accuracy"]["f1"]),
    }
    for place, numbers in told.items():
        for number in numbers:
            assert f"{number:.4f}" in findings.answers[place].answer
    for study in (seed, digits):
        assert f"{study['remedies']['balanced class weights']['precision']:.2f}" in findings.answers[3].answer


def test_the_page_has_its_figures_and_tables(findings):
    names = [picture.name for picture in findings.pictures]
    assert len(set(names)) == len(names) == 8
    for picture in findings.pictures:
        assert picture.caption
        assert picture.alt
        # The small matrix beside a moving threshold says it in its ticks.
        assert all(ax.get_xlabel() or ax.get_title(loc="left") == "Confusion matrix" for ax in picture.figure.axes)
    assert len(findings.tables) == 7
    for table in findings.tables:
        assert {len(row) for row in table.rows} == {len(table.columns)}
    counts = [text.get_text().split()[0] for text in findings.pictures[0].figure.axes[0].texts]
    assert counts == ["284", "1", "7", "8"]


def test_the_remedies_are_told_as_they_were_measured(findings):
    comparison, frequencies = findings.numbers["comparison"], findings.numbers["frequencies"]
    rarest, ratio = comparison["prevalence"].index(0.05), comparison["metric"].index("risk_ratio")
    told = findings.answers[-1].answer
    assert f"{comparison['mean'][ratio, 0, rarest]:.2f} times the share" in told
    assert f"step {frequencies['learnt_at'][0, -1]} by gradient descent" in told
    raised = [
        name
        for name, lower in zip(comparison["remedy"], comparison["difference_lower"][ratio, :, rarest], strict=True)
        if lower > 0
    ]
    assert "under-sampling" in raised
    assert f"raise the mean risk: {', '.join(raised)}." in told
    # Van den Goorbergh et al. 2022: no better ranking.
    assert "raise the AUC beyond the luck of the splits: none." in told
