"""``naps list``: what there is."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Thing(StrEnum):
    """What can be listed."""

    LAYERS = "layers"
    RECIPES = "recipes"
    MODELS = "models"
    CORPORA = "corpora"


def list_(
    thing: Annotated[Thing, typer.Argument(help="What to list.")],
    model: Annotated[str, typer.Option(help="Whose layers.")] = "wav2letter-en-mini",
) -> None:
    """List layers of a model, recipes, shipped models or corpus layouts."""
    if thing is Thing.LAYERS:
        from naps.models import load_model

        recognizer = load_model(model)
        frame_ms = 1000 * recognizer.features.frame_s
        print(f"{'layer':<8}{'channels':>9}{'stride':>8}{'offset':>8}{'field':>7}{'ms':>8}")
        for layer in recognizer.layers:
            field = layer.receptive_field
            print(
                f"{layer.name:<8}{layer.channels:>9}{layer.stride:>8}{layer.offset:>8}"
                f"{field:>7}{field * frame_ms:>8.0f}"
            )
    elif thing is Thing.RECIPES:
        from naps.pipeline import recipe_names

        print("\n".join(recipe_names()))
    elif thing is Thing.MODELS:
        from naps.models import shipped_models

        print("\n".join(shipped_models()))
    else:
        import data_prep

        print("\n".join(["embedded", "manifest", *data_prep.LAYOUTS]))
