"""Killed at any moment and run again, a sweep leaves the store that it would have left in one go: byte for byte."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jaxopt_lab import open_sweep

pytestmark = pytest.mark.slow

Ended = list[dict[str, int]]


@pytest.fixture(scope="module")
def together() -> Iterator[Callable[..., Ended]]:
    """Run jobs at the same time, each in a process of its own."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("resume_server.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        asked, answers = server.stdin, server.stdout
        assert asked
        assert answers

        def run(*jobs: dict[str, Any]) -> Ended:
            asked.write(json.dumps(jobs) + "\n")
            asked.flush()
            return json.loads(answers.readline())

        yield run
        asked.close()


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and folders too: what a killed process has left would be among them."""
    return {
        str(path.relative_to(folder)): b"" if path.is_dir() else path.read_bytes() for path in sorted(folder.rglob("*"))
    }


def job(kind: str, folder: Path, **more: Any) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    return {"kind": kind, "store": str(folder / "run.zarr"), **more}


@pytest.fixture(scope="module")
def whole(together, tmp_path_factory) -> tuple[dict[str, bytes], int]:
    """What an uninterrupted sweep leaves, and how many moments it has in which it may be killed."""
    folder = tmp_path_factory.mktemp("whole")
    (ended,) = together(job("sweep", folder))
    assert ended["status"] == 0
    assert open_sweep(folder / "run.zarr").fraction_done == 1
    return files_of(folder), ended["moments"]


def test_a_kill_between_any_two_operations_on_files_is_made_good(together, tmp_path):
    """All of them, from the first folder that is made to the last marker."""
    (ended,) = together(job("writes", tmp_path / "whole"))
    assert ended["status"] == 0
    whole = files_of(tmp_path / "whole")
    assert ended["moments"] > 60
    left = set()
    for at in range(1, ended["moments"] + 1):
        folder = tmp_path / str(at)
        assert together(job("writes", folder, at=at))[0]["status"] == -signal.SIGKILL
        left |= {name.rpartition(".")[2] for name in files_of(folder)}
        if (folder / "run.zarr").exists():
            for value in open_sweep(folder / "run.zarr").final_loss.values:  # never half of something
                assert np.isnan(value) or round(float(value) * 3, 5) in range(6)
        assert together(job("writes", folder))[0]["status"] == 0
        assert files_of(folder) == whole, at
    assert "partial" in left  # kills did leave something that was then cleared away


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_kills_at_random_moments_one_after_the_other_are_made_good(together, tmp_path, whole, seed):
    """Four kills each: at some operation, or while the threads go on for a while after it."""
    expected, moments = whole
    random = np.random.default_rng(seed)
    killed = 0
    for at in random.integers(1, moments, 4).tolist():
        extra = int(random.integers(0, 300_000)) * int(random.integers(0, 2))
        (ended,) = together(job("sweep", tmp_path, at=at, extra=extra))
        killed += ended["status"] == -signal.SIGKILL
    assert killed
    (ended,) = together(job("sweep", tmp_path))
    assert ended["status"] == 0
    assert files_of(tmp_path) == expected
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert together(job("sweep", tmp_path))[0]["status"] == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before  # nothing is written again


@pytest.mark.long
def test_shards_at_once_some_of_them_killed_make_the_same_store(together, tmp_path, whole):
    expected, moments = whole
    ended = together(*(job("sweep", tmp_path, shard=[i, 3], at=at) for i, at in enumerate([moments // 3, None, 30])))
    assert ended[1]["status"] == 0
    assert sum(each["status"] == -signal.SIGKILL for each in ended) >= 1
    ended = together(*(job("sweep", tmp_path, shard=[i, 3]) for i in range(3)))
    assert [each["status"] for each in ended] == [0, 0, 0]
    assert files_of(tmp_path) == expected


def test_the_same_sweep_twice_at_once_makes_the_same_store(together, tmp_path, whole):
    """As when a cluster starts a job again whose first process still runs."""
    ended = together(job("sweep", tmp_path), job("sweep", tmp_path), job("sweep", tmp_path, at=whole[1] // 2))
    assert [each["status"] for each in ended[:2]] == [0, 0]
    assert together(job("sweep", tmp_path))[0]["status"] == 0
    assert files_of(tmp_path) == whole[0]
