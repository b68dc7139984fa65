"""How long does a large training log take to read, and how much memory? An event file of 100 MB, and a CSV of as much.

    .venv/bin/python benchmarks/logs.py [--megabytes 100] [--out logs.json]

Every log is read by `curves.read` in a process of its own, which says how much memory it held at most. The event file
is the worst there is: nothing but scalars, four curves in turn, two as TensorFlow 1 and PyTorch write them and two as
TensorFlow 2 does. Reading it is timed beside going through its records without looking into them.
"""

import json
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from script import parser

from jaxopt_lab.bench.machine import describe_machine, one_line, peak_bytes
from jaxopt_lab.bench.output import table, write_json

TAGS = ("train/loss", "val/loss", "train/accuracy", "val/accuracy")
TARGET_SECONDS, TARGET_BYTES = 20.0, 500 << 20


def varint(number: int) -> bytes:
    """A whole number in groups of seven bits, the lowest first."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups[-1] |= 0x80
        groups.append(number & 0x7F)
    return bytes(groups)


def field(number: int, content: bytes) -> bytes:
    """A field of bytes of a protocol buffer."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def scalar_event(tag: str, step: int, value: float, *, tensor: bool) -> bytes:
    """One scalar, as TensorFlow 2 writes it (a tensor) or as TensorFlow 1 and PyTorch do."""
    number = struct.pack("<f", value)
    if tensor:
        metadata = field(9, field(1, field(1, b"scalars")))
        written = field(8, b"\x08\x01" + field(2, b"") + field(4, number)) + metadata
    else:
        written = b"\x15" + number
    summary = field(5, field(1, field(1, tag.encode()) + written))
    return b"\x09" + struct.pack("<d", 1.7e9 + step) + b"\x10" + varint(step) + summary


def record(payload: bytes) -> bytes:
    """The payload in its frame."""
    from jaxopt_lab.curves.reading.records import masked_checksum

    length = struct.pack("<Q", len(payload))
    return b"".join(
        (length, struct.pack("<I", masked_checksum(length)), payload, struct.pack("<I", masked_checksum(payload)))
    )


def points() -> Iterator[tuple[int, str, float]]:
    """Steps without end, and at each the value of every curve."""
    step = 0
    while True:
        for place, tag in enumerate(TAGS):
            yield step, tag, 1.0 / (1 + step * (place + 1) / 1000)
        step += 1


def write_events(file: Path, size: int) -> int:
    """An event file of this many bytes or a little more; how many points it holds."""
    count, written = 0, 0
    with file.open("wb") as out:
        for step, tag, value in points():
            if written >= size:
                break
            written += out.write(record(scalar_event(tag, step, value, tensor=tag.startswith("val"))))
            count += 1
    return count


def write_csv(file: Path, size: int) -> int:
    """A CSV of this many bytes or a little more; how many points it holds."""
    count, written = 0, 0
    with file.open("w", encoding="ascii") as out:
        out.write(",".join(["step", *TAGS]) + "\n")
        row: list[str] = []
        for step, _, value in points():
            row.append(repr(value))
            if len(row) == len(TAGS):
                written += out.write(",".join([str(step), *row]) + "\n")
                count += len(row)
                row = []
                if written >= size:
                    break
    return count


def frames_alone(file: Path) -> int:
    """Go through the records of an event file, checksums and all."""
    from jaxopt_lab.curves.reading.records import records

    with file.open("rb") as opened:
        return sum(payload is not None for payload in records(opened))


def whole_log(file: Path) -> int:
    """Read a log; how many numbers of curves its table holds."""
    from jaxopt_lab.curves import read

    curves = read(file)
    return int(curves[["train_loss", "val_loss", "train_accuracy", "val_accuracy"]].notna().to_numpy().sum())


READINGS: dict[str, tuple[Callable[[Path, int], int], Callable[[Path], int]]] = {
    "event file, records alone": (write_events, frames_alone),
    "event file": (write_events, whole_log),
    "CSV": (write_csv, whole_log),
}


def in_this_process(name: str, file: Path) -> dict[str, Any]:
    """Read once and see what it took."""
    import pandas as pd  # noqa: F401 - what importing takes is not asked here

    before, start, start_busy = peak_bytes(), time.perf_counter(), time.process_time()
    count = READINGS[name][1](file)
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - start_busy,
        "points": count,
        "peak_bytes_before": before,
        "peak_bytes": peak_bytes(),
    }


def in_a_child(name: str, size: int) -> dict[str, Any]:
    """The same in a process that has held nothing else, of a file that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        file, place = Path(folder) / "log", Path(folder) / "result.json"
        count = READINGS[name][0](file, size)
        command = [sys.executable, __file__, "--inside", name, "--file", file, "--out", place]
        subprocess.run(command, check=True)
        return json.loads(place.read_text(encoding="utf-8")) | {"bytes": file.stat().st_size, "written": count}


def run(megabytes: int) -> dict[str, Any]:
    """Read every log."""
    rows = {name: in_a_child(name, megabytes * 10**6) for name in READINGS}
    events = rows["event file"]
    return {
        "megabytes": megabytes,
        "machine": describe_machine(),
        "rows": rows,
        "target": {"seconds": TARGET_SECONDS, "bytes": TARGET_BYTES},
        "met": events["seconds"] < TARGET_SECONDS and events["peak_bytes"] < TARGET_BYTES,
    }


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    rows = [
        [
            name, row["points"], row["seconds"], row["processor_seconds"], row["bytes"] / row["seconds"] / 1e6,
            row["peak_bytes"] / 2**20, row["peak_bytes_before"] / 2**20,
        ]
        for name, row in result["rows"].items()
    ]  # fmt: skip
    target = f"an event file of 100 MB in under {TARGET_SECONDS:.0f} s and {TARGET_BYTES >> 20} MiB"
    parts = [
        f"logs of {result['megabytes']} MB, each read in a process of its own",
        one_line(result["machine"]),
        table(["log", "points", "seconds", "of processor", "MB/s", "peak MiB", "before MiB"], rows),
        f"target: {target}: {'met' if result['met'] else 'missed'}",
    ]
    return "\n".join(parts)


def main(arguments: list[str]) -> None:
    """Measure, print the table, write the JSON."""
    options = parser(__doc__, megabytes=100)
    options.add_argument("--inside", choices=list(READINGS), help="read in this process")
    options.add_argument("--file", type=Path, help="the log that is read in this process")
    chosen = options.parse_args(arguments)
    if chosen.inside:
        result = in_this_process(chosen.inside, chosen.file)
    else:
        result = run(chosen.megabytes)
        print(report(result))
    if chosen.out:
        write_json(chosen.out, result)


if __name__ == "__main__":
    main(sys.argv[1:])
