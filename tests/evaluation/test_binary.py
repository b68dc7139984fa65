"""Reports on one score for two classes, and the comparison of two."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics

from jaxopt_lab import metrics
from jaxopt_lab.evaluation import Resampling, compare_binary, estimates, score_binary, threshold_table

HOW = Resampling(resamples=1000)


@pytest.fixture(scope="module")
def data():
    draws = np.random.default_rng(0)
    truth = np.repeat([0, 1], [240, 60])
    logits = draws.normal(size=300) + 1.5 * truth - 2
    return truth, 1 / (1 + np.exp(-logits)), 1 / (1 + np.exp(-logits - draws.normal(size=300)))


@pytest.fixture(scope="module")
def report(data):
    return score_binary(*data[:2], threshold=0.3, how=HOW)


@pytest.fixture(scope="module")
def differences(data):
    return compare_binary(*data, threshold=0.3, how=HOW)


def tenths(prob):
    """Which rows are predicted from 0 to 0.1, and above that up to 0.2, and so on."""
    return [np.ceil(10 * prob).clip(1) == place for place in range(1, 11)]


def by_scikit_learn(truth, prob):
    calls = prob >= 0.3
    return {
        "ROC AUC": sklearn_metrics.roc_auc_score(truth, prob),
        "average precision": sklearn_metrics.average_precision_score(truth, prob),
        "recall": sklearn_metrics.recall_score(truth, calls),
        "specificity": sklearn_metrics.recall_score(truth, calls, pos_label=0),
        "precision": sklearn_metrics.precision_score(truth, calls),
        "accuracy": sklearn_metrics.accuracy_score(truth, calls),
        "balanced accuracy": sklearn_metrics.balanced_accuracy_score(truth, calls),
        "F1": sklearn_metrics.f1_score(truth, calls),
        "Matthews correlation": sklearn_metrics.matthews_corrcoef(truth, calls),
        "Brier score": sklearn_metrics.brier_score_loss(truth, prob),
        "log loss": sklearn_metrics.log_loss(truth, prob),
    }


def test_every_metric_is_scikit_learns_and_inside_its_interval(data, report):
    expected = by_scikit_learn(*data[:2]) | {
        "mean prediction minus share of positives": data[1].mean() - 0.2,
        "expected calibration error": sum(abs((data[0] - data[1])[place].sum()) for place in tenths(data[1])) / 300,
    }
    assert {name: each.value for name, each in report.measured.items()} == pytest.approx(expected, abs=1e-12)
    without = {"expected calibration error"}
    assert all(each.lower < each.value < each.upper for name, each in report.measured.items() if name not in without)
    np.testing.assert_array_equal(report.confusion, sklearn_metrics.confusion_matrix(data[0], data[1] >= 0.3))


def test_differences_are_those_of_scikit_learn(data, differences):
    first, second = (by_scikit_learn(data[0], each) for each in data[1:])
    expected = {name: first[name] - second[name] for name in first}
    assert {name: each.value for name, each in differences.items()} == pytest.approx(expected, abs=1e-12)
    assert differences["ROC AUC"][:3] == metrics.delong(*data)[:3]
    assert differences["ROC AUC"].method.startswith("DeLong, paired, p = ")


def test_a_paired_interval_is_shorter_than_two_apart(data, report, differences):
    other = score_binary(data[0], data[2], threshold=0.3, how=HOW)
    for name in ("Brier score", "log loss", "accuracy"):
        lengths = [each.upper - each.lower for each in (report.measured[name], other.measured[name])]
        paired = differences[name].upper - differences[name].lower
        assert paired < 0.9 * np.hypot(lengths[0], lengths[1])


def test_intervals_are_those_of_the_metrics_package(data, report):
    truth, prob, _ = data
    area = metrics.bootstrap(metrics.average_precision_score, truth, prob, resamples=1000)
    assert report.measured["average precision"][:3] == (area.value, area.lower, area.upper)
    assert report.measured["ROC AUC"] == (*metrics.delong(truth, prob)[:3], "DeLong")
    found = int(((prob >= 0.3) & (truth == 1)).sum())
    assert report.measured["recall"][:3] == tuple(metrics.wilson(found, 60))
    assert report.measured["recall"].method == "Wilson"
    assert report.measured["F1"].method == "bootstrap (BCa, 1,000 resamples)"


def test_too_many_rows_for_resamples_get_closed_forms(data, monkeypatch):
    truth, prob, _ = data
    usual = score_binary(truth, prob, how=HOW).measured
    monkeypatch.setattr(estimates, "WEIGHTS", 300 * 150)
    found = score_binary(truth, prob, how=HOW).measured
    assert found["average precision"].method == "normal, standard error of 150 resamples"
    assert found["Brier score"].method == "normal"
    losses = (prob - truth) ** 2
    reach = 1.959964 * losses.std(ddof=1) / 300**0.5
    assert found["Brier score"][:3] == pytest.approx((losses.mean(), losses.mean() - reach, losses.mean() + reach))
    assert found["F1"].method == "bootstrap (BCa, 1,000 resamples)"  # four cells, however many rows
    assert "by chance up to" in found.pop("expected calibration error").method
    for name, each in found.items():  # an error of 150 resamples is right to 6%, and BCa is not symmetric
        assert each.upper - each.lower == pytest.approx(usual[name].upper - usual[name].lower, rel=0.25), name


@pytest.mark.long
def test_scores_that_only_rank_have_no_calibration(data):
    truth, prob, other = data
    logits = np.log(prob / (1 - prob))
    report = score_binary(truth, logits, probabilities=False, threshold=-0.5, how=HOW)
    assert report.calibration is None
    assert "Brier score" not in report.measured
    assert report.measured["ROC AUC"] == score_binary(truth, prob, how=HOW).measured["ROC AUC"]
    assert "log loss" not in compare_binary(truth, logits, other, probabilities=False, threshold=0, how=HOW)


def test_text_labels_and_the_positive_one(data, report):
    names = np.where(data[0] == 1, "ill", "well")
    found = score_binary(names, data[1], pos_label="ill", threshold=0.3, how=HOW)
    assert found.class_names == ("well", "ill")
    assert found.measured == report.measured
    assert score_binary(data[0].astype(bool), data[1], threshold=0.3, how=HOW).measured == report.measured


def test_the_table_counts_at_the_threshold_and_where_recall_is_reached(data, report):
    truth, prob, _ = data
    table = report.thresholds
    assert 0.3 in table.threshold
    assert (np.diff(table.threshold) < 0).all()
    for place, threshold in enumerate(table.threshold):
        expected = sklearn_metrics.confusion_matrix(truth, prob >= threshold).ravel()
        assert [table.tn[place], table.fp[place], table.fn[place], table.tp[place]] == expected.tolist()
    reached = table.diagnosis.sensitivity.value
    for recall in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95):  # multiples of 1/60, so each is met exactly
        assert np.isclose(reached, recall).any()
    elsewhere = threshold_table(truth, prob, [0.3], prevalence=0.01)
    sensitivity, false_alarms = elsewhere.tp[0] / 60, elsewhere.fp[0] / 240
    expected = 0.01 * sensitivity / (0.01 * sensitivity + 0.99 * false_alarms)
    assert elsewhere.diagnosis.ppv.value[0] == pytest.approx(expected)


def test_the_trade_off_is_the_table_at_many_thresholds(data, report):
    thresholds, rates = report.trade_off
    place = 150
    calls = data[1] >= thresholds[place]
    assert rates["precision"][place] == pytest.approx(sklearn_metrics.precision_score(data[0], calls))
    assert rates["recall"][place] == pytest.approx(sklearn_metrics.recall_score(data[0], calls))


def test_calls_that_are_all_the_same(data):
    found = score_binary(data[0], data[1], threshold=1.0, how=HOW).measured
    assert (found["recall"].value, found["specificity"].value, found["Matthews correlation"].value) == (0, 1, 0)
    assert np.isnan(found["precision"].value)
    assert found["F1"].value == 0


def test_one_positive_has_an_area_without_an_interval():
    found = score_binary([0, 0, 0, 1], [0.1, 0.2, 0.7, 0.6], how=Resampling(resamples=100)).measured
    assert found["ROC AUC"].value == pytest.approx(2 / 3)
    assert np.isnan(found["ROC AUC"].lower)
    assert "of them undefined" in found["average precision"].method


TRUTH, PROB = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]


@pytest.mark.parametrize(
    ("truth", "prob", "options", "message"),
    [
        ([], [], {}, "y_true: has no rows"),
        ([0, 0], [0.1, 0.2], {}, "y_true: every row is of class 0"),
        ([0, 1, 2], [0.1, 0.2, 0.3], {}, "y_true: has 3 classes (0, 1, 2), and there is one score"),
        ([1, 2, 1, 2], PROB, {}, "y_true: has the classes 1, 2; say which one is positive"),
        (["a", "b"], [0.1, 0.2], {}, "say which one is positive"),
        (["a", "b"], [0.1, 0.2], {"pos_label": "c"}, "'c' is not among them"),
        (["a", 1], [0.1, 0.2], {}, "mixes text and numbers"),
        ([0.5, 1, 0, 1], PROB, {}, "y_true: holds 0.5, which is no class"),
        ([0, np.nan, 1, np.nan], PROB, {}, "y_true: 2 of 4 values are missing or NaN, the first in row 2;"),
        (["a", None], [0.1, 0.2], {"pos_label": "a"}, "y_true: 1 of 2 values are missing or NaN, the first in row 2;"),
        (TRUTH, [0.1, 0.4, 0.35, np.nan], {}, "y_score: 1 of 4 values are missing or NaN, the first in row 4;"),
        (TRUTH, [0.1, 0.4, 0.35, np.inf], {}, "y_score: row 4 is infinite"),
        (TRUTH, [0.1, -0.4, 0.35, 1.2], {}, "y_score: 2 of 4 scores are beyond 0 and 1 (row 2: -0.4)"),
        (TRUTH, ["0.1", "0.4", "high", "0.8"], {}, "y_score: row 3 is 'high', text"),
        (TRUTH, [0.1, 0.4], {}, "y_true has 4, y_score has 2 rows"),
        (TRUTH, [PROB, PROB], {}, "y_score: has the shape (2, 4)"),
        (TRUTH, PROB, {"probabilities": False}, "threshold: scores that only rank have no natural one"),
        (TRUTH, PROB, {"threshold": np.nan}, "threshold: got nan; pass a finite number"),
        (TRUTH, ["0,1", "0,4", "0,35", "0,8"], {}, "row 1 is '0,1', text; pass numbers, with a point before decimals"),
        (TRUTH, PROB, {"prevalence": 2}, "prevalence: got 2"),
        (TRUTH, PROB, {"how": Resampling(confidence=95)}, "confidence: got 95"),
    ],
)
def test_what_cannot_be_judged_is_refused(truth, prob, options, message):
    with pytest.raises(ValueError, match=r"^[^\n]+$") as refused:
        score_binary(truth if truth != ["a", 1] else np.array(truth, object), prob, **options)
    assert message in str(refused.value)


def test_a_pandas_column_is_called_by_its_own_name():
    table = pd.DataFrame({"sick": TRUTH, "risk": [0.1, 0.4, None, 0.8]})
    with pytest.raises(ValueError, match="risk: 1 of 4 values are missing or NaN, the first in row 3"):
        score_binary(table["sick"], table["risk"])
