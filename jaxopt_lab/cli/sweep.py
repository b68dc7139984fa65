"""``jaxopt-lab sweep``: a grid from options or a TOML file, a labelled dataset in a file."""

import dataclasses
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from jaxopt_lab.cli.catalogue import optimizer_factories, problem_factories, resolve
from jaxopt_lab.cli.device import allow, announce_device
from jaxopt_lab.cli.values import MaybeWhole, parse_axes, parse_values
from jaxopt_lab.engine.grid import unknown
from jaxopt_lab.engine.memory import check_memory, result_bytes, working_bytes
from jaxopt_lab.engine.run import run_spec
from jaxopt_lab.engine.settle import measured, plan_of, settle
from jaxopt_lab.engine.spec import Spec, make_spec

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass
class SweepOptions:
    """What a sweep is made of; a TOML file may hold any of it, and options on the command line come before the file."""

    problem: str | None = None
    "Name of the problem (see jaxopt-lab list problems)."

    optimizer: str | None = None
    "Name of the optimiser, or several between commas (see jaxopt-lab list optimizers)."

    grid: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None
    "Hyperparameters to sweep, as name=value,value or name=first:last:log:count."

    static: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None
    "Hyperparameters that shape the program or are no numbers, one compilation for each value."

    starts: MaybeWhole = None
    "How many start points to draw (1)."

    steps: MaybeWhole = None
    "Updates of each trajectory (1000)."

    record: str | None = None
    "What to keep: final, summary, path, or a number k for every k-th point (summary)."

    tolerance: float | None = None
    "Distance from the known minimum at which a loss has converged."

    seeds: MaybeWhole = None
    "Independent noise keys for each start."

    seed: MaybeWhole = None
    "Root of all random numbers (0)."

    dtype: Literal["float32", "float64"] | None = None
    "Floating-point type (float32)."

    tiling: str | None = None
    "How trajectories are packed into programs, such as 4096:2:scalars (by rule, or measured)."

    chunk_size: MaybeWhole = None
    "Trajectories that are run, stored and marked as done as one piece."


_DEFAULTS = {"starts": 1, "steps": 1000, "record": "summary", "seed": 0, "dtype": "float32"}


def sweep(
    problem: str | None = None,
    optimizer: str | None = None,
    /,
    *,
    options: Annotated[SweepOptions | None, Parameter(name="*")] = None,
    config: Path | None = None,
    out: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    shard: str | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    require: str | None = None,
) -> None:
    """Run an optimiser over a grid of hyperparameters from many starts, and save the labelled result.

    Args:
        problem: name of the problem (see jaxopt-lab list problems).
        optimizer: name of the optimiser, or several between commas (see jaxopt-lab list optimizers).
        options: what the sweep is made of.
        config: a TOML file with any of the options; [grid] and [static] are tables in it.
        out: where to save: a folder ending in .zarr, to which results are written as they come, and from which an
            interrupted sweep is taken up; or a file ending in .nc, written at the end.
        overwrite: replace a result that lies there already.
        shard: I/N, to run every N-th part from the I-th on, counted from 0, into a common folder.
        dry_run: say what would run, and run nothing.
        require: refuse to run on another device than this one: cpu, gpu or tpu.
    """
    from jaxopt_lab.cli.files import check_target, percent, replacing, save

    given = {"problem": problem, "optimizer": optimizer}
    given |= {name: value for name, value in vars(options or SweepOptions()).items() if value is not None}
    chosen = _DEFAULTS | (_read(config) if config else {}) | {n: v for n, v in given.items() if v is not None}
    streams = out is not None and out.suffix == ".zarr"
    if out is not None:
        check_target(out, overwrite=overwrite or streams)
    spec = _spec(chosen)
    parts = None if shard is None else _shard(shard, streams=streams, overwrite=overwrite)
    announce_device(require)
    if dry_run:
        _describe(spec, stored=streams)
        return
    if out is None or not streams:
        result = _run(spec, None, None)
    elif parts is not None:
        result = _run(spec, out, parts)
    else:
        with replacing(out, overwrite=overwrite):
            result = _run(spec, out, None)
    print(result)
    if out is None:
        print("nothing saved: name a place with --out run.zarr")
    elif streams:
        done = percent(result.fraction_done)
        print(f"saved: {out}, {done} done (open it with jaxopt_lab.open_sweep or jaxopt-lab plot)")
    else:
        save(result, out, overwrite=overwrite)
        print(f"saved: {out} (open it with xarray.open_dataset or jaxopt-lab plot {out})")


def _run(spec: Spec, store: Path | None, parts: tuple[int, int] | None) -> "xr.Dataset":
    from jaxopt_lab.cli.files import keeping

    with _own_words(), keeping(store):
        return run_spec(spec, store=store, shard=parts, progress=True)


@contextmanager
def _own_words() -> Iterator[None]:
    """What goes wrong is said in the words of the command line."""
    try:
        yield
    except ValueError as error:
        text = str(error).replace("write them to disk with a store", "write them to disk with --out run.zarr")
        text = f"--out: {text.removeprefix('store: ')}" if text.startswith("store: ") else text
        raise ValueError(
            f"{text}, or replace it with --overwrite" if "holds another sweep" in text else text
        ) from error


def _shard(text: str, *, streams: bool, overwrite: bool) -> tuple[int, int]:
    """The share that a text such as 0/4 names."""
    number, slash, count = text.partition("/")
    numbers = [int(each) for each in (number, count) if each.isascii() and each.isdecimal()]
    if not (slash and len(numbers) == 2 and numbers[0] < numbers[1]):
        raise ValueError(f"--shard: got {text!r}; write I/N with I from 0 to N - 1, such as 0/4")
    if not streams:
        raise ValueError("--shard: the shares need a common place; name it with --out run.zarr")
    if overwrite:
        raise ValueError("--overwrite: with --shard each share would remove the others'; remove the folder first")
    return numbers[0], numbers[1]


def _read(config: Path) -> dict[str, Any]:
    """The options in a TOML file; grids may be written as text or as lists."""
    try:
        read = tomllib.loads(config.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"--config: {config} is no TOML: {error}") from error
    known = {field.name for field in dataclasses.fields(SweepOptions)}
    for name in read:
        if name not in known:
            raise ValueError(unknown(f"--config {config}", name, known))
    for table in ("grid", "static"):
        if not isinstance(read.get(table, {}), dict):
            raise ValueError(f"--config {config}: {table} must be a table, such as [{table}]")
        read[table] = {
            name: parse_values(f"{table}.{name}", values) if isinstance(values, str) else _tuples(values)
            for name, values in read.get(table, {}).items()
        }
    return read


def _tuples(values: Any) -> list[Any]:
    """TOML has lists only; where the command line has brackets these are tuples, of which functions may be made."""
    inside = lambda value: tuple(map(inside, value)) if isinstance(value, list) else value
    return list(map(inside, values if isinstance(values, list) else [values]))


def _spec(chosen: dict[str, Any]) -> Spec:
    for name in ("problem", "optimizer"):
        if name not in chosen:
            raise ValueError(
                f"{name}: none was given; write jaxopt-lab sweep PROBLEM OPTIMIZER, or name it in --config"
            )
    if chosen["dtype"] not in ("float32", "float64"):
        raise ValueError(f"dtype: got {chosen['dtype']!r}; give float32 or float64")
    allow(chosen["dtype"])
    problem = resolve("problem", str(chosen["problem"]), problem_factories())
    factories = _optimizers(chosen["optimizer"])
    grid, static = (_axes(name, chosen.get(name) or {}) for name in ("grid", "static"))
    record = int(chosen["record"]) if str(chosen["record"]).isdecimal() else chosen["record"]
    return make_spec(
        problem, factories if len(factories) > 1 else next(iter(factories.values())), grid,
        starts=chosen["starts"], num_steps=chosen["steps"], record=record, tolerance=chosen.get("tolerance"),
        seeds=chosen.get("seeds"), seed=chosen["seed"], static_grid=static, observe=None,
        dtype=chosen["dtype"], chunk_size=chosen.get("chunk_size"), tiling=chosen.get("tiling"),
    )  # fmt: skip


def _optimizers(named: Any) -> dict[str, Any]:
    """The optimisers by name, of a text with commas or of a list."""
    names = [str(name).strip() for name in (named if isinstance(named, list) else str(named).split(","))]
    if not names:
        raise ValueError("optimizer: got an empty list; name at least one (jaxopt-lab list optimizers shows all)")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"optimizer: {twice[0]} was named twice; name each once")
    return {name: resolve("optimizer", name, optimizer_factories()) for name in names}


def _axes(name: str, axes: Any) -> dict[str, Any]:
    """The axes of a grid: texts from the command line, or a table of the file that was read already."""
    return parse_axes(f"--{name}", axes) if isinstance(axes, list) else axes


def _describe(spec: Spec, *, stored: bool) -> None:
    """What would run; refused in the same words as the sweep itself where there is not enough memory for it."""
    settled, variants = settle(spec)
    plan = plan_of(settled)
    leading = {"optimizer": len(spec.optimizers)} if spec.several else {}
    shape = leading | {axis.name: len(axis.values) for axis in spec.static} | spec.lane_dims
    print("shape:        " + " × ".join(f"{name} {length}" for name, length in shape.items()))
    print(f"trajectories: {plan.num_variants * plan.num_lanes:,} of {spec.num_steps:,} steps")
    print(f"result:       {result_bytes(settled, variants):,} bytes")
    print(f"under way:    {working_bytes(settled, variants):,} bytes at most")
    with _own_words():
        check_memory(settled, variants, stored=stored)
    settled = measured(spec, settled, variants)
    plan = plan_of(settled)
    print(f"chunks:       {plan.num_chunks:,} of {plan.chunk_size:,} trajectories")
    print(f"tiling:       {settled.tiling} (lanes of one program : steps of one turn of its loop : form)")
    print(f"compilations: {plan.num_variants}")
