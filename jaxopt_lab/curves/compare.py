"""Runs of one sweep held against one another: where their learning rates are known, another one was tried."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.curves.series import as_series, peak_rate

CLOSES = 0.1
"""Another rate is better if it closes more than this share of the way from the initial to the lowest training loss."""


class Better(NamedTuple):
    """A run of the sweep whose other learning rate brought it further.

    Attributes:
        run: its name.
        rate: its learning rate.
        closes: which share it closes of the way from the initial to the lowest training loss of the sweep.
    """

    run: str
    rate: float
    closes: float


def compare_rates(runs: Mapping[str, Any]) -> dict[str, Better]:
    r"""For each run the one whose learning rate was better, where there is one.

    .. math::
        \text{closes} = \frac{L_\text{run} - L_\text{other}}{L_0 - \min L}

    where :math:`L` are the mean training losses of the last tenth of the points, and :math:`L_0` is the highest first
    one.

    Args:
        runs: each run by its name, as `curves.diagnose` takes it; those with ``train_loss`` and ``learning_rate``, of
            which the highest counts, are compared.

    Returns:
        By the name of each run that another rate brings on by more than a tenth of the way, the best of the others.

    Example:
        >>> runs = {
        ...     "a": {"train_loss": [2.0, 1.9, 1.8], "learning_rate": [0.001] * 3},
        ...     "b": {"train_loss": [2.0, 0.9, 0.3], "learning_rate": [0.1] * 3},
        ... }
        >>> compare_rates(runs)
        {'a': Better(run='b', rate=0.1, closes=0.88)}
    """
    rates = {name: rate for name, run in runs.items() if (rate := peak_rate(run)) is not None}
    losses = {name: _ends(runs[name]) for name in rates}
    losses = {name: ends for name, ends in losses.items() if ends is not None}
    if len({rates[name] for name in losses}) < 2:
        return {}
    way = max(first for first, _ in losses.values()) - min(last for _, last in losses.values())
    found = {}
    for name, (_, last) in losses.items():
        others = [other for other in losses if rates[other] != rates[name]]
        best = min(others, key=lambda other: losses[other][1])
        closes = (last - losses[best][1]) / way if way > 0 else 0.0
        if closes > CLOSES:
            found[name] = Better(best, rates[best], float(closes))
    return found


def _ends(run: Any) -> tuple[float, float] | None:
    """The first training loss and that of the end; a run that was lost has come no way."""
    if "train_loss" not in run or not np.isfinite(np.asarray(run["train_loss"], float)).any():
        return None
    series = as_series(run)
    loss = series.curves["train_loss"]
    loss = loss[np.isfinite(loss)]
    last = float(loss[-max(1, len(loss) // 10) :].mean())
    return float(loss[0]), float(loss[0]) if series.lost_at is not None else last
