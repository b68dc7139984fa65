"""What the comparison of remedies and the unequal frequencies show: their figures, a table and an answer."""

from typing import TYPE_CHECKING, Any

from jaxopt_lab import plots
from jaxopt_lab.labs.findings import Answer, Picture, Table

if TYPE_CHECKING:
    import xarray as xr

_SHOWN = {"auc": "AUC", "balanced_accuracy": "balanced accuracy", "brier": "Brier score", "risk_ratio": "risk ratio"}


def numbers(comparison: "xr.Dataset", frequencies: "xr.Dataset") -> dict[str, Any]:
    """What is printed and drawn, as plain arrays by name.

    Args:
        comparison: as `compare_remedies` gives it.
        frequencies: as `loss_by_frequency` gives it.
    """
    kept = ("mean", "lower", "upper", "difference_mean", "difference_lower", "difference_upper")
    return {
        "comparison": {name: comparison[name].values for name in kept}
        | {name: comparison[name].values.tolist() for name in ("metric", "remedy", "prevalence")}
        | {"data": comparison.data, "splits": comparison.sizes["split"]},
        "frequencies": {name: frequencies[name].values for name in ("learning_rate", "frequency", "learnt_at")}
        | {"optimizer": frequencies.optimizer.values.tolist()},
    }


def pictures(comparison: "xr.Dataset", frequencies: "xr.Dataset") -> list[Picture]:
    """The remedies by prevalence, and the loss by frequency.

    Args:
        comparison: as for `numbers`.
        frequencies: as for `numbers`.
    """
    data = comparison.data.replace("_", " ")
    figure, _ = plots.remedies(comparison, title=f"What remedies change: {data}")
    tail, _ = plots.loss_by_frequency(
        {name: frequencies.loss.sel(optimizer=name).values for name in frequencies.optimizer.values.tolist()},
        frequencies.step.values,
        frequencies.frequency.values,
        title="Gradient descent lets rare classes wait; sign descent and Adam do not",
    )
    rarest = _times(frequencies)
    return [
        Picture(
            "imbalance_comparison",
            figure,
            f"Logistic regressions with each remedy on {comparison.sizes['split']} random splits of the {data} data, "
            f"thinned to each share of positives: means with {comparison.confidence:.0%} intervals. The dotted lines "
            "are the classifiers without a remedy; at the solid line the mean risk is the share of positives. "
            "Decisions are at a probability of one half, but for the threshold, which validation rows chose.",
            "Dots with horizontal bars for each remedy: AUC, balanced accuracy, and the mean risk over the share of "
            "positives.",
        ),
        Picture(
            "imbalance_frequencies",
            tail,
            "The loss of a class by its frequency. Groups have the same part in the whole, from few frequent classes "
            "to many rare ones; each optimiser has the learning rate with the lowest mean loss over the steps. Where "
            "only one line is seen, all coincide. The rarest class is learnt, to a tenth of its first loss, at "
            f"{rarest}.",
            "Loss over steps for classes of eight frequencies; under gradient descent the rarer, the later, under sign "
            "descent and Adam all together.",
        ),
    ]


def table(comparison: "xr.Dataset") -> Table:
    """Each remedy minus none, at the lowest prevalence.

    Args:
        comparison: as for `numbers`.
    """
    share = comparison.prevalence.values.min()
    at = comparison.sel(prevalence=share)
    rows = [
        (
            name,
            *(_difference(at, name, metric) for metric in _SHOWN),
        )
        for name in comparison.remedy.values.tolist()[1:]
    ]
    return Table(
        f"{comparison.data.replace('_', ' ').capitalize()}, {share:.0%} positives: each remedy minus none on the same "
        f"{comparison.sizes['split']} splits, with {comparison.confidence:.0%} intervals.",
        ("remedy", *_SHOWN.values()),
        rows,
    )


def answer(comparison: "xr.Dataset", frequencies: "xr.Dataset") -> Answer:
    """Which remedy changes the ranking, which the decision, and which spoils the risk.

    Args:
        comparison: as for `numbers`.
        frequencies: as for `numbers`.
    """
    share = comparison.prevalence.values.min()
    at = comparison.sel(prevalence=share)
    others = comparison.remedy.values.tolist()[1:]

    def raised(metric: str) -> str:
        found = [name for name in others if float(at.difference_lower.sel(metric=metric, remedy=name)) > 0]
        return ", ".join(found) if found else "none"

    ratio = at["mean"].sel(metric="risk_ratio")
    worst = str(ratio.idxmax("remedy").values)
    return Answer(
        "Which remedy changes the ranking, which only moves the decision, and which spoils the risk?",
        f"Measured on the {comparison.data.replace('_', ' ')} data with {share:.0%} positives over "
        f"{comparison.sizes['split']} splits. Remedies that raise the AUC beyond the luck of the splits: "
        f"{raised('auc')}. That raise the balanced accuracy: {raised('balanced_accuracy')}. That raise the mean risk: "
        f"{raised('risk_ratio')}. Without a remedy the mean risk is {float(ratio.sel(remedy='none')):.2f} times the "
        f"share of positives, with {worst} {float(ratio.max()):.2f} times. Another threshold leaves AUC and risk "
        "exactly as they are. Imbalance slows the training too: the rarest class of the second experiment is learnt at "
        f"{_times(frequencies)}.",
    )


def _difference(at: "xr.Dataset", remedy: str, metric: str) -> str:
    one = at.sel(remedy=remedy, metric=metric)
    # Adding 0.0 after rounding keeps a minus sign off a zero.
    ends = (round(float(one[f"difference_{end}"]), 3) + 0.0 for end in ("mean", "lower", "upper"))
    mean, lower, upper = ends
    return f"{mean:+.3f} ({lower:+.3f} to {upper:+.3f})"


def _times(frequencies: "xr.Dataset") -> str:
    at = frequencies.learnt_at.isel(group=-1)
    told = [(name, int(at.sel(optimizer=name))) for name in frequencies.optimizer.values.tolist()]
    return ", ".join(f"step {step} by {name}" if step >= 0 else f"no step by {name}" for name, step in told)
