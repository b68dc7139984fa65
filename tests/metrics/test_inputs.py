"""What is refused, and that the message names the argument; what is warned of; what is taken in any form."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import UndefinedMetricWarning

from jaxopt_lab import metrics

OF_LABELS = [
    metrics.accuracy_score,
    metrics.balanced_accuracy_score,
    metrics.confusion_matrix,
    metrics.precision_score,
    metrics.recall_score,
    metrics.specificity_score,
    metrics.f1_score,
    partial(metrics.fbeta_score, beta=2.0),
    metrics.jaccard_score,
    metrics.matthews_corrcoef,
    metrics.geometric_mean_score,
    metrics.class_likelihood_ratios,
]
OF_SCORES = [
    metrics.roc_curve,
    metrics.roc_auc_score,
    metrics.precision_recall_curve,
    metrics.average_precision_score,
    metrics.det_curve,
    metrics.confusion_matrix_at_thresholds,
]
OF_PROBABILITIES = [
    metrics.brier_score_loss,
    metrics.log_loss,
    metrics.calibration_curve,
    metrics.expected_calibration_error,
]
EVERY = [*OF_LABELS, metrics.cohen_kappa_score, *OF_SCORES, *OF_PROBABILITIES]


def name_of(metric: Any) -> str:
    return getattr(metric, "func", metric).__name__


@pytest.mark.parametrize("metric", EVERY, ids=name_of)
def test_lengths_differ(metric: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: y.* has 3, y.* has 2"):
        metric([0, 1, 1], [0, 1])
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: .*sample_weight has 3"):
        metric([0, 1], [0, 1], sample_weight=[1, 2, 3])


@pytest.mark.parametrize("metric", EVERY, ids=name_of)
def test_nothing_to_measure(metric: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="no samples"):
        metric([], [])


@pytest.mark.parametrize("metric", EVERY, ids=name_of)
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, np.nan], "sample_weight: contains NaN"),
        ([1.0, np.inf], "sample_weight: contains infinity"),
        ([0.0, 0.0], "sample_weight: every weight is zero"),
        ([[1.0, 2.0], [3.0, 4.0]], "sample_weight: got an array of shape"),
        ([1 + 2j, 1], "sample_weight: got complex"),
        (["heavy", "light"], "sample_weight: got .* not numbers"),
    ],
)
def test_bad_weights(metric: Callable[..., Any], weight: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metric([0, 1], [0, 1], sample_weight=weight)


@pytest.mark.parametrize("metric", [*OF_SCORES, *OF_PROBABILITIES], ids=name_of)
@pytest.mark.parametrize(("bad", "message"), [(np.nan, "contains NaN"), (np.inf, "contains infinity")])
def test_scores_that_are_not_finite(metric: Callable[..., Any], bad: float, message: str) -> None:
    with pytest.raises(ValueError, match=f"y_(score|proba|prob): {message}"):
        metric([0, 1], [0.5, bad])


@pytest.mark.parametrize("metric", OF_LABELS, ids=name_of)
@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([np.nan, 1], [0, 1], "y_true: contains NaN"),
        ([0, 1], [np.inf, 1], "y_pred: contains infinity"),
        ([0, 1], [0.3, 0.9], "y_pred: got continuous"),
        (["a", "b"], [0, 1], "y_true, y_pred: mix of text and number"),
        ([[0, 1], [1, 0]], [[0, 1], [1, 1]], "y_true: got multilabel"),
        (np.zeros((2, 2, 2)), [0, 1], "y_true: got an array of shape"),
        ([[0], [0, 1]], [0, 1], "y_true: got rows of different lengths"),
        (np.array([0, None]), [0, 1], "y_true: got objects"),
    ],
)
def test_labels_that_are_none(metric: Callable[..., Any], y: Any, p: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metric(y, p)


def test_bytes_are_refused() -> None:
    with pytest.raises(TypeError, match="y_true: got bytes"):
        metrics.accuracy_score([b"a", b"b"], ["a", "b"])


Y3 = [0, 1, 2]
THIRDS = np.full((3, 3), 1 / 3)
BAD_OPTIONS: dict[str, tuple[Callable[[], Any], str]] = {
    "average": (lambda: metrics.f1_score([0, 1], [0, 1], average="mean"), "average: got 'mean'; pass one of 'binary'"),
    "average of several": (lambda: metrics.f1_score(Y3, Y3), "average: got 'binary' for targets of more than two"),
    "pos_label": (lambda: metrics.f1_score([0, 2], [0, 2]), r"pos_label: got 1, which is none of the labels \[0, 2\]"),
    "pos_label of text": (lambda: metrics.recall_score(["a", "b"], ["a", "b"]), "pos_label: got 1, which is none"),
    "zero_division": (lambda: metrics.f1_score([0, 1], [0, 1], zero_division=0.5), "zero_division: got 0.5"),
    "zero_division word": (lambda: metrics.f1_score([0, 1], [0, 1], zero_division="nan"), "zero_division: got 'nan'"),
    "beta": (lambda: metrics.fbeta_score([0, 1], [0, 1], beta=-1), "beta: got -1"),
    "normalize": (lambda: metrics.confusion_matrix([0], [0], normalize="rows"), "normalize: got 'rows'"),
    "labels empty": (lambda: metrics.confusion_matrix([0], [0], labels=[]), "labels: got an array of shape"),
    "labels absent": (lambda: metrics.confusion_matrix([0], [0], labels=[7]), r"labels: got \[7\], none of which"),
    "labels twice": (
        lambda: metrics.recall_score([0, 1], [0, 1], labels=[1, 1], average=None),
        r"labels: got \[1, 1\]",
    ),
    "labels of text": (lambda: metrics.confusion_matrix([0], [0], labels=["a"]), "labels: .*text and numbers"),
    "weights": (lambda: metrics.cohen_kappa_score([0], [0], weights="cubic"), "weights: got 'cubic'"),
    "ratios of several": (lambda: metrics.class_likelihood_ratios(Y3, Y3), "y_true, y_pred: got 3 classes"),
    "ratios of one": (lambda: metrics.class_likelihood_ratios([1], [1]), "y_true, y_pred: got 1 classes"),
    "replacement": (
        lambda: metrics.class_likelihood_ratios([0, 1], [0, 1], replace_undefined_by={"LR+": 0.5, "LR-": 0.0}),
        "replace_undefined_by: got",
    ),
    "replacement half": (
        lambda: metrics.class_likelihood_ratios([0, 1], [0, 1], replace_undefined_by={"LR+": 1.0}),
        "replace_undefined_by: got",
    ),
    "curve pos_label": (lambda: metrics.roc_curve([1, 2], [0.1, 0.2]), r"pos_label: y_true has the labels \[1, 2\]"),
    "curve of text": (
        lambda: metrics.roc_curve(["a", "b"], [0.1, 0.2]),
        r"pos_label: y_true has the labels \['a', 'b'\]",
    ),
    "curve of several": (lambda: metrics.roc_curve(Y3, [0.1, 0.2, 0.3]), "y_true: got 3 classes"),
    "AP pos_label": (lambda: metrics.average_precision_score([0, 2], [0.1, 0.2]), "pos_label: got 1"),
    "AP of several": (
        lambda: metrics.average_precision_score(Y3, THIRDS, pos_label=2),
        "pos_label: got 2 for more than two classes",
    ),
    "max_fpr": (lambda: metrics.roc_auc_score([0, 1], [0, 1], max_fpr=1.5), "max_fpr: got 1.5"),
    "max_fpr zero": (lambda: metrics.roc_auc_score([0, 1], [0, 1], max_fpr=0), "max_fpr: got 0"),
    "max_fpr of several": (
        lambda: metrics.roc_auc_score(Y3, THIRDS, multi_class="ovr", max_fpr=0.5),
        "max_fpr: got 0.5",
    ),
    "multi_class": (lambda: metrics.roc_auc_score(Y3, THIRDS), "multi_class: more than two"),
    "multi_class word": (lambda: metrics.roc_auc_score(Y3, THIRDS, multi_class="all"), "multi_class: got 'all'"),
    "rows": (lambda: metrics.roc_auc_score(Y3, 2 * THIRDS, multi_class="ovr"), "y_score: rows do not sum to 1"),
    "columns": (
        lambda: metrics.roc_auc_score(Y3, np.full((3, 4), 0.25), multi_class="ovr"),
        "y_score: got 4 columns for 3 classes",
    ),
    "vector for several": (
        lambda: metrics.roc_auc_score(Y3, [0.1, 0.2, 0.3], multi_class="ovr"),
        "y_score: got an array of shape",
    ),
    "labels unsorted": (
        lambda: metrics.roc_auc_score(Y3, THIRDS, multi_class="ovr", labels=[2, 1, 0]),
        "labels: .* sorted",
    ),
    "labels incomplete": (
        lambda: metrics.roc_auc_score([0, 1, 3], THIRDS, multi_class="ovr", labels=[0, 1, 2]),
        r"labels: y_true also has \[3\]",
    ),
    "ovo average": (
        lambda: metrics.roc_auc_score(Y3, THIRDS, multi_class="ovo", average="micro"),
        "average: got 'micro' for multi_class='ovo'",
    ),
    "ovo weights": (
        lambda: metrics.roc_auc_score(Y3, THIRDS, multi_class="ovo", sample_weight=[1, 2, 3]),
        "sample_weight: not defined",
    ),
    "indicators": (lambda: metrics.roc_auc_score([[0, 2], [1, 0]], [[0, 1], [1, 0]]), "y_true: got a table"),
    "det one class": (lambda: metrics.det_curve([1, 1], [0.1, 0.2]), "y_true: got one class only"),
    "area of a point": (lambda: metrics.auc([0.0], [0.0]), "x: got 1 point"),
    "area back and forth": (lambda: metrics.auc([0.0, 1.0, 0.5], [0, 0, 0]), "x: goes up and down"),
    "brier range": (lambda: metrics.brier_score_loss([0, 1], [0.5, 1.5]), "y_proba: got values from 0.5 to 1.5"),
    "brier several": (lambda: metrics.brier_score_loss(Y3, [0.1, 0.2, 0.3]), "y_true: got 3 classes"),
    "brier text": (lambda: metrics.brier_score_loss(["a", "b"], [0.1, 0.2]), "pos_label: y_true has"),
    "brier scale": (lambda: metrics.brier_score_loss([0, 1], [0, 1], scale_by_half="no"), "scale_by_half: got 'no'"),
    "loss range": (lambda: metrics.log_loss([0, 1], [0.5, -0.5]), "y_proba: got values from -0.5 to 0.5"),
    "loss of one class": (lambda: metrics.log_loss([1, 1], [0.5, 0.5]), r"labels: got \[1\] only"),
    "loss columns": (lambda: metrics.log_loss([0, 1, 0], THIRDS), "y_proba: got 3 columns for 2 classes"),
    "loss labels": (lambda: metrics.log_loss([0, 2], [0.5, 0.5], labels=[0, 1]), r"labels: y_true also has \[2\]"),
    "strategy": (lambda: metrics.calibration_curve([0, 1], [0, 1], strategy="log"), "strategy: got 'log'"),
    "bins": (lambda: metrics.calibration_curve([0, 1], [0, 1], n_bins=0), "n_bins: got 0"),
    "calibration range": (lambda: metrics.calibration_curve([0, 1], [0, 2]), "y_prob: got values from 0 to 2"),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_the_message_names_the_argument(case: str) -> None:
    call, message = BAD_OPTIONS[case]
    with pytest.raises(ValueError, match=message):
        call()


WARNED: dict[str, tuple[Callable[[], Any], type[Warning], str]] = {
    "precision": (lambda: metrics.precision_score([0, 1], [0, 0]), UndefinedMetricWarning, "Precision is ill-defined"),
    "recall": (lambda: metrics.recall_score([0, 0], [0, 1]), UndefinedMetricWarning, "Recall is ill-defined"),
    "AUC": (lambda: metrics.roc_auc_score([1, 1], [0, 1]), UndefinedMetricWarning, "only one class"),
    "curve": (lambda: metrics.roc_curve([1, 1], [0, 1]), UndefinedMetricWarning, "no negative samples"),
    "kappa": (lambda: metrics.cohen_kappa_score([1, 1], [1, 1]), UndefinedMetricWarning, "only one class"),
    "recall of none": (lambda: metrics.precision_recall_curve([0, 0], [0, 1]), UserWarning, "no positive samples"),
    "balanced": (lambda: metrics.balanced_accuracy_score([0, 0], [0, 1]), UserWarning, "y_pred has classes"),
    "one label": (lambda: metrics.confusion_matrix([1], [1]), UserWarning, "only one label"),
    "pos_label": (
        lambda: metrics.f1_score([0, 1], [0, 1], average="macro", pos_label=0),
        UserWarning,
        "pos_label=0 is ignored",
    ),
    "probabilities": (lambda: metrics.log_loss([0, 1], [[0.5, 0.6], [0.5, 0.5]]), UserWarning, "do not sum to 1"),
    "order": (lambda: metrics.log_loss([0, 1], [0.5, 0.5], labels=[1, 0]), UserWarning, "sorted order"),
}


@pytest.mark.parametrize("case", WARNED)
def test_warnings(case: str) -> None:
    call, kind, message = WARNED[case]
    with pytest.warns(kind, match=message):
        call()


TWO = np.array([0, 1, 1, 0, 1, 0]), np.array([0, 1, 0, 0, 1, 1])
SCORED = TWO[0], np.array([0.125, 0.75, 0.375, 0.4375, 0.875, 0.5])  # float32 holds them


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.setflags(write=False)
    return array


@pytest.mark.parametrize("metric", [metrics.accuracy_score, metrics.f1_score, metrics.confusion_matrix], ids=name_of)
def test_whole_weights_are_summed_exactly_or_as_real_ones(metric: Callable[..., Any]) -> None:
    """2^53 + 1 is no float64, and eight times 2^60 no 64-bit integer."""
    y, p = [0, 1, 1, 1, 0, 0, 1, 0], [0, 1, 1, 0, 0, 1, 1, 1]
    weight = np.full(8, 2**60)
    scale = 2.0**60 if metric is metrics.confusion_matrix else 1.0
    np.testing.assert_allclose(metric(y, p, sample_weight=weight), scale * np.asarray(metric(y, p)), rtol=1e-15)
    assert metrics.confusion_matrix([0, 1], [0, 1], sample_weight=[2**53 + 1, 1])[0, 0] == 2**53 + 1


@pytest.mark.parametrize("metric", EVERY, ids=name_of)
def test_any_form_of_the_same_data(metric: Callable[..., Any]) -> None:
    y, x = TWO if metric in OF_LABELS or metric is metrics.cohen_kappa_score else SCORED
    expected = metric(y, x)
    real_labels = x.astype(float)
    series = lambda a: pd.Series(a, index=np.arange(a.size)[::-1])
    for form in (list, tuple, lambda a: a[:, None], np.asfortranarray, jax.numpy.asarray, series, read_only):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # JAX rounds float64 to float32
            got = metric(form(y), form(x))
        for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)
    for kind in (bool, np.uint8, np.float32):
        np.testing.assert_equal(metric(y.astype(kind), real_labels if metric in OF_SCORES else x), expected)


NEEDS_POS_LABEL = {
    *(name_of(m) for m in (*OF_SCORES, metrics.brier_score_loss)),
    *("precision_score", "recall_score", "specificity_score", "f1_score", "fbeta_score", "jaccard_score"),
    *("calibration_curve", "expected_calibration_error"),
} - {"roc_auc_score"}


@pytest.mark.parametrize("metric", EVERY, ids=name_of)
@pytest.mark.parametrize("kind", [str, object])
def test_text_labels_are_numbers_by_another_name(metric: Callable[..., Any], kind: type) -> None:
    names = np.array(["eggs", "spam"]).astype(kind)
    of_labels = metric in OF_LABELS or metric is metrics.cohen_kappa_score
    y, x = TWO if of_labels else SCORED
    keywords = {"pos_label": "spam"} if name_of(metric) in NEEDS_POS_LABEL else {}
    np.testing.assert_equal(metric(names[y], names[x] if of_labels else x, **keywords), metric(y, x))
