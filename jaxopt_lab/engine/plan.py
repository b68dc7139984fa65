"""The plan of a sweep: equal chunks of lanes, a pure function of the specification."""

import dataclasses

CARRY_BYTES = 256 * 1024
"""What the lanes of one chunk carry from step to step should stay in a core's cache."""

MAX_LANES = 8192
"""Beyond this many lanes XLA splits each tiny step over its threads, and waits for them at each."""

MAX_LANES_WITH_LOSS = 1024
"""The same where the loss is recorded: its sum over the parameters is split sooner than the elementwise step."""


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Lanes ``start`` to ``stop`` of one variant; its ``index`` is its identity within the plan."""

    index: int
    variant: int
    start: int
    stop: int


@dataclasses.dataclass(frozen=True)
class Plan:
    """Which chunks a sweep consists of.

    Args:
        num_variants: how many programs are compiled.
        num_lanes: how many lanes each of them runs.
        chunk_size: how many lanes run at once; the last chunk of a variant is padded to it, since answers may depend on
            the size of a chunk in the last bit, and then may not depend on where a lane stands.
    """

    num_variants: int
    num_lanes: int
    chunk_size: int

    @property
    def num_chunks(self) -> int:
        """How many chunks there are."""
        return self.num_variants * -(-self.num_lanes // self.chunk_size)

    @property
    def chunks(self) -> list[Chunk]:
        """All chunks in order."""
        starts = range(0, self.num_lanes, self.chunk_size)
        spans = [(v, s, min(s + self.chunk_size, self.num_lanes)) for v in range(self.num_variants) for s in starts]
        return [Chunk(index, *span) for index, span in enumerate(spans)]


def chunk_size(num_lanes: int, bytes_per_lane: int, *, with_loss: bool) -> int:
    """The number of lanes, a power of two, whose carry fits the cache; never more than the lanes there are, rounded up.

    Args:
        num_lanes: how many lanes there are.
        bytes_per_lane: what each carries from step to step.
        with_loss: whether the loss of every step is looked at.

    Example:
        >>> chunk_size(102_400, 24, with_loss=False)
        8192
        >>> chunk_size(256, 29_000, with_loss=True)
        8
    """
    fitting = max(1, min(MAX_LANES_WITH_LOSS if with_loss else MAX_LANES, CARRY_BYTES // max(1, bytes_per_lane)))
    return min(1 << (int(fitting).bit_length() - 1), 1 << (int(num_lanes) - 1).bit_length())
