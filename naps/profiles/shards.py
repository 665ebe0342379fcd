"""How a corpus is cut: blocks to judge by how far results can be trusted, shards to work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# A shard is what is done again after an interruption: some minutes of work, not hours.
SHARD_EVENTS = 10_000
# The sums of each are written, read and added: of a large corpus, shards are larger.
MOST_SHARDS = 1024


@dataclass(frozen=True)
class Shard:
    """A stretch of a corpus that is worked on in one go.

    Attributes
    ----------
    number : int
        In the order in which sums are added.
    block : int
        Block that it belongs to.
    start, stop : int
        Of the utterances with events, in the order of the manifest.
    events : int
        In it.
    """

    number: int
    block: int
    start: int
    stop: int
    events: int


def shard_size(events: int) -> int:
    """Return how many events a shard of a corpus with so many should have."""
    return max(SHARD_EVENTS, -(-events // MOST_SHARDS))


def plan_shards(
    events: Sequence[int], blocks: int = 16, shard_events: int | None = None
) -> list[Shard]:
    """Cut a corpus into blocks of about equally many events, and blocks into shards.

    Both depend on the corpus alone, never on who does the work, so that sums added in the order
    of the shards have the same bits however many workers there are. Neighbours in the manifest
    stay together: a speaker's utterances mostly share a block, and what differs between blocks
    is what differs between speakers, too.

    Parameters
    ----------
    events : sequence of int
        Events of each utterance.
    blocks : int
        At most so many; fewer if there are fewer utterances.
    shard_events : int, optional
        A shard takes utterances until it holds at least this many events; `shard_size` by default.

    Returns
    -------
    list of Shard

    Raises
    ------
    ValueError
        If there are no utterances, no blocks, or shards of no event.
    """
    total, blocks = sum(events), min(blocks, len(events))
    shard_events = shard_size(total) if shard_events is None else shard_events
    if not events or blocks < 1 or shard_events < 1:
        raise ValueError("a plan needs utterances, blocks and events in a shard")
    shards: list[Shard] = []
    start = seen = held = 0
    block = 0
    for at, count in enumerate(events):
        held += count
        seen += count
        left = len(events) - at - 1
        # A block is full when the events so far reach its share, or when each of those to come
        # must get an utterance of its own.
        full = block + 1 < blocks and (
            seen * blocks >= (block + 1) * total or left <= blocks - block - 1
        )
        if full or held >= shard_events or not left:
            shards.append(Shard(len(shards), block, start, at + 1, held))
            start, held = at + 1, 0
        block += full
    return shards
