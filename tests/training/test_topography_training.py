"""Training in order: what it changes, what it leaves as it was, and what it writes down."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from naps.errors import InputError
from naps.models import Recognizer, Wav2Letter, Wav2LetterConfig, load_model
from naps.pipeline.training_check import check_training
from naps.topography import learned_grid
from naps.training import train
from naps.training.config import LSTMNetwork, TopographyConfig
from naps.training.topography import Topography, group_sparsity
from tests.training.test_interruptions import curve
from tests.training.test_loop import config, quiet

KINDS = ("groups", "neighbours", "sheet")


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "last.safetensors")


def ordered(kind: str, weight: float, **more: object) -> dict[str, object]:
    return {"kind": kind, "weight": weight, "layers": ["conv1", "conv3"], **more}


def test_a_weight_of_zero_changes_nothing_but_the_log(tmp_path: Path, corpus: Path) -> None:
    train(config(corpus, steps=4, eval_every=4, log_every=2), tmp_path / "plain", say=quiet)
    plain = weights(tmp_path / "plain")
    for kind in KINDS:
        recipe = config(corpus, steps=4, eval_every=4, log_every=2, topography=ordered(kind, 0.0))
        train(recipe, tmp_path / kind, say=quiet)
        found = weights(tmp_path / kind)
        assert all(torch.equal(value, found[name]) for name, value in plain.items())
        for row, bare in zip(curve(tmp_path / kind), curve(tmp_path / "plain"), strict=True):
            assert float(row.pop("topography_cost")) > 0
            assert row == bare
        assert learned_grid(load_model(tmp_path / kind / "test.safetensors"), "conv1") is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_cost_falls_and_the_file_says_where_units_lie(
    tmp_path: Path, corpus: Path, kind: str
) -> None:
    topography = ordered(kind, 30.0, grid=[4, 6])
    recipe = config(corpus, steps=16, log_every=2, eval_every=16, topography=topography)
    path = train(recipe, tmp_path / "run", say=quiet)
    costs = [float(row["topography_cost"]) for row in curve(tmp_path / "run")]
    assert costs[-1] < 0.9 * costs[0]
    model = load_model(path)
    for file in (path, tmp_path / "run" / "best.safetensors"):
        cells = learned_grid(load_model(file), "conv3")
        assert cells is not None
        assert (cells.rows, cells.columns) == (4, 6)
        assert cells.unit_cells.tolist() == list(range(24))
    assert learned_grid(model, "conv2") is None
    assert model.facts["topography"]["kind"] == kind


@pytest.mark.parametrize("kind", ["groups", "sheet"])
def test_interrupted_and_continued_gives_the_same_bits(
    tmp_path: Path, corpus: Path, kind: str
) -> None:
    recipe = config(
        corpus, steps=12, save_every=4, eval_every=6, log_every=5, topography=ordered(kind, 0.3)
    )
    torch.set_num_threads(1)
    train(recipe, tmp_path / "whole", say=quiet)
    train(recipe, tmp_path / "parts", say=quiet, stop_after=3)
    train(recipe, tmp_path / "parts", say=quiet, stop_after=5)
    train(recipe, tmp_path / "parts", say=quiet)
    assert curve(tmp_path / "parts") == curve(tmp_path / "whole")
    found = weights(tmp_path / "parts")
    assert all(torch.equal(v, found[name]) for name, v in weights(tmp_path / "whole").items())


def test_a_checkpoint_of_another_topography_is_refused(tmp_path: Path, corpus: Path) -> None:
    recipe = config(corpus, topography=ordered("sheet", 0.3))
    train(recipe, tmp_path / "run", say=quiet, stop_after=5)
    for other in (ordered("sheet", 0.4), None):
        with pytest.raises(InputError, match="its topography is"):
            train(config(corpus, topography=other), tmp_path / "run", say=quiet)


def test_what_lies_behind_the_end_of_an_utterance_costs_nothing() -> None:
    torch.manual_seed(0)
    network = Wav2Letter(Wav2LetterConfig(n_mels=16, channels=8, wide=12)).eval()
    chosen = TopographyConfig(kind="groups", weight=1.0, layers=("conv1", "conv9"), grid=None)
    cost = Topography(network, chosen)
    speech = torch.randn(2, 90, 16)
    with cost.listening() as heard:
        network(speech)
    found = cost(heard, [90, 51], torch.tensor([0.5, 0.25]))
    expected = 0.0
    for name, pools in ((layer.name, layer.matrix) for layer in cost._layers):
        values = group_sparsity(heard[name], pools)
        # conv1 halves 51 frames to 25; conv9 pads one step more than it takes.
        steps = (45, 25) if name == "conv1" else (46, 26)
        expected += 0.5 * values[0, : steps[0]].mean() + 0.25 * values[1, : steps[1]].mean()
    torch.testing.assert_close(found, torch.as_tensor(expected))
    with cost.listening() as heard:
        pass
    network(speech)
    assert heard == {}


def test_what_cannot_be_ordered_is_found_early(corpus: Path) -> None:
    def checked(**topography: object) -> list[str]:
        return check_training(
            config(corpus, topography={"kind": "sheet", "weight": 1.0} | topography)
        )

    checked(layers=["conv1", "conv9"])
    with pytest.raises(
        InputError, match=r"'conv11' cannot be ordered; these can: conv1, .*conv10$"
    ):
        checked(layers=["conv11"])
    with pytest.raises(InputError, match="5 × 5 is no sheet of the 24 units of conv1"):
        checked(grid=[5, 5])
    odd = {"channels": 23, "wide": 32}
    with pytest.raises(InputError, match="the 23 units of conv1 make no sheet"):
        check_training(config(corpus, network=odd, topography=ordered("groups", 1.0)))
    with pytest.raises(ValidationError, match="only convolutional recognizers learn it"):
        config(corpus, network=LSTMNetwork(hidden=4), topography=ordered("groups", 1.0))
    for wrong, message in (
        ({"weight": -1.0}, "greater than or equal to 0"),
        ({"weight": float("nan")}, "finite"),
        ({"kind": "som"}, "'groups', 'neighbours' or 'sheet'"),
        ({"torus": True}, "has edges"),
        ({"layers": []}, "at least 1"),
        ({"layers": ["conv1", "conv1"]}, "named twice"),
        ({"sigma": 1}, "Extra inputs"),
    ):
        with pytest.raises(ValidationError, match=message):
            checked(**wrong)


def test_frozen_layers_cannot_be_ordered() -> None:
    network = Wav2Letter(Wav2LetterConfig(n_mels=16, channels=8, wide=12))
    chosen = TopographyConfig(kind="neighbours", weight=1.0, layers=("conv2",))
    with pytest.raises(InputError, match="'conv2' cannot be ordered; these can: conv3"):
        Topography(network, chosen, frozen=2)


@pytest.mark.parametrize(
    "said",
    [
        {"weight": 1.0, "layers": {"conv1": [3, 3]}},
        {"weight": 1.0, "layers": {"conv1": [-2, -4]}},
        {"weight": 1.0, "layers": {"conv1": [2.0, 4.0]}},
        {"weight": 1.0, "layers": {"conv1": 8}},
        {"weight": "much", "layers": {"conv1": [2, 4]}},
        {"layers": {"conv1": [2, 4]}},
        "yes",
    ],
)
def test_a_file_that_says_nonsense_is_refused(recognizer: Recognizer, said: object) -> None:
    model = replace(recognizer, facts={"topography": said})
    with pytest.raises(InputError, match=r"small: what its file says .* conv1 does not fit"):
        learned_grid(model, "conv1")
    assert learned_grid(recognizer, "conv1") is None
    with pytest.raises(InputError, match="no layer 'conv12'"):
        learned_grid(recognizer, "conv12")
