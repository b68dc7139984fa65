"""Chunks cover every lane once; their size is a power of two that fits the cache."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxopt_lab.engine.plan import CARRY_BYTES, MAX_LANES, Chunk, Plan, chunk_size

LANES = st.integers(1, 10**7)
BYTES = st.integers(0, 10**7)


@given(st.integers(1, 4), st.integers(1, 300), st.integers(1, 350))
def test_chunks_hold_every_lane_of_every_variant_once_in_order(variants, lanes, size):
    chunks = Plan(variants, lanes, size).chunks
    seen = [(chunk.variant, lane) for chunk in chunks for lane in range(chunk.start, chunk.stop)]
    assert seen == [(variant, lane) for variant in range(variants) for lane in range(lanes)]
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert all(0 < chunk.stop - chunk.start <= size for chunk in chunks)
    assert all(chunk.start % size == 0 for chunk in chunks)


def test_a_plan_worked_out_by_hand():
    assert Plan(num_variants=2, num_lanes=5, chunk_size=2).chunks == [
        Chunk(0, 0, 0, 2), Chunk(1, 0, 2, 4), Chunk(2, 0, 4, 5),
        Chunk(3, 1, 0, 2), Chunk(4, 1, 2, 4), Chunk(5, 1, 4, 5),
    ]  # fmt: skip


@given(LANES, BYTES)
def test_the_size_is_a_power_of_two_within_the_limits(lanes, bytes_per_lane):
    size = chunk_size(lanes, bytes_per_lane, with_loss=False)
    assert size & (size - 1) == 0
    assert 1 <= size <= MAX_LANES
    assert size < 2 * lanes  # rounded up to a power of two at most
    assert size == 1 or size * bytes_per_lane <= CARRY_BYTES


@given(LANES, LANES, BYTES, BYTES)
def test_more_lanes_never_shrink_it_and_more_bytes_never_grow_it(lanes, others, light, heavy):
    lanes, others = sorted((lanes, others))
    light, heavy = sorted((light, heavy))
    assert chunk_size(lanes, light, with_loss=False) <= chunk_size(others, light, with_loss=False)
    assert chunk_size(lanes, heavy, with_loss=False) <= chunk_size(lanes, light, with_loss=False)


@pytest.mark.parametrize(
    ("lanes", "bytes_per_lane", "size"),
    [(1, 24, 1), (3, 24, 4), (64, 24, 64), (65, 24, 128), (10**6, 24, 8192), (10**6, 64, 4096), (10**6, 65, 2048),
     (10**6, 256 * 1024, 1), (10**6, 10**9, 1), (10**6, 0, 8192)],
)  # fmt: skip
def test_sizes_worked_out_by_hand(lanes, bytes_per_lane, size):
    assert chunk_size(lanes, bytes_per_lane, with_loss=False) == size


def test_chunks_are_smaller_where_the_loss_is_looked_at():
    assert chunk_size(10**6, 24, with_loss=True) == 1024
    assert chunk_size(10**6, 1024, with_loss=True) == chunk_size(10**6, 1024, with_loss=False) == 256
