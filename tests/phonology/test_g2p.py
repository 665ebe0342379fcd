import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from naps.errors import InputError
from naps.phonology import inventory
from naps.phonology.g2p import (
    G2P,
    G2PNetwork,
    G2PNetworkConfig,
    beam_search,
    load_g2p,
    pronunciation_loss,
    save_g2p,
    shipped_g2p,
)
from naps.phonology.g2p.network import BOUNDARY
from naps.phonology.g2p.score import pronunciation_errors

LETTERS, PHONES = "abcx'", ("K", "S", "AA")


def small(seed: int = 0) -> G2P:
    torch.manual_seed(seed)
    config = G2PNetworkConfig(
        n_letters=len(LETTERS), n_phones=len(PHONES), embedding=6, encoder=5, decoder=8
    )
    network = G2PNetwork(config).eval()
    # Fresh weights make near-uniform choices; sharper ones make a search worth the name.
    with torch.no_grad():
        network.output.weight.mul_(6)
    return G2P("small", "en", LETTERS, PHONES, network)


def log_probability(model: G2P, word: str, spoken: list[int], ended: bool) -> float:
    before = torch.tensor([[BOUNDARY, *spoken]])
    target = [*spoken, BOUNDARY] if ended else spoken
    letters = torch.tensor([[model.letters.index(c) for c in word]])
    with torch.inference_mode():
        scores = model.network(letters, before)[0][0].log_softmax(1)
    return sum(float(scores[i, unit]) for i, unit in enumerate(target))


@given(st.integers(0, 1000), st.text("abcx", min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_the_score_of_a_search_is_that_of_its_pronunciation(seed: int, word: str) -> None:
    model = small(seed)
    letters = torch.tensor([[LETTERS.index(c) for c in word]])
    found, scores = beam_search(model.network, letters, 4, longest=6, threshold=50.0)
    own = log_probability(model, word, found[0], len(found[0]) < 6)
    assert float(scores[0]) == pytest.approx(own, abs=1e-4)


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_a_wide_beam_finds_the_most_probable_pronunciation(seed: int) -> None:
    model = small(seed)
    longest = 3
    candidates: dict[tuple[int, ...], float] = {}
    pool: list[tuple[int, ...]] = [()]
    for _ in range(longest + 1):
        for spoken in pool:
            ended = len(spoken) < longest
            candidates[spoken] = log_probability(model, "abx", list(spoken), ended)
        pool = [(*s, p) for s in pool for p in (1, 2, 3)]
        pool = [s for s in pool if len(s) <= longest]
    letters = torch.tensor([[LETTERS.index(c) for c in "abx"]])
    found, scores = beam_search(model.network, letters, 100, longest=longest, threshold=1e9)
    assert float(scores[0]) == pytest.approx(max(candidates.values()), abs=1e-4)
    assert candidates[tuple(found[0])] == pytest.approx(float(scores[0]), abs=1e-4)


def test_smoothing_of_the_labels_is_taken_back() -> None:
    model = small(4)
    letters = torch.tensor([[0, 3]])
    (found,), (plain,) = beam_search(model.network, letters, 1, longest=1, threshold=5.0)
    size = len(PHONES) + 1
    (again,), (solved,) = beam_search(
        model.network, letters, 1, longest=1, threshold=5.0, smoothing=0.2
    )
    assert again == found
    expected = (float(plain.exp()) - 0.2 / size) / 0.8
    assert float(solved.exp()) == pytest.approx(min(1.0, expected), abs=1e-5)


def test_a_batch_says_what_single_words_say_in_their_order() -> None:
    model = small(3)
    words = ["abx", "a", "cab", "xxxx", "a", "b"]
    together = model.pronounce(words)
    for word, guess in zip(words, together, strict=True):
        alone = model.pronounce([word])[0]
        assert alone.phones == guess.phones
        assert alone.confidence == pytest.approx(guess.confidence, abs=1e-5)
    assert together[1] == together[4]


def test_greedy_takes_the_best_phone_every_time() -> None:
    model = small(5)
    spoken: list[int] = []
    for _ in range(8):
        letters = torch.tensor([[LETTERS.index(c) for c in "abc"]])
        with torch.inference_mode():
            logits, _ = model.network(letters, torch.tensor([[BOUNDARY, *spoken]]))
        best = int(logits[0, -1].argmax())
        if best == BOUNDARY:
            break
        spoken.append(best)
    (guess,) = model.pronounce(["abc"], beam=1)
    assert list(guess.phones)[:8] == [PHONES[p - 1] for p in spoken]


def test_what_cannot_be_read() -> None:
    model = small()
    empty, digits, marked, plain = model.pronounce(["", "42", "ÁB!", "ab"])
    assert (empty.phones, empty.confidence) == ((), 0.0)
    assert (digits.phones, digits.confidence) == ((), 0.0)
    assert marked == plain
    assert model.pronounce([]) == []


def test_attention_rows_are_weights_over_letters() -> None:
    model = small()
    weights = model.attention("abx", ["K", "S"])
    assert weights.shape == (3, 3)
    assert weights.sum(1) == pytest.approx([1.0, 1.0, 1.0])
    assert (weights >= 0).all()
    with pytest.raises(InputError, match="does not write the phones ZZ"):
        model.attention("abx", ["ZZ"])
    with pytest.raises(InputError, match="has no letter"):
        model.attention("12", ["K"])


def test_loss_ignores_what_is_beyond_the_end() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 4)
    target = torch.tensor([[1, 0, -1], [2, 3, 0]])
    scores = logits.log_softmax(2)
    known = [(0, 0, 1), (0, 1, 0), (1, 0, 2), (1, 1, 3), (1, 2, 0)]
    expected = -sum(float(scores[i, t, u]) for i, t, u in known) / 5
    assert float(pronunciation_loss(logits, target, 0.0)) == pytest.approx(expected, rel=1e-5)


def test_file_round_trip_and_damage(tmp_path: Path) -> None:
    model = small(2)
    path = tmp_path / "m.safetensors"
    save_g2p(path, model)
    again = load_g2p(path)
    words = ["abx", "cab"]
    assert again.pronounce(words) == model.pronounce(words)
    assert (again.letters, again.phones, again.language) == (LETTERS, PHONES, "en")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match="not a complete safetensors file"):
        load_g2p(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="not a naps G2P model"):
        load_g2p(path)
    save_file({"x": torch.zeros(1)}, path, {"naps": json.dumps({"format": "naps-g2p-9"})})
    with pytest.raises(InputError, match="this version reads"):
        load_g2p(path)
    with pytest.raises(InputError, match="no such"):
        load_g2p(tmp_path / "none.safetensors")


def test_errors_by_hand() -> None:
    references = [[("K", "AE", "T")], [("R", "EH", "D"), ("R", "IY", "D")], [("B", "AY")]]
    guesses = [("K", "AE", "T"), ("R", "IY", "D", "Z"), ("P", "AY")]
    found = pronunciation_errors(references, guesses)
    assert found.words == 3
    assert found.per == pytest.approx(2 / 8)
    assert found.wer == pytest.approx(2 / 3)
    # The closest reference counts with its own length.
    longer = pronunciation_errors([[("A", "B", "C", "D"), ("A",)]], [("A", "B", "C")])
    assert longer.per == pytest.approx(1 / 4)
    with pytest.raises(ValueError, match="no words"):
        pronunciation_errors([], [])


@pytest.mark.parametrize("language", ["en", "de"])
def test_shipped_models_write_the_inventory(language: str) -> None:
    model = shipped_g2p(language)
    assert set(model.phones) <= set(inventory(language))
    assert shipped_g2p(language) is model


def test_shipped_english() -> None:
    words = {
        "speeching": "S P IY CH IH NG",
        "trumplike": "T R AH M P L AY K",
        "unthinkableness": "AH N TH IH NG K AH B AH L N AH S",
    }
    guesses = shipped_g2p("en").pronounce(list(words))
    assert [" ".join(guess.phones) for guess in guesses] == list(words.values())
    assert all(0.0 < guess.confidence <= 1.0 for guess in guesses)


def test_shipped_german() -> None:
    guesses = shipped_g2p("de").pronounce(["Schulstube", "Bachfische", "Züge"])
    assert guesses[0].phones == ("ʃ", "uː", "l", "ʃ", "t", "uː", "b", "ə")
    assert guesses[1].phones == ("b", "a", "x", "f", "ɪ", "ʃ", "ə")
    assert guesses[2].phones == ("ts", "yː", "ɡ", "ə")


def test_no_model_of_a_language() -> None:
    with pytest.raises(InputError, match="no G2P model for 'fr'"):
        shipped_g2p("fr")
