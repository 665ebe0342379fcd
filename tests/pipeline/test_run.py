import json
import os
import time
from pathlib import Path

import pandas as pd
import pytest

from naps.errors import InputError
from naps.models import Recognizer, save_recognizer
from naps.pipeline import ProfileRecipe, run_recipe
from naps.pipeline.check import check_recipe, forecast
from naps.pipeline.clustering import categories_of
from naps.pipeline.recipe import CorpusConfig
from naps.pipeline.runner import STAGES, choose_device
from naps.pipeline.stages import select_utterances
from naps.profiles import load_profiles


@pytest.fixture
def recipe(tmp_path: Path, corpus: Path, recognizer: Recognizer) -> ProfileRecipe:
    """A whole experiment in miniature."""
    save_recognizer(tmp_path / "small.safetensors", recognizer)
    return ProfileRecipe.model_validate(
        {
            "name": "small",
            "model": str(tmp_path / "small.safetensors"),
            "corpus": {"path": str(corpus)},
            "profiles": {"groups": ["letter", "room"], "edges": "keep"},
            "clusters": {"min_count": 1, "permutations": 100},
        }
    )


def quiet(_: str) -> None:
    """Say nothing."""


def change(recipe: ProfileRecipe, part: str, **values: object) -> ProfileRecipe:
    data = recipe.model_dump(mode="json")
    data[part] |= values
    return ProfileRecipe.model_validate(data)


def one_layer(recipe: ProfileRecipe) -> ProfileRecipe:
    """One layer and kind: writing files and drawing take longer than all that is computed."""
    return change(recipe, "profiles", layers=["conv9"], kinds=["grad"])


def test_from_corpus_to_report(tmp_path: Path, recipe: ProfileRecipe) -> None:
    run = tmp_path / "run"
    # All layers are averaged and clustered, but few drawn.
    layers = change(recipe, "profiles", groups=["letter"], kinds=["grad"])
    run_recipe(layers, run, until="clusters", say=quiet)
    assert len(load_profiles(run / "profiles" / "letter-grad.nc")) == 11
    assert len(json.loads((run / "clusters" / "letter-grad.json").read_text())["layers"]) == 11
    index = run_recipe(one_layer(recipe), run, say=quiet)
    assert index == run / "report" / "index.html"
    assert (run / "report" / "conv9.html").is_file()
    record = json.loads((run / "run.json").read_text())
    assert tuple(record["stages"]) == STAGES
    assert record["model"]["name"] == "small"
    assert len(record["model"]["sha256"]) == 64
    assert record["layers"][0]["name"] == "input"
    assert record["layers"][0]["channels"] == 16
    assert record["layers"][9] == {
        "name": "conv9",
        "channels": 12,
        "stride": 2,
        "offset": -97,
        "receptive_field": 194,
    }
    summary = json.loads((run / "events" / "summary.json").read_text())
    assert summary["utterances"] == summary["used"] == 4
    assert summary["error_rates"]["test"]["utterances"] == 4
    tree = json.loads((run / "clusters" / "room-grad.json").read_text())["layers"]["conv9"]
    assert tree["labels"] == ["r0", "r1"]
    statistics = pd.read_csv(run / "clusters" / "statistics.csv")
    assert set(statistics["group"]) == {"letter", "room"}
    assert not list(run.rglob(".*")), "no half-written files are left"


def test_finished_stages_are_kept_and_changed_ones_redone(
    tmp_path: Path, recipe: ProfileRecipe
) -> None:
    run = tmp_path / "run"
    recipe = one_layer(recipe)
    run_recipe(recipe, run, until="profiles", say=quiet)
    files = {n: (run / n).stat().st_mtime_ns for n in ("events/events.parquet",)}
    said: list[str] = []
    run_recipe(recipe, run, until="profiles", say=said.append)
    assert said[1:] == ["events: already done", "profiles: already done"]
    changed = recipe.model_copy(
        update={"profiles": recipe.profiles.model_copy(update={"mask": "none"})}
    )
    said.clear()
    run_recipe(changed, run, until="profiles", say=said.append)
    assert said[1] == "events: already done"
    assert not said[2].endswith("already done")
    assert files == {n: (run / n).stat().st_mtime_ns for n in files}


def test_an_interruption_loses_nothing_finished(tmp_path: Path, recipe: ProfileRecipe) -> None:
    run = tmp_path / "run"

    def interrupt(items: object, stage: str) -> object:
        if stage == "profiles":
            raise KeyboardInterrupt
        return items

    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe, run, progress=interrupt, say=quiet)
    assert (run / "events" / "events.parquet").is_file()
    assert not list((run / "profiles").glob("*.nc"))
    said: list[str] = []
    run_recipe(one_layer(recipe), run, say=said.append)
    assert "events: already done" in said
    assert (run / "report" / "index.html").is_file()


def test_the_same_recipe_gives_the_same_numbers(tmp_path: Path, recipe: ProfileRecipe) -> None:
    recipe = change(recipe, "profiles", layers=["conv1", "conv9"])
    for name in ("a", "b"):
        run_recipe(recipe, tmp_path / name, until="clusters", say=quiet)
    for file in ("clusters/statistics.csv", "clusters/letter-grad.json", "events/transcripts.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_changed_corpus_is_noticed(tmp_path: Path, corpus: Path, recipe: ProfileRecipe) -> None:
    run = tmp_path / "run"
    run_recipe(recipe, run, until="events", say=quiet)
    lines = (corpus / "manifest.jsonl").read_text().splitlines()
    (corpus / "manifest.jsonl").write_text("\n".join(lines[:3]))
    run_recipe(recipe, run, until="events", say=quiet)
    assert json.loads((run / "events" / "summary.json").read_text())["utterances"] == 3


def test_read_only_folder(tmp_path: Path, recipe: ProfileRecipe) -> None:
    # A file where the folder should be refuses even the super-user.
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(InputError, match="choose another folder"):
        run_recipe(recipe, tmp_path / "run", say=quiet)
    if os.geteuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        with pytest.raises(InputError, match="choose another folder"):
            run_recipe(recipe, locked / "run", say=quiet)


def test_everything_wrong_is_found_before_anything_is_done(
    tmp_path: Path, corpus: Path, recipe: ProfileRecipe
) -> None:
    cases = [
        (change(recipe, "profiles", layers=["conv77"]), "there are: input, conv1"),
        (change(recipe, "profiles", groups=["mood"]), "no column 'mood'.*room"),
        (change(recipe, "corpus", path=str(tmp_path / "none")), "no such folder"),
        (change(recipe, "corpus", path=None), "--set corpus.path=FOLDER"),
        (change(recipe, "corpus", splits=["train"]), r"its splits are \['test'\]"),
        (change(recipe, "corpus", layout="tapes", path=str(tmp_path)), "no layout 'tapes'"),
        (recipe.model_copy(update={"lexicon": str(tmp_path / "no.dict")}), "no.dict"),
        (recipe.model_copy(update={"model": "nothing"}), "no such model"),
    ]
    for wrong, message in cases:
        with pytest.raises(InputError, match=message):
            run_recipe(wrong, tmp_path / "run", say=quiet)
        assert not (tmp_path / "run").exists()


def test_missing_sound_is_found_by_the_check(corpus: Path, recipe: ProfileRecipe) -> None:
    (corpus / "u1.wav").unlink()
    (corpus / "u3.wav").write_bytes(b"not sound")
    with pytest.raises(InputError, match=r"2 of 4 sound files .* u1\.wav|2 of 4 sound files"):
        check_recipe(recipe)
    tolerant = recipe.model_copy(update={"max_bad_share": 0.5})
    assert len(check_recipe(tolerant)[1]) == 4


def test_forecast_knows_size_and_takes_seconds(recipe: ProfileRecipe) -> None:
    began = time.monotonic()
    expected = forecast(recipe, *check_recipe(recipe))
    assert expected.audio_s == pytest.approx(16.0)
    assert expected.sums_mib > 0
    assert expected.seconds is not None
    assert expected.seconds > 0
    assert time.monotonic() - began < 60


def test_embedded_corpus_is_there_in_two_languages() -> None:
    english, german = (
        select_utterances(CorpusConfig(layout="embedded", language=x)) for x in ("en", "de")
    )
    assert len(english) == 60
    assert len(german) == 28
    for utterance in [*english, *german]:
        assert utterance.audio.is_file()
        assert utterance.duration_s is not None
        phones = utterance.tiers["phones"]
        assert phones[-1].end_s <= utterance.duration_s + 0.05
        assert len(utterance.tiers["words"]) >= 8
    assert select_utterances(CorpusConfig(layout="embedded", limit=2)) is not None
    size = sum(p.stat().st_size for p in english[0].audio.parent.iterdir())
    assert size < 4_000_000


def test_categories() -> None:
    assert categories_of(["AA", "P"], "phoneme") == {
        "manner": ["vowel", "stop"],
        "place": ["vowel", "labial"],
        "voicing": ["vowel", "voiceless"],
        "vowel": ["vowel", "consonant"],
    }
    assert categories_of(["a", "p"], "letter") == {"vowel": ["vowel", "consonant"]}
    assert categories_of(["a", "p"], "phoneme")["manner"] == ["vowel", "stop"]
    assert categories_of(["r0", "r1"], "room") == {}


def test_unknown_device() -> None:
    assert choose_device("cpu").type == "cpu"
    with pytest.raises(InputError, match="--device nonsense"):
        choose_device("nonsense")
