"""TensorBoard's event files: a folder with some of them is a run, and its `train` and `validation` folders are one."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from jaxopt_lab.curves.reading.events import scalars
from jaxopt_lab.curves.reading.log import Log, Run, refusal, run_name
from jaxopt_lab.curves.reading.names import split_name
from jaxopt_lab.curves.reading.records import records
from jaxopt_lab.curves.reading.series import MOST_POINTS, Series, side_by_side

_BY_EPOCH = "epoch_"


def event_log(root: Path, files: Iterable[Path]) -> Log:
    """The runs in event files.

    Args:
        root: the file or folder that the user named.
        files: the event files.

    Raises:
        ValueError: if they hold no scalars, or far too many.
    """
    notes: list[str] = []
    folders = _by_folder(root, files, notes)
    ignored: dict[str, str] = {}
    runs: dict[tuple[Path, str], dict[str, Series]] = {}
    for folder, series in folders.items():
        axis, kept = _of_one_counter(series, ignored)
        run, curves = _named_by_folder(folder, kept)
        inside = folder if folder == root or root.is_file() else run
        runs.setdefault((inside, axis), {}).update(curves)
    if not runs:
        raise refusal(root, "its event files hold no scalars", "has the writer been flushed or closed?")
    tables = [
        Run(run_name(root, folder), side_by_side(series, axis), rewritten=True)
        for (folder, axis), series in runs.items()
    ]
    return Log("TensorBoard event files", tables, ignored, notes)


def _by_folder(root: Path, files: Iterable[Path], notes: list[str]) -> dict[Path, dict[str, Series]]:
    """The curves of each folder by their tags."""
    folders: dict[Path, dict[str, Series]] = {}
    count = 0
    for file in sorted(files):
        series = folders.setdefault(file.parent, {})
        for tag, step, value in scalars(_whole_records(file, notes)):
            of_tag = series.get(tag)
            if of_tag is None:
                of_tag = series[tag] = Series()
            of_tag.add(step, value)
            count += 1
            if count > MOST_POINTS:
                raise refusal(root, f"it has more than {MOST_POINTS:,} points", "pass the folder of one run")
    return {folder: series for folder, series in folders.items() if series}


def _whole_records(file: Path, notes: list[str]) -> Iterator[bytes]:
    lost = 0
    with file.open("rb") as opened:
        for payload in records(opened):
            if payload is None:
                lost += 1
            else:
                yield payload
    if lost:
        places = "one place" if lost == 1 else f"{lost} places"
        notes.append(f"{file.name}: cut short or damaged in {places}; the records there are lost")


def _of_one_counter(series: dict[str, Series], ignored: dict[str, str]) -> tuple[str, dict[str, Series]]:
    """Keras counts epochs in the tags that begin so, and batches in the others: those can't share a row."""
    by_epoch = {tag: each for tag, each in series.items() if tag.startswith(_BY_EPOCH)}
    if not by_epoch:
        return "step", series
    ignored |= {tag: "it counts batches where the other curves count epochs" for tag in series if tag not in by_epoch}
    return "epoch", by_epoch


def _named_by_folder(folder: Path, series: dict[str, Series]) -> tuple[Path, dict[str, Series]]:
    """The folder that stands for the run, and its curves with what the name of their own folder adds.

    Keras writes a run into `train` and `validation`, and PyTorch's `add_scalars` each curve into a folder
    `<tag>_<name>`: where only the folder's name says of which data the curves are, they belong to the folder above.
    """
    data, own = split_name(folder.name)
    if len(data) != 1 or any(split_name(tag)[0] for tag in series):
        return folder, series
    if not own:
        return folder.parent, {f"{folder.name}/{tag}": each for tag, each in series.items()}
    if [split_name(tag)[1] for tag in series] == [own]:
        return folder.parent, dict(zip([folder.name], series.values(), strict=True))
    return folder, series
