"""Any executor of `concurrent.futures` runs the chunks: what it loses is handed out again."""

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from contextlib import contextmanager
from typing import Any

from jaxopt_lab.engine.elsewhere import order, run_elsewhere
from jaxopt_lab.engine.plan import Chunk
from jaxopt_lab.engine.programs import Results
from jaxopt_lab.engine.spec import Spec

MOST_REBUILDS = 3
"""So often a broken pool is made anew before the sweep gives up."""

AT_A_TIME = 2
"""So many chunks are handed out for each worker: one that runs and one that waits."""

QUEUE = 128
"""So many are handed out to an executor that does not say how many workers it has, as a cluster that grows."""


def on_executor(
    executor: Executor | Callable[[], Executor], spec: Spec, chunks: Iterable[Chunk], timeout: float | None
) -> Iterator[tuple[Chunk, Results]]:
    """Run chunks on an executor; what it loses is handed out again.

    Args:
        executor: a running executor, which stays the caller's; or a function that makes one, which is called again,
            up to `MOST_REBUILDS` times, when the executor breaks or a chunk takes too long.
        spec: the settled specification; workers get it pickled.
        chunks: what to run.
        timeout: how many seconds a chunk may take once those handed out before it have ended; None for any number.

    Raises:
        RuntimeError: if the executor breaks and cannot be made anew, or breaks too often.
        TimeoutError: if a chunk takes too long, and the same.
        ValueError: if the sweep cannot be sent to another process, or if that would be a fork of this one.
    """
    run = functools.partial(run_elsewhere, order(spec))
    left = {chunk.index: chunk for chunk in chunks}
    rebuilds = 0 if isinstance(executor, Executor) else MOST_REBUILDS
    for attempt in range(rebuilds + 1):
        try:
            with _pool_of(executor) as pool:
                for chunk, results in _hand_out(pool, run, list(left.values()), timeout):
                    yield chunk, results
                    del left[chunk.index]
            return
        except (BrokenExecutor, CancelledError, _TooLong) as error:
            if attempt == rebuilds:
                raise _given_up(error, rebuilds, timeout) from error


class _TooLong(Exception):  # noqa: N818  it never leaves this module
    """A chunk took too long: told apart from a `TimeoutError` of the user's own functions."""


@contextmanager
def _pool_of(executor: Executor | Callable[[], Executor]) -> Iterator[Executor]:
    """The caller's executor as it is; or one of ours, which is ended whatever happens."""
    if isinstance(executor, Executor):
        _refuse_forks(executor)
        yield executor
        return
    pool = executor()
    if not isinstance(pool, Executor):
        raise ValueError(f"executor: it made {pool!r}; give a function that makes a concurrent.futures.Executor")
    try:
        _refuse_forks(pool)
        yield pool
    except BaseException:
        _abandon(pool)
        raise
    pool.shutdown()


def _refuse_forks(pool: Executor) -> None:
    context = getattr(pool, "_mp_context", None)
    if context is not None and context.get_start_method() == "fork":
        raise ValueError(
            "executor: its processes are forks of this one, in which JAX would hang; give "
            'ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))'
        )


def _abandon(pool: Executor) -> None:
    """End an executor of ours without waiting for what runs in it: chunks leave nothing behind."""
    # Python's own way to kill the workers of a pool came with 3.14; the pool forgets them when it is shut down.
    workers = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False)
    for worker in workers:
        worker.kill()


def _hand_out(
    pool: Executor, run: Callable[[Chunk], Any], chunks: Iterable[Chunk], timeout: float | None = None
) -> Iterator[tuple[Chunk, Any]]:
    """Chunks and what ``run`` makes of them, in the order in which they come; what waits is cancelled at the end.

    Executors take up what they are given in its order. So the oldest chunk runs, and its clock starts when it becomes
    the oldest: how many workers there are, and how many chunks wait, does not matter.
    """
    queue, waiting = iter(chunks), dict[Future[Any], Chunk]()
    workers = getattr(pool, "_max_workers", None)

    def submit(count: int) -> None:
        for _, chunk in zip(range(count), queue, strict=False):
            waiting[pool.submit(run, chunk)] = chunk

    try:
        submit(AT_A_TIME * workers if workers else QUEUE)
        oldest, since = None, 0.0
        while waiting:
            if next(iter(waiting)) is not oldest:
                oldest, since = next(iter(waiting)), time.monotonic()
            patience = None if timeout is None else max(0.0, since + timeout - time.monotonic())
            done, _ = wait(waiting, patience, return_when=FIRST_COMPLETED)
            if not done:
                raise _TooLong
            for future in sorted(done, key=_has_failed):  # what is done comes first, and is not run again
                yield waiting.pop(future), future.result()
            submit(len(done))
    finally:
        for future in waiting:
            future.cancel()


def _has_failed(future: Future[Any]) -> bool:
    return future.cancelled() or future.exception() is not None


def _given_up(error: BaseException, rebuilds: int, timeout: float | None) -> Exception:
    often = f"it was made anew {rebuilds} times" if rebuilds else "pass a function that makes one, to have it made anew"
    if isinstance(error, _TooLong):
        return TimeoutError(
            f"timeout: a chunk took more than {timeout} s; {often}, or give more time, or smaller chunks"
        )
    return RuntimeError(f"executor: it broke ({error or type(error).__name__}); {often}; a store keeps what is done")
