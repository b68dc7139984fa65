"""What was wrong with each run, by what happened when something was changed: the same start, rows, budget.

A run is one network up to one epoch. What its curves look like decides nothing here; its neighbours do.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.curves.vocabulary import LABELS, REMEDIES

if TYPE_CHECKING:
    import xarray as xr

DIVERGED_ABOVE = 1.5
"""A training loss that ends above so many times the initial one has diverged."""
CLOSES = 0.1
"""Another rate helps if it closes more than this share of the way from the initial to the best training loss."""
MATTERS = 0.05
"""A change of the true risk by less than this share of its lowest value, or of the way to it, is seed noise."""
RISES, RISES_OF_WAY, BEYOND_NOISE = 0.05, 0.01, 3.0
"""A true risk has risen if it ends above its lowest value by more than this share of that value and of the way, and by
more than so many times what it swings by."""


def label_runs(runs: "xr.Dataset", epochs: int) -> "xr.Dataset":
    """Label every network as it stood after so many epochs, and say what each remedy did to its true risk.

    Args:
        runs: as `families.train_families` gives them, for at least twice as many epochs.
        epochs: how long the run lasts; what comes later says only what more budget would have done.

    Returns:
        Over the dimensions of the runs without ``epoch``: ``label``, the place in `LABELS`. Over the same and
        ``remedy``: ``closed``, the share that the remedy closes of the way from the initial true risk to the lowest
        that a run of this cell has at its end (NaN: not tried), and ``helped``, whether the true risk falls by what
        matters, in every seed: more than a small share of that way, and of the lowest true risk.
    """
    import xarray as xr

    train, truth = _values(runs, "train_loss"), _values(runs, "true_loss")
    ended, risk = _end(train, epochs), _end(truth, epochs)
    lowest = _over_rates(np.minimum, risk)
    way = truth[..., 0] - lowest
    enough = MATTERS * np.maximum(way, lowest)
    remedied = np.stack([_remedied(name, runs, risk, truth, epochs) for name in REMEDIES])
    with np.errstate(invalid="ignore", divide="ignore"):
        gained = risk - remedied
        helped = _every_seed(gained > enough)
        closed = np.where(np.isnan(remedied), np.nan, np.clip(np.nan_to_num(gained / way, nan=0.0), -10, 10))
        label = np.select(
            [
                ~(ended <= DIVERGED_ABOVE * train[..., 0]),
                *_wrong_rate(train[..., 0], ended),
                _rises(truth, epochs, way),
                _underfits(train, ended, epochs, helped[list(REMEDIES).index("larger_model")]),
                ~_improvable(_on_average(gained, enough), _on_average(risk - lowest, enough)),
            ],
            [LABELS.index(name) for name in (
                "diverged", "learning_rate_too_high", "learning_rate_too_low", "overfitting", "underfitting", "good",
            )],
            LABELS.index("inconclusive"),
        )  # fmt: skip
    dims = runs.train_loss.dims[:-1]
    return xr.Dataset(
        {
            "label": (dims, label.astype(np.int8)),
            "closed": (("remedy", *dims), closed.astype(np.float32)),
            "helped": (("remedy", *dims), helped),
        },
        {"remedy": list(REMEDIES)} | {name: runs[name] for name in runs.coords if "epoch" not in runs[name].dims},
        {"epochs": epochs},
    )


def _values(runs: "xr.Dataset", name: str) -> np.ndarray:
    """A loss, infinite from where it is no longer finite."""
    loss = runs[name].to_numpy().astype(float)
    return np.where(np.logical_and.accumulate(np.isfinite(loss), axis=-1), loss, np.inf)


def _end(loss: np.ndarray, epochs: int) -> np.ndarray:
    """The mean over the last tenth of the epochs."""
    return loss[..., epochs + 1 - max(1, epochs // 10) : epochs + 1].mean(axis=-1)


def _over_rates(reduce: np.ufunc, values: np.ndarray) -> np.ndarray:
    return reduce.reduce(values, axis=-2, keepdims=True)


def _every_seed(matters: np.ndarray) -> np.ndarray:
    """Whether something is so in every seed, which is how it is told from seed noise.

    What is compared has the same start and the same minibatches, so that much of what seeds do falls out.
    """
    return np.broadcast_to(matters.all(axis=-1, keepdims=True), matters.shape)


def _on_average(difference: np.ndarray, enough: np.ndarray) -> np.ndarray:
    """Whether it matters on average over the seeds."""
    matters = difference.mean(axis=-1, keepdims=True) > enough.mean(axis=-1, keepdims=True)
    return np.broadcast_to(matters, difference.shape)


def _wrong_rate(initial: np.ndarray, ended: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether a lower rate, and whether a higher one, closes enough of the way; if both do, the better of them."""
    way = initial - _over_rates(np.minimum, ended)
    unreached = np.full_like(ended[..., :1, :], np.inf)
    lower = np.minimum.accumulate(np.concatenate([unreached, ended[..., :-1, :]], axis=-2), axis=-2)
    backwards = np.concatenate([unreached, ended[..., :0:-1, :]], axis=-2)
    higher = np.minimum.accumulate(backwards, axis=-2)[..., ::-1, :]
    by_lower, by_higher = (ended - lower) / way, (ended - higher) / way
    return (by_lower > CLOSES) & (by_lower >= by_higher), (by_higher > CLOSES) & (by_higher > by_lower)


def _rises(truth: np.ndarray, epochs: int, way: np.ndarray) -> np.ndarray:
    """Whether the true risk ends above its lowest value on the way, both over a few epochs, in every seed.

    What it swings by is that part of the second half that is neither level nor slope.
    """
    window = max(1, epochs // 10)
    there = truth[..., : epochs + 1]
    sums = np.cumsum(np.concatenate([np.zeros_like(there[..., :1]), there], axis=-1), axis=-1)
    means = (sums[..., window:] - sums[..., :-window]) / window  # NaN where a run has diverged, and so no rise
    lowest = means.min(axis=-1)
    bends = np.diff(there[..., min(epochs // 2, epochs - 2) :], 2, axis=-1)
    noise = np.sqrt(np.mean(bends**2, axis=-1) / 6 / window)
    enough = np.maximum(np.maximum(RISES * lowest, RISES_OF_WAY * way), BEYOND_NOISE * noise)
    return _every_seed(means[..., -1] - lowest > enough)


def _underfits(train: np.ndarray, ended: np.ndarray, epochs: int, larger_helps: np.ndarray) -> np.ndarray:
    """Whether neither a rate nor twice the budget closes enough of the way, but a larger network does."""
    best, longer = _over_rates(np.minimum, ended), _over_rates(np.minimum, _end(train, 2 * epochs))
    largest = np.broadcast_to(best[:, :, -1:], best.shape)
    way = train[..., 0] - largest
    budget_helps = (best - longer) / way > CLOSES
    return ((ended - largest) / way > CLOSES) & ~budget_helps & larger_helps


def _improvable(helps: np.ndarray, another_rate_helps: np.ndarray) -> np.ndarray:
    """Whether any rate, or any remedy that needs no other data, lowers the true risk enough."""
    at_hand = [place for place, name in enumerate(REMEDIES) if name != "more_data"]
    return helps[at_hand].any(axis=0) | another_rate_helps


def _remedied(name: str, runs: "xr.Dataset", risk: np.ndarray, truth: np.ndarray, epochs: int) -> np.ndarray:
    """The true risk at the end when one thing is done; NaN where that was not tried."""
    axis = {dim: place for place, dim in enumerate(runs.train_loss.dims)}
    neighbours: dict[str, tuple[int, int]] = {
        "rate_down_3": (axis["rate"], -1), "rate_down_10": (axis["rate"], -2),
        "rate_up_3": (axis["rate"], 1), "rate_up_10": (axis["rate"], 2),
        "larger_model": (axis["width"], 1), "smaller_model": (axis["width"], -1),
        "regularise": (axis["regularisation"], 1), "more_data": (axis["data"], 1),
    }  # fmt: skip
    if name in neighbours:
        return _neighbour(risk, *neighbours[name])
    if name == "train_longer":
        return _end(truth, 2 * epochs)
    assert name == "stop_early", name
    stop = _values(runs, "validation_loss")[..., : epochs + 1].argmin(axis=-1)
    return np.take_along_axis(truth, stop[..., None], axis=-1)[..., 0]


def _neighbour(values: np.ndarray, axis: int, step: int) -> np.ndarray:
    """The values a step further along an axis, NaN past its end."""
    moved = np.full_like(values, np.nan)
    here: Any = [slice(None)] * values.ndim
    there = list(here)
    here[axis], there[axis] = (
        (slice(None, -step), slice(step, None)) if step > 0 else (slice(-step, None), slice(None, step))
    )
    moved[tuple(here)] = values[tuple(there)]
    return moved
