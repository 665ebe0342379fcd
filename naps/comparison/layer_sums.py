"""Products of two networks' layers, added up while frames come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from naps.comparison.cka import CKABlocks, LayerAlignment, align_layers
from naps.comparison.hsic import HSICBlocks, HSICSums
from naps.similarity.distance import Floats

Rows = Mapping[str, npt.NDArray[np.float32]]
Key = TypeVar("Key")

# Frames whose products are computed at a time.
_CHUNK = 1024


class LayerSums:
    """Sums of pairs of layers, block by block, while frames come in.

    Parameters
    ----------
    pairs : sequence of (str, str)
        A layer of the one and a layer of the other.
    blocks : int
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], blocks: int) -> None:
        self._pairs = list(pairs)
        self._sides = tuple(dict.fromkeys(pair[side] for pair in pairs) for side in (0, 1))
        self._own: list[list[dict[str, HSICSums]]] = [[{} for _ in range(blocks)] for _ in "ab"]
        self._both: list[dict[tuple[str, str], HSICSums]] = [{} for _ in range(blocks)]
        self._rotated: dict[tuple[str, str], HSICSums] = {}
        # One vector a layer, subtracted from all its frames: sums of values far from zero lose
        # digits, and alignments do not change.
        self._origins: list[dict[str, Floats]] = [{}, {}]
        self._waiting: list[tuple[Rows, Rows]] = []
        self._block = 0

    def add(self, block: int, a: Rows, b: Rows) -> None:
        """Add the frames of an utterance.

        Parameters
        ----------
        block : int
            Utterances of a block come one after the other.
        a, b : mapping of str to array, shape (frames, channels)
            By layer.
        """
        if block != self._block:
            self._flush()
            self._block = block
        self._waiting.append((a, b))
        if sum(len(rows[0][self._pairs[0][0]]) for rows in self._waiting) >= _CHUNK:
            self._flush()

    def used(self) -> npt.NDArray[np.int64]:
        """Return the blocks that have frames."""
        self._flush()
        return np.flatnonzero([bool(found) for found in self._both])

    def alignments(self, weights: Floats) -> tuple[LayerAlignment, ...]:
        """Return the alignment of every pair.

        Parameters
        ----------
        weights : array, shape (replicates, blocks)
            How often each of the used blocks was drawn.
        """
        used = self.used()
        own = [
            {name: HSICBlocks.of([sums[i][name] for i in used]) for name in names}
            for names, sums in zip(self._sides, self._own, strict=True)
        ]
        found = []
        for a, b in self._pairs:
            both = HSICBlocks.of([self._both[i][a, b] for i in used])
            products = CKABlocks(own[0][a], own[1][b], both)
            found.append(align_layers(a, b, products, self._rotated[a, b], weights))
        return tuple(found)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not sum(len(rows[0][self._pairs[0][0]]) for rows in waiting):
            return
        found: list[dict[str, Floats]] = [{}, {}]
        turned: dict[str, Floats] = {}
        for side, names in enumerate(self._sides):
            for name in names:
                parts = [rows[side][name] for rows in waiting]
                whole = np.concatenate(parts).astype(np.float64)
                origin = self._origins[side].setdefault(name, whole.mean(0))
                found[side][name] = whole - origin
                _put(self._own[side][self._block], name, found[side][name], found[side][name])
                if side == 1:
                    halves = [np.roll(part, len(part) // 2, 0) for part in parts]
                    turned[name] = np.concatenate(halves).astype(np.float64) - origin
        for a, b in self._pairs:
            _put(self._both[self._block], (a, b), found[0][a], found[1][b])
            _put(self._rotated, (a, b), found[0][a], turned[b])


def _put(sums: dict[Key, HSICSums], key: Key, x: Floats, y: Floats) -> None:
    """Add the sums over some frames to those that there are."""
    more = HSICSums.of(x, y)
    sums[key] = sums[key].plus(more) if key in sums else more
