"""Other people's networks, looked at like our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from naps.corpus.features import FeatureConfig, WaveformConfig
from naps.errors import InputError
from naps.models.choice import blocks, closed, parts
from naps.models.form import copied, plain
from naps.models.geometry import Layer
from naps.models.network import Network
from naps.models.survey import LOGITS, Call, Logits, Survey
from naps.models.watch import hooked, watch

# Frames of the shortest noise that a network is looked over with.
_SHORTEST = {"spectrogram": 128, "waveform": 8000}
_INPUT = "input"


def _run(module: nn.Module, x: Tensor) -> object:
    return module(x)


class Adapter(Network):
    """Any module with a frame-wise output, and what its submodules do.

    Where the steps of each layer lie in the input is measured by running the module on noise of
    several lengths. The module is put into eval mode.

    Parameters
    ----------
    module : Module
        Takes spectrograms (batch, frames, n_mels), or waveforms (batch, samples).
    features : FeatureConfig or WaveformConfig
        What it takes.
    layers : sequence of str, optional
        Names of submodules, as in ``module.named_modules()``. By default the elements of its
        stacks, such as the layers of a transformer, and what stands outside of any stack; of a
        convolution, a norm and an activation in a row the last.
    call : callable, optional
        How to run it, if not by ``module(x)``: gets the module and the input.
    logits : str or callable, optional
        Where the logits of an output frame are: gets what ``call`` gave and returns a tensor;
        or the name of the submodule that gives them. By default the first tensor of the output.
    order : sequence of int, optional
        Of each letter of the alphabet its unit in the module's output, the blank's last; see
        `letters_of`. Units that are not named are left out. All, as they are, by default.

    Attributes
    ----------
    module : Module
        As given.
    left_out : dict of str to str
        Submodules that would be layers, and why they are not.

    Raises
    ------
    InputError
        If the module fails on noise, its logits are not frame-wise, ``order`` names a unit that
        is not there, or ``layers`` a submodule that is not there or gives no activation a step.
    """

    order: Tensor

    def __init__(
        self,
        module: nn.Module,
        features: FeatureConfig | WaveformConfig,
        *,
        layers: Sequence[str] | None = None,
        call: Call = _run,
        logits: str | Logits = plain,
        order: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.module = module.eval()
        self.features = features
        self._call = call
        self._logits: Logits = plain
        if isinstance(logits, str):
            self._logits_of(logits)
        else:
            self._logits = logits
        waveform = isinstance(features, WaveformConfig)
        survey = Survey(
            module,
            self._call,
            self._logits,
            () if waveform else (features.n_mels,),
            _SHORTEST["waveform" if waveform else "spectrogram"],
        )
        self._output = survey.places[LOGITS]
        units = self._output.channels
        chosen = list(range(units) if order is None else order)
        if any(unit not in range(units) for unit in chosen):
            raise InputError(
                f"{type(module).__name__}: order names units from {min(chosen)} to {max(chosen)}, "
                f"and the output has {units}, counted from 0"
            )
        self.register_buffer("order", torch.tensor(chosen, dtype=torch.long))
        self.left_out: dict[str, str] = {}
        names = self._chosen(survey) if layers is None else self._named(survey, layers)
        *below, last = survey.layers([*names, LOGITS])
        # The last layer gives the logits, whether a submodule does that by itself or not.
        if below and names[-1] in survey.givers:
            last = replace(last, name=below.pop().name)
        else:
            taken = {layer.name for layer in below}
            last = replace(last, name="output" if "output" not in taken else "logits")
        self._layers = (*below, replace(last, channels=len(self.order)))
        self._forms = {layer.name: survey.places[layer.name].form for layer in below}
        self.eval()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in the order in which they run; the last gives the logits."""
        return self._layers

    @property
    def spectrogram_input(self) -> bool:
        """Whether the input is a spectrogram, and so worth a profile of its own."""
        return isinstance(self.features, FeatureConfig)

    def output_length(self, frames: int) -> int:
        """Return the number of output frames for so many input frames."""
        return self._output.pace.steps(frames)

    def forward(self, features: Tensor, lengths: Sequence[int] | None = None) -> Tensor:
        """Map features (batch, frames, n_mels) to logits (batch, frames', units).

        Utterances of different lengths are run one by one, so that none hears the padding.
        """
        if torch.is_inference_mode_enabled():
            # What a module keeps for its next run must not be lost to autograd.
            with torch.inference_mode(False), torch.no_grad():
                return self.forward(features.clone(), lengths)
        if lengths is None or set(lengths) == {features.shape[1]}:
            return self._arranged(self._answer(features))
        alone = [self(x[None, :n])[0] for x, n in zip(features, lengths, strict=True)]
        return pad_sequence(alone, batch_first=True)

    def watched(self, features: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Run forward and keep what every layer gave, tied together by autograd.

        Parameters
        ----------
        features : Tensor, shape (batch, frames, n_mels)
            All of the same length.

        Returns
        -------
        activations : dict of str to Tensor, shape (batch, steps, channels)
            Of every layer but the last, by name.
        logits : Tensor, shape (batch, frames', units)
        """
        modules = {name: self.module.get_submodule(name) for name in self._forms}
        found, output = watch(modules, self._forms, lambda: self._answer(features))
        return found, self._arranged(output)

    def fused(self) -> Self:
        """Return the network itself, in eval mode."""
        return self.eval()

    def _answer(self, features: Tensor) -> object:
        waveform = isinstance(self.features, WaveformConfig)
        return self._call(self.module, features[..., 0] if waveform else features)

    def _arranged(self, output: object) -> Tensor:
        logits = self._logits(output)
        assert logits is not None
        return self._output.form.take(logits).index_select(2, self.order)

    def _logits_of(self, name: str) -> None:
        """Take the logits from a submodule, whatever the module makes of them."""
        if name not in dict(self.module.named_modules()):
            raise InputError(f"{type(self.module).__name__}: no submodule {name!r} for the logits")
        run = self._call

        def call(module: nn.Module, x: Tensor) -> object:
            given: list[object] = []

            def keep(_name: str, _inputs: tuple[Any, ...], output: object) -> object:
                given.append(output)
                return copied(output)

            with hooked({name: module.get_submodule(name)}, keep):
                run(module, x)
            return given[-1] if given else None

        self._call = call

    def _chosen(self, survey: Survey) -> list[str]:
        """Choose the layers, and say why others are none."""
        queue, names = list(blocks(self.module)), []
        output = self._output.pace.stride
        while queue:
            name = queue.pop(0)
            reason = survey.reasons.get(name)
            if name in survey.places and output % survey.places[name].pace.stride:
                reason = "its steps are further apart than output frames, or between them"
            if reason is None and name == _INPUT:
                reason = f"{_INPUT!r} is the name of the network's input"
            if reason is None:
                names.append(name)
                continue
            inner = [
                part
                for part in parts(self.module, name)
                if any(place == part or place.startswith(f"{part}.") for place in survey.places)
            ]
            # A block that gives no activation may still hold some that do.
            if inner:
                queue = inner + queue
            else:
                self.left_out[name] = reason
        order = list(survey.places).index
        names = sorted(names, key=order)
        for name in sorted(survey.without_gradient(names), key=order):
            names.remove(name)
            self.left_out[name] = "the logits do not depend on it, as far as autograd knows"
        left = {name: survey.modules[name] for name in names}
        for name, following in closed(left, survey.sources).items():
            names.remove(name)
            self.left_out[name] = f"{following} gives its activation"
        return names

    def _named(self, survey: Survey, names: Sequence[str]) -> list[str]:
        """Look at the layers that were asked for."""
        label = type(self.module).__name__
        for name in names:
            if name in survey.reasons:
                raise InputError(f"{label}: {name!r} is no layer: {survey.reasons[name]}")
            if name not in survey.places or not name:
                raise InputError(
                    f"{label}: no submodule {name!r}; there are: {', '.join(survey.modules)}"
                )
            if name == _INPUT:
                raise InputError(f"{label}: {name!r} is the name of the network's input")
        return sorted(set(names), key=list(survey.places).index)
