"""Log-mel spectrograms with one mean and one spread per utterance; or the waveform as it is."""

from __future__ import annotations

from typing import Literal

import librosa
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from naps.corpus.audio import SAMPLE_RATE


class FeatureConfig(BaseModel):
    """How sound becomes a spectrogram; stored with every model.

    Attributes
    ----------
    n_mels : int
        Mel bands.
    n_fft, window, hop : int
        FFT size, length of the Hann window and step between frames, in samples.
    order : {"db_of_mel", "mel_of_db"}
        ``db_of_mel`` takes the logarithm of the mel energies. ``mel_of_db`` applies the mel
        filters to decibels, as the speechless code of Kunze et al. (2017) did.
    floor_db : float
        Power below this is set to it.
    range_db : float or None
        Keep at most this many dB below the loudest value of the utterance, so that digital
        silence does not decide the mean. None keeps all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_mels: int = Field(64, ge=1)
    n_fft: int = Field(512, ge=16)
    window: int = Field(400, ge=16)
    hop: int = Field(160, ge=1)
    order: Literal["db_of_mel", "mel_of_db"] = "db_of_mel"
    floor_db: float = -100.0
    range_db: float | None = 80.0

    @property
    def frame_s(self) -> float:
        """Seconds between frames."""
        return self.hop / SAMPLE_RATE

    @classmethod
    def legacy(cls) -> FeatureConfig:
        """Return the features of the published acoustic model (speechless, 2017)."""
        return cls(
            n_mels=128, n_fft=512, window=512, hop=128,
            order="mel_of_db", floor_db=-150.0, range_db=None,
        )  # fmt: skip


class WaveformConfig(BaseModel):
    """The samples themselves, for networks that begin with them; one frame is one sample.

    Attributes
    ----------
    normalise : bool
        Shift and scale each utterance to mean 0 and variance 1, as the large wav2vec 2.0 and
        HuBERT models want it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    normalise: bool = False

    @property
    def n_mels(self) -> int:
        """Values a frame."""
        return 1

    @property
    def frame_s(self) -> float:
        """Seconds between frames."""
        return 1 / SAMPLE_RATE


class LogMel(nn.Module):
    """Waveforms to normalised log-mel spectrograms, the same alone or in a batch.

    Frames are centred with zeros beyond the ends, frame ``i`` at sample ``i * hop``; a recording
    of ``n`` samples has ``1 + n // hop`` of them. Each utterance is shifted and scaled by the one
    mean and standard deviation of all its values (profiles after Kunze et al. 2017 use the same).

    Parameters
    ----------
    config : FeatureConfig
        What to compute.
    """

    mel: Tensor
    window: Tensor

    def __init__(self, config: FeatureConfig) -> None:
        super().__init__()
        self.config = config
        bank = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=config.n_fft, n_mels=config.n_mels)
        self.register_buffer("mel", torch.from_numpy(bank).float(), persistent=False)
        self.register_buffer("window", torch.hann_window(config.window), persistent=False)

    def n_frames(self, n_samples: Tensor | int) -> Tensor | int:
        """Return the number of frames of so many samples."""
        return n_samples // self.config.hop + 1

    @torch.no_grad()
    def forward(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Compute spectrograms.

        Parameters
        ----------
        waveforms : Tensor, shape (batch, samples) or (samples,)
            Sound at 16 kHz, zeros after the end of shorter recordings.
        lengths : Tensor of int, shape (batch,), optional
            Samples that are real; all by default.

        Returns
        -------
        Tensor, shape (batch, frames, n_mels) or (frames, n_mels)
            Zero (the utterance's mean) after each recording's last frame.
        """
        single = waveforms.ndim == 1
        batch = waveforms.unsqueeze(0) if single else waveforms
        if lengths is None:
            lengths = torch.full((len(batch),), batch.shape[1], device=batch.device)
        config = self.config
        spectrum = torch.stft(
            batch, config.n_fft, config.hop, config.window, self.window,
            center=True, pad_mode="constant", return_complex=True,
        )  # fmt: skip
        power = spectrum.real.square() + spectrum.imag.square()
        frames = self.n_frames(lengths)
        steps = torch.arange(power.shape[2], device=power.device)
        valid = (steps < torch.as_tensor(frames, device=power.device)[:, None]).unsqueeze(2)
        if config.order == "db_of_mel":
            values = self._decibels((self.mel @ power).transpose(1, 2), valid)
        else:
            values = self._decibels(power.transpose(1, 2), valid) @ self.mel.T
        features = _standardise(values, valid)
        return features[0] if single else features

    def _decibels(self, power: Tensor, valid: Tensor) -> Tensor:
        floor = 10.0 ** (self.config.floor_db / 10)
        decibels = 10.0 * torch.log10(power.clamp_min(floor))
        if self.config.range_db is not None:
            loudest = decibels.masked_fill(~valid, -torch.inf).amax((1, 2), keepdim=True)
            decibels = torch.maximum(decibels, loudest - self.config.range_db)
        return decibels


class Waveform(nn.Module):
    """Waveforms as frames of one value, the same alone or in a batch.

    Parameters
    ----------
    config : WaveformConfig
        Whether to normalise.
    """

    def __init__(self, config: WaveformConfig) -> None:
        super().__init__()
        self.config = config

    @torch.no_grad()
    def forward(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Bring samples to where spectrograms are expected.

        Parameters
        ----------
        waveforms : Tensor, shape (batch, samples) or (samples,)
            Sound at 16 kHz, zeros after the end of shorter recordings.
        lengths : Tensor of int, shape (batch,), optional
            Samples that are real; all by default.

        Returns
        -------
        Tensor, shape (batch, samples, 1) or (samples, 1)
        """
        if not self.config.normalise:
            return waveforms.unsqueeze(-1)
        single = waveforms.ndim == 1
        batch = waveforms.unsqueeze(0) if single else waveforms
        steps = torch.arange(batch.shape[1], device=batch.device).expand(batch.shape)
        ends = batch.shape[1] if lengths is None else lengths[:, None].to(batch.device)
        valid = (steps < ends).unsqueeze(2)
        values = batch.unsqueeze(2)
        count = valid.sum(1, keepdim=True)
        centred = (values - (values * valid).sum(1, keepdim=True) / count) * valid
        # The same small number as in the layer norm that the models were trained with.
        variance = centred.square().sum(1, keepdim=True) / count
        normalised = centred / (variance + 1e-5).sqrt()
        return normalised[0] if single else normalised


def _standardise(values: Tensor, valid: Tensor) -> Tensor:
    """Shift and scale each utterance's valid values to mean 0 and standard deviation 1."""
    count = valid.sum((1, 2), keepdim=True) * values.shape[2]
    mean = (values * valid).sum((1, 2), keepdim=True, dtype=torch.float64) / count
    centred = (values.double() - mean) * valid
    spread = (centred.square().sum((1, 2), keepdim=True) / count).sqrt()
    return (centred / spread.clamp_min(1e-5)).float()
