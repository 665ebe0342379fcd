"""``naps train``: train or continue a recognizer, a table of them, or a G2P model."""

from __future__ import annotations

from naps.cli.options import DeviceOption, OutOption, RecipeArgument, SetOption, out_folder
from naps.cli.progress import say


def train(
    recipe: RecipeArgument,
    settings: SetOption = None,
    out: OutOption = None,
    device: DeviceOption = "auto",
) -> None:
    """Train a model; go on from the checkpoint in the folder, if any.

    Start it with torchrun to train a recognizer on several GPUs.
    """
    from naps.pipeline import load_recipe
    from naps.pipeline.runner import choose_device
    from naps.pipeline.training import run_training

    loaded = load_recipe(recipe, settings or ())
    folder = out_folder(out, loaded.name)
    print(run_training(loaded, folder, device=choose_device(device), say=say))
