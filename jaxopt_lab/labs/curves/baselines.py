"""Published rules that the doctor is measured beside, as far as they can be applied to a log of curves."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Rule = Callable[[Mapping[str, Any]], str]


def always_good(log: Mapping[str, Any]) -> str:
    """Who never looks.

    Example:
        >>> always_good({})
        'good'
    """
    del log
    return "good"


def prechelt(log: Mapping[str, Any]) -> str:
    """Overfitting where the validation loss is more than 5% above its lowest value so far; else good.

    Example:
        >>> prechelt({"val_loss": [1.0, 0.5, 0.6]})
        'overfitting'

    References:
        L. Prechelt (1998). Early stopping - but when? Neural Networks: Tricks of the Trade.
    """
    loss = np.asarray(log.get("val_loss", ()), float)
    if not len(loss):
        return "inconclusive"
    if not np.isfinite(loss).all():
        return "diverged"
    return "overfitting" if loss[-1] / max(loss.min(), 1e-12) > 1.05 else "good"


def autotrainer(log: Mapping[str, Any]) -> str:
    """What AutoTrainer says of the loss and the accuracy: explosion, slow convergence, oscillation.

    Its thresholds are those it is published with: a loss that is not finite or at least 1e5 has exploded; no rise of
    either accuracy by 0.01 from one epoch to the next is slow convergence; turns of the training accuracy by 0.03 or
    more in at least a fifth of the epochs are oscillation. Its checks of gradients need more than a log.

    Example:
        >>> autotrainer({"train_loss": [1.0, 1.0], "train_accuracy": [0.5, 0.5], "val_accuracy": [0.5, 0.5]})
        'learning_rate_too_low'

    References:
        X. Zhang, J. Zhai, S. Ma and C. Shen (2021). AUTOTRAINER: an automatic DNN training problem detection and
        repair system. ICSE.
    """
    losses = [np.asarray(log[name], float) for name in ("train_loss", "val_loss") if name in log]
    if any(not np.isfinite(loss).all() or loss[-1] >= 1e5 for loss in losses):
        return "diverged"
    accuracies = [np.asarray(log[name], float) for name in ("train_accuracy", "val_accuracy") if name in log]
    if not accuracies:
        return "inconclusive"
    if all(np.max(np.diff(accuracy), initial=0.0) < 0.01 for accuracy in accuracies):
        return "learning_rate_too_low"
    before, here, after = accuracies[0][:-2], accuracies[0][1:-1], accuracies[0][2:]
    peaks, troughs = here[(here >= before) & (here >= after)], here[(here <= before) & (here <= after)]
    turns = min(len(peaks), len(troughs))
    swings = np.sum(peaks[:turns] - troughs[:turns] >= 0.03)
    return "learning_rate_too_high" if swings >= 0.2 * len(accuracies[0]) else "good"


def umlaut(log: Mapping[str, Any]) -> str:
    """What UMLAUT says after the last epoch: a loss that is not a number, the learning rate's size, overfitting.

    A rate above 0.01 is too high for it, one below 1e-7 too low; overfitting is a validation loss that rose in an
    epoch in which the training loss did not.

    Example:
        >>> umlaut({"train_loss": [1.0, 0.5], "val_loss": [1.0, 1.1], "learning_rate": 0.001})
        'overfitting'

    References:
        E. Schoop, F. Huang and B. Hartmann (2021). UMLAUT: debugging deep learning programs using program structure
        and model behavior. CHI.
    """
    train, validation = (np.asarray(log.get(name, ()), float) for name in ("train_loss", "val_loss"))
    if np.isnan(train).any():
        return "diverged"
    rate = log.get("learning_rate")
    if rate is not None and not 1e-7 <= rate <= 0.01:
        return "learning_rate_too_high" if rate > 0.01 else "learning_rate_too_low"
    if len(train) > 1 and len(validation) > 1 and validation[-1] > validation[-2] and train[-1] <= train[-2]:
        return "overfitting"
    return "good"


BASELINES: dict[str, Rule] = {
    "always good": always_good,
    "Prechelt 1998": prechelt,
    "AutoTrainer": autotrainer,
    "UMLAUT": umlaut,
}
