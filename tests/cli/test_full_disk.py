"""Writers that run out of room, for real: the processes may not write files beyond a few KB."""

import os
import subprocess
import sys

import pytest

from jaxopt_lab import open_sweep


def run(folder, *words, kilobytes="4"):
    code = "import sys; from jaxopt_lab.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "bash", sys.executable, "-c", code, *words],
        cwd=folder, env=os.environ | {"JAX_ENABLE_COMPILATION_CACHE": "0"}, capture_output=True, text=True, check=False,
    )  # fmt: skip


BIG = ("sweep", "rosenbrock", "adam", "--grid", "learning_rate=0.1", "--starts", "6000", "--steps", "3")


@pytest.mark.slow  # a process of its own for each
@pytest.mark.long  # a disk that is full under a store is in tests/engine/test_store.py
def test_a_file_that_does_not_fit_leaves_nothing(tmp_path):
    """6,000 ends of two random numbers are more bytes than may be written, packed or not."""
    ended = run(tmp_path, *BIG, "--out", "run.nc")
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "nothing was left half-written" in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.long
def test_a_store_that_does_not_fit_is_taken_up_once_it_does(tmp_path):
    ended = run(tmp_path, *BIG, "--chunk-size", "4096", "--out", "run.zarr", kilobytes="16")
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "File too large; what is done stays in run.zarr: run the same command again" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["run.zarr"]
    assert not list(tmp_path.rglob("*.partial"))
    assert not (tmp_path / "run.zarr" / "done" / "0").exists()  # the other chunk is smaller, and may have been written
    ended = run(tmp_path, *BIG, "--chunk-size", "4096", "--out", "run.zarr", kilobytes="unlimited")
    assert ended.returncode == 0, ended.stderr
    assert open_sweep(tmp_path / "run.zarr").fraction_done == 1
