"""Events of a whole corpus: listen, decode, compare with the text, look up phonemes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from naps.corpus import Alignments, Interval, choose_tier
from naps.corpus.audio import SAMPLE_RATE, read_audio
from naps.corpus.utterance import Utterance
from naps.decoding import (
    ErrorRates,
    Letter,
    beam_search,
    error_rates,
    forced_path,
    fused_search,
    greedy,
)
from naps.errors import InputError, UtteranceError
from naps.events.drops import Drop, DropLog
from naps.events.given import interval_events
from naps.events.letters import Row, letter_events
from naps.events.options import WIDTH, EventOptions
from naps.events.phonemes import attach_phonemes
from naps.events.table import to_table
from naps.models import Alphabet, Recognizer
from naps.phonology import Pronouncer, read_label

Progress = Callable[[Iterable[Utterance]], Iterable[Utterance]]


@dataclass(frozen=True)
class Events:
    """What a recognizer heard in a corpus.

    Attributes
    ----------
    table : DataFrame
        One row an event; columns in ``docs/run-folder.md``.
    transcripts : DataFrame
        One row an utterance: ``id, split, speaker, duration_s, reference, hypothesis, cer, wer``.
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


@dataclass(frozen=True)
class _Heard:
    """An utterance whose letters are found, before its words are looked up."""

    utterance: Utterance
    reference: str | None
    rows: list[Row]


def find_events(
    model: Recognizer,
    utterances: Sequence[Utterance],
    *,
    pronouncer: Pronouncer | None = None,
    alignments: Alignments | None = None,
    options: EventOptions | None = None,
    max_bad_share: float = 0.05,
    progress: Progress = iter,
) -> Events:
    """Recognise utterances and make an event of every letter or of every given interval.

    Parameters
    ----------
    model : Recognizer
        Whose predictions count.
    utterances : sequence of Utterance
        What to listen to.
    pronouncer : Pronouncer, optional
        For phonemes of letters; without it there are letters only.
    alignments : Alignments, optional
        Intervals for mode ``given``; without them the utterances' own tiers are taken.
    options : EventOptions, optional
        The rest.
    max_bad_share : float
        Stop when more of the utterances than this cannot be used.
    progress : callable
        Wraps the utterances, to show how far it is.

    Raises
    ------
    InputError
        If too many utterances cannot be used, a tier is not there, or events are to be letters
        and the recognizer writes none.
    """
    options = options or EventOptions()
    check_mode(model, options)
    language = options.language_of(utterances, model.language)
    log = DropLog(max_bad_share, len(utterances))
    heard: list[_Heard] = []
    transcripts = []
    audio_s = 0.0
    for utterance in progress(utterances):
        try:
            tiers = _tiers(utterance, alignments) if options.mode == "given" else {}
            samples = read_audio(utterance.audio)
            with torch.inference_mode():
                logits = model.network(model.spectrogram(samples)[None])[0].cpu()
            if not torch.isfinite(logits).all():
                raise UtteranceError("not_finite", "the recognizer's output is not finite")
            text, unknown, letters = "", "", list[Letter]()
            if model.writes:
                text, unknown = model.alphabet.normalise(utterance.text)
                letters = decode(logits, model.alphabet, options)
            reference = text if text and not unknown else None
            rows = _rows(
                utterance, model, logits, letters, reference, tiers, language, options, log
            )
        except UtteranceError as error:
            log.add_utterance(Drop("events", utterance.id, error.reason, str(error)))
            continue
        audio_s += len(samples) / SAMPLE_RATE
        if unknown:
            log.add(
                Drop(
                    "events", utterance.id, "text outside the alphabet",
                    f"cannot write {unknown!r}; heard, but not compared with its text", 0,
                )
            )  # fmt: skip
        heard.append(_Heard(utterance, reference, rows))
        hypothesis = " ".join(model.alphabet.decode([x.unit for x in letters]).split())
        rates = error_rates([reference or ""], [hypothesis])
        transcripts.append(
            (
                utterance.id, utterance.split, utterance.speaker, len(samples) / SAMPLE_RATE,
                reference, hypothesis, rates.cer, rates.wer,
            )
        )  # fmt: skip
    if pronouncer is not None and options.mode != "given":
        heard = _with_phonemes(heard, pronouncer, options, log)
    delay_s = model.delay_s if options.delay_s is None else options.delay_s
    table = to_table(
        _described(row, item.utterance, row["frame"] * model.frame_s - delay_s)
        for item in heard
        for row in item.rows
    )
    columns = ["id", "split", "speaker", "duration_s", "reference", "hypothesis", "cer", "wer"]
    return Events(table, pd.DataFrame(transcripts, columns=columns), log.drops, audio_s)


def check_mode(model: Recognizer, options: EventOptions) -> None:
    """See that a recognizer can make events of a mode.

    Raises
    ------
    InputError
        If they are to be letters, and it writes none.
    """
    if not model.writes and options.mode != "given":
        raise InputError(
            f"{model.name} writes no letters, so there are no {options.mode} events; take "
            f"events.mode=given with phone times in events.alignments"
        )


def decode(logits: Tensor, alphabet: Alphabet, options: EventOptions) -> list[Letter]:
    """Find the letters of an utterance by the search that the options ask for.

    Parameters
    ----------
    logits : Tensor, shape (frames, units)
    alphabet : Alphabet
    options : EventOptions
        ``beam`` and what concerns the language model count.
    """
    if options.language_model is not None:
        units, _ = fused_search(
            logits, alphabet, options.language_model,
            beam=options.beam if options.beam > 1 else WIDTH,
            weight=options.language_weight, bonus=options.word_bonus,
        )  # fmt: skip
    elif options.beam > 1:
        units, _ = beam_search(logits, alphabet.blank, options.beam)
    else:
        return greedy(logits, alphabet.blank)
    return forced_path(logits, units, alphabet.blank)


def _tiers(
    utterance: Utterance, alignments: Alignments | None
) -> Mapping[str, tuple[Interval, ...]]:
    if alignments is None:
        tiers = utterance.tiers
    elif utterance.id in alignments.bad:
        raise UtteranceError("bad_intervals", alignments.bad[utterance.id])
    else:
        tiers = alignments.tiers.get(utterance.id, {})
    if not tiers:
        raise UtteranceError("no_intervals", "no intervals are given for it")
    return tiers


def _words(tiers: Mapping[str, tuple[Interval, ...]]) -> tuple[Interval, ...]:
    """Return the tier of words, if there is one."""
    try:
        return choose_tier(tiers, "words")
    except InputError:
        return ()


def _rows(
    utterance: Utterance,
    model: Recognizer,
    logits: Tensor,
    letters: Sequence[Letter],
    reference: str | None,
    tiers: Mapping[str, tuple[Interval, ...]],
    language: str,
    options: EventOptions,
    log: DropLog,
) -> list[Row]:
    """Make the events of an utterance in the chosen mode."""
    alphabet = model.alphabet
    if options.mode == "given":
        notation = options.notation_of(language)
        try:
            phones = choose_tier(tiers, options.tier)
        except InputError as error:
            raise UtteranceError("no_tier", str(error)) from None
        rows, lost = interval_events(
            phones,
            _words(tiers),
            logits,
            alphabet if model.writes else None,
            frame_s=model.frame_s,
            delay_s=model.delay_s if options.delay_s is None else options.delay_s,
            read=lambda label: read_label(label, notation, language)[0],
            anchor=options.anchor,
        )
        _count(log, "events", utterance, lost)
        return rows
    if options.mode == "reference":
        if reference is None:
            raise UtteranceError("no_text", "it has no text that the recognizer could write")
        path = forced_path(logits, alphabet.encode(reference), alphabet.blank)
        best = logits.argmax(1).tolist()
        return [
            row | {"correct": best[row["frame"]] == row["unit"]}
            for row in letter_events(path, alphabet, reference)
        ]
    return letter_events(letters, alphabet, reference)


def _with_phonemes(
    heard: Sequence[_Heard], pronouncer: Pronouncer, options: EventOptions, log: DropLog
) -> list[_Heard]:
    """Look up all words at once, then give every letter its phoneme."""
    words = {row["word"] for item in heard for row in item.rows}
    pronouncer.learn(words | {w for item in heard for w in (item.reference or "").split()})
    result = []
    for item in heard:
        rows = attach_phonemes(
            item.rows,
            item.reference,
            pronouncer,
            basis=options.phonemes,
            attach_inserted=options.inserted == "attach",
        )
        reasons = Counter(str(r["phone_reason"]) for r in rows if r["phone_reason"] is not None)
        _count(log, "phonemes", item.utterance, reasons)
        result.append(_Heard(item.utterance, item.reference, rows))
    return result


def _count(log: DropLog, stage: str, utterance: Utterance, reasons: Mapping[str, int]) -> None:
    for reason, count in reasons.items():
        log.add(Drop(stage, utterance.id, reason, "", count))


def _described(row: Row, utterance: Utterance, time_s: float) -> dict[str, Any]:
    """Add to an event what the manifest knows; the event's own columns win."""
    own = {k: v for k, v in row.items() if k != "reference_index"} | {
        "utterance": utterance.id,
        "speaker": utterance.speaker,
        "sex": utterance.sex,
        "language": utterance.language,
        "split": utterance.split,
        "time_s": time_s,
    }
    return own | {k: v for k, v in utterance.columns.items() if k not in own}
