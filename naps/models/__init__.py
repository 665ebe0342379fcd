"""Recognizers, the geometry of their layers, the sentiment model, and their files."""

from naps.models.adapter import Adapter
from naps.models.alphabet import ENGLISH, GERMAN, Alphabet, letters_of
from naps.models.bundle import Bundle, from_bundle
from naps.models.geometry import Convolution, Layer, Window
from naps.models.lstm import LSTMConfig, LSTMRecognizer
from naps.models.network import Network
from naps.models.python_model import (
    as_recognizer,
    glance,
    identified,
    is_import,
    model_from_python,
    object_from_python,
    open_model,
)
from naps.models.recognizer import (
    Recognizer,
    Sizes,
    build,
    find_model,
    load_model,
    save_recognizer,
    shipped_models,
)
from naps.models.sentiment import (
    SentimentModel,
    load_sentiment_model,
    shipped_sentiment_models,
)
from naps.models.wav2letter import Wav2Letter, Wav2LetterConfig, from_torchaudio

__all__ = [
    "ENGLISH",
    "GERMAN",
    "Adapter",
    "Alphabet",
    "Bundle",
    "Convolution",
    "LSTMConfig",
    "LSTMRecognizer",
    "Layer",
    "Network",
    "Recognizer",
    "SentimentModel",
    "Sizes",
    "Wav2Letter",
    "Wav2LetterConfig",
    "Window",
    "as_recognizer",
    "build",
    "find_model",
    "from_bundle",
    "from_torchaudio",
    "glance",
    "identified",
    "is_import",
    "letters_of",
    "load_model",
    "load_sentiment_model",
    "model_from_python",
    "object_from_python",
    "open_model",
    "save_recognizer",
    "shipped_models",
    "shipped_sentiment_models",
]
