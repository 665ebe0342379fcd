import librosa
import numpy as np
import pytest
import torch

from naps.corpus import FeatureConfig, LogMel


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(samples).astype(np.float32)


def test_equals_librosa() -> None:
    config = FeatureConfig(n_mels=40, range_db=None)
    x = noise(8000)
    mel = librosa.feature.melspectrogram(
        y=x, sr=16_000, n_fft=512, hop_length=160, win_length=400, n_mels=40, pad_mode="constant"
    )
    expected = 10 * np.log10(np.maximum(mel, 1e-10)).T
    expected = (expected - expected.mean()) / expected.std()
    ours = LogMel(config)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours, expected, atol=2e-4)


def test_legacy_takes_mel_of_decibels() -> None:
    config = FeatureConfig.legacy()
    x = noise(8000)
    power = np.abs(librosa.stft(x, n_fft=512, hop_length=128, pad_mode="constant")) ** 2
    decibels = 10 * np.log10(np.maximum(power, 1e-15))
    expected = (librosa.filters.mel(sr=16_000, n_fft=512, n_mels=128) @ decibels).T
    expected = (expected - expected.mean()) / expected.std()
    ours = LogMel(config)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours, expected, atol=2e-3)


@pytest.mark.parametrize("order", ["db_of_mel", "mel_of_db"])
def test_a_batch_gives_what_each_alone_does(order: str) -> None:
    extractor = LogMel(FeatureConfig(n_mels=24, order=order))
    waves = [noise(n, n) for n in (5000, 7777, 6400)]
    lengths = torch.tensor([len(w) for w in waves])
    batch = torch.zeros(3, 7777)
    for row, wave in zip(batch, waves, strict=True):
        row[: len(wave)] = torch.from_numpy(wave)
    together = extractor(batch, lengths)
    for row, wave in zip(together, waves, strict=True):
        alone = extractor(torch.from_numpy(wave))
        assert len(alone) == extractor.n_frames(len(wave))
        torch.testing.assert_close(row[: len(alone)], alone, atol=1e-5, rtol=1e-5)
        assert (row[len(alone) :] == 0).all()


def test_mean_zero_spread_one_and_silence_is_finite() -> None:
    extractor = LogMel(FeatureConfig())
    features = extractor(torch.from_numpy(noise(16_000)))
    assert abs(float(features.mean())) < 1e-5
    assert float(features.std(correction=0)) == pytest.approx(1, abs=1e-5)
    assert torch.isfinite(extractor(torch.zeros(16_000))).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_cuda_equals_cpu() -> None:
    x = torch.from_numpy(noise(16_000))
    here = LogMel(FeatureConfig())(x)
    there = LogMel(FeatureConfig()).cuda()(x.cuda()).cpu()
    torch.testing.assert_close(here, there, atol=1e-4, rtol=1e-4)
