"""Networks as before training, from some layer up."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from naps.corpus import FeatureConfig, WaveformConfig
from naps.errors import InputError
from naps.models import (
    ENGLISH,
    Adapter,
    LSTMConfig,
    LSTMRecognizer,
    Recognizer,
    Wav2Letter,
    Wav2LetterConfig,
    load_model,
)
from naps.models.randomise import randomised
from tests.models.strangers import Convolutional, Recurrent, wav2vec2

SIX = FeatureConfig(n_mels=6)


def adapted(module: nn.Module, **options: Any) -> Recognizer:
    features = options.pop("features", SIX)
    return Recognizer("stranger", Adapter(module, features, **options), features, ENGLISH)


def own(kind: str, *, batch_norm: bool = False) -> Recognizer:
    torch.manual_seed(5)
    network: Wav2Letter | LSTMRecognizer
    if kind == "lstm":
        config = LSTMConfig(n_mels=6, hidden=4, layers=3, front=5, batch_norm=batch_norm)
        network = LSTMRecognizer(config)
    else:
        network = Wav2Letter(Wav2LetterConfig(n_mels=6, channels=5, wide=7, batch_norm=batch_norm))
    return Recognizer("own", network.eval(), SIX, ENGLISH)


def trained(model: Recognizer) -> Recognizer:
    """Weights and statistics that no fresh network has."""
    torch.manual_seed(9)
    with torch.no_grad():
        for values in (*model.network.parameters(), *model.network.buffers()):
            if values.is_floating_point():
                values.add_(0.1 + 0.1 * torch.rand_like(values))
    return model


MODELS = {
    "wav2letter": lambda: own("wav2letter"),
    "wav2letter with batch norm": lambda: own("wav2letter", batch_norm=True),
    "lstm": lambda: own("lstm", batch_norm=True),
    "recurrent": lambda: adapted(Recurrent()),
    "convolutional": lambda: adapted(Convolutional(), order=range(29)),
    "wav2vec2": lambda: adapted(wav2vec2(), features=WaveformConfig()),
}


def activations(model: Recognizer) -> dict[str, Tensor]:
    """What every layer gives for some noise, the logits last."""
    random = torch.Generator().manual_seed(3)
    frames = 8000 if isinstance(model.features, WaveformConfig) else 300
    noise = torch.randn(1, frames, model.features.n_mels, generator=random)
    with torch.no_grad():
        found, logits = model.network.watched(noise)
    return {layer.name: found.get(layer.name, logits) for layer in model.layers}


def state(model: Recognizer) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.network.state_dict().items()}


@pytest.mark.parametrize("name", MODELS)
def test_below_the_layer_all_bits_are_the_same_and_from_it_up_none(name: str) -> None:
    model = trained(MODELS[name]())
    names = [layer.name for layer in model.layers]
    before, weights = activations(model), state(model)
    for place in {0, 1, len(names) // 2, len(names) - 2, len(names) - 1}:
        changed = randomised(model, names[place])
        after = activations(changed)
        same = [torch.equal(before[x], after[x]) for x in names]
        assert same == [True] * place + [False] * (len(names) - place)
        assert all(bool(values.isfinite().all()) for values in after.values())
    assert all(torch.equal(value, weights[key]) for key, value in state(model).items())


@pytest.mark.parametrize("name", MODELS)
def test_new_weights_depend_on_the_seed_alone(name: str) -> None:
    model = trained(MODELS[name]())
    other = replace(model, network=randomised(model, seed=8).network)
    drawn, again = state(randomised(model, seed=1)), state(randomised(other, seed=1))
    assert all(torch.equal(drawn[key], again[key]) for key in drawn)
    another = state(randomised(model, seed=2))
    assert not all(torch.equal(drawn[key], another[key]) for key in drawn)
    # Further down, the cascade finds what is above as it was.
    names = [layer.name for layer in model.layers]
    higher, lower = state(randomised(model, names[-1])), state(randomised(model, names[-2]))
    changed = [key for key, value in state(model).items() if not torch.equal(value, higher[key])]
    assert changed
    assert all(torch.equal(higher[key], lower[key]) for key in changed)
    whole, lowest = activations(randomised(model)), activations(randomised(model, names[0]))
    assert all(torch.equal(whole[key], lowest[key]) for key in names)


def test_random_state_and_description_are_kept() -> None:
    model = replace(own("wav2letter"), sha256="abc", delay_s=0.1, facts={"python": "a:b"})
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    changed = randomised(model, "conv9", seed=3)
    assert torch.equal(torch.rand(3), expected)
    assert changed.name == "own, random from conv9"
    assert randomised(model).name == "own, random weights"
    assert (changed.sha256, changed.delay_s) == ("", 0.1)
    assert changed.facts == {"randomised": {"from": "conv9", "seed": 3, "trained_sha256": "abc"}}


def test_weights_are_as_large_as_before_training() -> None:
    model = load_model("wav2letter-en-mini")
    fresh = randomised(model).network
    torch.manual_seed(0)
    expected = Wav2Letter(model.network.config)  # type: ignore[arg-type]
    for ours, theirs in zip(fresh.parameters(), expected.parameters(), strict=True):
        assert float(ours.detach().std()) == pytest.approx(float(theirs.detach().std()), rel=0.05)


def test_statistics_of_batch_norm_start_anew() -> None:
    model = trained(adapted(Convolutional()))
    before = model.network.get_submodule("module.front.1").get_buffer("running_var")
    fresh = randomised(model).network.get_submodule("module.front.1")
    assert torch.equal(fresh.get_buffer("running_mean"), torch.zeros(8))
    assert torch.equal(fresh.get_buffer("running_var"), torch.ones(8))
    kept = randomised(model, "letters").network.get_submodule("module.front.1")
    assert torch.equal(kept.get_buffer("running_var"), before)


def test_weights_of_a_computed_weight_are_drawn_anew() -> None:
    """The convolution of wav2vec 2.0 has its weight taken apart by weight norm."""
    model = trained(adapted(wav2vec2(), features=WaveformConfig()))
    name = next(n for n, m in model.network.named_modules() if hasattr(m, "parametrizations"))
    shown = [x.network.get_submodule(name) for x in (model, randomised(model))]
    before, after = (module.weight.detach() for module in shown if isinstance(module, nn.Conv1d))
    bound = (1 + 1e-5) / np.sqrt(before[0].numel())
    assert float(after.abs().max()) <= bound < float(before.abs().max())


def test_what_has_no_influence_may_stay() -> None:
    class Idle(Recurrent):
        def __init__(self) -> None:
            super().__init__()
            self.mask = nn.Parameter(torch.ones(3))

    assert torch.equal(state(randomised(adapted(Idle())))["module.mask"], torch.ones(3))


class Scaled(Recurrent):
    """Has weights of its own that nothing draws."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(29))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * self.scale


class Plain(nn.Sequential):
    """Statistics of batch norm without weights."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(6, 5), Turned(5), nn.Linear(5, 29))


class Turned(nn.BatchNorm1d):
    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Uncopied(Recurrent):
    def __deepcopy__(self, memo: object) -> "Uncopied":
        raise TypeError("not to be copied")


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return 2 * x

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        raise RuntimeError("no way back")


class OneWay(Recurrent):
    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = Twice.apply(super().forward(x))  # type: ignore[no-untyped-call]
        return found


def test_bad_input() -> None:
    with pytest.raises(InputError, match=r"no layer 'conv12' in own; there are: conv1, .*conv11"):
        randomised(own("wav2letter"), "conv12")
    with pytest.raises(InputError, match=r"stranger: module\.scale cannot be drawn again"):
        randomised(adapted(Scaled()))
    with pytest.raises(InputError, match=r"cannot be copied .*not to be copied"):
        randomised(adapted(Uncopied()))
    model = trained(adapted(Plain()))
    assert not torch.equal(
        state(randomised(model))["module.1.running_mean"], state(model)["module.1.running_mean"]
    )
    with pytest.raises(InputError, match=r"module\.1\.running_mean, .* cannot be drawn again"):
        randomised(model, model.layers[-1].name)


def test_where_autograd_fails_all_weights_can_be_random_but_not_some() -> None:
    model = adapted(OneWay())
    assert not torch.equal(activations(randomised(model))["lstm1"], activations(model)["lstm1"])
    with pytest.raises(InputError, match=r"no way back.*controls.cascade=false"):
        randomised(model, model.layers[-1].name)
