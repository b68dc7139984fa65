"""How good is the curve doctor? Networks are trained, labelled by interventions, fitted on, and scored where held out.

    .venv/bin/python benchmarks/doctor.py [--families 64] [--write-model] [--runs runs.nc] [--out doctor.json]

The scores are of the numbers that were fitted in this run; `--write-model` puts these where the package reads them.
Fitting sees none of the tasks, depths and optimisers that are scored. `--runs` keeps the trained networks, or takes
those that were kept.
"""

import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from script import parser

from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table, write_json
from jaxopt_lab.curves import diagnosis
from jaxopt_lab.curves.diagnosis import Doctor
from jaxopt_lab.curves.vocabulary import LABELS, REMEDIES
from jaxopt_lab.labs.curves.examples import LENGTHS, Example, make_examples
from jaxopt_lab.labs.curves.families import families, train_families
from jaxopt_lab.labs.curves.fitting import fit
from jaxopt_lab.labs.curves.pictures import data_picture, family_pictures
from jaxopt_lab.labs.curves.scores import score

if TYPE_CHECKING:
    import xarray as xr

MODEL = Path(diagnosis.__file__).with_name("model.json")
MILLISECONDS = 200


def run(runs: "xr.Dataset") -> tuple[dict[str, Any], dict[str, Any]]:
    """Label, fit and score; the result, and the doctor's numbers."""
    began = time.perf_counter()
    examples = make_examples(runs)
    labelled = time.perf_counter()
    parts = {
        "seen": [example for example in examples if not example.held_out],
        "held out": [example for example in examples if example.held_out],
    }
    numbers = fit(parts["seen"])
    doctor = Doctor(numbers)
    fitted = time.perf_counter()
    result = {
        "networks": int(runs.seed.size),
        "epochs": list(LENGTHS),
        "families": {part: len({each.family for each in some}) for part, some in parts.items()},
        "seconds": {"train": runs.attrs["seconds"], "label": labelled - began, "fit": fitted - labelled},
        "training_processor_seconds": runs.attrs["processor_seconds"],
        "chosen": {name: numbers[name] for name in ("temperature", "abstain_below")},
        "labels": {
            part: dict(
                zip(LABELS, np.bincount([each.label for each in some], minlength=len(LABELS)).tolist(), strict=True)
            )
            for part, some in parts.items()
        },
        "scores": score(parts["held out"], doctor.diagnose),
        "remedies": numbers["remedies"],
        "milliseconds": milliseconds(parts["held out"], doctor),
        "machine": describe_machine(),
    }
    return result, numbers


def trained_runs(most_families: int, kept: Path | None) -> "xr.Dataset":
    """The networks, from where they were kept or trained now."""
    import xarray as xr

    if kept and kept.exists():
        return xr.load_dataset(kept)
    everyone = families()
    chosen = [everyone[at] for at in np.linspace(0, len(everyone) - 1, min(most_families, len(everyone))).astype(int)]
    began, spent = time.perf_counter(), time.process_time()
    runs = train_families(chosen)
    runs.attrs |= {"seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - spent}
    if kept:
        runs.to_netcdf(kept)
    return runs


def draw(runs: "xr.Dataset", folder: Path) -> None:
    """The first family over its rates and against them, and its task over the number of rows, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture in [*family_pictures(runs, 0, LENGTHS[-1]), data_picture(runs, str(runs.task.values[0]), LENGTHS[-1])]:
        picture.figure.savefig(folder / f"{picture.name}.png")


def readable(numbers: dict[str, Any]) -> str:
    """The numbers as JSON in which each short list is one line."""
    text = json.dumps(numbers, indent=1, allow_nan=False)
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


def milliseconds(examples: list[Example], doctor: Doctor) -> float:
    """The median time of a diagnosis."""
    times = []
    for example in examples[:: max(1, len(examples) // MILLISECONDS)]:
        log = example.log()
        began = time.perf_counter()
        doctor.diagnose(log)
        times.append(1e3 * (time.perf_counter() - began))
    return float(np.median(times))


def report(result: dict[str, Any]) -> str:
    """The scores for people."""
    scores = result["scores"]
    everything = scores["groups"]["everything held out"]
    seconds = result["seconds"]
    columns = ["", "runs", "macro-F1", "95%", "of five", "overfit/not", "false alarms", "abstains", "ECE"]

    def rows(some: dict[str, Any]) -> list[list[Any]]:
        names = ("macro_f1_of_five", "overfitting_or_not", "false_alarms", "abstains", "calibration_error")
        return [
            [name, row["runs"], row["macro_f1"], " to ".join(map(str, row["interval"])), *map(row.get, names)]
            for name, row in some.items()
        ]

    each = [
        [name, result["labels"]["seen"][name], result["labels"]["held out"][name],
         everything["recall"][name], everything["f1"].get(name)]
        for name in LABELS
    ]  # fmt: skip
    remedies = [
        [
            words,
            *(
                result["remedies"][label][name]["helped"] if result["remedies"][label][name]["tried"] else None
                for label in LABELS
            ),
        ]
        for name, words in REMEDIES.items()
    ]
    labels = [[name, *row] for name, row in zip(LABELS, scores["confusion"], strict=True)]
    first = [[name, *row.values()] for name, row in scores["remedies"].items()]
    surest = [list(row.values()) for row in scores["coverage"]]
    lengths = ", ".join(map(str, result["epochs"]))
    head = (
        f"{result['networks']:,} networks of {result['families']['seen']} families seen and "
        f"{result['families']['held out']} held out, each as it stood after {lengths} epochs\n"
        f"trained in {seconds['train']:.0f} s ({result['training_processor_seconds']:.0f} s of processor), labelled in "
        f"{seconds['label']:.0f} s, fitted in {seconds['fit']:.0f} s\n"
        f"a diagnosis takes {result['milliseconds']:.2g} ms\n"
        f"{one_line(result['machine'])}"
    )
    tables = {
        "On what was held out": table(columns, rows(scores["groups"])),
        "Beside published rules": table(columns, rows(scores["baselines"])),
        "Without a curve": table(columns, rows(scores["without"])),
        "From the first of the epochs": table(columns, rows(scores["shares"])),
        "Each label": table(["", "seen", "held out", "recall", "F1"], each),
        "What is true (rows), and what was said": table(["", *LABELS], labels),
        "The surest": table(["coverage", "accuracy", "least probability"], surest),
        "The first remedy named, where something is wrong": table(["", "runs", "helped", "closed", "regret"], first),
        "How often each remedy lowers the true risk beyond seed noise": table(["", *LABELS], remedies),
    }
    return "\n\n".join([head, *(f"{title}\n{rows}" for title, rows in tables.items())])


def main(arguments: list[str]) -> None:
    """Train, fit, score, print the tables, write the JSON, and the model where it is asked for."""
    options = parser(__doc__, families=len(families()))
    options.add_argument("--write-model", action="store_true", help="put the numbers where the package reads them")
    options.add_argument("--pictures", type=Path, help="a folder for pictures of the trained networks")
    options.add_argument("--runs", type=Path, help="where the trained networks are kept")
    chosen = options.parse_args(arguments)
    runs = trained_runs(chosen.families, chosen.runs)
    result, numbers = run(runs)
    print(report(result))
    if chosen.write_model:
        MODEL.write_text(readable(numbers), encoding="utf-8")
    if chosen.pictures:
        draw(runs, chosen.pictures)
    if chosen.out:
        write_json(chosen.out, result)


if __name__ == "__main__":
    main(sys.argv[1:])
