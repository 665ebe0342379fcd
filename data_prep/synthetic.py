"""Synthetic speech with exact phone times, spoken by espeak-ng.

The corpus that comes with the package (``naps/corpus/embedded``) was made by this file from the
sentences in ``data_prep/sentences``; with other text it makes training speech.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import librosa
import numpy as np
import numpy.typing as npt
import soundfile

from data_prep.espeak import Espeak, Speech
from naps.corpus.audio import SAMPLE_RATE
from naps.corpus.interval import Interval
from naps.corpus.manifest import read_manifest, write_manifest
from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.files import read_text
from naps.phonology import cmudict
from naps.phonology.notation import read_label

SENTENCES = Path(__file__).parent / "sentences"
SILENCE = "SIL"
_FEMALE = ("f1", "f2", "f3", "f4", "f5", "belinda", "linda", "steph", "anika", "Andrea")
_MALE = ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "Andy", "adam", "john", "norbert")
_VOICES = {"en": "en-us", "de": "de"}


@dataclass(frozen=True)
class Speaker:
    """A voice variant of espeak-ng and its sex."""

    name: str
    sex: str


SPEAKERS = tuple(
    Speaker(name, sex)
    for pair in zip(_FEMALE, _MALE, strict=False)
    for name, sex in zip(pair, "fm", strict=True)
) + tuple(Speaker(name, "m") for name in _MALE[len(_FEMALE) :])


def read_sentences(path: Path) -> list[str]:
    """Read one sentence a line.

    Raises
    ------
    InputError
        If the file cannot be read or holds no sentence.
    """
    sentences = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if not sentences:
        raise InputError(f"{path}: holds no sentences")
    return sentences


def mix_words(sentences: Sequence[str], words: Sequence[str], share: float, seed: int) -> list[str]:
    """Replace a share of the words by words drawn from a list, for more varied spelling.

    Parameters
    ----------
    sentences : sequence of str
        Text with blanks between words.
    words : sequence of str
        To draw from.
    share : float
        Of the words to replace, 0 to 1.
    seed : int
        Of the draw.
    """
    draw = random.Random(seed)
    return [
        " ".join(draw.choice(words) if draw.random() < share else word for word in sentence.split())
        for sentence in sentences
    ]


def pieces(sentences: Sequence[str], longest: int) -> list[str]:
    """Cut sentences into pieces of at most ``longest`` words, of nearly equal length."""
    cut = []
    for sentence in sentences:
        words = sentence.split()
        count = -(-len(words) // longest)
        bounds = [round(i * len(words) / count) for i in range(count + 1)] if count else []
        cut += [" ".join(words[a:b]) for a, b in pairwise(bounds)]
    return cut


def synthesise(
    folder: Path,
    texts: dict[str, list[str]],
    *,
    seed: int = 0,
    split: str = "test",
    minutes: float | None = None,
) -> list[Utterance]:
    """Speak sentences in changing voices and write Ogg Opus files and a manifest.

    Rate (130–190 words a minute), pitch, loudness and a light pink noise (22–42 dB below the
    speech) change from sentence to sentence.

    Parameters
    ----------
    folder : Path
        Gets ``audio/`` and ``manifest.jsonl``.
    texts : dict
        Language (``"en"``, ``"de"``) → sentences.
    seed : int
        Decides voices, rates and noise.
    split : str
        Written into the manifest.
    minutes : float, optional
        Stop a language after so many minutes of speech.
    """
    espeak = Espeak()
    utterances = []
    for language, sentences in sorted(texts.items()):
        if language not in _VOICES:
            raise InputError(f"synthetic speech: language must be one of {sorted(_VOICES)}")
        spoken = 0.0
        for number, text in enumerate(sentences):
            utterance = _utterance(espeak, folder, language, number, text, seed, split)
            utterances.append(utterance)
            spoken += utterance.duration_s or 0.0
            if minutes is not None and spoken >= 60 * minutes:
                break
    write_manifest(folder / "manifest.jsonl", utterances, folder)
    return utterances


def _utterance(
    espeak: Espeak, folder: Path, language: str, number: int, text: str, seed: int, split: str
) -> Utterance:
    draw = random.Random(f"{seed}-{language}-{number}")
    speaker = SPEAKERS[number % len(SPEAKERS)]
    pitch = draw.randint(30, 65)
    rate = draw.randint(130, 190)
    speech = espeak.speak(
        text, f"{_VOICES[language]}+{speaker.name}", rate=rate, pitch=pitch,
        spread=draw.randint(30, 70),
    )  # fmt: skip
    samples = librosa.resample(
        speech.samples, orig_sr=speech.rate, target_sr=SAMPLE_RATE, res_type="soxr_hq"
    )
    gain = 0.25 * 10 ** (draw.uniform(-6, 6) / 20) / max(float(np.abs(samples).max()), 1e-6)
    samples = np.clip(samples * 2 * gain, -0.99, 0.99)
    samples = samples + _pink_noise(samples, draw.uniform(22, 42), draw.randrange(2**32))
    identifier = f"{language}-{number:04d}-{speaker.name.lower()}"
    path = folder / "audio" / f"{identifier}.opus"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, SAMPLE_RATE, format="OGG", subtype="OPUS", compression_level=0.9)
    tiers = {"phones": _phones(speech, language), "words": _words(speech, text)}
    return Utterance(
        id=identifier,
        audio=path,
        text=text,
        speaker=f"espeak-{speaker.name.lower()}",
        sex=speaker.sex,
        language=language,
        split=split,
        duration_s=len(samples) / SAMPLE_RATE,
        tiers=MappingProxyType(tiers),
        columns=MappingProxyType({"rate_wpm": rate, "pitch": pitch}),
    )


def _pink_noise(
    samples: npt.NDArray[np.float32], snr_db: float, seed: int
) -> npt.NDArray[np.float32]:
    """Return noise with a spectrum of 1/f, so many dB below the signal."""
    white = np.random.default_rng(seed).standard_normal(len(samples))
    spectrum = np.fft.rfft(white) / np.sqrt(np.maximum(np.arange(len(samples) // 2 + 1), 1))
    noise = np.fft.irfft(spectrum, len(samples))
    scale = np.sqrt(np.mean(samples**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return np.asarray(noise * scale, np.float32)


def _to_16k(sample: int, rate: int) -> int:
    return round(sample * SAMPLE_RATE / rate)


def _phones(speech: Speech, language: str) -> tuple[Interval, ...]:
    """Turn espeak's phone onsets into intervals; English labels become ARPAbet."""
    intervals: list[Interval] = []
    ends = [start for start, _ in speech.phones[1:]] + [len(speech.samples)]
    for (start, label), end in zip(speech.phones, ends, strict=True):
        first, last = _to_16k(start, speech.rate), _to_16k(end, speech.rate)
        if label.startswith("(") or last <= first:
            continue
        labels = [label or SILENCE]
        if language == "en" and label:
            labels = list(read_label(label, "espeak", "en")[0])
        edges = np.linspace(first, last, len(labels) + 1).round().astype(int).tolist()
        for name, a, b in zip(labels, edges[:-1], edges[1:], strict=True):
            if name == SILENCE and intervals and intervals[-1].label == SILENCE:
                intervals[-1] = Interval(intervals[-1].start, b, SILENCE)
            elif b > a:
                intervals.append(Interval(a, b, name))
    return tuple(intervals)


def _words(speech: Speech, text: str) -> tuple[Interval, ...]:
    """Turn espeak's word onsets into intervals that end where the last phone of a word does."""
    pauses = [(start, label) for start, label in speech.phones if not label]
    intervals = []
    for index, (start, position, length) in enumerate(speech.words):
        following = (
            speech.words[index + 1][0] if index + 1 < len(speech.words) else len(speech.samples)
        )
        end = min([p for p, _ in pauses if start < p < following], default=following)
        first, last = _to_16k(start, speech.rate), _to_16k(end, speech.rate)
        label = text[position : position + length].strip(" .,;:!?").lower()
        if last > first and label:
            intervals.append(Interval(first, last, label))
    return tuple(intervals)


def embedded_texts() -> Iterator[tuple[str, list[str]]]:
    """Give the languages and sentences of the corpus that comes with the package."""
    for path in sorted(SENTENCES.glob("*.txt")):
        yield path.stem, read_sentences(path)


def read_texts(paths: Sequence[Path]) -> list[str]:
    """Read sentences from text files, and the training texts of manifests (``.jsonl``)."""
    sentences: list[str] = []
    for path in paths:
        if path.suffix == ".jsonl":
            sentences += [u.text for u in read_manifest(path) if u.split == "train" and u.text]
        else:
            sentences += read_sentences(path)
    return sentences


def prepare_synthetic(
    folder: Path,
    *,
    texts: Sequence[Path] = (),
    language: str = "en",
    word_share: float = 0.0,
    longest: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    split: str = "train",
) -> Path:
    """Make a synthetic corpus.

    Parameters
    ----------
    folder : Path
        Gets ``audio/`` and ``manifest.jsonl``.
    texts : sequence of Path
        Text files or manifests; without any, the sentences of the package in all its languages.
    language : str
        Of the texts.
    word_share : float
        Share of words replaced by random words of the shipped dictionary (English only).
    longest : int, optional
        Cut sentences to so many words.
    minutes : float, optional
        Stop after so many.
    seed : int
        Decides the order of the texts, replaced words, voices, rates and noise.
    split : str
        Written into the manifest.

    Returns
    -------
    Path
        The manifest.

    Raises
    ------
    InputError
        If a text cannot be read or an option does not fit.
    """
    if not 0.0 <= word_share <= 1.0:
        raise InputError(f"word share {word_share} is not between 0 and 1")
    if word_share and language != "en":
        raise InputError("words can only be replaced in English, whose dictionary is shipped")
    spoken: dict[str, list[str]]
    if texts:
        sentences = read_texts(texts)
        if longest is not None:
            sentences = pieces([s.lower() for s in sentences], longest)
        random.Random(seed).shuffle(sentences)
        if word_share:
            words = [w for w in cmudict().entries if w.isascii() and w.isalpha() and len(w) <= 12]
            sentences = mix_words(sentences, words, word_share, seed)
        spoken = {language: sentences}
    else:
        spoken = dict(embedded_texts())
    synthesise(folder, spoken, seed=seed, split=split, minutes=minutes)
    return folder / "manifest.jsonl"
