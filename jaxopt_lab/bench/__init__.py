"""Measuring: methods side by side in rounds, the machine and its limits, tables and JSON; for scripts and the command.

The scripts in ``benchmarks/`` and ``jaxopt-lab bench`` share it, so that a number means the same wherever it stands.
"""
