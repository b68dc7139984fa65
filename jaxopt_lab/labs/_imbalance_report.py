"""The tables and the answers of the imbalance laboratory, written from its numbers."""

from typing import Any

from jaxopt_lab.labs._imbalance_pictures import METRIC_NAMES
from jaxopt_lab.labs._imbalance_scoring import METRICS
from jaxopt_lab.labs.findings import Answer, Table

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


def answers(numbers: dict[str, Any], titles: dict[str, str], confidence: float) -> list[Answer]:
    """The seed's four questions about metrics, and the insight that it asks for.

    Args:
        numbers: as for `tables`.
        titles: as for `tables`.
        confidence: as for `tables`.
    """
    seed, digits = numbers["seed_set"], numbers["digits"]
    return [
        Answer(
            "Why is accuracy alone insufficient for evaluating models on imbalanced datasets?",
            _accuracy(seed, digits, titles["digits"]),
        ),
        Answer(
            "In a medical diagnosis scenario where the positive class represents a rare disease, which metric would "
            "be most important to optimize and why?",
            _disease(seed, confidence),
        ),
        Answer(
            "What does the area under the ROC curve (AUC) represent, and why is it useful for imbalanced datasets?",
            _area(seed, digits, titles["digits"], confidence),
        ),
        Answer(
            "Suggest two techniques that could improve the model's performance on the minority class.",
            _techniques(seed, digits, titles["digits"], confidence),
        ),
        Answer("Performance metrics: the most important insight, and where to apply it.", _insight(seed, confidence)),
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
            *(_with_interval(one[metric], one["intervals"][metric]) for metric in METRICS),
            f"{one['mean_probability']:.3f}",
        )
        for name, one in study["remedies"].items()
    ]
    negatives, positives = study["test_counts"]
    spread = study["over_sampling_draws"]
    return Table(
        f"{_capital(title)}: remedies chosen on {study['chosen_on']}, measured on {negatives} negative and {positives} "
        f"positive test rows, with {confidence:.0%} bootstrap intervals. The mean probability would be "
        f"{_prevalence(study):.3f} if it were calibrated. Over all draws of the over-sampling recall is "
        f"{_range(spread['recall'])}, precision {_range(spread['precision'])}, AUC {_range(spread['auc'], digits=4)}.",
        ("remedy", "positive weight", "threshold", *(METRIC_NAMES[metric] for metric in METRICS), "mean probability"),
        rows,
    )


def _differences(study: dict[str, Any], title: str, confidence: float) -> Table:
    rows = [
        (name, *(_with_interval(one["differences"][m], one["difference_intervals"][m], signed=True) for m in METRICS))
        for name, one in list(study["remedies"].items())[1:]
    ]
    return Table(
        f"{_capital(title)}: each remedy minus no remedy, on the same resamples, with {confidence:.0%} intervals.",
        ("remedy", *(METRIC_NAMES[metric] for metric in METRICS)),
        rows,
    )


def _accuracy(seed: dict[str, Any], digits: dict[str, Any], digits_title: str) -> str:
    tn, fp, fn, tp = seed["scikit_learn"]["confusion"].ravel()
    return (
        f"Because the majority class decides it. On this test set always saying \"negative\" has an accuracy of "
        f"{seed['always_negative']['accuracy']:.4f} and finds nobody (recall "
        f"{seed['always_negative']['recall']:.0f}); the trained classifier's {seed['scikit_learn']['accuracy']:.4f} looks "
        f"barely better, and hides that it misses {fn} of {fn + tp} positives (recall "
        f"{seed['scikit_learn']['recall']:.4f}) while its specificity is {seed['scikit_learn']['specificity']:.4f}: "
        f"{fp} of {tn + fp} negatives is called positive. The same on the {digits_title}: "
        f"{digits['always_negative']['accuracy']:.4f} for always \"negative\", {digits['jax']['accuracy']:.4f} for the "
        f"classifier, whose recall is {digits['jax']['recall']:.4f}. So report recall, precision and specificity "
        "beside it."
    )


def _disease(seed: dict[str, Any], confidence: float) -> str:
    plain, moved = (seed["remedies"][name] for name in ("nothing", "threshold chosen for balanced accuracy"))
    tn, fp, fn, tp = moved["confusion"].ravel()
    found = plain["confusion"].ravel()[3]
    return (
        "Recall (sensitivity), at a specificity that one can afford: a missed patient goes untreated, a false alarm "
        f"costs a second test. At the usual threshold {found} of {fn + tp} positives are found: recall "
        f"{_with_interval(plain['recall'], plain['intervals']['recall'])}, {confidence:.0%} interval. With the threshold "
        f"at {moved['threshold_probability']:.3f}, chosen for balanced accuracy on {seed['chosen_on']}, it is {tp} of "
        f"{fn + tp}: {_with_interval(moved['recall'], moved['intervals']['recall'])}, for {fp} false alarms among "
        f"{tn + fp} negatives (specificity {moved['specificity']:.4f}, precision {moved['precision']:.4f}). Recall must "
        "not stand alone: calling everybody ill has recall 1, and as precision only the share of the ill, here "
        f"{_prevalence(seed):.2f}. And with {fn + tp} positives, one patient more or less moves it by {1 / (fn + tp):.3f}."
    )


def _area(seed: dict[str, Any], digits: dict[str, Any], digits_title: str, confidence: float) -> str:
    pairs, theirs = seed["pairs"], seed["scikit_learn"]
    interval = seed["remedies"]["nothing"]["intervals"]["auc"]
    return (
        "The probability that a random positive gets a higher score than a random negative. Counted: of "
        f"{pairs['pairs']} such pairs in the test set {pairs['right']} are ranked rightly and {pairs['tied']} tied, a "
        f"share of {pairs['share']:.4f}; the area under the curve is {theirs['auc']:.4f} ({confidence:.0%} interval "
        f"{_range(interval)}). It depends neither on the threshold nor on the share of positives, so it judges the "
        f"ranking where accuracy judges the majority: always saying \"negative\" has {seed['always_negative']['auc']:.1f}. "
        "That is its limit too: it does not say what an alarm is worth. Average precision does, with chance at the "
        f"share of positives: {theirs['average_precision']:.4f} here against {_prevalence(seed):.2f} for chance; on the "
        f"{digits_title} {digits['jax']['average_precision']:.4f} against {_prevalence(digits):.2f}, with an AUC of "
        f"{digits['jax']['auc']:.4f}."
    )


def _techniques(seed: dict[str, Any], digits: dict[str, Any], digits_title: str, confidence: float) -> str:
    names = ("threshold chosen for balanced accuracy", "balanced class weights", "random over-sampling")
    here, there = ("; ".join(_effect(name, study) for name in names) for study in (seed, digits))
    return (
        "Move the threshold, or train with more weight on positives (class weights, or over-sampling, which is the "
        f"same with luck in it). Measured on the test rows of this set: {here}. On the {digits_title}: {there}. "
        "A threshold cannot change the ranking; training differently could, but see the differences in AUC with their "
        f"{confidence:.0%} intervals. What training differently does change is the probabilities: positives are "
        f"{_prevalence(seed):.3f} of the test rows of this set, and the mean probability goes from "
        f"{seed['remedies']['nothing']['mean_probability']:.3f} to "
        f"{seed['remedies']['balanced class weights']['mean_probability']:.3f} with balanced weights. So try the "
        "threshold first: it needs no training, and is chosen on rows that are not reported."
    )


def _effect(name: str, study: dict[str, Any]) -> str:
    plain, one = study["remedies"]["nothing"], study["remedies"][name]
    changes = ", ".join(f"{METRIC_NAMES[m]} {plain[m]:.2f} to {one[m]:.2f}" for m in ("recall", "precision", "f1"))
    ranking = "AUC unchanged"
    if one["threshold"] == plain["threshold"]:
        difference = _with_interval(one["differences"]["auc"], one["difference_intervals"]["auc"], signed=True, digits=4)
        ranking = f"AUC {difference}, {_verdict(one['difference_intervals']['auc'])}"
    return f"{name}: {changes}, {ranking}"


def _insight(seed: dict[str, Any], confidence: float) -> str:
    plain, moved = (seed["remedies"][name] for name in ("nothing", "threshold chosen for balanced accuracy"))
    positives = int(seed["test_counts"][1])
    change = _with_interval(moved["differences"]["f1"], moved["difference_intervals"]["f1"], signed=True)
    return (
        f"One number hides the class one cares for: an accuracy of {plain['accuracy']:.4f} goes with a recall of "
        f"{plain['recall']:.4f}. Ranking and decision are two things: the same scores, with an AUC of "
        f"{plain['auc']:.4f}, have an F1 of {plain['f1']:.4f} at the usual threshold and {moved['f1']:.4f} at one chosen "
        f"on {seed['chosen_on']} (difference {change}, {_verdict(moved['difference_intervals']['f1'])}). And few positives "
        f"mean little certainty: with {positives} of them the {confidence:.0%} interval of recall is "
        f"{_range(plain['intervals']['recall'])}, which is only the luck of the test rows, not that of the training rows. "
        "In a project: first say what a miss and a false alarm cost, choose the threshold for that on validation data, "
        "report recall, precision and specificity with intervals beside the AUC, and compare remedies pair by pair on "
        "the same rows."
    )


def _prevalence(study: dict[str, Any]) -> float:
    return study["test_counts"][1] / study["test_counts"].sum()


def _verdict(interval: Any) -> str:
    lower, upper = interval
    if lower > 0:
        return "above 0 beyond resampling luck"
    if upper < 0:
        return "below 0 beyond resampling luck"
    return "not to be told from 0"


def _with_interval(value: float, interval: Any, *, signed: bool = False, digits: int = 2) -> str:
    # Adding 0.0 after rounding keeps a minus sign off a zero.
    value, lower, upper = (round(float(number), digits) + 0.0 for number in (value, *interval))
    sign = "+" if signed else ""
    return f"{value:{sign}.{digits}f} ({lower:{sign}.{digits}f} to {upper:{sign}.{digits}f})"


def _range(bounds: Any, digits: int = 2) -> str:
    return f"{bounds[0]:.{digits}f} to {bounds[1]:.{digits}f}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
