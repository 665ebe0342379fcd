"""Exact gradients of single outputs with respect to every layer, over their windows.

One shared forward pass serves all events of an utterance. For an event with output unit c at
frame t, the gradient behind the last block is row c of its weights; at each block below it is
masked by where the ReLU let through and taken back through the transposed convolution, for many
events at a time. Nothing is recomputed, no graph is built and no weight has a gradient.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from naps.models import Wav2Letter
from naps.models.wav2letter import ConvolutionBlock
from naps.profiles.trace import Trace


@torch.no_grad()
def event_gradients(
    network: Wav2Letter, trace: Trace, frames: Tensor, units: Tensor, lowest: int = 0
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Give activations and gradients over the events' windows, from the top layer down.

    Parameters
    ----------
    network : Wav2Letter
        Fused, as traced.
    trace : Trace
        Of the utterance.
    frames, units : Tensor of int, shape (events,)
        Output frame and output unit of each event.
    lowest : int
        Index of the last layer wanted; 0 is the input.

    Yields
    ------
    index : int
        Layer, as in ``trace.layers``.
    activation : Tensor, shape (events, width, channels)
        Zero outside the utterance.
    gradient : Tensor, shape (events, width, channels)
        Of the events' logits with respect to ``activation``. Steps outside the utterance hold
        what a longer input would feel; mask them with ``TracedLayer.valid``.
    """
    blocks = network.blocks
    gradient = blocks[-1].weight[units].transpose(1, 2)
    for index in range(len(trace.layers) - 1, lowest - 1, -1):
        layer = trace.layers[index]
        activation = layer.windows(frames)
        yield index, activation, gradient
        if index > lowest:
            passed = gradient * (activation > 0)
            gradient = transposed(blocks[index - 1], passed)


def transposed(block: ConvolutionBlock, gradient: Tensor) -> Tensor:
    """Take a gradient back through a block's convolution, padding left out.

    Parameters
    ----------
    block : ConvolutionBlock
        From ``inputs`` to ``outputs`` channels.
    gradient : Tensor, shape (events, width, outputs)
        With respect to what the convolution gave.

    Returns
    -------
    Tensor, shape (events, (width - 1) * stride + kernel, inputs)
    """
    outputs, inputs, kernel = block.weight.shape
    if gradient.shape[1] == 1:
        matrix = block.weight.transpose(1, 2).reshape(outputs, kernel * inputs)
        return (gradient[:, 0] @ matrix).view(len(gradient), kernel, inputs)
    image = gradient.transpose(1, 2).unsqueeze(2).contiguous(memory_format=torch.channels_last)
    back = functional.conv_transpose2d(
        image, block.weight.unsqueeze(2), stride=(1, block.geometry.stride)
    )
    return back.squeeze(2).transpose(1, 2).contiguous()
