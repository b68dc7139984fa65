"""Checks for an exercise sheet: each looks at a student's answer and says that it is right, or what is wrong with it.

A check never raises for what a student has written: an answer that is missing, or that stops with an exception, has its
verdict too, so that a notebook runs to its end. `split_sheet` makes a sheet and its solution from one source.
"""

from jaxopt_lab.exercises.adam import check_adam
from jaxopt_lab.exercises.momentum import check_momentum
from jaxopt_lab.exercises.saddle import check_saddle_gradient
from jaxopt_lab.exercises.sheet import Sheet, split_sheet
from jaxopt_lab.exercises.specificity import check_specificity
from jaxopt_lab.exercises.underfitting import check_underfitting
from jaxopt_lab.exercises.verdict import Verdict

__all__ = [
    "Sheet",
    "Verdict",
    "check_adam",
    "check_momentum",
    "check_saddle_gradient",
    "check_specificity",
    "check_underfitting",
    "split_sheet",
]
