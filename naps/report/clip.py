"""A moment of a recording as a small sound file."""

from __future__ import annotations

import io
from pathlib import Path

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray

from naps.corpus.audio import SAMPLE_RATE

AROUND_S = 0.25

_FADE = SAMPLE_RATE // 100
_POLYNOMIAL = 0x04C11DB7


def read_moment(path: Path, time_s: float) -> NDArray[np.float32] | None:
    """Read what is heard around a time: `AROUND_S` on both sides, faded in and out.

    Parameters
    ----------
    path : Path
        A file that libsndfile reads.
    time_s : float
        From the start of the recording.

    Returns
    -------
    array of float32, shape (samples,), or None
        One channel at 16 kHz; None if the file or this part of it cannot be read.
    """
    if not path.is_file():
        return None
    try:
        with soundfile.SoundFile(path) as sound:
            rate = sound.samplerate
            first = max(0, round((time_s - AROUND_S) * rate))
            last = min(sound.frames, round((time_s + AROUND_S) * rate))
            if last <= first:
                return None
            sound.seek(first)
            samples = sound.read(last - first, dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.LibsndfileError, RuntimeError, OSError, ValueError):
        return None
    if not len(samples) or not np.isfinite(samples).all():
        return None
    if rate != SAMPLE_RATE:
        samples = librosa.resample(samples, orig_sr=rate, target_sr=SAMPLE_RATE, res_type="soxr_hq")
    ramp = np.minimum(1.0, np.arange(1, len(samples) + 1) / _FADE)
    return np.asarray(samples * ramp * ramp[::-1], np.float32)


def ogg(samples: NDArray[np.float32]) -> bytes:
    """Write one channel at 16 kHz as Ogg Opus, or Vorbis where there is no Opus.

    The same samples give the same bytes: the number of the stream, which encoders draw at random,
    is 1.
    """
    file = io.BytesIO()
    subtype = "OPUS" if soundfile.check_format("OGG", "OPUS") else "VORBIS"
    soundfile.write(file, samples, SAMPLE_RATE, format="OGG", subtype=subtype)
    pages = bytearray(file.getvalue())
    start = 0
    while start < len(pages):
        # RFC 3533: serial number at 14, checksum at 22, number of segments at 26, their sizes.
        segments = pages[start + 26]
        size = 27 + segments + sum(pages[start + 27 : start + 27 + segments])
        pages[start + 14 : start + 18] = (1).to_bytes(4, "little")
        pages[start + 22 : start + 26] = bytes(4)
        page = bytes(pages[start : start + size])
        pages[start + 22 : start + 26] = _checksum(page).to_bytes(4, "little")
        start += size
    return bytes(pages)


def _checksum(page: bytes) -> int:
    value = 0
    for byte in page:
        value = (value << 8) & 0xFFFFFFFF ^ _TABLE[value >> 24 ^ byte]
    return value


def _row(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1) & 0xFFFFFFFF ^ (_POLYNOMIAL if value >> 31 else 0)
    return value


_TABLE = tuple(map(_row, range(256)))
