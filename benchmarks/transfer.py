"""Does the curve doctor know networks of another kind, trained by another library?

    .venv/bin/python benchmarks/transfer.py [--epochs 30] [--runs torch.nc] [--out transfer.json]

The doctor is made from small fully connected networks that the engine trains. Here PyTorch trains perceptrons and
convolutional networks with dropout and batch normalisation on images of digits; they are labelled by what their
neighbours in the sweep did, as the doctor's own are, and the doctor that the package ships says what is wrong. Nothing
is fitted. `--runs` keeps the trained networks, or takes those that were kept. PyTorch: `pip install -e ".[bench]"`.
"""

import itertools
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from script import parser

from jaxopt_lab import problems
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table, write_json
from jaxopt_lab.bench.rounds import MissingPeerError, need
from jaxopt_lab.curves import diagnose
from jaxopt_lab.curves.vocabulary import LABELS
from jaxopt_lab.labs.curves.examples import make_examples
from jaxopt_lab.labs.curves.scores import score

if TYPE_CHECKING:
    import xarray as xr

ADAM_RATES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
MOMENTUM_RATES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 0.5, 2.0)
ROWS, WIDTHS, DROPOUTS, SEEDS = (120, 700), (4, 16), (0.0, 0.5), (0, 1)
CLASSES, SIDE = 10, 8


class Family(NamedTuple):
    """Networks of one kind: every combination of rows, width, dropout, rate and seed.

    Attributes:
        network: ``perceptron``, ``convolutional`` or ``normalised``, which is convolutional with batch normalisation.
        optimizer: the name of one in ``torch.optim``.
        wrong: the share of training rows whose label is drawn anew.
    """

    network: str
    optimizer: str
    wrong: float

    @property
    def rates(self) -> tuple[float, ...]:
        """From far too low to far too high."""
        return MOMENTUM_RATES if self.optimizer == "SGD" else ADAM_RATES

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.network}, {self.optimizer}" + (f", {self.wrong:.0%} wrong" if self.wrong else "")


FAMILIES = (
    Family("perceptron", "SGD", 0.0),
    Family("perceptron", "Adam", 0.2),
    Family("convolutional", "SGD", 0.2),
    Family("normalised", "AdamW", 0.0),
)
DIMS = ("family", "data", "width", "regularisation", "rate", "seed", "epoch")


def train_family(family: Family, epochs: int) -> dict[str, np.ndarray]:
    """The curves of its networks by name, shape ``(data, width, regularisation, rate, seed, epochs + 1)``."""
    torch = need("torch")
    torch.set_num_threads(1)  # the families share the cores
    rows = _rows(family.wrong)
    shape = (len(ROWS), len(WIDTHS), len(DROPOUTS), len(family.rates), len(SEEDS))
    curves: dict[str, np.ndarray] = {}
    for place in np.ndindex(*shape):
        count, width, dropout, rate, seed = (
            choices[at] for choices, at in zip((ROWS, WIDTHS, DROPOUTS, family.rates, SEEDS), place, strict=True)
        )
        torch.manual_seed(seed)
        network = make_network(family.network, int(width), dropout)
        arguments = {"momentum": 0.9} if family.optimizer == "SGD" else {}
        optimizer = getattr(torch.optim, family.optimizer)(network.parameters(), rate, **arguments)
        few = rows | {"train": tuple(each[: int(count)] for each in rows["train"])}
        for epoch, seen in enumerate(trained(network, optimizer, few, epochs)):
            for name, value in seen.items():
                curves.setdefault(name, np.zeros((*shape, epochs + 1), np.float32))[*place, epoch] = value
    return curves


def _rows(wrong: float) -> dict[str, Any]:
    """Images and labels to train, to validate and for the truth."""
    torch = need("torch")
    data = problems.datasets.digits(validation=0.2, test=0.35)
    parts = {"train": data.train, "validation": data.validation, "true": data.test}
    draws = np.random.default_rng(0)
    rows = {}
    for name, part in parts.items():
        labels = np.array(part.labels)
        if name == "train":
            drawn = draws.random(len(labels)) < wrong
            labels[drawn] = draws.integers(0, CLASSES, drawn.sum())
        images = np.asarray(part.features, np.float32).reshape(-1, 1, SIDE, SIDE)
        rows[name] = (torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))
    return rows


def make_network(kind: str, width: int, dropout: float) -> Any:
    """A network over images of `SIDE` times `SIDE` points."""
    nn = need("torch").nn
    if kind == "perceptron":
        hidden = [nn.Linear(64, 8 * width), nn.ReLU(), nn.Dropout(dropout)]
        hidden += [nn.Linear(8 * width, 8 * width), nn.ReLU(), nn.Dropout(dropout)]
        return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(8 * width, CLASSES))
    layers: list[Any] = []
    for before, after in ((1, width), (width, 2 * width)):
        layers += [nn.Conv2d(before, after, 3, padding=1)]
        layers += [nn.BatchNorm2d(after)] if kind == "normalised" else []
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(8 * width, CLASSES))


def trained(network: Any, optimizer: Any, rows: dict[str, Any], epochs: int) -> Iterator[dict[str, float]]:
    """Train; what is seen before the first step and after each epoch, `batch_loss` with the dropout that is on then."""
    torch = need("torch")
    cross_entropy = torch.nn.functional.cross_entropy
    features, labels = rows["train"]
    for epoch in range(epochs + 1):
        network.train()
        of_batches = []
        for batch in torch.randperm(len(labels)).split(32) if epoch else ():
            optimizer.zero_grad()
            loss = cross_entropy(network(features[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            of_batches.append(loss.item())
        network.eval()
        seen = {}
        with torch.no_grad():
            for name, (images, truth) in rows.items():
                scores = network(images)
                seen[f"{name}_loss"] = cross_entropy(scores, truth).item()
                seen[f"{name}_accuracy"] = (scores.argmax(1) == truth).float().mean().item()
        yield seen | {"batch_loss": float(np.mean(of_batches)) if of_batches else seen["train_loss"]}


def train(families: Sequence[Family], epochs: int) -> "xr.Dataset":
    """All families, each in a process of its own."""
    began = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        runs = as_runs(families, list(pool.map(train_family, families, itertools.repeat(epochs))))
    runs.attrs["seconds"] = time.perf_counter() - began
    return runs


def as_runs(families: Sequence[Family], curves: Sequence[dict[str, np.ndarray]]) -> "xr.Dataset":
    """The curves as `make_examples` takes them."""
    import xarray as xr

    shape = curves[0]["train_loss"].shape[:-1]
    rates = [np.broadcast_to(np.array(each.rates)[:, None], shape) for each in families]
    return xr.Dataset(
        {name: (DIMS, np.stack([each[name] for each in curves])) for name in curves[0]}
        | {
            "learning_rate": (DIMS[:-1], np.stack(rates)),
            "classes": ("family", np.full(len(families), CLASSES)),
        },
        {
            "task": ("family", ["digits"] * len(families)),
            "held_out": ("family", [each.name for each in families]),
            "seed": (DIMS[:-1], np.broadcast_to(np.array(SEEDS), (len(families), *shape))),
        },
    )


def run(runs: "xr.Dataset", epochs: int) -> dict[str, Any]:
    """What the shipped doctor says of them, and how much of it is so."""
    examples = make_examples(runs, (epochs // 2, epochs))
    scores = score(examples, diagnose)
    everyone, *families = scores["groups"].items()
    scores["groups"] = {"all of them": everyone[1], **dict(families)}
    kept = ("groups", "baselines", "confusion")
    return {
        "networks": int(runs.seed.size),
        "epochs": [epochs // 2, epochs],
        "seconds": runs.attrs["seconds"],
        "scores": {name: scores[name] for name in kept},
        "machine": describe_machine(),
    }


def report(result: dict[str, Any]) -> str:
    """The scores for people."""
    names = ("runs", "macro_f1", "macro_f1_of_five", "overfitting_or_not", "false_alarms", "abstains")
    header = ["", "runs", "macro-F1", "of five", "overfit/not", "false alarms", "abstains", "rate too high, F1"]
    rows = {
        title: [
            [name, *(row.get(each) for each in names), row["f1"]["learning_rate_too_high"]]
            for name, row in result["scores"][part].items()
        ]
        for title, part in {"The doctor": "groups", "Published rules": "baselines"}.items()
    }
    confusion = [[name, *row] for name, row in zip(LABELS, result["scores"]["confusion"], strict=True)]
    lengths = " and ".join(map(str, result["epochs"]))
    head = (
        f"{result['networks']} networks of PyTorch, each as it stood after {lengths} epochs, trained in "
        f"{result['seconds']:.0f} s\n{one_line(result['machine'])}"
    )
    tables = {title: table(header, some) for title, some in rows.items()}
    tables["What is true (rows), and what was said"] = table(["", *LABELS], confusion)
    return "\n\n".join([head, *(f"{title}\n{rows}" for title, rows in tables.items())])


def main(arguments: list[str]) -> None:
    """Train, ask the doctor, print the tables, write the JSON."""
    options = parser(__doc__, epochs=30)
    options.add_argument("--runs", type=Path, help="where the trained networks are kept")
    chosen = options.parse_args(arguments)
    import xarray as xr

    if chosen.runs and chosen.runs.exists():
        runs = xr.load_dataset(chosen.runs)
    else:
        try:
            need("torch")
        except MissingPeerError as error:
            sys.exit(f"PyTorch is missing, which trains the networks: {error}")
        runs = train(FAMILIES, 2 * chosen.epochs)  # the second half says what more budget would have done
        if chosen.runs:
            runs.to_netcdf(chosen.runs)
    result = run(runs, chosen.epochs)
    print(report(result))
    if chosen.out:
        write_json(chosen.out, result)


if __name__ == "__main__":
    main(sys.argv[1:])
