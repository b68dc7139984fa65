"""Threads that run chunks: each once, one started ahead, and none after an error or the end of the iteration."""

import threading
from collections import deque
from collections.abc import Callable

import pytest

from jaxopt_lab.engine import threads
from jaxopt_lab.engine.plan import Plan
from jaxopt_lab.engine.threads import on_threads

CHUNKS = Plan(num_variants=1, num_lanes=40, chunk_size=1).chunks


@pytest.fixture
def one_thread(monkeypatch) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 1)


class Log:
    """What was started and finished, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []

    def __call__(self, chunk: threads.Chunk) -> Callable[[], None]:
        self.events.append(("start", chunk.index))
        return lambda: self.events.append(("finish", chunk.index))

    def of(self, kind: str) -> list[int]:
        return [index for what, index in self.events if what == kind]


@pytest.mark.parametrize("cores", [1, 3, 100])
def test_every_chunk_runs_once(monkeypatch, cores):
    monkeypatch.setattr(threads, "cores", lambda: cores)
    log = Log()
    done = [chunk.index for chunk in on_threads(log, CHUNKS)]
    assert sorted(done) == sorted(log.of("finish")) == sorted(log.of("start")) == list(range(len(CHUNKS)))


def test_no_chunks_need_no_threads():
    assert list(on_threads(Log(), [])) == []


@pytest.mark.usefixtures("one_thread")
def test_the_next_chunk_starts_before_the_last_is_waited_for():
    log = Log()
    assert [chunk.index for chunk in on_threads(log, CHUNKS[:3])] == [0, 1, 2]
    assert log.events == [
        ("start", 0), ("start", 1), ("finish", 0), ("start", 2), ("finish", 1), ("finish", 2),
    ]  # fmt: skip


def test_one_chunk_alone_runs_in_the_callers_thread():
    """Which takes longer to start a thread than most sweeps of one chunk run; several have threads of their own."""
    seen = set()

    def start(chunk: threads.Chunk) -> Callable[[], None]:
        return lambda: seen.add((chunk.index, threading.current_thread() is threading.main_thread()))

    assert [chunk.index for chunk in on_threads(start, CHUNKS[:1])] == [0]
    assert seen == {(0, True)}
    list(on_threads(start, CHUNKS[1:3]))
    assert seen == {(0, True), (1, False), (2, False)}


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("fails", ["start", "finish"])
def test_an_error_is_the_callers_and_ends_the_sweep(fails):
    log = Log()

    def start(chunk: threads.Chunk) -> Callable[[], None]:
        finish = log(chunk)

        def fail() -> None:
            raise OSError("no space left")

        if chunk.index == 5 and fails == "start":
            fail()
        return fail if chunk.index == 5 else finish

    with pytest.raises(OSError, match="no space left"):
        list(on_threads(start, CHUNKS))
    assert max(log.of("start")) <= 6
    assert log.of("finish") == [0, 1, 2, 3, 4]  # what had started before the error, too


@pytest.mark.usefixtures("one_thread")
def test_what_has_started_is_finished_when_the_caller_leaves(monkeypatch):
    """As after Ctrl-C: a result that is there is kept, and nothing new begins."""
    log, left = Log(), threading.Event()

    class Waiting(deque[threads.Chunk]):
        def clear(self) -> None:
            super().clear()
            left.set()

    def start(chunk: threads.Chunk) -> Callable[[], None]:
        finish = log(chunk)
        if chunk.index == 3:
            left.wait()
        return finish

    monkeypatch.setattr(threads, "deque", Waiting)
    running = on_threads(start, CHUNKS)
    next(running)
    running.close()
    assert log.of("finish") == log.of("start") == [0, 1, 2, 3]
