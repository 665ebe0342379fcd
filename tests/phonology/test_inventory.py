import csv
from importlib import resources

import pytest

from naps.errors import InputError
from naps.phonology import classes, inventory, languages, letter_classes, shared_phones
from naps.phonology.inventory import FEATURES, symbols, table

GERMAN_VOWELS = "iː ɪ eː ɛ ɛː a aː oː ɔ uː ʊ yː ʏ øː œ ə ɐ aɪ aʊ ɔʏ"
GERMAN_CONSONANTS = "p b t d k ɡ ʔ m n ŋ f v s z ʃ ʒ ç x h ʁ l j pf ts tʃ dʒ"
VALUES = {
    "manner": "vowel stop affricate fricative aspirate nasal liquid semivowel",
    "place": "labial dental alveolar postalveolar palatal velar uvular glottal",
    "voicing": "voiced voiceless",
    "height": "high near-high mid-high mid mid-low near-low low",
    "backness": "front central back",
    "rounding": "rounded unrounded",
    "length": "long short",
}


def test_the_phones_of_both_languages() -> None:
    assert languages() == ("en", "de")
    assert len(inventory("en")) == 39
    assert set(inventory("de")) == {*GERMAN_VOWELS.split(), *GERMAN_CONSONANTS.split()}
    with pytest.raises(InputError, match="'fr'; there are: en, de"):
        inventory("fr")


def test_a_phone_knows_how_it_is_written_and_made() -> None:
    r, umlaut = inventory("en")["R"], inventory("de")["yː"]
    assert (r.ipa, r.xsampa, r.manner, r.place, r.length) == ("ɹ", "r\\", "liquid", "alveolar", "")
    assert (umlaut.ipa, umlaut.xsampa, umlaut.example) == ("yː", "y:", "Tür")
    assert (umlaut.height, umlaut.backness, umlaut.rounding) == ("high", "front", "rounded")
    assert inventory("en")["OY"].ipa == "ɔɪ"
    assert inventory("de")["ɔʏ"].ipa == "ɔʏ"


@pytest.mark.parametrize("language", ["en", "de"])
def test_features_fit_the_phone(language: str) -> None:
    for phone in inventory(language).values():
        for feature in FEATURES:
            value = getattr(phone, feature)
            assert value in VALUES[feature].split() or not value, phone
        vowel = phone.manner == "vowel"
        assert phone.example
        assert phone.voicing
        assert bool(phone.place) is not vowel, phone
        assert bool(phone.height and phone.backness and phone.rounding) is vowel, phone
        assert bool(phone.length) is (vowel and language == "de"), phone


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_two_phones_have_the_same_features(language: str) -> None:
    # These differ in r-colouring, in where the diphthong goes, or as lateral and central.
    alike = {"AH", "ER", "AY", "AW", "aɪ", "aʊ", "aː", "AO", "OY", "L", "R"}
    seen = {
        tuple(getattr(phone, feature) for feature in FEATURES): symbol
        for symbol, phone in inventory(language).items()
        if symbol not in alike
    }
    assert len(seen) == len(set(inventory(language)) - alike)


def test_the_table_is_whole() -> None:
    text = resources.files("naps.phonology").joinpath("data", "phones.csv").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert {len(row) for row in csv.reader(lines)} == {19}
    for language in languages():
        for row in table():
            meaning = symbols(row, language)
            if meaning is not None:
                assert set(meaning) <= set(inventory(language)), row
                assert len(meaning) == 1 or not row["manner"], row


def test_shared_phones() -> None:
    pairs = shared_phones()
    assert len(pairs) == 29
    assert {("IY", "iː"), ("EH", "ɛ"), ("AO", "ɔ"), ("OY", "ɔʏ"), ("CH", "tʃ")} <= set(pairs)
    assert len({english for english, _ in pairs}) == len({german for _, german in pairs}) == 29
    assert not {"R", "AA", "AE", "AH", "ER", "EY", "OW", "TH", "W"} & {e for e, _ in pairs}
    assert not {"ʁ", "a", "aː", "eː", "oː", "ə", "ɐ", "x", "ts", "ʔ"} & {g for _, g in pairs}


def test_classes_of_either_language_and_of_both() -> None:
    assert classes(["AA", "P", "NG"]) == ["vowel", "stop", "nasal"]
    assert classes(["aː", "p", "ŋ", "ʁ"]) == ["vowel", "stop", "nasal", "fricative"]
    assert classes(["AA", "P", "pf", "ç"], "place") == ["", "labial", "labial", "palatal"]
    assert classes(["AA", "P"], "voicing") == ["voiced", "voiceless"]
    assert classes(["aː", "a"], "length") == ["long", "short"]
    assert classes(["AA", "q"]) is None
    assert classes([]) == []
    with pytest.raises(InputError, match="manner"):
        classes(["AA"], "colour")


def test_letters() -> None:
    assert letter_classes(["a", "ü", "b", "'"]) == ["vowel", "vowel", "consonant", "consonant"]
    assert letter_classes(["ab"]) is None
    assert letter_classes(["1"]) is None
