"""Profiles of made-up runs, for tests."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from naps.comparison import SharedGroups
from naps.profiles import Profiles

PHONES_EN = ("P", "B", "T", "D", "K", "G", "F", "V", "S", "Z", "SH", "M", "N", "NG", "L")
PHONES_DE = ("p", "b", "t", "d", "k", "ɡ", "f", "v", "s", "z", "ʃ", "m", "n", "ŋ", "l")


def pairs_of(labels_a: Sequence[str], labels_b: Sequence[str] | None = None) -> SharedGroups:
    return SharedGroups(tuple(zip(labels_a, labels_b or labels_a, strict=True)), (), ())


def profile(
    centres: np.ndarray,
    labels: Sequence[str],
    *,
    noise: float = 0.0,
    blocks: int = 6,
    counts: np.ndarray | None = None,
    seed: int = 0,
    shared_noise: int | None = None,
    **attributes: str,
) -> xr.Dataset:
    """A layer's profile whose blocks scatter around centres, shape (groups, lags, channels).

    Noise of ``shared_noise``, another seed, is common to the profiles that name it.
    """
    random = np.random.default_rng(seed)
    groups, lags, channels = centres.shape
    if counts is None:
        counts = random.integers(5, 20, (blocks, groups))
    scatter = np.random.default_rng(seed if shared_noise is None else shared_noise)
    off = scatter.standard_normal((len(counts), *centres.shape))
    means = centres + noise * off / np.sqrt(np.maximum(counts, 1))[:, :, None, None]
    means[counts == 0] = 0.0
    rows = means.reshape(len(counts) * groups, -1)
    shape = (len(counts), groups)
    total = np.einsum("bg,bglc->glc", counts, means) / np.maximum(counts.sum(0), 1)[:, None, None]
    return xr.Dataset(
        {
            "mean": (("label", "lag", "channel"), total),
            "count": ("label", counts.sum(0)),
            "block_gram": (
                ("block", "label", "other_block", "other_label"),
                (rows @ rows.T).reshape(*shape, *shape),
            ),
            "block_sum": (("block", "label"), rows.sum(1).reshape(shape)),
            "block_count": (("block", "label"), counts),
        },
        coords={
            "label": list(labels), "lag": np.arange(lags) - lags // 2,
            "channel": np.arange(channels),
        },
        attrs={
            "layer": "conv1", "group": "phoneme", "kind": "grad", "model_sha256": "", **attributes
        },
    )  # fmt: skip


def centres_of(
    groups: int, seed: int = 0, lags: int = 3, channels: int = 10, ranks: int = 4
) -> np.ndarray:
    """Profiles of few dimensions, so that some groups are alike and others are not."""
    random = np.random.default_rng(seed)
    latent = random.standard_normal((groups, ranks))
    return (latent @ random.standard_normal((ranks, lags * channels))).reshape(
        groups, lags, channels
    )


def run_of(layers: dict[str, xr.Dataset]) -> Profiles:
    return Profiles({name: found.assign_attrs(layer=name) for name, found in layers.items()})
