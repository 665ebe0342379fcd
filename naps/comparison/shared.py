"""Which groups of two runs are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from naps.errors import InputError
from naps.phonology import classes, shared_phones

FEWEST = 4


@dataclass(frozen=True)
class SharedGroups:
    """Groups that two profiles have in common.

    Attributes
    ----------
    pairs : tuple of (str, str)
        The label of each in the first and in the second, in the order of the first.
    only_a, only_b : tuple of str
        Groups with enough events in the one, which the other lacks or has too few events of.
    """

    pairs: tuple[tuple[str, str], ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    @property
    def labels_a(self) -> tuple[str, ...]:
        """Labels in the first run."""
        return tuple(a for a, _ in self.pairs)

    @property
    def labels_b(self) -> tuple[str, ...]:
        """Labels in the second run."""
        return tuple(b for _, b in self.pairs)


def shared_groups(a: xr.Dataset, b: xr.Dataset, min_count: int = 1) -> SharedGroups:
    """Pair the groups of two profiles.

    Equal labels are the same group. Where all labels are phones, an English and a German symbol
    of the same phone are, too (`naps.phonology.shared_phones`).

    Parameters
    ----------
    a, b : Dataset
        Profiles of a layer in either run.
    min_count : int
        Groups with fewer events, in either, are not compared.

    Raises
    ------
    InputError
        If fewer than four groups are left.
    """
    counts_a, counts_b = _counts(a), _counts(b)
    least = max(1, min_count)
    enough_a = [label for label, count in counts_a.items() if count >= least]
    enough_b = [label for label, count in counts_b.items() if count >= least]
    phones = {} if classes([*counts_a, *counts_b]) is None else _translations()
    pairs = [
        (label, other)
        for label in enough_a
        for other in (label, phones.get(label))
        if other in enough_b
    ]
    if len(pairs) < FEWEST:
        named = ", ".join(x if x == y else f"{x} and {y}" for x, y in pairs) or "none"
        raise InputError(
            f"two runs are compared by {FEWEST} groups that both have, and these have {len(pairs)} "
            f"with {least} events or more: {named}; lower min_count, use more speech, or compare "
            f"runs with the same groups (in the first: {_listed(enough_a)}; in the second: "
            f"{_listed(enough_b)})"
        )
    in_a, in_b = {x for x, _ in pairs}, {y for _, y in pairs}
    return SharedGroups(
        tuple(pairs),
        tuple(label for label in enough_a if label not in in_a),
        tuple(label for label in enough_b if label not in in_b),
    )


def _counts(profile: xr.Dataset) -> dict[str, int]:
    labels = [str(label) for label in profile["label"].values]
    return dict(zip(labels, profile["count"].values.tolist(), strict=True))


def _translations() -> Mapping[str, str]:
    pairs = shared_phones()
    return dict(pairs) | {german: english for english, german in pairs}


def _listed(labels: list[str]) -> str:
    more = f" and {len(labels) - 8} more" if len(labels) > 8 else ""
    return (", ".join(labels[:8]) or "none") + more


def chosen(profile: xr.Dataset, labels: Sequence[str]) -> xr.Dataset:
    """Return some groups of a profile, in the order given.

    Raises
    ------
    InputError
        If a value of theirs is not finite.
    """
    known = [str(label) for label in profile["label"].values]
    found = profile.isel(label=[known.index(label) for label in labels])
    if not np.isfinite(found["mean"].values).all():
        raise InputError(
            f"the profile of layer {profile.attrs.get('layer')!r} has values that are not finite; "
            f"make it anew"
        )
    return found
