"""From somebody else's network to profiles, through autograd."""

from pathlib import Path

import numpy as np
import pytest
import torch

import naps
from naps.corpus import (
    Alignments,
    FeatureConfig,
    Interval,
    Utterance,
    read_audio,
    read_manifest,
)
from naps.events import EventOptions, find_events
from naps.models import ENGLISH, Adapter, Recognizer, from_bundle
from naps.models.python_model import as_recognizer
from naps.profiles import ProfileOptions, profile_events
from tests.models.strangers import LetterBundle, LetterlessBundle, Packed, packed


@pytest.fixture
def utterances(corpus: Path) -> list[Utterance]:
    """Four short recordings."""
    return read_manifest(corpus / "manifest.jsonl")


def sure(bundle: LetterBundle) -> LetterBundle:
    """Make letters likelier than blanks, so that random weights make events."""
    with torch.no_grad():
        bundle.model.aux.bias[0] = -3.0  # type: ignore[union-attr]
        bundle.model.aux.weight *= 30  # type: ignore[union-attr]
    return bundle


def test_profiles_of_wav2vec2(utterances: list[Utterance]) -> None:
    model = from_bundle(sure(LetterBundle()), "tiny")
    found = find_events(model, utterances)
    table = found.table
    assert len(table) > 20
    assert set(table["letter"]) <= set(model.alphabet.symbols)
    # The time of an event is the middle of the 25 ms that its frame stands for.
    np.testing.assert_allclose(table["time_s"], (table["frame"] * 320 + 199) / 16_000)
    layers = ["feature_extractor.conv_layers.6", "encoder.transformer.layers.1"]
    result = profile_events(
        model, utterances, table, groups=("letter", "room"),
        options=ProfileOptions(layers=layers, lags_ms=(-100.0, 100.0), edges="keep"),
    )  # fmt: skip
    for (_, kind), profiles in result.profiles.items():
        assert list(profiles) == layers
        for name in layers:
            profile = profiles[name]
            assert profile.attrs["stride"] == 320
            assert profile["mean"].shape[1:] == (11, 8 if "conv" in name else 12)
            assert np.isfinite(profile["mean"].values).all()
            if kind == "grad":
                assert profile["mask"].values.max() > 0
    # The plain mean at lag 0, from the activations of the network itself.
    rooms = result.profiles["room", "nap"]["encoder.transformer.layers.1"]
    rows = []
    for utterance in utterances:
        here = table[(table["utterance"] == utterance.id) & (table["room"] == "r0")]
        if not len(here):
            continue
        x = model.spectrogram(read_audio(utterance.audio))[None]
        with torch.no_grad():
            activation = model.network.watched(x)[0]["encoder.transformer.layers.1"][0]
        rows.append(activation[torch.tensor(here["frame"].to_numpy())].double().numpy())
    expected = np.concatenate(rows).mean(0)
    got = rooms["mean"].sel(label="r0", lag=0).values
    np.testing.assert_allclose(got, expected, atol=1e-5, rtol=1e-4)


def test_profiles_of_a_class_of_ones_own(utterances: list[Utterance]) -> None:
    torch.manual_seed(9)
    features = FeatureConfig(n_mels=6)
    module = Packed()
    with torch.no_grad():
        module.letters.weight *= 30
    model = as_recognizer(
        Recognizer("mine", Adapter(module, features, call=packed), features, ENGLISH), "mine:net"
    )
    events = naps.find_events(model, utterances, lexicon=None, g2p=None)
    assert len(events.table) > 4
    profiles = naps.profile(model, utterances, events, group="letter", edges="keep")
    assert list(profiles) == ["input", "lstm"]
    assert profiles["lstm"].sizes["channel"] == 10
    assert profiles["lstm"].attrs["model_sha256"] == model.sha256


def test_profiles_of_a_network_that_writes_nothing(utterances: list[Utterance]) -> None:
    model = from_bundle(LetterlessBundle(), "letterless")
    phones = tuple(Interval(8_000 * i, 8_000 * (i + 1), "AA", 16_000) for i in range(8))
    alignments = Alignments({u.id: {"phones": phones} for u in utterances}, {})
    found = find_events(
        model, utterances, alignments=alignments, options=EventOptions(mode="given")
    )
    assert len(found.table) == 32
    assert not found.error_rates()
    assert not found.drops
    assert found.table["letter"].isna().all()
    assert found.table["unit"].between(0, 11).all()
    result = profile_events(
        model, utterances, found.table, groups=("phoneme",),
        options=ProfileOptions(lags_ms=(-60.0, 60.0), edges="keep"),
    )  # fmt: skip
    top = result.profiles["phoneme", "nap"]["encoder.transformer.layer_norm"]
    assert top["count"].values.tolist() == [32]
