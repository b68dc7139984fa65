"""How many bootstrap resamples of a metric a second, beside a loop over scikit-learn's?

    .venv/bin/python benchmarks/bootstrap.py [--most-samples 10000] [--rounds 5] [--out bootstrap.json]

Both draw rows with replacement and measure the metric on them; ours is timed from the call to the interval (BCa). The
replicates of both are compared as well as the times: their standard errors agree within what the draws leave open.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
import sklearn.metrics
from script import script

from jaxopt_lab import metrics
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table
from jaxopt_lab.bench.rounds import Method, measure

SAMPLES = (300, 10_000)
RESAMPLED_ROWS = 6_000_000  # rows that our timed call draws
LOOPED_ROWS = 60_000  # rows that scikit-learn's loop draws, and at least thirty resamples

OURS, LOOP = "jaxopt_lab", "scikit-learn, a loop"
READS = {
    "roc_auc_score": "score",
    "average_precision_score": "score",
    "brier_score_loss": "score",
    "f1_score": "label",
}
TARGETS = {("roc_auc_score", 300): 150.0, ("roc_auc_score", 10_000): 50.0}


def samples(count: int) -> dict[str, np.ndarray]:
    """One positive in ten, with scores that tell them apart somewhat."""
    draws = np.random.default_rng(0)
    true = (np.arange(count) % 10 == 0).astype(int)
    score = 1 / (1 + np.exp(1 - draws.normal(size=count) - 1.5 * true))
    return {"true": true, "score": score, "label": (score > 0.5).astype(int)}


def loop(metric: Callable[..., float], true: np.ndarray, predicted: np.ndarray, resamples: int) -> np.ndarray:
    """The metric of each resample, one after the other."""
    draws = np.random.default_rng(1)
    replicates = np.empty(resamples)
    for place in range(resamples):
        rows = draws.integers(true.size, size=true.size)
        replicates[place] = metric(true[rows], predicted[rows])
    return replicates


def row(name: str, count: int, rounds: int) -> dict[str, Any]:
    """One metric at one size: resamples a second either way, and the standard errors found."""
    data = samples(count)
    true, predicted = data["true"], data[READS[name]]
    many, few = max(300, RESAMPLED_ROWS // count), max(30, LOOPED_ROWS // count)
    ours = lambda: metrics.bootstrap(getattr(metrics, name), true, predicted, resamples=many)
    theirs = lambda: loop(getattr(sklearn.metrics, name), true, predicted, few)
    timings = measure({OURS: Method(lambda: ours, many), LOOP: Method(lambda: theirs, few)}, rounds)
    ratio, target = timings.ratio(OURS, LOOP), TARGETS.get((name, count))
    return {
        "metric": name,
        "samples": count,
        "resamples": {OURS: many, LOOP: few},
        "a_second": {way: timing.rate for way, timing in timings.timed.items()},
        "times_as_fast": ratio,
        "target": target,
        "met": None if target is None or ratio is None else ratio >= target,
        "standard_error": {OURS: float(ours().standard_error), LOOP: float(theirs().std(ddof=1))},
        "methods": timings.rows(),
    }


def run(most_samples: int, rounds: int) -> dict[str, Any]:
    """Every metric at every size."""
    return {
        "rounds": rounds,
        "machine": describe_machine() | {"scikit-learn": sklearn.__version__},
        "rows": [row(name, count, rounds) for count in SAMPLES if count <= most_samples for name in READS],
    }


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    columns = ["metric", "samples", f"{OURS}, 1/s", f"{LOOP}, 1/s", "x as fast", "target", "met"]
    columns += [f"standard error, {OURS}", f"standard error, {LOOP}"]
    rows = [
        [
            each["metric"], each["samples"], *(each["a_second"][way] for way in (OURS, LOOP)), each["times_as_fast"],
            each["target"], each["met"], *(each["standard_error"][way] for way in (OURS, LOOP)),
        ]
        for each in result["rows"]
    ]  # fmt: skip
    return "\n".join([f"median of {result['rounds']} rounds", one_line(result["machine"]), table(columns, rows)])


main = script(__doc__, run, report, most_samples=10_000, rounds=5)

if __name__ == "__main__":
    main(sys.argv[1:])
