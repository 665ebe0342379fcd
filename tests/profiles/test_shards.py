from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.profiles.shards import plan_shards


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=120),
    st.integers(1, 20),
    st.integers(1, 1000),
)
def test_every_utterance_is_in_one_shard_and_every_shard_in_one_block(
    events: list[int], blocks: int, shard_events: int
) -> None:
    shards = plan_shards(events, blocks, shard_events)
    assert [s.number for s in shards] == list(range(len(shards)))
    assert shards[0].start == 0
    assert shards[-1].stop == len(events)
    assert all(a.stop == b.start and a.block <= b.block for a, b in pairwise(shards))
    for shard in shards:
        assert shard.events == sum(events[shard.start : shard.stop])
        # Its last utterance may carry it over the limit, no other one.
        assert sum(events[shard.start : shard.stop - 1]) < shard_events
    assert {s.block for s in shards} == set(range(min(blocks, len(events))))


def test_blocks_hold_about_equally_many_events() -> None:
    shards = plan_shards([37] * 640, 16)
    assert [s.events for s in shards] == [37 * 40] * 16


def test_a_long_corpus_has_short_shards_in_the_same_blocks() -> None:
    shards = plan_shards([100] * 1600, 4, 5000)
    assert len(shards) == 32
    assert [s.block for s in shards] == [b for b in range(4) for _ in range(8)]


def test_plans_that_make_no_sense() -> None:
    for events, blocks, size in (([], 4, 10), ([1], 0, 10), ([1], 1, 0)):
        with pytest.raises(ValueError, match="a plan needs"):
            plan_shards(events, blocks, size)
