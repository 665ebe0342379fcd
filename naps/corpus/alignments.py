"""When each phone and word of a corpus was said, from the files that aligners and people make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from naps.corpus.ctm import ctm_lines, name_channels
from naps.corpus.interval import Interval, Tiers, tier_records
from naps.corpus.label_files import SUFFIXES, LabelFolder, file_stem, read_label_files
from naps.corpus.utterance import Utterance
from naps.errors import InputError

# What tools call their tier of phones, the most telling first: MFA (behind the speaker), Praat
# users, WebMAUS.
_PHONE_TIERS = ("phones", "phone", "phon", "segments", "mau")


@dataclass(frozen=True, slots=True)
class Alignments:
    """The times of a corpus, as far as they could be read.

    Attributes
    ----------
    tiers : mapping
        utterance id → tier name → intervals; without the utterances that have none.
    bad : mapping
        utterance id → why its times cannot be used, one sentence.
    """

    tiers: Mapping[str, Tiers]
    bad: Mapping[str, str]


def read_alignments(
    path: Path, utterances: Sequence[Utterance], *, tier: str = "phones"
) -> Alignments:
    """Find the times of utterances in a file or folder.

    Parameters
    ----------
    path : Path
        One of

        * a JSON Lines file of ``{"utterance": id, "tier": name, "intervals": [[start_s, end_s,
          label], ...]}``,
        * a CTM file, whose first column is the utterance's id,
        * a folder with files of the utterances, ``ID.TextGrid``, ``ID.phn`` and ``ID.wrd``
          (TIMIT), or ``ID.lablaut`` (EmoDB), which lie there or in subfolders that mirror the
          audio's; in place of the id may stand the audio's name.
    utterances : sequence of Utterance
        Whose times are wanted; the file may hold more.
    tier : str
        What the intervals of a CTM file are.

    Returns
    -------
    Alignments
        What is wrong with one utterance's times costs that utterance alone.

    Raises
    ------
    InputError
        If there is nothing for any of the utterances, the path is none of the above, or a file
        as a whole cannot be read.
    """
    wanted = {utterance.id for utterance in utterances}
    if path.is_dir():
        found = _from_folder(path, utterances)
        sought = " or ".join(f"ID{suffix}" for suffix in SUFFIXES)
        example = file_stem(utterances[0].id) if utterances else ""
        hint = f"looked for {sought}, where ID is an utterance's id, such as {example!r}"
    elif not path.exists():
        raise InputError(f"{path}: no such file or folder of phone times")
    elif path.suffix.lower() == ".jsonl":
        found = _from_json_lines(path, wanted)
        hint = "see that its ids are those of the manifest"
    elif path.suffix.lower() == ".ctm":
        found = _from_ctm(path, wanted, tier)
        hint = "see that its first column holds the ids of the manifest"
    else:
        raise InputError(f"{path}: phone times are read from a folder, a .jsonl or a .ctm file")
    if not found.tiers and not found.bad:
        raise InputError(f"{path}: holds no times of any of the {len(wanted)} utterances; {hint}")
    return found


def choose_tier(tiers: Tiers, name: str | None = None) -> tuple[Interval, ...]:
    """Return the intervals of the tier that `tier_name` finds.

    Raises
    ------
    InputError
        If no tier or more than one fits; the message lists the tiers there are.
    """
    return tiers[tier_name(tiers, name)]


def tier_name(tiers: Tiers, name: str | None = None) -> str:
    """Say which tier is meant.

    Parameters
    ----------
    tiers : mapping of str to tuple of Interval
        Of one utterance.
    name : str, optional
        The tier's name, or how it ends behind a speaker or channel (``"words"`` for
        ``"anna - words"``); case counts only where it makes a difference. Without a name, the
        tier that is called phones, phone, phon, segments or MAU.

    Returns
    -------
    str
        A key of ``tiers``.

    Raises
    ------
    InputError
        If no tier or more than one fits; the message lists the tiers there are.
    """
    for sought in _PHONE_TIERS if name is None else (name,):
        if sought in tiers:
            return sought
        low = sought.lower()
        fitting = [t for t in tiers if t.lower() == low or t.lower().endswith(f" - {low}")]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            wish = f"several tiers may be {sought!r}"
            break
    else:
        wish = "no tier is known to hold phones" if name is None else f"no tier is named {name!r}"
    there = ", ".join(repr(tier) for tier in tiers) or "none"
    raise InputError(f"{wish}; name one of those there are: {there}")


def _from_folder(folder: Path, utterances: Sequence[Utterance]) -> Alignments:
    labels = LabelFolder(folder)
    found: dict[str, Mapping[str, Path]] = {}
    tiers: dict[str, Tiers] = {}
    bad: dict[str, str] = {}
    for utterance in utterances:
        try:
            found[utterance.id] = labels.find(utterance)
        except InputError as error:
            bad[utterance.id] = str(error)
    # Recordings of one name in several folders must not share one file of times.
    claims = Counter(file for files in found.values() for file in files.values())
    for utterance in utterances:
        files = found.get(utterance.id, {})
        shared = next((file for file in files.values() if claims[file] > 1), None)
        if shared is not None:
            bad[utterance.id] = f"{shared}: its name fits {claims[shared]} utterances"
        elif files:
            try:
                tiers[utterance.id] = read_label_files(files, utterance.audio)
            except InputError as error:
                bad[utterance.id] = str(error)
    return Alignments(tiers, bad)


def _from_json_lines(path: Path, wanted: Collection[str]) -> Alignments:
    tiers: dict[str, dict[str, tuple[Interval, ...]]] = {}
    bad: dict[str, str] = {}
    for record in tier_records(path):
        if record.utterance not in wanted or record.utterance in bad:
            continue
        try:
            record.add_to(tiers.setdefault(record.utterance, {}))
        except InputError as error:
            bad[record.utterance] = str(error)
            del tiers[record.utterance]
    return Alignments(tiers, bad)


def _from_ctm(path: Path, wanted: Collection[str], tier: str) -> Alignments:
    channels: dict[str, dict[str, list[Interval]]] = {}
    bad: dict[str, str] = {}
    for line in ctm_lines(path):
        if line.utterance not in wanted or line.utterance in bad:
            continue
        try:
            line.add_to(channels.setdefault(line.utterance, {}))
        except InputError as error:
            bad[line.utterance] = str(error)
            del channels[line.utterance]
    return Alignments({u: name_channels(c, tier) for u, c in channels.items()}, bad)
