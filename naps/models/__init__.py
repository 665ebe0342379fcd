"""Recognizers, the geometry of their layers, and their files."""

from naps.models.alphabet import ENGLISH, GERMAN, Alphabet
from naps.models.geometry import Convolution, Layer, Window
from naps.models.lstm import LSTMConfig, LSTMRecognizer
from naps.models.network import Network
from naps.models.recognizer import (
    Recognizer,
    Sizes,
    build,
    find_model,
    load_model,
    save_recognizer,
    shipped_models,
)
from naps.models.wav2letter import Wav2Letter, Wav2LetterConfig, from_torchaudio

__all__ = [
    "ENGLISH",
    "GERMAN",
    "Alphabet",
    "Convolution",
    "LSTMConfig",
    "LSTMRecognizer",
    "Layer",
    "Network",
    "Recognizer",
    "Sizes",
    "Wav2Letter",
    "Wav2LetterConfig",
    "Window",
    "build",
    "find_model",
    "from_torchaudio",
    "load_model",
    "save_recognizer",
    "shipped_models",
]
