import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchaudio

from naps.corpus import FeatureConfig, LogMel, Waveform, WaveformConfig
from naps.errors import InputError, UtteranceError
from naps.models import (
    ENGLISH,
    Adapter,
    Alphabet,
    Bundle,
    Recognizer,
    as_recognizer,
    from_bundle,
    glance,
    identified,
    is_import,
    letters_of,
    load_model,
    model_from_python,
    object_from_python,
    open_model,
    save_recognizer,
)
from tests.models.strangers import LABELS, LetterBundle, LetterlessBundle, Recurrent, wav2vec2

FILES = {
    "mine.py": """
from pathlib import Path
Path("imported").write_text("yes")
import torch
from torch import nn
from naps.corpus import FeatureConfig
from naps.models import ENGLISH, Adapter, Recognizer
import beside
made = 0
class Net(nn.Sequential):
    def __init__(self):
        torch.manual_seed(beside.SEED)
        super().__init__(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 29))
class Nothing:
    inner = Net()
def recognizer():
    features = FeatureConfig(n_mels=6)
    return Recognizer("mine", Adapter(Net(), features), features, ENGLISH)
def wants(something):
    return something
def fails():
    raise RuntimeError("no\\nluck")
number = 5
wide = Net()
""",
    "beside.py": "SEED = 1\n",
    "lacking.py": "import not_there_at_all\n",
    "leaving.py": "raise SystemExit(3)\n",
    "broken.py": "def f(:\n",
    "pack/__init__.py": "",
    "pack/inner.py": "from mine import recognizer\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with modules in it."""
    (tmp_path / "pack").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {Path(file).parts[0].removesuffix(".py") for file in FILES}:
            del sys.modules[name]


@pytest.mark.parametrize(
    "path", ["mine:recognizer", "mine.recognizer", "pack.inner:recognizer", "pack.inner.recognizer"]
)
def test_a_function_is_imported_and_called(folder: Path, path: str) -> None:
    places = list(sys.path)
    model = open_model(path)
    assert sys.path == places
    assert model.name == "mine"
    assert model.facts == {"python": path}
    assert len(model.sha256) == 64
    assert not model.network.training
    assert model_from_python(path).sha256 == model.sha256
    assert model.spectrogram(np.zeros(16_000, np.float32)).shape == (101, 6)


def test_the_hash_is_of_weights_letters_and_layers(folder: Path) -> None:
    model = model_from_python("mine:recognizer")
    assert identified(model) is model
    hashes = {model.sha256}
    with torch.no_grad():
        next(model.network.parameters())[0, 0] += 1
    features = model.features
    other = Adapter(model.network.module, features, layers=["0"])  # type: ignore[arg-type]
    backwards = Adapter(model.network.module, features, order=range(28, -1, -1))  # type: ignore[arg-type]
    for changed in (
        as_recognizer(model, "a.b"),
        as_recognizer(Recognizer("mine", other, features, ENGLISH), "a.b"),
        as_recognizer(Recognizer("mine", backwards, features, ENGLISH), "a.b"),
        as_recognizer(Recognizer("mine", other, features, Alphabet(ENGLISH.symbols[::-1])), "a.b"),
    ):
        hashes.add(changed.sha256)
    assert len(hashes) == 5


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("mine:nothing", "mine:nothing: mine has no 'nothing'"),
        ("mine:Nothing.inner.shape", r"mine\.Nothing\.inner has no 'shape'"),
        ("mine.number", "mine.number is a int; write a function .* docs/own-model.md"),
        ("mine:wide", "mine:wide is a Net, which does not say what it hears and writes"),
        ("mine:Nothing.inner", "is a Net, which"),
        ("mine:Net", "is a Net, which"),
        ("mine:wants", "calling it without arguments failed: TypeError"),
        ("mine:fails", r"failed: RuntimeError: no \(mine.py, line 22\)"),
        ("lacking:model", "importing lacking failed: ModuleNotFoundError.*not_there_at_all"),
        ("lacking.model", "importing lacking failed: ModuleNotFoundError.*not_there_at_all"),
        ("leaving:model", "importing leaving failed: SystemExit: 3"),
        ("broken.model", "importing broken failed: SyntaxError"),
        ("nowhere:model", "no module 'nowhere', neither installed nor in the current folder"),
        ("pack.nowhere:model", "no module 'pack.nowhere'"),
        ("nowhere.to.be.found", "no module 'nowhere.to.be'"),
        ("pack.nowhere.model", "pack has no 'nowhere'"),
    ],
)
def test_what_cannot_be_used_is_named(folder: Path, path: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_model(path)


def test_files_and_shipped_models_come_first(folder: Path, recognizer: Recognizer) -> None:
    assert not is_import("wav2letter-en-mini")
    assert not is_import("runs/mine/best.safetensors")
    assert not is_import("best.safetensors")
    assert is_import("mine:Net")
    save_recognizer(folder / "mine.recognizer", recognizer)
    assert not is_import("mine.recognizer")
    assert open_model("mine.recognizer").name == "small"
    with pytest.raises(InputError, match="not a Python path"):
        object_from_python("../mine:Net")


def test_names_that_are_read_from_files_are_never_imported(folder: Path) -> None:
    with pytest.raises(InputError, match=r"no such model file.*a Python path is for --model"):
        load_model("mine:recognizer")
    assert not (folder / "imported").exists()
    model_from_python("mine:recognizer")
    assert (folder / "imported").exists()


def test_what_is_installed_comes_before_the_current_folder(folder: Path) -> None:
    (folder / "this.py").write_text("raise RuntimeError('not me')")
    (folder / "colorsys.py").write_text("raise RuntimeError('not me')")
    assert callable(object_from_python("colorsys:__doc__.lower").upper)  # type: ignore[attr-defined]


def test_labels_become_letters() -> None:
    alphabet, order = letters_of(LABELS)
    assert alphabet.symbols == " etaonihsrdlumwcfgypbvk'xjqz"
    assert order == (*range(1, 29), 0)
    alphabet, order = letters_of(["<s>", "b", "<pad>", "A", "<unk>", " "], blank="<pad>")
    assert (alphabet.symbols, order) == ("ba ", (1, 3, 5, 2))
    with pytest.raises(InputError, match="none of the labels is the blank '-'; they are: a b"):
        letters_of("ab")
    with pytest.raises(InputError, match="'A' and 'a' are one letter"):
        letters_of("-Aa")


def test_a_bundle_with_letters() -> None:
    bundle = LetterBundle()
    assert isinstance(bundle, Bundle)
    model = from_bundle(bundle, "tiny")
    assert (model.name, model.language, model.writes) == ("tiny", "en", True)
    assert model.features == WaveformConfig()
    assert model.frame_s == 0.02
    # The first frame hears 25 ms; its middle is half of that.
    assert model.delay_s == pytest.approx(-199 / 16_000)
    assert model.layers[-1].channels == 29
    samples = np.random.default_rng(0).standard_normal(8_000).astype(np.float32)
    with torch.no_grad():
        theirs = bundle.model(torch.from_numpy(samples)[None])[0][0]
        ours = model.network(model.spectrogram(samples)[None])[0]
    torch.testing.assert_close(ours, theirs[:, [*range(1, 29), 0]])
    with pytest.raises(UtteranceError, match="399 frames make no output"):
        model.spectrogram(samples[:399])
    german = from_bundle(LetterBundle(labels=("-", "|", *"enirstadhulgcmobwfkzpvüäöjßyx")[:29]))
    assert german.language == "de"
    assert german.name == "LetterBundle"


def test_a_bundle_that_normalises_does_so_once() -> None:
    bundle = LetterBundle(_normalize_waveform=True)
    model = from_bundle(bundle)
    assert model.features == WaveformConfig(normalise=True)
    assert model.layers[0].name == "feature_extractor.conv_layers.0"
    # Normalising is not what a layer sees: fields stay what they are.
    assert model.layers[0].receptive_field == 10
    samples = 0.002 * np.random.default_rng(0).standard_normal(8_000).astype(np.float32) + 0.1
    with torch.no_grad():
        theirs = bundle.get_model()(torch.from_numpy(samples)[None])[0][0]
        ours = model.network(model.spectrogram(samples)[None])[0]
    torch.testing.assert_close(ours, theirs[:, [*range(1, 29), 0]], atol=1e-4, rtol=1e-4)


def test_a_bundle_without_letters() -> None:
    model = from_bundle(LetterlessBundle(), "letterless")
    assert not model.writes
    assert [layer.name for layer in model.layers[-3:]] == [
        "encoder.transformer.layers.1", "encoder.transformer.layer_norm", "output",
    ]  # fmt: skip
    assert model.layers[-1].channels == len(model.alphabet) == 12


def test_wavlm_and_an_aligner() -> None:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "extractor_mode": "group_norm",
        "extractor_conv_layer_config": [(6, 10, 5), (6, 8, 64)],
        "extractor_conv_bias": False,
        "encoder_embed_dim": 8,
        "encoder_projection_dropout": 0.0,
        "encoder_pos_conv_kernel": 4,
        "encoder_pos_conv_groups": 2,
        "encoder_num_layers": 2,
        "encoder_num_heads": 2,
        "encoder_num_buckets": 8,
        "encoder_max_distance": 16,
        "encoder_attention_dropout": 0.0,
        "encoder_ff_interm_features": 8,
        "encoder_ff_interm_dropout": 0.0,
        "encoder_dropout": 0.0,
        "encoder_layer_norm_first": False,
        "encoder_layer_drop": 0.0,
        "aux_num_out": None,
    }
    model = from_bundle(LetterlessBundle(torchaudio.models.wavlm_model(**sizes)))
    assert model.frame_s == 0.02
    assert "encoder.transformer.layers.1" in [layer.name for layer in model.layers]

    class Aligner(LetterBundle):
        def get_labels(self, *, blank: str = "-") -> tuple[str, ...]:
            return (*super().get_labels(blank=blank), "*")

        def get_model(self) -> torch.nn.Module:
            utils = torchaudio.pipelines._wav2vec2.utils
            wrapped: torch.nn.Module = utils._extend_model(self.model, False, True, True)
            return wrapped

    model = from_bundle(Aligner())
    assert "*" not in model.alphabet.symbols
    # Scores, not their logarithms after a softmax.
    logits = model.network(torch.randn(1, 8_000, 1))
    assert logits.exp().sum(2).sub(1).abs().max() > 0.1


def test_bundles_that_cannot_be_used() -> None:
    with pytest.raises(InputError, match="hears 8000 Hz; only 16000"):
        from_bundle(LetterBundle(sample_rate=8_000.0))
    with pytest.raises(InputError, match="order names units from 0 to 28, and the output has 12"):
        from_bundle(LetterBundle(model=wav2vec2(letters=12)))

    class Offline(LetterlessBundle):
        def get_model(self) -> torch.nn.Module:
            raise OSError("no network")

    with pytest.raises(InputError, match=r"its weights could not be had: no network"):
        as_recognizer(Offline(), "a.B")


def test_a_wav2letter_of_torchaudio() -> None:
    make = torchaudio.models.Wav2Letter
    model = as_recognizer(make(num_classes=29, input_type="mfcc", num_features=13), "x.net")
    assert model.features == FeatureConfig(n_mels=13)
    assert (model.alphabet, model.language) == (ENGLISH, "en")
    with pytest.raises(InputError, match="40 outputs are neither the 29 of our English"):
        as_recognizer(make(input_type="mfcc", num_features=13), "x.net")
    with pytest.raises(InputError, match="only a Wav2Letter that hears spectrograms"):
        as_recognizer(make(num_classes=29), "x.net")


def test_letters_must_fit_the_output() -> None:
    features = FeatureConfig(n_mels=6)
    network = Adapter(Recurrent(), features)
    Recognizer("fits", network, features, ENGLISH)
    with pytest.raises(InputError, match="26 letters and a blank, but the network's output has 29"):
        Recognizer("odd", network, features, Alphabet("abcdefghijklmnopqrstuvwxyz"))


def test_a_bare_module_is_looked_at_either_way_round() -> None:
    features = FeatureConfig(n_mels=6)
    assert glance(Recurrent(), features) is not None
    turned = glance(torch.nn.Conv1d(6, 3, 5), features)
    assert turned is not None
    assert turned.layers[-1].receptive_field == 5
    sound = glance(torch.nn.Conv1d(1, 3, 400, 160), WaveformConfig())
    assert sound is not None
    assert sound.layers[-1].stride == 160
    assert glance("text", features) is None
    with pytest.raises(InputError, match=r"fails on an input of shape \(1, 1024, 6\)"):
        glance(torch.nn.Conv1d(7, 3, 5), features)


def test_waveforms_are_the_same_alone_and_in_a_batch() -> None:
    x = 3 + 5 * torch.randn(2, 900)
    x[1, 700:] = 0
    lengths = torch.tensor([900, 700])
    for normalise in (False, True):
        hear = Waveform(WaveformConfig(normalise=normalise))
        batch = hear(x, lengths)
        assert batch.shape == (2, 900, 1)
        torch.testing.assert_close(batch[1, :700], hear(x[1, :700]))
        assert not batch[1, 700:].any()
        expected = torch.nn.functional.layer_norm(x[0], (900,)) if normalise else x[0]
        torch.testing.assert_close(hear(x[0])[:, 0], expected, atol=1e-5, rtol=1e-5)
    assert WaveformConfig().frame_s * 16_000 == 1
    assert isinstance(LogMel(FeatureConfig()).config, FeatureConfig)
