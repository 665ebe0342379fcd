"""Reading sound files as 16 kHz mono."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import soundfile

from naps.errors import UtteranceError

SAMPLE_RATE = 16_000


def read_audio(path: Path, rate: int = SAMPLE_RATE) -> npt.NDArray[np.float32]:
    """Read WAV, FLAC, Ogg Vorbis, Ogg Opus or MP3 as one channel at ``rate``.

    Channels are averaged; another rate is resampled with soxr's high-quality band-limited
    filter.

    Parameters
    ----------
    path : Path
        A file that libsndfile reads.
    rate : int
        Samples a second of the result.

    Returns
    -------
    array of float32, shape (samples,)
        Amplitudes, nominally within [-1, 1].

    Raises
    ------
    UtteranceError
        If the file is missing, unreadable or empty, or holds NaN or infinite samples.
    """
    if not path.is_file():
        raise UtteranceError("missing", f"{path}: no such sound file")
    try:
        samples, found = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise UtteranceError("unreadable", f"{path}: not a readable sound file: {error}") from None
    if len(samples) == 0:
        raise UtteranceError("empty", f"{path}: holds no samples")
    mono: npt.NDArray[np.float32] = samples.mean(axis=1, dtype=np.float32)
    if not np.isfinite(mono).all():
        raise UtteranceError("not_finite", f"{path}: holds NaN or infinite samples")
    if found != rate:
        mono = librosa.resample(mono, orig_sr=found, target_sr=rate, res_type="soxr_hq")
    return np.ascontiguousarray(mono, dtype=np.float32)


def count_samples(path: Path, rate: int = SAMPLE_RATE) -> int:
    """Return how many samples `read_audio` would give, from the head of a file.

    Raises
    ------
    UtteranceError
        If the file is missing, unreadable or empty.
    """
    if not path.is_file():
        raise UtteranceError("missing", f"{path}: no such sound file")
    try:
        head = soundfile.info(path)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise UtteranceError("unreadable", f"{path}: not a readable sound file: {error}") from None
    if head.frames <= 0:
        raise UtteranceError("empty", f"{path}: holds no samples")
    return -(-int(head.frames) * rate // int(head.samplerate))
