"""Finding in seconds what would otherwise fail after an hour."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pandas as pd
import soundfile

from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.events import check_mode, find_events
from naps.events.table import to_table
from naps.models import Recognizer, identified, load_model, open_model
from naps.phonology import inventory
from naps.pipeline.listening import (
    event_options,
    phone_tiers,
    recipe_alignments,
    recipe_pronouncer,
    search_options,
    spoken_language,
    unknown_labels,
)
from naps.pipeline.mapping import check_maps
from naps.pipeline.probing import PHONE_TARGETS
from naps.pipeline.recipe import ProfileRecipe
from naps.pipeline.stages import active_groups, profile_options, select_utterances
from naps.profiles import choose_layers, profile_events
from naps.profiles.contrast import pair_of
from naps.profiles.grouping import split_name
from naps.profiles.plan import ProfilePlan, make_plan, plan_windows
from naps.similarity.tree import check_linkage

# Looked at one by one; a missing file is told by the file system, which is quicker.
_OPENED = 200
# Length of speech that the forecast is measured on.
_SAMPLE_S = 12.0
# Groups of a column that only the events have, such as words.
_GROUPS = 50


@dataclass(frozen=True)
class Forecast:
    """What a run will take, reckoned from a short sample of it.

    Attributes
    ----------
    utterances : int
    audio_s : float or None
        Seconds of speech; None where the manifest does not say.
    seconds : float or None
        Wall time of events and profiles.
    sums_mib : float
        Size of the sums, which does not grow with the audio.
    batch_mib : float
        Memory for the windows of a batch of events.
    spills : bool
        Whether the sums lie in files.
    """

    utterances: int
    audio_s: float | None
    seconds: float | None
    sums_mib: float
    batch_mib: float
    spills: bool


def check_recipe(
    recipe: ProfileRecipe, model: Recognizer | str | None = None
) -> tuple[Recognizer, list[Utterance]]:
    """Look at everything that a recipe names.

    Parameters
    ----------
    recipe : ProfileRecipe
    model : Recognizer or str, optional
        In place of the recipe's. A name may be a Python path, which is imported: a person must
        have typed it.

    Raises
    ------
    InputError
        If the model, a layer, the lags, a column, the lexicon, the G2P model, the phone times,
        the corpus or too many of its sound files are missing or unreadable.
    """
    model = _recognizer(recipe, model)
    recipe = fitting(recipe, model)
    check_mode(model, event_options(recipe.events))
    plan_windows(
        model,
        choose_layers(model, recipe.profiles.layers),
        recipe.profiles.kinds,
        profile_options(recipe),
    )
    utterances = select_utterances(recipe.corpus)
    language = spoken_language(recipe, model, utterances)
    recipe_pronouncer(recipe, language)
    _check_alignments(recipe, language, utterances)
    columns = set(to_table([]).columns) | {k for u in utterances for k in u.columns}
    for group in active_groups(recipe):
        if group not in columns and split_name(group)[0] not in columns:
            raise InputError(
                f"no column {group!r} to group events by; there are: {', '.join(sorted(columns))}"
            )
    for target in recipe.probes.targets:
        if target not in columns and target not in PHONE_TARGETS:
            known = ", ".join(sorted(columns | set(PHONE_TARGETS)))
            raise InputError(f"probes.targets: no column {target!r}; there are: {known}")
    _check_differences(recipe, model, language)
    check_maps(recipe, model)
    check_linkage(recipe.clusters.linkage, recipe.clusters.metric)
    bad = [u for u in utterances if not u.audio.is_file()]
    step = max(1, len(utterances) // _OPENED)
    bad += [u for u in utterances[::step] if u.audio.is_file() and not _opens(u)]
    if len(bad) > recipe.max_bad_share * len(utterances):
        raise InputError(
            f"{len(bad)} of {len(utterances)} sound files are missing or unreadable, more than "
            f"max_bad_share={recipe.max_bad_share}; the first is {bad[0].audio}"
        )
    return model, utterances


def _check_differences(recipe: ProfileRecipe, model: Recognizer, language: str) -> None:
    """See that differences are of letters or phonemes that there are; of others, events tell."""
    groups, labels = active_groups(recipe), _labels(recipe, model, language)
    for text in recipe.profiles.differences:
        known = [group not in labels or pair_of(labels[group], text) for group in groups]
        if not any(known):
            raise InputError(
                f"profiles.differences: {text!r} names no two groups of {' or '.join(groups)}; "
                f"write FIRST-SECOND, such as S-Z"
            )


def _recognizer(recipe: ProfileRecipe, model: Recognizer | str | None) -> Recognizer:
    if isinstance(model, Recognizer):
        return identified(model)
    # What a recipe names may come from anyone, and is never imported.
    return load_model(recipe.model) if model is None else open_model(model)


def fitting(recipe: ProfileRecipe, model: Recognizer) -> ProfileRecipe:
    """Return a recipe without the profiles of letters, if the recognizer writes none.

    Raises
    ------
    InputError
        If there are no others.
    """
    if model.writes:
        return recipe
    groups = tuple(group for group in recipe.profiles.groups if group != "letter")
    if not groups:
        raise InputError(f"{model.name} writes no letters; --set profiles.groups=[phoneme]")
    profiles = recipe.profiles.model_copy(update={"groups": groups})
    return recipe.model_copy(update={"profiles": profiles})


def _check_alignments(recipe: ProfileRecipe, language: str, utterances: list[Utterance]) -> None:
    """See that phone times can be read, are those of the corpus, and name known phones."""
    options = event_options(recipe.events)
    if recipe.events.alignments is None and options.mode != "given":
        return  # what came with the manifest is measured against if it can be
    alignments = recipe_alignments(recipe, utterances)
    if alignments is None:
        raise InputError(
            "events.mode is 'given', but the manifest has no tiers; "
            "--set events.alignments=FILE or FOLDER"
        )
    intervals, reasons = phone_tiers(alignments, options.tier)
    without = [u.id for u in utterances if u.id not in intervals]
    most = recipe.max_bad_share if options.mode == "given" else 1.0
    if len(without) > most * len(utterances) or not intervals:
        reason = reasons.get(without[0], "there are none")
        raise InputError(
            f"{len(without)} of {len(utterances)} utterances have no usable phone times; "
            f"the first is {without[0]}: {reason}"
        )
    notation = options.notation_of(language)
    unknown = unknown_labels(intervals, notation, language)
    count = sum(map(len, intervals.values()))
    if unknown.total() > recipe.max_bad_share * count:
        labels = ", ".join(repr(label) for label, _ in unknown.most_common(5))
        raise InputError(
            f"{unknown.total()} of {count} phone intervals have labels that are no {notation} of "
            f"language {language!r}, such as {labels}; --set events.notation=…, events.language or "
            f"events.tier"
        )


def _opens(utterance: Utterance) -> bool:
    try:
        soundfile.info(utterance.audio)
    except (soundfile.LibsndfileError, RuntimeError, OSError):
        return False
    return True


def forecast(recipe: ProfileRecipe, model: Recognizer, utterances: list[Utterance]) -> Forecast:
    """Run a few seconds of the corpus and reckon what all of it will take."""
    recipe = fitting(recipe, model)
    plan = _made_up_plan(recipe, model, utterances)
    known = [u.duration_s for u in utterances if u.duration_s is not None]
    audio_s = sum(known) if len(known) == len(utterances) else None
    return Forecast(
        utterances=len(utterances),
        audio_s=audio_s,
        seconds=None if audio_s is None else _measure(recipe, model, utterances, audio_s),
        sums_mib=plan.sums_mib(),
        batch_mib=plan.batch * plan.event_mib(),
        spills=plan.spills,
    )


def _made_up_plan(
    recipe: ProfileRecipe, model: Recognizer, utterances: list[Utterance]
) -> ProfilePlan:
    """Plan profiles of as many groups as there may be; how many there are, only events tell."""
    known = _labels(recipe, model, spoken_language(recipe, model, utterances))
    groups: dict[str, list[str]] = {}
    for name in active_groups(recipe):
        column, mode = split_name(name)
        size = len(known[column]) if column in known else _values(utterances, column)
        size *= {"binary": 2, "confusion": len(model.alphabet)}.get(mode or "", 1)
        groups[name] = [str(number) for number in range(size)]
    count = max(map(len, groups.values()))
    # As plain columns: only their number of labels matters here.
    table = {
        name: [labels[i % len(labels)] for i in range(count)] for name, labels in groups.items()
    }
    events = pd.DataFrame(table).assign(utterance=utterances[0].id, frame=0, unit=0, reference="e")
    return make_plan(
        model, utterances, events, groups=list(groups), kinds=recipe.profiles.kinds,
        options=profile_options(recipe),
    )  # fmt: skip


def _labels(recipe: ProfileRecipe, model: Recognizer, language: str) -> dict[str, list[str]]:
    """Return the letters, and the phonemes where they are asked for: not all languages have any."""
    found = {"letter": list(model.alphabet.symbols)}
    if "phoneme" in {split_name(group)[0] for group in active_groups(recipe)}:
        found["phoneme"] = list(inventory(language))
    return found


def _values(utterances: list[Utterance], column: str) -> int:
    """Count the values of a column, or guess if it is one that only events have."""
    if column in utterances[0].columns:
        return len({u.columns.get(column) for u in utterances})
    if hasattr(utterances[0], column):
        return len({str(getattr(u, column)) for u in utterances})
    return _GROUPS


def _measure(
    recipe: ProfileRecipe, model: Recognizer, utterances: list[Utterance], audio_s: float
) -> float | None:
    sample: list[Utterance] = []
    for utterance in sorted(utterances, key=lambda u: abs((u.duration_s or 0.0) - 6.0)):
        sample.append(utterance)
        if sum(u.duration_s or 0.0 for u in sample) > _SAMPLE_S:
            break
    began = time.monotonic()
    found = find_events(
        model,
        sample,
        pronouncer=recipe_pronouncer(recipe, spoken_language(recipe, model, sample)),
        alignments=recipe_alignments(recipe, sample),
        options=search_options(recipe.events),
        max_bad_share=1.0,
    )
    if found.table.empty or not found.audio_s:
        return None
    groups = ("letter",) if model.writes else active_groups(recipe)[:1]
    try:
        profile_events(
            model, sample, found.table, groups=groups, kinds=recipe.profiles.kinds,
            options=profile_options(recipe),
        )  # fmt: skip
    except InputError:
        return None
    return (time.monotonic() - began) / found.audio_s * audio_s
