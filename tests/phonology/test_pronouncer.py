from pathlib import Path

import pytest
import torch

from naps.errors import InputError
from naps.phonology import Lexicon, Pronouncer, SpokenWord, find_pronouncer, learned_scores
from naps.phonology.g2p import G2P, G2PNetwork, G2PNetworkConfig, shipped_g2p

WORDS = Lexicon(
    "test",
    {
        "read": (("R", "EH", "D"), ("R", "IY", "D")),
        "xerox": (("Z", "IH", "R", "AA", "K", "S"),),
        "one": (("HH", "W", "AH", "N"), ("W", "AH", "N")),
    },
)


def say(word: str, g2p: G2P | None = None) -> SpokenWord | None:
    return Pronouncer(WORDS, g2p, learned_scores("en"))(word)


def test_letters_and_their_phones() -> None:
    said = say("xerox")
    assert said is not None
    assert said.letters == (0, 1, 2, 3, 4)
    assert said.inserted() == {5: 4}
    assert (said.source, said.variant, said.confidence) == ("lexicon", 1, 1.0)


def test_the_variant_that_aligns_best_is_recorded() -> None:
    said = say("one")
    assert said is not None
    assert (said.phones, said.variant) == (("W", "AH", "N"), 2)


def test_a_phone_in_front_of_every_letter_belongs_to_the_first() -> None:
    said = SpokenWord(("HH", "W", "AH", "N"), (1, 3, None), "lexicon")
    assert said.inserted() == {0: 0, 2: 0}
    assert SpokenWord(("AH",), (None, None), "lexicon").inserted() == {}


def test_words_beyond_the_lexicon_go_to_the_model_in_one_batch() -> None:
    asked: list[list[str]] = []

    class Spy(G2P):
        def pronounce(self, words, **options):
            asked.append(list(words))
            return super().pronounce(words, **options)

    torch.manual_seed(0)
    network = G2PNetwork(G2PNetworkConfig(n_letters=26, n_phones=3, encoder=4, decoder=6))
    model = Spy("spy", "en", "abcdefghijklmnopqrstuvwxyz", ("K", "AE", "T"), network.eval())
    pronouncer = Pronouncer(WORDS, model, learned_scores("en"))
    pronouncer.learn(["read", "kat", "tak", "kat", "", "k4t"])
    assert asked == [["kat", "tak"]]
    said = pronouncer("kat")
    assert said is None or said.source == "g2p"
    assert pronouncer("read") is not None
    assert pronouncer("k4t") is None
    assert len(asked) == 1


def test_no_one_to_ask() -> None:
    assert say("blub") is None
    assert find_pronouncer("en", None, None) is None


def test_names_and_languages(tmp_path: Path) -> None:
    german = tmp_path / "de.tsv"
    german.write_text("haus\th aʊ s\n", encoding="utf-8")
    pronouncer = find_pronouncer("de", german, None)
    assert pronouncer is not None
    said = pronouncer("haus")
    assert said is not None
    assert said.phones == ("h", "aʊ", "s")
    assert pronouncer("boot") is None
    with pytest.raises(InputError, match="cmudict is of language 'en', but 'de' is spoken"):
        find_pronouncer("de", "cmudict", None)
    with pytest.raises(InputError, match="is of language 'en', but 'de' is spoken"):
        find_pronouncer("de", None, shipped_g2p("en"))
    with pytest.raises(InputError, match=r"no\.dict"):
        find_pronouncer("en", tmp_path / "no.dict", None)


def test_auto_is_cmudict_for_english_and_the_model_for_german() -> None:
    english, german = (find_pronouncer(x, "auto", "auto") for x in ("en", "de"))
    assert english is not None
    assert german is not None
    known, made_up = english("speech"), english("speechly")
    assert known is not None
    assert made_up is not None
    assert (known.source, made_up.source) == ("lexicon", "g2p")
    assert 0 < made_up.confidence <= 1
    haus = german("haus")
    assert haus is not None
    assert (haus.phones, haus.source) == (("h", "aʊ", "s"), "g2p")
