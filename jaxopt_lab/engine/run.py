"""Sweeps: a grid of hyperparameters times start points, cut into chunks, run on every core, labelled."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

from jaxopt_lab.engine.dataset import Columns, to_dataset
from jaxopt_lab.engine.lanes import Shared, Structure, carry_bytes, lane_arguments, prepare, program
from jaxopt_lab.engine.plan import Chunk, Plan, chunk_size
from jaxopt_lab.engine.records import Record
from jaxopt_lab.engine.spec import Spec, make_spec
from jaxopt_lab.engine.trajectory import Observe

if TYPE_CHECKING:
    import xarray as xr


def sweep(
    problem: Any,
    optimizer: Any,
    grid: Mapping[str, Any] | None = None,
    *,
    starts: Any = 1,
    num_steps: int,
    record: str | int | Record = "summary",
    tolerance: float | None = None,
    seeds: int | None = None,
    seed: int = 0,
    static_grid: Mapping[str, Any] | None = None,
    observe: Observe | None = None,
    dtype: Any = "float32",
    chunk_size: int | None = None,
    progress: bool = False,
) -> "xr.Dataset":
    """Run an optimiser from every start at every point of a grid, and label what comes out.

    Hyperparameters are traced: other values, other numbers of values and other tolerances compile nothing new. As with
    `jax.jit`, a function is traced once: what it reads from outside itself (a global, an attribute) is compiled in, and
    a later change of that goes unseen. Pass what changes as an argument in the grid, or make a new function.

    Args:
        problem: a `Problem`, a factory of one (``problems.quadratic``) whose arguments may be in the grid, or a plain
            function ``f(params)`` or ``f(params, key)``, further arguments of which may be in the grid too.
        optimizer: a factory (``optimizers.adam``, ``optax.adamw``) whose arguments may be in the grid, a built
            transformation, or a mapping of several by name, which gives a dimension ``optimizer``.
        grid: for each hyperparameter by name its values, numbers; whole ones (without a point) stay whole. A name that
            both the problem and the optimiser take is written ``problem.x`` or ``optimizer.x``.
        starts: start points with a leading axis (an array, or a pytree of arrays), or how many to draw from
            ``problem.init``. The same starts and the same noise serve every point of the grid.
        num_steps: the number of updates of each trajectory.
        record: ``"summary"``; ``"final"`` for the last parameters and loss only; ``"path"`` for every point as well;
            a whole number k for every k-th point as well.
        tolerance: a loss within this distance of the known minimum (of 0 where none is known) has converged.
        seeds: how many noise keys to run for each start, as a dimension ``seed``; by default one, without a dimension.
        seed: the root of all random numbers.
        static_grid: hyperparameters that shape the program or are no numbers (widths, flags, functions): one
            compilation for each of their values.
        observe: ``observe(params, loss, grads) -> {name: array}``, more variables, at each recorded point.
        dtype: the floating-point type of everything; float64 wants JAX's 64-bit switch on.
        chunk_size: how many trajectories run as one program; by default as many as a core's cache holds.
        progress: show a progress bar with trajectories a second and the time left.

    Returns:
        A dataset over the optimisers, the static grid, the grid, ``start`` and ``seed``. Its variables are
        ``final_params`` and ``final_loss``; beyond ``"final"`` also ``initial_loss``, ``best_loss``, ``best_step``,
        ``converged_at``, ``diverged_at`` (steps; -1 for never) and ``status``; on paths also ``params`` and ``loss``
        over ``step``; whatever the problem's ``evaluate`` and ``observe`` gave. Attributes hold the specification, the
        dtype, the versions and the device.

    Raises:
        ValueError: naming the argument, what came, and what to do.

    Example:
        >>> import numpy as np
        >>> from jaxopt_lab import optimizers, problems, sweep
        >>> result = sweep(
        ...     problems.quadratic((1.0, 10.0)),
        ...     optimizers.sgd_momentum,
        ...     {"learning_rate": [0.05, 0.18], "momentum": [0.0, 0.5, 0.9]},
        ...     starts=np.array([[4.0, 1.5]]),
        ...     num_steps=50,
        ... )
        >>> dict(result.final_loss.sizes)
        {'learning_rate': 2, 'momentum': 3, 'start': 1}
        >>> float(result.final_loss.squeeze("start").idxmin("momentum").sel(learning_rate=0.05))
        0.5
    """
    spec = make_spec(
        problem,
        optimizer,
        grid,
        starts=starts,
        num_steps=num_steps,
        record=record,
        tolerance=tolerance,
        seeds=seeds,
        seed=seed,
        static_grid=static_grid,
        observe=observe,
        dtype=dtype,
        chunk_size=chunk_size,
    )
    return run_spec(spec, progress=progress)


class Program(NamedTuple):
    """One variant, ready to run: what is compiled, what is shared, and what a chunk gives."""

    structure: Structure
    shared: Shared
    outputs: Any  # shapes and dtypes of one chunk's results


def plan_sweep(spec: Spec) -> tuple[Plan, list[Program]]:
    """The chunks of a sweep and the programs that run them; nothing is compiled or run yet."""
    prepared = [prepare(spec, variant) for variant in spec.variants]
    one = jax.tree.map(lambda leaf: leaf[0], lane_arguments(spec, np.zeros(1, int)))
    heaviest = max(carry_bytes(structure, shared, one) for structure, shared in prepared)
    size = spec.chunk_size or chunk_size(spec.num_lanes, heaviest, with_loss=spec.record.summary)
    example = lane_arguments(spec, np.zeros(size, int))
    programs = [
        Program(structure, shared, jax.eval_shape(program(structure), shared, example))
        for structure, shared in prepared
    ]
    _check_recorded(spec, programs)
    return Plan(len(programs), spec.num_lanes, size), programs


def _check_recorded(spec: Spec, programs: list[Program]) -> None:
    """Refuse names for what is recorded that the result has for something else."""
    taken = {*spec.lane_dims, *(axis.name for axis in spec.static), "optimizer", "step", "param", "status"}
    for name in taken & {name for ready in programs for name in ready.outputs}:
        raise ValueError(f"observe and evaluate: {name!r} names a part of the result already; give yours another name")


def result_bytes(plan: Plan, programs: list[Program]) -> int:
    """How much memory the results of a sweep take."""
    chunk_bytes = [sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(p.outputs)) for p in programs]
    return sum(size * plan.num_lanes // plan.chunk_size for size in chunk_bytes)


def run_spec(spec: Spec, *, progress: bool = False) -> "xr.Dataset":
    """Run every chunk of a specification and label the results."""
    plan, programs = plan_sweep(spec)
    _check_memory(result_bytes(plan, programs))
    columns = [_empty_columns(p, plan) for p in programs]

    # Where the caller set these for a block of code, other threads would not see them.
    x64, device = (getattr(jax.config, name) for name in ("jax_enable_x64", "jax_default_device"))

    def run(chunk: Chunk) -> Chunk:
        with _enable_x64(x64), jax.default_device(device):
            _store(columns[chunk.variant], chunk, run_chunk(spec, plan, programs[chunk.variant], chunk))
        return chunk

    finished = _on_every_core(run, plan.chunks)
    for _ in _with_progress(finished, plan) if progress else finished:
        pass
    device = device or jax.local_devices()[0]
    return to_dataset(spec, columns, plan.chunk_size, f"{device.platform}: {device.device_kind}")


def run_chunk(spec: Spec, plan: Plan, ready: Program, chunk: Chunk) -> Columns:
    """The results of one chunk, on the host: a pure function of the specification and the chunk."""
    lanes = np.arange(chunk.start, chunk.start + plan.chunk_size).clip(max=chunk.stop - 1)
    results = program(ready.structure)(ready.shared, lane_arguments(spec, lanes))
    return jax.tree.map(np.asarray, results)


def _enable_x64(switch: bool) -> AbstractContextManager[None]:
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(switch)
    from jax import experimental  # where the function was before JAX 0.8

    return experimental.enable_x64(switch)  # pyright: ignore[reportAttributeAccessIssue]


def _empty_columns(ready: Program, plan: Plan) -> Columns:
    return jax.tree.map(lambda leaf: np.empty((plan.num_lanes, *leaf.shape[1:]), leaf.dtype), ready.outputs)


def _store(columns: Columns, chunk: Chunk, results: Columns) -> None:
    for column, result in zip(jax.tree.leaves(columns), jax.tree.leaves(results), strict=True):
        column[chunk.start : chunk.stop] = result[: chunk.stop - chunk.start]


def _on_every_core(run: Callable[[Chunk], Chunk], chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Run chunks on one thread a core, each calling the compiled program for itself: a call releases the lock.

    A few chunks wait at a time, so that an error or an interrupt ends the sweep after those that are running.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    queue = iter(chunks)
    with ThreadPoolExecutor(cores) as pool:
        waiting = {pool.submit(run, chunk) for _, chunk in zip(range(2 * cores), queue, strict=False)}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            waiting |= {pool.submit(run, chunk) for _, chunk in zip(done, queue, strict=False)}
            yield from (future.result() for future in done)


def _with_progress(finished: Iterator[Chunk], plan: Plan) -> Iterator[Chunk]:
    from tqdm import tqdm

    with tqdm(total=plan.num_variants * plan.num_lanes, unit=" trajectories", unit_scale=True) as bar:
        for chunk in finished:
            bar.update(chunk.stop - chunk.start)
            yield chunk


def _check_memory(needed: int) -> None:
    available = _available_memory()
    if available is not None and needed > 0.8 * available:
        raise ValueError(
            f"the results take {needed / 2**30:.1f} GiB, but {available / 2**30:.1f} GiB of memory are free; "
            'record less (record="summary", "final", or a larger stride) or sweep fewer values or starts'
        )


def _available_memory() -> int | None:
    """Bytes that can be had without swapping, as Linux estimates them; None where nothing says so."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
