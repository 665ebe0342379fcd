"""A recognizer: network, features and alphabet, kept together in one safetensors file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from naps.corpus.features import FeatureConfig, LogMel, Waveform, WaveformConfig
from naps.errors import InputError, UtteranceError
from naps.files import sha256
from naps.models.alphabet import Alphabet
from naps.models.geometry import Layer
from naps.models.lstm import LSTMConfig, LSTMRecognizer
from naps.models.network import Network
from naps.models.wav2letter import Wav2Letter, Wav2LetterConfig
from naps.weights import described, read_weights, write_weights

FORMAT = "naps-recognizer-1"
_SHIPPED = Path(__file__).parent / "weights"

Sizes = Wav2LetterConfig | LSTMConfig
_ARCHITECTURES: dict[str, type[Sizes]] = {"wav2letter": Wav2LetterConfig, "lstm": LSTMConfig}


def build(sizes: Sizes) -> Wav2Letter | LSTMRecognizer:
    """Make the network of these sizes, with fresh weights."""
    return Wav2Letter(sizes) if isinstance(sizes, Wav2LetterConfig) else LSTMRecognizer(sizes)


@dataclass(frozen=True)
class Recognizer:
    """What is needed to turn speech into letters.

    Attributes
    ----------
    name : str
        As given when it was trained.
    network : Network
        Spectrogram to logits.
    features : FeatureConfig or WaveformConfig
        The spectrogram it was trained on; or the waveform itself.
    alphabet : Alphabet
        Its output letters.
    language : str
        Two-letter code.
    sha256 : str
        Of the file it came from; empty if it came from none.
    facts : mapping
        What the trainer wrote down: data, steps, error rates.
    delay_s : float
        By how much it predicts letters after they are said: the median over events of held-out
        speech with known phone times (`naps.events.label_quality`); 0 where it was not measured.
    writes : bool
        Whether its output units are letters. If not, the alphabet is but a stand-in, and events
        are those of given intervals.

    Raises
    ------
    InputError
        If the alphabet does not fit the network's output.
    """

    name: str
    network: Network
    features: FeatureConfig | WaveformConfig
    alphabet: Alphabet
    language: str = "en"
    sha256: str = ""
    facts: dict[str, Any] | None = None
    delay_s: float = 0.0
    writes: bool = True

    def __post_init__(self) -> None:
        units = self.layers[-1].channels
        if len(self.alphabet) != units:
            raise InputError(
                f"{self.name}: {len(self.alphabet) - 1} letters and a blank, but the network's "
                f"output has {units} units"
            )

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, from the input up; the last gives the logits."""
        return self.network.layers

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.network.parameters()).device

    @property
    def frame_s(self) -> float:
        """Seconds between output frames."""
        return self.layers[-1].stride * self.features.frame_s

    @cached_property
    def _extractor(self) -> LogMel | Waveform:
        if isinstance(self.features, WaveformConfig):
            return Waveform(self.features)
        return LogMel(self.features).to(self.device)

    def to(self, device: torch.device | str) -> Recognizer:
        """Return the recognizer on another device."""
        return replace(self, network=self.network.to(device))

    def spectrogram(self, samples: npt.NDArray[np.float32]) -> Tensor:
        """Compute the normalised spectrogram of one recording, or what else the network hears.

        Returns
        -------
        Tensor, shape (frames, n_mels)
            On the recognizer's device; (samples, 1) where it is the waveform.

        Raises
        ------
        UtteranceError
            If the recording is shorter than the receptive field of one output, or makes none.
        """
        features: Tensor = self._extractor(torch.from_numpy(samples).to(self.device))
        needed = self.layers[-1].receptive_field
        if needed is not None and len(features) < needed:
            raise UtteranceError(
                "too_short",
                f"{len(features)} frames are fewer than the receptive field of {needed}",
            )
        if self.network.output_length(len(features)) < 1:
            raise UtteranceError("too_short", f"{len(features)} frames make no output")
        return features


def save_recognizer(path: Path, recognizer: Recognizer, dtype: torch.dtype = torch.float32) -> None:
    """Write weights and description to one safetensors file.

    Parameters
    ----------
    path : Path
        Replaced in one step.
    recognizer : Recognizer
        What to write.
    dtype : torch.dtype
        Type of the stored weights; biases and normalisation statistics stay float32.

    Raises
    ------
    ValueError
        If the network is not one of this package.
    """
    sizes = getattr(recognizer.network, "config", None)
    if not isinstance(sizes, Sizes):
        raise ValueError(f"{recognizer.name}: only networks of this package can be saved")
    state = {
        key: value.detach().cpu().to(dtype if value.ndim > 1 else None)
        for key, value in recognizer.network.state_dict().items()
    }
    description = {
        "format": FORMAT,
        "name": recognizer.name,
        "architecture": next(k for k, v in _ARCHITECTURES.items() if isinstance(sizes, v)),
        "network": sizes.model_dump(),
        "features": recognizer.features.model_dump(),
        "alphabet": recognizer.alphabet.symbols,
        "language": recognizer.language,
        "delay_s": recognizer.delay_s,
        "facts": recognizer.facts or {},
    }
    write_weights(path, state, description)


def shipped_models() -> list[str]:
    """Name the recognizers that come with the package."""
    files = _SHIPPED.glob("*.safetensors")
    return sorted(p.stem for p in files if not p.stem.startswith("sentiment-"))


def find_model(name: str | Path) -> Path:
    """Return the file of a shipped model or of a path.

    Raises
    ------
    InputError
        If there is neither a shipped model nor a file of that name.
    """
    shipped = _SHIPPED / f"{name}.safetensors"
    if str(name) in shipped_models():
        return shipped
    path = Path(name)
    if path.is_file():
        return path
    hint = ""
    if is_python_path(str(name)):
        hint = "; nothing is imported from here, a Python path is for --model"
    raise InputError(
        f"{name}: no such model file, and the shipped models are: "
        f"{', '.join(shipped_models()) or 'none'}{hint}"
    )


def is_python_path(name: str) -> bool:
    """Say whether a name looks like ``package.module:attribute`` or ``package.attribute``."""
    if name.endswith(".safetensors"):
        return False
    module, colon, attribute = name.partition(":")
    words = [*module.split("."), *(attribute.split(".") if colon else [])]
    return len(words) > 1 and all(word.isidentifier() for word in words)


def load_model(
    name: str | Path, *, device: torch.device | str = "cpu", fuse: bool = True
) -> Recognizer:
    """Load a recognizer by the name of a shipped model or by path.

    Parameters
    ----------
    name : str or Path
        Such as ``"wav2letter-en-mini"`` or ``"runs/mine/best.safetensors"``.
    device : torch.device or str
        Where to put it.
    fuse : bool
        Fold batch norm into the weights and drop dropout: right for everything but training.

    Raises
    ------
    InputError
        If the file is missing, truncated, not one of ours, or does not fit its description.
    """
    path = find_model(name)
    description, state = read_weights(path)
    with described(path, description, "recognizer", FORMAT):
        architecture = _ARCHITECTURES.get(description["architecture"])
        if architecture is None:
            raise ValueError(f"unknown architecture {description['architecture']!r}")
        sizes = architecture(**description["network"])
        network = build(sizes)
        features = FeatureConfig(**description["features"])
        alphabet = Alphabet(description["alphabet"])
        for key, value in network.state_dict().items():
            if not value.is_floating_point() and key in state:
                state[key] = state[key].to(value.dtype)
        network.load_state_dict(state)
        name_in_file = str(description["name"])
    if len(alphabet) != sizes.n_outputs or features.n_mels != sizes.n_mels:
        raise InputError(f"{path}: alphabet or mel bands do not fit the network")
    return Recognizer(
        name=name_in_file,
        network=(network.fused() if fuse else network).to(device).eval(),
        features=features,
        alphabet=alphabet,
        language=str(description.get("language", "en")),
        sha256=sha256(path),
        facts=dict(description.get("facts", {})),
        delay_s=float(description.get("delay_s", 0.0)),
    )
