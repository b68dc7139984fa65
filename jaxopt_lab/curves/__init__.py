"""Training curves: read any log into one table, and say what is wrong with the run."""

from jaxopt_lab.curves.diagnosis import Diagnosis, Remedy, diagnose
from jaxopt_lab.curves.reading.read import read
from jaxopt_lab.curves.symptoms import Finding

__all__ = ["Diagnosis", "Finding", "Remedy", "diagnose", "read"]
