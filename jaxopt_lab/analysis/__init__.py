"""Reading results: closed forms to hold them against, and measurements on trajectories."""

from jaxopt_lab.analysis import theory
from jaxopt_lab.analysis.dynamics import contraction_factor, first_step_beyond, quartiles
from jaxopt_lab.analysis.random_matrices import definite_shares

__all__ = ["contraction_factor", "definite_shares", "first_step_beyond", "quartiles", "theory"]
