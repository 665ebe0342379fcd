"""The Stanford Sentiment Treebank: trees in brackets to sentences and phrases."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep.sst import Phrase, prepare_sst, read_sst, read_tree
from naps.corpus.sentences import Sentence, read_sentences, write_sentences
from naps.errors import InputError

TREE = "(3 (2 (2 The) (2 Rock)) (4 (2 -LRB-) (1 and\\/or)))"

words = st.text("abcXY'.-", min_size=1, max_size=5)
trees = st.recursive(
    st.tuples(st.integers(0, 4), words),
    lambda inner: st.tuples(st.integers(0, 4), inner, inner),
    max_leaves=12,
)


def written(tree: tuple) -> str:
    label, *below = tree
    return f"({label} {' '.join(b if isinstance(b, str) else written(b) for b in below)})"


def phrases(tree: tuple) -> list[Phrase]:
    label, *below = tree
    if isinstance(below[0], str):
        return [Phrase(label, (below[0].lower(),))]
    left, right = map(phrases, below)
    return [*left, *right, Phrase(label, left[-1].words + right[-1].words)]


@given(trees)
def test_every_node_is_a_phrase(tree: tuple) -> None:
    assert read_tree(written(tree)) == phrases(tree)


def test_how_words_are_written() -> None:
    assert read_tree(TREE)[-1] == Phrase(3, ("the", "rock", "-lrb-", "and/or"))


def test_a_deep_tree() -> None:
    deep = "(2 " * 5000 + "end" + ")" * 5000
    assert len(read_tree(deep)) == 5000


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("(3 (2 a) (4 b)", "1 brackets are not closed"),
        ("(3 a))", "')' stands behind the end"),
        ("a (3 b)", "'a' stands in front"),
        ("(5 a)", "'5' where a class from 0 to 4 is due"),
        ("(3 a) (3 b)", "stands behind the end"),
        ("(3 )", "a node has no word"),
        ("3", "stands in front"),
        ("(", "'' where a class"),
    ],
)
def test_lines_that_are_no_trees(line: str, said: str, tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.txt").write_text(f"{TREE}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_sst(tmp_path)
    assert "train.txt, line 3: not a tree: " in str(error.value)
    assert said in str(error.value)


def test_a_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train\.txt: no such file"):
        read_sst(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read_sst(tmp_path / "none")


def test_what_is_prepared_is_read(tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.txt").write_text(f"{TREE}\n{TREE}\n(0 bad)\n", encoding="utf-8")
    folder = prepare_sst(tmp_path, tmp_path / "out")
    assert read_sentences(folder / "train.jsonl", 5) == [
        Sentence("train-00001", ("the", "rock", "-lrb-", "and/or"), 3, (3,)),
        Sentence("train-00002", ("the", "rock", "-lrb-", "and/or"), 3, (3,)),
        Sentence("train-00003", ("bad",), 0, (0,)),
    ]
    # The tree's seven nodes once, and the word of the third line.
    assert len(read_sentences(folder / "train-phrases.jsonl", 5)) == 8
    assert [s.label for s in read_sentences(folder / "test.jsonl")] == [3, 3, 0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x", "Expecting value"),
        ("[]", "no JSON object"),
        ('{"id": "a", "words": ["b"]}', "no 'label'"),
        ('{"id": "a", "words": [], "label": 1}', "words are no list"),
        ('{"id": "a", "words": [1], "label": 1}', "words are no list"),
        ('{"id": "a", "words": "b", "label": 1}', "words are no list"),
        ('{"id": 1, "words": ["b"], "label": 1}', "id is no text"),
        ('{"id": "a", "words": ["b"], "label": true}', "label is True"),
        ('{"id": "a", "words": ["b"], "label": 5}', "there are 5 classes"),
        ('{"id": "a", "words": ["b"], "label": 1, "marked": [1]}', "marks are no list"),
    ],
)
def test_lines_that_are_no_sentences(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    write_sentences(path, [Sentence("a", ("b",), 1)])
    path.write_text(path.read_text() + line, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_sentences(path, 5)
    assert "line 2: not a sentence with a class: " in str(error.value)
    assert said in str(error.value)


@pytest.mark.data
def test_published_counts(data: Path) -> None:
    found = read_sst(data / "text" / "sst")
    assert [len(found[split]) for split in ("train", "dev", "test")] == [8544, 1101, 2210]
    labels = [sentence.label for sentence in found["test"]]
    assert [labels.count(label) for label in range(5)] == [279, 633, 389, 510, 399]
    assert sum(len(sentence.words) >= 10 for sentence in found["test"]) == 1849
    # The same sentences as another program wrote them.
    lines = (data / "text" / "sst" / "sequence_test.txt").read_text("utf-8").splitlines()
    plain = [line.replace("\\/", "/").replace("\\*", "*") for line in lines]
    other = {(int(line[0]) - 1, tuple(line[2:].split(" | "))) for line in plain}
    assert {(s.label, s.words) for s in found["test"]} == other
