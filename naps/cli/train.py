"""``naps train``: train or continue a recognizer."""

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
    """Train a recognizer; where a checkpoint lies in the folder, go on from there."""
    from naps.pipeline import load_recipe
    from naps.pipeline.runner import choose_device
    from naps.training import TrainConfig
    from naps.training import train as start

    loaded = load_recipe(recipe, settings or ())
    if not isinstance(loaded, TrainConfig):
        raise InputError(f"{recipe} is no training recipe; use 'naps run {recipe}'")
    folder = out_folder(out, loaded.name)
    print(start(loaded, folder, device=choose_device(device), say=say))
