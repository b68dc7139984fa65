"""A laboratory for optimiser dynamics: sweeps of optimiser trajectories, compiled and labelled."""

from jaxopt_lab import optimizers, problems
from jaxopt_lab.engine import Record, Summary, Tiling, Trajectory, open_sweep, simulate, sweep, tune_xla

__version__ = "0.1.0"

__all__ = [
    "Record",
    "Summary",
    "Tiling",
    "Trajectory",
    "__version__",
    "open_sweep",
    "optimizers",
    "problems",
    "simulate",
    "sweep",
    "tune_xla",
]
