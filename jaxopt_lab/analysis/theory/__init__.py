"""Closed forms to hold measurements against: quadratics, gradient noise, saddles, maps of a line, random Hessians."""

from jaxopt_lab.analysis.theory.maps import (
    cubic_thresholds,
    cycle_multiplier,
    double_well_cycle,
    double_well_thresholds,
    logistic_thresholds,
    period_doubling,
)
from jaxopt_lab.analysis.theory.noise import stationary_variance
from jaxopt_lab.analysis.theory.quadratics import (
    best_gradient_descent,
    best_heavy_ball,
    best_nesterov,
    contraction_rate,
    gradient_descent_factor,
    heavy_ball_roots,
    nesterov_roots,
    stability_boundary,
)
from jaxopt_lab.analysis.theory.random_matrices import definite_probability
from jaxopt_lab.analysis.theory.saddles import (
    escape_distribution,
    escape_factor,
    saddle_growth,
    saddle_spread,
    saddle_survival,
)

__all__ = [
    "best_gradient_descent",
    "best_heavy_ball",
    "best_nesterov",
    "contraction_rate",
    "cubic_thresholds",
    "cycle_multiplier",
    "definite_probability",
    "double_well_cycle",
    "double_well_thresholds",
    "escape_distribution",
    "escape_factor",
    "gradient_descent_factor",
    "heavy_ball_roots",
    "logistic_thresholds",
    "nesterov_roots",
    "period_doubling",
    "saddle_growth",
    "saddle_spread",
    "saddle_survival",
    "stability_boundary",
    "stationary_variance",
]
