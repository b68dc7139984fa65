"""What is read off the trained grid: curves, their characteristics, and what each remedy did."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.labs.curves.experiment import CLASSES, GOOD, SCENARIOS, Remedy

if TYPE_CHECKING:
    import xarray as xr

FLAT = 0.02
"""A second half whose training loss stays within this share of the initial loss is flat."""


def scenario_curves(result: "xr.Dataset", scenario: str, change: dict[str, float] | None = None) -> dict[str, Any]:
    """The curves of one scenario's cell, or of the one that a change leads to, over seeds and epochs.

    Args:
        result: the sweep over `GRID`.
        scenario: its name in `SCENARIOS`.
        change: coordinates to change.

    Returns:
        ``epoch``, and the loss and accuracy of each split, shape ``(seeds, epochs + 1)``; ``best_epoch`` of each seed,
        where its validation loss is lowest.
    """
    cell = result.sel(GOOD | SCENARIOS[scenario] | (change or {}))
    metrics = {
        name: cell[name].transpose("start", "step").to_numpy()
        for part in ("train", "validation", "test")
        for name in (f"{part}_loss", f"{part}_accuracy")
    }
    finite = np.nan_to_num(metrics["validation_loss"], nan=np.inf)
    return {"epoch": np.arange(result.sizes["step"]), **metrics, "best_epoch": finite.argmin(axis=1)}


def characteristics(curves: dict[str, Any]) -> dict[str, np.ndarray]:
    """What can be read off the curves of one cell, each for every seed.

    Args:
        curves: as `scenario_curves` gives them.

    Returns:
        The last values of losses and accuracies; ``loss_gap`` and ``accuracy_gap`` between training and validation;
        ``best_epoch``; ``loss_since_best``, by which share the validation loss ends above its lowest value (Prechelt's
        generalisation loss); ``rises``, the share of epochs in which the training loss rose, and ``late_rises``, the
        same for the second half; ``late_swing``, the range of the training loss in the second half as a share of the
        initial loss; ``flat``, whether that is below `FLAT`; ``guessing``, whether the training loss ends within 1% of
        that of a network that finds all classes equally likely, above it, or not finite.

    Example:
        >>> loss = np.array([[2.0, 1.0, 0.5, 0.6, 0.2]])
        >>> names = ("train_loss", "validation_loss", "test_loss", "train_accuracy")
        >>> flat = {name: loss for name in (*names, "validation_accuracy", "test_accuracy")}
        >>> seen = characteristics(flat | {"best_epoch": np.array([4])})
        >>> seen["rises"].tolist(), seen["late_swing"].tolist()
        ([0.25], [0.2])

    References:
        L. Prechelt (1998). Early stopping - but when? Neural Networks: Tricks of the Trade.
    """
    train, validation = curves["train_loss"], curves["validation_loss"]
    last = {name: values[:, -1] for name, values in curves.items() if name.endswith(("_loss", "_accuracy"))}
    rose = np.diff(train, axis=1) > 0
    late = train[:, train.shape[1] // 2 :]
    best = validation[np.arange(len(validation)), curves["best_epoch"]]
    with np.errstate(invalid="ignore"):  # a loss that is not finite has no swing: NaN says so
        swing = (late.max(axis=1) - late.min(axis=1)) / train[:, 0]
        since_best = last["validation_loss"] / best - 1
    return last | {
        "loss_gap": last["validation_loss"] - last["train_loss"],
        "accuracy_gap": last["train_accuracy"] - last["validation_accuracy"],
        "best_epoch": curves["best_epoch"],
        "loss_since_best": since_best,
        "rises": rose.mean(axis=1),
        "late_rises": rose[:, rose.shape[1] // 2 :].mean(axis=1),
        "late_swing": swing,
        "flat": swing < FLAT,
        "guessing": ~(last["train_loss"] < 0.99 * np.log(CLASSES)),
    }


def remedy_effect(result: "xr.Dataset", scenario: str, remedy: Remedy) -> dict[str, Any]:
    """What a remedy did, seed by seed: the same start and minibatches with it and without.

    Args:
        result: the sweep over `GRID`.
        scenario: its name in `SCENARIOS`.
        remedy: what to change.

    Returns:
        For each metric of validation and test ``<metric>_before`` and ``<metric>_after``, shape ``(seeds,)``. And in
        how many seeds the test loss and the test accuracy are better and worse after it: ``loss_better``,
        ``loss_worse``, ``accuracy_better``, ``accuracy_worse``. The test rows judge, since early stopping chose its
        epoch by the validation rows, where it cannot look bad.
    """
    runs = {"before": scenario_curves(result, scenario), "after": scenario_curves(result, scenario, remedy.change)}
    effect = {}
    for when, epoch in (("before", remedy.before), ("after", remedy.after)):
        curves = runs[when]
        seeds, end = np.arange(len(curves["best_epoch"])), curves["epoch"][-1]
        at = {"end": end, "half": end // 2, "best": curves["best_epoch"]}[epoch]
        for metric in ("validation_loss", "validation_accuracy", "test_loss", "test_accuracy"):
            effect[f"{metric}_{when}"] = curves[metric][seeds, at]
    # A loss that is not finite is worse than any that is.
    lost = np.nan_to_num(effect["test_loss_before"], nan=np.inf), np.nan_to_num(effect["test_loss_after"], nan=np.inf)
    hit = effect["test_accuracy_before"], effect["test_accuracy_after"]
    return effect | {
        "loss_better": int((lost[1] < lost[0]).sum()),
        "loss_worse": int((lost[1] > lost[0]).sum()),
        "accuracy_better": int((hit[1] > hit[0]).sum()),
        "accuracy_worse": int((hit[1] < hit[0]).sum()),
    }
