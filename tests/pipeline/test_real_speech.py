"""The main job on real LibriSpeech: speakers that the shipped recognizer never heard."""

import json
from pathlib import Path

import pandas as pd
import pytest

from naps.models import load_model
from naps.pipeline import load_recipe, run_recipe
from naps.pipeline.recipe import ProfileRecipe

pytestmark = [pytest.mark.data, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe ``librispeech_en`` on the test split."""
    folder = tmp_path_factory.mktemp("librispeech") / "run"
    settings = [f"corpus.path={data / 'librispeech'}", "corpus.splits=[test]"]
    # These have tests of their own, and would triple the time.
    settings += ["controls={}", "probes={}"]
    recipe = load_recipe("librispeech_en", settings)
    assert isinstance(recipe, ProfileRecipe)
    assert run_recipe(recipe, folder, say=lambda _: None).is_file()
    return folder


def test_error_rate_is_that_of_the_model_card(run: Path) -> None:
    summary = json.loads((run / "events" / "summary.json").read_text())
    facts = load_model("wav2letter-en-mini").facts
    assert facts is not None
    stated = facts["error_rates"]["librispeech test"]
    assert summary["error_rates"]["test"]["utterances"] == stated["utterances"] == 50
    assert summary["error_rates"]["test"]["cer"] == pytest.approx(stated["cer"], abs=0.003)


def test_phonemes_lie_together_by_manner_beyond_chance(run: Path) -> None:
    table = pd.read_csv(run / "clusters" / "statistics.csv")
    manner = table[
        (table["group"] == "phoneme")
        & (table["kind"] == "grad")
        & (table["category"] == "manner")
        & (table["statistic"] == "silhouette")
        & table["layer"].isin(["conv7", "conv8", "conv9", "conv10"])
    ]
    assert len(manner) == 4
    assert (manner["value"] > manner["chance_p99"]).any()


def test_nothing_is_lost_silently(run: Path) -> None:
    events = pd.read_parquet(run / "events" / "events.parquet")
    dropped = pd.read_csv(run / "profiles" / "dropped.csv")
    used = json.loads((run / "profiles" / "summary.json").read_text())["events"]
    assert used + dropped["count"].sum() == len(events)
    without = events["phoneme"].isna()
    assert (events[without]["phone_reason"].notna()).all()
    assert (events[~without]["phone_reason"].isna()).all()


def test_pages_stay_small(run: Path) -> None:
    pages = list((run / "report").glob("*.html"))
    mapped = sum(page.stem.endswith("-maps") for page in pages)
    assert (len(pages) - mapped, mapped) == (12, 4)
    assert max(page.stat().st_size for page in pages) < 3_000_000
