"""How lanes are packed into programs: how many run together, how many steps are one turn of the loop, in which form."""

from collections.abc import Sequence
from typing import Any, NamedTuple

CARRY_BYTES = 256 * 1024
"""What the lanes of one tile carry from step to step should stay in a core's cache."""

MOST_LANES = 4096
"""Beyond this many lanes XLA splits each tiny step over its threads, and waits for them at each."""

MOST_LANES_TUNED = 1024
"""Under the options of `tune_xla` a turn of the loop costs next to nothing: a tile may fit the nearest cache."""

MOST_LANES_IN_ONE_KERNEL = 2048 + 128
"""Where a step is one pass over the lanes the cache hardly matters, but what all share is computed again for each tile.

No power of two: vectors that begin whole pages apart push each other out of the nearest cache."""

MOST_LANES_WITH_LOSS = 2048
"""The same where the loss of every step is looked at, in scalars: twice as many arrays pass through the cache."""

MOST_LANES_OF_ARRAYS_WITH_LOSS = 1024
"""The same in arrays: a sum over short axes is split sooner than an elementwise step."""

LEAST_LANES = 32
"""Fewer lanes than a few vector registers hold would partly run as what is left over, which rounds differently."""

ACCELERATOR_LANES = 2**17
ACCELERATOR_UNROLL = 16
"""On an accelerator a turn of the loop is a launch of a kernel: many lanes, many steps in each. Not tried on one."""

ACCELERATOR_BYTES = 2**30
"""What the lanes of one tile carry there at most, where each of them is large."""


class Tiling(NamedTuple):
    """How a sweep's lanes are packed into programs. It changes the speed, and rounding in the last bit.

    Attributes:
        size: how many lanes run together as one program; fewer are padded to it.
        unroll: how many steps are one turn of the loop.
        scalars: whether small arrays are taken apart, so that each of their numbers is a vector over the lanes.

    Example:
        >>> as_tiling("4096:2:scalars")
        Tiling(size=4096, unroll=2, scalars=True)
    """

    size: int
    unroll: int = 1
    scalars: bool = False

    def __str__(self) -> str:
        """As `as_tiling` reads it."""
        return f"{self.size}:{self.unroll}:{'scalars' if self.scalars else 'arrays'}"


def as_tiling(tiling: "Tiling | Sequence[Any] | str | int | None") -> Tiling | None:
    """The tiling that a number of lanes or a text ``size:unroll:scalars`` or ``size:unroll:arrays`` stands for.

    Raises:
        ValueError: if it stands for none.
    """
    if tiling is None:
        return None
    if isinstance(tiling, str) and tiling.count(":") < 3:
        size, unroll, form = (tiling.split(":") + ["1", "arrays"][tiling.count(":") :])[:3]
        numbers = [int(n) for n in (size, unroll) if n.isdecimal()]
        if len(numbers) == 2 and form in ("scalars", "arrays"):
            tiling = Tiling(numbers[0], numbers[1], form == "scalars")
    elif isinstance(tiling, int) and not isinstance(tiling, bool):
        tiling = Tiling(tiling)
    if not isinstance(tiling, Tiling) or min(tiling[:2]) < 1:
        raise ValueError(
            f'tiling: got {tiling!r}; give a Tiling, or text such as "4096:2:scalars": lanes of one program, steps of '
            "one turn of its loop, and scalars or arrays"
        )
    return tiling


def rule(
    num_lanes: int,
    bytes_per_lane: int,
    *,
    with_loss: bool,
    stops: bool,
    scalars: bool,
    one_kernel: bool = False,
    tuned: bool = True,
    platform: str = "cpu",
) -> Tiling:
    """The tiling that was fastest where it was tried (see ``benchmarks/``): as many lanes as the cache holds.

    Args:
        num_lanes: how many lanes there are; a tile is never larger than these, rounded up to a power of two.
        bytes_per_lane: what each carries from step to step.
        with_loss: whether the loss of every step is looked at.
        stops: whether lanes end early.
        scalars: whether the problem can be taken apart.
        one_kernel: whether the loop over its steps is one kernel.
        tuned: whether XLA's options of `tune_xla` are set; without them a turn of the loop costs more.
        platform: ``"cpu"``, or JAX's name of another one.

    Example:
        >>> rule(102_400, 24, with_loss=False, stops=False, scalars=True)
        Tiling(size=1024, unroll=1, scalars=True)
        >>> rule(256, 29_000, with_loss=True, stops=False, scalars=False)
        Tiling(size=8, unroll=1, scalars=False)
    """
    enough = enough_for(num_lanes, scalars=scalars)
    if platform != "cpu":
        fitting = max(1, min(ACCELERATOR_LANES, ACCELERATOR_BYTES // max(1, bytes_per_lane)))
        unroll = ACCELERATOR_UNROLL if scalars and not stops else 1
        return Tiling(min(_power_of_two(fitting), enough), unroll, scalars)
    if one_kernel:
        return Tiling(min(enough if enough < 1024 else enough + 128, MOST_LANES_IN_ONE_KERNEL), 1, scalars)
    most = MOST_LANES
    if with_loss:
        most = MOST_LANES_WITH_LOSS if scalars else MOST_LANES_OF_ARRAYS_WITH_LOSS
    if scalars and tuned:
        most = MOST_LANES_TUNED
    fitting = max(1, min(most, CARRY_BYTES // max(1, bytes_per_lane)))
    size = min(_power_of_two(fitting), enough)
    return Tiling(size, 2 if scalars and not tuned else 1, scalars)


def enough_for(num_lanes: int, *, scalars: bool) -> int:
    """The power of two that holds so many lanes; at least `LEAST_LANES` of scalars, which cost next to nothing."""
    return max(1 << (int(num_lanes) - 1).bit_length(), LEAST_LANES if scalars else 1)


def _power_of_two(most: int) -> int:
    return 1 << (int(most).bit_length() - 1)
