"""The events stage of a recipe: modes, phone times, exports, and what the check finds."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from naps.corpus import Interval, read_ctm, read_textgrid, write_textgrid
from naps.errors import InputError
from naps.models import Recognizer, save_recognizer
from naps.phonology import inventory
from naps.pipeline import ProfileRecipe, run_recipe
from naps.pipeline.check import check_recipe

SAID = ["DH", "AH", "K", "AE", "T", "S", "AE", "T", "AA", "N", "DH", "AH", "M", "AE", "T"]


@pytest.fixture
def recipe(tmp_path: Path, corpus: Path, recognizer: Recognizer) -> ProfileRecipe:
    save_recognizer(tmp_path / "small.safetensors", recognizer)
    return ProfileRecipe.model_validate(
        {
            "name": "small",
            "model": str(tmp_path / "small.safetensors"),
            "corpus": {"path": str(corpus)},
            "g2p": None,
        }
    )


def times(folder: Path, names: list[str], tier: str = "phones") -> Path:
    """Write a TextGrid for each utterance: a phone every quarter of a second, from 0.25 s on."""
    folder.mkdir(exist_ok=True)
    phones = tuple(
        Interval.from_seconds(0.25 * (i + 1), 0.25 * (i + 2), phone) for i, phone in enumerate(SAID)
    )
    for name in names:
        write_textgrid(folder / f"{name}.TextGrid", {tier: phones}, 4.0)
    return folder


def changed(recipe: ProfileRecipe, **events: Any) -> ProfileRecipe:
    return ProfileRecipe.model_validate(recipe.model_dump(mode="json") | {"events": events})


def run(recipe: ProfileRecipe, folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    run_recipe(recipe, folder, until="events", say=lambda _: None)
    return (
        pd.read_parquet(folder / "events" / "events.parquet"),
        json.loads((folder / "events" / "summary.json").read_text()),
    )


NAMES = ["u0", "u1", "u2", "u3"]


def test_labels_are_measured_against_phone_times(tmp_path: Path, recipe: ProfileRecipe) -> None:
    known = times(tmp_path / "grids", NAMES)
    table, summary = run(
        changed(recipe, mode="reference", alignments=str(known), delay_ms=20), tmp_path / "run"
    )
    quality = summary["label_quality"]
    assert quality["events"] == table["phoneme"].notna().sum() == 4 * len(SAID)
    assert 0 <= quality["share"] <= 1
    assert quality["tolerance_ms"] == 40
    assert summary["delay_ms"] == 20
    assert summary["phone_sources"] == {"lexicon": len(table) - 0}
    groups = pd.read_csv(tmp_path / "run" / "events" / "label_quality.csv")
    assert set(groups["by"]) == {"manner", "phoneme", "phone_source", "correct"}
    assert groups.loc[groups["by"] == "manner", "events"].sum() == quality["events"]
    assert (tmp_path / "run" / "events" / "label_offsets.csv").is_file()


def test_words_are_said_in_the_language_of_the_speech(
    tmp_path: Path, recipe: ProfileRecipe
) -> None:
    german = recipe.model_copy(update={"lexicon": None, "g2p": "auto"})
    table, summary = run(changed(german, mode="reference", language="de"), tmp_path / "run")
    assert summary["language"] == "de"
    phones = inventory("de")
    assert set(table["phoneme"].dropna()) <= set(phones)
    assert table["phoneme"].notna().any()
    with pytest.raises(InputError, match="cmudict is of language 'en', but 'de' is spoken"):
        check_recipe(changed(recipe.model_copy(update={"lexicon": "cmudict"}), language="de"))


def test_other_phone_times_under_the_same_name_are_measured_again(
    tmp_path: Path, recipe: ProfileRecipe
) -> None:
    known = times(tmp_path / "grids", NAMES[:2])
    measured = changed(recipe, mode="reference", alignments=str(known))
    first = run(measured, tmp_path / "run")[1]["label_quality"]["events"]
    times(tmp_path / "grids", NAMES)
    assert run(measured, tmp_path / "run")[1]["label_quality"]["events"] == 2 * first
    said: list[str] = []
    run_recipe(measured, tmp_path / "run", until="events", say=said.append)
    assert said[-1] == "events: already done"


def test_a_few_strange_labels_do_not_stop_a_run(tmp_path: Path, recipe: ProfileRecipe) -> None:
    known = times(tmp_path / "grids", NAMES)
    grid = known / "u0.TextGrid"
    grid.write_text(grid.read_text("utf-8").replace('"AA"', '"Q9"'), "utf-8")
    measured = changed(recipe, mode="reference", alignments=str(known))
    _, summary = run(measured, tmp_path / "run")
    assert summary["label_quality"]["events"] == 4 * len(SAID)


def test_tiers_of_the_manifest_that_are_no_phones_are_left_alone(
    tmp_path: Path, corpus: Path, recipe: ProfileRecipe
) -> None:
    manifest = corpus / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    for row, tier in zip(rows, ["phones", "phones", "lips", "words"], strict=True):
        row["tiers"] = {tier: [[0.0, 1.0, "cat"], [1.0, 2.0, "mat"]]}
    manifest.write_text("\n".join(json.dumps(r) for r in rows) + "\n", encoding="utf-8")
    assert run(recipe, tmp_path / "run")[1]["label_quality"] is None


def test_without_phone_times_there_is_nothing_to_measure(
    tmp_path: Path, recipe: ProfileRecipe
) -> None:
    _, summary = run(recipe, tmp_path / "run")
    assert summary["label_quality"] is None
    assert not (tmp_path / "run" / "events" / "label_quality.csv").exists()


def test_given_intervals_become_events_and_profiles(tmp_path: Path, recipe: ProfileRecipe) -> None:
    known = times(tmp_path / "grids", NAMES[:3])
    given = changed(recipe, mode="given", alignments=str(known)).model_copy(
        update={"max_bad_share": 0.25, "lexicon": None}
    )
    table, summary = run(given, tmp_path / "run")
    assert list(table["phoneme"]) == SAID * 3
    assert summary["used"] == 3
    dropped = pd.read_csv(tmp_path / "run" / "events" / "dropped.csv")
    assert list(dropped["reason"]) == ["no_intervals"]


def test_exports(tmp_path: Path, recipe: ProfileRecipe) -> None:
    wanted = ["textgrid", "ctm", "csv", "parquet"]
    table, _ = run(changed(recipe, mode="reference", export=wanted), tmp_path / "run")
    folder = tmp_path / "run" / "events"
    grid = read_textgrid(folder / "textgrid" / "u0.TextGrid")
    assert [i.label for i in grid["words"] if i.label] == ["the", "cat", "sat", "on", "the", "mat"]
    assert [i.label for i in grid["phones"] if i.label] == SAID
    first = table[(table["utterance"] == "u0") & table["phoneme"].notna()].iloc[0]
    start, end = next((i.start_s, i.end_s) for i in grid["phones"] if i.label)
    assert start - 1e-3 <= first["time_s"] <= end + 1e-3
    assert set(read_ctm(folder / "ctm" / "phones.ctm")) == set(NAMES)
    rows = pd.read_csv(folder / "csv" / "intervals.csv")
    assert set(rows["tier"]) == {"phones", "letters", "words"}
    assert len(rows) == len(pd.read_parquet(folder / "parquet" / "intervals.parquet"))


def test_the_check_looks_at_phone_times(tmp_path: Path, recipe: ProfileRecipe) -> None:
    known = str(times(tmp_path / "grids", NAMES[:1], tier="lips"))
    empty = tmp_path / "empty"
    empty.mkdir()
    cases = [
        ({"mode": "given"}, "the manifest has no tiers; --set events.alignments"),
        ({"alignments": str(tmp_path / "none")}, "no such file or folder"),
        ({"alignments": str(empty)}, "looked for ID.TextGrid"),
        ({"alignments": known}, "those there are: 'lips'"),
        ({"alignments": known, "tier": "words"}, "those there are: 'lips'"),
        ({"alignments": known, "tier": "lips", "mode": "given"}, "3 of 4 utterances have no"),
        ({"alignments": known, "tier": "lips", "notation": "ipa"}, "are no ipa of language 'en'"),
    ]
    for events, message in cases:
        with pytest.raises(InputError, match=message):
            check_recipe(changed(recipe, **events))
    check_recipe(changed(recipe, alignments=known, tier="lips"))


def test_unknown_letters_digits_and_empty_words(
    tmp_path: Path, corpus: Path, recipe: ProfileRecipe
) -> None:
    manifest = corpus / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    for row, text in zip(rows, ["日本", "route 66", "  the -- cat  ", ""], strict=True):
        row["text"] = text
    manifest.write_text("\n".join(json.dumps(r) for r in rows) + "\n", encoding="utf-8")
    lenient = recipe.model_copy(update={"max_bad_share": 0.75})
    table, summary = run(changed(lenient, mode="reference"), tmp_path / "run")
    assert list(table["utterance"].unique()) == ["u2"]
    assert "".join(table["letter"]) == "thecat"
    dropped = pd.read_csv(tmp_path / "run" / "events" / "dropped.csv")
    assert list(dropped.loc[dropped["stage"] == "events", "reason"]) == ["no_text"] * 3
    assert summary["used"] == 1
