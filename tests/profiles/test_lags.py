from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from naps.corpus import FeatureConfig, read_audio, read_manifest
from naps.errors import InputError
from naps.events import find_events
from naps.events.table import to_table
from naps.models import ENGLISH, Layer, LSTMConfig, LSTMRecognizer, Recognizer, Window
from naps.profiles import (
    ProfileOptions,
    choose_layers,
    event_windows,
    load_profiles,
    profile_events,
    save_profiles,
    traceable_layers,
)
from naps.profiles.windows import lag_window
from tests.oracles.lstm import event_gradients
from tests.oracles.profiles import cut, grad_lags, mean_over
from tests.profiles.watched import Watched

MAIN = ["input", "conv1", "lstm1", "lstm2"]


@pytest.fixture
def listener() -> Recognizer:
    """A small LSTM recognizer with random weights; the same at every call."""
    torch.manual_seed(0)
    sizes = LSTMConfig(n_mels=8, n_outputs=len(ENGLISH), hidden=4, layers=2, front=5)
    network = LSTMRecognizer(sizes).eval()
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return Recognizer("rows", network, FeatureConfig(n_mels=8), ENGLISH)


def some_events(corpus: Path, frames: list[int]) -> pd.DataFrame:
    rows = [
        {"utterance": u.id, "frame": f, "unit": (3 * i + f) % 28, "letter": "ab"[i % 2]}
        for u in read_manifest(corpus / "manifest.jsonl")[:2]
        for i, f in enumerate(frames)
    ]
    return to_table(rows)


def layer(stride: int, offset: int = 0, field: int | None = None) -> Layer:
    return Layer("some", 1, stride, offset, field)


def test_lags_in_steps() -> None:
    output = layer(3)
    # Ends count: the middle of step 16 is 48 frames after that of step 0.
    assert lag_window(layer(3), output, (-50, 50)) == Window(1, -16, 33)
    assert lag_window(layer(3), output, (-48, 48)) == Window(1, -16, 33)
    assert lag_window(layer(3), output, (-47.9, 47.9)) == Window(1, -15, 31)
    assert lag_window(layer(1), output, (-50, 50)) == Window(3, -50, 101)
    assert lag_window(layer(3), output, (-10, 50)) == Window(1, -3, 20)
    assert lag_window(layer(3), output, (10, 20)) == Window(1, 4, 3)
    # Padded by 5, a step of kernel 11 stands for the same frame; unpadded, for one 5 later.
    assert lag_window(layer(3, -5, 11), output, (-6, 6)) == Window(1, -2, 5)
    assert lag_window(layer(3, 0, 11), output, (-6, 6)) == Window(1, -4, 5)
    assert lag_window(layer(1, 0, 11), output, (-6, 6)) == Window(3, -11, 13)
    # Half a step from the event's middle: still as wide on either side of the nearest.
    assert lag_window(layer(2, 0, 2), layer(4, 0, 5), (-8, 8)) == Window(2, -3, 9)
    with pytest.raises(InputError, match=r"'some' has a step every 2 input frames .* every 3"):
        lag_window(layer(2), output, (-50, 50))
    with pytest.raises(InputError, match=r"lags_ms: no step of layer 'some'"):
        lag_window(layer(3), output, (1, 2))


def test_windows_of_a_recognizer(listener: Recognizer, recognizer: Recognizer) -> None:
    names = ["input", "conv1", "lstm2", "lstm2.cell"]
    layers = choose_layers(listener, names)
    assert [x.name for x in layers] == names
    windows = event_windows(listener, layers, None)
    assert windows.lags_ms == (-500.0, 500.0)
    assert windows.by_layer == {
        "input": Window(3, -50, 101), "conv1": Window(1, -16, 33),
        "lstm2": Window(1, -16, 33), "lstm2.cell": Window(1, -16, 33),
    }  # fmt: skip
    for x in layers:
        lags, frames = windows.lags(x), windows.centres(x)
        assert (lags == -lags[::-1]).all()
        assert frames[lags == 0] == [0.0]
        np.testing.assert_array_equal(frames, lags * x.stride)
    uneven = event_windows(listener, layers, (-300, 120))
    assert uneven.lags(layers[1]).tolist() == list(range(-10, 5))
    exact = event_windows(recognizer, choose_layers(recognizer, ["conv8"]), None)
    assert exact.by_layer["conv8"] == recognizer.network.windows[8]
    assert exact.lags_ms is None
    with pytest.raises(InputError, match=r"of small are those of its receptive field"):
        event_windows(recognizer, (), (-500, 500))
    for lags in ((5.0, 5.0), (9.0, -9.0), (float("nan"), 1.0), (0.0, float("inf"))):
        with pytest.raises(InputError, match="lags_ms"):
            event_windows(listener, layers, lags)


def test_layers_and_taps_to_choose(listener: Recognizer) -> None:
    assert [x.name for x in choose_layers(listener, None)] == MAIN
    assert [x.name for x in traceable_layers(listener)] == MAIN
    chosen = choose_layers(listener, ["lstm2.input", "lstm2", "lstm1.forget", "lstm1.cell"])
    assert [x.name for x in chosen] == ["lstm1.cell", "lstm1.forget", "lstm2", "lstm2.input"]
    with pytest.raises(InputError) as caught:
        choose_layers(listener, ["lstm3"])
    assert str(caught.value) == (
        "no layer 'lstm3' in rows; there are: input, conv1, lstm1, lstm2; and the taps .hidden, "
        ".cell, .input, .forget, .candidate, .output of lstm1, lstm2, such as lstm1.hidden"
    )


def test_a_network_that_hears_samples_has_no_profile_of_them(listener: Recognizer) -> None:
    class Hearing(Watched):
        spectrogram_input = False

    deaf = Recognizer("deaf", Hearing(listener.network), FeatureConfig(n_mels=8), ENGLISH)
    assert [x.name for x in traceable_layers(deaf)] == MAIN[1:]
    with pytest.raises(InputError, match=r"no layer 'input' in deaf; there are: conv1, lstm1"):
        choose_layers(deaf, ["input"])
    assert "input" in event_windows(deaf, traceable_layers(deaf), None).by_layer


@pytest.mark.parametrize(("edges", "lags_ms"), [("drop", None), ("keep", (-90.0, 240.0))])
def test_profiles_equal_the_oracle(
    listener: Recognizer, corpus: Path, edges: str, lags_ms: tuple[float, float] | None
) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = some_events(corpus, [0, 5, 60, 61, 100, 132])
    layers = [*MAIN, "lstm1.cell", "lstm2.forget"]
    options = ProfileOptions(layers=layers, edges=edges, batch=4, lags_ms=lags_ms)
    result = profile_events(listener, utterances, events, groups=("letter",), options=options)
    spectrograms = {u.id: listener.spectrogram(read_audio(u.audio)) for u in utterances}
    windows = event_windows(listener, choose_layers(listener, layers), lags_ms)
    plain, adjusted = defaultdict(list), defaultdict(list)
    used = 0
    for event in events.itertuples():
        spectrogram = spectrograms[event.utterance]
        seen = windows.by_layer["input"]
        start = seen.start(event.frame)
        if edges == "drop" and (start < 0 or start + seen.width > len(spectrogram)):
            continue
        used += 1
        values, gradients = event_gradients(listener.network, spectrogram, event.frame, event.unit)
        for name in layers:
            window = windows.by_layer[name]
            at = (window.start(event.frame), window.width)
            a, valid = cut(values[name].detach().numpy(), *at)
            g, _ = cut(gradients[name].numpy(), *at)
            plain[name, event.letter].append((a, valid))
            adjusted[name, event.letter].append(grad_lags(a, g, valid))
    assert result.events == used
    assert sum(drop.count for drop in result.drops) == len(events) - used
    for name in layers:
        nap, grad = (result.profiles["letter", kind][name] for kind in ("nap", "grad"))
        for number, label in enumerate(nap["label"].values):
            rows = plain[name, str(label)]
            mean, std = mean_over([a for a, _ in rows], [v for _, v in rows])
            np.testing.assert_allclose(nap["mean"][number], mean, atol=2e-5)
            np.testing.assert_allclose(nap["std"][number], std, atol=1e-3)
            masked = adjusted[name, str(label)]
            valid = [v for _, _, v, _ in masked]
            mean, std = mean_over([x for x, *_ in masked], valid)
            np.testing.assert_allclose(grad["mean"][number], mean, atol=2e-5)
            np.testing.assert_allclose(grad["std"][number], std, atol=1e-3)
            mask, _ = mean_over([m for _, m, _, _ in masked], valid)
            np.testing.assert_allclose(grad["mask"][number], mask, atol=2e-5)
            assert grad["lag_count"][number].values.tolist() == np.sum(valid, 0).tolist()
            assert float(grad["shift"][number]) == pytest.approx(np.mean([s for *_, s in masked]))
        (chosen,) = choose_layers(listener, [name])
        assert nap["lag"].values.tolist() == windows.lags(chosen).tolist()
        assert nap["time_ms"].values[nap["lag"] == 0].tolist() == [0.0]


def test_what_the_file_says(tmp_path: Path, listener: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = some_events(corpus, [40, 60, 90])
    options = ProfileOptions(layers=["conv1", "lstm2.cell"], lags_ms=(-200, 400))
    profiles = profile_events(
        listener, utterances, events, groups=("letter",), options=options
    ).profiles
    save_profiles(tmp_path / "p.nc", profiles["letter", "grad"])
    loaded = load_profiles(tmp_path / "p.nc")
    assert list(loaded) == ["conv1", "lstm2.cell"]
    attributes = loaded["lstm2.cell"].attrs
    assert list(attributes["lags_ms"]) == [-200.0, 400.0]
    assert "receptive_field" not in attributes
    assert attributes["view"] == "sequence"
    assert loaded["conv1"].attrs["receptive_field"] == 11
    # Aligned, the middle of the window is where the input mattered most.
    assert loaded["conv1"]["lag"].values.tolist() == list(range(-10, 10))
    plain = profiles["letter", "nap"]["conv1"]
    assert plain["lag"].values.tolist() == list(range(-6, 14))
    np.testing.assert_allclose(plain["time_ms"], 30.0 * plain["lag"])


def test_the_general_way_gives_the_same_profiles(listener: Recognizer, corpus: Path) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    events = find_events(listener, utterances).table
    general = Recognizer("rows", Watched(listener.network), listener.features, ENGLISH)
    options = ProfileOptions(edges="keep")
    ours, theirs = (
        profile_events(model, utterances, events, groups=("letter",), options=options).profiles
        for model in (listener, general)
    )
    for key, profiles in ours.items():
        assert list(profiles) == MAIN
        for name, profile in profiles.items():
            np.testing.assert_allclose(
                theirs[key][name]["mean"], profile["mean"], rtol=1e-3, atol=1e-5
            )
