"""``jaxopt-lab score``: how good somebody's predictions are."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from jaxopt_lab.cli.columns import names_of
from jaxopt_lab.cli.files import check_target, write_whole
from jaxopt_lab.cli.score_text import Findings, as_json, as_text
from jaxopt_lab.cli.values import Whole

if TYPE_CHECKING:
    import pandas as pd

    from jaxopt_lab.evaluation import Resampling

Columns = Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)]


def score(
    path: Path,
    /,
    *,
    label: str,
    score: Columns = None,
    predicted: str | None = None,
    compare: Columns = None,
    classes: Columns = None,
    positive: str | None = None,
    threshold: float | None = None,
    ranking: Annotated[bool, Parameter(negative="")] = False,
    prevalence: float | None = None,
    confidence: float = 0.95,
    resamples: Whole = 2000,
    seed: Whole = 0,
    json: Annotated[bool, Parameter(negative="")] = False,
    out: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Judge the predictions of any classifier: metrics with intervals, curves with bands, decisions at thresholds.

    Args:
        path: a table ending in .csv, .tsv, .parquet or .npz.
        label: the column of true labels.
        score: the column of the positive class's probability; of more than two classes one column for each.
        predicted: the column of predicted classes, where there are no scores.
        compare: the same of a second classifier: its column or columns. Rows are compared pair by pair.
        classes: which class each score column is of; by default the ends of their names say so.
        positive: the positive class, if the two are not 0 and 1.
        threshold: scores from here up are called positive (0.5).
        ranking: the scores only rank and are no probabilities; calibration is not judged then.
        prevalence: the share of positives where the classifier is used, for predictive values.
        confidence: of every interval.
        resamples: of the bootstrap, where there are few enough rows.
        seed: of the resamples.
        json: print JSON for programs; it draws nothing then, unless --out is given.
        out: a picture ending in .png, .svg or .pdf, or a folder for report.txt, report.json and page.png (score.png).
        overwrite: replace what lies there already.
    """
    from jaxopt_lab.evaluation import Resampling, read_table

    target = out or (None if json else Path("score.png"))
    if target is not None:
        check_target(target, overwrite=overwrite, suffixes=("", ".png", ".svg", ".pdf"))
    sides = _sides(label, names_of(score), predicted, names_of(compare))
    table = read_table(path, [label, *(name for side in sides for name in side)])
    how = Resampling(confidence, resamples, seed)
    if predicted is None and len(sides[0]) == 1:
        found = _binary(
            table, label, sides, prevalence, pos_label=positive, probabilities=not ranking, threshold=threshold, how=how
        )
    else:
        _check_unused(positive=positive, threshold=threshold, prevalence=prevalence, ranking=ranking or None)
        found = _of_classes(table, label, sides, predicted is not None, names_of(classes), how)
    found = found._replace(source=str(path), confidence=confidence)
    print(as_json(found) if json else as_text(found))
    if target is not None:
        _write(found, target, overwrite=overwrite)
        if not json:
            print(f"saved: {target}")


def _sides(label: str, scores: list[str], predicted: str | None, compared: list[str]) -> list[list[str]]:
    """The columns of the first classifier, and of the second, if there is one."""
    if bool(scores) == bool(predicted):
        raise ValueError("--score, --predicted: name the column of scores, or that of predicted classes; one of them")
    first = scores or [str(predicted)]
    for name in first:
        if (first + compared).count(name) > 1:
            raise ValueError(f"--score, --compare: {name!r} is named twice")
    if label in first + compared:
        raise ValueError(f"--label: {label!r} is the truth, and named as a prediction too; name another column")
    if compared and len(compared) != len(first):
        raise ValueError(
            f"--compare: got {len(compared)} columns, and the first classifier has {len(first)}; name as many"
        )
    return [first, compared] if compared else [first]


def _check_unused(**options: Any) -> None:
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"--{name}: it is for one score of two classes; leave it out")


def _binary(
    table: "pd.DataFrame", label: str, sides: list[list[str]], prevalence: float | None, **options: Any
) -> Findings:
    from jaxopt_lab.evaluation import compare_binary, score_binary

    names = [name for (name,) in sides]
    reports = {name: score_binary(table[label], table[name], prevalence=prevalence, **options) for name in names}
    differences = None
    if len(names) > 1:
        differences = compare_binary(table[label], table[names[0]], table[names[1]], **options)
    return Findings(label=label, reports=reports, differences=differences, prevalence=prevalence)


def _of_classes(
    table: "pd.DataFrame", label: str, sides: list[list[str]], are_calls: bool, classes: list[str], how: "Resampling"
) -> Findings:
    from jaxopt_lab.evaluation import compare_classes, score_classes

    if are_calls:
        given = [{"pred": table[name]} for (name,) in sides]
        names, known = [name for (name,) in sides], None
    else:
        given = [{"prob": table[side]} for side in sides]
        names = [_beginning(side).rstrip("_-.[ ") or ", ".join(side) for side in sides]
        occurring = sorted(table[label].dropna().unique().tolist())
        known = _classes(classes, sides[0], occurring)
        if len(sides) > 1 and not classes and known != _classes([], sides[1], occurring):
            raise ValueError("--compare: its columns are of the classes in another order; name them in one order")
    reports = {
        name: score_classes(table[label], **{f"y_{key}": value for key, value in each.items()}, classes=known, how=how)
        for name, each in zip(names, given, strict=True)
    }
    differences = None
    if len(given) > 1:
        pairs = {f"y_{key}": value for key, value in given[0].items()}
        pairs |= {f"versus_{key}": value for key, value in given[1].items()}
        differences = compare_classes(table[label], **pairs, classes=known, how=how)
    return Findings(label=label, reports=reports, differences=differences)


def _classes(named: list[str], columns: list[str], occurring: list[Any]) -> list[Any]:
    """The class of each column: as named, else what follows the beginning that all columns' names share."""
    by_text = {str(each): each for each in occurring}
    if named:
        if len(named) != len(columns):
            raise ValueError(f"--classes: got {len(named)} for {len(columns)} score columns; name one for each")
        return [by_text.get(text, _like(occurring, text)) for text in named]
    plain = [re.sub(r"\[(.*)\]$", r"\1", name) for name in columns]
    for length in range(len(_beginning(plain)) + 1):
        ends = [name[length:] for name in plain]
        if set(by_text) <= set(ends):
            return [by_text.get(text, _like(occurring, text)) for text in ends]
    raise ValueError(
        f"--classes: the names {', '.join(columns)} don't end in the classes {', '.join(list(by_text)[:6])}; say which "
        "class each column is of, in their order"
    )


def _beginning(names: list[str]) -> str:
    """What all names begin with."""
    first, last = min(names), max(names)
    apart = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(apart, len(first))]


def _like(occurring: list[Any], text: str) -> Any:
    """A class that does not occur, as text or number like those that do."""
    return int(text) if isinstance(occurring[0], int) and text.lstrip("-").isdigit() else text


def _write(found: Findings, target: Path, *, overwrite: bool) -> None:
    figure = found.draw()

    def write(place: Path) -> None:
        if target.suffix:
            figure.savefig(place, format=target.suffix[1:])
            return
        place.mkdir()
        (place / "report.txt").write_text(as_text(found) + "\n", encoding="utf-8")
        (place / "report.json").write_text(as_json(found) + "\n", encoding="utf-8")
        figure.savefig(place / "page.png")

    write_whole(target, write, overwrite=overwrite)
