"""Somebody's own predictions, judged: metrics with intervals, curves with bands, decisions at thresholds.

It takes the answers of a classifier that was trained anywhere. Nothing is dropped, filled in or squashed: what can't be
judged as it stands is refused in a sentence that says which row and what to do.
"""

from jaxopt_lab.evaluation.bands import Band, precision_recall_band, roc_band
from jaxopt_lab.evaluation.binary import BinaryReport, compare_binary, score_binary
from jaxopt_lab.evaluation.calibration import CalibrationBins, calibration_bins
from jaxopt_lab.evaluation.classes import ClassesReport, compare_classes, score_classes
from jaxopt_lab.evaluation.estimates import Measured, Resampling
from jaxopt_lab.evaluation.reading import read_table
from jaxopt_lab.evaluation.thresholds import ThresholdTable, threshold_table

__all__ = [
    "Band",
    "BinaryReport",
    "CalibrationBins",
    "ClassesReport",
    "Measured",
    "Resampling",
    "ThresholdTable",
    "calibration_bins",
    "compare_binary",
    "compare_classes",
    "precision_recall_band",
    "read_table",
    "roc_band",
    "score_binary",
    "score_classes",
    "threshold_table",
]
