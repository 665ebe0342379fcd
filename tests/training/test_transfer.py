import pytest
import torch

from naps.corpus import FeatureConfig
from naps.errors import InputError
from naps.models import ENGLISH, Recognizer, Wav2Letter, Wav2LetterConfig
from naps.models.alphabet import GERMAN
from naps.training.transfer import begin_with


def network(outputs: int, channels: int = 4) -> Wav2Letter:
    return Wav2Letter(
        Wav2LetterConfig(
            n_mels=8, n_outputs=outputs, channels=channels, wide=6, batch_norm=True, dropout=0.1
        )
    )


def test_weights_are_kept_and_outputs_mapped_by_character() -> None:
    torch.manual_seed(0)
    source = Recognizer("source", network(len(ENGLISH)), FeatureConfig(n_mels=8), ENGLISH)
    ours = network(len(GERMAN))
    fresh = ours.conv11.weight.detach().clone()
    assert begin_with(ours, GERMAN, source) == "äöüß"
    for name, value in ours.state_dict().items():
        if not name.startswith("conv11"):
            assert torch.equal(value, source.network.state_dict()[name])
    for i, character in enumerate(GERMAN.symbols):
        j = ENGLISH.symbols.find(character)
        expected = fresh[i] if j < 0 else source.network.conv11.weight[j]
        assert torch.equal(ours.conv11.weight[i], expected)
    assert torch.equal(ours.conv11.weight[GERMAN.blank], source.network.conv11.weight[-1])
    assert torch.equal(ours.conv11.bias[GERMAN.blank], source.network.conv11.bias[-1])


def test_other_sizes() -> None:
    source = Recognizer("source", network(29, 5), FeatureConfig(n_mels=8), ENGLISH)
    with pytest.raises(InputError, match=r"source cannot be begun with.*at conv1"):
        begin_with(network(33), GERMAN, source)
