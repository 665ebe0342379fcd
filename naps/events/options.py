"""How events are found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from naps.corpus.utterance import Utterance
from naps.decoding import LanguageModel
from naps.errors import InputError
from naps.events.given import Anchor
from naps.events.phonemes import Basis

Mode = Literal["predicted", "reference", "given"]
MODES: tuple[Mode, ...] = ("predicted", "reference", "given")
# Prefixes of a search that a language model leads, unless the options say.
WIDTH = 64


@dataclass(frozen=True)
class EventOptions:
    """How events are found.

    Attributes
    ----------
    mode : {"predicted", "reference", "given"}
        Letters that the recognizer predicts; letters of the true text where forced alignment
        puts them; or phones of given intervals.
    beam : int
        Prefixes of the beam search for ``predicted``; 1 takes the greedy path, or with a language
        model 64 prefixes.
    language_model : LanguageModel or None
        Leads the beam; it makes better transcripts, and letters that the network alone would not
        have written.
    language_weight, word_bonus : float
        See `naps.decoding.fused_search`.
    phonemes : {"said", "predicted"}
        Whether a letter's phoneme is that of the true text where it was heard, or that of the
        word as predicted; see `attach_phonemes`.
    inserted : {"drop", "attach"}
        What becomes of a phone that no letter stands for: no event, or a copy of the event of
        the letter in front of it.
    delay_s : float or None
        By how much letters are predicted after they are said: event times are earlier than
        their frames by this. None takes the recognizer's own.
    tier : str or None
        Of the given intervals; None guesses by the usual names.
    notation : str or None
        Of the given labels, see `naps.phonology.read_label`; None is ARPAbet for English and
        IPA for German.
    anchor : {"centre", "start", "peak"}
        Where in a given interval its event lies.
    language : str or None
        Of the speech, which decides how words are said and labels are read; None takes the one
        that all utterances name, or else the recognizer's.

    Raises
    ------
    InputError
        If the mode is not one of the three or the beam holds nothing.
    """

    mode: Mode = "predicted"
    beam: int = 1
    language_model: LanguageModel | None = None
    language_weight: float = 0.5
    word_bonus: float = 1.0
    phonemes: Basis = "said"
    inserted: Literal["drop", "attach"] = "drop"
    delay_s: float | None = None
    tier: str | None = None
    notation: str | None = None
    anchor: Anchor = "centre"
    language: str | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InputError(f"events.mode {self.mode!r}; there are: {', '.join(MODES)}")
        if self.beam < 1:
            raise InputError("events.beam must be 1 (greedy) or more")

    def notation_of(self, language: str) -> str:
        """Return the notation of given labels in a language."""
        return self.notation or {"en": "arpabet"}.get(language, "ipa")

    def language_of(self, utterances: Sequence[Utterance], model_language: str) -> str:
        """Return the language that utterances are spoken in."""
        # A region behind it, as in en-US, does not matter to phones.
        named = {u.language and re.split("[-_]", u.language.lower())[0] for u in utterances}
        known = named.pop() if len(named) == 1 else None
        return self.language or known or model_language
