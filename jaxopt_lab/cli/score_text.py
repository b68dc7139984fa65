"""What ``jaxopt-lab score`` says: to a person, and to a program."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jaxopt_lab.evaluation import BinaryReport, ClassesReport, Measured, ThresholdTable


class Findings(NamedTuple):
    """What was found about one classifier, or two.

    Attributes:
        label: the column of true labels.
        reports: of each classifier by its name.
        differences: the first minus the second, if there are two.
        prevalence: at which predictive values were taken; None for that of the rows.
        source: the file.
        confidence: of every interval.
    """

    label: str
    reports: "Mapping[str, BinaryReport] | Mapping[str, ClassesReport]"
    differences: "dict[str, Measured] | None"
    prevalence: float | None = None
    source: str = ""
    confidence: float = 0.95

    @property
    def is_binary(self) -> bool:
        """Whether one score was judged, and not classes."""
        return hasattr(next(iter(self.reports.values())), "thresholds")

    def draw(self) -> "Figure":
        """The page of all figures."""
        from jaxopt_lab.plots import binary_page, classes_page

        page: Any = binary_page if self.is_binary else classes_page
        return page(self.reports, self.differences, title=self.headline())

    def headline(self) -> str:
        """How many rows of which classes there are."""
        report = next(iter(self.reports.values()))
        counts = report.confusion.sum(axis=1).tolist()
        parts = [f"{count:,} of class {name}" for name, count in zip(report.class_names, counts, strict=True)]
        told = ", ".join(parts) if len(parts) <= 6 else f"{len(parts)} classes"
        return f"{self.source}: {sum(counts):,} rows, {told}"


def as_text(found: Findings) -> str:
    """A report to read.

    Args:
        found: what is to be said.
    """
    lines = [found.headline()]
    for name, report in found.reports.items():
        lines += ["", f"{name}, measured against {found.label}", *_measured(report.measured, found.confidence)]
        lines += ["", *_confusion(report.confusion, report.class_names)]
        lines += _thresholds(report, found) if found.is_binary else _each_class(report)
    if found.differences is not None:
        lines += ["", " minus ".join(found.reports), *_measured(found.differences, found.confidence)]
    return "\n".join(lines)


def as_json(found: Findings) -> str:
    """The same for a program; what is not known is null.

    Args:
        found: what is to be said.
    """
    content: dict[str, Any] = {
        "source": found.source,
        "label": found.label,
        "confidence": found.confidence,
        "classifiers": {
            name: {
                "classes": report.class_names,
                "confusion": report.confusion,
                "metrics": _plain(report.measured),
                **(_binary_json(report) if found.is_binary else _classes_json(report)),
            }
            for name, report in found.reports.items()
        },
    }
    if found.differences is not None:
        content["differences"] = _plain(found.differences)
    return json.dumps(_known(content), indent=1, allow_nan=False)


def _measured(measured: "Mapping[str, Measured]", confidence: float) -> list[str]:
    lines = [f"  {'metric':<42}{'value':>9}  {f'{100 * confidence:g}% interval':<22}found by"]
    for name, each in measured.items():
        interval = "-" if math.isnan(each.lower) else f"{each.lower:.4f} to {each.upper:.4f}"
        lines.append(f"  {name:<42}{each.value:>9.4f}  {interval:<22}{each.method}")
    return lines


def _confusion(matrix: np.ndarray, names: Sequence[str]) -> list[str]:
    width = max(12, *(len(name) + 2 for name in names))
    lines = [f"  {'actual, called':<{width + 4}}" + "".join(f"{name:>{width}}" for name in names)]
    for name, row in zip(names, matrix.tolist(), strict=True):
        lines.append(f"  {name:<{width + 4}}" + "".join(f"{count:>{width},}" for count in row))
    return lines


def _thresholds(report: Any, found: Findings) -> list[str]:
    share = "the rows' own share of positives" if found.prevalence is None else f"a prevalence of {found.prevalence:g}"
    lines = [
        "",
        f"  decisions; predictive values (PPV, NPV) are at {share}",
        f"  {'threshold':>10}{'called':>10}" + "".join(f"{name:>24}" for name in _RATES),
    ]
    for row in _rows(report.thresholds):
        rates = (row[field] for field in _RATES.values())
        told = "".join(f"{f'{value:.3f} ({lower:.3f}-{upper:.3f})':>24}" for value, lower, upper in rates)
        mark = "  in use" if row["threshold"] == report.threshold else ""
        lines.append(f"  {row['threshold']:>10.4g}{row['tp'] + row['fp']:>10,}{told}{mark}")
    return [*lines, "  (a threshold chosen on these rows looks better here than it will elsewhere)"]


_RATES = {"sensitivity": "sensitivity", "specificity": "specificity", "PPV": "ppv", "NPV": "npv"}


def _rows(table: "ThresholdTable") -> list[dict[str, Any]]:
    counts = {name: getattr(table, name).tolist() for name in ("threshold", "tn", "fp", "fn", "tp")}
    rates = {name: np.stack(each, axis=1).tolist() for name, each in table.diagnosis._asdict().items()}
    return [{name: column[place] for name, column in (counts | rates).items()} for place in range(table.tp.size)]


def _each_class(report: Any) -> list[str]:
    lines = ["", f"  {'class':<20}{'recall':>24}{'precision':>24}"]
    for name in report.class_names:
        pair = (report.recall[name], report.precision[name])
        told = "".join(f"{f'{each.value:.3f} ({each.lower:.3f}-{each.upper:.3f})':>24}" for each in pair)
        lines.append(f"  {name:<20}{told}")
    return lines


def _binary_json(report: Any) -> dict[str, Any]:
    return {"threshold": report.threshold, "thresholds": _rows(report.thresholds)}


def _classes_json(report: Any) -> dict[str, Any]:
    return {"recall": _plain(report.recall), "precision": _plain(report.precision)}


def _plain(measured: "Mapping[str, Measured]") -> dict[str, Any]:
    return {name: each._asdict() for name, each in measured.items()}


def _known(value: Any) -> Any:
    """Plain lists and numbers, None for what is not finite."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: _known(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_known(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
