"""Reading results: closed forms to hold them against, and measurements on trajectories."""

from jaxopt_lab.analysis import curvature, theory
from jaxopt_lab.analysis.chaos import (
    bifurcation,
    cycle_period,
    lyapunov_exponent,
    merging_onset,
    minima_boundaries,
    period_onsets,
)
from jaxopt_lab.analysis.critical_points import critical_points
from jaxopt_lab.analysis.dynamics import contraction_factor, first_step_beyond, quartiles
from jaxopt_lab.analysis.escape import Exit, escape_steps, exit_of
from jaxopt_lab.analysis.hypergradients import Hypergradient, hypergradient
from jaxopt_lab.analysis.random_matrices import definite_shares
from jaxopt_lab.analysis.slices import loss_slice, path_plane, random_direction

__all__ = [
    "Exit",
    "Hypergradient",
    "bifurcation",
    "contraction_factor",
    "critical_points",
    "curvature",
    "cycle_period",
    "definite_shares",
    "escape_steps",
    "exit_of",
    "first_step_beyond",
    "hypergradient",
    "loss_slice",
    "lyapunov_exponent",
    "merging_onset",
    "minima_boundaries",
    "path_plane",
    "period_onsets",
    "quartiles",
    "random_direction",
    "theory",
]
