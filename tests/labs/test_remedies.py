"""Remedies compared: scikit-learn and closed forms as oracles, and nothing learnt or chosen on test rows."""

import sys

import numpy as np
import pytest
from scipy.stats import norm
from sklearn import metrics as oracle
from sklearn.linear_model import LogisticRegression

from jaxopt_lab.labs.imbalance import REMEDIES, compare_remedies
from jaxopt_lab.labs.imbalance.comparison import _pooled
from jaxopt_lab.labs.imbalance.designs import design, row_weights, smote
from jaxopt_lab.problems import datasets

pytestmark = pytest.mark.long

SHARES, SPLITS, DISTANCE = (0.2, 0.05), 6, 2.0
ALL = (*REMEDIES, "SMOTE")


@pytest.fixture(scope="module")
def data():
    return datasets.binormal(6000, 0.3, distance=DISTANCE, num_features=3)


@pytest.fixture(scope="module")
def plan(data):
    return design(*_pooled(data), SHARES, SPLITS, seed=0)


@pytest.fixture(scope="module")
def comparison(data):
    return compare_remedies(data, remedies=ALL, prevalences=SHARES, splits=SPLITS, num_steps=40)


def scores_of(comparison, data, plan, remedy, split, share):
    """Log-odds of all rows, from the coefficients of standardised features."""
    coefficients = comparison.coefficients.sel(remedy=remedy).values[split, share]
    standard = (_pooled(data)[0] - plan.mean[split, share]) / plan.scale[split, share]
    return standard @ coefficients[:-1] + coefficients[-1]


def test_training_arrives(comparison):
    assert comparison.largest_gradient < 1e-5  # float32 sums of up to 3,000 rows


@pytest.mark.parametrize("remedy", ALL)
def test_the_area_is_the_exact_one_at_every_prevalence_and_no_remedy_changes_it(comparison, remedy):
    """6,000 rows give the area of the best classifier a standard error of 0.004."""
    exact = norm.cdf(DISTANCE / np.sqrt(2))
    one = comparison.sel(metric="auc", remedy=remedy)
    np.testing.assert_allclose(one["mean"], exact, rtol=0, atol=0.012)
    assert (abs(one.difference_mean) < 0.004).all()


@pytest.mark.parametrize("remedy", ["class weights", "over-sampling", "under-sampling"])
def test_balancing_the_classes_gives_the_risk_of_a_balanced_population(comparison, remedy):
    """The log-odds are then d x - d^2 / 2 exactly, whose mean risk over the real population is an integral."""
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    of_class = [weights @ (1 / (1 + np.exp(-(DISTANCE * (points + mean) - DISTANCE**2 / 2)))) for mean in (0, DISTANCE)]
    for share in SHARES:
        expected = (of_class[0] * (1 - share) + of_class[1] * share) / share
        measured = comparison["mean"].sel(metric="risk_ratio", remedy=remedy, prevalence=share)
        assert measured == pytest.approx(expected, rel=0.1)  # the first of them is near 1.7, the second near 4.5


def test_without_a_remedy_the_risk_is_right_and_the_recall_is_low(comparison):
    none = comparison.sel(remedy="none")
    np.testing.assert_allclose(none["mean"].sel(metric="risk_ratio"), 1, atol=0.1)
    for share in SHARES:
        # A probability of one half is at x = d / 2 + log odds of a negative / d, exactly.
        edge = DISTANCE / 2 + np.log((1 - share) / share) / DISTANCE
        recall = none["mean"].sel(metric="recall", prevalence=share)
        assert recall == pytest.approx(norm.sf(edge - DISTANCE), abs=0.05)


def test_another_threshold_changes_decisions_and_nothing_else(comparison):
    moved = comparison.sel(remedy="threshold")
    for metric in ("auc", "average_precision", "brier", "log_loss", "risk_ratio"):
        assert (moved.difference.sel(metric=metric) == 0).all()
    # The best that there is: half way between the classes.
    best = norm.cdf(DISTANCE / 2)
    np.testing.assert_allclose(moved["mean"].sel(metric="balanced_accuracy"), best, rtol=0, atol=0.03)
    assert (comparison.threshold.sel(remedy="none") == 0.5).all()


def test_thresholds_are_chosen_on_validation_rows_alone(comparison, data, plan):
    labels = _pooled(data)[1]
    for split, share in [(0, 0), (1, 1)]:
        scores = scores_of(comparison, data, plan, "threshold", split, share)
        rows = plan.validate[split, share]
        chosen = float(comparison.threshold.sel(remedy="threshold").values[split, share])
        reached = oracle.balanced_accuracy_score(labels[rows], scores[rows] >= np.log(chosen / (1 - chosen)))
        misses, hits, _ = oracle.roc_curve(labels[rows], scores[rows])
        best = np.max(hits + 1 - misses) / 2
        assert reached == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize(("remedy", "weight"), [("none", None), ("class weights", {0: 1, 1: 19})])
def test_the_coefficients_are_scikit_learns(comparison, data, plan, remedy, weight):
    features, labels = _pooled(data)
    rows = plan.learn[2, 1]
    standard = (features[rows] - plan.mean[2, 1]) / plan.scale[2, 1]
    model = LogisticRegression(class_weight=weight, tol=1e-10).fit(standard, labels[rows])
    expected = np.append(model.coef_[0], model.intercept_)
    ours = comparison.coefficients.sel(remedy=remedy).values[2, 1]
    # 19 is the ratio of the classes up to the rounding of their sizes, which moves the intercept by 1 in 100.
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-3 if weight is None else 2e-2)


def test_smote_learns_from_its_rows_as_scikit_learn_would(comparison, data, plan):
    features, labels = _pooled(data)
    rows = plan.learn[1, 0]
    standard = (features[rows] - plan.mean[1, 0]) / plan.scale[1, 0]
    made = smote(standard, labels[rows], seed=1)
    model = LogisticRegression(tol=1e-10)
    model.fit(np.concatenate([standard, made]), np.append(labels[rows], np.ones(len(made), int)))
    ours = comparison.coefficients.sel(remedy="SMOTE").values[1, 0]
    np.testing.assert_allclose(ours, np.append(model.coef_[0], model.intercept_), rtol=0, atol=2e-3)


@pytest.mark.parametrize("remedy", ALL)
def test_the_metrics_are_scikit_learns_on_the_weighted_test_rows(comparison, data, plan, remedy):
    labels, weight = _pooled(data)[1], plan.test[3, 1]
    scores = scores_of(comparison, data, plan, remedy, 3, 1)
    threshold = float(comparison.threshold.sel(remedy=remedy).values[3, 1])
    risk = 1 / (1 + np.exp(-scores))
    value = comparison.value.sel(remedy=remedy, prevalence=SHARES[1], split=3)
    expected = {
        "auc": oracle.roc_auc_score(labels, scores, sample_weight=weight),
        "average_precision": oracle.average_precision_score(labels, scores, sample_weight=weight),
        "f1": oracle.f1_score(labels, risk >= threshold, sample_weight=weight),
        "precision": oracle.precision_score(labels, risk >= threshold, sample_weight=weight),
        "brier": oracle.brier_score_loss(labels, risk, sample_weight=weight),
        "log_loss": oracle.log_loss(labels, risk, sample_weight=weight),
        "risk_ratio": np.average(risk, weights=weight) / SHARES[1],
    }
    for name, number in expected.items():
        assert float(value.sel(metric=name)) == pytest.approx(number, rel=2e-4), name


def test_the_parts_are_apart_and_have_the_share_asked_for(data, plan):
    labels = _pooled(data)[1]
    assert not (plan.learn & plan.validate).any()
    assert not ((plan.learn | plan.validate) & (plan.test > 0)).any()
    for place, share in enumerate(SHARES):
        assert labels[plan.learn[0, place]].mean() == pytest.approx(share, abs=5e-4)
        assert labels[plan.validate[0, place]].mean() == pytest.approx(share, abs=2e-3)
        assert np.average(labels, weights=plan.test[0, place]) == pytest.approx(share)
    assert (plan.learn[:, 1] <= plan.learn[:, 0]).all()
    assert (plan.learn[0] != plan.learn[1]).any()


def test_a_feature_that_never_changes_is_not_blown_up():
    """Its mean is off by rounding: 0.1 added up a few hundred times."""
    features = np.column_stack([np.arange(300.0), np.full(300, 0.1)])
    plan = design(features, np.repeat([0, 1], 150), (0.5, 0.1), splits=5, seed=0)
    assert (features[:, 1] - plan.mean[..., 1, None] != 0).any()
    assert (plan.scale[..., 1] == 1).all()
    assert (plan.scale[..., 0] > 10).all()


def test_resampling_balances_the_classes():
    labels = np.repeat([0, 1], [50, 4])
    for remedy in ("class weights", "over-sampling", "under-sampling"):
        weights = row_weights(remedy, labels, np.random.default_rng(0))
        assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum()), remedy
    assert set(row_weights("under-sampling", labels, np.random.default_rng(0))) == {0.0, 1.0}


def test_intervals_are_nadeau_and_bengios(comparison):
    values = comparison.value.sel(metric="brier", remedy="none", prevalence=0.2).values
    # The t distribution with 5 degrees of freedom has its 97.5% point at 2.5706; 30% are tested, 50% learnt from.
    reach = 2.5706 * np.sqrt(1 / 6 + 0.6) * values.std(ddof=1)
    one = comparison.sel(metric="brier", remedy="none", prevalence=0.2)
    assert float(one.upper - one.lower) == pytest.approx(2 * reach, rel=1e-4)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"data": "wine"}, "data: got 3 classes"),
        ({"remedies": ("smoking",)}, "remedies: got 'smoking'; the remedies are none, class weights"),
        ({"prevalences": (0.7,)}, "prevalences: got 0.7; the second class is the rare one"),
        ({"prevalences": (0.002,)}, "prevalences: at 0.002 a part is left with 0 rows of class 1"),
        ({"splits": 1}, "splits: got 1; an interval needs at least 2"),
        ({"splits": 10**6}, "data: got 569 rows; at 1000000 splits up to 50 fit"),
    ],
)
def test_bad_input_is_told_in_one_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        compare_remedies(**{"data": "breast_cancer", **wrong})


def test_smote_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "imblearn.over_sampling", None)
    with pytest.raises(ImportError, match=r'pip install "jaxopt-lab\[imbalance\]"'):
        smote(np.eye(4), np.array([0, 0, 1, 1]), seed=0)


def test_smote_learns_between_positives_of_the_training_rows():
    random = np.random.default_rng(0)
    features = np.concatenate([random.normal(size=(30, 2)), 5 + random.random((6, 2))])
    made = smote(features, np.repeat([0, 1], [30, 6]), seed=0)
    assert made.shape == (24, 2)
    assert (made >= 5).all()
    assert (made <= 6).all()
