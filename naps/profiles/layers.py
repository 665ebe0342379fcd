"""Which layers of a recognizer have profiles."""

from __future__ import annotations

from collections.abc import Sequence

from naps.errors import InputError
from naps.models import Layer, Recognizer

INPUT = "input"


def input_layer(model: Recognizer) -> Layer:
    """Describe the spectrogram as if it were a layer."""
    return Layer(INPUT, model.features.n_mels, 1, 0, 1)


def owner(tap: str) -> str:
    """Return the name of the layer that a tap belongs to."""
    return tap.rpartition(".")[0]


def traceable_layers(model: Recognizer) -> tuple[Layer, ...]:
    """Return the layers that have profiles unless others are named.

    They are the input, if it is a spectrogram, and all but the output layer.
    """
    below = (input_layer(model),) if model.network.spectrogram_input else ()
    return (*below, *model.layers[:-1])


def choose_layers(model: Recognizer, names: Sequence[str] | None) -> tuple[Layer, ...]:
    """Pick layers and taps by name, in the order of the network, taps behind their layer.

    Parameters
    ----------
    model : Recognizer
    names : sequence of str or None
        All layers, but no taps, for None.

    Raises
    ------
    InputError
        If a name does not exist; the message lists those that do.
    """
    layers = traceable_layers(model)
    if names is None:
        return layers
    taps = model.network.taps
    known: list[Layer] = []
    for layer in layers:
        known += [layer, *(tap for tap in taps if owner(tap.name) == layer.name)]
    known += [tap for tap in taps if tap not in known]
    for name in names:
        if name not in [layer.name for layer in known]:
            raise InputError(
                f"no layer {name!r} in {model.name}; there are: "
                f"{', '.join(layer.name for layer in layers)}{_taps_listed(model)}"
            )
    return tuple(layer for layer in known if layer.name in names)


def _taps_listed(model: Recognizer) -> str:
    """List the taps in few words: the places that layers have in common, once."""
    places: dict[str, list[str]] = {}
    for tap in model.network.taps:
        places.setdefault(owner(tap.name), []).append(tap.name.rpartition(".")[2])
    owners: dict[tuple[str, ...], list[str]] = {}
    for layer, found in places.items():
        owners.setdefault(tuple(found), []).append(layer)
    return "".join(
        f"; and the taps {', '.join('.' + place for place in found)} of {', '.join(layers)}, "
        f"such as {layers[0]}.{found[0]}"
        for found, layers in owners.items()
    )
