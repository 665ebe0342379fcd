"""Sentences explained: from text to relevance of words, written to a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import naps
from naps.corpus.lines import numbered_lines
from naps.errors import InputError
from naps.files import write_json
from naps.models import SentimentModel
from naps.pipeline.explaining_options import MethodOptions
from naps.relevance import explain_each
from naps.report.element import Element
from naps.report.explained import ExplainedSentences, Sentence
from naps.report.explained_words import words_page

FORMAT = "naps-word-relevance-1"


def read_texts(path: Path) -> list[str]:
    """Read a file of sentences, one a line.

    Raises
    ------
    InputError
        If it cannot be read or has no sentence.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file of sentences")
    found = [line.strip() for _, line in numbered_lines(path) if line.strip()]
    if not found:
        raise InputError(f"{path}: no sentences in it; write one a line")
    return found


def explain_texts(
    model: SentimentModel,
    texts: Sequence[str],
    options: MethodOptions,
    *,
    target: str | None = None,
) -> ExplainedSentences:
    """Say what each word did for the score of a class.

    Parameters
    ----------
    model : SentimentModel
    texts : sequence of str
        Sentences; the model parts them into words.
    options : MethodOptions
    target : str, optional
        Name or number of the class explained; of each sentence the predicted one by default.

    Raises
    ------
    InputError
        If a sentence is empty, or has no word that the model knows, there is no such class, or the
        method cannot explain the model.
    """
    method, told = options.for_sentences()
    wanted = None if target is None else model.class_number(target)
    encoded = []
    for number, text in enumerate(texts, 1):
        where = f"sentence {number}: " if len(texts) > 1 else ""
        try:
            one = model.encode(model.words(text))
        except InputError as error:
            raise InputError(f"{where}{error}") from None
        if not bool(one.ids.any()):
            raise InputError(
                f"{where}{model.name} knows none of its words: {' '.join(one.words)[:80]}"
            )
        encoded.append(one)
    scores = model.scores([one.words for one in encoded])
    predicted = scores.argmax(1).tolist()
    targets = predicted if wanted is None else [wanted] * len(encoded)
    tokens = explain_each(model.network, [one.ids for one in encoded], targets, method)
    sentences = []
    for place, (one, values) in enumerate(zip(encoded, tokens, strict=True)):
        if not bool(values.isfinite().all()):
            raise InputError(f"{told} gives numbers that are not finite; choose a larger epsilon")
        sentences.append(
            Sentence(
                words=one.words,
                relevance=tuple(values.tolist()),
                probabilities=tuple(scores[place].double().softmax(0).tolist()),
                predicted=predicted[place],
                target=targets[place],
                score=float(scores[place, targets[place]]),
                unknown=one.unknown,
            )
        )
    return ExplainedSentences(
        model=model.name,
        classes=model.classes,
        method=told,
        shared=options.shares,
        sentences=tuple(sentences),
        provenance={
            "model": model.name,
            "SHA-256": model.sha256,
            "method": told,
            "naps": naps.__version__,
        },
    )


def write_words(content: ExplainedSentences, folder: Path, units: Sequence[Element] = ()) -> Path:
    """Write ``relevance.json`` and the page; return the page."""
    record = {
        "format": FORMAT,
        "model": content.model,
        "classes": content.classes,
        "method": content.method,
        "sentences": [asdict(s) | {"total": s.total} for s in content.sentences],
        "provenance": dict(content.provenance),
    }
    write_json(folder / "relevance.json", record)
    return words_page(content, folder, units)
