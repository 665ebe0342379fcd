"""Error rates of the shipped models on words they have not seen."""

from pathlib import Path

import pytest

from naps.phonology import read_lexicon
from naps.phonology.g2p import G2P, shipped_g2p
from naps.training import TrainG2PConfig
from naps.training.g2p import score, split_words

pytestmark = pytest.mark.data


def stated(model: G2P) -> tuple[float, float]:
    """The error rates that a model's file states."""
    assert model.facts is not None
    rates = model.facts["error_rates"]["test beam 5"]
    return rates["per"], rates["wer"]


def test_english_on_the_division_of_the_literature(data: Path) -> None:
    words = read_lexicon(data / "text" / "g2p_cmudict_split" / "g014b2b.ref")
    found = score(shipped_g2p("en"), dict(words.entries), beam=5)
    assert found.words == 12_000
    assert stated(shipped_g2p("en")) == pytest.approx((found.per, found.wer), abs=5e-4)
    assert found.per <= 0.06


def test_german_on_five_percent_of_wikipron(data: Path) -> None:
    path = data / "text" / "wikipron_de" / "deu_latn_broad_filtered.tsv"
    lexicon, model = read_lexicon(path, language="de"), shipped_g2p("de")
    shares = TrainG2PConfig(name="as in the recipe")
    words = split_words(lexicon, None, shares.dev_share, shares.test_share, model.letters)
    found = score(model, words.test, beam=5)
    assert found.words > 2000
    assert stated(model) == pytest.approx((found.per, found.wer), abs=2e-3)
    assert found.per <= 0.05
