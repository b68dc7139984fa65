"""Reading results: closed forms to hold them against, and measurements on trajectories."""

from jaxopt_lab.analysis import theory
from jaxopt_lab.analysis.chaos import bifurcation, cycle_period, lyapunov_exponent, period_onsets
from jaxopt_lab.analysis.dynamics import contraction_factor, first_step_beyond, quartiles
from jaxopt_lab.analysis.hypergradients import Hypergradient, hypergradient
from jaxopt_lab.analysis.random_matrices import definite_shares

__all__ = [
    "Hypergradient",
    "bifurcation",
    "contraction_factor",
    "cycle_period",
    "definite_shares",
    "first_step_beyond",
    "hypergradient",
    "lyapunov_exponent",
    "period_onsets",
    "quartiles",
    "theory",
]
