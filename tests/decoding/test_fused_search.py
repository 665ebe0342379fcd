"""Fused search against the sum over all paths of all texts, and against beam search."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.decoding import LanguageModel, beam_search, fused_search, read_language_model, write_arpa
from naps.models import ENGLISH, Alphabet

SMALL = Alphabet("ab ")
SENTENCES = [["a", "ba"], ["ba", "a", "a"], ["aa", "ba"], ["a"], ["ba", "bb"]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    path = tmp_path_factory.mktemp("lm") / "model.arpa"
    write_arpa(path, SENTENCES, 3)
    return read_language_model(path)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    """Without <unk> and </s>."""
    path = tmp_path_factory.mktemp("lm") / "model.arpa"
    path.write_text(
        "\\data\\\nngram 1=3\nngram 2=1\n\n\\1-grams:\n-99 <s> -0.3\n-0.2 a -0.1\n-0.5 ba\n\n"
        "\\2-grams:\n-0.1 <s> ba\n\n\\end\\\n"
    )
    return read_language_model(path)


def logits_of(seed: int, frames: int, units: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(frames, units, generator=generator, dtype=torch.float64)


def language(model: LanguageModel, text: str, weight: float, bonus: float, unknown: float) -> float:
    """Score a whole text from the definition."""
    state, total = model.start, 0.0
    for word in [*text.split(), "</s>"]:
        score, state = model.score(state, word)
        if score == -math.inf:
            score = unknown
        elif word != "</s>" and word not in model:
            score += unknown
        total += weight * score + bonus * (word != "</s>")
    return total


def texts(logits: torch.Tensor, alphabet: Alphabet) -> dict[str, float]:
    """Log P of every text, by all its paths."""
    scores = logits.log_softmax(1).numpy()
    found: dict[str, list[float]] = {}
    for path in itertools.product(range(len(alphabet)), repeat=len(scores)):
        units = [u for u, _ in itertools.groupby(path) if u != alphabet.blank]
        score = sum(scores[t, u] for t, u in enumerate(path))
        found.setdefault(alphabet.decode(units), []).append(score)
    return {text: float(np.logaddexp.reduce(s)) for text, s in found.items()}


weights = st.floats(0, 2)
bonuses = st.floats(-2, 4)
penalties = st.floats(-10, 0)


@given(st.integers(0, 10_000), st.integers(1, 5), weights, bonuses, penalties, st.booleans())
@settings(max_examples=60)
def test_a_wide_beam_finds_the_best_of_all_texts(
    model: LanguageModel,
    closed: LanguageModel,
    seed: int,
    frames: int,
    weight: float,
    bonus: float,
    unknown: float,
    open_: bool,
) -> None:
    chosen = model if open_ else closed
    logits = logits_of(seed, frames, len(SMALL))
    sums = {
        text: score + language(chosen, text, weight, bonus, unknown)
        for text, score in texts(logits, SMALL).items()
    }
    units, score = fused_search(
        logits,
        SMALL,
        chosen,
        beam=2000,
        weight=weight,
        bonus=bonus,
        unknown=unknown,
        floor=1e-300,
    )
    assert score == pytest.approx(max(sums.values()), abs=1e-9)
    assert sums[SMALL.decode(units)] == pytest.approx(score, abs=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 20), st.floats(0.5, 3))
def test_without_weight_it_is_beam_search(
    model: LanguageModel, seed: int, frames: int, beam: int, scale: float
) -> None:
    logits = scale * logits_of(seed, frames, len(ENGLISH))
    units, score = fused_search(logits, ENGLISH, model, beam=beam, weight=0, bonus=0)
    expected, log_probability = beam_search(logits, ENGLISH.blank, beam)
    assert units == expected
    assert score == pytest.approx(log_probability, abs=1e-9)


def spelled(path: str, alphabet: Alphabet = ENGLISH, sure: float = 4.0) -> torch.Tensor:
    """Logits of one frame a character; '_' is the blank."""
    logits = torch.zeros(len(path), len(alphabet), dtype=torch.float64)
    for frame, character in enumerate(path):
        logits[frame, alphabet.blank if character == "_" else alphabet.encode(character)[0]] = sure
    return logits


def written(logits: torch.Tensor, model: LanguageModel, **options: float) -> str:
    units, _ = fused_search(logits, ENGLISH, model, **options)  # type: ignore[arg-type]
    return ENGLISH.decode(units)


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    path = tmp_path_factory.mktemp("lm") / "model.arpa"
    write_arpa(path, [["THE", "SEA", "IS", "BLUE"], ["I", "SEE", "THE", "SEA"], ["WE", "SEE"]])
    return read_language_model(path)


def test_the_words_before_decide_between_two_spellings(english: LanguageModel) -> None:
    for first, second in (("the", "sea"), ("we", "see")):
        logits = spelled(f"{first} se_")
        logits[-1, ENGLISH.blank] = 0
        logits[-1, ENGLISH.encode("a")[0]] = 4
        logits[-1, ENGLISH.encode("e")[0]] = 4
        # A double letter needs a blank between.
        logits = torch.cat([logits[:-1], spelled("_"), logits[-1:]])
        assert written(logits, english) == f"{first} {second}"


def test_a_known_word_wins_and_a_clear_unknown_one_stays(english: LanguageModel) -> None:
    unsure = spelled("the sea is blte")
    unsure[-2, ENGLISH.encode("u")[0]] = 3.5
    assert written(unsure, english, weight=0.0, bonus=0.0) == "the sea is blte"
    assert written(unsure, english) == "the sea is blue"
    assert written(spelled("the sea is zpt", sure=12.0), english) == "the sea is zpt"


def test_spaces_make_no_words(english: LanguageModel) -> None:
    sure = 40.0
    plain = fused_search(spelled("i se_e", sure=sure), ENGLISH, english)[1]
    spaced, score = fused_search(spelled(" i _ se_e _ ", sure=sure), ENGLISH, english)
    assert ENGLISH.decode(spaced) == " i  see  "
    assert score == pytest.approx(plain, abs=1e-6)
    assert plain == pytest.approx(language(english, "i see", 0.5, 1.0, -10.0), abs=1e-6)


def test_more_bonus_more_words(english: LanguageModel) -> None:
    logits = logits_of(3, 60, len(ENGLISH))
    few, many = (len(written(logits, english, bonus=b).split()) for b in (0.0, 20.0))
    assert few < many


def test_an_alphabet_without_a_space(model: LanguageModel) -> None:
    alphabet = Alphabet("ab")
    units, score = fused_search(spelled("ba", alphabet, 40.0), alphabet, model)
    assert alphabet.decode(units) == "ba"
    assert score == pytest.approx(language(model, "ba", 0.5, 1.0, -10.0), abs=1e-6)


def test_capital_letters(model: LanguageModel) -> None:
    alphabet = Alphabet("AB ")
    logits = logits_of(5, 12, 4)
    assert fused_search(logits, alphabet, model) == fused_search(logits, SMALL, model)


def test_nothing_to_decode(model: LanguageModel) -> None:
    units, score = fused_search(torch.zeros(0, 4), SMALL, model)
    assert units == []
    assert score == pytest.approx(0.5 * model.score(model.start, "</s>")[0])


def test_logits_of_another_alphabet(model: LanguageModel) -> None:
    with pytest.raises(ValueError, match="logits of 29 units, an alphabet of 4"):
        fused_search(logits_of(0, 5, 29), SMALL, model)
