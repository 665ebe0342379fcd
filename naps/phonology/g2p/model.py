"""A grapheme-to-phoneme model: network, letters and phones, kept in one safetensors file."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from naps.errors import InputError
from naps.phonology.g2p.network import BOUNDARY, G2PNetwork, G2PNetworkConfig
from naps.phonology.g2p.search import beam_search
from naps.weights import described, read_weights, write_weights

FORMAT = "naps-g2p-1"
_WEIGHTS = Path(__file__).parents[1] / "weights"
_SHIPPED = {"en": "g2p-en", "de": "g2p-de"}
_BATCH = 1024


@dataclass(frozen=True)
class Guess:
    """How a word is probably said.

    Attributes
    ----------
    phones : tuple of str
        Phones of the model's language.
    confidence : float
        Probability that the model gives to just this pronunciation.
    """

    phones: tuple[str, ...]
    confidence: float


@dataclass(frozen=True)
class G2P:
    """What is needed to say words that no dictionary has.

    Attributes
    ----------
    name, language : str
        As trained; ``language`` is a two-letter code.
    letters : str
        Characters that can be read, in the order of the network's indices.
    phones : tuple of str
        Phones that can be written; the boundary, index 0, stands in front of them.
    network : G2PNetwork
        In eval mode.
    facts : mapping
        What the trainer wrote down.
    smoothing : float
        Of the labels that it learned from; taken back from its probabilities.
    """

    name: str
    language: str
    letters: str
    phones: tuple[str, ...]
    network: G2PNetwork
    facts: dict[str, Any] | None = None
    smoothing: float = 0.0

    def spell(self, word: str) -> str:
        """Bring a word to the letters of the model: lower case, unknown marks dropped."""
        kept: list[str] = []
        for character in unicodedata.normalize("NFC", word).lower():
            if character in self.letters:
                kept.append(character)
            else:
                plain = unicodedata.normalize("NFKD", character)
                kept += [c for c in plain if c in self.letters]
        return "".join(kept)

    def pronounce(
        self, words: Sequence[str], *, beam: int = 5, threshold: float = 3.0
    ) -> list[Guess]:
        """Guess how words are said.

        Parameters
        ----------
        words : sequence of str
            Characters that the model does not know (digits, punctuation) are left out; a word
            without any letter gets no phones and a confidence of 0.
        beam : int
            Hypotheses at a time; 1 is greedy.
        threshold : float
            See `beam_search`.

        Returns
        -------
        list of Guess
            In the order of the words.
        """
        spelt = {word: self.spell(word) for word in words}
        by_length: dict[int, list[str]] = {}
        for text in sorted({s for s in spelt.values() if s}):
            by_length.setdefault(len(text), []).append(text)
        found = {"": Guess((), 0.0)}
        for length, texts in by_length.items():
            for at in range(0, len(texts), _BATCH):
                batch = texts[at : at + _BATCH]
                phones, scores = beam_search(
                    self.network,
                    self._indices(batch),
                    beam,
                    longest=2 * length + 6,
                    threshold=threshold,
                    smoothing=self.smoothing,
                )
                for text, row, value in zip(batch, phones, scores.exp().tolist(), strict=True):
                    found[text] = Guess(tuple(self.phones[p - 1] for p in row), value)
        return [found[spelt[word]] for word in words]

    @torch.inference_mode()
    def attention(self, word: str, phones: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return where the model looks while it writes a given pronunciation.

        Parameters
        ----------
        word : str
        phones : sequence of str
            Such as ``guess.phones``.

        Returns
        -------
        array, shape (len(phones) + 1, letters)
            Each row sums to one; the last is that of the end.

        Raises
        ------
        InputError
            If the word has no letter of the model or a phone is not one of its own.
        """
        text = self.spell(word)
        unknown = [p for p in phones if p not in self.phones]
        if not text or unknown:
            raise InputError(
                f"{word!r} has no letter that {self.name} reads"
                if not text
                else f"{self.name} does not write the phones {' '.join(unknown)}"
            )
        spoken = [BOUNDARY, *(self.phones.index(p) + 1 for p in phones)]
        _, attention = self.network(self._indices([text]), torch.tensor([spoken]))
        rows: npt.NDArray[np.float32] = attention[0].numpy()
        return rows

    def _indices(self, texts: Sequence[str]) -> torch.Tensor:
        return torch.tensor([[self.letters.index(c) for c in text] for text in texts])


def save_g2p(path: Path, model: G2P, dtype: torch.dtype = torch.float32) -> None:
    """Write weights and description to one safetensors file, replaced in one step."""
    description = {
        "format": FORMAT,
        "name": model.name,
        "language": model.language,
        "letters": model.letters,
        "phones": list(model.phones),
        "network": model.network.config.model_dump(),
        "smoothing": model.smoothing,
        "facts": model.facts or {},
    }
    state = {k: v.detach().cpu().to(dtype) for k, v in model.network.state_dict().items()}
    write_weights(path, state, description)


def load_g2p(path: Path) -> G2P:
    """Read a grapheme-to-phoneme model.

    Raises
    ------
    InputError
        If the file is missing, truncated, not one of ours, or does not fit its description.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such grapheme-to-phoneme model")
    description, state = read_weights(path)
    with described(path, description, "G2P model", FORMAT):
        network = G2PNetwork(G2PNetworkConfig(**description["network"]))
        network.load_state_dict(state)
        model = G2P(
            name=str(description["name"]),
            language=str(description["language"]),
            letters=str(description["letters"]),
            phones=tuple(str(p) for p in description["phones"]),
            network=network.eval(),
            facts=dict(description["facts"]),
            smoothing=float(description["smoothing"]),
        )
    sizes = network.config
    if (len(model.letters), len(model.phones)) != (sizes.n_letters, sizes.n_phones):
        raise InputError(f"{path}: letters or phones do not fit the network")
    return model


@cache
def shipped_g2p(language: str) -> G2P:
    """Return the model of a language that comes with the package.

    Raises
    ------
    InputError
        If there is none.
    """
    if language not in _SHIPPED:
        raise InputError(f"no G2P model for {language!r}; there are: {', '.join(_SHIPPED)}")
    return load_g2p(_WEIGHTS / f"{_SHIPPED[language]}.safetensors")
