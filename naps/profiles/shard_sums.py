"""The sums of a shard: a value that can be written down, read back and added."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from naps.errors import InputError
from naps.events import Drop
from naps.files import replacing
from naps.profiles.moments import Moments
from naps.profiles.plan import Key, ProfilePlan
from naps.weights import save_tensors

Ints = npt.NDArray[np.int64]

_FIELDS = ("total", "squares", "mask", "count", "lag_count", "shift")


@dataclass
class ShardSums:
    """Sums over the events of a shard, or of several that were added.

    Attributes
    ----------
    sums : dict
        (grouping, kind, layer) → Moments.
    used : array of int64
        Rows of the events that were averaged.
    drops : list of Drop
        What was left out.
    lost : int
        Whole utterances among them.
    """

    sums: dict[Key, Moments]
    used: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    drops: list[Drop] = field(default_factory=list)
    lost: int = 0

    @classmethod
    def empty(cls, plan: ProfilePlan, folder: Path | None = None) -> ShardSums:
        """Return sums of nothing.

        Parameters
        ----------
        plan : ProfilePlan
        folder : Path, optional
            Gets files that hold them, if the plan's options leave no memory for them.
        """
        room = folder if plan.spills else None
        return cls({key: plan.zeros(key, room) for key in plan.wanted()})

    def moments(self, key: Key) -> Moments:
        """Return the sums of one grouping, kind and layer."""
        return self.sums[key]

    def plus(self, other: ShardSums | SumsFile) -> ShardSums:
        """Add the sums of other events to these, in place, and return them."""
        for key, moments in self.sums.items():
            moments.merge(other.moments(key))
        self.used = np.concatenate([self.used, other.used])
        self.drops += other.drops
        self.lost += other.lost
        return self


def save_sums(path: Path, sums: ShardSums, digest: str) -> None:
    """Write sums, replaced in one step.

    Parameters
    ----------
    path : Path
    sums : ShardSums
    digest : str
        Of the plan that they belong to.
    """
    tensors = {"used": torch.from_numpy(sums.used)}
    for key, moments in sums.sums.items():
        for name in _FIELDS:
            value: Tensor | None = getattr(moments, name)
            if value is not None:
                tensors["/".join([*key, name])] = value
    facts = {"digest": digest, "drops": [asdict(drop) for drop in sums.drops], "lost": sums.lost}
    with replacing(path) as temporary:
        save_tensors(path, temporary, tensors, {"naps": json.dumps(facts)})


class SumsFile:
    """Sums in a file, read one key at a time.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    digest : str
        Of the plan that they belong to.
    drops, lost, used
        As of `ShardSums`.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with safe_open(path, framework="pt") as file:
                facts = json.loads((file.metadata() or {})["naps"])
                self.used: Ints = file.get_tensor("used").numpy()
            self.digest: str = facts["digest"]
            self.drops = [Drop(**drop) for drop in facts["drops"]]
            self.lost: int = facts["lost"]
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: not a complete file of sums ({error}); delete it") from None

    def moments(self, key: Key) -> Moments:
        """Read the sums of one grouping, kind and layer."""
        prefix = "/".join(key)
        with safe_open(self.path, framework="pt") as file:
            there = set(file.keys())
            found = {
                name: file.get_tensor(f"{prefix}/{name}") if f"{prefix}/{name}" in there else None
                for name in _FIELDS
            }
        return Moments(**found)  # type: ignore[arg-type]  # only the mask may be missing


def stored_sums(path: Path, digest: str) -> SumsFile | None:
    """Open sums that belong to a plan; None if there are none, or of another plan, or damaged."""
    if not path.is_file():
        return None
    try:
        found = SumsFile(path)
    except InputError:
        return None
    return found if found.digest == digest else None
