"""Who runs the chunks: threads of this process over its devices, or any executor of `concurrent.futures`."""

import functools
import os
import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax

from jaxopt_lab.engine.chunks import Prepared, prepare_variants, run_chunk
from jaxopt_lab.engine.plan import Chunk
from jaxopt_lab.engine.programs import Results
from jaxopt_lab.engine.spec import Spec

MOST_REBUILDS = 3
"""So often a broken pool is made anew before the sweep gives up."""

AT_A_TIME = 2
"""So many chunks are handed out for each worker: one that runs and one that waits."""


def on_threads(work: Callable[[Chunk], None], chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Run chunks on threads of this process, one a core or one a device: a call of a program releases the lock.

    A few chunks wait at a time, so that an error or an interrupt ends the sweep after those that are running.

    Args:
        work: runs a chunk and keeps its results.
        chunks: what to run.
    """
    x64, chosen = (getattr(jax.config, name) for name in ("jax_enable_x64", "jax_default_device"))
    devices = [chosen] if chosen else jax.local_devices()
    threads = len(devices) if len(devices) > 1 else AT_A_TIME if devices[0].platform != "cpu" else _cores()
    free = list(range(threads))

    def run(chunk: Chunk) -> Chunk:
        place = free.pop()
        try:
            # Where the caller set these for a block of code, other threads would not see them.
            with _enable_x64(x64), jax.default_device(devices[place % len(devices)] if len(devices) > 1 else chosen):
                work(chunk)
        finally:
            free.append(place)
        return chunk

    queue = iter(chunks)
    with ThreadPoolExecutor(threads) as pool:
        waiting = {pool.submit(run, chunk) for _, chunk in zip(range(AT_A_TIME * threads), queue, strict=False)}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            waiting |= {pool.submit(run, chunk) for _, chunk in zip(done, queue, strict=False)}
            yield from (future.result() for future in done)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _enable_x64(switch: bool) -> AbstractContextManager[None]:
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(switch)
    from jax import experimental  # where the function was before JAX 0.8

    return experimental.enable_x64(switch)  # pyright: ignore[reportAttributeAccessIssue]


def on_executor(
    executor: Executor | Callable[[], Executor], spec: Spec, chunks: Iterable[Chunk], timeout: float | None
) -> Iterator[tuple[Chunk, Results]]:
    """Run chunks on an executor; what it loses is handed out again.

    Args:
        executor: a running executor, which stays the caller's; or a function that makes one, which is called again,
            up to `MOST_REBUILDS` times, when the executor breaks or a chunk takes too long.
        spec: the settled specification; workers get it pickled.
        chunks: what to run.
        timeout: how many seconds a chunk may take from the moment it is handed out; None for any number.

    Raises:
        RuntimeError: if the executor breaks and cannot be made anew, or breaks too often.
        TimeoutError: if a chunk takes too long, and the same.
        ValueError: if the sweep cannot be sent to another process.
    """
    payload = _pickled(spec)
    left = {chunk.index: chunk for chunk in chunks}
    for attempt in range(MOST_REBUILDS + 1):
        ours = not isinstance(executor, Executor)
        pool = executor() if ours else executor
        if not isinstance(pool, Executor):
            raise ValueError(f"executor: it made {pool!r}; give a function that makes a concurrent.futures.Executor")
        try:
            for chunk, results in _hand_out(pool, payload, list(left.values()), timeout):
                yield chunk, results
                del left[chunk.index]
        except (BrokenExecutor, TimeoutError) as error:
            if ours:
                _abandon(pool)
            if not ours or attempt == MOST_REBUILDS:
                raise _broken(error, ours, timeout) from error
        else:
            if ours:
                pool.shutdown()
            return


def _hand_out(pool: Executor, payload: bytes, chunks: list[Chunk], timeout: float | None) -> Iterator[Any]:
    queue, waiting = iter(chunks), dict[Future[Any], tuple[Chunk, float]]()
    many = AT_A_TIME * (getattr(pool, "_max_workers", None) or _cores())

    def submit(count: int) -> None:
        for _, chunk in zip(range(count), queue, strict=False):
            waiting[pool.submit(run_elsewhere, payload, chunk)] = chunk, time.monotonic()

    try:
        submit(many)
        while waiting:
            oldest = min(since for _, since in waiting.values())
            patience = None if timeout is None else max(0.0, oldest + timeout - time.monotonic())
            done, _ = wait(waiting, patience, return_when=FIRST_COMPLETED)
            if not done and patience is not None:
                raise TimeoutError
            for future in done:
                chunk, _ = waiting.pop(future)
                submit(1)
                yield chunk, future.result()
    finally:
        for future in waiting:
            future.cancel()


def run_elsewhere(payload: bytes, chunk: Chunk) -> Results:
    """What a worker runs: a chunk of a pickled specification."""
    spec, variants, x64 = _unpickled(payload)
    with _enable_x64(x64) if x64 else nullcontext():
        return run_chunk(spec, variants, chunk)


@functools.lru_cache(maxsize=4)
def _unpickled(payload: bytes) -> tuple[Spec, list[Prepared], bool]:
    """Once a sweep in each worker: functions that travel by value would be new ones each time, and be compiled anew."""
    spec, x64 = pickle.loads(payload)  # noqa: S301  from our own process, through the user's executor
    with _enable_x64(x64) if x64 else nullcontext():
        return spec, prepare_variants(spec), x64


def _pickled(spec: Spec) -> bytes:
    whole = spec, bool(getattr(jax.config, "jax_enable_x64"))  # noqa: B009  pyright does not know JAX's settings
    try:
        return pickle.dumps(whole)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        reason = error
    try:
        import cloudpickle

        return cloudpickle.dumps(whole)
    except Exception as error:  # whatever a foreign object's pickling stumbles over
        raise ValueError(
            f"executor: the sweep can't be sent to another process ({reason}); define the problem, the optimizer and "
            "observe at the top of a module, without open files or locks"
        ) from error


def _abandon(pool: Executor) -> None:
    """Leave an executor of ours without waiting for what hangs in it."""
    processes = list((getattr(pool, "_processes", None) or {}).values())  # empty once it has broken
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()


def _broken(error: BaseException, ours: bool, timeout: float | None) -> RuntimeError | TimeoutError:
    often = (
        f"it was made anew {MOST_REBUILDS} times" if ours else "pass a function that makes one, to have it made anew"
    )
    if isinstance(error, TimeoutError):
        return TimeoutError(
            f"timeout: a chunk took more than {timeout} s; {often}, or give more time, or smaller chunks"
        )
    return RuntimeError(f"executor: it broke ({error or type(error).__name__}); {often}; a store keeps what is done")
