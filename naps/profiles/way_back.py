"""Gradients taken back through convolutions, by whichever way is shorter.

The direct way is the transposed convolution. The other goes through the frequencies of a window
(the convolution theorem): windows of gradients and kernels are turned into spectra by products
with small matrices, spectra are multiplied, three real products for each complex one (Gauss),
and turned back. Nothing is rounded but by the arithmetic itself: both give the same numbers up to
the last digits, and the second needs a third to a tenth of the multiplications where windows are
long.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn import functional

from naps.models import Wav2Letter
from naps.profiles.options import Precision

# What frequencies must save to make up for the passes over memory that they cost.
_WORTH = 2.5


class Step(ABC):
    """The way back through one convolution, padding left out."""

    @abstractmethod
    def __call__(self, gradient: Tensor) -> Tensor:
        """Turn the gradient of what the convolution gave into that of what it got.

        Parameters
        ----------
        gradient : Tensor, shape (events, width, outputs)

        Returns
        -------
        Tensor, shape (events, (width - 1) * stride + kernel, inputs)
        """


class DirectStep(Step):
    """A transposed convolution.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs, kernel)
    stride : int
    """

    def __init__(self, weight: Tensor, stride: int) -> None:
        self._weight, self._stride = weight, stride

    def __call__(self, gradient: Tensor) -> Tensor:
        """See `Step`."""
        weight = self._weight
        if gradient.shape[1] == 1:
            # The product is turned round rather than the weights, which are far more.
            product = gradient[:, 0] @ weight.flatten(1)
            return product.view(-1, *weight.shape[1:]).transpose(1, 2).contiguous()
        image = gradient.transpose(1, 2).unsqueeze(2).contiguous(memory_format=torch.channels_last)
        back = functional.conv_transpose2d(image, weight.unsqueeze(2), stride=(1, self._stride))
        return back.squeeze(2).transpose(1, 2).contiguous()


class SpectralStep(Step):
    """A product of spectra, for gradients of a fixed width.

    A stride of s makes s convolutions of every s-th weight, whose results take turns.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs, kernel)
    stride : int
    width : int
        Steps of the gradients.
    """

    def __init__(self, weight: Tensor, stride: int, width: int) -> None:
        outputs, inputs, kernel = weight.shape
        taps = -(-kernel // stride)
        self._length = width + taps - 1
        self._steps = (width - 1) * stride + kernel
        to, back = _transforms(self._length)
        self._to, self._back = to[:, :width].to(weight), back.to(weight)
        padded = functional.pad(weight.detach().double(), (0, taps * stride - kernel))
        # (outputs, stride · inputs, taps): each turn of the stride is a channel of its own.
        turns = padded.view(outputs, inputs, taps, stride).permute(0, 3, 1, 2).flatten(1, 2)
        spectra = torch.einsum("ft,oit->foi", to[:, :taps].to(weight.device), turns)
        real, imaginary = spectra.chunk(2)
        self._factors = [
            part.to(weight.dtype).contiguous()
            for part in (real, imaginary - real, real + imaginary)
        ]
        self._inputs = inputs

    def __call__(self, gradient: Tensor) -> Tensor:
        """See `Step`."""
        spectrum = torch.matmul(self._to, gradient).transpose(0, 1)
        real, imaginary = spectrum.chunk(2)
        first = torch.bmm(real + imaginary, self._factors[0])
        second = torch.bmm(real, self._factors[1])
        third = torch.bmm(imaginary, self._factors[2])
        product = torch.cat([first - third, first + second]).transpose(0, 1)
        found = torch.matmul(self._back, product)
        return found.view(len(gradient), -1, self._inputs)[:, : self._steps].contiguous()


def _transforms(length: int) -> tuple[Tensor, Tensor]:
    """Return the real Fourier transform of so many steps and its inverse, as matrices.

    Returns
    -------
    to : Tensor of float64, shape (2 · frequencies, length)
        Real parts above imaginary ones.
    back : Tensor of float64, shape (length, 2 · frequencies)
    """
    size = length + length % 2
    frequencies = torch.arange(size // 2 + 1, dtype=torch.float64)
    angles = 2 * math.pi / size * frequencies[:, None] * torch.arange(length, dtype=torch.float64)
    # All but the first and last frequency stand for their mirror images, too.
    weights = torch.full_like(frequencies, 2 / size)
    weights[0] = weights[-1] = 1 / size
    to = torch.cat([angles.cos(), -angles.sin()])
    back = torch.cat([weights[:, None] * angles.cos(), -weights[:, None] * angles.sin()])
    return to, back.T.contiguous()


class WayBack:
    """The way back through a `Wav2Letter`, prepared once for many utterances.

    It holds the weights as they were: after a change, make another.

    Parameters
    ----------
    network : Wav2Letter
        Without batch norm.
    precision : {"float32", "tf32", "bfloat16"}
        ``bfloat16`` computes in that format.
    spectral : bool or None
        Whether to go through frequencies; where they pay, for None.

    Attributes
    ----------
    steps : list of Step
        From the first block to the last.
    output : Tensor, shape (units, channels, 1)
        Weights of the last block: the gradients of the logits.
    """

    def __init__(
        self, network: Wav2Letter, precision: Precision = "float32", *, spectral: bool | None = None
    ) -> None:
        self.steps: list[Step] = []
        for block, window in zip(network.blocks, network.windows[1:], strict=True):
            weight, stride = block.weight.detach(), block.geometry.stride
            if precision == "bfloat16":
                weight = weight.to(torch.bfloat16)
            pays = _pays(weight, stride, window.width) if spectral is None else spectral
            if pays and window.width > 1:
                self.steps.append(SpectralStep(weight, stride, window.width))
            else:
                self.steps.append(DirectStep(weight, stride))
            self.output = weight


def _pays(weight: Tensor, stride: int, width: int) -> bool:
    """Say whether frequencies need far fewer multiplications, on a processor without a library."""
    if weight.is_cuda or weight.dtype == torch.bfloat16:
        return False
    outputs, inputs, kernel = weight.shape
    length = width + -(-kernel // stride) - 1
    frequencies = length // 2 + 1
    direct = width * kernel * outputs * inputs
    spectral = 3 * frequencies * stride * outputs * inputs
    transforms = 2 * frequencies * (width * outputs + length * stride * inputs)
    return direct > _WORTH * (spectral + transforms)
