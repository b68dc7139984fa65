"""Each command does what it says, and says in one sentence why it can't."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from jaxopt_lab import __version__, open_sweep, optimizers, problems, sweep
from jaxopt_lab.cli.plot import _problem
from jaxopt_lab.engine.rewriting.kernels import are_taken

SWEEP = ("sweep", "rosenbrock", "adam", "--grid", "learning_rate=0.001,0.01,0.1")


def test_saved_sweep_is_the_librarys(call):
    outcome = call(*SWEEP, "b1=0.5,0.9", "--starts", "4", "--steps", "20", "--out", "run.zarr")
    assert outcome.status == 0, outcome.err
    assert "device: cpu" in outcome.out
    assert "trajectories/s" in outcome.err.replace(" ", "")  # the progress bar
    grid = {"learning_rate": [0.001, 0.01, 0.1], "b1": [0.5, 0.9]}
    expected = sweep(problems.rosenbrock(), optimizers.adam, grid, starts=4, num_steps=20)
    saved = open_sweep("run.zarr")
    xr.testing.assert_equal(saved.load(), expected)
    assert saved.attrs == expected.attrs | {"fraction_done": 1.0}


@pytest.mark.parametrize("name", ["run.zarr", "run.nc"])
@pytest.mark.long
def test_several_optimizers_and_paths_survive_saving(call, name):
    words = ("--record", "5", "--steps", "12", "--out", name)
    assert call("sweep", "quadratic", "adam,sgd", "--grid", "learning_rate=0.1", *words).status == 0
    with open_sweep(name) if name.endswith("zarr") else xr.open_dataset(name) as saved:
        assert saved.optimizer.values.tolist() == ["adam", "sgd"]
        assert saved.step.values.tolist() == [0, 5, 10, 12]
        assert saved.params.dims == ("optimizer", "learning_rate", "start", "step", "param")


def test_options_come_before_the_file(call, tmp_path):
    (tmp_path / "a.toml").write_text(
        'problem = "mlp"\noptimizer = "contrib.muon"\nsteps = 2\nstarts = 5\n'
        '[grid]\nlearning_rate = "0.01:0.1:log:2"\n[static]\nhidden = [[4], [4, 4]]\ndata = ["wine"]\n'
    )
    outcome = call("sweep", "--config", "a.toml", "--starts", "3", "--dry-run")
    assert outcome.status == 0, outcome.err
    assert "hidden 2 × data 1 × learning_rate 2 × start 3" in outcome.out
    assert "compilations: 2" in outcome.out


def test_dry_run_says_what_would_run_and_runs_nothing(call, tmp_path):
    outcome = call(*SWEEP, "--starts", "1000", "--out", "run.zarr", "--dry-run")
    assert outcome.status == 0
    assert "shape:        learning_rate 3 × start 1000" in outcome.out
    assert "trajectories: 3,000 of 1,000 steps" in outcome.out
    # 3 losses and 2 parameters of 4 bytes, 3 steps of 4 bytes, and 1 byte of status, each 3,000 times
    assert "result:       99,000 bytes" in outcome.out
    assert f"chunks:       2 of {'2,176' if are_taken() else '2,048'} trajectories" in outcome.out
    assert not list(tmp_path.iterdir())


def test_dry_run_refuses_what_would_not_fit(call, tmp_path):
    outcome = call(*SWEEP, "--starts", "1000000000", "--record", "path", "--out", "run.nc", "--dry-run")
    assert outcome.status == 2
    assert "trajectories: 3,000,000,000 of 1,000 steps" in outcome.out
    assert "GiB of memory are free; write them to disk with --out run.zarr" in outcome.err
    assert not list(tmp_path.iterdir())


def test_float64_is_float64(call):
    before = __import__("jax").config.read("jax_enable_x64")
    try:
        assert call(*SWEEP, "--steps", "5", "--dtype", "float64", "--out", "run.zarr").status == 0
    finally:
        __import__("jax").config.update("jax_enable_x64", before)
    assert open_sweep("run.zarr").final_loss.dtype == np.float64


@pytest.mark.parametrize("what", ["problems", "optimizers", "metrics"])
def test_list(call, what):
    out = call("list", what).out
    known = {"problems": "goldstein_price", "optimizers": "contrib.muon", "metrics": "specificity_score"}
    assert f"  {known[what]} " in out
    assert sum(name in out for name in known.values()) == 1


def test_every_listed_name_says_something(call):
    for line in call("list").out.splitlines():
        if line.startswith("  "):
            assert len(line.split(maxsplit=1)) == 2, line


@pytest.mark.parametrize("kind", ["auto", pytest.param("lines", marks=pytest.mark.long), "map"])
def test_plot_draws_a_saved_grid(call, tmp_path, kind):
    call(*SWEEP, "b1=0.5,0.9", "--starts", "3", "--steps", "5", "--out", "run.zarr")
    assert call("plot", "run.zarr", "--out", "a.png", "--kind", kind).status == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "kind", "begins"),
    [
        pytest.param("a.svg", "paths", b"<?xml", marks=pytest.mark.long),
        pytest.param("a.png", "surface", b"\x89PNG", marks=pytest.mark.long),
        ("a.gif", "auto", b"GIF8"),
        ("a.html", "paths", b"<!doctype html>"),
    ],
)
def test_plot_draws_saved_paths(call, tmp_path, name, kind, begins):
    call(*SWEEP, "--steps", "5", "--record", "path", "--out", "run.nc")
    outcome = call("plot", "run.nc", "--out", name, "--kind", kind)
    assert outcome.status == 0, outcome.err
    assert (tmp_path / name).read_bytes().startswith(begins)
    if name == "a.html":
        page = (tmp_path / name).read_text()
        assert page.count("<polyline") == 3
        assert "learning_rate 0.01" in page
        assert "step 5 of 5" in page


def test_paths_are_drawn_over_the_problem_that_was_swept():
    grids = {"problem": "bbob", "grid": {"learning_rate": [0.1]}, "static_grid": {"problem.function": ["3"]}}
    swept = xr.Dataset(
        coords={"problem.function": [3], "learning_rate": [0.1]}, attrs={"specification": json.dumps(grids)}
    )
    assert _problem(swept).name == "bbob_f3_rastrigin"
    with pytest.raises(ValueError, match="a picture shows one problem, and here function makes several"):
        _problem(swept.reindex({"problem.function": [3, 8]}))


def test_a_map_does_not_move(call, tmp_path):
    call(*SWEEP, "--steps", "5", "--out", "run.nc")
    outcome = call("plot", "run.nc", "--out", "a.gif", "--kind", "map")
    assert (outcome.status, "only paths move, and this is a map" in outcome.err) == (2, True)
    assert not (tmp_path / "a.gif").exists()


def test_version(call):
    outcome = call("--version")
    assert (outcome.status, outcome.out.strip()) == (0, __version__)


def test_python_finds_the_command(tmp_path):
    command = [sys.executable, "-m", "jaxopt_lab", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == __version__


BAD = {
    "unknown problem": (["sweep", "rosenbok", "adam"], ["problem", "'rosenbok'", "did you mean 'rosenbrock'"]),
    "unknown optimizer": (["sweep", "rosenbrock", "adm"], ["optimizer", "'adm'", "did you mean 'adam'"]),
    "unknown hyperparameter": (
        ["sweep", "rosenbrock", "adam", "--grid", "lerning_rate=1"],
        ["'lerning_rate'", "did you mean 'learning_rate'"],
    ),
    "no problem": (["sweep"], ["problem: none was given"]),
    "no optimizer": (["sweep", "rosenbrock"], ["optimizer: none was given"]),
    "missing hyperparameter": (["sweep", "rosenbrock", "adam"], ["adam needs learning_rate"]),
    "unknown option": ([*SWEEP, "--bogus"], ["--bogus"]),
    "unknown command": (["swep"], ["swep"]),
    "steps no number": ([*SWEEP, "--steps", "x"], ["--steps", "'x'", "a whole number"]),
    "a fraction of steps": ([*SWEEP, "--steps", "1.9"], ["--steps", "'1.9'", "a whole number"]),
    "a fraction of starts": ([*SWEEP, "--starts", "2.7"], ["--starts", "'2.7'", "a whole number"]),
    "too many steps to say": ([*SWEEP, "--steps", "1e999"], ["--steps", "'1e999'", "a whole number"]),
    "an optimizer twice": (["sweep", "rosenbrock", "sgd, sgd"], ["optimizer: sgd was named twice"]),
    "a superscript": ([*SWEEP, "--record", "²"], ["record: got '²'", "summary"]),
    "a tile for the whole memory": (
        [*SWEEP, "--tiling", "10000000000:1:scalars"],
        ["GiB of memory are free", "tiling"],
    ),
    "steps below 1": ([*SWEEP, "--steps", "0"], ["num_steps: got 0", "at least 1"]),
    "starts below 1": ([*SWEEP, "--starts", "0"], ["starts: got 0"]),
    "record": ([*SWEEP, "--record", "all"], ["record: got 'all'", "summary"]),
    "duplicate values": (["sweep", "rosenbrock", "sgd", "--grid", "learning_rate=1,1"], ["learning_rate", "twice"]),
    "no numbers": (["sweep", "rosenbrock", "sgd", "--grid", "learning_rate=a"], ["learning_rate", "static_grid"]),
    "ending": ([*SWEEP, "--out", "run.csv"], ["--out", "run.csv", ".zarr or .nc"]),
    "no such folder": ([*SWEEP, "--out", "no/run.zarr"], ["--out", "no does not exist"]),
    "no such config": (["sweep", "--config", "no.toml"], ["no.toml", "No such file"]),
    "other device": ([*SWEEP, "--require", "gpu"], ["--require", "gpu", "cpu"]),
    "nothing to plot": (["plot", "no.zarr", "--out", "a.png"], ["no.zarr does not exist"]),
    "no picture": (["plot", "no.zarr", "--out", "a.txt"], ["a.txt", ".png"]),
}


@pytest.mark.parametrize("case", BAD)
def test_mistakes_get_one_sentence_and_status_2(call, tmp_path, case):
    words, fragments = BAD[case]
    outcome = call(*words)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    assert "Traceback" not in outcome.err
    for fragment in fragments:
        assert fragment in outcome.err
    assert not list(tmp_path.iterdir())


def test_existing_file_is_kept_unless_asked(call, tmp_path):
    call(*SWEEP, "--steps", "5", "--out", "run.nc")
    before = (tmp_path / "run.nc").read_bytes()
    outcome = call(*SWEEP, "--steps", "9", "--out", "run.nc")
    assert outcome.status == 2
    assert "exists already" in outcome.err
    assert (tmp_path / "run.nc").read_bytes() == before
    assert call(*SWEEP, "--steps", "9", "--out", "run.nc", "--overwrite").status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["run.nc"]
    assert (tmp_path / "run.nc").read_bytes() != before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_cannot_be_written(call, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    outcome = call(*SWEEP, "--out", "locked/run.zarr")
    assert (outcome.status, "can't be written" in outcome.err) == (2, True)


@pytest.mark.parametrize("content", ["problem = ", "typo = 1", 'grid = "a"', "\x00"])
def test_bad_config(call, tmp_path, content):
    (tmp_path / "a.toml").write_text(content)
    outcome = call("sweep", "rosenbrock", "adam", "--config", "a.toml")
    assert outcome.status == 2
    assert "--config" in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        ("optimizer = []", "optimizer: got an empty list"),
        ('dtype = "float16"', "dtype: got 'float16'; give float32 or"),
    ],
)
def test_bad_options_in_a_config(call, tmp_path, content, fragment):
    (tmp_path / "a.toml").write_text(f'problem = "quadratic"\n{content}\n[grid]\nlearning_rate = 0.1\n')
    outcome = call("sweep", "--config", "a.toml", *([] if "optimizer" in content else ["quadratic", "sgd"]))
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert fragment in outcome.err


def test_a_config_as_some_editors_save_it(call, tmp_path):
    """With a mark of the byte order at its start; and lists in lists, where a shape is one."""
    text = (
        'problem = "mlp"\noptimizer = "sgd"\nsteps = 2\n[grid]\nlearning_rate = 0.1\n[static]\nhidden = [[4], [4, 4]]\n'
    )
    (tmp_path / "a.toml").write_text(text, encoding="utf-8-sig")
    assert "hidden 2" in call("sweep", "--config", "a.toml", "--dry-run").out


@pytest.mark.parametrize("steps", ["5", "5.0", "5e0", "+5"])
def test_whole_numbers_as_people_write_them(call, steps):
    assert "trajectories: 3 of 5 steps" in call(*SWEEP, "--steps", steps, "--dry-run").out


def test_spaces_between_names_are_none_of_them(call):
    assert call("sweep", "quadratic", "sgd, adam", "--grid", "learning_rate=0.1", "--out", "run.zarr").status == 0
    assert list(open_sweep("run.zarr").optimizer.values) == ["sgd", "adam"]


def test_foreign_folder_is_no_sweep(call, tmp_path):
    (tmp_path / "run.zarr").mkdir()
    outcome = call("plot", "run.zarr", "--out", "a.png")
    assert outcome.status == 2
    assert "run.zarr: it is no store of a sweep" in outcome.err


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["--variable", "final_los"], "did you mean 'final_loss'"),
        (["--x", "lr"], "--x, --y: there is no 'lr'"),
        (["--kind", "map"], "which is too few"),
        (["--kind", "paths"], "--record path"),
    ],
)
def test_bad_plots(call, tmp_path, words, fragment):
    call(*SWEEP, "--steps", "5", "--out", "run.zarr")
    outcome = call("plot", "run.zarr", "--out", "a.png", *words)
    assert outcome.status == 2
    assert fragment in outcome.err
    assert not (tmp_path / "a.png").exists()
