from pathlib import Path

import numpy as np
import pytest
import soundfile

from naps.corpus import read_audio
from naps.errors import UtteranceError

FORMATS = [
    ("wav", "WAV", "PCM_16"),
    ("flac", "FLAC", "PCM_16"),
    ("ogg", "OGG", "VORBIS"),
    ("opus", "OGG", "OPUS"),
    ("mp3", "MP3", "MPEG_LAYER_III"),
]


def tone(rate: int, seconds: float = 1.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)


@pytest.mark.parametrize(("suffix", "format_", "subtype"), FORMATS)
@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_becomes_16_khz_mono(
    tmp_path: Path, suffix: str, format_: str, subtype: str, rate: int, channels: int
) -> None:
    path = tmp_path / f"x.{suffix}"
    samples = np.repeat(tone(rate)[:, None], channels, axis=1)
    soundfile.write(path, samples, rate, format=format_, subtype=subtype)
    audio = read_audio(path)
    assert audio.dtype == np.float32
    assert abs(len(audio) - 16_000) <= 1200  # lossy coders may add a frame
    spectrum = np.abs(np.fft.rfft(audio[2000:14_000] * np.hanning(12_000)))
    assert abs(np.argmax(spectrum) * 16_000 / 12_000 - 440) < 3
    assert np.sqrt(np.mean(audio[2000:14_000] ** 2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.05)


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = tone(16_000), np.zeros(16_000)
    soundfile.write(tmp_path / "x.wav", np.stack([left, right], 1), 16_000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(tmp_path / "x.wav"), left / 2, atol=1e-6)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(UtteranceError, match="no such sound file") as caught:
        read_audio(tmp_path / "none.wav")
    assert caught.value.reason == "missing"


def test_unreadable(tmp_path: Path) -> None:
    (tmp_path / "x.flac").write_bytes(b"this is no sound")
    with pytest.raises(UtteranceError, match=r"x\.flac") as caught:
        read_audio(tmp_path / "x.flac")
    assert caught.value.reason == "unreadable"


def test_zero_length(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(0), 16_000)
    with pytest.raises(UtteranceError) as caught:
        read_audio(tmp_path / "x.wav")
    assert caught.value.reason == "empty"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(tmp_path: Path, bad: float) -> None:
    samples = tone(16_000).astype(np.float32)
    samples[100] = bad
    soundfile.write(tmp_path / "x.wav", samples, 16_000, subtype="FLOAT")
    with pytest.raises(UtteranceError) as caught:
        read_audio(tmp_path / "x.wav")
    assert caught.value.reason == "not_finite"
