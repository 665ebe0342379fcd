"""The events stage: listen to the corpus and say when what was heard."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pandas as pd

from naps.corpus import Alignments, Interval, Utterance, choose_tier, read_alignments
from naps.decoding import confusions, read_language_model, word_confusions
from naps.errors import InputError
from naps.events import (
    EventOptions,
    LabelQuality,
    export_events,
    find_events,
    label_quality,
    write_events,
)
from naps.events.drops import write_drops
from naps.events.options import WIDTH
from naps.files import write_json, write_text
from naps.models import Recognizer
from naps.phonology import Pronouncer, find_pronouncer, read_label
from naps.pipeline.recipe import EventsConfig, ProfileRecipe
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.stages import Progress, run_utterances


def event_options(config: EventsConfig) -> EventOptions:
    """Give the options of the events that a recipe asks for."""
    return EventOptions(
        mode=config.mode,
        beam=config.beam,
        phonemes=config.phonemes,
        inserted=config.inserted,
        delay_s=None if config.delay_ms is None else config.delay_ms / 1000,
        tier=config.tier,
        notation=config.notation,
        anchor=config.anchor,
        language=config.language,
    )


def search_options(config: EventsConfig) -> EventOptions:
    """Give the same options with the language model of the recipe, if it names one, read."""
    options = event_options(config)
    if config.language_model is None:
        return options
    return replace(
        options,
        language_model=read_language_model(config.language_model),
        language_weight=config.language_weight,
        word_bonus=config.word_bonus,
    )


def spoken_language(
    recipe: ProfileRecipe, model: Recognizer, utterances: Sequence[Utterance]
) -> str:
    """Say in which language the utterances of a recipe are spoken."""
    return event_options(recipe.events).language_of(utterances, model.language)


def recipe_pronouncer(recipe: ProfileRecipe, language: str) -> Pronouncer | None:
    """Give what says the words of a language in a recipe; None for letters only."""
    return find_pronouncer(language, recipe.lexicon, recipe.g2p)


def recipe_alignments(recipe: ProfileRecipe, utterances: Sequence[Utterance]) -> Alignments | None:
    """Read the phone times that a recipe names, or take those of the manifest.

    Returns
    -------
    Alignments or None
        None where there are none.
    """
    if recipe.events.alignments is not None:
        return read_alignments(recipe.events.alignments, utterances)
    tiers = {u.id: u.tiers for u in utterances if u.tiers}
    return Alignments(tiers, {}) if tiers else None


def phone_tiers(
    alignments: Alignments, name: str | None
) -> tuple[dict[str, tuple[Interval, ...]], dict[str, str]]:
    """Choose the tier of phones of every utterance.

    Returns
    -------
    intervals : dict
        By utterance.
    without : dict
        Why an utterance has none.
    """
    intervals: dict[str, tuple[Interval, ...]] = {}
    without = dict(alignments.bad)
    for utterance, tiers in alignments.tiers.items():
        try:
            intervals[utterance] = choose_tier(tiers, name)
        except InputError as error:
            without[utterance] = str(error)
    return intervals, without


def unknown_labels(
    intervals: Mapping[str, Sequence[Interval]], notation: str, language: str
) -> Counter[str]:
    """Count the intervals whose labels are none of a notation, by label."""
    labels = Counter(i.label for tier in intervals.values() for i in tier)
    unknown: Counter[str] = Counter()
    for label, number in labels.items():
        try:
            read_label(label, notation, language)
        except InputError:
            unknown[label] = number
    return unknown


def make_events(
    run: RunFolder, recipe: ProfileRecipe, model: Recognizer, progress: Progress
) -> None:
    """Listen to the utterances and write their events."""
    began = time.monotonic()
    utterances = run_utterances(run, recipe)
    language = spoken_language(recipe, model, utterances)
    alignments = recipe_alignments(recipe, utterances)
    found = find_events(
        model,
        utterances,
        pronouncer=recipe_pronouncer(recipe, language),
        alignments=alignments,
        options=search_options(recipe.events),
        max_bad_share=recipe.max_bad_share,
        progress=lambda items: progress(items, "events"),
    )
    if found.table.empty:
        raise InputError(
            f"{model.name} predicted no letter in {len(utterances)} utterances; "
            f"is the language right?"
        )
    write_events(run.events / "events.parquet", found.table)
    write_text(run.events / "transcripts.csv", found.transcripts.to_csv(index=False))
    write_text(
        run.events / "confusions.csv", confusion_table(found.transcripts).to_csv(index=False)
    )
    write_drops(run.events / "dropped.csv", found.drops)
    quality = None
    if alignments is not None and recipe.events.mode != "given":
        quality = _quality(recipe, language, found.table, alignments)
    if quality is not None:
        write_text(run.events / "label_quality.csv", quality.groups.to_csv(index=False))
        write_text(
            run.events / "label_offsets.csv",
            quality.offsets.to_csv(index=False, float_format="%.4f"),
        )
    durations = dict(zip(found.transcripts["id"], found.transcripts["duration_s"], strict=True))
    for form in recipe.events.export:
        export_events(
            found.table, run.events / form, form, frame_s=model.frame_s, durations=durations
        )
    delay_ms = recipe.events.delay_ms
    write_json(
        run.events / "summary.json",
        {
            "utterances": len(utterances),
            "used": len(found.transcripts),
            "audio_s": round(found.audio_s, 2),
            "mode": recipe.events.mode,
            "language": language,
            "search": _search(recipe.events),
            "phonemes": recipe.events.phonemes,
            "events": len(found.table),
            "phoneme_events": int(found.table["phoneme"].notna().sum()),
            "phone_sources": _counts(found.table["phone_source"]),
            "correct": _share(found.table["correct"]),
            "lexicon": recipe.lexicon,
            "g2p": recipe.g2p,
            "delay_ms": 1000 * model.delay_s if delay_ms is None else delay_ms,
            "error_rates": {k: asdict(v) for k, v in found.error_rates().items()},
            "label_quality": None if quality is None else _described(quality),
            "seconds": round(time.monotonic() - began, 2),
        },
    )


def _search(config: EventsConfig) -> str:
    """Say how transcripts were found."""
    if config.language_model is not None:
        name = config.language_model.name
        return f"beam of {config.beam if config.beam > 1 else WIDTH} led by {name}"
    return f"beam of {config.beam}" if config.beam > 1 else "greedy"


def confusion_table(transcripts: pd.DataFrame) -> pd.DataFrame:
    """Count what letters and words were taken for.

    Returns
    -------
    DataFrame
        Columns ``of`` (``letters`` or ``words``), ``said``, ``heard``, ``count``, ``share``.
    """
    scored = transcripts.dropna(subset=["reference"])
    texts = list(scored["reference"]), list(scored["hypothesis"])
    rows = [
        (of, c.said, c.heard, c.count, c.share)
        for of, found in (("letters", confusions(*texts)), ("words", word_confusions(*texts)))
        for c in found
    ]
    return pd.DataFrame(rows, columns=["of", "said", "heard", "count", "share"])


def _quality(
    recipe: ProfileRecipe, language: str, table: pd.DataFrame, alignments: Alignments
) -> LabelQuality | None:
    """Measure events against phone times; None where they have no event in common."""
    notation = event_options(recipe.events).notation_of(language)
    intervals, _ = phone_tiers(alignments, recipe.events.tier)
    known = table["phoneme"].notna() & table["utterance"].isin(list(intervals))
    # Tiers that merely came with the manifest may be in any notation, or hold no phones.
    unknown = unknown_labels(intervals, notation, language)
    count = sum(map(len, intervals.values()))
    if not known.any() or unknown.total() > recipe.max_bad_share * count:
        return None
    return label_quality(
        table,
        intervals,
        lambda label: () if label in unknown else read_label(label, notation, language),
        tolerance_s=recipe.events.tolerance_ms / 1000,
    )


def _described(quality: LabelQuality) -> Mapping[str, Any]:
    return {
        "tolerance_ms": round(1000 * quality.tolerance_s, 3),
        "events": quality.events,
        "share": quality.share,
        "chance_mean": quality.chance_mean,
        "chance_p99": quality.chance_p99,
        "shifts": quality.shifts,
        "median_offset_ms": round(1000 * quality.offset_s, 2),
    }


def _counts(column: pd.Series[Any]) -> dict[str, int]:
    return {str(k): int(v) for k, v in column.value_counts().sort_index().items()}


def _share(column: pd.Series[Any]) -> float | None:
    known = column.dropna()
    return float(known.astype(float).mean()) if len(known) else None
