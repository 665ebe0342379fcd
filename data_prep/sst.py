"""The Stanford Sentiment Treebank (Socher et al. 2013): a tree a line, every node with a class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data_prep.source import existing_folder, read_lines
from naps.corpus.sentences import Sentence, write_sentences
from naps.errors import InputError

SPLITS = ("train", "dev", "test")
CLASSES = 5
_NEUTRAL = 2
# Recursion would end at trees that are deep.
_TOKEN = re.compile(r"[()]|[^\s()]+")


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words below a node of a tree, and the node's class."""

    label: int
    words: tuple[str, ...]


def read_tree(line: str) -> list[Phrase]:
    """Read a tree in brackets: ``(3 (2 a) (4 splash))``.

    Parameters
    ----------
    line : str

    Returns
    -------
    list of Phrase
        Of every node, the root last; words in lower case, with brackets named and slashes plain.

    Raises
    ------
    ValueError
        If it is no tree; the message says why.
    """
    open_nodes: list[tuple[int, list[str]]] = []
    found: list[Phrase] = []
    ended = False
    tokens = iter(_TOKEN.findall(line))
    for token in tokens:
        if ended:
            raise ValueError(f"{token!r} stands behind the end of the tree")
        if token == "(":
            label = next(tokens, "")
            if label not in {str(number) for number in range(CLASSES)}:
                raise ValueError(f"{label!r} where a class from 0 to {CLASSES - 1} is due")
            open_nodes.append((int(label), []))
        elif not open_nodes:
            raise ValueError(f"{token!r} stands in front of the tree")
        elif token == ")":
            number, words = open_nodes.pop()
            if not words:
                raise ValueError("a node has no word")
            found.append(Phrase(number, tuple(words)))
            if open_nodes:
                open_nodes[-1][1].extend(words)
            ended = not open_nodes
        else:
            open_nodes[-1][1].append(_plain(token))
    if not ended:
        raise ValueError(f"{len(open_nodes)} brackets are not closed")
    return found


def read_trees(path: Path) -> Iterator[list[Phrase]]:
    """Give the phrases of every tree of a file.

    Raises
    ------
    InputError
        If the file cannot be read or a line is no tree; the message has its number.
    """
    for number, line in read_lines(path):
        try:
            yield read_tree(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: not a tree: {error}") from None


def read_split(source: Path, split: str) -> list[Sentence]:
    """Read the sentences of ``train.txt``, ``dev.txt`` or ``test.txt``.

    Marked are words that have a class other than neutral by themselves.

    Raises
    ------
    InputError
        If the file is missing or a line is no tree.
    """
    return [sentence for sentence, _ in _sentences(source, split)]


def read_sst(source: Path) -> dict[str, list[Sentence]]:
    """Read the sentences of all splits, and the phrases of ``train``.

    Returns
    -------
    dict of str to list of Sentence
        By split, and as ``train-phrases`` the different phrases of ``train``, sentences among
        them: each pair of words and class once.

    Raises
    ------
    InputError
        If a file is missing or a line is no tree.
    """
    found: dict[str, list[Sentence]] = {}
    phrases: dict[Phrase, None] = {}
    for split in SPLITS:
        found[split] = []
        for sentence, nodes in _sentences(source, split):
            found[split].append(sentence)
            if split == "train":
                phrases |= dict.fromkeys(nodes)
    found["train-phrases"] = [
        Sentence(f"phrase-{number:06d}", phrase.words, phrase.label)
        for number, phrase in enumerate(phrases, 1)
    ]
    return found


def _sentences(source: Path, split: str) -> Iterator[tuple[Sentence, list[Phrase]]]:
    path = existing_folder(source) / f"{split}.txt"
    empty = True
    for number, nodes in enumerate(read_trees(path), 1):
        empty = False
        leaves = [node for node in nodes if len(node.words) == 1]
        sided = (place for place, leaf in enumerate(leaves) if leaf.label != _NEUTRAL)
        root = nodes[-1]
        yield Sentence(f"{split}-{number:05d}", root.words, root.label, tuple(sided)), nodes
    if empty:
        raise InputError(f"{path}: no trees in it")


def prepare_sst(source: Path, out: Path | None = None) -> Path:
    """Write sentences and phrases as JSON Lines: ``train.jsonl`` and so on.

    Parameters
    ----------
    source : Path
        The folder of the trees.
    out : Path, optional
        Folder to write to; ``source`` by default.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If a file is missing or a line is no tree.
    """
    folder = source if out is None else out
    for name, sentences in read_sst(source).items():
        write_sentences(folder / f"{name}.jsonl", sentences)
    return folder


def _plain(token: str) -> str:
    return token.replace("\\/", "/").replace("\\*", "*").lower()
