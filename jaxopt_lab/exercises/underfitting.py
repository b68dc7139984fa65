"""The exercise on underfitting: settings whose curves show it, told from the other ways to fail."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.exercises.verdict import Verdict, not_filled_in, right, wrong

CURVES = ("train_loss", "train_accuracy", "val_accuracy")

FITS = 0.85
"""A network with this accuracy on its training rows has learnt them well enough."""

GAP = 0.1
"""Training accuracy this far above validation accuracy is overfitting."""

SWING, RISES = 0.02, 0.25
"""A training loss that swings by this share of its first value, and rises in this share of the epochs, oscillates."""

STILL_FALLING = 0.05
"""A last fifth that made this share of the whole fall is no end yet."""


class _Ends(NamedTuple):
    """Where curves end, as medians of their last tenth."""

    train: float
    validation: float
    fall: float  # share of the first training loss that is gone
    late_fall: float  # share of that fall in the last fifth
    swing: float  # of the training loss in the second half, from one epoch to the next, as a share of its first value
    rises: float  # share of the epochs of the second half in which it rises


def check_underfitting(curves: Any, *, num_classes: int = 10) -> Verdict:
    """Whether training curves are those of a network that underfits.

    Underfitted is what has learnt something, but too little, of the very rows that it is trained on: training and
    validation accuracy end low, and close to one another, and the loss falls in peace. An accuracy of 0.85 and more on
    the training rows is too good; a gap of 0.1 is overfitting; less than one and a half times as often right as
    guessing is no learning at all; a training loss that ends above its first value has diverged, and one that in the
    second half swings by 2% of its first value and rises in a quarter of the epochs oscillates: the learning rate is
    too high.

    Args:
        curves: a mapping with ``train_loss``, ``train_accuracy`` and ``val_accuracy``, a number for each epoch, the
            state before training first; accuracies from 0 to 1.
        num_classes: how many classes there are to guess among, all equally common.

    Returns:
        The verdict.

    Example:
        >>> epoch = np.arange(20)
        >>> learnt = 1 - np.exp(-epoch / 3)
        >>> curves = {
        ...     "train_loss": 2.3 - 2.2 * learnt,
        ...     "train_accuracy": 0.1 + 0.9 * learnt,
        ...     "val_accuracy": 0.1 + 0.5 * learnt,
        ... }
        >>> print(check_underfitting(curves))
        ✘ Wrong: this network overfits: it ends at a training accuracy of 1.00, and a validation accuracy of 0.60. ...
    """
    if curves is None or curves is Ellipsis:
        return not_filled_in("there are no curves yet; choose the settings.")
    if not isinstance(curves, Mapping):
        return wrong(f"the check wants the curves by name, and got a {type(curves).__name__}; pass what train returns.")
    missing = [name for name in CURVES if name not in curves]
    if missing:
        return wrong(f"there is no {missing[0]!r} among the curves; they are {', '.join(map(repr, CURVES))}.")
    if any(curves[name] is None for name in CURVES):
        return not_filled_in("there are no curves yet; choose the settings.")
    try:
        loss, train, validation = (np.asarray(curves[name], float) for name in CURVES)
    except (TypeError, ValueError):
        return wrong("the curves hold something that is no number.")
    return _malformed(loss, train, validation) or _judge(loss, train, validation, 1 / num_classes)


def _malformed(loss: np.ndarray, train: np.ndarray, validation: np.ndarray) -> Verdict | None:
    if any(curve.ndim != 1 or len(curve) != len(loss) for curve in (loss, train, validation)):
        shapes = ", ".join(str(curve.shape) for curve in (loss, train, validation))
        return wrong(f"the curves have the shapes {shapes}; each is one number for each epoch.")
    if len(loss) < 2:
        return wrong("there is no training in these curves: let the network train for one epoch at least.")
    if not np.isfinite(loss).all():
        at = int(np.argmin(np.isfinite(loss)))
        return wrong(f"the training loss is not finite from epoch {at} on: the learning rate is far too high.")
    if max(train.max(), validation.max()) > 1.5:
        return wrong("these accuracies are percentages: give shares between 0 and 1.")
    return None


def _judge(loss: np.ndarray, train: np.ndarray, validation: np.ndarray, guessing: float) -> Verdict:
    ends = _ends(loss, train, validation)
    both = f"a training accuracy of {ends.train:.2f}, and a validation accuracy of {ends.validation:.2f}"
    if ends.fall < -STILL_FALLING:
        return wrong(
            f"the training loss ends above its first value, {loss[0]:.3g}: the learning rate is too high, and that is "
            "another illness."
        )
    if ends.train - ends.validation > GAP:
        return wrong(
            f"this network overfits: it ends at {both}. Underfitting shows on the training rows already; take a "
            "smaller network, or train less, on all rows."
        )
    if ends.train >= FITS:
        return wrong(f"this network fits well: it ends at {both}. Take more away from it.")
    if ends.swing > SWING and ends.rises > RISES:
        return wrong(
            f"the training loss oscillates: it rises in {ends.rises:.0%} of the epochs of the second half. The "
            "learning rate is too high, and that is another illness."
        )
    if ends.train < 1.5 * guessing:
        return wrong(
            f"this network has learnt nothing: it ends at {both}, and guessing gives {guessing:.2f}. That is "
            "another illness: a rate far too high or too low, or units that never wake up. An underfitted network has "
            "learnt something, but too little."
        )
    why = (
        f"the loss is still falling (the last fifth made {ends.late_fall:.0%} of the fall), so that it was not trained "
        "for long enough, or too slowly"
        if ends.late_fall > STILL_FALLING
        else "the loss has all but levelled off, so that the network is too small, or held back"
    )
    return right(f"it ends at {both}, low and close to one another; {why}.")


def _ends(loss: np.ndarray, train: np.ndarray, validation: np.ndarray) -> _Ends:
    last, first = _last(loss), max(abs(loss[0]), 1e-12)
    part = max(1, len(loss) // 5)
    fall = loss[0] - last
    late_fall = (loss[-part - 1] - last) / fall if fall > 0 else 0.0
    late, swing, rises = loss[len(loss) // 2 :], 0.0, 0.0
    if len(late) > 2:
        # Of one epoch: second differences leave out the slow fall, and amplify what is left by the root of 6.
        swing = float(np.sqrt(np.mean(np.diff(late, 2) ** 2) / 6)) / first
        rises = float(np.mean(np.diff(late) > 0))
    return _Ends(_last(train), _last(validation), fall / first, late_fall, swing, rises)


def _last(curve: np.ndarray) -> float:
    return float(np.median(curve[-max(1, len(curve) // 10) :]))
