"""The sentences of a recipe: those of the package, a file of one's own, or the treebank."""

from __future__ import annotations

import re
from pathlib import Path

from data_prep.sst import read_split
from naps.corpus.sentences import (
    EMBEDDED_SENTENCES,
    Sentence,
    read_labelled_text,
    read_sentences,
)
from naps.errors import InputError
from naps.models import SentimentModel
from naps.pipeline.sentiment_recipe import SentencesConfig

_MARKED = re.compile(r"\*([^*]*)\*")


def select_sentences(corpus: SentencesConfig, model: SentimentModel) -> list[Sentence]:
    """Read the sentences that a recipe asks for.

    Raises
    ------
    InputError
        If they cannot be read, or have classes that the model has not.
    """
    classes = len(model.classes)
    path = EMBEDDED_SENTENCES if corpus.path is None else corpus.path
    if path.is_file():
        texts = read_labelled_text(path, classes)
        found = [
            marked_sentence(f"{path.stem}-{number:03d}", label, text, model)
            for number, (label, text) in enumerate(texts, 1)
        ]
    else:
        found = _from_folder(path, corpus.split, classes)
    return found[: corpus.limit]


def _from_folder(folder: Path, split: str, classes: int) -> list[Sentence]:
    prepared, trees = folder / f"{split}.jsonl", folder / f"{split}.txt"
    if prepared.is_file():
        return read_sentences(prepared, classes)
    if not trees.is_file():
        raise InputError(
            f"{folder}: neither {prepared.name} nor {trees.name} in it; --set corpus.path= takes a "
            f"folder of 'naps prepare sst', the treebank's own, or a file of sentences"
        )
    return read_split(folder, split)


def marked_sentence(name: str, label: int, text: str, model: SentimentModel) -> Sentence:
    """Part a text into words; those between stars are marked.

    Parameters
    ----------
    name : str
        The sentence's id.
    label : int
    text : str
        Such as ``"It is *not bad* at all."``
    model : SentimentModel
        Whose words they are to be.
    """
    words: list[str] = []
    marked: list[int] = []
    # Pieces between stars come at odd places.
    for place, piece in enumerate(_MARKED.split(text)):
        if piece.strip():
            found = model.words(piece)
            if place % 2:
                marked += range(len(words), len(words) + len(found))
            words += found
    return Sentence(name, tuple(words), label, tuple(marked))
