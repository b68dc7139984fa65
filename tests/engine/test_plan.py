"""A sweep is cut into chunks that depend on the specification alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxopt_lab.engine.plan import CHUNK_BYTES, Chunk, Plan, chunk_size, tiles_at_once


@given(variants=st.integers(1, 4), lanes=st.integers(1, 1000), size=st.integers(1, 300))
def test_every_lane_is_in_one_chunk(variants, lanes, size):
    plan = Plan(variants, lanes, size)
    covered = [(c.variant, lane) for c in plan.chunks for lane in range(c.start, c.stop)]
    assert covered == [(v, lane) for v in range(variants) for lane in range(lanes)]
    assert [c.index for c in plan.chunks] == list(range(plan.num_chunks))
    assert all(c.start % size == 0 for c in plan.chunks)


def test_the_last_chunk_of_a_variant_may_be_shorter():
    assert Plan(2, 5, 3).chunks == [Chunk(0, 0, 0, 3), Chunk(1, 0, 3, 5), Chunk(2, 1, 0, 3), Chunk(3, 1, 3, 5)]


@given(
    lanes=st.integers(1, 10**9), tile=st.sampled_from([1, 32, 4096]), size=st.integers(1, 10**6), stops=st.booleans()
)
def test_a_chunk_is_whole_tiles_and_its_results_fit(lanes, tile, size, stops):
    chosen = chunk_size(lanes, tile, size, stops=stops, workers=2)
    assert chosen % tile == 0
    assert chosen == tile or chosen * size <= CHUNK_BYTES


@pytest.mark.parametrize(
    ("lanes", "expected"),
    [(1, 4096), (102_400, 12_288), (10**6, 32_768), (10**8, 524_288)],
)
def test_large_sweeps_have_large_chunks(lanes, expected):
    """A chunk of results of 32 bytes a lane: at most 16 MiB; a million lanes make chunks of eight tiles."""
    assert chunk_size(lanes, 4096, 32, stops=False, workers=4) == expected


@pytest.mark.parametrize(
    ("lanes", "workers", "tiles"), [(10**6, 2, 62), (100_000, 2, 13), (100_000, 1, 25), (10**6, 64, 4)]
)
def test_lanes_that_stop_want_larger_chunks_to_be_packed_in(lanes, workers, tiles):
    """Two for each core, or one of a small sweep, rounded up to tiles."""
    assert chunk_size(lanes, 4096, 32, stops=True, workers=workers) == tiles * 4096


@pytest.mark.parametrize(("workers", "expected"), [(1, 13), (2, 13), (8, 20), (64, 100)])
def test_small_sweeps_have_fewer_chunks_that_still_fill_the_cores(workers, expected):
    """A hundred tiles: three chunks for each core or more, of up to 8 tiles, not 64 of one or two."""
    size = chunk_size(102_400, 1024, 12, stops=False, workers=workers)
    assert Plan(1, 102_400, size).num_chunks == expected


@pytest.mark.parametrize(("size", "expected"), [(12, 8), (4096, 4), (10**6, 1)])
def test_a_call_runs_as_many_tiles_as_their_results_fit(size, expected):
    assert tiles_at_once(1024, size) == expected
