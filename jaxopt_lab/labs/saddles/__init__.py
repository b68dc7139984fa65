"""The laboratory of saddles: how fast two methods leave one, what never leaves, and why saddles are common."""

from jaxopt_lab.labs.saddles.laboratory import run

__all__ = ["run"]
