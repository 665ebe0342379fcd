"""Networks as other people write them, small and with random weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
import torchaudio
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

LABELS = ("-", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ")
CONVOLUTIONS = [(8, 10, 5), *[(8, 3, 2)] * 4, *[(8, 2, 2)] * 2]


def wav2vec2(*, mode: str = "layer_norm", letters: int | None = 29) -> nn.Module:
    """wav2vec 2.0 or HuBERT, which is the same network, with its own strides."""
    torch.manual_seed(0)
    model: nn.Module = torchaudio.models.wav2vec2_model(
        extractor_mode=mode,
        extractor_conv_layer_config=CONVOLUTIONS,
        extractor_conv_bias=False,
        encoder_embed_dim=12,
        encoder_projection_dropout=0.1,
        encoder_pos_conv_kernel=4,
        encoder_pos_conv_groups=2,
        encoder_num_layers=2,
        encoder_num_heads=2,
        encoder_attention_dropout=0.1,
        encoder_ff_interm_features=16,
        encoder_ff_interm_dropout=0.1,
        encoder_dropout=0.1,
        encoder_layer_norm_first=mode == "layer_norm",
        encoder_layer_drop=0.1,
        aux_num_out=letters,
    )
    return model


@dataclass
class LetterlessBundle:
    """What ``torchaudio.pipelines.HUBERT_BASE`` has, without the download."""

    model: nn.Module = field(default_factory=lambda: wav2vec2(letters=None))
    sample_rate: float = 16_000.0
    _normalize_waveform: bool = False

    def get_model(self) -> nn.Module:
        """As torchaudio does, with a wrapper that normalises."""
        if not self._normalize_waveform:
            return self.model
        wrap = torchaudio.pipelines._wav2vec2.utils._extend_model
        wrapped: nn.Module = wrap(self.model, normalize_waveform=True)
        return wrapped


@dataclass
class LetterBundle(LetterlessBundle):
    """What ``torchaudio.pipelines.WAV2VEC2_ASR_BASE_960H`` has."""

    model: nn.Module = field(default_factory=wav2vec2)
    labels: tuple[str, ...] = LABELS

    def get_labels(self, *, blank: str = "-") -> tuple[str, ...]:
        """The labels, the blank first."""
        return (blank, *self.labels[1:])


class Recurrent(nn.Module):
    """LSTM layers, one of them with time in front, that give tuples."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm1 = nn.LSTM(6, 5, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.5)
        self.lstm2 = nn.LSTM(10, 4)
        self.letters = nn.Linear(4, 29)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(self.lstm1(x)[0])
        return self.letters(self.lstm2(x.transpose(0, 1))[0].transpose(0, 1))


class Packed(nn.Module):
    """An LSTM that is given packed sequences, and every other step of them."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(6, 5, batch_first=True, bidirectional=True)
        self.letters = nn.Linear(10, 29)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, lengths = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.letters(y[:, ::2]), lengths


def packed(module: nn.Module, x: Tensor) -> Any:
    """Call a `Packed` with the lengths that it wants."""
    return module(x, torch.full((len(x),), x.shape[1]))


class Answer(NamedTuple):
    """What a `Block` gives."""

    hidden: Tensor
    weights: None


class Block(nn.Module):
    """A layer of a stack that holds stacks, and gives a named tuple."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation),
            nn.BatchNorm1d(channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Answer:
        return Answer(x + self.inner(x), None)


class Convolutional(nn.Module):
    """Channels in front of steps all the way, ReLUs in place, shared and unused modules."""

    def __init__(self) -> None:
        super().__init__()
        self.front = nn.Sequential(
            nn.Conv1d(6, 8, 7, stride=2, padding=3), nn.BatchNorm1d(8), nn.ReLU(inplace=True)
        )
        self.stack = nn.ModuleList(Block(8, dilation) for dilation in (1, 2))
        self.shared = nn.Tanh()
        self.unused = nn.Linear(3, 3)
        self.beside = nn.Linear(8, 2)
        self.whole = nn.AdaptiveAvgPool1d(1)
        self.up = nn.Upsample(scale_factor=4)
        self.letters = nn.Conv1d(8, 29, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.front(x.transpose(1, 2))
        for block in self.stack:
            x = self.shared(block(x).hidden)
        self.up(x)
        pooled = self.whole(x)
        return self.letters(x + pooled * 0), self.beside(x.transpose(1, 2))


class Spectral(nn.Module):
    """Convolutions over frequency and time, as in Deep Speech 2; remembers how long inputs are."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, (4, 5), stride=(2, 3), padding=(0, 2))
        self.hidden = nn.GRU(6, 5, batch_first=True)
        self.fc = nn.Linear(5, 29)
        self.places: Tensor | None = None

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        y = self.conv(x.transpose(1, 2)[:, None]).relu()
        y = self.hidden(y.flatten(1, 2).transpose(1, 2))[0]
        if self.places is None or self.places.shape[1] < y.shape[1]:
            self.places = torch.linspace(0, 1, 2 * y.shape[1], device=y.device)[None, :, None]
        y = y * (1 + self.places[:, : y.shape[1]])
        return {"logits": self.fc(y).log_softmax(2)}
