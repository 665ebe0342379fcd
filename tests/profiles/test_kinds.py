"""Every kind of profile, and every choice about them, against what it is defined by."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional

from naps.corpus import read_audio, read_manifest
from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.events.table import to_table
from naps.models import Recognizer, Wav2Letter
from naps.profiles import ProfileOptions, event_windows, profile_events, traceable_layers
from naps.profiles.convolutional_trace import ConvolutionalTrace
from naps.profiles.exemplars import exemplars
from naps.profiles.kinds import RULES
from naps.profiles.options import Kind
from naps.profiles.plan import make_plan
from naps.profiles.time_reduction import REDUCTIONS, Reduction
from naps.profiles.tracing import trace
from tests.profiles.test_engine import some_events

Corpus = tuple[list[Utterance], pd.DataFrame]


@pytest.fixture
def here(recognizer: Recognizer, corpus: Path) -> Corpus:
    return read_manifest(corpus / "manifest.jsonl"), some_events(recognizer, corpus, margin=60)


def made(
    recognizer: Recognizer, here: Corpus, kind: Kind, **options: object
) -> dict[str, xr.Dataset]:
    """The profiles of letters of one kind, in few layers."""
    chosen: dict[str, object] = {"layers": ["input", "conv2", "conv9"], **options}
    run = profile_events(
        recognizer, *here, groups=("letter",), kinds=(kind,),
        options=ProfileOptions(**chosen),  # type: ignore[arg-type]
    )  # fmt: skip
    return dict(run.profiles["letter", kind])


def spectrogram_of(recognizer: Recognizer, utterance: Utterance) -> Tensor:
    return recognizer.spectrogram(read_audio(utterance.audio))


def activations(recognizer: Recognizer, here: Corpus, layer: str) -> dict[str, np.ndarray]:
    found = {}
    for utterance in here[0]:
        assert isinstance(recognizer.network, Wav2Letter)
        x = spectrogram_of(recognizer, utterance)[None]
        for block, below in zip(
            recognizer.network.blocks, traceable_layers(recognizer), strict=False
        ):
            if below.name == layer:
                break
            x = block(x)
        found[utterance.id] = x[0].detach().numpy()
    return found


def test_a_sequence_holds_the_gradients_of_the_crop_and_zeros(
    recognizer: Recognizer, here: Corpus
) -> None:
    layers = traceable_layers(recognizer)
    names = [layer.name for layer in layers]
    crops = {n: w for n, w in event_windows(recognizer, layers).by_layer.items() if n in names}
    x = spectrogram_of(recognizer, here[0][0])
    frames, units = torch.tensor([60, 71, 90]), torch.tensor([3, 9, 27])
    whole = trace(recognizer.network, x, crops)
    exact = {n: (a, g) for n, a, g in whole.gradients(frames, units, crops)}
    for lags in ((-300.0, 200.0), (-1500.0, 1500.0), (400.0, 600.0)):
        windows = event_windows(recognizer, layers, lags, "sequence").by_layer
        traced = trace(recognizer.network, x, windows)
        assert torch.equal(traced.logits, whole.logits)
        for name, activation, gradient in traced.gradients(frames, units, windows):
            shown, crop = windows[name], crops[name]
            steps = np.arange(shown.offset, shown.offset + shown.width)
            for lag, step in enumerate(steps.tolist()):
                inside = crop.offset <= step < crop.offset + crop.width
                if inside:
                    at = step - crop.offset
                    assert torch.equal(gradient[:, lag], exact[name][1][:, at])
                    assert torch.equal(activation[:, lag], exact[name][0][:, at])
                else:
                    assert not gradient[:, lag].any()


def test_before_the_relu(recognizer: Recognizer, here: Corpus) -> None:
    network = recognizer.network
    assert isinstance(network, Wav2Letter)
    x = spectrogram_of(recognizer, here[0][0])
    names = [layer.name for layer in traceable_layers(recognizer)]
    known = event_windows(recognizer, traceable_layers(recognizer)).by_layer
    windows = {name: known[name] for name in names}
    traced = trace(network, x, windows, hook="pre")
    sources, y = [x[None].clone().requires_grad_()], None
    y = sources[0]
    for block in network.blocks:
        y = block.before_relu(y)
        sources.append(y)
        y = functional.relu(y) if block.relu else y
    (frame, unit) = (70, 5)
    expected = torch.autograd.grad(y[0, frame, unit], sources[:-1])
    at, of = torch.tensor([frame]), torch.tensor([unit])
    found = {n: (a, g) for n, a, g in traced.gradients(at, of, windows)}
    assert any(bool((a < 0).any()) for a, _ in found.values())
    for name, source, gradient in zip(names, sources, expected, strict=False):
        first = windows[name].start(frame)
        steps = slice(first, first + windows[name].width)
        torch.testing.assert_close(found[name][0][0], source[0, steps].detach())
        torch.testing.assert_close(found[name][1][0], gradient[0, steps], atol=1e-6, rtol=1e-4)


def test_a_network_without_known_relus_has_no_such_hook(
    recognizer: Recognizer, here: Corpus
) -> None:
    with pytest.raises(InputError, match="hook=pre"):
        made(recognizer, here, "grad", hook="pre", gradients="summed")


def test_event_related_potentials(recognizer: Recognizer, here: Corpus) -> None:
    found = made(recognizer, here, "erp", lags_ms=(-500.0, 300.0), baseline_ms=(-400.0, -200.0))
    events = here[1]
    for layer in ("input", "conv2"):
        profile, source = found[layer], activations(recognizer, here, layer)
        times = profile["time_ms"].values
        assert -510 <= times[0] < -400
        # Steps are counted in lags; their middles lie half a frame off.
        assert 200 < times[-1] <= 310
        lags = profile["lag"].values
        own = {e.Index: 2 * e.frame if layer == "input" else e.frame for e in events.itertuples()}
        for label in profile["label"].values:
            epochs = np.stack([
                source[e.utterance][own[e.Index] + lags]
                for e in events[events.letter == label].itertuples()
            ])  # fmt: skip
            mean = epochs.mean(0)
            inside = (times >= -400) & (times <= -200)
            at = profile.sel(label=label)
            np.testing.assert_allclose(at["mean"], mean - mean[inside].mean(0), atol=1e-4)
            np.testing.assert_allclose(
                at["global_field_power"], at["mean"].std("channel"), atol=1e-6
            )
        assert profile.attrs["baseline_mode"] == "mean"
        assert profile.attrs["view"] == "sequence"


def test_epochs_and_crops_side_by_side(recognizer: Recognizer, here: Corpus) -> None:
    options = ProfileOptions(layers=["conv2"], lags_ms=(-200.0, 200.0), baseline=None)
    run = profile_events(
        recognizer, *here, groups=("letter",), kinds=("erp", "grad"), options=options
    )
    epochs, crops = run.profiles["letter", "erp"]["conv2"], run.profiles["letter", "grad"]["conv2"]
    alone = made(recognizer, here, "grad", layers=["conv2"])["conv2"]
    xr.testing.assert_equal(crops, alone)
    assert epochs.sizes["lag"] != crops.sizes["lag"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_without_time(recognizer: Recognizer, here: Corpus, reduction: Reduction) -> None:
    nap = made(recognizer, here, "nap")
    reduced = made(recognizer, here, "tinap", reduction=reduction)
    for name, profile in reduced.items():
        assert profile.attrs["reduction"] == reduction
        assert (profile["count"] == nap[name]["count"]).all()
        if reduction == "mean_t":
            np.testing.assert_allclose(
                profile["mean"][:, 0], nap[name]["mean"].mean("lag"), atol=1e-5
            )
        if reduction == "centre_t":
            middle = nap[name].sizes["lag"] // 2
            np.testing.assert_allclose(profile["mean"][:, 0], nap[name]["mean"][:, middle])
        if reduction == "sorted_t":
            # What is ranked still adds up to the same.
            np.testing.assert_allclose(
                profile["mean"].sum("lag"), nap[name]["mean"].sum("lag"), rtol=1e-4, atol=1e-4
            )
            assert (profile["mean"].diff("lag") <= 1e-6).all()
        if reduction == "hist_t":
            np.testing.assert_allclose(profile["mean"].sum("lag"), 1, atol=1e-5)
        if reduction == "fft_t":
            # The first coefficient of a layer behind a ReLU is the mean over time.
            if name != "input":
                np.testing.assert_allclose(
                    profile["mean"][:, 0], nap[name]["mean"].mean("lag"), atol=1e-5
                )
            if profile.sizes["lag"] > 1:
                assert profile["frequency"].attrs["units"] == "Hz"


def test_any_saliency(recognizer: Recognizer, here: Corpus) -> None:
    grad, snap = made(recognizer, here, "grad"), made(recognizer, here, "snap")
    for name, profile in grad.items():
        xr.testing.assert_equal(profile, snap[name])
    other = made(recognizer, here, "snap", saliency="grad", align="none")
    assert other["conv2"].attrs["saliency"] == "grad"
    same = made(recognizer, here, "grad", align="none")
    assert not np.allclose(other["conv2"]["mask"], same["conv2"]["mask"])
    # A unit that is silent may matter by its gradient, but adds nothing to the average.
    silent = made(recognizer, here, "nap")["conv2"]["mean"].values == 0
    assert not other["conv2"]["mean"].values[silent].any()


def test_a_saliency_of_ones_own(recognizer: Recognizer, here: Corpus) -> None:
    def product(activation: Tensor, gradient: Tensor) -> Tensor:
        return (activation * gradient).abs()

    for align in ("layer", "input"):
        own = made(recognizer, here, "snap", saliency=product, align=align)
        known = made(recognizer, here, "snap", saliency="grad_act", align=align)
        for name, profile in own.items():
            assert "product" in profile.attrs["saliency"]
            assert np.array_equal(profile["shift"], known[name]["shift"])
            for variable in ("mean", "mask"):
                np.testing.assert_allclose(profile[variable], known[name][variable], atol=1e-6)
    with pytest.raises(InputError, match="negative or not finite"):
        made(recognizer, here, "snap", saliency=lambda a, g: a * g)


def test_aligned_inputs_against_those_of_all_groups(recognizer: Recognizer, here: Corpus) -> None:
    found = made(recognizer, here, "navai", layers=["conv9"])
    assert list(found) == ["input"]
    aligned = made(recognizer, here, "grad", mask="none", layers=["input"])["input"]
    expected = aligned["mean"] - aligned["mean"].mean("label")
    np.testing.assert_allclose(found["input"]["mean"], expected, atol=1e-6)
    np.testing.assert_allclose(found["input"]["mean"].sum("label"), 0, atol=1e-5)
    weighted = made(recognizer, here, "navai", average="weighted")["input"]
    assert weighted.attrs["average"] == "weighted"
    assert not np.allclose(weighted["mean"], found["input"]["mean"])


def test_weighted_averages(recognizer: Recognizer, here: Corpus) -> None:
    masked = made(recognizer, here, "grad")
    for name, profile in made(recognizer, here, "grad", average="weighted").items():
        mask, mean = masked[name]["mask"].values, masked[name]["mean"].values
        np.testing.assert_allclose(profile["mask"], mask)
        known = mask > 0
        np.testing.assert_allclose(
            profile["mean"].values[known], mean[known] / mask[known], rtol=1e-4
        )
        assert not profile["mean"].values[~known].any()


def test_all_layers_moved_by_what_the_input_says(recognizer: Recognizer, here: Corpus) -> None:
    run = profile_events(
        recognizer, *here, groups=("room",), kinds=("grad",),
        options=ProfileOptions(layers=["conv1", "conv2"], align="input", mask="none"),
    )  # fmt: skip
    found = run.profiles["room", "grad"]
    own = profile_events(
        recognizer, *here, groups=("room",), kinds=("grad",),
        options=ProfileOptions(layers=["input"], mask="none"),
    ).profiles["room", "grad"]["input"]  # fmt: skip
    # Two frames of input are a step; what is rounded is less than a step an event.
    for layer in ("conv1", "conv2"):
        assert np.abs(found[layer]["shift"].values - own["shift"].values / 2).max() <= 0.5
        assert found[layer].attrs["align"] == "input"
    assert np.array_equal(found["conv1"]["shift"], found["conv2"]["shift"])


def test_the_logit_of_the_true_letter(recognizer: Recognizer, here: Corpus) -> None:
    utterances, events = here
    letters = np.array(list("abcdef"))[np.arange(len(events)) % 6]
    given = events.assign(reference=pd.array(letters, dtype="string"))
    given.loc[:2, "reference"] = pd.NA
    run = profile_events(
        recognizer, utterances, given, groups=("letter",), kinds=("grad",),
        options=ProfileOptions(layers=["conv2"], target="given"),
    )  # fmt: skip
    assert run.events == len(events) - 3
    assert sum(d.count for d in run.drops if d.reason == "no_target") == 3
    units = [recognizer.alphabet.symbols.index(x) for x in letters[3:]]
    same = events.iloc[3:].assign(unit=units)
    expected = made(recognizer, (utterances, same), "grad", layers=["conv2"])["conv2"]
    found = run.profiles["letter", "grad"]["conv2"]
    np.testing.assert_allclose(found["mean"], expected["mean"], atol=1e-7)
    assert found.attrs["target"] == "logit of the unit of the true letter"
    with pytest.raises(InputError, match="reference"):
        made(recognizer, (utterances, events.drop(columns="reference")), "grad", target="given")


def test_summed_gradients_are_exact_for_events_that_share_nothing(
    recognizer: Recognizer, corpus: Path
) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")[:1]
    far = to_table(
        {"utterance": utterances[0].id, "frame": f, "unit": u, "letter": "a"}
        for f, u in ((50, 3), (148, 8))
    )
    near = far.assign(frame=[90, 95])
    for events, same in ((far, True), (near, False)):
        exact = made(recognizer, (utterances, events), "grad", edges="keep")
        summed = made(recognizer, (utterances, events), "grad", edges="keep", gradients="summed")
        assert summed["conv2"].attrs["gradient"].startswith("approximate")
        for name, profile in exact.items():
            close = np.allclose(profile["mean"], summed[name]["mean"], atol=1e-5)
            # Behind conv9 no two events share a step.
            assert close is (same or name == "conv9")


def test_groups_by_what_was_right_and_wrong(recognizer: Recognizer, here: Corpus) -> None:
    utterances, events = here
    truth = np.where(np.arange(len(events)) % 2 == 0, events.letter, "z")
    known = events.assign(reference=pd.array(truth, dtype="string"))
    known["correct"] = (known.reference == known.letter).astype("boolean")
    run = profile_events(
        recognizer, utterances, known, groups=("letter_binary", "letter_confusion"),
        kinds=("nap",), options=ProfileOptions(layers=["conv9"]),
    )  # fmt: skip
    binary = run.profiles["letter_binary", "nap"]["conv9"]
    assert {"b_correct", "z_wrong"} <= set(binary["label"].values)
    assert int(binary["count"].sel(label="z_wrong")) == int((~known.correct).sum())
    cells = run.profiles["letter_confusion", "nap"]["conv9"]
    assert int(cells["count"].sum()) == len(events)
    with pytest.raises(InputError, match="no column 'word_shape'"):
        profile_events(recognizer, utterances, known, groups=("word_shape_binary",))


def test_sums_that_lie_in_files_are_the_same(
    recognizer: Recognizer, here: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sums"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    layers = ["input", "conv1", "conv2", "conv3"]
    plan = make_plan(
        recognizer, *here, groups=("letter",), kinds=("grad",),
        options=ProfileOptions(layers=layers, memory_mib=0.05),
    )  # fmt: skip
    assert plan.spills
    assert plan.sums_mib() > 0.05
    in_memory = made(recognizer, here, "grad", layers=layers, batch=plan.batch)
    spilled = made(recognizer, here, "grad", layers=layers, memory_mib=0.05)
    for name, profile in in_memory.items():
        for variable in profile.data_vars:
            assert np.array_equal(profile[variable], spilled[name][variable]), variable
    assert not list(folder.rglob("*"))


def test_a_full_gpu_gets_fewer_events_at_a_time(
    recognizer: Recognizer, here: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = made(recognizer, here, "grad")
    sizes: list[int] = []
    honest = ConvolutionalTrace.gradients

    def small(
        self: ConvolutionalTrace, frames: Tensor, units: Tensor, wanted: Collection[str]
    ) -> Iterator[tuple[str, Tensor, Tensor]]:
        for number, found in enumerate(honest(self, frames, units, wanted)):
            # The first layer still has room.
            if number and len(frames) > 2:
                raise torch.OutOfMemoryError("full")
            yield found
        sizes.append(len(frames))

    monkeypatch.setattr(ConvolutionalTrace, "gradients", small)
    found = made(recognizer, here, "grad")
    assert max(sizes) <= 2
    for name, profile in expected.items():
        assert np.array_equal(profile["count"], found[name]["count"])
        np.testing.assert_allclose(profile["mean"], found[name]["mean"], atol=1e-6)
        np.testing.assert_allclose(profile["shift"], found[name]["shift"], atol=1e-6)

    def never(*_: object) -> Iterator[tuple[str, Tensor, Tensor]]:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(ConvolutionalTrace, "gradients", never)
    with pytest.raises(InputError, match="too small for the gradients of one event"):
        made(recognizer, here, "grad")


def test_fewer_digits_only_when_asked_for_and_stated(recognizer: Recognizer, here: Corpus) -> None:
    exact = made(recognizer, here, "grad", mask="none", align="none")
    rough = made(recognizer, here, "grad", precision="bfloat16")
    assert exact["conv2"].attrs["precision"] == "float32"
    assert rough["conv2"].attrs["precision"] == "bfloat16"
    full = made(recognizer, here, "grad")
    for name, profile in full.items():
        difference = np.abs(profile["mask"].values - rough[name]["mask"].values)
        assert difference.max() > 0
        assert difference.mean() < 0.02


def test_every_kind_has_blocks_or_says_why_not(recognizer: Recognizer, here: Corpus) -> None:
    kinds = tuple(RULES)
    run = profile_events(
        recognizer, *here, groups=("letter",), kinds=kinds,
        options=ProfileOptions(layers=["input", "conv2"]),
    )  # fmt: skip
    for kind in kinds:
        for profile in run.profiles["letter", kind].values():
            assert profile.attrs["kind"] == kind
            assert np.isfinite(profile["mean"]).all()
            if kind == "erp":
                continue
            share = (profile["block_count"] / profile["count"]).values
            # Where averages add up block by block, products of the whole follow from them.
            gram = np.einsum("bg,bgch,ch->gh", share, profile["block_gram"].values, share)
            flat = profile["mean"].values.reshape(len(gram), -1)
            if kind in ("nap", "tinap", "grad", "snap"):
                np.testing.assert_allclose(gram, flat @ flat.T, rtol=1e-5, atol=1e-6)


def test_an_unknown_kind(recognizer: Recognizer, here: Corpus) -> None:
    with pytest.raises(InputError, match="there are: erp, nap, tinap, grad, snap, navai"):
        made(recognizer, here, "gradnap")  # type: ignore[arg-type]


def test_what_to_listen_to() -> None:
    events = pd.DataFrame(
        {
            "utterance": ["a", "a", "b", "b", "c"],
            "frame": [1, 2, 3, 4, 5],
            "unit": 0,
            "probability": [0.9, 0.8, 0.5, 0.99, 0.95],
            "letter": ["x", "x", "x", "y", "x"],
        }
    )
    found = exemplars(events, [0, 1, 2, 3], "letter", 2)
    # One of each utterance first; the last event was not averaged.
    assert found[["label", "rank", "utterance", "frame"]].values.tolist() == [
        ["x", 1, "a", 1],
        ["x", 2, "b", 3],
        ["y", 1, "b", 4],
    ]
    assert exemplars(events, [0, 1, 2], "letter", 3)["frame"].tolist() == [1, 3, 2]


def test_options_are_part_of_what_sums_belong_to(recognizer: Recognizer, here: Corpus) -> None:
    options = ProfileOptions(layers=["conv2"])
    plans = {
        make_plan(recognizer, *here, groups=("letter",), kinds=("grad",), options=o).digest
        for o in (options, replace(options, saliency="act"), replace(options, hook="pre"))
    }
    assert len(plans) == 3
