"""``naps list``: what there is."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from naps.errors import InputError

if TYPE_CHECKING:
    from naps.corpus import FeatureConfig, WaveformConfig
    from naps.models import Network


class Thing(StrEnum):
    """What can be listed."""

    LAYERS = "layers"
    RECIPES = "recipes"
    MODELS = "models"
    CORPORA = "corpora"


def list_(
    thing: Annotated[Thing, typer.Argument(help="What to list.")],
    model: Annotated[
        str,
        typer.Option(
            help="Whose layers: a shipped model, a file, or a Python path such as "
            "torchaudio.pipelines.HUBERT_ASR_LARGE or my_model:MyNet, which is imported."
        ),
    ] = "wav2letter-en-mini",
    mels: Annotated[
        int, typer.Option(min=1, help="Of a module by Python path: mel bands it takes.")
    ] = 64,
    waveform: Annotated[
        bool, typer.Option("--waveform", help="Of a module by Python path: it takes waveforms.")
    ] = False,
) -> None:
    """List layers of a model, recipes, shipped models or corpus layouts."""
    if thing is Thing.LAYERS:
        _layers(model, mels, waveform)
    elif thing is Thing.RECIPES:
        from naps.pipeline import recipe_names

        print("\n".join(recipe_names()))
    elif thing is Thing.MODELS:
        from naps.models import shipped_models, shipped_sentiment_models

        print("\n".join([*shipped_models(), *shipped_sentiment_models()]))
    else:
        import data_prep

        print("\n".join(["embedded", "manifest", *data_prep.LAYOUTS]))


def _layers(name: str, mels: int, waveform: bool) -> None:
    from naps.corpus import FeatureConfig, WaveformConfig
    from naps.models import as_recognizer, glance, is_import, load_model, object_from_python

    if not is_import(name):
        recognizer = load_model(name)
        _print_layers(recognizer.network, recognizer.features)
        return
    found = object_from_python(name)
    try:
        recognizer = as_recognizer(found, name)
    except InputError as error:
        features = WaveformConfig() if waveform else FeatureConfig(n_mels=mels)
        network = glance(found, features)
        if network is None:
            raise
        _print_layers(network, features)
        print(f"\nonly listed: {error}")
        return
    _print_layers(recognizer.network, recognizer.features)


def _print_layers(network: Network, features: FeatureConfig | WaveformConfig) -> None:
    from naps.corpus import WaveformConfig
    from naps.models import Adapter

    unit = "samples" if isinstance(features, WaveformConfig) else "frames"
    frame_ms = 1000 * features.frame_s
    print(f"stride, offset and field in {unit} of {frame_ms:g} ms")
    width = 1 + max(len(layer.name) for layer in (*network.layers, *network.taps))
    head = f"{'channels':>9}{'stride':>8}{'offset':>8}{'field':>7}{'ms':>8}"
    for title, layers in (("layer", network.layers), ("tap", network.taps)):
        if not layers:
            continue
        print(f"{title:<{width}}{head}")
        for layer in layers:
            size = layer.receptive_field
            field = f"{'whole':>7}" if size is None else f"{size:>7}{size * frame_ms:>8.0f}"
            print(
                f"{layer.name:<{width}}{layer.channels:>9}{layer.stride:>8}{layer.offset:>8}{field}"
            )
    if isinstance(network, Adapter) and network.left_out:
        print("left out")
        for name, reason in network.left_out.items():
            print(f"{name}: {reason}")
