"""A laboratory for optimiser dynamics: sweeps of optimiser trajectories, compiled and labelled."""

from jaxopt_lab import optimizers, problems
from jaxopt_lab.engine import Record, Summary, Trajectory, simulate, sweep, tune_xla

__version__ = "0.1.0"

__all__ = ["Record", "Summary", "Trajectory", "__version__", "optimizers", "problems", "simulate", "sweep", "tune_xla"]
