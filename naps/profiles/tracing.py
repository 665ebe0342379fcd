"""Tracing an utterance in whichever way is best for a network."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from naps.errors import InputError
from naps.models import LSTMRecognizer, Network, Wav2Letter, Window
from naps.profiles.autograd_trace import AutogradTrace
from naps.profiles.convolutional_trace import ConvolutionalTrace
from naps.profiles.options import Gradients, Hook, Precision
from naps.profiles.recurrent_trace import RecurrentTrace
from naps.profiles.summed_trace import SummedTrace
from naps.profiles.trace import Trace
from naps.profiles.way_back import WayBack


def trace(
    network: Network,
    spectrogram: Tensor,
    windows: Mapping[str, Window],
    *,
    gradients: Gradients | None = "event",
    hook: Hook = "post",
    back: WayBack | None = None,
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
    gradients : {"event", "summed"} or None
        Which will be asked for, if any; without them, less may be kept.
    hook : {"post", "pre"}
        As of `ProfileOptions`.
    back : WayBack, optional
        As from `way_back`, where many utterances are traced.

    Raises
    ------
    InputError
        If the network does not show a layer, or shows it in another shape than it says, or has
        no such hook.
    UtteranceError
        If what a layer gave is not finite.
    """
    refuse_hook(network, hook, gradients)
    if gradients == "summed":
        return SummedTrace(network, spectrogram, windows)
    # Subclasses may compute something else: only what is known to the last line is by hand.
    if type(network) is Wav2Letter:
        return ConvolutionalTrace(network, spectrogram, windows, hook=hook, back=back)
    if type(network) is LSTMRecognizer:
        return RecurrentTrace(network, spectrogram, windows)
    return AutogradTrace(network, spectrogram, windows, gradients=gradients is not None)


def way_back(network: Network, precision: Precision = "float32") -> WayBack | None:
    """Prepare what all utterances of a network have in common; None where there is nothing.

    Parameters
    ----------
    network : Network
    precision : {"float32", "tf32", "bfloat16"}
        As of `ProfileOptions`.
    """
    return WayBack(network, precision) if type(network) is Wav2Letter else None


def refuse_hook(network: Network, hook: Hook, gradients: Gradients | None) -> None:
    """See that a network has activations before those that its layers give.

    Raises
    ------
    InputError
        If it has none that are known.
    """
    if hook == "pre" and (type(network) is not Wav2Letter or gradients == "summed"):
        raise InputError(
            "profiles.hook=pre is for exact profiles of Wav2Letter; of other networks, name the "
            "modules before the activation in profiles.layers (gates of an LSTM are taps: "
            "naps list layers)"
        )
