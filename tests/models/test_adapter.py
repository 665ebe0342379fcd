from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from naps.corpus import FeatureConfig, WaveformConfig
from naps.errors import InputError
from naps.models import Adapter, Layer, survey
from naps.models.form import Form, first, plain
from naps.models.geometry import Convolution, layers_of
from naps.models.pace import Pace, find_paces
from tests.models.strangers import (
    Convolutional,
    Packed,
    Recurrent,
    Spectral,
    packed,
    wav2vec2,
)

SIX = FeatureConfig(n_mels=6)
WAVE = WaveformConfig()


def first_channels(module: nn.Module, x: Tensor) -> object:
    return module(x.transpose(1, 2))


def names(adapter: Adapter) -> list[str]:
    return [layer.name for layer in adapter.layers]


def check_gradients(adapter: Adapter, x: Tensor) -> dict[str, Tensor]:
    """Compare gradients with respect to what was watched with a change of it, layer by layer."""
    activations, logits = adapter.watched(x)
    assert set(activations) == set(names(adapter)[:-1])
    for layer in adapter.layers[:-1]:
        value = activations[layer.name]
        assert value.shape[0] == len(x)
        assert value.shape[2] == layer.channels
    torch.testing.assert_close(logits, adapter(x))
    target = logits[0, logits.shape[1] // 2, 3]
    gradients = torch.autograd.grad(target, list(activations.values()), retain_graph=True)
    for gradient in gradients:
        assert torch.isfinite(gradient).all()
        assert gradient.abs().sum() > 0
    return dict(zip(activations, gradients, strict=True))


convolution = st.builds(
    Convolution, st.integers(2, 5), st.integers(1, 2), st.integers(0, 3), st.integers(0, 3)
)


@settings(max_examples=15)
@given(st.lists(convolution, min_size=1, max_size=3), st.booleans())
def test_geometry_of_convolutions_is_that_of_the_closed_form(
    stack: list[Convolution], wave: bool
) -> None:
    torch.manual_seed(1)
    channels = [1 if wave else 6, *[5] * len(stack)]
    parts: list[nn.Module] = []
    for i, c in enumerate(stack):
        parts += [
            nn.ConstantPad1d((c.left, c.right), 0.0),
            nn.Conv1d(channels[i], channels[i + 1], c.kernel, c.stride),
            nn.ReLU(),
        ]
    module = nn.Sequential(*parts, nn.Conv1d(5, 4, 1))
    adapter = Adapter(
        module,
        WAVE if wave else SIX,
        layers=[f"{3 * i + 2}" for i in range(len(stack))],
        call=(lambda m, x: m(x[:, None])) if wave else first_channels,
    )
    expected = layers_of(names(adapter)[:-1], channels[1:], stack)
    assert adapter.layers[:-1] == expected
    top = expected[-1]
    assert adapter.layers[-1] == Layer("output", 4, top.stride, top.offset, top.receptive_field)
    for frames in (500, 501, 777, 9_001):
        length = frames
        for c in stack:
            length = c.output_length(length)
        assert adapter.output_length(frames) == length


@settings(max_examples=60)
@given(st.integers(1, 400), st.integers(-3_000, 3_000), st.integers(0, 7))
def test_a_pace_is_found_from_numbers_of_steps(stride: int, first: int, seed: int) -> None:
    true = Pace(stride, first)
    tried: list[int] = []

    def count(length: int) -> dict[str, int]:
        tried.append(length)
        return {"a": true.steps(length), "b": 7}

    lengths = {8_000: true.steps(8_000), 48_000: true.steps(48_000)}
    found = find_paces({"a": lengths, "b": {8_000: 7, 48_000: 7}}, range(8_000, 16_000), count)
    assert found == {"a": true}
    assert len(tried) <= 20


def test_steps_that_are_not_evenly_apart_have_no_pace() -> None:
    def count(length: int) -> int:
        return 2 * length // 3

    lengths = {128: count(128), 768: count(768)}
    assert not find_paces({"a": lengths}, range(128, 256), lambda n: {"a": count(n)})
    # Steps in blocks of 16, as where an input is padded to a multiple.
    lengths = {128: 128, 768: 768}
    assert not find_paces({"a": lengths}, range(128, 256), lambda n: {"a": -(-n // 16) * 16})


@pytest.mark.parametrize("mode", ["layer_norm", "group_norm"])
def test_wav2vec2(mode: str) -> None:
    module = wav2vec2(mode=mode)
    adapter = Adapter(module, WAVE, order=[*range(1, 29), 0])
    by_name = {layer.name: layer for layer in adapter.layers}
    assert names(adapter)[-1] == "aux"
    assert names(adapter)[:7] == [f"feature_extractor.conv_layers.{i}" for i in range(7)]
    assert "encoder.transformer.layers.1" in by_name
    assert not any("attention" in name or "parametrizations" in name for name in by_name)
    strides = [layer.stride for layer in adapter.layers[:7]]
    assert strides == [5, 10, 20, 40, 80, 160, 320]
    top = by_name["feature_extractor.conv_layers.6"]
    whole = by_name["encoder.transformer.layers.0"]
    # 400 samples make a step; where it may see all, it stands for the middle of them.
    assert whole == Layer("encoder.transformer.layers.0", 12, 320, 199, None)
    if mode == "layer_norm":
        assert (top.offset, top.receptive_field) == (0, 400)
        assert whole.centre(0) == int(top.centre(0))
    else:
        # The first convolution is normalised over time: every layer sees the whole utterance.
        assert {layer.receptive_field for layer in adapter.layers} == {None}
    for samples in (399, 400, 16_000, 16_079, 16_080):
        assert adapter.output_length(samples) == max(0, (samples - 400) // 320 + 1)
    x = torch.randn(1, 8_000, 1)
    with torch.no_grad():
        theirs = module(x[..., 0])[0]
        torch.testing.assert_close(adapter(x), torch.roll(theirs, -1, 2))
    check_gradients(adapter, x)
    with torch.no_grad():
        activations, _ = adapter.watched(x)
        features, _ = module.extract_features(x[..., 0])
    for i in (0, 1):
        torch.testing.assert_close(activations[f"encoder.transformer.layers.{i}"], features[i])


def test_a_class_of_ones_own_with_recurrent_layers() -> None:
    torch.manual_seed(2)
    module = Recurrent()
    adapter = Adapter(module, SIX)
    assert names(adapter) == ["lstm1", "lstm2", "letters"]
    assert {layer.receptive_field for layer in adapter.layers} == {None}
    assert {(layer.stride, layer.offset) for layer in adapter.layers} == {(1, 0)}
    assert adapter.left_out == {"dropout": "gives back what it gets"}
    assert adapter.fused() is adapter
    assert not module.training
    x = torch.randn(1, 150, 6)
    activations, _ = adapter.watched(x)
    with torch.no_grad():
        below = module.lstm1(x)[0]
        torch.testing.assert_close(activations["lstm1"], below)
        torch.testing.assert_close(
            activations["lstm2"], module.lstm2(below.transpose(0, 1))[0].transpose(0, 1)
        )
    check_gradients(adapter, x)


def test_packed_sequences() -> None:
    torch.manual_seed(3)
    module = Packed()
    adapter = Adapter(module, SIX, call=packed)
    assert [(layer.name, layer.stride) for layer in adapter.layers] == [("lstm", 1), ("letters", 2)]
    x = torch.randn(1, 150, 6)
    activations, logits = adapter.watched(x)
    assert activations["lstm"].shape == (1, 150, 10)
    with torch.no_grad():
        torch.testing.assert_close(activations["lstm"], module.lstm(x)[0])
        torch.testing.assert_close(logits, module(x, torch.tensor([150]))[0])
    check_gradients(adapter, x)


def test_utterances_of_a_batch_do_not_hear_the_padding() -> None:
    torch.manual_seed(4)
    for module, call in ((Packed(), packed), (Recurrent(), None)):
        adapter = Adapter(module, SIX, **({"call": call} if call else {}))
        x = torch.randn(3, 160, 6)
        lengths = [150, 160, 41]
        with torch.no_grad():
            logits = adapter(x, lengths)
            for i, n in enumerate(lengths):
                alone = adapter(x[i : i + 1, :n])[0]
                torch.testing.assert_close(logits[i, : len(alone)], alone)
                assert adapter.output_length(n) == len(alone)


def test_channels_first_in_place_and_what_is_left_out() -> None:
    torch.manual_seed(5)
    module = Convolutional()
    adapter = Adapter(module, SIX)
    assert names(adapter) == ["front.2", "stack.0", "stack.1", "letters"]
    assert adapter.layers[0] == Layer("front.2", 8, 2, -3, 7)
    # Norms in eval mode see nothing but their step; the dilated kernels see 4 and 8 frames more.
    assert adapter.layers[1] == Layer("stack.0", 8, 2, -5, 11)
    assert adapter.layers[2] == Layer("stack.1", 8, 2, -9, 19)
    assert adapter.left_out == {
        "front.0": "front.2 gives its activation",
        "front.1": "front.2 gives its activation",
        "shared": "is called 2 times in a pass",
        "unused": "is not called",
        "beside": "the logits do not depend on it, as far as autograd knows",
        "whole": "its output does not grow with the length of the input",
        "up": "its steps are not a whole number of input frames apart",
    }
    check_gradients(adapter, torch.randn(1, 150, 6))


def test_the_pooled_whole_reaches_everywhere() -> None:
    adapter = Adapter(Convolutional(), SIX)
    assert adapter.layers[-1] == Layer("letters", 29, 2, 0, None)


def test_what_is_changed_in_place_is_seen_as_it_was() -> None:
    torch.manual_seed(6)
    module = Convolutional()
    adapter = Adapter(module, SIX, layers=["front.1", "stack.0.inner.0", "front.2"])
    assert names(adapter) == ["front.1", "front.2", "stack.0.inner.0", "output"]
    x = torch.randn(1, 150, 6)
    activations, _ = adapter.watched(x)
    assert (activations["front.1"] < 0).any()
    torch.testing.assert_close(activations["front.1"].relu(), activations["front.2"])
    with torch.no_grad():
        below = module.front[1](module.front[0](x.transpose(1, 2)))
    torch.testing.assert_close(activations["front.1"], below.transpose(1, 2))
    gradients = check_gradients(adapter, x)
    # A ReLU lets no gradient through where it was shut.
    shut = activations["front.1"] < 0
    assert gradients["front.1"][shut].abs().max() == 0
    torch.testing.assert_close(gradients["front.1"][~shut], gradients["front.2"][~shut])


def test_frequency_and_time_and_logits_before_the_softmax() -> None:
    torch.manual_seed(7)
    module = Spectral()
    adapter = Adapter(module, SIX, logits="fc")
    assert adapter.layers[0] == Layer("conv", 6, 3, -2, 5)
    assert names(adapter) == ["conv", "hidden", "fc"]
    x = torch.randn(1, 150, 6)
    with torch.no_grad():
        probable = module(x)["logits"]
        torch.testing.assert_close(adapter(x).log_softmax(2), probable)
        assert (adapter(x) - probable).abs().max() > 0.1
        activations, _ = adapter.watched(x)
        image = module.conv(x.transpose(1, 2)[:, None])
        assert activations["conv"].shape == (1, 50, 6)
        torch.testing.assert_close(activations["conv"][0, 7], image[0, :, :, 7].flatten())
    check_gradients(adapter, x)
    by_function = Adapter(module, SIX, logits=lambda out: out["logits"])
    assert names(by_function) == ["conv", "hidden", "fc", "output"]


def test_logits_that_are_changed_in_place_behind_their_layer() -> None:
    torch.manual_seed(8)
    module = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 4), nn.ReLU(inplace=True))
    adapter = Adapter(module, SIX, logits="2")
    assert names(adapter) == ["1", "2"]
    logits = adapter(torch.randn(1, 150, 6))
    assert (logits < 0).any()


def test_what_a_module_keeps_does_not_break_gradients() -> None:
    adapter = Adapter(Spectral(), SIX, logits="fc")
    long = torch.randn(1, 9_000, 6)
    with torch.inference_mode():
        adapter(long)
    check_gradients(adapter, long[:, :150])


def test_frozen_weights_have_gradients_all_the_same() -> None:
    adapter = Adapter(Recurrent().requires_grad_(False), SIX)
    check_gradients(adapter, torch.randn(1, 150, 6))


def test_a_frozen_front_has_none() -> None:
    class Frozen(Recurrent):
        def forward(self, x: Tensor) -> Tensor:
            with torch.no_grad():
                x = self.lstm1(x)[0]
            return self.letters(self.lstm2(x.transpose(0, 1))[0].transpose(0, 1))

    adapter = Adapter(Frozen(), SIX)
    assert names(adapter) == ["lstm2", "letters"]
    assert "autograd" in adapter.left_out["lstm1"]
    # By name it can be had, for plain means.
    assert names(Adapter(Frozen(), SIX, layers=["lstm1"])) == ["lstm1", "output"]


@pytest.mark.parametrize("slow", [True, False])
def test_a_slow_module_is_measured_by_its_shapes(
    monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    monkeypatch.setattr(survey, "_SLOW_S", 0.0 if slow else 60.0)
    layers = Adapter(wav2vec2(), WAVE).layers
    assert [layer.offset for layer in layers] == [0] * 8 + [-640, 199, 199, 199, 199]


def test_a_module_that_cannot_be_copied_or_takes_no_hollow_tensors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(survey, "_SLOW_S", 0.0)

    class Stubborn(Recurrent):
        def __deepcopy__(self, memo: object) -> "Stubborn":
            raise RuntimeError("never")

    class Careful(Recurrent):
        def forward(self, x: Tensor) -> Tensor:
            if float(x.detach().abs().sum()) == 0:
                raise ValueError("silence")
            return super().forward(x)

    expected = Adapter(Recurrent(), SIX).layers
    assert Adapter(Stubborn(), SIX).layers == expected
    assert Adapter(Careful(), SIX).layers == expected


def test_a_module_that_refuses_what_is_no_number() -> None:
    class Strict(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            assert torch.isfinite(x).all() or x.is_meta
            return super().forward(x.transpose(1, 2))

    adapter = Adapter(Strict(nn.Conv1d(6, 4, 5, padding=2)), SIX)
    assert adapter.layers == (Layer("0", 4, 1, 0, None),)


def test_a_network_that_cannot_be_differentiated() -> None:
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: Tensor) -> Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: object, *gradients: Tensor) -> Tensor:
            raise RuntimeError("no way back")

    class Forth(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return self[1](Once.apply(self[0](x)))

    adapter = Adapter(Forth(nn.Linear(6, 5), nn.Linear(5, 4)), SIX)
    assert adapter.layers == (Layer("0", 5, 1, 0, None), Layer("1", 4, 1, 0, None))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_left_out() -> None:
    linear = torch.jit.script(nn.Linear(6, 5))  # type: ignore[no-untyped-call]
    adapter = Adapter(nn.Sequential(linear, nn.Tanh(), nn.Linear(5, 4)), SIX)
    assert names(adapter) == ["1", "2"]
    assert adapter.left_out == {"0": "is TorchScript, which cannot be looked into"}
    with pytest.raises(InputError, match=r"is TorchScript.*give the module that it was made of"):
        Adapter(linear, SIX)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adapter(Recurrent(), FeatureConfig(n_mels=7)), r"fails on .*\(1, 1024, 7\)"),
        (lambda: Adapter(Recurrent(), SIX, layers=["lstm7"]), "'lstm7'; there are: lstm1, "),
        (lambda: Adapter(Recurrent(), SIX, layers=["dropout"]), "gives back what it gets"),
        (lambda: Adapter(Convolutional(), SIX, layers=["shared"]), "is called 2 times"),
        (lambda: Adapter(Convolutional(), SIX, layers=["unused"]), "'unused' .* is not called"),
        (lambda: Adapter(Convolutional(), SIX, layers=["whole"]), "does not grow"),
        (lambda: Adapter(Recurrent(), SIX, order=[0, 29]), "from 0 to 29, and the output has 29"),
        (lambda: Adapter(Recurrent(), SIX, order=[-1, 0]), "from -1 to 0"),
        (lambda: Adapter(Recurrent(), SIX, logits="fc"), "no submodule 'fc' for the logits"),
        (lambda: Adapter(Spectral(), SIX), "no tensor of logits .* logits="),
        (lambda: Adapter(nn.Sequential(nn.Flatten(0), nn.Flatten(0)), SIX), r"shape \(768,\)"),
        (
            lambda: Adapter(nn.AdaptiveAvgPool1d(1), SIX, call=first_channels),
            "logits cannot be used: its output does not grow",
        ),
    ],
)
def test_bad_input(make: Callable[[], Adapter], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_the_name_of_the_input_is_taken() -> None:
    module = nn.ModuleDict({"input": nn.Linear(6, 5), "letters": nn.Linear(5, 4)})

    def call(m: nn.ModuleDict, x: Tensor) -> Tensor:
        answer: Tensor = m["letters"](m["input"](x))
        return answer

    adapter = Adapter(module, SIX, call=call)  # type: ignore[arg-type]
    assert names(adapter) == ["letters"]
    assert adapter.left_out == {"input": "'input' is the name of the network's input"}
    with pytest.raises(InputError, match="name of the network's input"):
        Adapter(module, SIX, call=call, layers=["input"])  # type: ignore[arg-type]


def test_forms_of_outputs() -> None:
    x = torch.randn(3, 4, 5)
    for time, shape in ((0, (4, 3, 5)), (1, (3, 4, 5)), (2, (3, 5, 4))):
        form = Form(time)
        taken = form.take((None, x, "rest"))
        assert taken.shape == shape
        none, back, rest = form.put((None, x, "rest"), 2 * taken)  # type: ignore[misc]
        assert (none, rest) == (None, "rest")
        assert torch.equal(back, 2 * x)
    image = torch.randn(2, 3, 4, 5)
    assert Form(3).take(image).shape == (2, 5, 12)
    assert torch.equal(Form(3).put(image, Form(3).take(image)), image)
    assert first("nothing") is plain(None) is None
    assert Form(1).put([x, 1], x)[1] == 1  # type: ignore[index]


def test_packed_sequences_come_back_in_their_order() -> None:
    x = torch.randn(3, 6, 2)
    lengths = torch.tensor([4, 6, 1])
    for i, n in enumerate(lengths):
        x[i, n:] = 0
    one = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    form = Form(1)
    assert torch.equal(form.take((one, None)), x)
    back, _ = form.put((one, None), 3 * x)  # type: ignore[misc]
    assert isinstance(back, PackedSequence)
    again, found = pad_packed_sequence(back, batch_first=True)
    assert torch.equal(again, 3 * x)
    assert found.tolist() == [4, 6, 1]
