from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from naps.corpus import read_audio, read_manifest
from naps.errors import InputError
from naps.events import find_events
from naps.events.table import to_table
from naps.models import Recognizer
from naps.profiles import (
    ProfileOptions,
    Profiles,
    contrast,
    load_profiles,
    profile_events,
    save_profiles,
    traceable_layers,
)
from naps.profiles.moments import Moments
from tests.oracles.profiles import crop_event, grad_event, mean_over

LAYERS = ["input", *[f"conv{i}" for i in range(1, 11)]]


def some_events(recognizer: Recognizer, corpus: Path, margin: int = 49) -> pd.DataFrame:
    """Make events at known frames, so that tests do not hang on what random weights predict."""
    random = np.random.default_rng(3)
    rows = []
    for utterance in read_manifest(corpus / "manifest.jsonl"):
        samples = read_audio(utterance.audio)
        frames = len(recognizer.spectrogram(samples)) // 2
        for frame in random.integers(margin, frames - margin, 6).tolist():
            unit = int(random.integers(0, 28))
            label = "abc"[int(random.integers(0, 3))]
            rows.append(
                {"utterance": utterance.id, "frame": frame, "unit": unit, "letter": label}
                | {"room": utterance.columns["room"]}
            )
    return to_table(rows)


def test_profiles_equal_the_oracle(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = some_events(recognizer, corpus)
    result = profile_events(
        recognizer, utterances, events, groups=("letter",), options=ProfileOptions(batch=4)
    )
    assert result.events == len(events)
    spectrograms = {u.id: recognizer.spectrogram(read_audio(u.audio)) for u in utterances}
    plain, adjusted = defaultdict(list), defaultdict(list)
    for event in events.itertuples():
        activations, gradients = crop_event(
            recognizer.network, spectrograms[event.utterance], event.frame, event.unit
        )
        for index, (a, g) in enumerate(zip(activations, gradients, strict=True)):
            plain[index, event.letter].append((a, np.ones(len(a), bool)))
            adjusted[index, event.letter].append(grad_event(a, g))
    for index, name in enumerate(LAYERS):
        nap, grad = (result.profiles["letter", kind][name] for kind in ("nap", "grad"))
        for number, label in enumerate(nap["label"].values):
            rows = plain[index, str(label)]
            mean, std = mean_over([a for a, _ in rows], [v for _, v in rows])
            np.testing.assert_allclose(nap["mean"][number], mean, atol=2e-5)
            np.testing.assert_allclose(nap["std"][number], std, atol=1e-3)
            assert int(nap["count"][number]) == len(rows)
            masked = adjusted[index, str(label)]
            valid = [v for _, _, v, _ in masked]
            mean, std = mean_over([x for x, *_ in masked], valid)
            np.testing.assert_allclose(grad["mean"][number], mean, atol=2e-5)
            np.testing.assert_allclose(grad["std"][number], std, atol=1e-3)
            mask, _ = mean_over([m for _, m, _, _ in masked], valid)
            np.testing.assert_allclose(grad["mask"][number], mask, atol=2e-5)
            assert grad["lag_count"][number].values.tolist() == np.sum(valid, 0).tolist()
            shifts = [s for *_, s in masked]
            assert float(grad["shift"][number]) == pytest.approx(np.mean(shifts))


def test_one_pass_gives_what_separate_passes_do(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = some_events(recognizer, corpus)
    both = profile_events(recognizer, utterances, events, groups=("letter", "room"))
    for group in ("letter", "room"):
        for kind in ("nap", "grad"):
            alone = profile_events(
                recognizer, utterances, events, groups=(group,), kinds=(kind,),
                options=ProfileOptions(layers=["conv3", "conv9"], batch=7),
            )  # fmt: skip
            assert list(alone.profiles[group, kind]) == ["conv3", "conv9"]
            for layer in ("conv3", "conv9"):
                a, b = both.profiles[group, kind][layer], alone.profiles[group, kind][layer]
                np.testing.assert_allclose(a["mean"], b["mean"], atol=1e-6)


def test_edges_are_dropped_and_counted_or_kept(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")[:1]
    events = to_table(
        {"utterance": "u0", "frame": f, "unit": 1, "letter": "a"} for f in (0, 48, 49, 100)
    )
    dropped = profile_events(recognizer, utterances, events, groups=("letter",))
    assert dropped.events == 2
    assert [(d.reason, d.count) for d in dropped.drops] == [("edge", 2)]
    options = ProfileOptions(edges="keep", align="none", mask="none")
    kept = profile_events(recognizer, utterances, events, groups=("letter",), options=options)
    assert kept.events == 4
    profile = kept.profiles["letter", "grad"]["input"]
    counts = profile["lag_count"].values[0]
    assert counts.max() == 4
    assert counts[0] == 2  # frames 0 and 48 have nothing so far in front of them
    spectrogram = recognizer.spectrogram(read_audio(utterances[0].audio)).numpy()
    lag = 100  # 3 frames after the middle
    rows = [spectrogram[2 * f - 97 + lag] for f in (0, 48, 49, 100)]
    np.testing.assert_allclose(profile["mean"].values[0, lag], np.mean(rows, 0), atol=1e-5)


def test_input_profile_in_time(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    result = profile_events(
        recognizer, utterances, some_events(recognizer, corpus), groups=("letter",)
    )
    nap = result.profiles["letter", "nap"]
    # Every layer's window lies around the event; the middle of the field is half a frame early.
    for name, dataset in nap.items():
        assert float(dataset["time_ms"].mean()) == pytest.approx(-5.0), name
    assert float(nap["conv1"]["time_ms"][1] - nap["conv1"]["time_ms"][0]) == pytest.approx(20.0)
    grad = result.profiles["letter", "grad"]["conv1"]
    assert float(grad["time_ms"][grad.sizes["lag"] // 2]) == 0.0


def test_contrasts_sum_to_zero(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = some_events(recognizer, corpus)
    profiles = profile_events(recognizer, utterances, events, groups=("letter",)).profiles
    for dataset in profiles["letter", "grad"].values():
        equal = contrast(dataset)["mean"].values
        np.testing.assert_allclose(equal.sum(0), 0, atol=1e-9)
        weights = dataset["count"].values / dataset["count"].values.sum()
        by_count = contrast(dataset, "count")["mean"].values
        np.testing.assert_allclose(np.tensordot(weights, by_count, 1), 0, atol=1e-9)
        assert contrast(dataset, "none")["mean"].equals(dataset["mean"])
    with pytest.raises(InputError, match="equal, count, none"):
        contrast(dataset, "median")


def test_file_round_trip(tmp_path: Path, recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = some_events(recognizer, corpus)
    profiles = profile_events(recognizer, utterances, events, groups=("room",)).profiles
    save_profiles(tmp_path / "p.nc", profiles["room", "grad"])
    loaded = load_profiles(tmp_path / "p.nc")
    assert list(loaded) == LAYERS
    for name in LAYERS:
        ours, theirs = profiles["room", "grad"][name], loaded[name]
        assert theirs["label"].values.tolist() == ["r0", "r1"]
        np.testing.assert_allclose(theirs["mean"], ours["mean"], rtol=1e-6, atol=1e-12)
        assert theirs["count"].values.tolist() == ours["count"].values.tolist()
        assert theirs.attrs["mask_kind"] == "soft"
        assert theirs.attrs["receptive_field"] == ours.attrs["receptive_field"]
    with pytest.raises(InputError, match="conv10"):
        loaded["conv99"]
    assert "conv9" in loaded
    assert "conv99" not in loaded


def test_damaged_profile_file(tmp_path: Path) -> None:
    (tmp_path / "p.nc").write_bytes(b"\x89HDF no")
    with pytest.raises(InputError, match="not a readable profile file"):
        load_profiles(tmp_path / "p.nc")
    with pytest.raises(InputError, match="no such"):
        load_profiles(tmp_path / "q.nc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"options": ProfileOptions(layers=["conv12"])}, "there are: input, conv1, .* conv10"),
        ({"groups": ("colour",)}, "no column 'colour'.*utterance"),
        ({"groups": ("phoneme",)}, "no event has a value in column 'phoneme'"),
    ],
)
def test_what_does_not_exist_is_named(
    recognizer: Recognizer, corpus: Path, change: dict, message: str
) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = some_events(recognizer, corpus)
    with pytest.raises(InputError, match=message):
        profile_events(recognizer, utterances, events, **({"groups": ("letter",)} | change))


def test_events_outside_their_utterance(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    row = {"utterance": "u0", "frame": 99_999, "unit": 1, "letter": "a"}
    with pytest.raises(InputError, match="u0: events lie outside its 201 output frames"):
        profile_events(recognizer, utterances, to_table([row]), groups=("letter",))
    row = {"utterance": "who", "frame": 9, "unit": 1, "letter": "a"}
    with pytest.raises(InputError, match="'who'"):
        profile_events(recognizer, utterances, to_table([row]), groups=("letter",))
    row = {"utterance": "u0", "frame": 0, "unit": 1, "letter": "a"}
    with pytest.raises(InputError, match="edges=keep"):
        profile_events(recognizer, utterances, to_table([row]), groups=("letter",))


def test_a_lost_recording_is_counted(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = some_events(recognizer, corpus)
    (corpus / "u2.wav").unlink()
    options = ProfileOptions(max_bad_share=0.25, layers=["conv9"])
    result = profile_events(recognizer, utterances, events, groups=("letter",), options=options)
    assert [(d.utterance, d.reason) for d in result.drops] == [("u2", "missing")]
    assert result.events == int((events["utterance"] != "u2").sum())


def test_a_layer_that_never_fires(recognizer: Recognizer, corpus: Path) -> None:
    with torch.no_grad():
        recognizer.network.conv9.weight.zero_()
        recognizer.network.conv9.bias.fill_(-1.0)
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = some_events(recognizer, corpus)
    profiles = profile_events(recognizer, utterances, events, groups=("letter",)).profiles
    for kind in ("nap", "grad"):
        assert not profiles["letter", kind]["conv9"]["mean"].values.any()
    assert np.isfinite(profiles["letter", "grad"]["conv1"]["mean"].values).all()


def test_sums_merge() -> None:
    torch.manual_seed(0)
    parts = []
    for _ in range(2):
        cells = [torch.randn(3, 4, 5).double() for _ in range(3)]
        counts = torch.randint(9, (3,)), torch.randint(9, (3, 4)), torch.randn(3).double()
        parts.append(Moments(*cells, *counts))
    names = ("total", "squares", "mask", "count", "lag_count", "shift")
    expected = {name: getattr(parts[0], name) + getattr(parts[1], name) for name in names}
    parts[0].merge(parts[1])
    for name in names:
        assert torch.equal(getattr(parts[0], name), expected[name])


def test_events_of_a_corpus_go_straight_in(recognizer: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = find_events(recognizer, utterances).table
    options = ProfileOptions(edges="keep", layers=["conv10"])
    result = profile_events(recognizer, utterances, events, groups=("letter",), options=options)
    assert isinstance(result.profiles["letter", "nap"], Profiles)
    assert result.events == len(events)
    assert [layer.name for layer in traceable_layers(recognizer)] == LAYERS
