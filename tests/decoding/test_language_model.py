"""ARPA files against back-off sums by hand and by a slow twin; estimated models sum to one."""

import gzip
import itertools
import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.decoding import LanguageModel, read_language_model, write_arpa
from naps.errors import InputError

# Normalised: every back-off weight is what the n-grams listed leave over, by what their last words
# have in the shorter context. P(a) = .5, P(b) = .2, P(</s>) = .2, P(<unk>) = .1.
TRIGRAMS = f"""\\data\\
ngram 1=5
ngram 2=3
ngram 3=1

\\1-grams:
-99\t<s>\t{math.log10(0.2 / 0.5)}
{math.log10(0.5)}\tA\t{math.log10(0.6 / 0.8)}
{math.log10(0.2)}\tb\t{math.log10(0.5 / 0.8)}
{math.log10(0.2)}\t</s>
{math.log10(0.1)}\t<UNK>

\\2-grams:
{math.log10(0.8)}\t<s> A\t{math.log10(0.1 / 0.6)}
{math.log10(0.4)}\tA b
{math.log10(0.5)}\tb </s>

\\3-grams:
{math.log10(0.9)}\t<s> A b

\\end\\
"""
VOCABULARY = ["a", "b", "</s>", "never"]


def model_of(folder: Path, text: str) -> LanguageModel:
    path = folder / "model.arpa"
    path.write_text(text, encoding="utf-8")
    return read_language_model(path)


def slow(text: str, words: list[str], order: int) -> float:
    """P(last word | words before it) from the definition, word by word."""
    grams = {}
    for line in text.lower().splitlines():
        fields = line.split()
        if fields and re.match(r"-?\d|-inf", fields[0]):
            numbers = [fields.pop(0)]
            if re.fullmatch(r"-?[\d.]+(e[-+]\d+)?", fields[-1]):
                numbers.append(fields.pop())
            grams[tuple(fields)] = [float(number) * math.log(10) for number in numbers]
    known = [word if (word,) in grams else "<unk>" for word in words]
    sum_ = 0.0
    for start in range(max(0, len(known) - order), len(known)):
        gram = tuple(known[start:])
        if gram in grams:
            return sum_ + grams[gram][0]
        sum_ += [*grams.get(gram[:-1], [0.0]), 0.0][1]
    raise AssertionError(known)


def walk(model: LanguageModel, words: list[str]) -> list[float]:
    state, scores = model.start, []
    for word in words:
        score, state = model.score(state, word)
        scores.append(score)
    return scores


def test_back_off_by_hand(tmp_path: Path) -> None:
    model = model_of(tmp_path, TRIGRAMS)
    scores = walk(model, ["a", "b", "b", "zebra", "a", "</s>"])
    probabilities = [
        0.8,  # <s> a
        0.9,  # <s> a b
        0.5 / 0.8 * 0.2,  # "a b" has no weight, so 1; then b's
        0.5 / 0.8 * 0.1,  # as <unk>
        0.5,  # <unk> has no weight
        0.6 / 0.8 * 0.2,
    ]
    assert [math.exp(s) for s in scores] == pytest.approx(probabilities, rel=1e-6)


@pytest.mark.parametrize("words", list(itertools.product("abx", repeat=2)))
def test_the_words_after_any_context_sum_to_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    model = model_of(tmp_path, TRIGRAMS)
    states = [model.start, ()]
    for start in states[:]:
        state = start
        for word in words:
            state = model.score(state, word)[1]
            states.append(state)
    for state in states:
        total = sum(math.exp(model.score(state, word)[0]) for word in VOCABULARY)
        assert total == pytest.approx(1, abs=1e-6)


def test_vocabulary(tmp_path: Path) -> None:
    text = TRIGRAMS.replace("b", "Käse")
    model = model_of(tmp_path, text)
    assert model.words == ["a", "käse"]
    assert model.order == 3
    assert model.counts == (5, 3, 1)
    assert "A" in model
    assert "KÄSE" in model
    assert "<unk>" not in model
    assert "käs" not in model
    assert all(model.begins_a_word(p) for p in ("", "a", "k", "KÄ", "käse"))
    assert not any(model.begins_a_word(p) for p in ("ab", "käses", "z", "<"))


def test_words_that_become_one_by_lower_casing(tmp_path: Path) -> None:
    text = (
        "\\data\\\nngram 1=4\nngram 2=2\n\n\\1-grams:\n-0.5 das -0.1\n-0.2 Das -0.3\n-1 ist\n"
        "-1 </s>\n\n\\2-grams:\n-0.4 Das ist\n-0.9 das ist\n\n\\end\\\n"
    )
    model = model_of(tmp_path, text)
    assert model.words == ["das", "ist"]
    assert model.score((), "das")[0] == pytest.approx(-0.2 * math.log(10))
    state = model.score((), "das")[1]
    assert model.score(state, "ist")[0] == pytest.approx(-0.4 * math.log(10))
    assert model.score(state, "</s>")[0] == pytest.approx(-1.3 * math.log(10))


def test_without_marks(tmp_path: Path) -> None:
    model = model_of(tmp_path, "\\data\\\nngram 1=1\n\n\\1-grams:\n0\tword\n\n\\end\\\n")
    assert model.start == ()
    assert model.score((), "word") == (0.0, ())
    assert model.score((), "other") == (-math.inf, ())
    assert model.score((), "</s>") == (-math.inf, ())


def test_zero_probabilities_and_a_text_before_the_data(tmp_path: Path) -> None:
    text = TRIGRAMS.replace(f"{math.log10(0.2)}\tb", "-99\tb")
    model = model_of(tmp_path, "made by hand\n\n" + text)
    assert model.score((), "b")[0] == -math.inf
    assert model.score((), "<s>")[0] == -math.inf


def test_gzip_carriage_returns_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "model.arpa.gz"
    path.write_bytes(gzip.compress(TRIGRAMS.replace("\n", "\r\n").encode("utf-8-sig")))
    words = ["a", "b", "a", "</s>"]
    assert walk(read_language_model(path), words) == walk(model_of(tmp_path, TRIGRAMS), words)


@given(
    st.lists(st.lists(st.sampled_from("abcde"), max_size=6), min_size=1, max_size=8),
    st.integers(1, 5),
    st.lists(st.sampled_from("abcdef"), max_size=6),
)
@settings(max_examples=60)
def test_estimated_models(
    tmp_path_factory: pytest.TempPathFactory,
    sentences: list[list[str]],
    order: int,
    words: list[str],
) -> None:
    if not any(sentences):
        return
    path = tmp_path_factory.mktemp("lm") / "model.arpa"
    write_arpa(path, sentences, order)
    model = read_language_model(path)
    assert model.order == order
    scores = walk(model, [*words, "</s>"])
    told = [
        slow(path.read_text(), ["<s>", *words, "</s>"][: i + 2], order) for i in range(len(scores))
    ]
    assert scores == pytest.approx(told, rel=1e-5, abs=1e-5)
    state = model.start
    for word in [*words, None]:
        asked = [*model.words, "</s>", "<unk>"]
        total = sum(math.exp(model.score(state, w)[0]) for w in asked)
        assert total == pytest.approx(1, abs=1e-5)
        if word is not None:
            state = model.score(state, word)[1]


def test_kneser_ney_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "model.arpa.gz"
    write_arpa(path, [["a", "b"], ["A", "B"], ["a"], []], order=2)
    model = read_language_model(path)
    # Kinds of words in front: a 1 (<s>), b 1 (a), </s> 2 (a, b): D = 2 / (2 + 2) = 1/2,
    # and 4 words share the rest: 3 * 1/2 of 4 kinds.
    unigram = {"a": 0.5 / 4, "b": 0.5 / 4, "</s>": 1.5 / 4, "<unk>": 0.0}
    unigram = {word: p + 1.5 / 4 / 4 for word, p in unigram.items()}
    for word, p in unigram.items():
        assert math.exp(model.score((), word)[0]) == pytest.approx(p, rel=1e-6)
    # Pairs: <s> a 3, a b 2, a </s> 1, b </s> 2: D = 1 / (1 + 2 * 2).
    after = model.score((), "a")[1]
    assert math.exp(model.score(after, "b")[0]) == pytest.approx(
        1.8 / 3 + 2 * 0.2 / 3 * unigram["b"], rel=1e-6
    )
    assert math.exp(model.score(after, "zebra")[0]) == pytest.approx(
        2 * 0.2 / 3 * unigram["<unk>"], rel=1e-6
    )


def test_the_same_sentences_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a.arpa.gz", tmp_path / "b.arpa.gz"
    for path in (first, second):
        write_arpa(path, iter([["so", "it", "is"], ["it", "is"]]))
    assert first.read_bytes() == second.read_bytes()


def test_sentences_that_make_no_model(tmp_path: Path) -> None:
    path = tmp_path / "model.arpa"
    with pytest.raises(InputError, match="hold no words"):
        write_arpa(path, [[], []])
    with pytest.raises(InputError, match="' ' is no word; give sentences as lists of words"):
        write_arpa(path, ["a b"])
    with pytest.raises(InputError, match="'</s>' is no word"):
        write_arpa(path, [["a", "</s>"]])
    with pytest.raises(ValueError, match="order 0"):
        write_arpa(path, [["a"]], 0)
    assert not path.exists()


LINES = TRIGRAMS.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"model\.arpa: has no '\\data\\' line"),
        ("word\nlist\n", r"has no '\\data\\' line, so it is no ARPA file; give a language model"),
        ("".join(LINES[:2]), r"line 2: expected '\\1-grams:'"),
        ("\\data\\\n\n\\1-grams:\n\n\\end\\\n", r"line 3: the header announces no 1-grams"),
        ("\\data\\\nngram 1=0\n\n\\1-grams:\n\n\\end\\\n", "announces no 1-grams"),
        (TRIGRAMS.replace("ngram 2=3\n", ""), "line 3: announces 3-grams where 2-grams come next"),
        (TRIGRAMS.replace("ngram 1=5", "ngram 1=five"), "line 2: the header announces no 1-grams"),
        (TRIGRAMS.replace("1=5", "1=6"), "line 12: 5 1-grams where the header announces 6"),
        (TRIGRAMS.replace("2=3", "2=2"), "line 17: 3 2-grams where the header announces 2"),
        ("".join(LINES[:14]), "line 14: 1 2-grams where the header announces 3; the file is cut"),
        ("".join(LINES[:17]), r"line 17: expected '\\3-grams:'"),
        ("".join(LINES[:-1]), r"line 20: '\\end\\' is missing"),
        (TRIGRAMS.replace("\\2-grams:", "\\3-grams:"), r"line 13: expected '\\2-grams:'"),
        (TRIGRAMS.replace("-99", "?"), "line 7: the probability or the back-off weight is no num"),
        (TRIGRAMS.replace("-99", "1"), "line 7: a log10 probability must be 0 or less"),
        (TRIGRAMS.replace("-99", "nan"), "line 7: a log10 probability must be 0 or less"),
        (TRIGRAMS.replace("A b", "A c", 1), "line 15: 'c' is not among the 1-grams"),
        (TRIGRAMS.replace("A b", "A b b b", 1), r"line 15: expected a log10 .*, found 5 field"),
        (TRIGRAMS.replace("<s> A b", "b b A"), "line 19: the words before the last are no n-gram"),
    ],
)
def test_broken_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        model_of(tmp_path, text)
    assert "\n" not in str(caught.value)
    assert "; " in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "model.arpa"
    with pytest.raises(InputError, match="cannot be read as a language model"):
        read_language_model(path)
    with pytest.raises(InputError, match="cannot be read as a language model"):
        read_language_model(tmp_path)
    path.write_bytes(gzip.compress(TRIGRAMS.encode())[:-20])
    with pytest.raises(InputError, match="cannot be read as a language model"):
        read_language_model(path)
    path.write_bytes(TRIGRAMS.replace("A", "Ä").encode("latin-1"))
    with pytest.raises(InputError, match="line 8: is not UTF-8; convert the file"):
        read_language_model(path)


@given(st.binary(max_size=200), st.integers(0, len(TRIGRAMS)))
def test_junk_ends_in_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int
) -> None:
    path = tmp_path_factory.mktemp("lm") / "model.arpa"
    for content in (junk, b"\x1f\x8b" + junk, TRIGRAMS.encode()[:at] + junk):
        path.write_bytes(content)
        try:
            read_language_model(path)
        except InputError as error:
            message = str(error)
        else:
            continue
        assert message.startswith(str(path))
        assert "\n" not in message
