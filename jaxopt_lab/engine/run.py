"""Sweeps: a grid of hyperparameters times start points, cut into chunks, run by any worker, labelled."""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jaxopt_lab.engine.chunks import Prepared, start_chunk
from jaxopt_lab.engine.dataset import check_names, labels_of
from jaxopt_lab.engine.identity import identity_of
from jaxopt_lab.engine.memory import check_memory
from jaxopt_lab.engine.plan import Chunk, Plan
from jaxopt_lab.engine.programs import outputs
from jaxopt_lab.engine.records import Record
from jaxopt_lab.engine.results import Destination, Memory, OnDisk
from jaxopt_lab.engine.settings import chosen_device
from jaxopt_lab.engine.settle import measured, plan_of, settle
from jaxopt_lab.engine.spec import Spec, make_spec
from jaxopt_lab.engine.store import read_header
from jaxopt_lab.engine.threads import on_threads
from jaxopt_lab.engine.tiling import Tiling, as_tiling
from jaxopt_lab.engine.trajectory import Observe
from jaxopt_lab.engine.workers import on_executor

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
    tiling: Tiling | str | int | None = None,
    chunk_size: int | None = None,
    store: str | os.PathLike[str] | None = None,
    shard: tuple[int, int] | None = None,
    executor: Executor | Callable[[], Executor] | None = None,
    timeout: float | None = None,
    progress: bool = False,
) -> "xr.Dataset":
    """Run an optimiser from every start at every point of a grid, and label what comes out.

    Hyperparameters are traced: other values and other tolerances compile nothing new, nor do more of them, once they
    fill a tile (a smaller sweep is one tile, of the next power of two). As with `jax.jit`, a function is traced once:
    what it reads from outside itself (a global, an attribute) is compiled in, and a later change of that goes unseen.
    Pass what changes as an argument in the grid, or make a new function.

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
        tolerance: a trajectory ends at the first step whose loss is within this distance of the known minimum (of 0
            where none is known), or is not finite: its last parameters and loss are those of that step. Those that go
            on are packed together, so that a sweep costs what its living trajectories cost. None: all run on.
        seeds: how many noise keys to run for each start, as a dimension ``seed``; by default one, without a dimension.
        seed: the root of all random numbers.
        static_grid: hyperparameters that shape the program or are no numbers (widths, flags, functions): one
            compilation for each of their values.
        observe: ``observe(params, loss, grads) -> {name: array}``, more variables, at each recorded point; one that
            has an argument ``problem`` gets the problem of its own point of the grid by that name.
        dtype: the floating-point type of everything; float64 wants JAX's 64-bit switch on.
        tiling: how trajectories are packed into programs, a `Tiling` or text such as ``"4096:2:scalars"``; by default
            by rule, and for sweeps of minutes by measurement, which is remembered. The result says which was used.
        chunk_size: how many trajectories are run, stored and marked as done as one piece.
        store: a folder for the results, such as ``"run.zarr"``; they are written as they come, and the dataset reads
            them when it is looked at. Called again after an interruption, only what is missing runs.
        shard: ``(i, n)``: run every n-th chunk from the i-th on, counted from 0, into a common store.
        executor: any `concurrent.futures.Executor` to run chunks on, or a function that makes one, which is called
            again if it breaks; by default threads of this process, on all its devices.
        timeout: how many seconds a chunk may take on an executor, once those handed out before it have ended.
        progress: show a progress bar with trajectories a second and the time left.

    Returns:
        A dataset over the optimisers, the static grid, the grid, ``start`` and ``seed``. Its variables are
        ``final_params`` and ``final_loss``; beyond ``"final"`` also ``initial_loss``, ``best_loss``, ``best_step``,
        ``converged_at``, ``diverged_at`` (steps; -1 for never) and ``status``; on paths also ``params`` and ``loss``
        over ``step``; whatever the problem's ``evaluate`` and ``observe`` gave. Attributes hold the specification, the
        dtype, the versions and the device.

    Raises:
        ValueError: naming the argument, what came, and what to do.
        RuntimeError: if the executor breaks for good; `TimeoutError`, if a chunk takes too long.

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
        tiling=tiling,
    )
    return run_spec(spec, store=store, shard=shard, executor=executor, timeout=timeout, progress=progress)


def open_sweep(path: str | os.PathLike[str]) -> "xr.Dataset":
    """The dataset of a store that `sweep` makes, read when it is looked at, also while the sweep still runs.

    What is not done yet is NaN; the attribute ``fraction_done`` says how much there is. Each chunk that is read is held
    against the hash that was written with it. Opening a store runs no code of it.

    Args:
        path: the folder that ``sweep(..., store=path)`` or ``jaxopt-lab sweep --out path`` writes.

    Returns:
        The dataset that `sweep` returns, or will return.

    Raises:
        ValueError: if there is no store, or it is broken.

    Example:
        >>> import tempfile
        >>> from jaxopt_lab import open_sweep, optimizers, problems, sweep
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     done = sweep(problems.himmelblau(), optimizers.adam, {"learning_rate": [0.01, 0.1]}, starts=3,
        ...                  num_steps=10, store=f"{folder}/run.zarr")
        ...     again = open_sweep(f"{folder}/run.zarr")
        ...     print(dict(again.final_loss.sizes), again.fraction_done)
        {'learning_rate': 2, 'start': 3} 1.0
    """
    from jaxopt_lab.engine.stored import open_stored

    if not isinstance(path, str | os.PathLike):
        raise ValueError(f'open_sweep: got {path!r}; give the path of a folder, such as "run.zarr"')
    return open_stored(Path(path))


def run_spec(
    spec: Spec,
    *,
    store: str | os.PathLike[str] | None = None,
    shard: tuple[int, int] | None = None,
    executor: Executor | Callable[[], Executor] | None = None,
    timeout: float | None = None,
    progress: bool = False,
) -> "xr.Dataset":
    """Run every chunk of a specification and label the results; see `sweep`."""
    _check_running(store, shard, executor, timeout)
    path = None if store is None else Path(store)
    try:
        spec, variants, plan, place = _prepare(spec, path)
    except FileExistsError:  # another shard made the store in the meantime: what it settled holds for all
        spec, variants, plan, place = _prepare(spec, path)
    number, count = shard or (0, 1)
    share = plan.chunks[number::count]
    finished = place.done(share)
    todo = [chunk for chunk in share if chunk.index not in finished]
    with contextlib.closing(_run(spec, variants, place, todo, executor, timeout)) as running:
        for _ in _with_progress(running, share, todo) if progress else running:
            pass
    return place.dataset()


def _prepare(spec: Spec, path: Path | None) -> tuple[Spec, list[Prepared], Plan, Destination]:
    """Settle what was left open, make sure that it fits, and make room for the results."""
    if path is not None and path.exists():
        spec = _as_stored(spec, path)
    settled, variants = settle(spec)
    check_names(settled, [outputs(variant.structure, variant.shapes) for variant in variants])
    check_memory(settled, variants, stored=path is not None)
    settled = measured(spec, settled, variants)
    plan = plan_of(settled)
    return settled, variants, plan, _destination(settled, plan, variants, path)


def _run(
    spec: Spec,
    variants: list[Prepared],
    place: Destination,
    todo: list[Chunk],
    executor: Executor | Callable[[], Executor] | None,
    timeout: float | None,
) -> Generator[Chunk]:
    def start(chunk: Chunk) -> Callable[[], None]:
        results = start_chunk(spec, variants, chunk)
        return lambda: place.write(chunk, results())

    if executor is None:
        yield from on_threads(start, todo)
        return
    for chunk, results in on_executor(executor, spec, todo, timeout):
        place.write(chunk, results)
        yield chunk


def _destination(spec: Spec, plan: Plan, variants: list[Prepared], path: Path | None) -> Destination:
    device = device_name()
    labels = labels_of(spec, device)
    if path is None:
        return Memory(plan, labels, variants)
    return OnDisk(path, plan, labels, identity_of(spec, variants, labels.dims, device), variants)


def _as_stored(spec: Spec, path: Path) -> Spec:
    """What the user leaves open was settled when the store was made."""
    stored = read_header(path)
    return dataclasses.replace(
        spec,
        chunk_size=spec.chunk_size or stored.plan.chunk_size,
        tiling=spec.tiling or as_tiling(str(stored.identity.get("tiling"))),
    )


def device_name() -> str:
    """The device that programs run on by default, as results name it."""
    device = chosen_device() or jax.local_devices()[0]
    return f"{device.platform}: {device.device_kind}"


def _check_running(store: Any, shard: Any, executor: Any, timeout: Any) -> None:
    if store is not None and not isinstance(store, str | os.PathLike):
        raise ValueError(f'store: got {store!r}; give the path of a folder, such as "run.zarr"')
    if shard is not None:
        fits = (
            isinstance(shard, tuple)
            and len(shard) == 2
            and all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in shard)
        )
        if not fits or not 0 <= shard[0] < shard[1]:
            raise ValueError(f"shard: got {shard!r}; give (i, n) with i from 0 to n - 1")
        if store is None:
            raise ValueError("shard: without a store the shares would have no common place; name one with store=")
    if executor is not None and not isinstance(executor, Executor) and not callable(executor):
        raise ValueError(
            f"executor: got {executor!r}; give a concurrent.futures.Executor, or a function that makes one"
        )
    if timeout is None:
        return
    if executor is None:
        raise ValueError("timeout: threads of this process can't be stopped; give an executor too")
    if isinstance(timeout, bool) or not isinstance(timeout, int | float | np.number) or not 0 < timeout < np.inf:
        raise ValueError(f"timeout: got {timeout!r}; give the seconds that a chunk may take on an executor")


def _with_progress(finished: Iterator[Chunk], share: list[Chunk], todo: list[Chunk]) -> Iterator[Chunk]:
    from tqdm import tqdm

    total, left = (sum(chunk.stop - chunk.start for chunk in chunks) for chunks in (share, todo))
    with tqdm(total=total, initial=total - left, unit=" trajectories", unit_scale=True) as bar:
        for chunk in finished:
            bar.update(chunk.stop - chunk.start)
            yield chunk
