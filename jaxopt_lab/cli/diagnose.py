"""``jaxopt-lab diagnose``: what is wrong with a training run, by its log."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from jaxopt_lab.cli.files import check_target, write_whole
from jaxopt_lab.cli.values import MaybeWhole

if TYPE_CHECKING:
    import pandas as pd

    from jaxopt_lab.curves import Diagnosis
    from jaxopt_lab.curves.compare import Better

MOST_REMEDIES = 4
"""How many remedies are printed; --json has all."""


def diagnose(
    path: Path,
    /,
    *,
    num_classes: MaybeWhole = None,
    column: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    plot: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Read a training log and say what is wrong, by which evidence, and what to try.

    Args:
        path: a log: Keras, Hugging Face, Lightning, TensorBoard, W&B, MLflow, CSV or JSON; a file or a folder.
        num_classes: how many classes there are, if the losses are cross-entropies; it helps.
        column: what the log calls a curve where that can't be told, such as train_loss=objective.
        as_json: print JSON for programs.
        plot: draw the curves with the findings marked, into a file ending in .png, .svg or .pdf.
        overwrite: replace a picture that lies there already.
    """
    from jaxopt_lab import curves
    from jaxopt_lab.curves.compare import compare_rates

    if plot is not None:
        check_target(plot, overwrite=overwrite, suffixes=(".png", ".svg", ".pdf"), option="--plot")
    table = curves.read(path, columns=_columns(column or []))
    runs = {str(name): run for name, run in table.groupby("run", sort=False)}
    found = {name: curves.diagnose(run, num_classes=num_classes) for name, run in runs.items()}
    better = compare_rates(runs)
    if as_json:
        print(json.dumps(_as_json(table, found, better), indent=1, allow_nan=False))
    elif len(runs) == 1:
        print(f"{path}: {table.attrs['format']}, {len(table)} points")
        print(told(next(iter(found.values()))))
    else:
        print(f"{path}: {table.attrs['format']}, {len(runs)} runs, the lowest validation loss first")
        print(compared(runs, found, better))
    if plot is not None:
        _draw(runs, found, plot, overwrite=overwrite)
        if not as_json:
            print(f"saved: {plot}")


def told(diagnosis: "Diagnosis") -> str:
    """A diagnosis for a person to act on."""
    others = sorted(diagnosis.probabilities.items(), key=lambda item: -item[1])
    likely = ", ".join(f"{_words(name)} {chance:.0%}" for name, chance in others if chance >= 0.05)
    lines = [f"diagnosis: {_words(diagnosis.label)}", f"probabilities: {likely}"]
    lines += ["seen:", *(f"  - {finding.sentence}" for finding in diagnosis.findings)] if diagnosis.findings else []
    if diagnosis.remedies:
        lines.append(
            "what to try; in which share of such runs it lowered the true risk, and how much of the way it closed:"
        )
        lines += [f"  {one.success:4.0%} {one.closed:5.0%}  {one.words}" for one in diagnosis.remedies[:MOST_REMEDIES]]
    lines += ["not checked:", *(f"  - {each}" for each in diagnosis.not_checked)] if diagnosis.not_checked else []
    return "\n".join(lines)


def compared(runs: "dict[str, pd.DataFrame]", found: "dict[str, Diagnosis]", better: "dict[str, Better]") -> str:
    """Several runs as a table, the one with the lowest validation loss (else training loss) first.

    Below it stands what another learning rate among them did better: that was tried, and is no guess.
    """
    rows = sorted((_row(name, runs[name], found[name]) for name in runs), key=lambda row: row["best"])
    lines = [f"{'run':<28}{'rate':>10}{'best loss':>12}{'at':>8}  diagnosis"]
    for row in rows:
        rate = "-" if math.isnan(row["rate"]) else f"{row['rate']:.3g}"
        best = "-" if math.isinf(row["best"]) else f"{row['best']:.4g}"
        lines.append(f"{row['run'][-27:]:<28}{rate:>10}{best:>12}{row['at']:>8g}  {row['said']}")
    if better:
        lines.append("compared: another rate closed so much of the way from the initial to the lowest training loss")
        lines += [f"  {name}: {one.closes:.0%} by rate {one.rate:.3g} ({one.run})" for name, one in better.items()]
    return "\n".join(lines)


def _row(name: str, run: "pd.DataFrame", diagnosis: "Diagnosis") -> dict[str, Any]:
    from jaxopt_lab.curves.series import peak_rate

    columns = {each: run[each].to_numpy(float) for each in ("val_loss", "train_loss") if each in run}
    known = {each: values for each, values in columns.items() if np.isfinite(values).any()}
    rate = peak_rate(run)
    row = {"run": name, "rate": math.nan if rate is None else rate, "best": math.inf, "at": math.nan}
    loss = known.get("val_loss", known.get("train_loss"))
    if loss is not None:
        lowest = int(np.nanargmin(loss))
        position = run["epoch" if "epoch" in run else "step"].to_numpy(float)
        row |= {"best": float(loss[lowest]), "at": float(position[lowest])}
    return row | {"said": f"{_words(diagnosis.label)} ({diagnosis.probabilities[diagnosis.label]:.0%})"}


def _words(label: str) -> str:
    return label.replace("_", " ")


def _columns(texts: list[str]) -> dict[str, str]:
    named = {}
    for text in texts:
        name, equals, theirs = text.partition("=")
        if not (name and equals and theirs):
            raise ValueError(f"--column: got {text!r}; write curve=name, such as train_loss=objective")
        named[name] = theirs
    return named


def _as_json(table: "pd.DataFrame", found: "dict[str, Diagnosis]", better: "dict[str, Better]") -> dict[str, Any]:
    def number(value: Any) -> Any:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return {
        "source": str(table.attrs["source"]),
        "format": table.attrs["format"],
        "runs": [
            {
                "run": name,
                "label": each.label,
                "probabilities": each.probabilities,
                "findings": [
                    {field: number(value) for field, value in finding._asdict().items()} for finding in each.findings
                ],
                "remedies": [remedy._asdict() for remedy in each.remedies],
                "not_checked": list(each.not_checked),
                "better_rate": better[name]._asdict() if name in better else None,
            }
            for name, each in found.items()
        ],
    }


def _draw(runs: "dict[str, pd.DataFrame]", found: "dict[str, Diagnosis]", plot: Path, *, overwrite: bool) -> None:
    from jaxopt_lab import plots
    from jaxopt_lab.curves.series import peak_rate

    columns = {name: {str(column): run[column] for column in run.columns} for name, run in runs.items()}
    if len(runs) == 1:
        ((name, run),) = columns.items()
        figure = plots.diagnosis(run, found[name])
    else:
        order = sorted(columns, key=lambda name: peak_rate(columns[name]) or 0.0)
        figure = plots.rate_sweep(
            {name: columns[name] for name in order}, {name: _words(each.label) for name, each in found.items()}
        )
    write_whole(plot, lambda place: figure.savefig(place, format=plot.suffix[1:]), overwrite=overwrite)
