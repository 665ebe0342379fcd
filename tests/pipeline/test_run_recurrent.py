import json
import re
from pathlib import Path

import pytest
import torch
import xarray as xr

from naps.corpus import FeatureConfig
from naps.errors import InputError
from naps.models import ENGLISH, LSTMConfig, LSTMRecognizer, Recognizer, save_recognizer
from naps.pipeline import ProfileRecipe, run_recipe
from naps.pipeline.check import check_recipe, forecast
from naps.pipeline.recipe_file import load_recipe

TAP = "lstm1.forget"


@pytest.fixture
def recipe(tmp_path: Path, corpus: Path) -> ProfileRecipe:
    """Layers and a gate of a small LSTM recognizer."""
    torch.manual_seed(0)
    sizes = LSTMConfig(n_mels=8, n_outputs=len(ENGLISH), hidden=4, layers=2, front=5)
    network = LSTMRecognizer(sizes).eval()
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    file = tmp_path / "rows.safetensors"
    save_recognizer(file, Recognizer("rows", network, FeatureConfig(n_mels=8), ENGLISH))
    return ProfileRecipe.model_validate(
        {
            "name": "rows",
            "model": str(file),
            "corpus": {"path": str(corpus)},
            "profiles": {
                "groups": ["room"],
                "edges": "keep",
                "layers": ["conv1", "lstm1", TAP],
                "lags_ms": [-120, 240],
            },
            "clusters": {"min_count": 1, "permutations": 50},
        }
    )


def quiet(_: str) -> None:
    """Say nothing."""


def test_a_gate_from_corpus_to_report(tmp_path: Path, recipe: ProfileRecipe) -> None:
    run = tmp_path / "run"
    index = run_recipe(recipe, run, say=quiet).read_text("utf-8")
    layers = {row["name"]: row for row in json.loads((run / "run.json").read_text())["layers"]}
    assert list(layers) == ["input", "conv1", "lstm1", TAP, "lstm2", "output"]
    assert layers["conv1"]["receptive_field"] == 11
    assert layers[TAP]["receptive_field"] is None
    with xr.open_dataset(run / "profiles" / "room-nap.nc", group=TAP) as profile:
        assert profile["lag"].values.tolist() == list(range(-4, 9))
        assert (profile["mean"].values > 0).all()
    for end in ("distances", "linkage"):
        assert (run / "clusters" / "room-grad" / f"{TAP}-{end}.csv").is_file()
    assert f'<a href="{TAP}.html">{TAP}</a>' in index
    assert index.count("whole utterance") == 2 * 4
    page = (run / "report" / f"{TAP}.html").read_text("utf-8")
    assert "<h1>Layer lstm1.forget</h1>" in page
    assert "<dd>whole utterance</dd>" in page
    identities = re.findall(r'\sid="([^"]+)"', page)
    assert len(identities) == len(set(identities))
    for link in re.findall(r'href="([^"#][^":]*)"', page):
        assert (run / "report" / link).is_file(), link
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert anchor in identities
    assert "11 frames (110 ms)" in (run / "report" / "conv1.html").read_text("utf-8")


def test_the_forecast_knows_the_lags(recipe: ProfileRecipe) -> None:
    model, utterances = check_recipe(recipe)
    found = forecast(recipe, model, utterances)
    # 5 sums of doubles, the two rooms of the manifest, 13 steps.
    assert found.sums_mib == pytest.approx(8 * 5 * 2 * 13 * (5 + 8 + 8) / 2**20)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("profiles.lags_ms=[100, 100]", "profiles.lags_ms: .*100 is not below 100"),
        ("profiles.lags_ms=[1]", "profiles.lags_ms"),
        ("profiles.lags_ms=far", "profiles.lags_ms"),
        ("profiles.lags_ms=[-100, 100]", "wav2letter-en-mini are those of its receptive field"),
        ("profiles.layers=[conv1.cell]", "no layer 'conv1.cell' in wav2letter-en-mini; there are"),
    ],
)
def test_lags_that_cannot_be(setting: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_recipe(load_recipe("demo", [setting]))
