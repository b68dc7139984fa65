"""The plan of a sweep: equal chunks of lanes, a pure function of the specification."""

import dataclasses
import functools

CHUNK_BYTES = 16 * 1024**2
"""What the results of one chunk take at most: a few of them are in memory at a time, and one is lost by a kill."""

FEWEST_CHUNKS = 64
"""A sweep has about so many chunks at least, as far as it has tiles: they spread over workers, and show progress."""

FEWEST_CHUNKS_THAT_STOP = 8
"""Fewer and larger ones where lanes end early: the living of a chunk are packed together, and should fill a tile."""


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Lanes ``start`` to ``stop`` of one variant; its ``index`` is its identity within the plan."""

    index: int
    variant: int
    start: int
    stop: int


@dataclasses.dataclass(frozen=True)
class Plan:
    """Which chunks a sweep consists of: what is run, sent to a worker, stored and marked as done by itself.

    Args:
        num_variants: how many programs are compiled.
        num_lanes: how many lanes each of them runs.
        chunk_size: how many lanes a chunk has; the last one of a variant may have fewer.
    """

    num_variants: int
    num_lanes: int
    chunk_size: int

    @property
    def num_chunks(self) -> int:
        """How many chunks there are."""
        return self.num_variants * -(-self.num_lanes // self.chunk_size)

    @functools.cached_property
    def chunks(self) -> list[Chunk]:
        """All chunks in order."""
        starts = range(0, self.num_lanes, self.chunk_size)
        spans = [(v, s, min(s + self.chunk_size, self.num_lanes)) for v in range(self.num_variants) for s in starts]
        return [Chunk(index, *span) for index, span in enumerate(spans)]


def chunk_size(num_lanes: int, tile_size: int, bytes_per_lane: int, *, stops: bool) -> int:
    """The number of lanes in a chunk: whole tiles, enough chunks to share out, results that fit in memory many times.

    Args:
        num_lanes: how many lanes there are.
        tile_size: how many of them run as one program.
        bytes_per_lane: what the results of a lane take.
        stops: whether lanes end early; the rest of a chunk is packed together, so that it then wants many tiles.

    Example:
        >>> chunk_size(102_400, 4096, 12, stops=False)
        4096
        >>> chunk_size(10**8, 4096, 32, stops=False)
        524288
    """
    fair = num_lanes // (FEWEST_CHUNKS_THAT_STOP if stops else FEWEST_CHUNKS)
    most = max(tile_size, min(fair, CHUNK_BYTES // max(1, bytes_per_lane)))
    return tile_size << ((most // tile_size).bit_length() - 1)
