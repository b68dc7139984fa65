"""The doctor of training curves: what is wrong with a run, by its log; and the readers of such logs."""

from jaxopt_lab.curves.diagnosis import Diagnosis, Remedy, diagnose
from jaxopt_lab.curves.symptoms import Finding

__all__ = ["Diagnosis", "Finding", "Remedy", "diagnose"]
