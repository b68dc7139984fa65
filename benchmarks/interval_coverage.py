"""How often do the intervals hold the truth? Scores with a known area, drawn again and again.

    .venv/bin/python benchmarks/interval_coverage.py [--simulations 1000] [--resamples 500] [--out FILE.json]

Scores of negatives are normal, those of positives too, a distance d higher: the area under the ROC curve is
Phi(d / sqrt 2), recall at a threshold t is Phi(d - t), specificity Phi(t). A second classifier has another distance,
and scores that correlate by a half. All intervals are of 95%, resamples are stratified.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from script import script

from jaxopt_lab import metrics
from jaxopt_lab.bench.machine import describe_machine, one_line
from jaxopt_lab.bench.output import table

HERE = Path(__file__).parent
PHI = NormalDist().cdf
CONFIDENCE = 0.95
CORRELATION = 0.5
SHORTER = 0.3  # by how much less the second classifier tells apart


class Case(NamedTuple):
    """How many of each class, and how far apart their scores are."""

    positives: int
    negatives: int
    distance: float


CASES = (
    Case(15, 285, 1.0),
    Case(15, 285, 2.0),
    Case(50, 250, 1.0),
    Case(50, 250, 2.0),
    Case(150, 150, 1.0),
)


class Sample(NamedTuple):
    """True labels, and the scores of two classifiers."""

    true: np.ndarray
    score: np.ndarray
    other: np.ndarray


class Interval(NamedTuple):
    """An interval, and what it should hold."""

    truth: float
    lower: float
    upper: float


def draw(case: Case, random: np.random.Generator) -> Sample:
    """One sample."""
    true = np.repeat([0, 1], [case.negatives, case.positives])
    noise = random.normal(size=(2, true.size))
    other = CORRELATION * noise[0] + (1 - CORRELATION**2) ** 0.5 * noise[1]
    return Sample(true, noise[0] + case.distance * true, other + (case.distance - SHORTER) * true)


def area(distance: float) -> float:
    """Of the whole population."""
    return PHI(distance / 2**0.5)


Make = Callable[[Sample, Case, int], Interval]
"""``make(sample, case, resamples) -> Interval``"""


def of_area(method: str, sample: Sample, case: Case, resamples: int) -> Interval:
    """Of the area under the ROC curve."""
    return Interval(area(case.distance), *_ends(method, resamples, sample.true, sample.score))


def of_difference(method: str, sample: Sample, case: Case, resamples: int) -> Interval:
    """Of the difference between the two areas."""
    truth = area(case.distance) - area(case.distance - SHORTER)
    return Interval(truth, *_ends(method, resamples, *sample))


def _ends(method: str, resamples: int, *sample: np.ndarray) -> tuple[float, float]:
    if method == "delong":
        return metrics.delong(*sample)[1:3]
    options: dict[str, Any] = {"method": method, "resamples": resamples, "stratified": True}
    return metrics.bootstrap(metrics.roc_auc_score, *sample, **options)[1:3]


def of_recall(sample: Sample, case: Case, resamples: int) -> Interval:
    """Of the recall from half the distance up."""
    del resamples
    threshold = case.distance / 2
    hits = int((sample.score[sample.true == 1] >= threshold).sum())
    return Interval(PHI(case.distance - threshold), *metrics.wilson(hits, case.positives)[1:])


def of_choice(sample: Sample, case: Case, resamples: int) -> Interval:
    """Of the balanced accuracy, on new data, of the threshold that is best on the sample."""
    choice = metrics.choose_threshold(
        sample.true, sample.score, metrics.balanced_accuracy_score, resamples=min(resamples, 200)
    )
    threshold = choice.threshold.value
    return Interval((PHI(case.distance - threshold) + PHI(threshold)) / 2, choice.value.lower, choice.value.upper)


METHODS: dict[tuple[str, str], Make] = {
    **{("AUC", method): partial(of_area, method) for method in ("delong", "percentile", "bca")},
    **{("difference of AUC", method): partial(of_difference, method) for method in ("delong", "percentile", "bca")},
    ("recall", "wilson"): of_recall,
    ("balanced accuracy at a chosen threshold", "optimism"): of_choice,
}


def rows(case: Case, simulations: int, resamples: int) -> Iterator[dict[str, Any]]:
    """Each kind of interval on the same samples."""
    random = np.random.default_rng(0)
    drawn = [draw(case, random) for _ in range(simulations)]
    for (what, method), make in METHODS.items():
        intervals = np.array([make(sample, case, resamples) for sample in drawn])
        truth, lower, upper = intervals.T
        covered = float(((lower <= truth) & (truth <= upper)).mean())
        yield {
            **case._asdict(),
            "what": what,
            "method": method,
            "truth": float(truth.mean()),
            "coverage": covered,
            "coverage_error": (covered * (1 - covered) / simulations) ** 0.5,
            "truth_below": float((truth < lower).mean()),
            "truth_above": float((truth > upper).mean()),
            "length": float((upper - lower).mean()),
        }


def run(simulations: int, resamples: int) -> dict[str, Any]:
    """Every case."""
    return {
        "simulations": simulations,
        "resamples": resamples,
        "confidence": CONFIDENCE,
        "machine": describe_machine(),
        "rows": [row for case in CASES for row in rows(case, simulations, resamples)],
    }


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    columns = ["of", "interval", "positives", "negatives", "truth", "coverage", "+-", "truth below", "above", "length"]
    keys = ("what", "method", "positives", "negatives", "truth", "coverage", "coverage_error")
    lines = [[*(row[key] for key in (*keys, "truth_below", "truth_above", "length"))] for row in result["rows"]]
    said = f"{result['simulations']:,} samples, {result['resamples']:,} resamples each, 95% intervals"
    return "\n".join([said, one_line(result["machine"]), table(columns, lines)])


def markdown(result: dict[str, Any]) -> str:
    """The table of the page on uncertainty."""
    lines = ["| of | interval | positives, negatives | truth | held | length |", "|---|---|---:|---:|---:|---:|"]
    lines += [
        f"| {row['what']} | {row['method']} | {row['positives']}, {row['negatives']} | {row['truth']:.3f} "
        f"| {row['coverage']:.1%} | {row['length']:.3f} |"
        for row in result["rows"]
    ]
    simulations, resamples = result["simulations"], result["resamples"]
    error = 100 * (CONFIDENCE * (1 - CONFIDENCE) / simulations) ** 0.5
    said = f"{simulations:,} samples each, {resamples:,} resamples; a share of 95% is known to {error:.1f} points."
    return "\n".join([*lines, "", said])


main = script(__doc__, run, report, simulations=1000, resamples=500)

if __name__ == "__main__":
    main(sys.argv[1:])
