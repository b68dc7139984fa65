"""A stored sweep is the one in memory, taken up where it was left, read only where it is looked at, never trusted."""

import functools
import json
import os
import pickle
import resource
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxopt_lab import open_sweep, optimizers, problems, sweep
from jaxopt_lab.engine import run, store
from jaxopt_lab.engine.chunk_files import write_chunk
from jaxopt_lab.engine.plan import Chunk, Plan
from jaxopt_lab.problems import Problem

STARTS = np.array([[-1.2, 1.0], [0.5, 0.5], [2.0, -1.0], [0.1, 0.2], [1.0, 1.0]])
GRID = {"learning_rate": [1e-3, 0.1], "momentum": [0.0, 0.5, 0.9]}


def valley(**changed: Any) -> Any:
    """30 lanes in chunks of 8, so that the last has 6; one program serves many tests."""
    arguments = {"starts": STARTS, "num_steps": 12, "chunk_size": 8, "tolerance": 0.5} | changed
    problem = arguments.pop("problem", None) or problems.rosenbrock()
    optimizer, grid = arguments.pop("optimizer", optimizers.sgd_momentum), arguments.pop("grid", GRID)
    return sweep(problem, optimizer, grid, **arguments)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its name, and folders too."""
    return {
        str(path.relative_to(folder)): b"" if path.is_dir() else path.read_bytes() for path in sorted(folder.rglob("*"))
    }


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def assert_same(stored: Any, memory: Any) -> None:
    """Equal in every bit, name, type, coordinate and attribute, and in the order of variables."""
    assert stored.fraction_done == 1
    assert list(stored.data_vars) == list(memory.data_vars)
    for name in memory.data_vars:
        assert stored[name].dtype == memory[name].dtype
        assert stored[name].values.tobytes() == memory[name].values.tobytes(), name
    attributes = {name: value for name, value in stored.attrs.items() if name != "fraction_done"}
    xr.testing.assert_identical(stored.load().assign_attrs().drop_attrs(deep=False), memory.drop_attrs(deep=False))
    assert attributes == memory.attrs


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A finished store, not to be changed."""
    path = tmp_path_factory.mktemp("whole") / "run.zarr"
    valley(store=path)
    return path


@pytest.fixture
def copy(whole, tmp_path) -> Path:
    """A finished store of one's own."""
    return Path(shutil.copytree(whole, tmp_path / "run.zarr"))


@pytest.fixture(scope="module")
def memory() -> Any:
    return valley()


@pytest.fixture
def ran(monkeypatch) -> list[int]:
    """The chunks that have run, in any order."""
    indices: list[int] = []
    original = run.start_chunk

    def counted(spec: Any, variants: Any, chunk: Any) -> Any:
        indices.append(chunk.index)
        return original(spec, variants, chunk)

    monkeypatch.setattr(run, "start_chunk", counted)
    return indices


def network(params: dict[str, Any], key: jax.Array) -> jax.Array:
    return (jnp.tanh(params["dense/0"]["w"] @ jnp.ones(2) + params["dense/0"]["b"]) ** 2).sum() + jax.random.normal(key)


NETWORK = Problem(
    network,
    lambda key: {"dense/0": {"w": jax.random.normal(key, (3, 2)), "b": jnp.zeros(3)}},
    lambda params: {
        "": params["dense/0"]["b"][0],
        "..": jnp.float32(1),
        "zarr.json": jnp.int32(2),
        "ü/%": jnp.array(True),
    },
)
CASES: dict[str, Callable[..., Any]] = {
    "summary": valley,
    "final": functools.partial(valley, record="final"),
    "path": functools.partial(valley, record="path", tolerance=None),
    "every 5th": functools.partial(valley, record=5),
    "several optimizers": functools.partial(
        valley, optimizer={"a": optimizers.sgd_momentum, "b": lambda learning_rate, momentum: optimizers.sgd(0.01)}
    ),
    "one lane": functools.partial(
        valley, grid=None, optimizer=optimizers.sgd(0.01), starts=STARTS[:1], chunk_size=None, tolerance=None
    ),
    "seeds": lambda **more: sweep(
        problems.noisy_quadratic, optimizers.sgd, {"noise": [0.0, 1.0], "learning_rate": [0.1]}, starts=3, seeds=2,
        num_steps=4, chunk_size=5, **more,
    ),
    "static grid, a variable left out": lambda **more: sweep(
        problems.rosenbrock, optimizers.sgd, {"learning_rate": [1e-3, 1e-2]}, static_grid={"dim": [2, 3]}, starts=3,
        num_steps=4, chunk_size=4, **more,
    ),
    "static grid of values that are no numbers": lambda **more: sweep(
        lambda x, f, scale: f(x).sum() * scale, optimizers.sgd(0.1),
        static_grid={"f": [jnp.sin, functools.partial(jnp.power, 2.0)], "scale": [np.inf, 1.0]}, starts=STARTS,
        num_steps=2, **more,
    ),
    "a variable of two types": lambda **more: sweep(
        lambda kind: Problem(lambda x, key: (x**2).sum(), evaluate=lambda x: {"three": jnp.asarray(3.7, kind)}),
        optimizers.sgd(0.1), static_grid={"kind": ["int32", "float32"]}, starts=STARTS, num_steps=2, **more,
    ),
    "pytrees and odd names": lambda **more: sweep(
        NETWORK, optimizers.adam, {"learning_rate": [0.1, 0.2]}, starts=3, seeds=2, num_steps=5, record=2, chunk_size=7,
        **more,
    ),
    "no values, flags, complex numbers": lambda **more: sweep(
        problems.double_well(), optimizers.sgd(0.1), starts=5, num_steps=2, chunk_size=2, record="final",
        observe=lambda x, loss, grads: {"none": x[:0], "flag": x > 0, "wave": x + 1j * grads, "half": x.astype("f2")},
        **more,
    ),
}  # fmt: skip


QUICK = {
    "summary",
    "final",
    "every 5th",
    "a variable of two types",
    "no values, flags, complex numbers",
}


def keyed(number: int) -> Callable[[Any], Any]:
    key = jax.random.key(number)
    return lambda x: (x**2).sum() + jax.random.normal(key)


def test_a_problem_may_hold_a_random_key(tmp_path):
    """Which is no array that NumPy takes; and another key is another problem."""
    run_case = functools.partial(valley, optimizer=optimizers.sgd(0.1), grid=None, tolerance=None)
    store = tmp_path / "run.zarr"
    assert_same(run_case(problem=keyed(3), store=store), run_case(problem=keyed(3)))
    with pytest.raises(ValueError, match="differs in the code or the numbers"):
        run_case(problem=keyed(4), store=store)


def test_a_chunk_larger_than_the_sweep_is_the_sweep(tmp_path):
    """A store would make room for all of it."""
    stored = valley(chunk_size=5 * 10**7, store=tmp_path / "run.zarr")
    assert stored.attrs["chunk_size"] == 30
    assert valley(chunk_size=5 * 10**7, store=tmp_path / "run.zarr").fraction_done == 1  # and it is taken up again


@pytest.mark.parametrize("case", [pytest.param(c, marks=[] if c in QUICK else pytest.mark.long) for c in CASES])
def test_a_stored_sweep_is_the_one_in_memory(case, tmp_path):
    run_case = CASES[case]
    memory, stored = run_case(), run_case(store=tmp_path / "run.zarr")
    assert_same(stored, memory)
    assert_same(open_sweep(tmp_path / "run.zarr"), memory)
    assert names_in(tmp_path) == ["run.zarr"]


@pytest.mark.usefixtures("x64")
@pytest.mark.long
def test_float64_is_stored_as_float64(tmp_path):
    stored = valley(store=tmp_path / "run.zarr", dtype="float64")
    assert stored.final_loss.dtype == np.float64
    assert_same(stored, valley(dtype="float64"))


def test_what_is_stored_may_be_assigned_to_like_what_is_in_memory(copy, memory):
    opened = open_sweep(copy)
    opened.final_loss[0, 0, 0] = 7.0
    assert float(opened.final_loss[0, 0, 0]) == 7.0
    assert_same(open_sweep(copy), memory)  # not in the store


def test_one_chunk_of_the_sweep_is_one_whole_chunk_of_zarr(whole):
    """30 lanes in chunks of 8 are 4 files for each variable, and nothing else is in the store."""
    for name, array in zarr.open_group(whole / "results" / "0", mode="r").arrays():
        assert array.chunks == (8, *array.shape[1:])
        chunks = sorted(path for path in (whole / "results" / "0" / name / "c").rglob("*") if path.is_file())
        assert [chunk.relative_to(whole / "results" / "0" / name / "c").parts[0] for chunk in chunks] == list("0123")
    assert names_in(whole / "done") == list("0123")
    marker = json.loads((whole / "done" / "3").read_text())
    assert set(marker) == set(open_sweep(whole).data_vars)


@pytest.mark.parametrize("chunk", [Chunk(1, 0, 4, 12), Chunk(0, 0, 0, 4), Chunk(3, 0, 24, 28)])
def test_a_chunk_that_does_not_fill_one_of_zarrs_is_never_written(copy, chunk):
    before = files_of(copy)
    arrays = store.open_results(copy, "r+")[0]
    results = {"final_loss": np.zeros(chunk.stop - chunk.start, np.float32)}
    with pytest.raises(AssertionError, match="does not fill one of its chunks"):
        write_chunk(copy, arrays, Plan(1, 30, 8), chunk, results)
    assert files_of(copy) == before


def test_a_chunk_of_nothing_but_nan_is_written_and_marked(tmp_path):
    stored = sweep(lambda x: jnp.nan * x.sum(), optimizers.sgd(0.1), starts=STARTS, num_steps=1, store=tmp_path / "a")
    assert np.isnan(stored.final_params).all()
    assert (tmp_path / "a" / "results" / "0" / "final_loss" / "c" / "0").is_file()
    assert stored.fraction_done == 1


def test_only_the_chunks_that_are_looked_at_are_read(copy, memory):
    """With the files of all others gone, the second chunk, lanes 8 to 15, still reads."""
    opened = open_sweep(copy)
    for file in (copy / "results").rglob("c/*"):
        if file.name != "1" and file.parent.name == "c":
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    for name in opened.data_vars:
        for lane in range(8, 16):
            place = dict(zip(("learning_rate", "momentum", "start"), np.unravel_index(lane, (2, 3, 5)), strict=True))
            np.testing.assert_array_equal(opened[name].isel(place), memory[name].isel(place))
    np.testing.assert_array_equal(
        opened.final_loss.isel(learning_rate=0, momentum=2), memory.final_loss.isel(learning_rate=0, momentum=2)
    )
    with pytest.raises(ValueError, match="final_loss/c/3: it is missing"):
        opened.final_loss.isel(learning_rate=1, momentum=2, start=0).load()


def indexer(length: int) -> st.SearchStrategy[Any]:
    """All that xarray takes for one dimension."""
    place = st.integers(-length, length - 1)
    # xarray itself (2026.9) reads [n-1, ..., 0] for [-n-1::-1], which is empty, of whatever is read late.
    bound = st.none() | st.integers(-length, length + 1)
    step = st.none() | st.integers(1, 3) | st.integers(-3, -1)
    return st.one_of(
        place,
        st.builds(slice, bound, bound, step),
        st.lists(place, max_size=4).map(lambda places: np.array(places, int)),
        st.lists(st.booleans(), min_size=length, max_size=length).map(np.array),
    )


@settings(max_examples=60)
@given(st.data())
def test_any_index_reads_what_the_one_in_memory_gives(whole, memory, data):
    opened = open_sweep(whole)
    name = data.draw(st.sampled_from(["final_loss", "best_step", "final_params", "status"]))
    sizes = memory[name].sizes
    chosen = data.draw(st.fixed_dictionaries({}, optional={dim: indexer(length) for dim, length in sizes.items()}))
    expected = memory[name].isel(chosen)
    xr.testing.assert_identical(opened[name].isel(chosen), expected)
    # Twice indexed before it is read, and read with its axes in another order.
    again = {dim: slice(None, None, -1) for dim in expected.dims}
    xr.testing.assert_identical(opened[name].isel(chosen).isel(again).T, expected.isel(again).T)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(-2, 1), st.integers(-3, 2), st.integers(-5, 4)), min_size=1, max_size=6))
def test_points_are_read_one_by_one(whole, memory, points):
    places = {
        dim: xr.DataArray(list(column), dims="point")
        for dim, column in zip(("learning_rate", "momentum", "start"), zip(*points, strict=True), strict=True)
    }
    for name in ("final_loss", "final_params"):
        xr.testing.assert_identical(open_sweep(whole)[name].isel(places), memory[name].isel(places))


def test_labels_select_what_they_name(whole, memory):
    opened = open_sweep(whole)
    for chosen in ({"learning_rate": 0.1}, {"momentum": [0.9, 0.0], "start": slice(1, 3)}):
        xr.testing.assert_identical(opened.final_params.sel(chosen), memory.final_params.sel(chosen))
    nearest = {"learning_rate": 0.09, "method": "nearest"}
    xr.testing.assert_identical(opened.status.sel(**nearest), memory.status.sel(**nearest))
    xr.testing.assert_identical(
        opened.final_loss.where(opened.status == 1), memory.final_loss.where(memory.status == 1)
    )


def test_a_relative_path_reads_from_anywhere(copy, memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened = open_sweep("run.zarr")
    monkeypatch.chdir("/")
    assert_same(opened, memory)


def test_a_store_that_is_not_finished_is_nan_where_nothing_is_done_yet(tmp_path, memory):
    part = valley(store=tmp_path / "run.zarr", shard=(1, 4))
    assert part.fraction_done == 0.25
    lanes = np.arange(30).reshape(2, 3, 5)
    done = (lanes >= 8) & (lanes < 16)
    for name in memory.data_vars:
        assert np.issubdtype(part[name].dtype, np.floating), name  # whole numbers too, or they could not be missing
        np.testing.assert_array_equal(np.isnan(part[name].values[~done]), True)
        np.testing.assert_array_equal(part[name].values[done], memory[name].values[done])
    assert valley(store=tmp_path / "run.zarr", shard=(3, 4)).fraction_done == 0.5
    assert part.fraction_done == 0.25  # as it was when it was opened
    assert_same(valley(store=tmp_path / "run.zarr"), memory)


def test_complex_numbers_that_are_missing_leave_the_others_complex(tmp_path):
    part = sweep(
        problems.double_well(), optimizers.sgd(0.1), starts=STARTS, num_steps=1, chunk_size=4, record="final",
        observe=lambda x, loss, grads: {"wave": x + 2j}, store=tmp_path / "run.zarr", shard=(0, 2),
    )  # fmt: skip
    assert (part.wave.isel(start=slice(4)).values.imag == 2).all()
    assert np.isnan(part.wave.isel(start=4)).all()


def test_only_chunks_without_a_marker_run(tmp_path, ran, whole):
    path = tmp_path / "run.zarr"
    valley(store=path, shard=(2, 4))
    assert ran == [2]
    valley(store=path, shard=(0, 2))
    assert ran == [2, 0]  # of chunks 0 and 2, one is done
    valley(store=path)
    assert sorted(ran[2:]) == [1, 3]
    valley(store=path)
    assert len(ran) == 4
    assert files_of(path) == files_of(whole)
    (path / "done" / "1").unlink()
    valley(store=path)
    assert ran[4:] == [1]
    assert files_of(path) == files_of(whole)


def test_what_is_left_open_is_as_in_the_store(tmp_path, ran):
    """Whoever takes a sweep up need not know its chunks and its tiling."""
    valley(store=tmp_path / "a", chunk_size=8, tiling="16:2:scalars", shard=(0, 4))
    done = valley(store=tmp_path / "a", chunk_size=None)
    assert (done.attrs["chunk_size"], done.attrs["tiling"], len(ran)) == (8, "16:2:scalars", 4)


def test_neither_order_nor_workers_leave_a_trace_in_the_store(tmp_path, whole):
    for shard in (2, 0, 3, 1):
        valley(store=tmp_path / "shards", shard=(shard, 4))
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(5) as five:
        valley(store=tmp_path / "one", executor=one)
        valley(store=tmp_path / "five", executor=five)
    for name in ("shards", "one", "five"):
        assert files_of(tmp_path / name) == files_of(whole)


def test_what_killed_writers_have_left_is_removed(tmp_path, whole):
    path, left = tmp_path / "run.zarr", f"{'0' * 32}.partial"
    valley(store=path, shard=(0, 2))
    names = ["done/2", "done/3", "results/0/status/c/2", "results/0/status/c/1", "results/0/final_params/c/2/0"]
    files = [path / f"{name}.{left}" for name in names]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"half")
    beside, others = (
        tmp_path / f".run.zarr.{left}",
        [tmp_path / f".another.zarr.{left}", tmp_path / ".run.zarr.partial"],
    )
    for folder in (beside, *others):
        folder.mkdir()
    valley(store=path, shard=(0, 2))
    # Chunk 2 is done: nobody needs what is left of it. Chunks 1 and 3 may be being written by another process.
    assert [file.exists() for file in files] == [False, True, False, True, False]
    assert not beside.exists()
    assert all(folder.exists() for folder in others)
    valley(store=path)
    assert files_of(path) == files_of(whole)


@pytest.mark.parametrize("marked", [True, False])
def test_who_is_overtaken_in_writing_a_chunk_gives_way_to_a_marker_only(copy, whole, monkeypatch, marked):
    """Another process marks the chunk first and clears away what this one was about to move into its place."""
    marker, move = copy / "done" / "1", Path.replace
    marker.unlink()

    def overtaken(unfinished: Path, place: Path) -> Path:
        if place == marker:
            unfinished.unlink()
            if marked:
                shutil.copy(whole / "done" / "1", marker)
        return move(unfinished, place)

    monkeypatch.setattr(Path, "replace", overtaken)
    with nullcontext() if marked else pytest.raises(FileNotFoundError):
        valley(store=copy)
    assert marker.exists() == marked
    assert not list(copy.rglob("*.partial"))


DIFFERENT: dict[str, tuple[dict[str, Any], str]] = {
    "a value of the grid": ({"grid": GRID | {"momentum": [0.0, 0.5, 0.8]}}, r"grid.momentum \(\[0.0, 0.5, 0.9\] there"),
    "whole numbers instead of others": ({"grid": GRID | {"momentum": [0, 0.5, 0.9]}}, ""),
    "the order of the grid": ({"grid": dict(reversed(GRID.items()))}, r"grid.order \(learning_rate, momentum there"),
    "an axis less": (
        {"grid": {"learning_rate": [1e-3, 0.1]}, "optimizer": optimizers.sgd},
        r"optimizers.sgd_momentum|optimizers.sgd ",
    ),
    "steps": ({"num_steps": 13}, r"num_steps \(12 there, 13 here\)"),
    "record": ({"record": "path"}, r"record.every \(None there, 1 here\)"),
    "tolerance": ({"tolerance": 0.25}, r"tolerance \(0.5 there, 0.25 here\)"),
    "no tolerance": ({"tolerance": None}, r"tolerance \(0.5 there, None here\)"),
    "seed": ({"seed": 1}, r"seed \(0 there, 1 here\)"),
    "seeds": ({"seeds": 2}, r"seeds \(None there, 2 here\)"),
    "starts": ({"starts": STARTS + 1}, "starts.sha256"),
    "the sign of a zero in the starts": ({"starts": STARTS * [[1], [1], [1], [1], [-0.0]]}, "starts.sha256"),
    "drawn starts": ({"starts": 5}, r"starts \(\{'shapes': .* there, 5 here\)"),
    "numbers of the problem": ({"problem": problems.rosenbrock(b=99.0)}, "the code or the numbers of the problem"),
    "another problem": ({"problem": problems.himmelblau()}, r"problem \('rosenbrock' there, 'himmelblau' here\)"),
    "another optimizer": (
        {"optimizer": optimizers.nesterov},
        r"optimizers.nesterov \(nothing there, 'nesterov' here\)|optimizers",
    ),
    "an optimizer in a mapping of one": ({"optimizer": {"sgd_momentum": optimizers.sgd_momentum}}, "dimensions"),
    "observe": ({"observe": lambda x, loss, grads: {"slope": grads}}, r"observe \(None there, '<lambda>' here\)"),
    "chunks": ({"chunk_size": 16}, r"chunk_size \(8 there, 16 here\)"),
    "tiling": ({"tiling": "8:1:arrays"}, r"tiling \('.*' there, '8:1:arrays' here\)"),
    "static grid": ({"grid": {"learning_rate": [1e-3, 0.1]}, "static_grid": {"momentum": [0.5]}}, r"grid.momentum"),
}


@pytest.mark.parametrize("case", [case for case in DIFFERENT if DIFFERENT[case][1]])
def test_a_store_of_another_sweep_is_refused_and_named(copy, case, ran):
    changed, field = DIFFERENT[case]
    before = files_of(copy)
    with pytest.raises(
        ValueError, match=rf"store: .*run\.zarr holds another sweep; it differs in .*({field})"
    ) as error:
        valley(store=copy, **changed)
    assert "\n" not in str(error.value)
    assert files_of(copy) == before
    assert ran == []


@pytest.mark.usefixtures("x64")
def test_another_dtype_is_named(copy):
    with pytest.raises(ValueError, match=r"dtype \('float32' there, 'float64' here\)"):
        valley(store=copy, dtype="float64")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda patch: patch.setenv("XLA_FLAGS", "--xla_cpu_x=1"), r"xla_flags \('.*' there, '--xla_cpu_x=1' here\)"),
        (lambda patch: patch.setattr(jax, "__version__", "9.9"), r"jax \('.*' there, '9.9' here\)"),
        (lambda patch: patch.setattr(run, "device_name", lambda: "tpu: v9"), r"device \('cpu.*' there, 'tpu: v9' here"),
    ],
)  # fmt: skip
def test_another_machine_is_named(copy, monkeypatch, change, field):
    change(monkeypatch)
    with pytest.raises(ValueError, match=field):
        valley(store=copy)


def test_a_function_that_was_redefined_is_another_one(tmp_path):
    common: Any = {"starts": STARTS, "num_steps": 2, "store": tmp_path / "run.zarr"}
    sweep(lambda x: (x**2).sum(), optimizers.sgd(0.1), **common)
    sweep(lambda x: (x**2).sum(), optimizers.sgd(0.1), **common)  # the same again, in another place
    numbers = np.array([1.0, 2.0])
    for loss in (lambda x: (x**4).sum(), lambda x: (x**2).sum() * 1.5, lambda x: (x**2 * numbers).sum()):
        with pytest.raises(ValueError, match="differs in the code or the numbers of the problem"):
            sweep(loss, optimizers.sgd(0.1), **common)
    with pytest.raises(ValueError, match="differs in the code or the numbers of the problem, the optimizer"):
        sweep(lambda x: (x**2).sum(), optimizers.sgd(0.2), **common)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file: Path, place: int = -1) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def said(path: Path, **changed: Any) -> None:
    """Change attributes of a store."""
    whole = json.loads((path / "zarr.json").read_text())
    whole["attributes"] |= changed
    (path / "zarr.json").write_text(json.dumps(whole))


def emptied(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


def as_foreign_group(path: Path) -> None:
    emptied(path)
    zarr.open_group(path, mode="w", zarr_format=3).create_array("final_loss", data=np.zeros(3))


def as_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("a file")


def less_in_marker(path: Path) -> None:
    whole = json.loads((path / "done" / "1").read_text())
    del whole["final_loss"]
    (path / "done" / "1").write_text(json.dumps(whole))


def other_type(path: Path) -> None:
    file = path / "results" / "0" / "final_loss" / "zarr.json"
    file.write_text(file.read_text().replace('"float32"', '"int32"').replace('"NaN"', "0"))


CHUNK = "results/0/final_loss/c/1"
BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "an empty folder": (emptied, "no store of a sweep.*name another folder"),
    "a file": (as_file, "it is a file, and a store of a sweep is a folder; name another place"),
    "a foreign Zarr group": (as_foreign_group, "it is a Zarr group, but no store of a sweep; name another folder"),
    "another format version": (lambda path: said(path, version=2), "its format is version 2, this .* reads 1"),
    "a specification edited": (lambda path: said(path, identity={"num_steps": 13}), "the store is broken"),
    "an edit that leaves nothing": (lambda path: said(path, lanes=5, variables=None), "the store is broken"),
    "zarr.json cut short": (lambda path: cut(path / "zarr.json"), "broken one .*name another folder, or remove it"),
    "zarr.json empty": (lambda path: (path / "zarr.json").write_text(""), "no store of a sweep"),
    "zarr.json of another kind": (lambda path: (path / "zarr.json").write_text("[1]"), "no store of a sweep"),
    "no zarr.json": (lambda path: (path / "zarr.json").unlink(), "no store of a sweep"),
    "no folder of markers": (lambda path: shutil.rmtree(path / "done"), "the store is broken .*restore it"),
    "no coordinate": (lambda path: shutil.rmtree(path / "coords" / "momentum"), "the store is broken"),
    "a coordinate changed": (lambda path: flip(path / "coords" / "momentum" / "c" / "0"), "the store is broken"),
    "no variable": (lambda path: shutil.rmtree(path / "results" / "0" / "status"), "the store is broken"),
    "a variable of another type": (other_type, "the store is broken .*; remove it, or restore it from a copy"),
    "a chunk cut short": (lambda path: cut(path / CHUNK), "loss/c/1: it was cut short or changed .*remove .*done/1"),
    "a chunk changed": (lambda path: flip(path / CHUNK), "final_loss/c/1: it was cut short or changed .*remove"),
    "no chunk": (lambda path: (path / CHUNK).unlink(), "final_loss/c/1: it is missing since .*remove .*done/1"),
    "a marker of nothing": (lambda path: (path / "done/1").write_text(""), "done/1: it is no marker.*remove it"),
    "a marker cut short": (lambda path: cut(path / "done/1"), "done/1: it is no marker of a chunk; remove it"),
    "a marker of another kind": (lambda path: (path / "done/1").write_text("[]"), "done/1: it is no marker"),
    "a marker that is a folder": (lambda path: [(path / "done/1").unlink(), (path / "done/1").mkdir()], "no marker"),
    "a marker that says less": (less_in_marker, "final_loss/c/1: it was cut short or changed"),
    "a marker beyond the plan": (lambda path: (path / "done/4").touch(), "chunk 4 is marked .* 0 to 3; remove .*/4"),
    "a marker of a foreign numeral": (lambda path: (path / "done/01").touch(), "chunk 01 is marked .*remove .*done/01"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("opening", [valley, None], ids=["sweep", "open_sweep"])
def test_a_broken_store_is_refused_as_it_is(copy, case, opening, ran):
    damage, sentence = BROKEN[case]
    damage(copy)
    before = files_of(copy.parent)
    with pytest.raises(ValueError, match=rf"run\.zarr.*{sentence}") as error:
        opening(store=copy) if opening else open_sweep(copy).load()
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600
    assert files_of(copy.parent) == before
    assert ran == []


@pytest.mark.parametrize("case", ["a chunk cut short", "no chunk", "a marker cut short", "a marker that is a folder"])
def test_the_remedy_that_is_named_helps(copy, case, ran, whole):
    BROKEN[case][0](copy)
    marker = copy / "done" / "1"
    marker.rmdir() if marker.is_dir() else marker.unlink()
    valley(store=copy)
    assert ran == [1]
    assert files_of(copy) == files_of(whole)


def unseen(path: Path, memory: Any) -> bool:
    """Whether a store opens as if nothing were wrong; it then has to be the same."""
    try:
        assert_same(open_sweep(path), memory)
    except ValueError as error:
        if str(path) not in str(error):
            raise
        return False
    return True


def test_no_change_of_any_file_goes_unseen(tmp_path):
    """Whatever is cut, emptied, lost or changed in a bit: an error, or the same numbers as before."""
    small = functools.partial(valley, record="final", tolerance=None, chunk_size=16)
    memory, whole, path = small(), tmp_path / "whole.zarr", tmp_path / "run.zarr"
    small(store=whole)
    random, passed = np.random.default_rng(0), []
    for name in (name for name in files_of(whole) if (whole / name).is_file()):
        places = random.integers(0, (whole / name).stat().st_size, 2).tolist()
        lost = [] if name.startswith("done/") else [Path.unlink]  # without a marker it is not done, and no mistake
        for damage in [
            cut,
            lambda file: file.write_bytes(b""),
            *lost,
            *(functools.partial(flip, place=p) for p in places),
        ]:
            shutil.copytree(whole, path)
            damage(path / name)
            if unseen(path, memory):
                passed.append(name)
            shutil.rmtree(path)
    assert set(passed) <= {"zarr.json", "results/zarr.json"}  # spaces between words; a file that says nothing


def test_there_is_nothing_to_open(tmp_path):
    with pytest.raises(ValueError, match="there is no such folder; a sweep makes one with store="):
        open_sweep(tmp_path / "run.zarr")


class Trap:
    """What would make a folder if it were unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def test_opening_a_store_never_runs_what_it_holds(copy, tmp_path):
    """Pickles where numbers should be, under markers and hashes that fit; code where names should be."""
    trap = pickle.dumps(Trap(tmp_path / "ran"))
    code = f"__import__('os').mkdir({str(tmp_path / 'ran')!r})"
    for name in ("final_loss", "status"):
        (copy / f"results/0/{name}/c/0").write_bytes(trap)
    marker = json.loads((copy / "done/0").read_text())
    described = store.hashlib.sha256(trap).hexdigest()
    for name in ("final_loss", "status"):
        marker[name] = {"bytes": len(trap), "sha256": described}
    (copy / "done/0").write_text(json.dumps(marker))
    claims = json.loads((copy / "zarr.json").read_text())["attributes"]
    claims["attributes"] |= {"specification": trap.decode("latin1"), "title": code, "dtype": code}
    del claims["sha256"]
    said(copy, **claims, sha256=store._frame_hash(claims, lambda name: (copy / name).read_bytes()))
    opened = open_sweep(copy)
    assert opened.title == code
    for name in ("final_loss", "status"):
        with pytest.raises((ValueError, RuntimeError), match=r"Zstd|zstd|final_loss|status"):
            opened[name].load()
    assert not (tmp_path / "ran").exists()


def test_pickles_that_the_old_format_of_zarr_allows_are_not_read(tmp_path):
    path = tmp_path / "run.zarr"
    (path / "coords/learning_rate").mkdir(parents=True)
    for folder in (path, path / "coords"):
        (folder / ".zgroup").write_text('{"zarr_format": 2}')
    (path / ".zattrs").write_text(json.dumps({"format": "jaxopt_lab.sweep", "version": 1, "lanes": ["learning_rate"]}))
    kind = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": 0, "order": "C"}
    filters = {"compressor": None, "filters": [{"id": "pickle", "protocol": 5}]}
    (path / "coords/learning_rate/.zarray").write_text(json.dumps(kind | filters))
    (path / "coords/learning_rate/0").write_bytes(pickle.dumps(Trap(tmp_path / "ran")))
    with pytest.raises(ValueError, match="no store of a sweep"):
        open_sweep(path)
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_does_not_exist(tmp_path, ran):
    with pytest.raises(ValueError, match=r"store: the folder .*/no/such does not exist; make it first"):
        valley(store=tmp_path / "no" / "such" / "run.zarr")
    assert names_in(tmp_path) == ran == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(ValueError, match=r"store: the folder .*/locked can't be written"):
        valley(store=tmp_path / "locked" / "run.zarr")


def test_a_dtype_that_zarr_does_not_know(tmp_path):
    with pytest.raises(ValueError, match="store: final_loss is of dtype bfloat16"):
        valley(store=tmp_path / "run.zarr", dtype=jnp.bfloat16, record="final", tolerance=None)
    assert names_in(tmp_path) == []


@pytest.fixture
def small_files() -> Any:
    """No file may grow beyond so many bytes: the system itself says that there is no more room."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_disk_that_is_full_leaves_no_marker_without_its_files(tmp_path, small_files):
    """4,096 lanes of two random numbers are more than 16 KB however they are packed."""
    run_it = functools.partial(
        sweep, problems.rosenbrock(), optimizers.sgd(1e-3), starts=5000, num_steps=2, chunk_size=4096, record="final"
    )
    path = tmp_path / "run.zarr"
    small_files(16_000)
    with pytest.raises(OSError, match="File too large"):
        run_it(store=path)
    small_files(resource.RLIM_INFINITY)
    assert "0" not in names_in(path / "done")
    assert not list(tmp_path.rglob("*.partial"))
    assert open_sweep(path).fraction_done in (0.0, 0.5)
    assert_same(run_it(store=path), run_it())


def test_a_disk_that_is_full_at_once_leaves_nothing(tmp_path, small_files):
    small_files(100)
    with pytest.raises(OSError, match="File too large"):
        valley(store=tmp_path / "run.zarr")
    small_files(resource.RLIM_INFINITY)
    assert names_in(tmp_path) == []
