"""A sweep on a Dask cluster of several processes: the same bits, also when one of them is killed on the way."""

import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import cloudpickle
import numpy as np
import pytest
from distributed import Client, LocalCluster

from jaxopt_lab import optimizers, problems, sweep
from jaxopt_lab.engine.plan import Chunk

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers can't import tests

pytestmark = [pytest.mark.slow, pytest.mark.long]

CHUNKS = 8
OTHER_FLAGS = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_prefer_vector_width=128".strip()
Run = Callable[[Chunk], Any]


def valley(**changed: Any) -> Any:
    """Eight chunks, of functions that no worker can import."""
    return sweep(
        lambda x: ((x - 1) ** 4).sum() + x[0] * x[1], optimizers.adam, {"learning_rate": np.logspace(-3, -1, 16)},
        starts=np.array([[3.0, -1.0], [0.5, 2.0]]), num_steps=20, chunk_size=4, **changed,
    )  # fmt: skip


def bits(result: Any) -> dict[str, bytes]:
    return {name: variable.values.tobytes() for name, variable in result.data_vars.items()}


@pytest.fixture(scope="module")
def expected() -> dict[str, bytes]:
    return bits(valley())


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Two worker processes; JAX waits in them, under flags that are not the caller's."""
    no_page: Any = None
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=no_page, env={"XLA_FLAGS": OTHER_FLAGS}
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


class Around(Executor):
    """A cluster on which something happens around each chunk: ``around(run, chunk)``."""

    def __init__(self, client: Client, around: Callable[[Run, Chunk], Any]) -> None:
        self._inner, self._around = client.get_executor(), around

    def submit(self, run: Any, /, *chunk: Any, **_: Any) -> Any:
        return self._inner.submit(self._around, run, *chunk)

    def shutdown(self, wait: bool = True, **_: Any) -> None:
        self._inner.shutdown(wait)


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition; the limit only ends a test that has failed."""
    limit = time.monotonic() + 120
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_cluster_gives_the_same_bits(client, expected, tmp_path):
    assert set(client.run(os.getenv, "XLA_FLAGS").values()) == {OTHER_FLAGS}
    assert bits(valley(executor=client.get_executor())) == expected
    assert bits(valley(executor=client.get_executor(), store=tmp_path / "run.zarr")) == expected
    assert bits(valley(executor=client.get_executor)) == expected  # as a function that makes one
    assert os.environ.get("XLA_FLAGS", "") in client.run(os.getenv, "XLA_FLAGS").values()


@pytest.mark.parametrize("stored", [pytest.param(False, marks=pytest.mark.long), True], ids=["in memory", "stored"])
def test_a_worker_killed_in_the_middle_loses_nothing(client, expected, stored, tmp_path):
    """Both workers have ended a chunk and hold another one when one of them is killed."""
    begun, killed = tmp_path / "begun", tmp_path / "killed"
    begun.mkdir()

    def around(run: Run, chunk: Chunk) -> Any:
        mine = f"{os.getpid()}."
        second = any(path.name.startswith(mine) for path in begun.iterdir())
        (begun / f"{mine}{chunk.index}").touch()
        while second and not killed.exists():
            time.sleep(0.01)
        return run(chunk)

    processes = list(client.run(os.getpid).values())
    store = tmp_path / "run.zarr" if stored else None
    with ThreadPoolExecutor(1) as aside:
        sweeping = aside.submit(valley, executor=Around(client, around), store=store)

        def in_the_middle() -> bool:
            return len(list(begun.iterdir())) == 4 and (store is None or any((store / "done").iterdir()))

        try:
            until(lambda: sweeping.done() or in_the_middle())
            assert not sweeping.done()
            os.kill(processes[0], signal.SIGKILL)
        finally:
            killed.touch()  # whatever went wrong, nobody waits for ever
        assert bits(sweeping.result()) == expected
    ran = [int(path.suffix[1:]) for path in begun.iterdir() if path.name.startswith(f"{processes[0]}.")]
    again = [int(path.suffix[1:]) for path in begun.iterdir() if not path.name.startswith(f"{processes[0]}.")]
    assert len(ran) == 2  # one that it ended, and the one that it had at hand
    assert set(ran) & set(again)  # which another worker ran again
    assert {*ran, *again} == set(range(CHUNKS))
    client.wait_for_workers(2)


def test_an_error_of_the_users_own_comes_through(client):
    caller = os.getpid()

    def loss(x: Any) -> Any:
        if os.getpid() != caller:
            raise ArithmeticError("no such valley")
        return x.sum()

    starts = np.ones((CHUNKS, 2))
    with pytest.raises(ArithmeticError, match="no such valley"):
        sweep(loss, optimizers.sgd(0.1), starts=starts, num_steps=2, chunk_size=1, executor=client.get_executor())


def test_a_worker_where_jax_started_under_other_flags_is_refused(client):
    """JAX runs in the workers by now, and so their flags are what they say."""

    def say(flags: str) -> None:
        os.environ["XLA_FLAGS"] = flags

    client.run(say, OTHER_FLAGS)
    with pytest.raises(RuntimeError, match=r"other bits .* XLA_FLAGS is '.*width=128' here.*before JAX starts"):
        sweep(problems.himmelblau(), optimizers.sgd(1e-3), starts=8, num_steps=5, executor=client.get_executor())
    client.run(say, os.environ.get("XLA_FLAGS", ""))


@pytest.mark.long
def test_a_worker_that_hangs_is_ended_by_a_function_that_restarts_the_cluster(client, expected, tmp_path):
    """It comes last, since it may leave one worker only."""
    flag = tmp_path / "hung"
    hung = list(client.run(os.getpid).values())

    def around(run: Run, chunk: Chunk) -> Any:
        if not flag.exists():
            flag.touch()
            threading.Event().wait()
        return run(chunk)

    made: list[Executor] = []

    def restarted() -> Executor:
        if made:
            client.restart(wait_for_workers=False)  # Dask kills what hangs, and may not start it again
        client.run(importlib.import_module, "jaxopt_lab.engine.run")  # which may take longer than a chunk
        made.append(Around(client, around))
        return made[-1]

    assert bits(valley(executor=restarted, timeout=4)) == expected
    assert len(made) > 1
    assert not set(hung) & set(client.run(os.getpid).values())
