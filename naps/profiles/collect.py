"""From the sums of shards to profiles: added in their order, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
from naps.profiles.shard_sums import ShardSums, SumsFile, save_sums, stored_sums


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
    _block: ShardSums | None = field(default=None, init=False)
    _next: int = field(default=0, init=False)
    _files: dict[int, SumsFile] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for block in range(self.plan.blocks):
            found = stored_sums(block_file(self.folder, block), self.plan.digest)
            if found is None:
                break
            self._files[block] = found
            self._next += sum(shard.block == block for shard in self.plan.shards)

    def missing(self) -> list[int]:
        """Return the shards whose sums are nowhere yet."""
        return [
            shard.number
            for shard in self.plan.shards[self._next :]
            if stored_sums(shard_file(self.folder, shard.number), self.plan.digest) is None
        ]

    def advance(self, given: ShardSums | None = None) -> None:
        """Add what is there, in the order of the shards, as far as it goes.

        Parameters
        ----------
        given : ShardSums, optional
            Of the next shard, where they are still in memory and need not be read.

        Raises
        ------
        InputError
            If by now more utterances are lost than the options allow.
        """
        shards, plan = self.plan.shards, self.plan
        while self._next < len(shards):
            shard = shards[self._next]
            path, block = shard_file(self.folder, shard.number), shard.block
            last = shard.number + 1 == len(shards) or shards[shard.number + 1].block != block
            alone = last and self._block is None
            if given is None:
                found = stored_sums(path, plan.digest)
                if found is None:
                    return
                if not alone:
                    whole = self._block or ShardSums.empty(plan, self.folder)
                    self._block = whole.plus(found)
            else:
                self._block = given if self._block is None else self._block.plus(given)
                given = None
            self._next += 1
            if last:
                target = block_file(self.folder, block)
                if self._block is None:
                    path.replace(target)
                else:
                    save_sums(target, self._block, plan.digest)
                self._files[block], self._block = SumsFile(target), None
                for done in shards:
                    if done.block == block:
                        shard_file(self.folder, done.number).unlink(missing_ok=True)
            self._refuse_too_many()

    @property
    def drops(self) -> list[Drop]:
        """What was left out, in the order of the manifest."""
        return [drop for part in self._parts() for drop in part.drops]

    @property
    def used(self) -> list[int]:
        """Rows of the events that were averaged."""
        return [row for part in self._parts() for row in part.used]

    def _parts(self) -> list[SumsFile | ShardSums]:
        parts: list[SumsFile | ShardSums] = list(self._files.values())
        return parts if self._block is None else [*parts, self._block]

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
        if not self.used:
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
        for number, file in enumerate(self._files.values()):
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
