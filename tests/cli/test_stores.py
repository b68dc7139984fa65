"""``jaxopt-lab sweep --out run.zarr`` streams into a store, shares it with others, and takes it up again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optax
import pytest

from jaxopt_lab import open_sweep, sweep
from jaxopt_lab.cli import plot as plot_module
from jaxopt_lab.engine import run as engine

# 24 trajectories in 6 chunks.
SWEEP: tuple[str, ...] = (
    "sweep", "rosenbrock", "adam", "--grid", "learning_rate=0.001,0.01,0.1", "--starts", "8", "--steps", "15",
    "--chunk-size", "4", "--out", "run.zarr",
)  # fmt: skip


def changed(**options: str) -> tuple[str, ...]:
    """The sweep with some options given otherwise."""
    words = list(SWEEP)
    for name, value in options.items():
        words[words.index(f"--{name}") + 1] = value
    return tuple(words)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def ran(monkeypatch) -> list[int]:
    """The chunks that have run."""
    indices, original = [], engine.start_chunk

    def counted(spec, variants, chunk):
        indices.append(chunk.index)
        return original(spec, variants, chunk)

    monkeypatch.setattr(engine, "start_chunk", counted)
    return indices


def test_the_same_command_again_runs_what_is_missing_only(call, tmp_path, ran):
    assert call(*SWEEP).status == 0
    whole = files_of(tmp_path / "run.zarr")
    assert sorted(ran) == list(range(6))
    outcome = call(*SWEEP)
    assert (outcome.status, len(ran)) == (0, 6)
    assert "saved: run.zarr, 100% done" in outcome.out
    for chunk in ("1", "4"):
        (tmp_path / "run.zarr" / "done" / chunk).unlink()
    assert call(*SWEEP).status == 0
    assert sorted(ran[6:]) == [1, 4]
    assert files_of(tmp_path / "run.zarr") == whole


def test_another_sweep_is_refused_and_replaced_on_request(call, tmp_path):
    call(*SWEEP)
    whole = files_of(tmp_path)
    outcome = call(*changed(steps="16"))
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    for part in ("--out: ", "run.zarr holds another sweep; it differs in num_steps (15 there, 16 here)", "--overwrite"):
        assert part in outcome.err
    assert files_of(tmp_path) == whole
    assert call(*changed(steps="16"), "--overwrite").status == 0
    assert names_in(tmp_path) == ["run.zarr"]
    assert 'num_steps": 16' in open_sweep(tmp_path / "run.zarr").specification


def test_what_is_to_be_replaced_is_kept_until_something_takes_its_place(call, tmp_path, monkeypatch):
    call(*SWEEP)
    whole = files_of(tmp_path)
    for words in (
        changed(grid="learning_rate=-"),
        changed(steps="0"),
        (*SWEEP, "--record", "all"),
        (*SWEEP, "--bogus"),
    ):
        assert call(*words, "--overwrite").status == 2, words
        assert files_of(tmp_path) == whole, words
    monkeypatch.setattr("jaxopt_lab.engine.memory.available_memory", lambda: 1000)  # found out after all else
    monkeypatch.setattr("jaxopt_lab.engine.memory.SURELY_THERE", 0)
    outcome = call(*SWEEP, "--overwrite")
    assert (outcome.status, "smaller chunk_size" in outcome.err) == (2, True)
    assert files_of(tmp_path) == whole


def test_what_a_kill_has_left_aside_is_put_right(call, tmp_path, ran):
    call(*SWEEP)
    (tmp_path / "run.zarr").rename(tmp_path / ".replaced-run.zarr")  # killed before the new store was there
    assert call(*SWEEP).status == 0
    assert (names_in(tmp_path), len(ran)) == (["run.zarr"], 6)
    shutil.copytree(tmp_path / "run.zarr", tmp_path / ".replaced-run.zarr")  # killed after that
    assert call(*SWEEP).status == 0
    assert (names_in(tmp_path), len(ran)) == (["run.zarr"], 6)


def test_foreign_and_broken_places_are_refused_as_they_are(call, tmp_path):
    (tmp_path / "run.zarr").mkdir()
    (tmp_path / "run.zarr" / "thesis.txt").write_text("mine")
    outcome = call(*SWEEP)
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert "run.zarr: it is no store of a sweep" in outcome.err
    assert files_of(tmp_path) == {"run.zarr/thesis.txt": b"mine"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--shard", "3/3"], "--shard: got '3/3'; write I/N with I from 0 to N - 1, such as 0/4"),
        (["--shard", "0"], "--shard: got '0'; write I/N"),
        (["--shard", "-1/3"], "--shard"),
        (["--shard", "a/b"], "--shard: got 'a/b'"),
        (["--shard", "٠/٣"], "--shard: got '٠/٣'"),
        (["--shard", "0/0"], "--shard: got '0/0'"),
        (["--shard", "0/3", "--overwrite"], "--overwrite: with --shard each share would remove the others'"),
    ],
)
def test_mistaken_shards(call, tmp_path, words, sentence):
    outcome = call(*SWEEP, *words)
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert sentence in outcome.err
    assert names_in(tmp_path) == []


def test_shares_of_a_file(call, tmp_path):
    outcome = call(*changed(out="run.nc"), "--shard", "0/3")
    assert outcome.status == 2
    assert "--shard: the shares need a common place; name it with --out run.zarr" in outcome.err
    assert names_in(tmp_path) == []


def test_shares_one_after_the_other(call, tmp_path, ran):
    outcome = call(*SWEEP, "--shard", "1/3")
    assert (outcome.status, sorted(ran)) == (0, [1, 4])
    assert "saved: run.zarr, 33% done" in outcome.out
    assert call(*SWEEP, "--shard", "7/8").status == 0  # more shares than chunks: this one has nothing to do
    assert call(*SWEEP, "--shard", "0/1").status == 0
    assert sorted(ran[2:]) == [0, 2, 3, 5]
    assert open_sweep(tmp_path / "run.zarr").fraction_done == 1


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    code = (
        # where the tests run in the background of a shell, all that they start would ignore an interrupt
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from jaxopt_lab.cli import main; main(sys.argv[1:])"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
@pytest.mark.long  # its shorter sibling is among the tests of resuming
def test_shares_at_once_as_processes_make_the_store_of_one_process(tmp_path):
    """Byte for byte."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "alone").mkdir()
    processes = [start(tmp_path / "shared", *SWEEP, "--shard", f"{i}/3") for i in range(3)]
    for process in processes:
        _, error = process.communicate()
        assert process.returncode == 0, error
    alone = start(tmp_path / "alone", *SWEEP)
    _, error = alone.communicate()
    assert alone.returncode == 0, error
    assert names_in(tmp_path / "shared") == ["run.zarr"]
    assert files_of(tmp_path / "shared") == files_of(tmp_path / "alone")
    assert open_sweep(tmp_path / "shared" / "run.zarr").fraction_done == 1


@pytest.mark.slow
def test_an_interrupt_leaves_a_store_that_is_taken_up(tmp_path):
    """Interrupted as soon as a chunk is marked, with hours of work left."""
    words = ["sweep", "rosenbrock", "adam", "--grid", "learning_rate=0.1", "--starts", "64", "--chunk-size", "1"]
    words += ["--steps", "300000", "--out", "run.zarr", "--tiling", "1:1:arrays"]
    process = start(tmp_path, *words)
    while not (tmp_path / "run.zarr" / "done" / "0").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)  # only to leave the core to the other process
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130, error
    assert "interrupted; what is done stays in run.zarr: run the same command again to take it up" in error
    assert "Traceback" not in error
    done = len(os.listdir(tmp_path / "run.zarr" / "done"))  # noqa: PTH208  a count
    assert 0 < done < 64
    assert open_sweep(tmp_path / "run.zarr").fraction_done == done / 64


@pytest.mark.parametrize("kind", ["lines", *(pytest.param(kind, marks=pytest.mark.long) for kind in ("map", "paths"))])
def test_a_picture_of_what_is_done(call, tmp_path, kind):
    grid = ["learning_rate=0.1"] if kind == "paths" else ["learning_rate=0.01,0.1", "b1=0.5,0.9"]
    words = ("sweep", "himmelblau", "adam", "--grid", *grid, "--starts", "16" if kind == "paths" else "6")
    words = (*words, "--record", "path", "--steps", "9", "--chunk-size", "4", "--out", "run.zarr")
    assert call(*words, "--shard", "0/2").status == 0
    outcome = call("plot", "run.zarr", "--out", "a.png", "--kind", kind)
    assert (outcome.status, outcome.err) == (0, "")
    assert "run.zarr: 50% of its trajectories are done; the others are left out" in outcome.out
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    outcome = call(*words)
    assert call("plot", "run.zarr", "--out", "b.png", "--kind", kind).out.count("left out") == 0
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_what_is_missing_counts_for_nothing_in_a_picture(tmp_path):
    """Losses 0 to 7, 0 to 14 and 0 to 21; of the second half is missing, of the third all: quartiles by hand."""
    lanes = sweep(
        lambda x, scale: (scale * x).sum(), optax.sgd(0.0), {"scale": [1.0, 2.0, 3.0]},
        starts=np.arange(8.0)[:, None], num_steps=1, chunk_size=4, store=tmp_path / "run.zarr",
    )  # fmt: skip
    for chunk in ("2", "4", "5"):
        (tmp_path / "run.zarr" / "done" / chunk).unlink()
    part = open_sweep(tmp_path / "run.zarr")
    done = plot_module._done(part, tmp_path / "run.zarr")
    spread = plot_module._quartiles(part.final_loss, done, "scale")
    np.testing.assert_array_equal(spread, [[1.5, 9, np.nan], [3.5, 11, np.nan], [5.5, 13, np.nan]])
    assert lanes.fraction_done == 1


def test_a_picture_of_nothing(call, tmp_path):
    call(*SWEEP)
    for marker in (tmp_path / "run.zarr" / "done").iterdir():
        marker.unlink()
    outcome = call("plot", "run.zarr", "--out", "a.png")
    assert (outcome.status, names_in(tmp_path)) == (2, ["run.zarr"])
    assert "run.zarr: nothing of it is done yet; wait, or run the sweep again" in outcome.err
