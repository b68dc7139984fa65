"""Forks children that write to stores and die where they are told to. ``test_resume.py`` runs it as a process.

A process takes seconds to import JAX, and must not be forked once JAX has started its devices: this one has imported
everything and started nothing. Each line of its input is a list of jobs, which run at the same time; the answer is a
line with how each ended.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import zarr  # noqa: F401  so that children need not

from jaxopt_lab import optimizers, problems, sweep
from jaxopt_lab.engine.dataset import Labels
from jaxopt_lab.engine.plan import Plan
from jaxopt_lab.engine.results import OnDisk

WATCHED = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "shutil.rmtree", "os.scandir"}


class Killer:
    """Counts what happens to the files below a folder, and ends the process at one of these moments, or soon after."""

    def __init__(self, folder: str, at: int | None, extra: int) -> None:
        self.folder, self.at, self.extra, self.count = folder, at, extra, 0
        sys.addaudithook(self.look)
        fsync = os.fsync

        def counted(descriptor: int) -> None:
            self.step()
            fsync(descriptor)

        os.fsync = counted

    def look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in WATCHED and str(arguments[0]).startswith(self.folder):
            self.step()

    def step(self) -> None:
        self.count += 1
        if self.count != self.at:
            return
        if not self.extra:
            os.kill(os.getpid(), signal.SIGKILL)
        threading.Thread(target=self.later).start()

    def later(self) -> None:
        for _ in range(self.extra):
            pass
        os.kill(os.getpid(), signal.SIGKILL)


def run_sweep(store: str, **arguments: Any) -> None:
    """9 chunks of 4 lanes; the last has 2."""
    shard = arguments.pop("shard", None)
    starts = np.linspace(-2, 2, 34).reshape(17, 2)
    sweep(
        problems.rosenbrock(), optimizers.sgd, {"learning_rate": [1e-3, 1e-2]}, starts=starts, num_steps=20,
        chunk_size=4, record="final", store=store, shard=None if shard is None else tuple(shard),
    )  # fmt: skip


def run_writes(store: str) -> None:
    """Two chunks of one variable, without JAX: the engine's own writing, of numbers that are there already."""

    kinds = {"final_loss": jax.ShapeDtypeStruct((), np.float32), "pair": jax.ShapeDtypeStruct((2,), np.int32)}
    plan, variants = Plan(1, 6, 4), [SimpleNamespace(outputs=kinds)]
    labels = Labels({}, {"start": np.arange(6)}, None, {})
    place = OnDisk(Path(store), plan, labels, {"num_steps": 1}, variants)  # pyright: ignore[reportArgumentType]
    done = place.done(plan.chunks)
    for chunk in plan.chunks:
        if chunk.index not in done:
            lanes = np.arange(chunk.start, chunk.stop)
            place.write(chunk, {"final_loss": lanes / np.float32(3), "pair": np.stack([lanes, -lanes], 1)})


def start(job: dict[str, Any]) -> tuple[int, int]:
    """Fork a child for one job; its number, and where it writes how many moments it had."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    status = 1
    try:
        store = job.pop("store")
        killer = Killer(str(Path(store).parent), job.pop("at", None), job.pop("extra", 0))
        {"sweep": run_sweep, "writes": run_writes}[job.pop("kind")](store, **job)
        os.write(writer, str(killer.count).encode())
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())  # pyright: ignore[reportArgumentType]
    finally:
        sys.stderr.flush()
        os._exit(status)


def finish(child: int, reader: int) -> dict[str, int]:
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader) as pipe:
        return {"status": os.waitstatus_to_exitcode(status), "moments": int(pipe.read() or 0)}


def main() -> None:
    for line in sys.stdin:
        children = [start(job) for job in json.loads(line)]
        sys.stdout.write(json.dumps([finish(*child) for child in children]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
