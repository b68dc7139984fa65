"""Display objects and the pages of reports: what is drawn is what was measured."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from jaxopt_lab import evaluation, plots
from jaxopt_lab.evaluation import Measured, Resampling

DRAWS = np.random.default_rng(0)
TRUTH = np.repeat([0, 1], [80, 20])
PROB = DRAWS.beta(1 + 2 * TRUTH, 4)
OTHER = DRAWS.beta(1 + TRUTH, 4)
HOW = Resampling(resamples=200)


def points(line: Any) -> list[list[float]]:
    return line.get_xydata().tolist()


def legend_of(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def bars_of(ax: Any) -> list[Any]:
    return ax.containers


def bands_of(ax: Any) -> list[Any]:
    return [each for each in ax.collections if each.get_label() == "_band"]


@pytest.mark.parametrize(
    ("display", "score", "label"),
    [(plots.RocCurveDisplay, roc_auc_score, "AUC"), (plots.PrecisionRecallDisplay, average_precision_score, "AP")],
)
def test_curves_are_drawn_side_by_side_with_their_bands(display, score, label):
    first = display.from_predictions(TRUTH, PROB, how=HOW, name="p")
    second = display.from_predictions(TRUTH, OTHER, how=HOW, name="q", ax=first.ax_)
    assert second.figure_ is first.figure_
    assert points(second.line_) == np.stack([second.band.x, second.band.y], axis=1).tolist()
    assert first.line_.get_color() != second.line_.get_color()
    labels = legend_of(first.ax_)
    assert labels == ["chance", *(f"{n} ({label} = {score(TRUTH, s):.3f})" for n, s in (("p", PROB), ("q", OTHER)))]
    one, _ = bands_of(first.ax_)
    corners = one.get_paths()[0].vertices
    for edge in (first.band.lower, first.band.upper):
        drawn = {(round(x, 9), round(y, 9)) for x, y in corners}
        assert {(round(x, 9), round(y, 9)) for x, y in zip(first.band.grid, edge, strict=True)} <= drawn


def test_what_was_measured_is_drawn_again_elsewhere():
    display = plots.RocCurveDisplay.from_predictions(TRUTH, PROB, how=HOW)
    _, ax = plots.new_figure()
    again = display.plot(ax=ax)
    assert again is display
    assert display.ax_ is ax
    assert len(bands_of(ax)) == 1


def test_data_are_attributes_of_scikit_learns_names():
    roc = plots.RocCurveDisplay.from_predictions(TRUTH, PROB, how=HOW)
    assert (roc.fpr[-1], roc.tpr[-1], roc.roc_auc) == (1, 1, pytest.approx(roc_auc_score(TRUTH, PROB)))
    curve = plots.PrecisionRecallDisplay.from_predictions(TRUTH, PROB, how=HOW)
    assert (curve.precision[-1], curve.recall[-1], curve.prevalence_pos_label) == (1, 0, pytest.approx(0.2))
    assert points(curve.ax_.lines[0]) == [[0, pytest.approx(0.2)], [1, pytest.approx(0.2)]]
    matrix = plots.ConfusionMatrixDisplay.from_predictions(TRUTH, (PROB > 0.3).astype(int))
    assert matrix.im_.axes is matrix.ax_
    assert matrix.confusion_matrix.sum() == 100


def test_calibration_is_drawn_with_its_intervals_up_to_where_the_points_are():
    display = plots.CalibrationDisplay.from_predictions(TRUTH, PROB / 10, n_bins=4)
    line = display.bars_.lines[0]
    assert points(line) == np.stack([display.prob_pred, display.prob_true], axis=1).tolist()
    spans = np.array([segment[:, 1] for segment in display.bars_.lines[2][0].get_segments()])
    np.testing.assert_allclose(spans, np.transpose(display.bins.observed[1:]))
    edge = display.ax_.get_xlim()[1]
    assert display.bins.observed.upper.max() < edge < 1
    wider = plots.CalibrationDisplay.from_predictions(TRUTH, PROB, n_bins=4, ax=display.ax_)
    narrow = plots.CalibrationDisplay.from_predictions(TRUTH, PROB / 10, n_bins=4, ax=display.ax_)
    assert narrow.ax_.get_xlim()[1] >= wider.prob_pred.max()
    assert legend_of(narrow.ax_).count("perfect") == 1


@pytest.fixture(scope="module")
def report():
    return evaluation.score_binary(TRUTH, PROB, threshold=0.3, how=HOW)


def test_the_page_of_one_score(report):
    roc, curve, calibration, confusion, decisions, metrics = plots.binary_page({"p": report}, title="ten rows").axes
    assert legend_of(roc)[1].startswith("p (AUC")
    assert curve.get_title(loc="left") == "Precision-recall curve"
    assert calibration.get_title(loc="left") == "Calibration"
    assert [int(text.get_text().split()[0]) for text in confusion.texts] == report.confusion.ravel().tolist()
    (in_use,) = [line for line in decisions.lines if line.get_label() == "in use"]
    assert [x for x, _ in points(in_use)] == [0.3, 0.3]
    names = [label.get_text() for label in metrics.get_yticklabels()]
    assert names[0] == "ROC AUC"
    assert "log loss" not in names
    (bars,) = bars_of(metrics)
    assert bars.lines[0].get_xdata()[0] == report.measured["ROC AUC"].value


def test_the_page_of_two_scores_shows_their_differences(report):
    differences = {"ROC AUC": Measured(0.1, -0.1, 0.3, "DeLong")}
    page = plots.binary_page({"p": report, "q": report._replace(calibration=None)}, differences)
    *_, ax = page.axes
    assert ax.get_title(loc="left") == "p minus q"
    (bars,) = bars_of(ax)
    assert bars.lines[2][0].get_segments()[0][:, 0].tolist() == pytest.approx([-0.1, 0.3])
    assert ax.lines[0].get_xdata() == [0, 0]


def test_without_probabilities_the_page_says_so(report):
    ax = plots.binary_page({"p": report._replace(calibration=None)}).axes[2]
    assert "not\nprobabilities" in ax.texts[0].get_text()


def test_of_many_classes_the_hardest_curves_are_drawn():
    code = np.arange(90) % 9
    prob = np.random.default_rng(1).dirichlet(np.ones(9), size=90) + 2 * np.eye(9)[code] * (code > 1)[:, None]
    prob /= prob.sum(axis=1, keepdims=True)
    bands = {str(k): evaluation.roc_band(code == k, prob[:, k], how=HOW) for k in range(9)}
    shown = Measured(0.5, 0.4, 0.6, "Wilson")
    report = evaluation.ClassesReport(
        class_names=tuple(bands), confusion=np.eye(9, dtype=int) * 10, measured={"accuracy": shown},
        recall=dict.fromkeys(bands, shown), precision={}, roc=bands,
    )  # fmt: skip
    confusion, curves, *_ = plots.classes_page({"p": report}).axes
    assert curves.get_title(loc="left") == "The hardest classes against the rest"
    drawn = {text[0] for text in legend_of(curves)} - {"c"}
    assert drawn == set(sorted(bands, key=lambda name: bands[name].area)[:7])
    assert [text.get_text() for text in confusion.texts] == ["10"] * 9  # zeros are left white
