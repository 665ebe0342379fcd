"""Running a recipe that tests the relevance of a sentiment model; finished stages are kept."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from naps.errors import InputError
from naps.files import json_value, write_json, write_text
from naps.models import SentimentModel, load_sentiment_model
from naps.models.sentiment_score import sentiment_accuracy
from naps.pipeline.recipe_file import dump_recipe
from naps.pipeline.run_folder import RunFolder, digest_of
from naps.pipeline.runner import Say, choose_device
from naps.pipeline.sentences import select_sentences
from naps.pipeline.sentiment_recipe import SentimentRecipe
from naps.pipeline.sentiment_stages import (
    Row,
    Subjects,
    Tokens,
    agreement_rows,
    cascade_rows,
    conservation_rows,
    context_rows,
    deletion_rows,
    lowest_rows,
    model_rows,
    predictions,
    relevance_of,
    toy_rows,
)
from naps.report.relevance import relevance_report

Stage = Callable[[SentimentRecipe, Subjects, Tokens], list[Row]]
_STAGES: Mapping[str, Stage] = {
    "deletion": deletion_rows,
    "toy": toy_rows,
    "conservation": conservation_rows,
    "cascade": cascade_rows,
    "agreement": agreement_rows,
    "context": context_rows,
}
# What of the recipe each stage depends on, beside model, sentences and methods.
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "deletion": ("deletion", "seed"),
    "toy": ("toy", "seed"),
    "conservation": ("checked",),
    "cascade": ("checked", "seed"),
    "agreement": ("shuffles", "seed"),
    "context": ("shuffles", "seed"),
}


@dataclass(frozen=True)
class Checked:
    """What a recipe names, all there.

    Attributes
    ----------
    subjects : Subjects
        The model and all sentences.
    long : Subjects
        The model and the sentences that are long enough for words to be deleted.
    other : SentimentModel or None
    """

    subjects: Subjects
    long: Subjects
    other: SentimentModel | None


def check_sentiment(recipe: SentimentRecipe, device: torch.device | None = None) -> Checked:
    """Look at everything that a recipe names.

    Raises
    ------
    InputError
        If a model or the sentences are missing or wrong, the models have different classes, or
        no sentence is long enough.
    """
    where = device or torch.device("cpu")
    model = load_sentiment_model(recipe.model, device=where)
    other = None if recipe.other is None else load_sentiment_model(recipe.other, device=where)
    if other is not None and other.classes != model.classes:
        raise InputError(f"{recipe.other} has other classes than {recipe.model}")
    sentences = select_sentences(recipe.corpus, model)
    long = [s for s in sentences if len(s.words) >= recipe.deletion.shortest]
    if len(long) < 2:
        raise InputError(
            f"{len(long)} of {len(sentences)} sentences have {recipe.deletion.shortest} words or "
            f"more; lower deletion.shortest (and deletion.deletions)"
        )
    return Checked(Subjects(model, sentences), Subjects(model, long), other)


def run_sentiment(
    recipe: SentimentRecipe,
    out: Path,
    *,
    device: str = "auto",
    formats: Sequence[str] = (),
    say: Say = print,
) -> Path:
    """Explain sentences by all methods, test the explanations, and write a report.

    Parameters
    ----------
    recipe : SentimentRecipe
    out : Path
        The run's folder: ``relevance/`` gets a CSV and a JSON of each test and
        ``words.jsonl``, the relevance of each word; see ``docs/run-folder.md``. Stages that were
        finished there with the same inputs are kept.
    device : str
        ``auto``, ``cpu``, ``cuda`` …
    formats : sequence of str
        In which the figures of the report are written as files, too.
    say : callable
        Gets lines for people.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    InputError
        If anything that the recipe names is missing or wrong; before the first stage begins.
    """
    checked = check_sentiment(recipe, choose_device(device))
    run = RunFolder(out)
    run.begin()
    write_text(run.path / "recipe.yaml", dump_recipe(recipe))
    folder = run.path / "relevance"
    write_json(folder / "model.json", _about(checked))
    what = digest_of(
        run.record()["naps"], checked.long.model.sha256, recipe.methods, recipe.epsilon,
        recipe.samples, [(s.id, s.words, s.label) for s in checked.long.sentences],
    )  # fmt: skip
    tokens = _relevance(run, recipe, checked.long, folder / "words.jsonl", what, say)
    for name, stage in _STAGES.items():
        options = [recipe.model_dump(mode="json")[key] for key in _OPTIONS[name]]
        if name == "context":
            options.append([sentence.marked for sentence in checked.long.sentences])
        _step(
            run, name, digest_of(what, name, options), say,
            lambda stage=stage, name=name: _write(  # type: ignore[misc]
                folder / name, stage(recipe, checked.long, tokens)
            ),
        )  # fmt: skip
    if checked.other is not None:
        _compare(run, recipe, checked, tokens, folder, what, say)
    began = time.monotonic()
    page = relevance_report(run.path, formats)
    run.finish("report", "", time.monotonic() - began)
    return page


def _step(run: RunFolder, name: str, digest: str, say: Say, job: Callable[[], None]) -> None:
    if run.is_done(name, digest):
        say(f"{name}: already done")
        return
    began = time.monotonic()
    job()
    run.finish(name, digest, time.monotonic() - began)
    say(f"{name}: {time.monotonic() - began:.1f} s")


def _relevance(
    run: RunFolder, recipe: SentimentRecipe, subjects: Subjects, path: Path, digest: str, say: Say
) -> Tokens:
    """Explain all sentences, or read what was found before."""

    def job() -> None:
        seconds: dict[str, float] = {}
        tokens: dict[str, Sequence[torch.Tensor]] = {}
        for method in recipe.methods:
            began = time.monotonic()
            tokens[method] = relevance_of(recipe, subjects, method)
            seconds[method] = round(time.monotonic() - began, 2)
        run.update({"seconds_of_methods": seconds})
        predicted = predictions(subjects).tolist()
        lines = [
            {
                "id": sentence.id, "words": sentence.words, "label": sentence.label,
                "predicted": guess,
                "relevance": {method: tokens[method][place].tolist() for method in tokens},
            }
            for place, (sentence, guess) in enumerate(
                zip(subjects.sentences, predicted, strict=True)
            )
        ]  # fmt: skip
        write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))

    _step(run, "relevance", digest, say, job)
    try:
        records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return {
            method: [
                torch.tensor(record["relevance"][method], dtype=torch.float64) for record in records
            ]
            for method in recipe.methods
        }
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: damaged ({error}); use another --out") from None


def _compare(
    run: RunFolder,
    recipe: SentimentRecipe,
    checked: Checked,
    tokens: Tokens,
    folder: Path,
    what: str,
    say: Say,
) -> None:
    """Compare what the second model finds relevant."""
    assert checked.other is not None
    both = (checked.long, Subjects(checked.other, checked.long.sentences))

    def job() -> None:
        others = {method: relevance_of(recipe, both[1], method) for method in recipe.methods}
        _write(folder / "models", model_rows(recipe, both, tokens, others))
        _write(folder / "lowest", lowest_rows(recipe, both, tokens, others))

    options = (checked.other.sha256, recipe.shuffles, recipe.seed)
    _step(run, "models", digest_of(what, "models", options), say, job)


def _about(checked: Checked) -> dict[str, object]:
    """Say how good the models are at what they are asked about."""
    sentences = checked.subjects.sentences
    facts: dict[str, object] = {"sentences": len(sentences), "long": len(checked.long.sentences)}
    scores = {}
    for name, model in (("model", checked.subjects.model), ("other", checked.other)):
        if model is None:
            facts[name] = None
            continue
        scores[name] = model.scores([s.words for s in sentences])
        unknown = sum(len(model.encode(s.words).unknown) for s in sentences)
        facts[name] = {
            "name": model.name,
            "sha256": model.sha256,
            "classes": model.classes,
            "parameters": sum(p.numel() for p in model.network.parameters()),
            "unknown_words": unknown,
            "accuracy": asdict(sentiment_accuracy(scores[name], [s.label for s in sentences])),
            "facts": dict(model.facts or {}),
        }
    if "other" in scores:
        same = scores["model"].argmax(1) == scores["other"].argmax(1)
        facts["same_class"] = float(same.double().mean())
    return facts


def _write(path: Path, rows: Sequence[Row]) -> None:
    """Write a table as CSV and as JSON; what is no finite number is empty."""
    plain = json_value(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(plain[0]) if plain else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain)
    write_text(path.with_suffix(".csv"), text.getvalue())
    write_json(path.with_suffix(".json"), plain)
