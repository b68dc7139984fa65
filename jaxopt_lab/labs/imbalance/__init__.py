"""The laboratory of imbalance: metrics beyond accuracy, and remedies for the rare class with their uncertainty."""

from jaxopt_lab.labs.imbalance.comparison import REMEDIES, compare_remedies
from jaxopt_lab.labs.imbalance.frequencies import loss_by_frequency
from jaxopt_lab.labs.imbalance.laboratory import Settings, run, study
from jaxopt_lab.labs.imbalance.verdict import verdict

__all__ = ["REMEDIES", "Settings", "compare_remedies", "loss_by_frequency", "run", "study", "verdict"]
