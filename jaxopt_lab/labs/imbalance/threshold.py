"""The threshold in motion: one classifier, all the decisions that can be made with it."""

from typing import Any

import numpy as np

from jaxopt_lab.labs.findings import Picture
from jaxopt_lab.plots.thresholds import film_thresholds

_FRAMES = 80


def moving_threshold(name: str, study: dict[str, Any], title: str) -> Picture:
    """The threshold of the classifier without a remedy, from nobody called positive to everybody.

    Args:
        name: of the data set.
        study: of the data set, as the laboratory's ``study`` gives it.
        title: how to call the data set.
    """
    labels, scores = np.asarray(study["test_labels"]), np.asarray(study["jax"]["scores"])
    margin = 0.02 * np.ptp(scores)
    # Evenly spaced in log-odds, and at a probability of one half.
    thresholds = np.append(np.linspace(scores.min() - margin, scores.max() + margin, _FRAMES), 0.0)
    thresholds = np.sort(thresholds)[::-1]
    positive = scores >= thresholds[:, None]
    calls = [
        [[np.sum((labels == actual) & (called == told)) for told in (0, 1)] for actual in (0, 1)] for called in positive
    ]
    confusion = np.array(calls)
    still = int(np.flatnonzero(thresholds == 0)[0])
    figure, film = film_thresholds(
        labels, scores, thresholds, confusion, (study["jax"]["fpr"], study["jax"]["tpr"]), still=still,
        title=f"Every threshold of one classifier: {title}",
    )  # fmt: skip
    silent, usual = confusion[0], confusion[still]
    (tn, fp), (fn, tp) = usual
    return Picture(
        f"imbalance_threshold_{name}",
        figure,
        "The threshold slides over the test rows, from nobody called positive to everybody: false negatives turn into "
        "true positives, and false alarms come with them. Accuracy does not tell: calling nobody positive has "
        f"{np.trace(silent) / silent.sum():.3f}, the usual threshold {np.trace(usual) / usual.sum():.3f}.",
        "Left, dots of two classes along the probability that the classifier gives them, with a vertical line, the "
        f"threshold; middle, the confusion matrix, at 0.5 {tn} true negatives, {fp} false positives, {fn} false "
        f"negatives, {tp} true positives; right, the place of this threshold on the ROC curve, and the metrics there.",
        film,
    )
