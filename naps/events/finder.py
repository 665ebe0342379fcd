"""Events of a whole corpus: listen, decode, compare with the text, look up phonemes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from naps.corpus.audio import SAMPLE_RATE, read_audio
from naps.corpus.utterance import Utterance
from naps.decoding import ErrorRates, error_rates, greedy
from naps.errors import UtteranceError
from naps.events.drops import Drop, DropLog
from naps.events.letters import letter_events
from naps.events.phonemes import LetterPhones, attach_phonemes
from naps.events.table import to_table
from naps.models import Recognizer
from naps.phonology import Lexicon, english_scores

Progress = Callable[[Iterable[Utterance]], Iterable[Utterance]]


@dataclass(frozen=True)
class Events:
    """What a recognizer heard in a corpus.

    Attributes
    ----------
    table : DataFrame
        One row an event; columns in ``docs/run-folder.md``.
    transcripts : DataFrame
        One row an utterance: ``id, split, speaker, reference, hypothesis, cer, wer``.
    drops : list of Drop
        Utterances and events that were left out.
    audio_s : float
        Seconds listened to.
    """

    table: pd.DataFrame
    transcripts: pd.DataFrame
    drops: list[Drop]
    audio_s: float

    def error_rates(self) -> dict[str, ErrorRates]:
        """Return the error rates of each split and, where there are several, of all."""
        scored = self.transcripts.dropna(subset=["reference"])
        rates = {
            str(split): error_rates(list(part["reference"]), list(part["hypothesis"]))
            for split, part in scored.groupby(scored["split"].fillna("all"))
        }
        if len(rates) > 1:
            rates["all"] = error_rates(list(scored["reference"]), list(scored["hypothesis"]))
        return rates


@torch.inference_mode()
def find_events(
    model: Recognizer,
    utterances: Sequence[Utterance],
    *,
    lexicon: Lexicon | None = None,
    max_bad_share: float = 0.05,
    progress: Progress = iter,
) -> Events:
    """Recognise utterances and make an event of every predicted letter.

    Parameters
    ----------
    model : Recognizer
        Whose predictions count.
    utterances : sequence of Utterance
        What to listen to.
    lexicon : Lexicon, optional
        For phonemes; without it there are letters only.
    max_bad_share : float
        Stop when more of the utterances than this cannot be used.
    progress : callable
        Wraps the utterances, to show how far it is.

    Raises
    ------
    InputError
        If too many utterances cannot be used.
    """
    letter_phones = None if lexicon is None else LetterPhones(lexicon, english_scores())
    log = DropLog(max_bad_share, len(utterances))
    rows = []
    transcripts = []
    audio_s = 0.0
    for utterance in progress(utterances):
        try:
            samples = read_audio(utterance.audio)
            features = model.spectrogram(samples)
            logits = model.network(features[None])[0].cpu()
            if not torch.isfinite(logits).all():
                raise UtteranceError("not_finite", "the recognizer's output is not finite")
        except UtteranceError as error:
            log.add_utterance(Drop("events", utterance.id, error.reason, str(error)))
            continue
        audio_s += len(samples) / SAMPLE_RATE
        text, unknown = model.alphabet.normalise(utterance.text)
        reference = text if text and not unknown else None
        if unknown:
            log.add(
                Drop(
                    "events", utterance.id, "text outside the alphabet",
                    f"cannot write {unknown!r}; heard, but not compared with its text", 0,
                )
            )  # fmt: skip
        letters = greedy(logits, model.alphabet.blank)
        heard = letter_events(letters, model.alphabet, reference)
        if letter_phones is not None:
            heard = attach_phonemes(heard, reference, letter_phones)
            for reason in ("silent letter", "out of lexicon"):
                count = sum(row["phone_reason"] == reason for row in heard)
                if count:
                    log.add(Drop("phonemes", utterance.id, reason, "", count))
        known = {
            "utterance": utterance.id,
            "speaker": utterance.speaker,
            "sex": utterance.sex,
            "language": utterance.language,
            "split": utterance.split,
        }
        for row in heard:
            row.pop("reference_index", None)
            own = row | known | {"time_s": row["frame"] * model.frame_s}
            rows.append(own | {k: v for k, v in utterance.columns.items() if k not in own})
        hypothesis = " ".join(model.alphabet.decode([x.unit for x in letters]).split())
        rates = error_rates([reference or ""], [hypothesis])
        transcripts.append(
            (
                utterance.id, utterance.split, utterance.speaker, reference, hypothesis,
                rates.cer, rates.wer,
            )
        )  # fmt: skip
    columns = ["id", "split", "speaker", "reference", "hypothesis", "cer", "wer"]
    return Events(to_table(rows), pd.DataFrame(transcripts, columns=columns), log.drops, audio_s)
