"""What each remedy changes, in words: the ranking, the decision, the risk."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import xarray as xr


class Effect(NamedTuple):
    """What a remedy does beyond the luck of the splits: 1 for better, -1 for worse, 0 for what these rows don't tell.

    Attributes:
        ranking: by the AUC.
        decision: by the balanced accuracy.
        risk: by the mean risk over the share of positives, which should be 1, and by the Brier score.
        risk_ratio: that ratio.
    """

    ranking: int
    decision: int
    risk: int
    risk_ratio: float


def effects(comparison: "xr.Dataset", prevalence: float) -> dict[str, Effect]:
    """The effect of every remedy at one share of positives.

    Risks are better if their mean comes nearer to the share of positives, or the Brier score falls, and worse if the
    reverse is true of either.

    Args:
        comparison: as `compare_remedies` gives it.
        prevalence: one of its shares of positives.
    """
    at = comparison.sel(prevalence=prevalence)
    plain = float(at["mean"].sel(metric="risk_ratio", remedy="none"))
    found = {}
    for name in at.remedy.values.tolist()[1:]:
        one = at.sel(remedy=name)
        ratio = float(one["mean"].sel(metric="risk_ratio"))
        nearer = 1 if abs(ratio - 1) < abs(plain - 1) else -1
        signs = (nearer * abs(_sign(one, "risk_ratio")), -_sign(one, "brier"))
        risk = -1 if -1 in signs else max(signs)
        found[name] = Effect(_sign(one, "auc"), _sign(one, "balanced_accuracy"), risk, ratio)
    return found


def verdict(comparison: "xr.Dataset") -> list[str]:
    """Which remedies rank better, which only move the threshold, which spoil the risk: a paragraph a prevalence.

    Args:
        comparison: as `compare_remedies` gives it.

    Returns:
        A paragraph for each prevalence, of plain text.

    Example:
        >>> import xarray as xr
        >>> names = {"metric": ["auc", "balanced_accuracy", "risk_ratio", "brier"], "remedy": ["none", "class weights"]}
        >>> mean = xr.DataArray([[0.9, 0.9], [0.6, 0.8], [1.0, 3.0], [0.1, 0.2]], coords=names)
        >>> mean = mean.expand_dims({"prevalence": [0.1]})
        >>> difference = mean - mean.sel(remedy="none")
        >>> ends = {"difference_lower": difference - 0.01, "difference_upper": difference + 0.01}
        >>> print(verdict(xr.Dataset({"mean": mean} | ends))[0])
        At 10% positives. Rank better than no remedy: none. Rank worse: none. Decide better: class weights. Spoil the
        risk (its mean over the share of positives, 1.00 without a remedy): class weights 3.00. So class weights move
        the decision and not the ranking.
    """
    return [_paragraph(comparison, share) for share in comparison.prevalence.values.tolist()]


def _sign(one: "xr.Dataset", metric: str) -> int:
    at = one.sel(metric=metric)
    return int(at.difference_lower > 0) - int(at.difference_upper < 0)


def _paragraph(comparison: "xr.Dataset", share: float) -> str:
    found = effects(comparison, share)
    plain = float(comparison["mean"].sel(metric="risk_ratio", remedy="none", prevalence=share))
    spoilt = [f"{name} {each.risk_ratio:.2f}" for name, each in found.items() if each.risk < 0]
    return (
        f"At {100 * share:.3g}% positives. Rank better than no remedy: {_those(found, ranking=1)}. "
        f"Rank worse: {_those(found, ranking=-1)}. Decide better: {_those(found, decision=1)}. "
        f"Spoil the risk (its mean over the share of positives, {plain:.2f} without a remedy): "
        f"{', '.join(spoilt) or 'none'}. {_advice(found)}"
    )


def _those(found: dict[str, Effect], **wanted: int) -> str:
    names = [name for name, each in found.items() if all(getattr(each, key) == sign for key, sign in wanted.items())]
    return ", ".join(names) or "none"


def _advice(found: dict[str, Effect]) -> str:
    better = {name: each for name, each in found.items() if each.ranking > 0}
    if better:
        spoilt = any(each.risk < 0 for each in better.values())
        return f"So {_those(found, ranking=1)} may be worth it" + (
            ", once the risks are calibrated anew." if spoilt else "."
        )
    movers = _those(found, decision=1)
    if movers == "none":
        return "So these rows show no remedy that helps."
    if found.get("threshold", Effect(0, 0, 0, 1.0)).decision > 0:
        return "So train as usual and move the threshold: it decides better and leaves ranking and risk as they are."
    return f"So {movers} move the decision and not the ranking."
