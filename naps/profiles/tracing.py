"""Tracing an utterance in whichever way is best for a network."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from naps.models import LSTMRecognizer, Network, Wav2Letter, Window
from naps.profiles.autograd_trace import AutogradTrace
from naps.profiles.convolutional_trace import ConvolutionalTrace
from naps.profiles.recurrent_trace import RecurrentTrace
from naps.profiles.trace import Trace


def trace(
    network: Network,
    spectrogram: Tensor,
    windows: Mapping[str, Window],
    *,
    gradients: bool = True,
) -> Trace:
    """Run a fused network once and keep what its layers did.

    Parameters
    ----------
    network : Network
        See `Network.fused`.
    spectrogram : Tensor, shape (frames, n_mels)
        Of one utterance.
    windows : mapping of str to Window
        Of the layers and taps to look at, as from `event_windows`.
    gradients : bool
        Whether gradients will be asked for; without them, less may be kept.

    Raises
    ------
    InputError
        If the network does not show a layer, or shows it in another shape than it says.
    UtteranceError
        If what a layer gave is not finite.
    """
    # Subclasses may compute something else: only what is known to the last line is by hand.
    if type(network) is Wav2Letter:
        return ConvolutionalTrace(network, spectrogram, windows)
    if type(network) is LSTMRecognizer:
        return RecurrentTrace(network, spectrogram, windows)
    return AutogradTrace(network, spectrogram, windows, gradients=gradients)
