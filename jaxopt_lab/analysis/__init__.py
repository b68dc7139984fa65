"""Reading results: closed forms to hold them against, and measurements on trajectories."""

from jaxopt_lab.analysis import curvature, theory
from jaxopt_lab.analysis.basins import basins
from jaxopt_lab.analysis.box_counting import BoxDimension, boundary, box_dimension
from jaxopt_lab.analysis.census import critical_census, expected_census
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
from jaxopt_lab.analysis.fractals import fractal
from jaxopt_lab.analysis.hypergradients import Hypergradient, hypergradient
from jaxopt_lab.analysis.random_matrices import definite_shares
from jaxopt_lab.analysis.slices import loss_slice, path_plane, random_direction
from jaxopt_lab.analysis.stability import stability_map
from jaxopt_lab.analysis.trainability import layerwise_sgd, tanh_network

__all__ = [
    "BoxDimension",
    "Exit",
    "Hypergradient",
    "basins",
    "bifurcation",
    "boundary",
    "box_dimension",
    "contraction_factor",
    "critical_census",
    "critical_points",
    "curvature",
    "cycle_period",
    "definite_shares",
    "escape_steps",
    "exit_of",
    "expected_census",
    "first_step_beyond",
    "fractal",
    "hypergradient",
    "layerwise_sgd",
    "loss_slice",
    "lyapunov_exponent",
    "merging_onset",
    "minima_boundaries",
    "path_plane",
    "period_onsets",
    "quartiles",
    "random_direction",
    "stability_map",
    "tanh_network",
    "theory",
]
