"""From the sums of shards to profiles: added in their order, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from naps.errors import InputError
from naps.events import Drop
from naps.profiles.blocks import BlockMeans
from naps.profiles.dataset import average_of, layer_dataset
from naps.profiles.file import Profiles
from naps.profiles.kinds import describe
from naps.profiles.options import Kind
from naps.profiles.plan import Key, ProfilePlan
from naps.profiles.shard_sums import Ints, ShardSums, SumsFile, save_sums, stored_sums


def shard_file(folder: Path, number: int) -> Path:
    """Return where the sums of a shard are written."""
    return folder / f"shard-{number:05d}.safetensors"


def block_file(folder: Path, block: int) -> Path:
    """Return where the sums of a block are written."""
    return folder / f"block-{block:03d}.safetensors"


@dataclass
class Collector:
    """Adds the sums of shards in their order and keeps those of each block in a folder.

    What is in the folder outlives the process: a second collector goes on where the first was.

    Attributes
    ----------
    plan : ProfilePlan
    folder : Path
        Gets ``shard-*.safetensors`` (from whoever works on the shards) and
        ``block-*.safetensors``; a shard's file is gone once its block's is there.
    """

    plan: ProfilePlan
    folder: Path
    _blocks: dict[int, SumsFile] = field(default_factory=dict, init=False)
    # Of the block in work: what is there of it.
    _shards: dict[int, SumsFile] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for block in range(self.plan.blocks):
            found = stored_sums(block_file(self.folder, block), self.plan.digest)
            if found is None:
                break
            self._blocks[block] = found

    def missing(self) -> list[int]:
        """Return the shards whose sums are nowhere yet."""
        return [
            shard.number
            for shard in self.plan.shards
            if shard.block >= len(self._blocks) and self._stored(shard.number) is None
        ]

    def advance(self) -> None:
        """Add up the blocks whose shards are all there, in the order of the shards.

        Nothing is held in memory in between: it is for whoever works on the shards.

        Raises
        ------
        InputError
            If by now more utterances are lost than the options allow.
        """
        while len(self._blocks) < self.plan.blocks:
            block = len(self._blocks)
            numbers = [shard.number for shard in self.plan.shards if shard.block == block]
            for number in numbers:
                found = self._shards.get(number) or self._stored(number)
                if found is not None:
                    self._shards[number] = found
            self._refuse_too_many()
            if len(self._shards) < len(numbers):
                return
            self._finish(block, [self._shards[number] for number in numbers])

    def _stored(self, number: int) -> SumsFile | None:
        return stored_sums(shard_file(self.folder, number), self.plan.digest)

    def _finish(self, block: int, parts: list[SumsFile]) -> None:
        """Turn the files of the shards of a block into its own."""
        target = block_file(self.folder, block)
        if len(parts) == 1:
            parts[0].path.replace(target)
        else:
            whole = ShardSums.empty(self.plan, self.folder)
            for part in parts:
                whole.plus(part)
            save_sums(target, whole, self.plan.digest)
        self._blocks[block], self._shards = SumsFile(target), {}
        for part in parts:
            part.path.unlink(missing_ok=True)

    @property
    def drops(self) -> list[Drop]:
        """What was left out, in the order of the manifest."""
        return [drop for part in self._parts() for drop in part.drops]

    @property
    def used(self) -> Ints:
        """Rows of the events that were averaged."""
        parts = [part.used for part in self._parts()]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def _parts(self) -> list[SumsFile]:
        return [*self._blocks.values(), *(self._shards[number] for number in sorted(self._shards))]

    def _refuse_too_many(self) -> None:
        lost = sum(part.lost for part in self._parts())
        if lost > self.plan.options.max_bad_share * len(self.plan.work):
            last = next(d for d in reversed(self.drops) if d.reason != "edge")
            raise InputError(
                f"{lost} utterances cannot be used, more than max_bad_share allows; "
                f"the last is {last.utterance}: {last.detail or last.reason}"
            )

    def profiles(self, attributes: dict[str, Any]) -> Iterator[tuple[str, Kind, Profiles]]:
        """Turn the sums of all blocks into profiles, one grouping and kind at a time.

        Parameters
        ----------
        attributes : dict
            Written into every layer's attributes.

        Raises
        ------
        InputError
            If no event was averaged.
        """
        if not len(self.used):
            raise InputError(
                "no event is left to average; with short utterances, try profiles.edges=keep"
            )
        plan = self.plan
        for group, labels in plan.labels.items():
            for kind in plan.kinds:
                lags_ms = plan.windows_of(kind).lags_ms
                described = attributes | describe(group, kind, plan.options, lags_ms)
                layers = {
                    layer.name: self._dataset((group, kind, layer.name), labels, described)
                    for layer in plan.layers_of(kind)
                }
                yield group, kind, Profiles(layers)

    def _dataset(self, key: Key, labels: list[str], attributes: dict[str, Any]) -> xr.Dataset:
        plan = self.plan
        _, kind, name = key
        rule, windows = plan.rules[kind], plan.windows_of(kind)
        whole = plan.zeros(key)
        blocks = BlockMeans(plan.blocks, plan.shape(key), self.folder if plan.spills else None)
        for number, file in enumerate(self._blocks.values()):
            moments = file.moments(key)
            whole.merge(moments)
            blocks.put(number, moments, average_of(moments, rule))
        dataset = layer_dataset(
            whole, plan.layer(name), plan.frame_ms, labels, windows, rule, attributes,
            baseline_ms=plan.options.baseline_ms,
        )  # fmt: skip
        if rule.baseline is not None:
            # Products of averages before the baseline would be of something else.
            return dataset
        if rule.mask == "group":
            blocks.times(torch.from_numpy(dataset["mask"].to_numpy()))
        if rule.reference != "none":
            blocks.centre()
        return dataset.assign(blocks.products())

    def clear(self) -> None:
        """Delete the files of sums."""
        for path in [
            *self.folder.glob("shard-*.safetensors"),
            *self.folder.glob("block-*.safetensors"),
        ]:
            path.unlink()
