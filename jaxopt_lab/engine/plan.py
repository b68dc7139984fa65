"""The plan of a sweep: equal chunks of lanes, a pure function of the specification."""

import dataclasses
import functools

CHUNK_BYTES = 16 * 1024**2
"""What the results of one chunk take at most: a few of them are in memory at a time, and one is lost by a kill."""

FEWEST_CHUNKS = 64
"""A large sweep has about so many chunks at least: they spread over workers, and show progress."""

TILES_AT_ONCE = 8
"""A call of a program runs up to so many tiles: the call, and what is done for a chunk, cost less beside them."""

FEWEST_CHUNKS_OF_A_WORKER = 3
"""Small sweeps have fewer chunks, of up to `TILES_AT_ONCE` tiles, as long as so many are left for each worker."""

FEWEST_THAT_STOP, MOST_TILES_THAT_STOP = 2, 32
"""Where lanes end early a worker has so many chunks, and one if that has no more than so many tiles: the living of a
chunk are packed together, and should fill tiles."""


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


def chunk_size(num_lanes: int, tile_size: int, bytes_per_lane: int, *, stops: bool, workers: int) -> int:
    """The number of lanes in a chunk: whole tiles, enough chunks to share out, results that fit in memory many times.

    Args:
        num_lanes: how many lanes there are.
        tile_size: how many of them run as one program.
        bytes_per_lane: what the results of a lane take.
        stops: whether lanes end early; the rest of a chunk is packed together, so that it then wants many tiles.
        workers: how many chunks run at a time.

    Example:
        >>> chunk_size(102_400, 1024, 12, stops=False, workers=2)
        8192
        >>> chunk_size(10**8, 4096, 32, stops=False, workers=2)
        524288
    """
    if stops:
        large, small, tiles = FEWEST_THAT_STOP * workers, workers, MOST_TILES_THAT_STOP
    else:
        small, tiles = FEWEST_CHUNKS_OF_A_WORKER * workers, TILES_AT_ONCE
        large = max(FEWEST_CHUNKS, small)
    fair = max(num_lanes // large, min(num_lanes // small, tiles * tile_size))
    return tile_size * max(1, min(-(-fair // tile_size), _fitting(tile_size, bytes_per_lane)))


def tiles_at_once(tile_size: int, bytes_per_lane: int) -> int:
    """How many tiles a call of a program runs at most: the same whatever the number of lanes, so that none recompiles.

    Args:
        tile_size: how many lanes a tile has.
        bytes_per_lane: what the results of a lane take.

    Example:
        >>> tiles_at_once(1024, 12), tiles_at_once(1024, 10_000), tiles_at_once(1024, 10**6)
        (8, 1, 1)
    """
    return max(1, min(TILES_AT_ONCE, _fitting(tile_size, bytes_per_lane)))


def _fitting(tile_size: int, bytes_per_lane: int) -> int:
    """How many tiles have results that fit into a chunk."""
    return CHUNK_BYTES // max(1, bytes_per_lane * tile_size)
