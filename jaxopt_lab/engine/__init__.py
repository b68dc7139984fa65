"""The engine: trajectories, what they keep, and sweeps of them over grids and starts."""

from jaxopt_lab.engine.records import Record, Summary
from jaxopt_lab.engine.run import open_sweep, sweep
from jaxopt_lab.engine.tiling import Tiling
from jaxopt_lab.engine.trajectory import Trajectory, simulate
from jaxopt_lab.engine.xla import tune_xla

__all__ = ["Record", "Summary", "Tiling", "Trajectory", "open_sweep", "simulate", "sweep", "tune_xla"]
