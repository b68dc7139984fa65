"""Reports on any number of classes, and the comparison of two classifiers."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics

from jaxopt_lab import metrics
from jaxopt_lab.evaluation import Resampling, compare_classes, score_classes
from jaxopt_lab.evaluation.areas import macro_area

HOW = Resampling(resamples=1000)
NAMES = np.array(["bird", "cat", "dog"])


@pytest.fixture(scope="module")
def data():
    draws = np.random.default_rng(0)
    code = draws.choice(3, size=300, p=[0.6, 0.3, 0.1])
    logits = draws.normal(size=(300, 3)) + 1.5 * np.eye(3)[code]
    tables = [np.exp(logits), np.exp(logits + draws.normal(size=(300, 3)))]
    return code, *(table / table.sum(axis=1, keepdims=True) for table in tables)


@pytest.fixture(scope="module")
def report(data):
    return score_classes(NAMES[data[0]], y_prob=data[1], how=HOW)


def by_scikit_learn(code, prob):
    calls = prob.argmax(axis=1)
    return {
        "accuracy": sklearn_metrics.accuracy_score(code, calls),
        "balanced accuracy": sklearn_metrics.balanced_accuracy_score(code, calls),
        "macro F1": sklearn_metrics.f1_score(code, calls, average="macro"),
        "Cohen's kappa": sklearn_metrics.cohen_kappa_score(code, calls),
        "Matthews correlation": sklearn_metrics.matthews_corrcoef(code, calls),
        "ROC AUC, one against the rest": sklearn_metrics.roc_auc_score(code, prob, multi_class="ovr"),
        "Brier score": ((prob - np.eye(3)[code]) ** 2).sum(axis=1).mean(),
        "log loss": sklearn_metrics.log_loss(code, prob),
    }


def test_every_metric_is_scikit_learns_and_inside_its_interval(data, report):
    assert {name: each.value for name, each in report.measured.items()} == pytest.approx(
        by_scikit_learn(*data[:2]), abs=1e-12
    )
    assert all(each.lower < each.value < each.upper for each in report.measured.values())
    calls = NAMES[data[1].argmax(axis=1)]
    np.testing.assert_array_equal(report.confusion, sklearn_metrics.confusion_matrix(NAMES[data[0]], calls))
    precision, recall, *_ = sklearn_metrics.precision_recall_fscore_support(NAMES[data[0]], calls)
    assert [report.recall[name].value for name in NAMES] == pytest.approx(list(np.array(recall)))
    assert [report.precision[name].value for name in NAMES] == pytest.approx(list(np.array(precision)))
    assert report.roc["dog"].area == pytest.approx(sklearn_metrics.roc_auc_score(data[0] == 2, data[1][:, 2]))


def test_predicted_classes_without_probabilities(data, report):
    found = score_classes(NAMES[data[0]], NAMES[data[1].argmax(axis=1)], how=HOW)
    assert found.roc == {}
    assert found.measured == {name: report.measured[name] for name in found.measured}
    assert len(found.measured) == 5


def test_columns_in_another_order_say_the_same(data, report):
    order = [2, 0, 1]
    found = score_classes(NAMES[data[0]], y_prob=data[1][:, order], classes=NAMES[order], how=HOW)
    assert found.measured == report.measured


def test_differences_are_those_of_scikit_learn(data):
    code, first, second = data
    found = compare_classes(code, y_prob=first, versus_prob=second, how=HOW)
    ours, theirs = by_scikit_learn(code, first), by_scikit_learn(code, second)
    assert {name: each.value for name, each in found.items()} == pytest.approx(
        {name: ours[name] - theirs[name] for name in ours}, abs=1e-12
    )
    of_calls = compare_classes(code, first.argmax(axis=1), second.argmax(axis=1), how=HOW)
    assert of_calls == {name: found[name] for name in of_calls}


def test_a_class_that_is_only_predicted_has_no_recall():
    found = score_classes([0, 0, 1, 1], [0, 2, 1, 1], how=Resampling(resamples=200))
    assert found.class_names == ("0", "1", "2")
    assert np.isnan(found.recall["2"].value)
    assert found.measured["balanced accuracy"].value == pytest.approx(0.75)  # as in scikit-learn


def test_of_two_classes_the_error_is_delongs(data):
    code, first, second = data
    two = (code > 0).astype(int)
    tables = [np.stack([1 - prob[:, 0], prob[:, 0]], axis=1)[:, ::-1] for prob in (first, second)]
    for versus, exact in (
        (None, metrics.delong(two, tables[0][:, 1])),
        (tables[1], metrics.delong(two, tables[0][:, 1], tables[1][:, 1])),
    ):
        found = macro_area(two, tables[0], versus, 0.95)
        # DeLong divides by one less than the rows of a class.
        assert found[:3] == pytest.approx(exact[:3], abs=2e-4)


def test_the_error_over_classes_is_the_bootstraps(data):
    code, prob, _ = data
    draws = np.random.default_rng(1)
    areas = []
    for _ in range(300):
        rows = draws.integers(300, size=300)
        areas.append(np.mean([metrics.roc_auc_score(code[rows] == k, prob[rows, k]) for k in range(3)]))
    found = macro_area(code, prob, None, 0.95)
    # A standard deviation of 300 draws is right to 4%.
    assert (found.upper - found.lower) / 3.92 == pytest.approx(np.std(areas, ddof=1), rel=0.15)


def test_rounded_probabilities_are_divided_by_their_sum(data, report):
    found = score_classes(NAMES[data[0]], y_prob=data[1].round(3), how=HOW)
    assert found.measured["log loss"].value == pytest.approx(report.measured["log loss"].value, abs=2e-3)


TABLE = np.full((3, 3), 1 / 3)


@pytest.mark.parametrize(
    ("truth", "arguments", "message"),
    [
        ([0, 0], {"y_pred": [0, 1]}, "every row is of class 0"),
        ([0, 1, 2], {}, "there is neither a predicted class nor a probability of each"),
        ([0, 1, 2], {"y_pred": ["a", "b", "c"]}, "the true classes are text and the predicted ones numbers"),
        ([0, 1, 2], {"y_pred": [0, 1]}, "y_true has 3, y_pred has 2 rows"),
        (range(60), {"y_pred": range(60)}, "there are 60 different labels (0, 1, 2, 3, 4, ...)"),
        ([0, 1, 2], {"y_prob": TABLE[:, 0]}, "y_prob: has the shape (3,)"),
        ([0, 1, 2], {"y_prob": TABLE[:, :2]}, "y_prob: has 2 columns, and there are 3 classes"),
        ([0, 1, 1], {"y_prob": TABLE[:, :2]}, "there are two classes; pass the probability of the positive one alone"),
        ([0, 1, 2], {"y_prob": TABLE * [[1], [1], [0.9]]}, "y_prob: row 3 sums to 0.9"),
        ([0, 1, 2], {"y_prob": TABLE - [[0], [0], [1]]}, "y_prob, column 1: 1 of 3 scores are beyond 0 and 1 (row 3"),
        ([0, 1, 2], {"y_prob": TABLE, "classes": [0, 1, 3]}, "y_true: has the class 2, which no column"),
        ([0, 1, 2], {"y_prob": pd.DataFrame(TABLE, columns=list("abc")) * np.nan}, "a: 3 of 3 values are missing"),
    ],
)
def test_what_cannot_be_judged_is_refused(truth, arguments, message):
    with pytest.raises(ValueError, match=r"^[^\n]+$") as refused:
        score_classes(list(truth), **arguments)
    assert message in str(refused.value)
