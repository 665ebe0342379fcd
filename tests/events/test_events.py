from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from naps.corpus import Utterance, read_manifest
from naps.decoding import Letter
from naps.errors import InputError
from naps.events import Drop, DropLog, find_events, read_events, write_events
from naps.events.letters import letter_events
from naps.events.phonemes import SILENT, UNKNOWN, UNSAID, attach_phonemes
from naps.events.table import to_table
from naps.models import ENGLISH, Recognizer
from naps.phonology import Lexicon, Pronouncer, learned_scores

LEXICON = Lexicon(
    "test",
    {
        "box": (("B", "AA", "K", "S"),),
        "the": (("DH", "AH"), ("DH", "IY")),
        "knight": (("N", "AY", "T"),),
        "abbey": (("AE", "B", "IY"),),
        "it's": (("IH", "T", "S"),),
    },
)


def letters(text: str) -> list[Letter]:
    units = ENGLISH.encode(text)
    return [Letter(u, 3 * i, 0.9, 3 * i, 3 * i + 2) for i, u in enumerate(units)]


def pronouncer() -> Pronouncer:
    return Pronouncer(LEXICON, None, learned_scores("en"))


def heard(text: str, reference: str | None, **options: Any) -> list[dict]:
    rows = letter_events(letters(text), ENGLISH, reference)
    return attach_phonemes(rows, reference, pronouncer(), **options)


def phones(rows: list[dict]) -> list[str | None]:
    return [row["phoneme"] for row in rows]


def test_words_positions_and_frames() -> None:
    rows = letter_events(letters(" the  box"), ENGLISH, None)
    assert [(r["letter"], r["word"], r["word_index"], r["position"]) for r in rows] == [
        ("t", "the", 0, 0),
        ("h", "the", 0, 1),
        ("e", "the", 0, 2),
        ("b", "box", 1, 0),
        ("o", "box", 1, 1),
        ("x", "box", 1, 2),
    ]
    assert rows[0]["frame"] == 3
    assert {r["word_length"] for r in rows} == {3}
    assert {r["correct"] for r in rows} == {None}


def test_correct_wrong_and_inserted() -> None:
    rows = letter_events(letters("cart"), ENGLISH, "cat")
    assert [(r["letter"], r["reference"], r["correct"]) for r in rows] == [
        ("c", "c", True),
        ("a", "a", True),
        ("r", None, False),
        ("t", "t", True),
    ]
    assert letter_events(letters("b"), ENGLISH, "p")[0]["reference"] == "p"


def test_phonemes_of_known_words() -> None:
    rows = heard("knight box", "knight box")
    assert phones(rows) == [None, "N", "AY", None, None, "T", "B", "AA", "K"]
    assert rows[0]["phone_reason"] == SILENT
    assert rows[1]["phone_source"] == "lexicon"
    assert {r["true_word"] for r in rows} == {"knight", "box"}
    assert "reference_index" not in rows[0]
    assert (rows[6]["pronunciation"], rows[6]["variant"], rows[6]["confidence"]) == (
        "B AA K S", 1, 1.0,
    )  # fmt: skip


def test_silent_doubled_and_apostrophe() -> None:
    assert phones(heard("abbey", None)) == ["AE", None, "B", None, "IY"]
    assert phones(heard("it's", None)) == ["IH", "T", None, "S"]


def test_letters_take_the_phones_of_what_was_said() -> None:
    rows = heard("nght bax", "knight box")
    assert [(r["letter"], r["phoneme"], r["correct"]) for r in rows] == [
        ("n", "N", True),
        ("g", None, True),
        ("h", None, True),
        ("t", "T", True),
        ("b", "B", True),
        ("a", "AA", False),
        ("x", "K", True),
    ]
    assert rows[1]["phone_reason"] == SILENT
    assert rows[5]["true_word"] == "box"


def test_letters_that_nobody_said_have_no_phone() -> None:
    rows = heard("tthe box", "the box")
    assert [r["phone_reason"] for r in rows[:4]].count(UNSAID) == 1
    assert [r["true_word"] for r in rows[:4]].count(None) == 1
    joined = heard("thebox", "the box")
    assert [p for p in phones(joined) if p] == ["DH", "AH", "B", "AA", "K"]


def test_letters_take_the_phones_of_the_predicted_word_when_asked() -> None:
    rows = heard("the bax", "box box", basis="predicted")
    assert phones(rows) == ["DH", None, "AH", None, None, None]
    assert [r["phone_reason"] for r in rows[3:]] == [UNKNOWN] * 3


def test_without_a_text_unknown_words_have_no_phonemes() -> None:
    assert {r["phone_reason"] for r in heard("bax", None)} == {UNKNOWN}
    assert {r["true_word"] for r in heard("bax", None)} == {None}


def test_inserted_phones_have_events_when_asked() -> None:
    plain = heard("box the", "box the")
    assert {r["inserted"] for r in plain} == {False}
    rows = heard("box the", "box the", attach_inserted=True)
    assert [(r["letter"], r["phoneme"], r["inserted"]) for r in rows[:4]] == [
        ("b", "B", False),
        ("o", "AA", False),
        ("x", "K", False),
        ("x", "S", True),
    ]
    assert rows[3]["frame"] == rows[2]["frame"]
    assert len(rows) == len(plain) + 1


def test_phones_beside_a_phone_reach_across_words() -> None:
    rows = [r for r in heard("box the", "box the", attach_inserted=True) if r["phoneme"]]
    said = ["B", "AA", "K", "S", "DH", "AH"]
    assert phones(rows) == said
    assert [r["previous_phone"] for r in rows] == [None, *said[:-1]]
    assert [r["next_phone"] for r in rows] == [*said[1:], None]
    # Silent letters and unheard ones do not stand between.
    assert [r["next_phone"] for r in heard("bo the", "box the") if r["phoneme"]][:2] == ["AA", "K"]


def test_the_best_pronunciation_is_taken_and_the_first_on_a_tie() -> None:
    said = pronouncer()("the")
    assert said is not None
    assert (said.phones, said.letters, said.variant) == (("DH", "AH"), (0, None, 1), 1)
    assert pronouncer()("thé") is None


def test_table_keeps_types_and_round_trips(tmp_path: Path) -> None:
    empty, full = to_table([]), to_table([{"utterance": "a", "frame": 3, "unit": 1, "room": "r"}])
    for column in full.drop(columns="room"):
        assert empty[column].dtype == full[column].dtype
    assert list(full)[-1] == "room"
    write_events(tmp_path / "e.parquet", full)
    pd.testing.assert_frame_equal(read_events(tmp_path / "e.parquet"), full, check_dtype=False)


def test_damaged_table(tmp_path: Path) -> None:
    (tmp_path / "e.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="not a readable table"):
        read_events(tmp_path / "e.parquet")
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "f.parquet")
    with pytest.raises(InputError, match="lacks the columns utterance"):
        read_events(tmp_path / "f.parquet")


def test_find_events_in_a_corpus(recognizer: Recognizer, corpus: Path) -> None:
    found = find_events(recognizer, read_manifest(corpus / "manifest.jsonl"))
    assert len(found.transcripts) == 4
    assert found.audio_s == pytest.approx(16.0)
    table = found.table
    assert set(table["room"]) <= {"r0", "r1"}
    np.testing.assert_allclose(table["time_s"], table["frame"] * 0.02)
    for name, text in found.transcripts.set_index("id")["hypothesis"].items():
        heard_letters = "".join(table[table["utterance"] == name]["letter"])
        assert heard_letters == text.replace(" ", "")
    assert found.error_rates()["test"].utterances == 4


def test_a_bad_recording_is_skipped_and_named(recognizer: Recognizer, corpus: Path) -> None:
    (corpus / "u1.wav").write_bytes(b"no sound")
    soundfile.write(corpus / "u2.wav", np.zeros(8000), 16_000)
    utterances = read_manifest(corpus / "manifest.jsonl")
    found = find_events(recognizer, utterances, max_bad_share=0.5)
    assert [(d.utterance, d.reason) for d in found.drops if d.stage == "events"] == [
        ("u1", "unreadable"),
        ("u2", "too_short"),
    ]
    assert set(found.transcripts["id"]) == {"u0", "u3"}
    with pytest.raises(InputError, match=r"2 utterances cannot be used.*u2"):
        find_events(recognizer, utterances, max_bad_share=0.25)


def test_text_outside_the_alphabet_is_heard_but_not_scored(
    recognizer: Recognizer, corpus: Path
) -> None:
    (utterance, *_) = read_manifest(corpus / "manifest.jsonl")
    odd = Utterance(id="odd", audio=utterance.audio, text="日本 7")
    found = find_events(recognizer, [odd])
    assert [d.reason for d in found.drops] == ["text outside the alphabet"]
    assert found.table["correct"].isna().all()
    assert found.error_rates() == {}


def test_drop_log_counts() -> None:
    log = DropLog(0.5, 2)
    log.add(Drop("profiles", "a", "edge", "", 3))
    log.add_utterance(Drop("events", "b", "unreadable"))
    assert log.by_reason() == {"edge": 3, "unreadable": 1}
    with pytest.raises(InputError):
        log.add_utterance(Drop("events", "c", "unreadable"))
