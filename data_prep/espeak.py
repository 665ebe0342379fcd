"""A thin wrapper of the espeak-ng library: text to samples with exact phone times.

Needs the optional extra ``synth`` (``pip install 'naps[synth]'``), whose package carries the
library and its voices. Nothing of it is needed to use what was synthesised.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from naps.errors import InputError

_SYNCHRONOUS, _PHONEME_EVENTS, _IPA, _UTF8 = 2, 1, 2, 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_WORD, _END, _PHONEME = 1, 5, 7
_MARKS = str.maketrans("", "", "ˈˌ'‿͡-")


class _Identity(ctypes.Union):
    _fields_: ClassVar[Any] = [
        ("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)
    ]  # fmt: skip


class _Event(ctypes.Structure):
    _fields_: ClassVar[Any] = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass
class Speech:
    """What was spoken, at the synthesiser's own rate.

    Attributes
    ----------
    rate : int
        Samples a second.
    samples : array of float32
        Within [-1, 1].
    phones : list of (int, str)
        First sample and label (IPA without stress) of every phone; an empty label is a pause.
    words : list of (int, int, int)
        First sample of a word, and the position and length of its text.
    """

    rate: int
    samples: npt.NDArray[np.float32]
    phones: list[tuple[int, str]] = field(default_factory=list)
    words: list[tuple[int, int, int]] = field(default_factory=list)


class Espeak:
    """The espeak-ng library, opened once.

    Raises
    ------
    InputError
        If the extra ``synth`` is not installed.
    """

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise InputError(
                "synthetic speech needs the extra 'synth': pip install 'naps[synth]'"
            ) from None
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        path = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(
            _SYNCHRONOUS, 0, path, _PHONEME_EVENTS | _IPA
        )
        if self.rate <= 0:
            raise InputError(f"espeak-ng could not open its data in {path.decode()}")

    def speak(self, text: str, voice: str, *, rate: int, pitch: int, spread: int) -> Speech:
        """Speak a text.

        Parameters
        ----------
        text : str
            One sentence.
        voice : str
            Language and variant, such as ``"en-us+f2"``.
        rate : int
            Words a minute.
        pitch, spread : int
            Base pitch and pitch range, 0 to 100.
        """
        parts: list[npt.NDArray[np.int16]] = []
        phones: list[tuple[int, str]] = []
        words: list[tuple[int, int, int]] = []

        def collect(wav: Any, count: int, events: Any) -> int:
            if wav and count:
                parts.append(np.ctypeslib.as_array(wav, (count,)).copy())
            index = 0
            while events[index].type != 0:
                event = events[index]
                if event.type == _PHONEME:
                    label = event.id.string.decode("utf-8", "replace").translate(_MARKS)
                    phones.append((event.sample, label.strip("_:;!| ")))
                elif event.type == _WORD:
                    words.append((event.sample, event.text_position - 1, event.length))
                index += 1
            return 0

        self._say(text, voice, {_RATE: rate, _PITCH: pitch, _RANGE: spread}, collect)
        samples = np.concatenate(parts) if parts else np.zeros(0, np.int16)
        scaled = (samples / 32768).astype(np.float32)
        return Speech(self.rate, scaled, phones, words)

    def _say(
        self, text: str, voice: str, parameters: dict[int, int], collect: Callable[..., int]
    ) -> None:
        library, encoded = self._library, text.encode()
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise InputError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in parameters.items():
            library.espeak_SetParameter(parameter, value, 0)
        callback = _Callback(collect)
        library.espeak_SetSynthCallback(callback)
        status = library.espeak_Synth(
            encoded, ctypes.c_size_t(len(encoded) + 1), 0, 1, 0, _UTF8, None, None
        )
        if status != 0:
            raise InputError(f"espeak-ng could not speak {text!r} (status {status})")
        library.espeak_Synchronize()
