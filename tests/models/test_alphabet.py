import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.models import ENGLISH, GERMAN, Alphabet


def test_order_and_blank() -> None:
    assert ENGLISH.encode("az '") == [0, 25, 26, 27]
    assert ENGLISH.blank == 28
    assert len(ENGLISH) == 29
    assert len(GERMAN) == 33


@pytest.mark.parametrize(
    ("text", "clean", "unknown"),
    [
        ("It's  9 o’clock!", "it's o'clock", "9"),
        ("well-known—so", "well known so", ""),
        ("Café", "cafe", ""),
        ("Ω 3.5", "", "ω35"),
        ("", "", ""),
        ("!?", "", ""),
    ],
)
def test_english(text: str, clean: str, unknown: str) -> None:
    assert ENGLISH.normalise(text) == (clean, unknown)


def test_german_keeps_its_letters() -> None:
    assert GERMAN.normalise("Größe ÄÖÜ") == ("größe äöü", "")
    assert ENGLISH.normalise("Größe") == ("groe", "ß")


@given(st.text(max_size=40))
def test_clean_text_can_always_be_written(text: str) -> None:
    clean, _ = ENGLISH.normalise(text)
    assert ENGLISH.decode(ENGLISH.encode(clean)) == clean
    assert ENGLISH.normalise(clean) == (clean, "")


def test_a_symbol_may_not_repeat() -> None:
    with pytest.raises(ValueError, match="repeats"):
        Alphabet("aba")
