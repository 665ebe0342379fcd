"""A letter recognizer of stacked LSTM layers (Graves et al. 2013), behind a convolution.

``conv1`` … shortens the spectrogram, ``lstm1`` … read it in both directions, ``output`` gives
letters; trained with CTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from pydantic import BaseModel, ConfigDict, Field, field_validator
from torch import Tensor, nn
from torch.nn import functional

from naps.models.geometry import Convolution, Layer, layers_of
from naps.models.network import Network
from naps.models.wav2letter import ConvolutionBlock

GATES = ("input", "forget", "candidate", "output")
# Gates in the order of the rows of torch's weights; both states beside them.
PLACES = ("hidden", "cell", *GATES)


class LSTMConfig(BaseModel):
    """Sizes of an LSTM recognizer.

    Attributes
    ----------
    n_mels, n_outputs : int
        Mel bands in, letters out (the blank included).
    hidden : int
        Cells of every layer, in each direction.
    layers : int
        LSTM layers.
    bidirectional : bool
        Whether a second row of cells reads from the end; a layer then has ``2 * hidden``
        channels, the forward ones first.
    front : int
        Channels of the convolution in front; 0 leaves it out, and every frame is a step.
    kernel, stride : int
        Of that convolution, in frames; an odd kernel keeps its middle on a frame.
    batch_norm : bool
        Normalise before the convolution's ReLU; for training, see `Network.fused`.
    dropout : float
        Share of channels dropped, for a whole utterance, after each layer while training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_mels: int = Field(64, ge=1)
    n_outputs: int = Field(29, ge=2)
    hidden: int = Field(192, ge=1)
    layers: int = Field(4, ge=1, le=16)
    bidirectional: bool = True
    front: int = Field(192, ge=0)
    kernel: int = Field(11, ge=1)
    stride: int = Field(3, ge=1)
    batch_norm: bool = False
    dropout: float = Field(0.0, ge=0.0, lt=1.0)

    @field_validator("kernel")
    @classmethod
    def _odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError("must be odd, so that a step stands for one frame")
        return kernel

    @property
    def convolution(self) -> Convolution | None:
        """Geometry of the convolution in front."""
        side = self.kernel // 2
        return Convolution(self.kernel, self.stride, side, side) if self.front else None

    @property
    def channels(self) -> int:
        """Channels of an LSTM layer."""
        return self.hidden * (2 if self.bidirectional else 1)


class LSTMLayer(nn.Module):
    """One layer of LSTM cells that reads forward, and in a second row backward.

    The backward row gets each utterance turned round within its own length, so that what a
    batch pads is never heard: the outputs of an utterance are the same alone and in a batch.

    Parameters
    ----------
    inputs, hidden : int
        Channels below, and cells in each direction.
    bidirectional : bool
        Whether there is a backward row.
    """

    def __init__(self, inputs: int, hidden: int, *, bidirectional: bool) -> None:
        super().__init__()
        self.ahead = nn.LSTM(inputs, hidden, batch_first=True)
        self.back = nn.LSTM(inputs, hidden, batch_first=True) if bidirectional else None
        for row in self.rows:
            # A forget gate that is open at first lets gradients through (Jozefowicz et al. 2015).
            _, recurrent, bias, second = row.all_weights[0]
            nn.init.orthogonal_(recurrent)
            nn.init.zeros_(bias)
            nn.init.zeros_(second)
            nn.init.ones_(bias.data[hidden : 2 * hidden])

    @property
    def rows(self) -> tuple[nn.LSTM, ...]:
        """The forward row and, if there is one, the backward row."""
        return (self.ahead,) if self.back is None else (self.ahead, self.back)

    def forward(self, x: Tensor, turned: Tensor | None) -> Tensor:
        """Map (batch, steps, inputs) to (batch, steps, channels).

        ``turned`` has for each utterance and step the step that mirrors it, as of `mirror`.
        """
        forward: Tensor = self.ahead(x)[0]
        if self.back is None:
            return forward
        if turned is None:
            backward = self.back(x.flip(1))[0].flip(1)
        else:
            backward = _pick(self.back(_pick(x, turned))[0], turned)
        return torch.cat([forward, backward], 2)


def mirror(lengths: Sequence[int], steps: int, device: torch.device) -> Tensor:
    """Return for each utterance the order that turns its real steps round, shape (batch, steps)."""
    step = torch.arange(steps, device=device)
    length = torch.as_tensor(list(lengths), device=device)[:, None]
    return torch.where(step < length, length - 1 - step, step)


def _pick(x: Tensor, order: Tensor) -> Tensor:
    return x.gather(1, order.unsqueeze(2).expand(-1, -1, x.shape[2]))


class LSTMRecognizer(Network):
    """Log-mel spectrogram to letter logits through stacked LSTM layers.

    Parameters
    ----------
    config : LSTMConfig
        Sizes.
    """

    def __init__(self, config: LSTMConfig) -> None:
        super().__init__()
        self.config = config
        inputs = config.n_mels
        if config.convolution is not None:
            self.conv1 = ConvolutionBlock(
                config.convolution,
                inputs,
                config.front,
                batch_norm=config.batch_norm,
                relu=True,
                dropout=config.dropout,
            )
            inputs = config.front
        for number in range(1, config.layers + 1):
            layer = LSTMLayer(inputs, config.hidden, bidirectional=config.bidirectional)
            self.add_module(f"lstm{number}", layer)
            inputs = config.channels
        self.output = nn.Linear(inputs, config.n_outputs)

    @property
    def front(self) -> ConvolutionBlock | None:
        """The convolution in front."""
        return None if self.config.convolution is None else self.conv1

    @property
    def recurrent(self) -> tuple[LSTMLayer, ...]:
        """The LSTM layers, from the input up."""
        return tuple(m for m in self.children() if isinstance(m, LSTMLayer))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """``conv1`` if there is one, ``lstm1`` …, ``output``; all LSTM fields are unlimited."""
        config = self.config
        below: tuple[Layer, ...] = ()
        if config.convolution is not None:
            below = layers_of(["conv1"], [config.front], [config.convolution])
        stride = config.stride if config.front else 1
        above = [(f"lstm{i + 1}", config.channels) for i in range(config.layers)]
        above.append(("output", config.n_outputs))
        return (*below, *(Layer(name, width, stride, 0, None) for name, width in above))

    @property
    def taps(self) -> tuple[Layer, ...]:
        """States and gates of every LSTM layer, such as ``lstm1.cell``, ``lstm1.forget``.

        ``lstm1`` is what the layer hands to the layer above, ``lstm1.hidden`` the same values
        as they also act on the layer's own next steps.
        """
        return tuple(
            Layer(f"{layer.name}.{place}", layer.channels, layer.stride, layer.offset, None)
            for layer in self.layers
            if layer.name.startswith("lstm")
            for place in PLACES
        )

    def output_length(self, frames: int) -> int:
        """Return the number of output frames for so many input frames."""
        convolution = self.config.convolution
        return frames if convolution is None else convolution.output_length(frames)

    def forward(self, features: Tensor, lengths: Sequence[int] | None = None) -> Tensor:
        """Map spectrograms (batch, frames, n_mels) to logits (batch, frames', n_outputs)."""
        x = features if self.front is None else self.front(features)
        turned = None
        if lengths is not None and len(set(lengths)) > 1:
            turned = mirror([self.output_length(n) for n in lengths], x.shape[1], x.device)
        for layer in self.recurrent:
            x = layer(x, turned)
            if self.config.dropout:
                x = functional.dropout1d(
                    x.transpose(1, 2), self.config.dropout, self.training
                ).transpose(1, 2)
        logits: Tensor = self.output(x)
        return logits

    def fused(self) -> Self:
        """Return a copy without batch norm or dropout whose outputs equal those in eval mode."""
        plain = type(self)(self.config.model_copy(update={"batch_norm": False, "dropout": 0.0}))
        plain = plain.to(self.output.weight)
        own = {k: v for k, v in self.state_dict().items() if not k.startswith("conv1.")}
        plain.load_state_dict(own, strict=False)
        if self.front is not None:
            self.front.fuse_into(plain.conv1)
        return plain.eval()
