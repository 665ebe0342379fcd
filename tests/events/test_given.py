from dataclasses import replace
from pathlib import Path

import pytest
import torch

from naps.corpus import Alignments, Interval, read_manifest
from naps.errors import InputError
from naps.events import EventOptions, find_events, interval_events
from naps.models import ENGLISH, Recognizer
from naps.phonology import read_label

FRAME_S = 0.02


def logits(frames: int = 50) -> torch.Tensor:
    """Letters a, b, c … in turn are best, five frames each, but for blank and space."""
    table = torch.zeros(frames, len(ENGLISH))
    for frame in range(frames):
        table[frame, frame // 5] = 4.0 + 0.1 * (frame % 5)
        table[frame, ENGLISH.blank] = 9.0
        table[frame, ENGLISH.symbols.index(" ")] = 8.0
    return table


def tier(*rows: tuple[float, float, str]) -> tuple[Interval, ...]:
    return tuple(Interval.from_seconds(*row) for row in rows)


def found(phones: tuple[Interval, ...], words: tuple[Interval, ...] = (), **options: object):
    given = {"frame_s": FRAME_S, "delay_s": 0.0, "anchor": "centre"} | options
    language = "de" if given.pop("german", False) else "en"
    notation = str(given.pop("notation", "arpabet"))
    return interval_events(
        phones, words, logits(), ENGLISH,
        read=lambda label: read_label(label, notation, language)[0], **given,  # type: ignore[arg-type]
    )  # fmt: skip


PHONES = tier((0.0, 0.1, "SIL"), (0.1, 0.2, "B"), (0.2, 0.4, "AA"), (0.4, 0.5, "SIL"))


def test_one_event_an_interval_at_its_centre() -> None:
    rows, lost = found(PHONES, tier((0.1, 0.4, "bah")))
    assert not lost
    assert [(r["phoneme"], r["frame"], r["letter"]) for r in rows] == [
        ("B", 8, "b"),
        ("AA", 15, "d"),
    ]
    assert [(r["start_s"], r["end_s"]) for r in rows] == [(0.1, 0.2), (0.2, 0.4)]
    assert [(r["previous_phone"], r["next_phone"]) for r in rows] == [(None, "AA"), ("B", None)]
    assert [(r["word"], r["word_index"], r["position"], r["word_length"]) for r in rows] == [
        ("bah", 0, 0, 2),
        ("bah", 0, 1, 2),
    ]
    assert {r["phone_source"] for r in rows} == {"given"}


def test_anchors_and_delay() -> None:
    frames = {a: [r["frame"] for r in found(PHONES, anchor=a)[0]] for a in ("start", "peak")}
    assert frames["start"] == [5, 10]
    # The last frame of each five is the surest; the second interval holds 10 to 19.
    assert frames["peak"] == [9, 14]
    late = found(PHONES, delay_s=0.072)[0]
    assert [r["frame"] for r in late] == [11, 19]


def test_blank_and_space_are_no_letters() -> None:
    rows, _ = found(PHONES)
    for row in rows:
        assert row["letter"] not in (" ", "")
        expected = logits()[row["frame"]].double().softmax(0)[row["unit"]]
        assert row["probability"] == pytest.approx(float(expected))


def test_a_label_of_two_phones_is_cut_in_two() -> None:
    rows, lost = found(tier((0.2, 0.4, "ʊɐ")), german=True, notation="espeak")
    assert [(r["phoneme"], r["start_s"], r["end_s"]) for r in rows] == [
        ("ʊ", 0.2, pytest.approx(0.3)),
        ("ɐ", pytest.approx(0.3), 0.4),
    ]
    assert not lost


def test_labels_outside_the_inventory_and_intervals_outside_the_recording_are_counted() -> None:
    rows, lost = found(tier((0.1, 0.2, "Q9"), (0.2, 0.3, "B"), (5.0, 5.1, "S")))
    assert [r["phoneme"] for r in rows] == ["B"]
    assert rows[0]["previous_phone"] is None
    assert lost == {"label 'Q9' outside the inventory": 1, "beyond the recording": 1}


def test_find_events_from_given_intervals(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    times = Alignments(
        {"u0": {"phones": PHONES}, "u1": {"phones": PHONES}},
        {"u2": "u2.TextGrid: intervals overlap"},
    )
    options = EventOptions(mode="given")
    events = find_events(
        recognizer, utterances, alignments=times, options=options, max_bad_share=0.5
    )
    assert list(events.table["phoneme"]) == ["B", "AA"] * 2
    assert [(d.utterance, d.reason) for d in events.drops] == [
        ("u2", "bad_intervals"),
        ("u3", "no_intervals"),
    ]
    assert "overlap" in events.drops[0].detail


def test_labels_are_those_of_the_speech_and_not_of_the_recognizer(
    recognizer: Recognizer, corpus: Path
) -> None:
    german = [replace(u, language="de") for u in read_manifest(corpus / "manifest.jsonl")]
    times = Alignments(
        {u.id: {"phones": tier((0.1, 0.2, "ç"), (0.2, 0.4, "øː"))} for u in german}, {}
    )
    options = EventOptions(mode="given")
    found = find_events(recognizer, german, alignments=times, options=options)
    assert recognizer.language == "en"
    assert list(found.table["phoneme"]) == ["ç", "øː"] * 4
    told = replace(options, language="en")
    events = find_events(recognizer, german, alignments=times, options=told, max_bad_share=1.0)
    assert events.table.empty
    assert {d.reason for d in events.drops} == {
        "label 'ç' outside the inventory", "label 'øː' outside the inventory",
    }  # fmt: skip


def test_the_language_of_the_speech(corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    other = [replace(u, language="de") for u in utterances]
    unknown = [replace(u, language=None) for u in utterances]
    assert EventOptions().language_of(other, "en") == "de"
    assert EventOptions().language_of(unknown, "en") == "en"
    # Where the corpus is of several languages, only the recognizer is left to ask.
    assert EventOptions().language_of([*utterances, *other], "en") == "en"
    assert EventOptions(language="de").language_of(utterances, "en") == "de"


def test_a_tier_that_is_not_there(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    times = Alignments({u.id: {"phones": PHONES} for u in utterances}, {})
    message = "no tier is named 'words'; name one of those there are: 'phones'"
    with pytest.raises(InputError, match=message):
        find_events(
            recognizer, utterances, alignments=times, options=EventOptions("given", tier="words")
        )


def test_events_of_the_true_text(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = find_events(recognizer, utterances, options=EventOptions(mode="reference"))
    for _, part in events.table.groupby("utterance"):
        assert "".join(part["letter"]) == "thecatsatonthemat"
        assert part["frame"].is_monotonic_increasing
    assert events.table["correct"].notna().all()
    assert (events.table["letter"] == events.table["reference"]).all()


def test_a_delay_moves_times_and_not_frames(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    plain = find_events(recognizer, utterances).table
    moved = find_events(recognizer, utterances, options=EventOptions(delay_s=0.05)).table
    assert (plain["frame"] == moved["frame"]).all()
    assert (plain["time_s"] - moved["time_s"]).to_numpy() == pytest.approx(0.05)


def test_a_beam_hears_a_text_that_is_at_least_as_probable(
    recognizer: Recognizer, corpus: Path
) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    beam = find_events(recognizer, utterances, options=EventOptions(beam=8)).table
    assert beam["frame"].min() >= 0
    for _, part in beam.groupby("utterance"):
        assert part["frame"].is_monotonic_increasing


def test_options_that_make_no_sense() -> None:
    with pytest.raises(InputError, match=r"events\.mode 'heard'; there are: predicted"):
        EventOptions(mode="heard")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"events\.beam"):
        EventOptions(beam=0)
