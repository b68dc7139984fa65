"""Whoever runs the chunks, the bits are those of this process; what breaks is made anew, what hangs is ended."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cloudpickle
import jax
import numpy as np
import pytest

from jaxopt_lab import open_sweep, optimizers, problems, sweep
from jaxopt_lab.engine import elsewhere, workers
from jaxopt_lab.engine.plan import Chunk

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers can't import tests

CHUNKS = 8
SPAWN = multiprocessing.get_context("spawn")
Run = Callable[[Chunk], Any]


def valley(**changed: Any) -> Any:
    """Eight chunks, of functions that no worker can import."""
    arguments: dict[str, Any] = {"starts": np.array([[3.0, -1.0], [0.5, 2.0]]), "num_steps": 20, "chunk_size": 4}
    problem = changed.pop("problem", lambda x: ((x - 1) ** 4).sum() + x[0] * x[1])
    observe = lambda params, loss, grads: {"slope": grads}
    return sweep(
        problem, optimizers.adam, {"learning_rate": np.logspace(-3, -1, 16)}, observe=observe, **arguments | changed
    )


def bits(result: Any) -> dict[str, bytes]:
    return {name: variable.values.tobytes() for name, variable in result.data_vars.items()}


@pytest.fixture(scope="module")
def expected() -> dict[str, bytes]:
    return bits(valley())


class ByValue:
    """A function that is pickled whole, not by its name."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __reduce__(self) -> Any:
        return pickle.loads, (cloudpickle.dumps(self._function),)


class Around(ProcessPoolExecutor):
    """A pool of real processes in which something happens around each chunk: ``around(run, chunk)``."""

    def __init__(self, around: Callable[[Run, Chunk], Any], count: int = 1, **options: Any) -> None:
        super().__init__(count, SPAWN, **options)
        self._by_value = ByValue(around)

    def submit(self, run: Any, /, *chunk: Any, **_: Any) -> Any:
        return super().submit(self._by_value, run, *chunk)


class Factory:
    """Makes executors of a kind, and counts them."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        self.made: list[Executor] = []
        self._make = make

    def __call__(self) -> Executor:
        self.made.append(self._make())
        return self.made[-1]


class Backwards(Executor):
    """The shortest executor there is: the last chunk ends first, all of them on the caller's thread."""

    def __init__(self) -> None:
        self.held: list[tuple[Future[Any], Any, Chunk]] = []

    def submit(self, run: Any, /, *chunk: Any, **_: Any) -> Any:
        self.held.append((Future(), run, *chunk))
        if len(self.held) == CHUNKS:
            for future, held_run, held_chunk in reversed(self.held):
                future.set_result(held_run(held_chunk))
        return self.held[-1][0]


class Idle(Executor):
    """Takes chunks and never runs them."""

    def submit(self, run: Any, /, *chunk: Any, **_: Any) -> Any:
        del run, chunk
        return Future()


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(2, SPAWN) as pool:
        yield pool


def leave_mark(folder: Path, name: Any) -> None:
    (folder / f"{name}.{len(list(folder.iterdir()))}.{os.getpid()}").touch(exist_ok=False)


def marks(folder: Path) -> list[int]:
    return sorted(int(path.name.partition(".")[0]) for path in folder.iterdir())


def first_time(flag: Path) -> bool:
    try:
        flag.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("stored", [False, True], ids=["in memory", "stored"])
def test_processes_give_the_same_bits(pool, expected, stored, tmp_path):
    assert bits(valley(executor=pool, store=tmp_path / "run.zarr" if stored else None)) == expected


@pytest.mark.slow
@pytest.mark.long
def test_a_function_that_makes_processes_gives_the_same_bits(expected, tmp_path):
    made = Factory(lambda: ProcessPoolExecutor(2, SPAWN))
    assert bits(valley(executor=made, store=tmp_path / "run.zarr")) == expected
    assert len(made.made) == 1
    with pytest.raises(RuntimeError, match="after shutdown"):
        made.made[0].submit(os.getpid)


@pytest.mark.parametrize("stored", [False, True], ids=["in memory", "stored"])
def test_threads_of_an_executor_give_the_same_bits(expected, stored, tmp_path):
    store = tmp_path / "run.zarr" if stored else None
    with ThreadPoolExecutor(3) as threads:
        assert bits(valley(executor=threads, store=store)) == expected
        assert threads.submit(os.getpid).result() == os.getpid()  # the caller's executor goes on


def test_the_order_in_which_chunks_end_changes_no_bit(expected, tmp_path):
    for store in (None, tmp_path / "run.zarr"):
        backwards = Backwards()
        assert bits(valley(executor=backwards, store=store)) == expected
        assert [chunk.index for _, _, chunk in backwards.held] == list(range(CHUNKS))


@pytest.mark.slow
def test_an_undisturbed_sweep_runs_each_chunk_once_and_compiles_once(expected, tmp_path):
    """The one worker notes each compilation under the number of the chunk that runs."""
    ran, compiled = tmp_path / "ran", tmp_path / "compiled"
    ran.mkdir()
    compiled.mkdir()

    def around(run: Run, chunk: Chunk) -> Any:
        def note(event: str, duration_secs: float, **_: Any) -> None:
            del duration_secs
            if event == "/jax/core/compile/backend_compile_duration":
                leave_mark(compiled, os.environ["CHUNK"])

        os.environ["CHUNK"] = str(chunk.index)
        if chunk.index == 0:
            jax.monitoring.register_event_duration_secs_listener(note)
        leave_mark(ran, chunk.index)
        return run(chunk)

    assert bits(valley(executor=lambda: Around(around))) == expected
    assert marks(ran) == list(range(CHUNKS))
    assert set(marks(compiled)) == {0}


def test_threads_that_open_a_sweep_at_once_compile_it_once(count_compilations, monkeypatch):
    """Eight threads, as a Dask worker may have, ask for it while the first one of them still opens it."""
    together, prepare = threading.Barrier(CHUNKS), elsewhere.prepare_variants

    class Together(ThreadPoolExecutor):
        def submit(self, run: Any, /, *chunk: Any, **_: Any) -> Any:
            def wait_and_run() -> Any:
                together.wait(60)
                return run(*chunk)

            return super().submit(wait_and_run)

    def take_a_while(spec: Any) -> Any:
        time.sleep(0.2)  # the longer, the surer it is that a missing lock would show
        return prepare(spec)

    monkeypatch.setattr(elsewhere, "prepare_variants", take_a_while)
    with count_compilations() as alone:
        valley(num_steps=21)
    with count_compilations() as shared, Together(CHUNKS) as threads:
        valley(num_steps=21, executor=threads)  # another number of steps than other tests have sent
    assert shared.count == alone.count > 0


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_workers_compute_in_the_callers_width(pool):
    """Arrays of the problem's own lose half their digits where they are made with the switch off."""
    curvatures = jax.numpy.array([0.1, 0.3])
    wide: dict[str, Any] = {"problem": lambda x: (curvatures * x**2).sum(), "dtype": "float64"}
    assert curvatures.dtype == np.float64
    assert bits(valley(executor=pool, **wide)) == bits(valley(**wide))


@pytest.mark.slow
@pytest.mark.long
def test_workers_and_threads_take_the_callers_random_numbers(pool):
    def drawn(**changed: Any) -> dict[str, bytes]:
        return bits(valley(problem=problems.rosenbrock(), starts=2, **changed))

    with jax.default_prng_impl("rbg"):
        here = drawn(executor=Backwards())
        assert drawn() == here
        assert drawn(executor=pool) == here
    assert drawn() != here


OTHER_FLAGS = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_prefer_vector_width=128".strip()


@pytest.mark.slow
def test_a_worker_where_jax_waits_takes_the_callers_flags(expected):
    def here() -> None:
        os.environ["XLA_FLAGS"] = OTHER_FLAGS

    with ProcessPoolExecutor(1, SPAWN, initializer=ByValue(here)) as pool:
        assert pool.submit(os.getenv, "XLA_FLAGS").result() == OTHER_FLAGS
        assert bits(valley(executor=pool)) == expected
        assert pool.submit(os.getenv, "XLA_FLAGS").result() == os.environ.get("XLA_FLAGS", "")


@pytest.mark.slow
def test_a_worker_where_jax_started_under_other_flags_is_refused():
    def here() -> None:
        os.environ["XLA_FLAGS"] = OTHER_FLAGS
        jax.devices()

    refused = pytest.raises(RuntimeError, match=r"other bits .* XLA_FLAGS is '.*width=128' here.*before JAX starts")
    with ProcessPoolExecutor(1, SPAWN, initializer=ByValue(here)) as pool, refused:
        valley(executor=pool)


def test_what_cannot_travel_is_said_in_one_sentence():
    lock = threading.Lock()
    with pytest.raises(ValueError, match=r"executor: .*'_thread.lock' object.*keep open files, locks"):
        valley(problem=lambda x: x.sum() * (lock is not None), executor=Idle())


def test_without_cloudpickle_functions_travel_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(ValueError, match=r"executor: .*install cloudpickle, or pass .* at the top of a module"):
        valley(executor=Idle())
    arguments: Any = {"starts": 1, "num_steps": 3, "chunk_size": 1}
    here, there = (
        sweep(
            problems.rosenbrock(),
            optimizers.sgd,
            {"learning_rate": np.arange(CHUNKS) / 999},
            executor=executor,
            **arguments,
        )
        for executor in (None, Backwards())
    )
    assert bits(here) == bits(there)


@pytest.mark.parametrize("executor", [3, lambda: 3], ids=["no executor", "makes none"])
def test_what_is_no_executor_is_refused(executor):
    with pytest.raises(ValueError, match=r"executor: .*3.*concurrent\.futures\.Executor"):
        valley(executor=executor)


def test_processes_that_are_forks_are_refused():
    """No such process is started: it would hang."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as forks:
        for executor in (forks, lambda: forks):
            with pytest.raises(ValueError, match=r"executor: .* forks .*get_context\(\"spawn\"\)"):
                valley(executor=executor)


@pytest.mark.slow
def test_an_error_of_the_users_own_comes_through_and_ends_the_sweep(pool):
    caller = os.getpid()

    def loss(x: Any) -> Any:
        if os.getpid() != caller:
            raise ArithmeticError("no such valley")
        return x.sum()

    with pytest.raises(ArithmeticError, match="no such valley"):
        valley(problem=loss, executor=pool)
    assert pool.submit(os.getpid).result() != caller  # the caller's executor goes on


@pytest.mark.slow
def test_an_error_ends_the_pool_and_the_chunks_that_wait(tmp_path):
    def around(run: Run, chunk: Chunk) -> Any:
        del run
        leave_mark(tmp_path, chunk.index)
        raise TimeoutError("the licence server did not answer")  # the user's, not ours: nothing is made anew

    made = Factory(lambda: Around(around))
    with pytest.raises(TimeoutError, match="licence server"):
        valley(executor=made)
    assert len(made.made) == 1
    assert set(marks(tmp_path)) <= {0, 1}  # the one that failed, and the one that the worker had at hand
    with pytest.raises(RuntimeError, match="after shutdown"):
        made.made[0].submit(os.getpid)


def test_an_error_cancels_what_waits_in_an_executor_of_the_callers():
    class FailsFirst(Executor):
        def __init__(self) -> None:
            self.futures: list[Future[Any]] = []

        def submit(self, run: Any, /, *chunk: Any, **_: Any) -> Any:
            self.futures.append(Future())
            if len(self.futures) == CHUNKS:
                self.futures[0].set_exception(ArithmeticError("no such valley"))
            return self.futures[-1]

    fails_first = FailsFirst()
    with pytest.raises(ArithmeticError, match="no such valley"):
        valley(executor=fails_first)
    assert [future.cancelled() for future in fails_first.futures] == [False] + [True] * (CHUNKS - 1)


def kills_its_worker(index: int, flag: Path | None, ran: Path) -> Callable[[Run, Chunk], Any]:
    """At one chunk the worker dies as by ``kill -9``: once, or every time where there is no flag."""

    def around(run: Run, chunk: Chunk) -> Any:
        leave_mark(ran, chunk.index)
        if chunk.index == index and (flag is None or first_time(flag)):
            os.kill(os.getpid(), signal.SIGKILL)
        return run(chunk)

    return around


@pytest.mark.slow
@pytest.mark.parametrize("stored", [pytest.param(False, marks=pytest.mark.long), True], ids=["in memory", "stored"])
def test_a_pool_that_breaks_is_made_anew(expected, stored, tmp_path):
    ran = tmp_path / "ran"
    ran.mkdir()
    made = Factory(lambda: Around(kills_its_worker(5, tmp_path / "killed", ran)))
    assert bits(valley(executor=made, store=tmp_path / "run.zarr" if stored else None)) == expected
    assert len(made.made) == 2
    assert (tmp_path / "killed").exists()
    assert marks(ran) == [0, 1, 2, 3, 4, 5, 5, 6, 7]  # what was done before is not done again


@pytest.mark.slow
class HalfBroken(Executor):
    """Has done every second chunk when it breaks."""

    def __init__(self) -> None:
        self._count = 0

    def submit(self, run: Any, /, *chunk: Any, **_: Any) -> Any:
        future, self._count = Future[Any](), self._count + 1
        if self._count % 2:
            future.set_exception(BrokenExecutor("it broke"))
        else:
            future.set_result(run(*chunk))
        return future


def test_what_was_done_when_a_pool_broke_is_kept(tmp_path):
    with pytest.raises(RuntimeError, match="it broke"):
        valley(executor=HalfBroken(), store=tmp_path / "run.zarr")
    assert open_sweep(tmp_path / "run.zarr").fraction_done == 0.5


def test_a_pool_of_the_callers_that_breaks_is_not_ours_to_mend(tmp_path):
    ran = tmp_path / "ran"
    ran.mkdir()
    told = pytest.raises(RuntimeError, match=r"executor: it broke .*pass a function that makes one")
    with Around(kills_its_worker(0, tmp_path / "killed", ran)) as broken, told:
        valley(executor=broken)


@pytest.mark.slow
@pytest.mark.long
def test_a_pool_that_breaks_every_time_is_given_up_and_the_store_keeps_what_is_done(expected, tmp_path):
    ran, store = tmp_path / "ran", tmp_path / "run.zarr"
    ran.mkdir()
    made = Factory(lambda: Around(kills_its_worker(5, None, ran)))
    with pytest.raises(RuntimeError, match=r"executor: it broke .*made anew 3 times.*a store keeps what is done"):
        valley(executor=made, store=store)
    assert len(made.made) == 1 + workers.MOST_REBUILDS == 4
    assert open_sweep(store).fraction_done == 5 / CHUNKS
    assert bits(valley(store=store)) == expected


def test_a_chunk_that_takes_too_long_is_given_up():
    made = Factory(Idle)
    with pytest.raises(TimeoutError, match=r"timeout: a chunk took more than 0\.01 s; it was made anew 3 times"):
        valley(executor=made, timeout=0.01)
    assert len(made.made) == 1 + workers.MOST_REBUILDS
    with pytest.raises(TimeoutError, match="pass a function that makes one"):
        valley(executor=Idle(), timeout=0.01)


def test_the_time_that_a_chunk_waits_for_others_does_not_count(expected, monkeypatch):
    """A clock of our own, which each chunk moves on by 9 of the 10 seconds that it may take."""
    clock = [0.0]

    class Slow(ThreadPoolExecutor):
        def submit(self, run: Any, /, *chunk: Any, **_: Any) -> Any:
            def takes_nine() -> Any:
                results = run(*chunk)
                clock[0] += 9
                return results

            return super().submit(takes_nine)

    monkeypatch.setattr(workers.time, "monotonic", lambda: clock[0])
    with Slow(1) as one:
        assert bits(valley(executor=one, timeout=10)) == expected
    assert clock[0] == 9 * CHUNKS


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition; the limit only ends a test that has failed."""
    limit = time.monotonic() + 120
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.long
def test_a_worker_that_hangs_is_killed_and_its_chunk_runs_again(expected, tmp_path):
    """A slow machine may take a worker for one that hangs, which costs a rebuild; hence no count of them here."""
    flag = tmp_path / "hung"

    def around(run: Run, chunk: Chunk) -> Any:
        results = run(chunk)
        if chunk.index == 3 and first_time(flag):
            flag.write_text(str(os.getpid()))
            threading.Event().wait()
        return results

    def ready() -> Executor:
        pool = Around(around)
        ProcessPoolExecutor.submit(pool, ByValue(jax.device_count)).result()  # to start takes longer than a chunk may
        return pool

    made = Factory(ready)
    assert bits(valley(executor=made, timeout=10)) == expected
    assert len(made.made) > 1
    until(lambda: not is_running(int(flag.read_text())))


INTERRUPTED = """
import functools, multiprocessing, os, pathlib, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what runs in the background of a shell
from concurrent.futures import ProcessPoolExecutor
from jaxopt_lab import optimizers, problems, sweep

def hang(run, chunk):
    pathlib.Path(sys.argv[1], str(chunk.index)).touch()
    threading.Event().wait()

class Hanging(ProcessPoolExecutor):
    def submit(self, run, chunk):
        return super().submit(hang, run, chunk)

if __name__ == "__main__":
    sweep(
        problems.rosenbrock(), optimizers.sgd(1e-3), starts=8, num_steps=3, chunk_size=1,
        executor=lambda: Hanging(2, multiprocessing.get_context("spawn")),
    )
"""


@pytest.mark.slow
def test_an_interrupt_leaves_no_process_behind(tmp_path):
    """Only the caller gets the signal; the pipe of its output ends when the last process that holds it has ended."""
    script, begun = tmp_path / "interrupted.py", tmp_path / "begun"
    script.write_text(INTERRUPTED)
    begun.mkdir()
    with subprocess.Popen(
        [sys.executable, script, begun], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as caller:
        try:
            until(lambda: len(list(begun.iterdir())) == 2)  # both workers hang
            caller.send_signal(signal.SIGINT)
            _, errors = caller.communicate(timeout=120)
        finally:
            caller.kill()  # where it has not ended by itself, the test has failed, and should end all the same
    assert caller.returncode in (-signal.SIGINT, 1)
    assert errors.rstrip().endswith("KeyboardInterrupt")
