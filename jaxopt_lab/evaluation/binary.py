"""A report on one score for two classes, and the paired comparison of two."""

from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab import metrics
from jaxopt_lab.evaluation.bands import Band, precision_recall_band, roc_band
from jaxopt_lab.evaluation.calibration import CalibrationBins, calibration_bins, calibration_error
from jaxopt_lab.evaluation.checks import labels_of, probabilities_of, two_classes
from jaxopt_lab.evaluation.estimates import Measured, Resampling, means, proportion, resampled
from jaxopt_lab.evaluation.tables import OF_TWO, of_two
from jaxopt_lab.evaluation.thresholds import ThresholdTable, threshold_table, trade_off

OF_PROBABILITIES = ("Brier score", "log loss", "mean prediction minus share of positives")


class BinaryReport(NamedTuple):
    """What `score_binary` finds.

    Attributes:
        class_names: of the negative and of the positive class.
        confusion: ``[[tn, fp], [fn, tp]]``.
        threshold: scores from here up were called positive.
        measured: every metric with its interval.
        roc: the ROC curve and its band.
        precision_recall: the precision-recall curve and its band.
        calibration: bins of similar predictions; None if the scores are no probabilities.
        thresholds: decisions at the threshold, and where sensitivity reaches 50% to 99%.
        trade_off: thresholds, and what each metric is there.
    """

    class_names: tuple[str, str]
    confusion: np.ndarray
    threshold: float
    measured: dict[str, Measured]
    roc: Band
    precision_recall: Band
    calibration: CalibrationBins | None
    thresholds: ThresholdTable
    trade_off: tuple[np.ndarray, dict[str, np.ndarray]]


def score_binary(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    probabilities: bool = True,
    threshold: float | None = None,
    prevalence: float | None = None,
    how: Resampling | None = None,
) -> BinaryReport:
    """How good a score is: metrics with intervals, curves with bands, decisions at thresholds.

    Args:
        y_true: labels of two classes, shape ``(n,)``.
        y_score: probability of the positive class, or a score that ranks, shape ``(n,)``.
        pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
        probabilities: whether the scores are meant as probabilities. If not, none of calibration is reported.
        threshold: scores from here up are called positive; by default 0.5, which only probabilities have.
        prevalence: the share of positives where the score is used, for predictive values; by default that of the rows.
        how: confidence, resamples and seed.

    Returns:
        The report. Every number says how its interval was found: areas have DeLong's, proportions Wilson's, the others
        the bootstrap's; where there are too many rows to draw thousands of resamples, they have normal ones.

    Raises:
        ValueError: if lengths differ, a value is missing, a probability is beyond 0 and 1, there are not two classes,
            or the positive one is not clear.

    Example:
        >>> draws = np.random.default_rng(0)
        >>> truth = draws.random(300) < 0.3
        >>> report = score_binary(truth, draws.beta(2 + 2 * truth, 3), how=Resampling(resamples=200))
        >>> report.measured["ROC AUC"]
        Measured(value=0.78, lower=0.72, upper=0.83, method='DeLong')
    """
    how = how or Resampling()
    positive, scores = _checked(y_true, y_score, pos_label, probabilities, "y_score")
    threshold = _threshold(threshold, probabilities)
    true, calls = positive.astype(int), _calls(scores, threshold)
    confusion = metrics.confusion_matrix(true, calls, labels=[0, 1])
    measured = _ranking(true, scores, how) | _of_calls(true, calls, None, how) | _shares(confusion, how)
    if probabilities:
        measured |= means(OF_PROBABILITIES, _losses(positive, scores), how)
        measured["expected calibration error"] = calibration_error(true, scores, how)
    thresholds = np.append(threshold_table(true, scores).threshold, threshold)
    return BinaryReport(
        class_names=_names(labels_of(y_true, "y_true"), positive),
        confusion=confusion,
        threshold=threshold,
        measured=measured,
        roc=roc_band(true, scores, how=how),
        precision_recall=precision_recall_band(true, scores, how=how),
        calibration=calibration_bins(true, scores, confidence=how.confidence) if probabilities else None,
        thresholds=threshold_table(true, scores, thresholds, prevalence=prevalence, confidence=how.confidence),
        trade_off=trade_off(positive, scores),
    )


def compare_binary(
    y_true: Any,
    y_score: Any,
    versus: Any,
    *,
    pos_label: Any = None,
    probabilities: bool = True,
    threshold: float | None = None,
    how: Resampling | None = None,
) -> dict[str, Measured]:
    """The first score's metrics minus the second's, on the same rows.

    Args:
        y_true: labels of two classes, shape ``(n,)``.
        y_score: of the first classifier, shape ``(n,)``.
        versus: of the second.
        pos_label: as in `score_binary`.
        probabilities: as in `score_binary`.
        threshold: as in `score_binary`, for both.
        how: as in `score_binary`.

    Returns:
        Each difference with its paired interval: DeLong's of areas, else from resamples that both are measured on.

    Raises:
        ValueError: as in `score_binary`.

    Example:
        >>> truth = np.repeat([0, 1], 30)
        >>> scores = np.linspace(0, 1, 60)
        >>> found = compare_binary(truth, scores, scores**2, how=Resampling(resamples=200))
        >>> found["ROC AUC"].value, round(found["recall"].value, 2)
        (0.0, 0.4)
    """
    how = how or Resampling()
    positive, first = _checked(y_true, y_score, pos_label, probabilities, "y_score")
    _, second = _checked(y_true, versus, pos_label, probabilities, "versus")
    threshold = _threshold(threshold, probabilities)
    true = positive.astype(int)
    found = {"ROC AUC": _delong(true, first, second, how)}
    found |= resampled(("average precision",), metrics.average_precision_score, true, first, second, how)
    found |= _of_calls(true, _calls(first, threshold), _calls(second, threshold), how)
    if probabilities:
        differences = _losses(positive, first) - _losses(positive, second)
        found |= means(OF_PROBABILITIES[:2], differences[:, :2], how)
    return found


def _chance(p_value: float) -> str:
    if np.isnan(p_value):
        return ""
    return f", p = {p_value:.2g}" if p_value >= 1e-15 else ", p < 1e-15"


def _checked(
    y_true: Any, y_score: Any, pos_label: Any, probabilities: bool, name: str
) -> tuple[np.ndarray, np.ndarray]:
    positive, scores = two_classes(y_true, y_score, pos_label, ("y_true", name))
    return positive, probabilities_of(y_score, name) if probabilities else scores


def _threshold(threshold: float | None, probabilities: bool) -> float:
    if threshold is None and not probabilities:
        raise ValueError("threshold: scores that only rank have no natural one; pass from where on to call positive")
    if threshold is not None and not np.isfinite(threshold):
        raise ValueError(f"threshold: got {threshold}; pass a finite number")
    return 0.5 if threshold is None else float(threshold)


def _calls(scores: np.ndarray, threshold: float) -> np.ndarray:
    return (scores >= threshold).astype(int)


def _names(true: np.ndarray, positive: np.ndarray) -> tuple[str, str]:
    return str(true[~positive][0]), str(true[positive][0])


def _ranking(true: np.ndarray, scores: np.ndarray, how: Resampling) -> dict[str, Measured]:
    # With few positives DeLong's interval covers better than the bootstrap's, and of many rows it costs a sorting.
    area = _delong(true, scores, None, how)
    return {"ROC AUC": area} | resampled(
        ("average precision",), metrics.average_precision_score, true, scores, None, how
    )


def _delong(true: np.ndarray, scores: np.ndarray, versus: np.ndarray | None, how: Resampling) -> Measured:
    if min(true.sum(), (1 - true).sum()) < 2:
        areas = [metrics.roc_auc_score(true, each) for each in (scores, versus) if each is not None]
        value = areas[0] - sum(areas[1:])
        return Measured(value, np.nan, np.nan, "none: a variance takes two rows of each class")
    area = metrics.delong(true, scores, versus, confidence=how.confidence)
    told = "DeLong" if versus is None else f"DeLong, paired{_chance(area.p_value)}"
    return Measured(area.value, area.lower, area.upper, told)


def _shares(confusion: np.ndarray, how: Resampling) -> dict[str, Measured]:
    (tn, fp), (fn, tp) = confusion.tolist()
    counts = {
        "recall": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "precision": (tp, tp + fp),
        "accuracy": (tn + tp, confusion.sum()),
    }
    return {name: proportion(*each, how) for name, each in counts.items()}


def _of_calls(true: np.ndarray, calls: np.ndarray, versus: np.ndarray | None, how: Resampling) -> dict[str, Measured]:
    return resampled(OF_TWO, of_two, true, calls, versus, how)


def _losses(positive: np.ndarray, prob: np.ndarray) -> np.ndarray:
    """Of each row what `OF_PROBABILITIES` are the means of, shape ``(n, 3)``."""
    # Kept away from 0 and 1 as in `metrics.log_loss`.
    right = np.clip(np.where(positive, prob, 1 - prob), np.finfo(float).eps, 1 - np.finfo(float).eps)
    return np.stack([(prob - positive) ** 2, -np.log(right), prob - positive], axis=1)
