"""Writers that run out of room, for real: the processes may not write files beyond 4 KB."""

import subprocess
import sys

import pytest


def run(folder, *words):
    code = "import sys; from jaxopt_lab.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        ["bash", "-c", 'ulimit -f 4; exec "$@"', "bash", sys.executable, "-c", code, *words],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow  # a process of its own for each
@pytest.mark.parametrize("name", ["run.zarr", "run.nc"])
def test_a_result_that_does_not_fit_leaves_nothing(tmp_path, name):
    # 2 optimizers x 3,000 starts are more bytes than may be written, packed or not.
    ended = run(
        tmp_path, "sweep", "rosenbrock", "adam", "--grid", "learning_rate=0.1",
        "--starts", "6000", "--steps", "3", "--out", name,
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "nothing was left half-written" in ended.stderr
    assert not list(tmp_path.iterdir())
