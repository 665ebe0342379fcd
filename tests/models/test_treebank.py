"""Text to words as the treebank parts them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.models.treebank import treebank_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's a good film.", "it 's a good film ."),
        ("I don't, can't and won't!", "i do n't , ca n't and wo n't !"),
        ("He cannot; they'll, we've, I'd, I'm, you're", "he can not ; they 'll , we 've , i 'd , "
         "i 'm , you 're"),
        ('"Not bad," he said.', "`` not bad , '' he said ."),
        ("\u201cNot bad,\u201d he said\u2026", "`` not bad , '' he said ..."),
        ("A 'great' film (really) -- well\u2014made", "a ` great ' film -lrb- really -rrb- -- well "
         "-- made"),
        ("The actors' work, the '70s, rock 'n roll", "the actors ' work , the '70s , rock 'n roll"),
        ("Mr. Smith vs. Dr. No. U.S. fans", "mr. smith vs. dr. no . u.s. fans"),
        ("It ends. It ends badly.", "it ends . it ends badly ."),
        ("$1,000 at 10:30, 50%", "$ 1,000 at 10:30 , 50 %"),
        ("a well-drawn writer/director", "a well-drawn writer/director"),
        ("Animé\u00a0cliche\u0301s?!", "animé clichés ? !"),
    ],
)  # fmt: skip
def test_conventions(text: str, words: str) -> None:
    assert treebank_words(text) == words.split()


def test_nothing() -> None:
    assert treebank_words(" \t\n") == []


@given(st.text(st.sampled_from("aBt.n'`\"-,:1 ()?!\u2019\u2026sre\u00e9"), max_size=30))
def test_what_is_parted_stays(text: str) -> None:
    words = treebank_words(text)
    assert all(word and not any(c.isspace() for c in word) for word in words)
    assert "".join(words).replace("`", "'").count("a") == text.lower().count("a")


@pytest.mark.data
def test_the_treebanks_own_words(data: Path) -> None:
    lines = (data / "text" / "sst" / "sequence_test.txt").read_text("utf-8").splitlines()
    sentences = [line.split("\t")[1].replace("\\/", "/").split(" | ") for line in lines]
    same = sum(treebank_words(" ".join(words)) == words for words in sentences)
    assert same / len(sentences) > 0.98
