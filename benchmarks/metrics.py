"""How fast are the metrics beside scikit-learn's, eager and compiled, from a few hundred samples to a million?

    .venv/bin/python benchmarks/metrics.py [--most-samples 1000000] [--rounds 5] [--out metrics.json]

Each call is made as often in a row as makes up a measurable time; the values are compared as well as the times.
"""

import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sklearn.metrics
from script import script

from jaxopt_lab import metrics
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table
from jaxopt_lab.bench.rounds import Method, measure

OF_SCORES = ("roc_auc_score", "average_precision_score", "log_loss", "brier_score_loss")
OF_CLASSES = ("confusion_matrix", "f1_score", "matthews_corrcoef", "balanced_accuracy_score")
SAMPLES = (300, 10_000, 1_000_000)
NAME_LABELS = ("confusion_matrix", "log_loss")
TRACED_NAME_LABELS = ("matthews_corrcoef", "balanced_accuracy_score")  # scikit-learn's own take no labels
TOGETHER = 20_000  # samples that a timed call goes through at least

SKLEARN, EAGER, COMPILED = "scikit-learn", "jaxopt_lab", "jaxopt_lab, jit"


def samples(count: int) -> dict[str, np.ndarray]:
    """Rare positives, with scores that tell them apart somewhat."""
    draws = np.random.default_rng(0)
    true = (draws.uniform(size=count) < 0.1).astype(np.int32)
    true[:2] = 0, 1
    score = (1 / (1 + np.exp(-(draws.normal(size=count) + 1.5 * true - 1)))).astype(np.float32)
    return {"true": true, "score": score, "class": (score > 0.5).astype(np.int32)}


def methods(name: str, count: int) -> dict[str, Callable[[], Any]]:
    """One metric by each of the three ways."""
    data = samples(count)
    predicted = data["score" if name in OF_SCORES else "class"]
    true = data["true"]
    listed = {"labels": (0, 1)}  # which, inside a trace, can't be read off the values
    both = listed if name in NAME_LABELS else {}
    theirs, eager = getattr(sklearn.metrics, name), getattr(metrics, name)
    compiled = jax.jit(lambda y, p: eager(y, p, **(both or (listed if name in TRACED_NAME_LABELS else {}))))
    on_device = jnp.asarray(true), jnp.asarray(predicted)
    return {
        SKLEARN: lambda: theirs(true, predicted, **both),
        EAGER: lambda: eager(true, predicted, **both),
        COMPILED: lambda: jax.block_until_ready(compiled(*on_device)),
    }


def row(name: str, count: int, rounds: int) -> dict[str, Any]:
    """One metric at one size: microseconds a call each way, and how far the values are apart."""
    calls, repeats = methods(name, count), max(1, TOGETHER // count)
    timings = measure(
        {
            way: Method(lambda call=call: lambda: [call() for _ in range(repeats)], repeats)
            for way, call in calls.items()
        },
        rounds,
    )
    values = {way: np.asarray(call(), float) for way, call in calls.items()}
    return {
        "metric": name,
        "samples": count,
        "microseconds": {way: 1e6 / timing.rate for way, timing in timings.timed.items()},
        "times_as_fast": {way: timings.ratio(way, SKLEARN) for way in (EAGER, COMPILED)},
        "differs_by": {way: float(np.abs(values[way] - values[SKLEARN]).max()) for way in (EAGER, COMPILED)},
        "methods": timings.rows(),
    }


def run(most_samples: int, rounds: int) -> dict[str, Any]:
    """Every metric at every size."""
    rows = [row(name, count, rounds) for count in SAMPLES if count <= most_samples for name in OF_SCORES + OF_CLASSES]
    return {
        "rounds": rounds,
        "machine": describe_machine() | {"scikit-learn": sklearn.__version__},
        "rows": rows,
    }


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    columns = ["metric", "samples", *(f"{way}, us" for way in (SKLEARN, EAGER, COMPILED))]
    columns += ["eager x as fast", "jit x as fast", "eager differs by", "jit differs by"]
    rows = [
        [
            each["metric"], each["samples"], *(each["microseconds"][way] for way in (SKLEARN, EAGER, COMPILED)),
            *each["times_as_fast"].values(), *(f"{apart:.0e}" for apart in each["differs_by"].values()),
        ]
        for each in result["rows"]
    ]  # fmt: skip
    parts = [f"median of {result['rounds']} rounds", one_line(result["machine"]), table(columns, rows)]
    return "\n".join(parts)


main = script(__doc__, run, report, most_samples=1_000_000, rounds=5)

if __name__ == "__main__":
    main(sys.argv[1:])
