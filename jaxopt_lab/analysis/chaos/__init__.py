"""Where an optimiser does not settle: cycles, chaos, and how fast neighbouring trajectories part."""

from jaxopt_lab.analysis.chaos.bifurcation import bifurcation
from jaxopt_lab.analysis.chaos.cycles import cycle_period, period_onsets
from jaxopt_lab.analysis.chaos.lyapunov import lyapunov_exponent
from jaxopt_lab.analysis.chaos.thresholds import merging_onset, minima_boundaries

__all__ = ["bifurcation", "cycle_period", "lyapunov_exponent", "merging_onset", "minima_boundaries", "period_onsets"]
