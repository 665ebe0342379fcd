"""``naps train``: train or continue a recognizer or a G2P model."""

from __future__ import annotations

from naps.cli.options import DeviceOption, OutOption, RecipeArgument, SetOption, out_folder
from naps.cli.progress import say
from naps.errors import InputError


def train(
    recipe: RecipeArgument,
    settings: SetOption = None,
    out: OutOption = None,
    device: DeviceOption = "auto",
) -> None:
    """Train a recognizer or a G2P model; go on from the checkpoint in the folder, if any."""
    from naps.pipeline import load_recipe
    from naps.pipeline.runner import choose_device
    from naps.training import TrainConfig, TrainG2PConfig, train_g2p
    from naps.training import train as start

    loaded = load_recipe(recipe, settings or ())
    if isinstance(loaded, TrainG2PConfig):
        print(train_g2p(loaded, out_folder(out, loaded.name), say=say))
        return
    if not isinstance(loaded, TrainConfig):
        raise InputError(f"{recipe} is no training recipe; use 'naps run {recipe}'")
    folder = out_folder(out, loaded.name)
    print(start(loaded, folder, device=choose_device(device), say=say))
