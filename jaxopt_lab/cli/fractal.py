"""``jaxopt-lab fractal``: the border between the hyperparameters that train and those that don't, magnified."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from jaxopt_lab.cli.catalogue import optimizer_factories, problem_factories, resolve
from jaxopt_lab.cli.device import allow, announce_device
from jaxopt_lab.cli.files import keeping
from jaxopt_lab.cli.pictures import check_picture, one_value_each, write_picture
from jaxopt_lab.cli.values import Whole

_NETWORK, _LAYERWISE = "tanh_network", "layerwise_sgd"
_AXES = {_LAYERWISE: ("learning_rate_0", "learning_rate_1")}
_CENTER, _WIDTH = (1.2, 1.1), 0.6
"""Where the border of the network is looked at by default, in powers of ten."""


def fractal(
    problem: str = _NETWORK,
    optimizer: str | None = None,
    /,
    *,
    across: str | None = None,
    up: str | None = None,
    center: Annotated[tuple[float, float] | None, Parameter(negative="")] = None,
    width: float | None = None,
    height: float | None = None,
    log: bool | None = None,
    grid: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    resolution: Whole = 400,
    steps: Whole = 150,
    seed: Whole = 0,
    dtype: Literal["float32", "float64"] = "float32",
    store: Path | None = None,
    out: Path = Path("fractal.png"),
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    require: str | None = None,
) -> None:
    """Draw which hyperparameters converge and which diverge, and measure the dimension of the border between them.

    Args:
        problem: name of the problem (see jaxopt-lab list problems), or tanh_network, which has a hidden layer of four.
        optimizer: name of the optimiser (layerwise_sgd for tanh_network, else sgd_momentum).
        across: the hyperparameter along the horizontal axis (learning_rate_0 of layerwise_sgd, else learning_rate).
        up: the one along the vertical axis (learning_rate_1, else momentum).
        center: the middle of the window, across and up (for tanh_network 1.2 1.1).
        width: how far the window extends, in the same units (for tanh_network 0.6).
        height: how far it extends upwards (as far as across).
        log: whether the window is one of powers of ten (for tanh_network).
        grid: further hyperparameters, one value each, as name=value.
        resolution: cells along each side.
        steps: updates of each trajectory.
        seed: root of the random start point.
        dtype: floating-point type; deep zooms need float64.
        store: a folder that keeps trajectories as they end; named again, an interrupted picture goes on from there.
        out: the picture to write, ending in .png, .svg or .pdf, or the numbers, ending in .nc.
        overwrite: replace a file that lies there already.
        require: refuse to run on another device than this one: cpu, gpu or tpu.
    """
    from jaxopt_lab import analysis, plots

    check_picture(out, overwrite=overwrite)
    allow(dtype)
    chosen = optimizer or (_LAYERWISE if problem == _NETWORK else "sgd_momentum")
    made = resolve("problem", problem, problem_factories() | {_NETWORK: analysis.tanh_network})
    factory = resolve("optimizer", chosen, optimizer_factories() | {_LAYERWISE: analysis.layerwise_sgd})
    first, second = _AXES.get(chosen, ("learning_rate", "momentum"))
    at_home = problem == _NETWORK and chosen == _LAYERWISE
    if at_home:
        center, width = center or _CENTER, width or _WIDTH
    if center is None or width is None:
        raise ValueError(f"--center, --width: where the border of {problem} lies is not known; give both")
    announce_device(require)
    with keeping(store):
        found = analysis.fractal(
            made, factory, (across or first, up or second), center=center, width=(width, height or width),
            log=at_home if log is None else log, hyperparameters=one_value_each("--grid", grid or []),
            resolution=resolution, num_steps=steps, seed=seed, dtype=dtype, store=store, progress=True,
        )  # fmt: skip
    share = float(found.converged_share)
    print(f"{found.title}: {found.measure.size:,} trajectories of {steps:,} steps")
    print(f"converged: {share:.2%}, diverged: {1 - share:.2%}")
    print(f"dimension of the border: {float(found.dimension):.3f} ± {float(found.dimension_error):.3f}")
    write_picture(found, lambda found: plots.fractal_map(found).ax, out, overwrite=overwrite)
