"""Threads of this process, one a core or one a device, that run the chunks of a sweep."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import jax

from jaxopt_lab.engine.plan import Chunk
from jaxopt_lab.engine.settings import chosen_device, current_settings, under

Started = tuple[Chunk, Callable[[], None]]
"""A chunk that has been started, and what waits for its results and keeps them."""

THREADS_OF_AN_ACCELERATOR = 2
"""One that waits for it, and one that prepares what comes next."""


def on_threads(start: Callable[[Chunk], Callable[[], None]], chunks: Iterable[Chunk]) -> Generator[Chunk]:
    """Run chunks on threads of this process; the call of a program releases Python's lock.

    Each thread takes the next chunk by itself: handing them out in the caller's thread would hold the lock whenever one
    is done, just when the thread that has done it wants to prepare the next. And it starts the next chunk before it
    waits for the last, so that the device goes on meanwhile.

    Args:
        start: starts a chunk, and gives what waits for its results and keeps them.
        chunks: what to run.

    Returns:
        The chunks as they are done. An error, or an end of the iteration, ends the sweep after those that are running.
    """
    left, done = deque(chunks), SimpleQueue[Chunk | BaseException]()
    settings, count = current_settings(), len(left)
    devices = device_of_each_thread()[:count]
    if count == 1:  # a thread would take longer to start than most sweeps of one chunk run
        with jax.default_device(devices[0]):
            start(left[0])()
        yield left[0]
        return

    def next_chunk() -> Chunk | None:
        try:
            return left.popleft()
        except IndexError:
            return None

    def run(device: Any) -> None:
        try:
            with under(settings), jax.default_device(device):
                started = ((chunk, start(chunk)) for chunk in iter(next_chunk, None))
                for chunk, finish in _one_behind(started):
                    finish()
                    done.put(chunk)
        except BaseException as error:
            done.put(error)

    with ThreadPoolExecutor(max(1, len(devices))) as pool:
        try:
            for device in devices:
                pool.submit(run, device)
            for _ in range(count):
                each = done.get()
                if isinstance(each, BaseException):
                    raise each
                yield each
        finally:
            left.clear()


def _one_behind(items: Iterator[Started]) -> Iterator[Started]:
    """Each item when the next one has been made, or can't be."""
    last = next(items, None)
    while last is not None:
        try:
            following, error = next(items, None), None
        except Exception as raised:
            following, error = None, raised
        yield last
        if error is not None:
            raise error
        last = following


def device_of_each_thread() -> list[Any]:
    """All devices of this process, or the one that the caller wants; a CPU has a thread for each core."""
    chosen = chosen_device()
    devices = [chosen] if chosen else jax.local_devices()
    if len(devices) > 1:
        return devices
    return [chosen] * (cores() if devices[0].platform == "cpu" else THREADS_OF_AN_ACCELERATOR)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
