import json
import unicodedata
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.errors import InputError
from naps.phonology import inventory, read_label, write_label
from naps.phonology.notation import NOTATIONS, readings

WRITTEN = [
    (notation, language)
    for language in ("en", "de")
    for notation in NOTATIONS
    if (notation, language) not in {("arpabet", "de"), ("emodb", "en"), ("wikipron", "en")}
]
SILENCE = ((),)


def one(label: str, notation: str, language: str) -> str:
    (phones,) = read_label(label, notation, language)
    return " ".join(phones)


@pytest.mark.parametrize(("notation", "language"), WRITTEN)
def test_what_is_written_can_be_read(notation: str, language: str) -> None:
    for phone in inventory(language):
        assert (phone,) in read_label(write_label(phone, notation, language), notation, language)


@pytest.mark.parametrize(("notation", "language"), WRITTEN)
def test_every_label_means_phones_of_the_inventory(notation: str, language: str) -> None:
    for label, meanings in readings(notation, language).items():
        assert read_label(label, notation, language) == meanings
        assert meanings
        assert len(set(meanings)) == len(meanings)
        assert {p for phones in meanings for p in phones} <= set(inventory(language))


@pytest.mark.parametrize(
    ("label", "notation", "phones"),
    [
        ("AH0", "arpabet", "AH"), ("HH", "arpabet", "HH"), ("eɪ", "ipa", "EY"), ("tʰ", "ipa", "T"),
        ("ˈɔɪ", "ipa", "OY"), ("n̩", "ipa", "AH N"), ("3`", "xsampa", "ER"), ('"{', "xsampa", "AE"),
        ("r\\", "xsampa", "R"), ("aɪɚ", "espeak", "AY ER"), ("ɔːɹ", "espeak", "AO R"),
    ],
)  # fmt: skip
def test_english(label: str, notation: str, phones: str) -> None:
    assert one(label, notation, "en") == phones


@pytest.mark.parametrize(
    ("label", "notation", "phones"),
    [
        # unstressed short tense vowels are the long phonemes
        ("i", "wikipron", "iː"), ("e", "wikipron", "eː"), ("o", "wikipron", "oː"),
        ("u", "wikipron", "uː"), ("y", "wikipron", "yː"), ("ø", "wikipron", "øː"),
        # the r and the ch
        ("ʀ", "wikipron", "ʁ"), ("r", "wikipron", "ʁ"), ("ɾ", "espeak", "ʁ"), ("χ", "ipa", "x"),
        # marks
        ("t͡s", "wikipron", "ts"), ("t͜s", "wikipron", "ts"), ("p͜f", "ipa", "pf"),
        ("tʰ", "wikipron", "t"), ("b̥", "wikipron", "b"), ("ɡ̊", "wikipron", "ɡ"),
        ("a͡ʊ", "wikipron", "aʊ"), ("ˈaː", "ipa", "aː"), ("ˌt͡s", "wikipron", "ts"),
        # two phones
        ("n̩", "wikipron", "ə n"), ("ŋ̍", "wikipron", "ə ŋ"), ("ɱ̩", "wikipron", "ə m"),
        ("l̩", "espeak", "ə l"), ("ʊɐ", "espeak", "ʊ ɐ"), ("ɔ̃", "espeak", "ɔ ŋ"),
        ("õ", "wikipron", "ɔ ŋ"), ("i@", "emodb", "iː ɐ"),
        # two segments
        ("a ɪ̯", "wikipron", "aɪ"), ("a ʊ̯", "wikipron", "aʊ"), ("ɔ ʏ̯", "wikipron", "ɔʏ"),
        ("ɔ ɪ̯", "wikipron", "ɔʏ"), ("ʊ ɪ̯", "wikipron", "ʊ ɪ"), ("t s", "wikipron", "ts"),
        # glides
        ("ɪ̯", "wikipron", "j"), ("u̯", "wikipron", "uː"), ("ɐ̯", "wikipron", "ɐ"),
        # espeak
        ("ɜ", "espeak", "ɐ"), ("ɑː", "espeak", "aː"), ("ɔø", "espeak", "ɔʏ"), ("w", "espeak", "v"),
        # EmoDB: closure, release, aspiration, weakening
        ("_t", "emodb", "t"), ("!t", "emodb", "t"), ("t", "emodb", "t"), ("tasp", "emodb", "t"),
        ("D", "emodb", "d"), ("L", "emodb", "l"), ("H", "emodb", "h"), ("R", "emodb", "ʁ"),
        ("aO", "emodb", "aʊ"), ("C", "emodb", "ç"), ("?", "emodb", "ʔ"),
        ("2:", "xsampa", "øː"), ("9", "xsampa", "œ"),
    ],
)  # fmt: skip
def test_german(label: str, notation: str, phones: str) -> None:
    assert one(label, notation, "de") == phones


def test_labels_with_several_meanings() -> None:
    assert read_label("a", "emodb", "de") == (("aː",), ("a",))
    assert read_label("E", "emodb", "de") == (("ɛ",), ("ɛː",))
    assert read_label("X", "emodb", "de") == (("x",), ("ʁ",))
    assert read_label("i6", "emodb", "de") == (("iː", "ɐ"), ("ɪ", "ɐ"))
    assert read_label("ɾ", "ipa", "en") == (("T",), ("D",))


@pytest.mark.parametrize(
    ("label", "notation", "language"),
    [
        ("SIL", "arpabet", "en"), ("+NSN+", "arpabet", "en"), ("SIL", "espeak", "en"),
        ("SIL", "espeak", "de"), ("(", "emodb", "de"), ("(gef", "emodb", "de"),
        ("hoe", "emodb", "de"), ("spn", "ipa", "de"),
    ],
)  # fmt: skip
def test_silence_is_no_phone(label: str, notation: str, language: str) -> None:
    assert read_label(label, notation, language) == SILENCE


def test_decomposed_characters_are_the_same() -> None:
    assert one(unicodedata.normalize("NFD", "ç"), "ipa", "de") == "ç"
    assert one(unicodedata.normalize("NFD", "õ"), "wikipron", "de") == "ɔ ŋ"


@pytest.mark.parametrize("label", ["", " ", "ˈ", "AH3", "AH01", "B1", "ah", "E", "tt", "t s", "\0"])
def test_unknown_arpabet(label: str) -> None:
    with pytest.raises(InputError, match=r"no arpabet label .* 'en' in .*phones\.csv"):
        read_label(label, "arpabet", "en")


def test_what_a_language_is_not_written_in() -> None:
    with pytest.raises(InputError, match="no arpabet labels for language 'de'"):
        read_label("AA", "arpabet", "de")
    with pytest.raises(InputError, match="no emodb labels for language 'en'"):
        write_label("AA", "emodb", "en")
    with pytest.raises(InputError, match="'kirshenbaum'; choose one of arpabet, ipa"):
        read_label("a", "kirshenbaum", "de")
    with pytest.raises(InputError, match="'fr'; there are: en, de"):
        read_label("a", "ipa", "fr")
    with pytest.raises(InputError, match="'AA' is no phone of language 'de'; there are: iː"):
        write_label("AA", "ipa", "de")


@given(st.sampled_from(WRITTEN), st.text(max_size=4))
def test_any_text_is_read_or_refused(written: tuple[str, str], text: str) -> None:
    notation, language = written
    found: set[str] = set()
    with suppress(InputError):
        found = {p for phones in read_label(text, notation, language) for p in phones}
    assert found <= set(inventory(language))


@given(st.sampled_from(sorted(inventory("de"))), st.sampled_from(["", "ˈ", "ˌ"]))
def test_stress_and_tie_bars_change_nothing(phone: str, stress: str) -> None:
    tied = f"{phone[0]}\u0361{phone[1:]}" if phone in {"pf", "ts", "tʃ", "dʒ"} else phone
    assert one(stress + tied, "ipa", "de") == phone


@pytest.mark.data
@pytest.mark.parametrize(
    ("corpus", "notation", "language"),
    [
        ("librispeech", "arpabet", "en"), ("kathleen_en", "arpabet", "en"),
        ("speechocean762", "arpabet", "en"), ("kerstin_de", "espeak", "de"),
        ("emodb_de", "emodb", "de"),
    ],
)  # fmt: skip
def test_all_labels_of_the_corpora(data: Path, corpus: str, notation: str, language: str) -> None:
    text = (data / "alignments" / f"{corpus}.jsonl").read_text("utf-8")
    tiers = [json.loads(line) for line in text.splitlines()]
    labels = {label for t in tiers if t["tier"] == "phones" for _, _, label in t["intervals"]}
    assert len(labels) >= 40
    for label in labels:
        assert read_label(label, notation, language)
