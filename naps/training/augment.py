"""Random changes of spectrograms, each a function of the generator it is given."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from naps.training.config import AugmentConfig


def augment(
    spectrogram: Tensor, config: AugmentConfig, frame_s: float, generator: Generator
) -> Tensor:
    """Warp, tilt, add noise and mask.

    Parameters
    ----------
    spectrogram : Tensor, shape (frames, n_mels)
        Normalised to mean 0 and spread 1.
    config : AugmentConfig
        How much of what.
    frame_s : float
        Seconds between frames.
    generator : Generator
        The only source of chance.

    Returns
    -------
    Tensor, shape (frames', n_mels)
    """
    x = warp(spectrogram, config, generator)
    if config.tilt:
        x = x + _smooth_curve(x.shape[1], generator) * config.tilt
    if config.noise:
        level = config.noise * _uniform(generator)
        x = x + level * torch.randn(x.shape, generator=generator)
    return mask(x, config, frame_s, generator)


def warp(spectrogram: Tensor, config: AugmentConfig, generator: Generator) -> Tensor:
    """Stretch time and the mel axis by bilinear interpolation."""
    frames, bands = spectrogram.shape
    time = 1 + config.time_warp * _symmetric(generator)
    mel = 1 + config.mel_warp * _symmetric(generator)
    size = (max(1, round(frames * time)), max(1, round(bands * mel)))
    x = functional.interpolate(spectrogram[None, None], size, mode="bilinear", align_corners=False)[
        0, 0
    ]
    if size[1] >= bands:
        return x[:, :bands]
    return functional.pad(x[None], (0, bands - size[1]), mode="replicate")[0]


def mask(
    spectrogram: Tensor, config: AugmentConfig, frame_s: float, generator: Generator
) -> Tensor:
    """Set random bands and stretches of time to the mean, as SpecAugment (Park et al. 2019)."""
    x = spectrogram.clone()
    frames, bands = x.shape
    for _ in range(config.mel_masks):
        start, stop = _stretch(bands, config.mel_mask_width, generator)
        x[:, start:stop] = 0.0
    for _ in range(round(config.time_masks_per_s * frames * frame_s)):
        start, stop = _stretch(frames, round(config.time_mask_s / frame_s), generator)
        x[start:stop] = 0.0
    return x


def _uniform(generator: Generator) -> float:
    return float(torch.rand((), generator=generator))


def _symmetric(generator: Generator) -> float:
    return 2 * _uniform(generator) - 1


def _stretch(length: int, longest: int, generator: Generator) -> tuple[int, int]:
    width = int(_uniform(generator) * (min(longest, length) + 1))
    start = int(_uniform(generator) * (length - width + 1))
    return start, start + width


def _smooth_curve(bands: int, generator: Generator) -> Tensor:
    """Return a random curve of the three slowest cosines over the bands, unit variance each."""
    steps = (torch.arange(bands) + 0.5) / bands
    orders = torch.arange(1, 4)
    weights = torch.randn(3, generator=generator)
    return math.sqrt(2 / 3) * (weights @ torch.cos(math.pi * orders[:, None] * steps))
