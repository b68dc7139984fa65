"""The laboratory of curves: four scenarios made by what was done to real networks, and tried remedies."""

from jaxopt_lab.labs.curves.laboratory import run

__all__ = ["run"]
