"""Recognizers as they were before training, all of them or from some layer up."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from naps.corpus.features import WaveformConfig
from naps.errors import InputError
from naps.models.lstm import LSTMRecognizer
from naps.models.network import Network
from naps.models.recognizer import Recognizer, build
from naps.models.wav2letter import Wav2Letter

# Noise that weights are traced with: half a second of samples, or more than a second of frames.
_SAMPLES, _FRAMES = 8000, 128


def randomised(model: Recognizer, layer: str | None = None, *, seed: int = 0) -> Recognizer:
    """Return a copy whose weights are those of a network before training, from a layer up.

    With one layer more at a time, from the top down, that is the cascading randomisation of
    Adebayo et al. (2018). A weight belongs to the lowest layer whose activation depends on it; so
    below ``layer`` activations have the same bits. A layer's new weights are the same however far
    down the network is random, and on every device.

    Networks of this package get the weights that they would be trained from; the modules of
    others start anew with their own ``reset_parameters``, statistics of batch norm with them.
    Torch's random state stays as it is.

    Parameters
    ----------
    model : Recognizer
        Stays as it is.
    layer : str, optional
        The lowest layer, one of ``model.layers``, with new weights; all layers by default.
    seed : int
        Of the new weights.

    Returns
    -------
    Recognizer
        Its name says what is random, its facts whose weights the others are; it has no hash.

    Raises
    ------
    InputError
        If there is no such layer, the network cannot be copied, or it has weights that cannot be
        drawn again.
    """
    names = [known.name for known in model.layers]
    if layer is not None and layer not in names:
        raise InputError(f"no layer {layer!r} in {model.name}; there are: {', '.join(names)}")
    network = _copied(model)
    places = _places(model, network, layer)
    network = _untrained(network, seed)
    first = 0 if layer is None else names.index(layer)
    above = {name for name, place in places.items() if place is not None and place >= first}
    _keep_trained(model, network, above, everything=layer is None)
    return replace(
        model,
        name=f"{model.name}, random {'weights' if layer is None else f'from {layer}'}",
        network=network.to(model.device).eval(),
        sha256="",
        facts={"randomised": {"from": layer, "seed": seed, "trained_sha256": model.sha256}},
    )


def _copied(model: Recognizer) -> Network:
    """Return a copy of the network on the CPU, where random numbers are the same everywhere."""
    try:
        return copy.deepcopy(model.network).cpu()
    # Any: what a stranger's module raises is not ours to know.
    except Exception as error:
        raise InputError(
            f"{model.name}: the network cannot be copied ({type(error).__name__}: {error}), so "
            f"there is no control with random weights; --set controls.random_weights=false"
        ) from error


def _places(model: Recognizer, network: Network, layer: str | None) -> dict[str, int | None]:
    """Return for each weight the lowest layer that depends on it; None where none does.

    Raises
    ------
    InputError
        If autograd cannot tell, and it matters.
    """
    own = dict(network.named_parameters())
    flags = [weight.requires_grad for weight in own.values()]
    network.requires_grad_(True)
    try:
        found = _dependences(model, network, list(own.values()))
    except RuntimeError as error:
        if layer is not None:
            raise InputError(
                f"{model.name}: the network cannot be differentiated, so it is not known which "
                f"weights belong to which layer ({str(error).splitlines()[0]}); "
                f"--set controls.cascade=false"
            ) from None
        return dict.fromkeys(own, 0)
    finally:
        for weight, flag in zip(own.values(), flags, strict=True):
            weight.requires_grad_(flag)
    return {
        name: next((place for place, felt in enumerate(found) if felt[number]), None)
        for number, name in enumerate(own)
    }


def _dependences(
    model: Recognizer, network: Network, weights: Sequence[Tensor]
) -> list[list[bool]]:
    """Say for each layer which weights its activation depends on."""
    with torch.enable_grad():
        seen, logits = network.watched(_noise(model))
    found = []
    # The last layer's activation goes by no name of its own.
    for values in [*(seen[known.name] for known in model.layers[:-1]), logits]:
        gradients: tuple[Tensor | None, ...] = (None,) * len(weights)
        if values.requires_grad:
            gradients = torch.autograd.grad(
                values.sum(), weights, retain_graph=True, allow_unused=True
            )
        found.append([gradient is not None for gradient in gradients])
    return found


def _noise(model: Recognizer) -> Tensor:
    frames = _SAMPLES if isinstance(model.features, WaveformConfig) else _FRAMES
    frames = max(frames, model.layers[-1].receptive_field or 0)
    while model.network.output_length(frames) < 1:
        frames *= 2
    random = torch.Generator().manual_seed(0)
    return torch.randn(1, frames, model.features.n_mels, generator=random)


def _untrained(network: Network, seed: int) -> Network:
    """Draw all weights anew; those that nothing draws are not numbers."""
    # Not torch.manual_seed, which would seed GPUs, too.
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        if type(network) in (Wav2Letter, LSTMRecognizer):
            assert isinstance(network, Wav2Letter | LSTMRecognizer)
            return build(network.config)
        for weight in network.parameters():
            weight.fill_(torch.nan)
        # Children first, as in constructors: what holds them may have another start for them.
        for name, module in reversed(list(network.named_modules())):
            _reset(name, module)
    return network


def _reset(name: str, module: nn.Module) -> None:
    start = getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)
    if start is None:
        return
    try:
        # A weight that is computed from others, as in weight norm, is drawn and taken apart.
        with parametrize.cached():
            start()
            for weight in getattr(module, "parametrizations", ()):
                setattr(module, weight, getattr(module, weight).clone())
    except Exception as error:
        raise InputError(
            f"{name or type(module).__name__}: its weights cannot be drawn again "
            f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
        ) from error


def _keep_trained(
    model: Recognizer, network: Network, above: set[str], *, everything: bool
) -> None:
    """Give a network with new weights the trained ones back where it is not to be random.

    Raises
    ------
    InputError
        If a weight that is to be random is not, or statistics belong to no known layer.
    """
    trained, missing = dict(model.network.named_parameters()), []
    with torch.no_grad():
        for name, weight in network.named_parameters():
            drawn = bool(weight.isfinite().all())
            if name in above and not drawn:
                missing.append(name)
            elif name not in above and not (everything and drawn):
                weight.copy_(trained[name])
        statistics = dict(model.network.named_buffers())
        for name, values in network.named_buffers():
            before = statistics[name].to(values.device)
            if everything or torch.equal(values, before):
                continue
            owner = name.rpartition(".")[0]
            own = [f"{owner}.{x}" if owner else x for x, _ in _own(network, owner)]
            if not own:
                missing.append(name)
            elif above.isdisjoint(own):
                values.copy_(before)
    if missing:
        raise InputError(
            f"{model.name}: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''} cannot be "
            f"drawn again; give what holds them a method reset_parameters, or take "
            f"controls.random_weights=false and controls.cascade=false"
        )


def _own(network: Network, module: str) -> list[tuple[str, nn.Parameter]]:
    return list(network.get_submodule(module).named_parameters(recurse=False))
