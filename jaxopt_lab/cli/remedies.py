"""``jaxopt-lab remedies``: what helps a rare class, on somebody's own table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from jaxopt_lab.cli.columns import names_of
from jaxopt_lab.cli.pictures import check_picture, write_picture
from jaxopt_lab.cli.values import Whole

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from jaxopt_lab.problems import Dataset

_SHOWN = {"auc": "AUC", "balanced_accuracy": "balanced accuracy", "brier": "Brier score", "risk_ratio": "risk ratio"}


def remedies(
    path: Path,
    /,
    *,
    label: str,
    positive: str | None = None,
    drop: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    prevalence: Annotated[list[float] | None, Parameter(negative="", consume_multiple=True)] = None,
    smote: Annotated[bool, Parameter(negative="")] = False,
    splits: Whole = 50,
    confidence: float = 0.95,
    seed: Whole = 0,
    out: Path = Path("remedies.png"),
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Train a logistic regression with each remedy for a rare class, and say what each changes.

    Args:
        path: a table ending in .csv, .tsv, .parquet or .npz, with a column of numbers for each feature.
        label: the column of the two classes.
        positive: the rare class, if the two are not 0 and 1.
        drop: columns that are no features, such as the number of a patient.
        prevalence: thin the table out to these shares of positives (its own).
        smote: try SMOTE too, which takes imbalanced-learn.
        splits: how often the table is split at random.
        confidence: of every interval.
        seed: of the splits and of the resampling.
        out: the picture to write, ending in .png, .svg or .pdf, or the numbers, ending in .nc.
        overwrite: replace a file that lies there already.
    """
    from jaxopt_lab.evaluation import read_table
    from jaxopt_lab.labs.imbalance import REMEDIES, compare_remedies, verdict

    check_picture(out, overwrite=overwrite)
    table = read_table(path, without=names_of(drop))
    data = _data(path, table, label, positive)
    try:
        found = compare_remedies(
            data, remedies=(*REMEDIES, "SMOTE") if smote else REMEDIES, prevalences=tuple(prevalence or ()) or None,
            splits=splits, confidence=confidence, seed=seed,
        )  # fmt: skip
    except ImportError as error:
        raise ValueError(f"--smote: {error}") from error
    count = int(data.train.labels.sum())
    print(f"{path}: {len(table):,} rows, {count:,} of class {data.class_names[1]} ({count / len(table):.1%})")
    print(
        f"logistic regression on {table.shape[1] - 1} features, {splits} random splits, remedies compared pair by pair"
    )
    for share in found.prevalence.values.tolist():
        print("\n".join(["", *_rows(found.sel(prevalence=share), share)]))
    for sentences in verdict(found):
        print(f"\n{sentences}")
    write_picture(found, _draw, out, overwrite=overwrite)


def _data(path: Path, table: "pd.DataFrame", label: str, positive: str | None) -> "Dataset":
    """The table as a data set whose second class is the positive one."""
    import dataclasses

    import numpy as np

    from jaxopt_lab.evaluation.checks import labels_of, numbers_of, positives_of
    from jaxopt_lab.problems import dataset

    if label not in table:
        raise ValueError(f"--label: {path} has no column {label!r}; it has {', '.join(list(table)[:12])}")
    names = [name for name in table if name != label]
    if not names:
        raise ValueError(f"{path}: has no column but {label!r}; features to learn from are missing")
    true = labels_of(table[label], label)
    if (count := len(set(true.tolist()))) > 2:
        raise ValueError(f"{label}: has {count} classes; remedies for the rare class are for two")
    positives = positives_of(true, positive, label)
    if positives.mean() > 0.5:
        raise ValueError(
            f"{label}: {positives.mean():.0%} of the rows are positive; remedies are for the rarer class, "
            f"--positive {true[~positives][0]}"
        )
    try:
        features = np.column_stack([numbers_of(table[name], str(name)) for name in names])
    except ValueError as error:
        raise ValueError(f"{error}; or leave the column out by --drop") from error
    data = dataset(features, positives, validation=0.0, test=0.0, standardize=False, name=path.stem)
    return dataclasses.replace(data, class_names=(str(true[~positives][0]), str(true[positives][0])))


def _rows(at: "xr.Dataset", share: float) -> list[str]:
    """No remedy as it is, and what each of the others adds to it."""
    lines = [f"{100 * share:.3g}% positives; below the first row differences to it, with {at.confidence:.0%} intervals",
             f"  {'remedy':<16}" + "".join(f"{name:>30}" for name in _SHOWN.values())]  # fmt: skip
    for name in at.remedy.values.tolist():
        prefix, sign = ("", "") if name == "none" else ("difference_", "+")
        one = at.sel(remedy=name)
        told = []
        for metric in _SHOWN:
            # Adding 0.0 after rounding keeps a minus sign off a zero.
            ends = (
                round(float(one[f"{prefix}{end}"].sel(metric=metric)), 3) + 0.0 for end in ("mean", "lower", "upper")
            )
            value, lower, upper = (f"{end:{sign}.3f}" for end in ends)
            told.append(f"{f'{value} ({lower} to {upper})':>30}")
        lines.append(f"  {name:<16}" + "".join(told))
    return lines


def _draw(found: "xr.Dataset") -> "Axes":
    from jaxopt_lab import plots

    told = f"means of {found.sizes['split']} splits with {found.confidence:.0%} intervals, dotted: no remedy"
    figure, _ = plots.remedies(found, title=f"{found.data}: what remedies change ({told})")
    return figure.axes[0]
