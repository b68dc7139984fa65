"""The tables and the answers of the imbalance laboratory, written from its numbers."""

from typing import Any

from jaxopt_lab.labs.findings import Answer, Table
from jaxopt_lab.labs.imbalance.pictures import METRIC_NAMES
from jaxopt_lab.labs.imbalance.scoring import METRICS

_THRESHOLD = "threshold for balanced accuracy"  # the remedy that the answers tell of

_DIGITS = {"recall": 2, "precision": 2, "f1": 2, "specificity": 3, "auc": 3}
_COMPARED = ("accuracy", "precision", "recall", "f1", "specificity", "auc", "average_precision")


def tables(numbers: dict[str, Any], titles: dict[str, str], confidence: float) -> list[Table]:
    """For each data set: both classifiers side by side, the remedies, and what each remedy changed.

    Args:
        numbers: of each data set, as the laboratory's ``study`` gives them.
        titles: how to call each data set.
        confidence: of the intervals.
    """
    return [
        table
        for name, title in titles.items()
        for table in (
            _side_by_side(numbers[name], title),
            _remedies(numbers[name], title, confidence),
            _differences(numbers[name], title, confidence),
        )
    ]


def answers(numbers: dict[str, Any], confidence: float) -> list[Answer]:
    """The exercise's four questions about metrics, and the insight that it asks for.

    Args:
        numbers: as for `tables`.
        confidence: as for `tables`.
    """
    made_up, digits = numbers["made_up"], numbers["digits"]
    return [
        Answer("Why is accuracy alone not enough to evaluate models on imbalanced data?", _accuracy(made_up, digits)),
        Answer(
            "If the positive class is a rare disease, which metric is the most important to optimise, and why?",
            _disease(made_up, confidence),
        ),
        Answer(
            "What does the area under the ROC curve (AUC) represent, and why is it useful for imbalanced data?",
            _area(made_up, digits, confidence),
        ),
        Answer(
            "Which techniques could improve the model on the minority class?", _techniques(made_up, digits, confidence)
        ),
        Answer("Final task, performance metrics: what to take away", _insight(made_up, confidence)),
    ]


def _side_by_side(study: dict[str, Any], title: str) -> Table:
    theirs, ours = study["scikit_learn"], study["jax"]
    rows = [(name.replace("_", " "), theirs[name], ours[name], abs(theirs[name] - ours[name])) for name in _COMPARED]
    gap = study["largest_difference"]["coefficients"]
    rows.append(("coefficients, largest difference", "", "", gap))
    return Table(
        f"{_capital(title)}: scikit-learn's classifier and the one trained by the engine, on the test rows.",
        ("metric", "scikit-learn", "JAX", "difference"),
        rows,
    )


def _remedies(study: dict[str, Any], title: str, confidence: float) -> Table:
    rows = [
        (
            name,
            f"{one['positive_weight']:.3g}",
            f"{one['threshold_probability']:.3f}",
            *(_with_interval(one[m], one["intervals"][m], digits=_DIGITS[m]) for m in METRICS),
            f"{one['mean_probability']:.3f}",
        )
        for name, one in study["remedies"].items()
    ]
    negatives, positives = study["test_counts"]
    spread = study["over_sampling_draws"]
    return Table(
        f"{_capital(title)}: remedies chosen on {study['chosen_on']}, measured on {negatives} negative and {positives} "
        f"positive test rows, with {confidence:.0%} bootstrap intervals. The mean probability would be "
        f"{study['prevalence']:.3f} if it were calibrated. Over all draws of the over-sampling recall is "
        f"{_range(spread['recall'])}, precision {_range(spread['precision'])}, AUC {_range(spread['auc'], digits=4)}.",
        ("remedy", "positive weight", "threshold", *(METRIC_NAMES[metric] for metric in METRICS), "mean probability"),
        rows,
    )


def _differences(study: dict[str, Any], title: str, confidence: float) -> Table:
    rows = [
        (
            name,
            *(
                _with_interval(one["differences"][m], one["difference_intervals"][m], signed=True, digits=_DIGITS[m])
                for m in METRICS
            ),
        )
        for name, one in list(study["remedies"].items())[1:]
    ]
    return Table(
        f"{_capital(title)}: each remedy minus no remedy, on the same resamples, with {confidence:.0%} intervals.",
        ("remedy", *(METRIC_NAMES[metric] for metric in METRICS)),
        rows,
    )


def _accuracy(rare: dict[str, Any], digits: dict[str, Any]) -> str:
    trained, silent = rare["scikit_learn"], rare["always_negative"]
    tn, fp, fn, tp = trained["confusion"].ravel()
    return (
        "The majority decides it. On this test set calling every row negative has an accuracy of "
        f"{silent['accuracy']:.4f} and a recall of {silent['recall']:.0f}. The classifier's {trained['accuracy']:.4f} "
        f"differs by {trained['accuracy'] - silent['accuracy']:.4f}, and does not say that {fn} of {fn + tp} positives "
        f"are missed (recall {trained['recall']:.4f}) where {fp} of {tn + fp} negatives raise a false alarm "
        f"(specificity {trained['specificity']:.4f}, precision {trained['precision']:.4f}). The same on the digits: "
        f"accuracy {digits['always_negative']['accuracy']:.4f} for calling every row negative, "
        f"{digits['jax']['accuracy']:.4f} for the classifier, whose recall is {digits['jax']['recall']:.4f}. Report "
        "recall, precision and specificity beside it."
    )


def _disease(rare: dict[str, Any], confidence: float) -> str:
    plain, moved = rare["remedies"]["no remedy"], rare["remedies"][_THRESHOLD]
    tn, fp, fn, tp = moved["confusion"].ravel()
    return (
        "Recall (sensitivity), at a specificity that one can afford: a missed patient goes untreated, a false alarm "
        f"costs a second test. At the usual threshold {plain['confusion'][1, 1]} of {fn + tp} positives are found, a "
        f"recall of {_with_interval(plain['recall'], plain['intervals']['recall'])}, in brackets the {confidence:.0%} "
        f"interval. At {moved['threshold_probability']:.3f}, which has the best balanced accuracy on "
        f"{rare['chosen_on']}, it is {tp} of {fn + tp}: "
        f"{_with_interval(moved['recall'], moved['intervals']['recall'])}, for {fp} false alarms among {tn + fp} "
        f"negatives (specificity {moved['specificity']:.4f}, precision {moved['precision']:.4f}). Recall must not "
        "stand alone: calling everybody ill has a recall of 1, and for precision the share of the ill, here "
        f"{rare['prevalence']:.2f}. And with {fn + tp} positives one patient moves recall by {1 / (fn + tp):.3f}."
    )


def _area(rare: dict[str, Any], digits: dict[str, Any], confidence: float) -> str:
    pairs, trained, other = rare["pairs"], rare["scikit_learn"], digits["jax"]
    return (
        "The probability that a random positive gets a higher score than a random negative. Counted: of "
        f"{pairs['pairs']} such pairs in the test set {pairs['right']} are ranked rightly and {pairs['tied']} tied, a "
        f"share of {pairs['share']:.4f}; the area is {trained['auc']:.4f} ({confidence:.0%} interval "
        f"{_range(rare['remedies']['no remedy']['intervals']['auc'])}). It depends neither on the threshold nor on the "
        "share of positives, so it judges the ranking of both classes where accuracy judges the majority: calling "
        f"every row negative has {rare['always_negative']['auc']:.1f}. That is its limit too: it does not say what an "
        "alarm is worth. The average precision does, which is the share of positives for a guess: here "
        f"{trained['average_precision']:.4f} against {rare['prevalence']:.2f}; on the digits, with an AUC of "
        f"{other['auc']:.4f}, {other['average_precision']:.4f} against {digits['prevalence']:.2f}."
    )


def _techniques(rare: dict[str, Any], digits: dict[str, Any], confidence: float) -> str:
    names = (_THRESHOLD, "balanced class weights", "random over-sampling")
    here, there = ("; ".join(_effect(name, study["remedies"]) for name in names) for study in (rare, digits))
    plain, balanced = rare["remedies"]["no remedy"], rare["remedies"]["balanced class weights"]
    return (
        "Move the threshold; or train with more weight on positives, by class weights or by over-sampling. Measured on "
        f"the test rows: {here}. On the digits: {there}. In brackets {confidence:.0%} intervals of the paired "
        "difference. A threshold cannot change the ranking. Training differently can, for better or worse, and moves "
        f"the probabilities: {rare['prevalence']:.3f} of these test rows are positive, and the mean probability goes "
        f"from {plain['mean_probability']:.3f} to {balanced['mean_probability']:.3f} with balanced weights. So try the "
        "threshold first: it needs no training, only rows that are neither learnt from nor reported."
    )


def _effect(name: str, remedies: dict[str, Any]) -> str:
    plain, one = remedies["no remedy"], remedies[name]
    changes = ", ".join(f"{METRIC_NAMES[m]} {plain[m]:.2f} to {one[m]:.2f}" for m in ("recall", "precision", "f1"))
    interval = one["difference_intervals"]["auc"]
    if not interval.any():
        return f"{name}: {changes}, same AUC"
    difference = _with_interval(one["differences"]["auc"], interval, signed=True, digits=3)
    return f"{name}: {changes}, AUC {difference}, {_verdict(interval)}"


def _insight(rare: dict[str, Any], confidence: float) -> str:
    plain, moved = rare["remedies"]["no remedy"], rare["remedies"][_THRESHOLD]
    interval = moved["difference_intervals"]["f1"]
    change = _with_interval(moved["differences"]["f1"], interval, signed=True)
    return (
        f"One number hides the class one cares for: an accuracy of {plain['accuracy']:.4f} goes with a recall of "
        f"{plain['recall']:.4f}. Ranking and decision are two things: the same scores, with an AUC of "
        f"{plain['auc']:.4f}, have an F1 of {plain['f1']:.4f} at the usual threshold and of {moved['f1']:.4f} at the "
        f"one that balances both errors on {rare['chosen_on']}: {change}, {_verdict(interval)}. For few positives mean "
        f"little certainty: with {rare['test_counts'][1]} of them the {confidence:.0%} interval of recall is "
        f"{_range(plain['intervals']['recall'])}, and that is the luck of the test rows alone, without that of the "
        "training rows. In a project: say what a miss and a false alarm cost, choose the threshold for that on "
        "validation data, report recall, precision and specificity with intervals beside the AUC, and compare remedies "
        "pair by pair on the same rows."
    )


def _verdict(interval: Any) -> str:
    lower, upper = interval
    if lower > 0:
        return "a gain beyond the luck of the test rows"
    if upper < 0:
        return "a loss beyond the luck of the test rows"
    return "not to be told from no difference"


def _with_interval(value: float, interval: Any, *, signed: bool = False, digits: int = 2) -> str:
    # Adding 0.0 after rounding keeps a minus sign off a zero.
    value, lower, upper = (round(float(number), digits) + 0.0 for number in (value, *interval))
    sign = "+" if signed else ""
    return f"{value:{sign}.{digits}f} ({lower:{sign}.{digits}f} to {upper:{sign}.{digits}f})"


def _range(bounds: Any, digits: int = 2) -> str:
    return f"{bounds[0]:.{digits}f} to {bounds[1]:.{digits}f}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
