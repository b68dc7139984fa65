"""Which networks are trained: families, in each of which one thing at a time is changed.

A family is a task, an optimiser, a depth, a share of wrong labels and a schedule of the learning rate. Its members are
all combinations of seven learning rates, two widths, without and with regularisation, few rows and all, two seeds. So
each network has neighbours that differ from it in one thing alone, which say what would have helped.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxopt_lab.labs.curves.tasks import TASKS, load_task
from jaxopt_lab.labs.curves.training_runs import BATCH, EPOCHS, SCHEDULES, Conditions, train

if TYPE_CHECKING:
    import xarray as xr

RATES, SEEDS = 7, 2
MIDDLE_RATE = {"sgd": 10**-0.75, "momentum": 10**-1.75, "adam": 10**-2.25, "rmsprop": 10**-2.25}
AXES = ("data", "width", "regularisation", "rate", "seed")
"""The dimensions within a family; along each, later is more."""

HELD_OUT = {"task": ("wine", "teacher_10"), "depth": (3,), "optimizer": ("rmsprop",)}
"""What no coefficient and no threshold of the doctor has seen."""


class Family(NamedTuple):
    """What the networks of a family have in common.

    Attributes:
        task: its name in `TASKS`.
        optimizer: its name in `training_runs.OPTIMIZERS`.
        depth: the number of hidden layers.
        number: of the random draw of everything else.
    """

    task: str
    optimizer: str
    depth: int
    number: int


def families() -> list[Family]:
    """All families: those that the doctor is made from, then those that hold something out.

    Example:
        >>> [sum(held_out(family) == group for family in families()) for group in ("", "task", "depth", "optimizer")]
        [48, 6, 4, 4]
    """
    known = [task for task in TASKS if task not in HELD_OUT["task"]]
    seen = [(task, optimizer, depth) for depth in (1, 2) for task in known for optimizer in ("sgd", "momentum", "adam")]
    unseen = [
        *((task, optimizer, 2) for task in HELD_OUT["task"] for optimizer in ("sgd", "momentum", "adam")),
        *((task, "momentum", 3) for task in known[::2]),
        *((task, "rmsprop", 2) for task in known[1::2]),
        *((task, "rmsprop", 3) for task in HELD_OUT["task"]),
    ]
    return [Family(*each, number) for number, each in enumerate(seen + unseen)]


def held_out(family: Family) -> str:
    """What of a family is held out: ``"task"``, ``"depth"``, ``"optimizer"``, ``"all"`` of them, or ``""``, nothing.

    Example:
        >>> held_out(Family("wine", "sgd", 2, 0)), held_out(Family("digits", "sgd", 2, 0))
        ('task', '')
    """
    out = [name for name, values in HELD_OUT.items() if getattr(family, name) in values]
    return "all" if len(out) > 1 else "".join(out)


def members(family: Family) -> Conditions:
    """The conditions of a family's networks, each array of the lengths of `AXES`.

    Example:
        >>> members(families()[0]).learning_rate.shape
        (2, 2, 2, 7, 2)
    """
    draws = np.random.default_rng(family.number)
    rows = int(load_task(family.task).rows)
    middle = MIDDLE_RATE[family.optimizer] * 10 ** draws.uniform(-0.25, 0.5)
    remedy = ("weight_decay", "dropout", "input_noise")[draws.integers(3)]
    strength = {"weight_decay": 10 ** draws.uniform(-3, -1.7), "dropout": draws.choice([0.2, 0.5]), "input_noise": 0.5}
    shape = (2, 2, 2, RATES, SEEDS)

    def along(axis: str, values: Any, kind: Any = np.float32) -> np.ndarray:
        place = AXES.index(axis)
        return np.broadcast_to(
            np.asarray(values, kind).reshape([-1 if at == place else 1 for at in range(len(shape))]), shape
        )

    def same(value: Any, kind: Any = np.float32) -> np.ndarray:
        return np.full(shape, value, kind)

    return Conditions(
        train_rows=along("data", [max(8, round(rows * draws.choice([0.1, 0.2, 0.4]))), rows], np.int32),
        label_noise=same(draws.choice([0.0, 0.0, 0.1, 0.3])),
        width=along("width", [draws.choice([1, 2, 3, 4]), draws.choice([16, 24])], np.int32),
        **{name: along("regularisation", [0.0, size if name == remedy else 0.0]) for name, size in strength.items()},
        schedule=same(draws.choice(len(SCHEDULES), p=[0.4, 0.2, 0.2, 0.2]), np.int32),
        batch=same(draws.choice([4, 16, BATCH]), np.int32),
        learning_rate=along("rate", middle * 10.0 ** (np.arange(RATES) / 2 - (RATES - 1) / 4)),
        seed=along("seed", SEEDS * family.number + np.arange(SEEDS), np.int32),
    )


def train_families(chosen: Sequence[Family], *, epochs: int = EPOCHS) -> "xr.Dataset":
    """Train every network of the families.

    Args:
        chosen: the families.
        epochs: how many recorded points follow the start.

    Returns:
        A dataset over ``family``, the dimensions of `AXES` and ``epoch``: the curves that `training_runs.train` gives;
        over the same without ``epoch`` the conditions; ``classes`` and ``floor`` of the family's task; ``task``,
        ``optimizer``, ``depth`` and ``held_out``, which say what each family is.
    """
    import xarray as xr

    # Two at a time: while one compiles, which keeps one core, the other trains.
    with ThreadPoolExecutor(2) as threads:
        curves = list(threads.map(lambda family: _train_family(family, epochs), chosen))
    conditions = [members(family) for family in chosen]
    tasks = [load_task(family.task) for family in chosen]
    dims = ("family", *AXES)
    return xr.Dataset(
        {name: ((*dims, "epoch"), np.stack([each[name] for each in curves])) for name in curves[0]}
        | {name: (dims, np.stack([getattr(each, name) for each in conditions])) for name in Conditions._fields}
        | {name: ("family", np.array([getattr(task, name) for task in tasks])) for name in ("classes", "floor")},
        {name: ("family", [getattr(family, name) for family in chosen]) for name in ("task", "optimizer", "depth")}
        | {"held_out": ("family", [held_out(family) for family in chosen]), "epoch": np.arange(epochs + 1)},
    )


def _train_family(family: Family, epochs: int) -> dict[str, np.ndarray]:
    conditions = members(family)
    flat = Conditions(*(np.ravel(leaf) for leaf in conditions))
    curves = train(load_task(family.task), flat, family.optimizer, family.depth, epochs=epochs)
    return {name: values.reshape(*conditions.seed.shape, -1) for name, values in curves.items()}
