"""The models of ``torchaudio.pipelines``: wav2vec 2.0, HuBERT, WavLM."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

from naps.corpus.audio import SAMPLE_RATE
from naps.corpus.features import WaveformConfig
from naps.errors import InputError
from naps.models.adapter import Adapter
from naps.models.alphabet import letters_of, no_letters
from naps.models.form import plain
from naps.models.recognizer import Recognizer

# The letters that tell the languages of torchaudio's recognizers apart.
_TELLING = {"ß": "de", "ñ": "es", "œ": "fr", "ò": "it"}


@runtime_checkable
class Bundle(Protocol):
    """What is needed of a ``torchaudio.pipelines.Wav2Vec2Bundle``.

    One that ends in letters has ``get_labels()``, too.
    """

    @property
    def sample_rate(self) -> float:
        """Of the sound that the model hears."""

    def get_model(self) -> nn.Module:
        """Make the model and load its weights, from the network if need be."""


def from_bundle(bundle: Bundle, name: str = "", language: str | None = None) -> Recognizer:
    """Make a recognizer of a torchaudio pipeline.

    Parameters
    ----------
    bundle : Bundle
        Such as ``torchaudio.pipelines.WAV2VEC2_ASR_BASE_960H``. A model without letters, such
        as ``HUBERT_BASE``, gives a recognizer that does not write: its output units are those
        of its last layer, and events are those of given intervals.
    name : str
        The type of the bundle by default.
    language : str, optional
        Two-letter code; by default what its letters tell.

    Raises
    ------
    InputError
        If the model hears other sound than 16 kHz, its weights cannot be had, or it is none that
        can be adapted.
    """
    name = name or type(bundle).__name__
    if bundle.sample_rate != SAMPLE_RATE:
        raise InputError(f"{name}: hears {bundle.sample_rate:g} Hz; only 16000 Hz can be used")
    normalise = bool(getattr(bundle, "_normalize_waveform", False))
    try:
        model = bundle.get_model()
    except OSError as error:
        raise InputError(f"{name}: its weights could not be had: {error}") from None
    module = _bare(model)
    features = WaveformConfig(normalise=normalise)
    labels = _labels(bundle, model)
    if labels is None:
        # A copy: the last layer is then one like the others, and has profiles.
        network = Adapter(module, features, logits=_last_layer)
        alphabet = no_letters(network.layers[-1].channels)
    else:
        alphabet, order = letters_of(labels)
        network = Adapter(module, features, order=order)
    known = {code for letter, code in _TELLING.items() if letter in alphabet.symbols}
    return Recognizer(
        name=name,
        network=network,
        features=features,
        alphabet=alphabet,
        language=language or next(iter(known), "en"),
        # Frame 0 is not of the beginning but of the middle of what the convolutions see.
        delay_s=-network.layers[-1].centre(0) * features.frame_s,
        writes=labels is not None,
    )


def _bare(model: nn.Module) -> nn.Module:
    """Take off torchaudio's wrapper, which normalises all of a batch together."""
    inner = getattr(model, "model", None)
    wrapped = hasattr(model, "normalize_waveform") and isinstance(inner, nn.Module)
    return inner if wrapped and inner is not None else model


def _labels(bundle: Bundle, model: nn.Module) -> tuple[str, ...] | None:
    """Return the labels of the bare model's units, if they are letters."""
    ask = getattr(bundle, "get_labels", None)
    if ask is None:
        return None
    labels = tuple(ask())
    # The wrapper of an aligner adds a unit that stands for anything.
    return labels[:-1] if getattr(model, "append_star", False) else labels


def _last_layer(output: Any) -> Tensor | None:
    value = plain(output)
    return None if value is None else value.clone()
