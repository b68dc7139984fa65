"""The engine: trajectories, what they keep, and sweeps of them over grids and starts."""

from jaxopt_lab.engine.records import Record, Summary
from jaxopt_lab.engine.run import sweep
from jaxopt_lab.engine.trajectory import Trajectory, simulate
from jaxopt_lab.engine.xla import tune_xla

__all__ = ["Record", "Summary", "Trajectory", "simulate", "sweep", "tune_xla"]
