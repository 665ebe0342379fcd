"""Wav2Letter, the convolutional letter recognizer of Collobert et al. (2016).

Eleven convolutions over a spectrogram, ReLU after all but the last; geometry after Kunze et al.
(2017) and ``torchaudio.models.Wav2Letter``, which at 128 mel bands and full width has the same
24 662 529 parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

from naps.models.geometry import Convolution, Layer, Window, layers_of, windows_of
from naps.models.network import Network

_KERNELS = (48, 7, 7, 7, 7, 7, 7, 7, 32, 1, 1)


class Wav2LetterConfig(BaseModel):
    """Sizes of a Wav2Letter network.

    Attributes
    ----------
    n_mels, n_outputs : int
        Mel bands in, letters out (the blank included).
    channels, wide : int
        Units of conv1–conv8 and of conv9–conv10.
    padding : {"symmetric", "same"}
        ``symmetric`` pads as torchaudio does, ``T // 2 + 1`` outputs. ``same`` pads as Keras
        does, ``ceil(T / 2)`` outputs.
    batch_norm : bool
        Normalise before each ReLU; for training, see `Wav2Letter.fused`.
    dropout : float
        Share of channels dropped, for a whole utterance, after each ReLU while training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_mels: int = Field(128, ge=1)
    n_outputs: int = Field(29, ge=2)
    channels: int = Field(250, ge=1)
    wide: int = Field(2000, ge=1)
    padding: Literal["symmetric", "same"] = "symmetric"
    batch_norm: bool = False
    dropout: float = Field(0.0, ge=0.0, lt=1.0)

    def convolutions(self) -> tuple[Convolution, ...]:
        """Give kernel, stride and padding of each layer."""
        pads = {48: (23, 23), 7: (3, 3), 32: (16, 16), 1: (0, 0)}
        if self.padding == "same":
            # Keras pads an odd total one more on the right.
            pads |= {48: (23, 24), 32: (15, 16)}
        return tuple(
            Convolution(kernel, 2 if index == 0 else 1, *pads[kernel])
            for index, kernel in enumerate(_KERNELS)
        )

    def widths(self) -> tuple[int, ...]:
        """Give the channels from the input up to the output, twelve numbers."""
        return (self.n_mels, *[self.channels] * 8, self.wide, self.wide, self.n_outputs)


class ConvolutionBlock(nn.Module):
    """A convolution over time, batch norm, ReLU and dropout, the last three optional.

    Input and output have shape (batch, steps, channels); that memory order makes a window of
    steps one contiguous stretch, and lets oneDNN run the convolution channels-last.
    """

    def __init__(
        self,
        geometry: Convolution,
        inputs: int,
        outputs: int,
        *,
        batch_norm: bool,
        relu: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.geometry = geometry
        self.relu = relu
        self.dropout = dropout
        self.weight = nn.Parameter(torch.empty(outputs, inputs, geometry.kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.kaiming_uniform_(self.weight, nonlinearity="relu" if relu else "linear")
        self.norm = nn.BatchNorm2d(outputs) if batch_norm else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, steps, inputs) to (batch, steps', outputs)."""
        y = self._convolved(x)
        if self.relu:
            y = functional.relu(y, inplace=self.training)
        if self.dropout:
            # Whole channels: as cheap as none, and neighbouring frames cannot fill the gaps.
            y = functional.dropout2d(y, self.dropout, self.training)
        return _steps_first(y)

    def before_relu(self, x: Tensor) -> Tensor:
        """Map (batch, steps, inputs) to what the ReLU gets, (batch, steps', outputs)."""
        return _steps_first(self._convolved(x))

    def _convolved(self, x: Tensor) -> Tensor:
        g = self.geometry
        image = x.transpose(1, 2).unsqueeze(2)
        if g.left != g.right:
            image = functional.pad(image, (g.left, g.right))
        y: Tensor = functional.conv2d(
            image.contiguous(memory_format=torch.channels_last),
            self.weight.unsqueeze(2),
            self.bias,
            stride=(1, g.stride),
            padding=(0, g.left if g.left == g.right else 0),
        )
        return y if self.norm is None else self.norm(y)

    @torch.no_grad()
    def fuse_into(self, target: ConvolutionBlock) -> None:
        """Give a block without batch norm the weights that make it do the same in eval mode."""
        norm = self.norm
        if norm is None:
            target.weight.copy_(self.weight)
            target.bias.copy_(self.bias)
            return
        assert norm.running_var is not None
        assert norm.running_mean is not None
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        target.weight.copy_(self.weight * scale[:, None, None])
        target.bias.copy_((self.bias - norm.running_mean) * scale + norm.bias)


def _steps_first(image: Tensor) -> Tensor:
    """Turn (batch, channels, 1, steps) into (batch, steps, channels)."""
    return image.squeeze(2).transpose(1, 2).contiguous()


class Wav2Letter(Network):
    """Log-mel spectrogram to letter logits at half the frame rate.

    The blocks are attributes ``conv1`` … ``conv11``, each giving its activation after the ReLU;
    ``conv11`` gives logits, with no ReLU after it (torchaudio has one, which cuts the gradient of
    every letter with a negative logit).

    Parameters
    ----------
    config : Wav2LetterConfig
        Sizes.
    """

    def __init__(self, config: Wav2LetterConfig) -> None:
        super().__init__()
        self.config = config
        widths, convolutions = config.widths(), config.convolutions()
        last = len(convolutions) - 1
        for i, geometry in enumerate(convolutions):
            block = ConvolutionBlock(
                geometry,
                widths[i],
                widths[i + 1],
                batch_norm=config.batch_norm and i < last,
                relu=i < last,
                dropout=config.dropout if i < last else 0.0,
            )
            self.add_module(f"conv{i + 1}", block)

    @property
    def blocks(self) -> tuple[ConvolutionBlock, ...]:
        """The eleven blocks, from the input up."""
        return tuple(m for m in self.children() if isinstance(m, ConvolutionBlock))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Name, channels, stride, offset and receptive field of each block."""
        names = [name for name, _ in self.named_children()]
        return layers_of(names, self.config.widths()[1:], self.config.convolutions())

    @property
    def windows(self) -> tuple[Window, ...]:
        """Steps of the input and of each block that one output frame depends on."""
        return windows_of(self.config.convolutions())

    def output_length(self, frames: int) -> int:
        """Return the number of output frames for so many input frames."""
        for convolution in self.config.convolutions():
            frames = convolution.output_length(frames)
        return frames

    def forward(self, features: Tensor, lengths: Sequence[int] | None = None) -> Tensor:
        """Map spectrograms (batch, frames, n_mels) to logits (batch, frames', n_outputs).

        Convolutions pad with zeros anyway, so ``lengths`` changes nothing.
        """
        x = features
        for block in self.blocks:
            x = block(x)
        return x

    def fused(self) -> Self:
        """Return a copy without batch norm or dropout whose outputs equal those in eval mode."""
        plain = type(self)(self.config.model_copy(update={"batch_norm": False, "dropout": 0.0}))
        plain = plain.to(next(self.parameters()))
        for source, target in zip(self.blocks, plain.blocks, strict=True):
            source.fuse_into(target)
        return plain.eval()


def from_torchaudio(model: nn.Module) -> Wav2Letter:
    """Copy the weights of a ``torchaudio.models.Wav2Letter`` with spectrogram input.

    The result has no ReLU after its last layer; apart from that it computes the same.

    Parameters
    ----------
    model : torchaudio.models.Wav2Letter
        Made with ``input_type="power_spectrum"`` or ``"mfcc"``.

    Raises
    ------
    ValueError
        If the model has another number of convolutions or other kernels.
    """
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv1d)]
    kernels = tuple(m.kernel_size[0] for m in convolutions)
    if kernels != _KERNELS:
        raise ValueError(f"expected convolutions with kernels {_KERNELS}, found {kernels}")
    config = Wav2LetterConfig(
        n_mels=convolutions[0].in_channels,
        n_outputs=convolutions[-1].out_channels,
        channels=convolutions[0].out_channels,
        wide=convolutions[-2].out_channels,
    )
    network = Wav2Letter(config)
    with torch.no_grad():
        for block, convolution in zip(network.blocks, convolutions, strict=True):
            assert convolution.bias is not None
            block.weight.copy_(convolution.weight)
            block.bias.copy_(convolution.bias)
    return network.eval()
