"""What makes units of a layer that are neighbours in a sheet learn to be alike.

Three costs, each of which is added to the loss with a weight: group sparsity of activations,
unlikeness of neighbouring kernels, and what a sheet of kernels loses when it is blurred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from naps.errors import InputError
from naps.models import Network, Wav2Letter
from naps.training.config import TopographyConfig, TrainConfig
from naps.training.sheet import Sheet, sheet_sides

# Below this activity a group counts as silent; it keeps the root's slope finite.
_EPSILON = 1e-4

Heard = dict[str, Tensor]


def group_sparsity(activations: Tensor, pools: Tensor, epsilon: float = _EPSILON) -> Tensor:
    """Add up how active the neighbourhoods of a sheet are: topographic ICA on activations.

    ``Σ_p √(ε + Σ_q w_pq a_q²)``: a frame costs less where the active units lie together
    (Hyvärinen, Hoyer & Inki 2001; Kavukcuoglu et al. 2009).

    Parameters
    ----------
    activations : Tensor, shape (..., units)
    pools : Tensor, shape (units, units)
        w, see `naps.training.sheet.Sheet.pools`.
    epsilon : float

    Returns
    -------
    Tensor, shape (...)
    """
    return (epsilon + activations.square() @ pools.T).sqrt().sum(-1)


def neighbour_unlikeness(kernels: Tensor, pairs: Tensor) -> Tensor:
    """Return the mean of ``1 − cos`` over neighbouring kernels, 0 (all alike) to 2.

    Parameters
    ----------
    kernels : Tensor, shape (units, weights)
    pairs : Tensor of int64, shape (pairs, 2)
        See `naps.training.sheet.Sheet.pairs`.
    """
    directions = functional.normalize(kernels, dim=1)
    return 1 - (directions[pairs[:, 0]] * directions[pairs[:, 1]]).sum(1).mean()


def blur_loss(kernels: Tensor, blur: Tensor) -> Tensor:
    """Return the mean of ``1 − cos`` between kernels and the blurred sheet of them.

    After TopoLoss (Deb et al. 2025), but for the constant 1, and for how the sheet is shrunk.

    Parameters
    ----------
    kernels : Tensor, shape (units, weights)
    blur : Tensor, shape (units, units)
        See `naps.training.sheet.Sheet.blur`.
    """
    return 1 - functional.cosine_similarity(kernels, blur @ kernels, dim=1).mean()


@dataclass(frozen=True)
class _Ordered:
    """A layer with a sheet, and the matrix or the pairs that its cost needs."""

    name: str
    sheet: Sheet
    matrix: Tensor


class Topography:
    """The cost of disorder in the layers of a network.

    Parameters
    ----------
    network : Network
        Convolutional.
    config : TopographyConfig
    frozen : int
        So many first layers are not trained.

    Raises
    ------
    InputError
        If a layer does not exist, is frozen or gives the letters, or has no such sheet.
    """

    def __init__(self, network: Network, config: TopographyConfig, frozen: int = 0) -> None:
        if not isinstance(network, Wav2Letter):
            raise InputError("topography: only layers of convolutions can be trained in order")
        self._network, self._config = network, config
        known = {layer.name: layer.channels for layer in network.layers[frozen:-1]}
        for name in config.layers:
            if name not in known:
                raise InputError(
                    f"topography.layers: {name!r} cannot be ordered; these can: {', '.join(known)}"
                )
        sheets = {
            name: Sheet(*sheet_sides(name, known[name], config.grid), config.on_torus)
            for name in config.layers
        }
        device = next(network.parameters()).device
        matrices = {sheet: self._matrix(sheet).to(device) for sheet in set(sheets.values())}
        self._layers = [_Ordered(name, sheet, matrices[sheet]) for name, sheet in sheets.items()]

    def _matrix(self, sheet: Sheet) -> Tensor:
        config = self._config
        if config.kind == "groups":
            return sheet.pools(config.window)
        if config.kind == "neighbours":
            return sheet.pairs(config.neighbours)
        return sheet.blur(config.shrink)

    @contextmanager
    def listening(self) -> Iterator[Heard]:
        """Collect what the ordered layers give while the network is called."""
        heard: Heard = {}

        def keep(name: str) -> Callable[[nn.Module, object, Tensor], None]:
            def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
                heard[name] = output

            return hook

        layers = self._layers if self._config.kind == "groups" else ()
        hooks = [
            self._network.get_submodule(layer.name).register_forward_hook(keep(layer.name))
            for layer in layers
        ]
        try:
            yield heard
        finally:
            for hook in hooks:
                hook.remove()

    def __call__(self, heard: Heard, lengths: Sequence[int], weights: Tensor) -> Tensor:
        """Add up the costs of all layers, before they are weighed.

        Parameters
        ----------
        heard : dict of str to Tensor, shape (utterances, steps, units)
            From `listening`.
        lengths : sequence of int
            Real frames of each utterance of the batch; what lies behind them costs nothing.
        weights : Tensor, shape (utterances,)
            What each utterance counts.

        Returns
        -------
        Tensor
            A number; costs of kernels do not depend on the utterances and are whole.
        """
        with torch.set_grad_enabled(self._config.weight > 0):
            costs = [self._cost(layer, heard, lengths, weights) for layer in self._layers]
            return torch.stack(costs).sum()

    def _cost(
        self, layer: _Ordered, heard: Heard, lengths: Sequence[int], weights: Tensor
    ) -> Tensor:
        if self._config.kind == "groups":
            costs = group_sparsity(heard[layer.name].float(), layer.matrix)
            steps = torch.tensor(
                [_steps(self._network, layer.name, n) for n in lengths], device=costs.device
            )
            real = torch.arange(costs.shape[1], device=costs.device) < steps[:, None]
            return ((costs * real).sum(1) / steps * weights).sum()
        weight = self._network.get_submodule(layer.name).weight
        assert isinstance(weight, Tensor)
        cost = neighbour_unlikeness if self._config.kind == "neighbours" else blur_loss
        return cost(weight.flatten(1), layer.matrix)

    @property
    def depends_on_speech(self) -> bool:
        """Whether the cost is of activations, and so of each process' own utterances."""
        return self._config.kind == "groups"

    def facts(self) -> dict[str, Any]:
        """Return what the file of the network says, see `naps.topography.learned_grid`."""
        return {
            "kind": self._config.kind,
            "weight": self._config.weight,
            "torus": self._config.on_torus,
            "layers": {x.name: [x.sheet.rows, x.sheet.columns] for x in self._layers},
        }


def topography_of(network: Network, config: TrainConfig) -> Topography | None:
    """Return the cost that a recipe asks for, if it does.

    Raises
    ------
    InputError
        See `Topography`.
    """
    if config.topography is None:
        return None
    return Topography(network, config.topography, config.frozen)


def _steps(network: Wav2Letter, layer: str, frames: int) -> int:
    """Return the steps that a layer makes of so many frames."""
    names = [known.name for known in network.layers]
    for convolution in network.config.convolutions()[: names.index(layer) + 1]:
        frames = convolution.output_length(frames)
    return frames
