"""Classification metrics with scikit-learn's names, arguments and meanings, that `jax.jit` and `jax.vmap` take.

Outside a trace they behave as scikit-learn's: lists, text labels, checked values, warnings, floats and NumPy arrays in
float64, whatever ``jax_enable_x64`` says, and no compilation. Inside one they are compiled: sets of labels are static,
what is undefined is NaN, values can't be checked, and curves have a fixed length with a mask.

How exact compiled results are: with ``jax_enable_x64`` they are scikit-learn's to 1e-12. Without it counts and
integer weights are summed exactly up to 2^31, and ratios of them are right to a few 1e-7. Sums of real weights are
float32 sums: their relative error is at most 6e-8 times the number of samples, and measured below 1e-4 for a million.
Whole numbers in float32 stop counting at 2^24, so pass integer weights as integers.

Beyond scikit-learn: `bootstrap`, `delong` and `wilson` say how uncertain a metric is; `choose_threshold`, rates at
given rates and `diagnostic_table` are for decisions; `confusion_stream` and `score_stream` count what comes in batches.
"""

from jaxopt_lab.metrics.agreement import accuracy_score, balanced_accuracy_score, cohen_kappa_score, matthews_corrcoef
from jaxopt_lab.metrics.area_interval import DeLong, delong
from jaxopt_lab.metrics.bootstrapping import Bootstrap, bootstrap
from jaxopt_lab.metrics.calibration import CalibrationCurve, calibration_curve, expected_calibration_error
from jaxopt_lab.metrics.confusion import confusion_matrix
from jaxopt_lab.metrics.decisions import ThresholdChoice, choose_threshold
from jaxopt_lab.metrics.det import DetCurve, det_curve
from jaxopt_lab.metrics.diagnosis import Diagnosis, diagnostic_table
from jaxopt_lab.metrics.imbalance import class_likelihood_ratios, geometric_mean_score
from jaxopt_lab.metrics.intervals import Estimate, wilson
from jaxopt_lab.metrics.operating_points import (
    OperatingPoint,
    precision_at_recall,
    recall_at_precision,
    recall_at_specificity,
    specificity_at_recall,
)
from jaxopt_lab.metrics.overlap import f1_score, fbeta_score, jaccard_score
from jaxopt_lab.metrics.precision_recall import PrecisionRecallCurve, average_precision_score, precision_recall_curve
from jaxopt_lab.metrics.probabilities import brier_score_loss, log_loss
from jaxopt_lab.metrics.rates import precision_score, recall_score, specificity_score
from jaxopt_lab.metrics.roc import RocCurve, roc_curve
from jaxopt_lab.metrics.roc_auc import auc, roc_auc_score
from jaxopt_lab.metrics.streaming import (
    AreaBounds,
    Counts,
    Stream,
    average_precision_bounds,
    confusion_stream,
    merge,
    roc_auc_bounds,
    score_stream,
)
from jaxopt_lab.metrics.thresholds import (
    ThresholdCounts,
    confusion_at_thresholds,
    confusion_matrix_at_thresholds,
)

__all__ = [
    "AreaBounds",
    "Bootstrap",
    "CalibrationCurve",
    "Counts",
    "DeLong",
    "DetCurve",
    "Diagnosis",
    "Estimate",
    "OperatingPoint",
    "PrecisionRecallCurve",
    "RocCurve",
    "Stream",
    "ThresholdChoice",
    "ThresholdCounts",
    "accuracy_score",
    "auc",
    "average_precision_bounds",
    "average_precision_score",
    "balanced_accuracy_score",
    "bootstrap",
    "brier_score_loss",
    "calibration_curve",
    "choose_threshold",
    "class_likelihood_ratios",
    "cohen_kappa_score",
    "confusion_at_thresholds",
    "confusion_matrix",
    "confusion_matrix_at_thresholds",
    "confusion_stream",
    "delong",
    "det_curve",
    "diagnostic_table",
    "expected_calibration_error",
    "f1_score",
    "fbeta_score",
    "geometric_mean_score",
    "jaccard_score",
    "log_loss",
    "matthews_corrcoef",
    "merge",
    "precision_at_recall",
    "precision_recall_curve",
    "precision_score",
    "recall_at_precision",
    "recall_at_specificity",
    "recall_score",
    "roc_auc_bounds",
    "roc_auc_score",
    "roc_curve",
    "score_stream",
    "specificity_at_recall",
    "specificity_score",
    "wilson",
]
