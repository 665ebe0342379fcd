"""What the filters of a first layer listen for, measured."""

from __future__ import annotations

import librosa
import numpy as np
import numpy.typing as npt
import pandas as pd

from naps.corpus.audio import SAMPLE_RATE
from naps.corpus.features import FeatureConfig
from naps.errors import InputError
from naps.similarity.distance import Floats

SIGNED = ("onset", "sweep")
# Flatness of white noise: of its power spectrum e^−γ, of its squares half of that.
_WHITE = np.exp(-2 * np.euler_gamma) / 2
# Regions that are read together: abrupt sounds, glides of pitch, noise.
AREAS = {
    "abrupt": ("onset", "offset", "percussive"),
    "gliding": ("rising", "falling"),
    "noise": ("noisy",),
}
REGIONS = ("onset", "offset", "percussive", "rising", "falling", "noisy")


def describe_filters(kernels: Floats, features: FeatureConfig | None = None) -> pd.DataFrame:
    """Measure what the filters of a first layer answer to.

    Parameters
    ----------
    kernels : array, shape (units, frames, bands)
        Little spectrograms, in the order of time, see `naps.topography.kernels`.
    features : FeatureConfig, optional
        What the bands are; without it frequencies are in bands and rates in cycles a frame.

    Returns
    -------
    DataFrame
        One row a unit, zero and NaN for a kernel of zeros, with the columns

        ``onset``
            How much more the filter answers to the beginning of a sound in all bands than to its
            end, −1 to 1: twice the difference of its greatest answers, over the greatest that
            such a filter could give. See `onsets`.
        ``percussive``
            Share of the kernel's energy that is the same in all bands and changes in time:
            upright lines, as of a click.
        ``sweep``
            Rising less falling energy over their sum, −1 (falling) to 1 (rising): the direction
            index of auditory receptive fields (Depireux et al. 2001).
        ``rate_hz``, ``cycles_per_band``
            The ripple with most energy, which is the peak of the two-dimensional spectrum: its
            cycles a second, negative where it falls, and along bands.
        ``frequency_hz``
            Centre of the energy over bands.
        ``flatness``
            Of the two-dimensional spectrum, the geometric over the arithmetic mean of its power:
            0.56 for white noise, near 0 for a ripple; but 1 for a click in one band, too.
        ``noisy``
            The same, times the flatness of the kernel's energy over frames and bands, in units of
            Gaussian white noise: 1 where no place and no ripple stands out, 0 for a click, a tone,
            a sweep or a ripple.

    Raises
    ------
    InputError
        If kernels have another number of bands, fewer than two frames or bands, or values that
        are not finite.
    """
    if kernels.ndim != 3 or min(kernels.shape[1:]) < 2:
        raise InputError(
            f"kernels of shape {kernels.shape} are no little spectrograms: two frames and two "
            f"bands are needed"
        )
    if not np.isfinite(kernels).all():
        raise InputError("kernels have values that are not finite numbers")
    _, frames, bands = kernels.shape
    if features is not None and features.n_mels != bands:
        raise InputError(f"kernels have {bands} bands, and the features {features.n_mels}")
    power = np.abs(np.fft.fft2(kernels)) ** 2
    power[:, 0, 0] = 0.0
    total = power.sum((1, 2))
    # Of a constant kernel only rounding is left.
    silent = total <= 1e-24 * kernels[0].size * (kernels**2).sum((1, 2))
    power[silent] = 0.0
    # A ripple cos 2π(rate · t + scale · m) rises where their signs differ.
    slopes = _direction(frames)[:, None] * _direction(bands)
    rising, falling = (power * (slopes < 0)).sum((1, 2)), (power * (slopes > 0)).sum((1, 2))
    moving = rising + falling
    rate, scale = _peaks(power)
    flatness = _flatness(power.reshape(len(power), -1)[:, 1:])
    return pd.DataFrame(
        {
            "onset": onsets(kernels),
            "percussive": power[:, 1:, 0].sum(1) / np.where(silent, 1.0, total),
            "sweep": (rising - falling) / np.where(moving > 0, moving, 1.0),
            "rate_hz": rate / (1.0 if features is None else features.frame_s),
            "cycles_per_band": scale,
            "frequency_hz": _centres(kernels, features),
            "flatness": flatness,
            "noisy": flatness * _flatness(kernels**2) / _WHITE,
        }
    )


def onsets(kernels: Floats) -> Floats:
    """Compare what filters answer to the beginning and to the end of a sound in all bands.

    With p the sum of a kernel over bands, a sound that begins at frame t gives Σ p from t on, one
    that ends there Σ p up to it. The answer is the greatest over t, silence included. A filter
    with a negative and then an equal positive part has the greatest difference, half of Σ |p|.

    Parameters
    ----------
    kernels : array, shape (units, frames, bands)

    Returns
    -------
    array, shape (units,)
        −1 (ends) to 1 (beginnings).
    """
    course = kernels.sum(2)
    ends = np.pad(np.cumsum(course, 1), ((0, 0), (1, 0)))
    beginning = (ends[:, -1:] - ends).max(1)
    ending = ends.max(1)
    size = np.abs(course).sum(1)
    return np.asarray(2 * (beginning - ending) / np.where(size > 0, size, 1.0))


def name_regions(descriptors: pd.DataFrame, least: float = 1.0) -> list[str]:
    """Name every filter after what stands out most in it among the filters of its layer.

    Parameters
    ----------
    descriptors : DataFrame
        From `describe_filters`.
    least : float
        In standard deviations over the layer's filters; those of ``onset`` and ``sweep`` are
        taken from 0, others from the mean.

    Returns
    -------
    list of str
        ``onset``, ``offset``, ``percussive``, ``rising``, ``falling``, ``noisy``, or ``""`` for
        filters in which nothing does.
    """
    scores: dict[str, npt.NDArray[np.float64]] = {}
    for column, high, low in (
        ("onset", "onset", "offset"),
        ("percussive", "percussive", None),
        ("sweep", "rising", "falling"),
        ("noisy", "noisy", None),
    ):
        values = descriptors[column].to_numpy(np.float64)
        centred = values - (0.0 if column in SIGNED else values.mean())
        spread = float(np.sqrt((centred**2).mean())) or 1.0
        scores[high] = centred / spread
        if low is not None:
            scores[low] = -centred / spread
    table = np.stack([scores[name] for name in REGIONS], 1)
    best = table.argmax(1)
    return [
        REGIONS[i] if row[i] >= least else "" for i, row in zip(best.tolist(), table, strict=True)
    ]


def _direction(count: int) -> Floats:
    """Return the signs of the frequencies of a spectrum; half the sampling rate has none."""
    cycles = np.fft.fftfreq(count)
    return np.asarray(np.sign(cycles) * (np.abs(cycles) < 0.5))


def _peaks(power: Floats) -> tuple[Floats, Floats]:
    """Return rate (cycles a frame, negative where it falls) and scale (cycles a band) of peaks."""
    _, frames, bands = power.shape
    # The spectrum of real numbers is symmetric: half of it says all.
    half = power[:, :, : bands // 2 + 1]
    rows, columns = np.divmod(half.reshape(len(half), -1).argmax(1), half.shape[2])
    slopes = _direction(frames)[rows] * _direction(bands)[columns]
    rates = np.abs(np.fft.fftfreq(frames)[rows])
    return np.where(slopes > 0, -rates, rates), columns / bands


def _flatness(power: Floats) -> Floats:
    cells = power.reshape(len(power), -1)
    mean = cells.mean(1)
    shares = cells / np.where(mean > 0, mean, 1.0)[:, None]
    return np.where(mean > 0, np.exp(np.log(np.maximum(shares, 1e-30)).mean(1)), 0.0)


def _centres(kernels: Floats, features: FeatureConfig | None) -> Floats:
    energy = (kernels**2).sum(1)
    total = energy.sum(1)
    bands = np.arange(energy.shape[1])
    centre = np.where(total > 0, energy @ bands / np.where(total > 0, total, 1.0), np.nan)
    if features is None:
        return centre
    return np.asarray(np.interp(centre, bands, band_frequencies(features)))


def band_frequencies(features: FeatureConfig) -> Floats:
    """Return the middles of mel bands in Hz, those of librosa's triangles; shape (bands,)."""
    # Both ends of the scale are no band.
    hertz = librosa.mel_frequencies(features.n_mels + 2, fmin=0.0, fmax=SAMPLE_RATE / 2)[1:-1]
    return np.asarray(hertz, np.float64)
