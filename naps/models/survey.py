"""What the submodules of a network give, measured by running it on noise."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from naps.errors import InputError
from naps.models.form import Form
from naps.models.forward_pass import ForwardPass
from naps.models.geometry import Layer
from naps.models.pace import Pace, find_paces
from naps.models.watch import hooked, watch

Call = Callable[[nn.Module, Tensor], object]
Logits = Callable[[Any], Tensor | None]

LOGITS = ""
"""Names the logits among the submodules."""

# Lengths tried: the first, until one works, and then so many times that.
_FIRST = (1, 2, 4, 8)
_LONGER = (6, 3, 2)
# A long pass of more seconds makes it worth while to try further lengths without computing.
_SLOW_S = 0.5
# Passes for the receptive field: what a ReLU hides in one shows in another.
_NOISES = 3
_SCRIPT = "is TorchScript, which cannot be looked into"


@dataclass(frozen=True, slots=True)
class Place:
    """A submodule that can be looked at.

    Attributes
    ----------
    form : Form
        Of its output.
    pace : Pace
        Of its steps.
    channels : int
    """

    form: Form
    pace: Pace
    channels: int


class Survey:
    """A network looked over, from some passes over noise of several lengths.

    Parameters
    ----------
    module : Module
        In eval mode.
    call : callable
        Runs it: ``call(module, x)``.
    logits : callable
        Finds the logits in what that gives.
    example : tuple of int
        Shape of an input behind batch and frames; empty for a waveform.
    shortest : int
        Frames to begin with; more are taken if so few cannot be used.

    Attributes
    ----------
    modules : dict of str to Module
        Every submodule by name.
    places : dict of str to Place
        Those that give one activation a step, in the order in which they finish, and `LOGITS`.
    reasons : dict of str to str
        Why the others do not.
    sources : dict of str to str
        Whose output a submodule gets, where it gets it unchanged.
    givers : set of str
        Those whose output the logits are.

    Raises
    ------
    InputError
        If the network fails on noise, or its logits are not frame-wise.
    """

    def __init__(
        self,
        module: nn.Module,
        call: Call,
        logits: Logits,
        example: tuple[int, ...],
        shortest: int,
    ) -> None:
        if isinstance(module, torch.jit.ScriptModule):
            raise InputError(f"{_name(module)} {_SCRIPT}; give the module that it was made of")
        named = {
            name: part
            for name, part in module.named_modules()
            if name and "parametrizations" not in name.split(".")
        }
        self.modules = {
            name: part
            for name, part in named.items()
            if not isinstance(part, torch.jit.ScriptModule)
        }
        self._module, self._call, self._logits, self._example = module, call, logits, example
        self._random = torch.Generator().manual_seed(0)
        self._short, one = self._pass_of([n * shortest for n in _FIRST])
        began = time.monotonic()
        self._long, other = self._pass_of([n * self._short for n in _LONGER])
        self._slow = time.monotonic() - began > _SLOW_S
        self.reasons = dict.fromkeys(named.keys() - self.modules.keys(), _SCRIPT)
        forms: dict[str, Form] = {}
        for name in [*one.outputs, *(self.modules.keys() - one.outputs.keys())]:
            axis = self._time_axis(name, one, other)
            if isinstance(axis, int):
                forms[name] = Form(axis, one.overwritten(name))
            else:
                self.reasons[name] = axis
        paces = self._paces(forms, one, other)
        for name in forms.keys() - paces.keys():
            self.reasons[name] = "its steps are not a whole number of input frames apart"
        if LOGITS in self.reasons:
            raise InputError(f"{_name(module)}: its logits cannot be used: {self.reasons[LOGITS]}")
        self.places = {
            name: Place(form, paces[name], form.take(one.outputs[name]).shape[2])
            for name, form in forms.items()
            if name in paces
        }
        self.sources = one.sources
        given = one.outputs[LOGITS]
        self.givers = {
            name
            for name, value in one.outputs.items()
            if name and value is given and not one.overwritten(name)
        }

    def layers(self, names: Sequence[str]) -> list[Layer]:
        """Describe places with their receptive fields.

        Parameters
        ----------
        names : sequence of str
            Of `places`.
        """
        try:
            extents = self._extents(self._reached(names))
        except RuntimeError:
            # Not every operation can be differentiated; then no field has known ends.
            extents = {}
        found = []
        for name in names:
            place = self.places[name]
            offset, size = extents.get(name, (place.pace.middle, None))
            found.append(Layer(name, place.channels, place.pace.stride, offset, size))
        return found

    def without_gradient(self, names: Sequence[str]) -> set[str]:
        """Return the places that the logits do not depend on, as far as autograd knows."""
        try:
            activations, logits = self._watch(names, self._noise(self._short).requires_grad_())
            # What runs without a graph has none to follow.
            known = [name for name in names if activations[name].requires_grad]
            if not known or not logits.requires_grad:
                return set(names)
            gradients: tuple[Tensor | None, ...] = torch.autograd.grad(
                logits.sum(), [activations[name] for name in known], allow_unused=True
            )
        except RuntimeError:
            # Not every operation can be differentiated; plain means can be made all the same.
            return set()
        felt = {
            name for name, gradient in zip(known, gradients, strict=True) if gradient is not None
        }
        return set(names) - felt

    def _noise(self, frames: int) -> Tensor:
        like = next(self._module.parameters(), torch.empty(0))
        noise = torch.randn(1, frames, *self._example, generator=self._random)
        return noise.to(like.device, like.dtype)

    def _pass_of(self, lengths: Sequence[int]) -> tuple[int, ForwardPass]:
        """Run over noise of the first of some lengths that works."""
        for length in lengths[:-1]:
            try:
                return length, self._pass(length)
            except InputError:
                continue
        return lengths[-1], self._pass(lengths[-1])

    def _pass(self, length: int, module: nn.Module | None = None) -> ForwardPass:
        """Run the network, or a hollow copy of it, and look at every submodule."""
        x = self._noise(length)
        if module is None:
            module = self._module
        else:
            x = x.to("meta")
        parts = {name: module.get_submodule(name) for name in self.modules}
        leaves = {name for name, part in parts.items() if not any(True for _ in part.children())}
        seen = ForwardPass()

        def look(name: str, inputs: tuple[Any, ...], output: Any) -> None:
            seen.look(name, inputs, output, leaf=name in leaves)

        try:
            with torch.no_grad(), hooked(parts, look):
                logits = self._logits(self._call(module, x))
        # Any: what a stranger's module raises is not ours to know.
        except Exception as error:
            raise InputError(
                f"{_name(self._module)} fails on an input of shape {tuple(x.shape)}: "
                f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            ) from error
        if not isinstance(logits, Tensor):
            raise InputError(
                f"{_name(self._module)}: no tensor of logits in its output; say with "
                f"logits= where it is"
            )
        if not logits.numel():
            raise InputError(
                f"{_name(self._module)}: no output for an input of shape {tuple(x.shape)}"
            )
        seen.outputs[LOGITS] = logits
        return seen

    def _time_axis(self, name: str, one: ForwardPass, other: ForwardPass) -> int | str:
        """Return the axis of a submodule's steps, or why there is none."""
        if name and one.calls[name] != 1:
            calls = one.calls[name]
            return f"is called {calls} times in a pass" if calls else "is not called"
        if name not in one.outputs or name not in other.outputs:
            return "its output is no tensor"
        value = one.outputs[name]
        if not value.is_floating_point():
            return "its output is not of real numbers"
        shape, longer = value.shape, other.outputs[name].shape
        if len(shape) < 3:
            return f"its output has the shape {tuple(shape)}, not batch, steps and channels"
        grown = [i for i, (a, b) in enumerate(zip(shape, longer, strict=False)) if a != b]
        if len(shape) != len(longer) or len(grown) > 1:
            return "more than one axis of its output grows with the length of the input"
        if not grown:
            return "its output does not grow with the length of the input"
        if shape[1 if grown[0] == 0 else 0] != 1:
            return f"its output has the shape {tuple(shape)}, no axis of which is the batch"
        if name in one.idle or isinstance(
            self.modules.get(name), nn.Identity | nn.modules.dropout._DropoutNd
        ):
            return "gives back what it gets"
        return grown[0]

    def _paces(
        self, forms: Mapping[str, Form], one: ForwardPass, other: ForwardPass
    ) -> dict[str, Pace]:
        hollow = _hollow(self._module) if self._slow else None

        def count(length: int) -> dict[str, int]:
            nonlocal hollow
            if hollow is not None:
                try:
                    return steps(self._pass(length, hollow))
                except InputError:
                    hollow = None
            return steps(self._pass(length))

        def steps(seen: ForwardPass) -> dict[str, int]:
            return {
                name: seen.outputs[name].shape[form.time]
                for name, form in forms.items()
                if name in seen.outputs
            }

        few, many = steps(one), steps(other)
        counts = {name: {self._short: few[name], self._long: many[name]} for name in forms}
        return find_paces(counts, range(self._short, 2 * self._short), count)

    def _watch(self, names: Iterable[str], x: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Run over an input; return activations, the logits among them, and logits."""
        names = [name for name in names if name]
        # Else a recurrent layer in eval mode has no gradient on a GPU.
        with torch.backends.cudnn.flags(enabled=False):
            found, output = watch(
                {name: self.modules[name] for name in names},
                {name: self.places[name].form for name in names},
                # A copy: the module may change its input in place.
                lambda: self._call(self._module, x.clone()),
            )
        logits = self._logits(output)
        assert logits is not None
        return found | {LOGITS: self.places[LOGITS].form.take(logits)}, logits

    def _reached(self, names: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Find the first and last step that a short stretch in the middle of the input reaches.

        What is not a number stays so on every way through the network, whatever its weights.

        Returns
        -------
        dict
            Without the places that it reaches up to one of their ends.
        """
        x = self._noise(self._long)
        start, stop = self._stretch(names)
        x[:, start:stop] = math.nan
        try:
            with torch.no_grad():
                activations = self._watch(names, x)[0]
        except Exception:
            # Modules may refuse what is not a number; then nothing is known.
            return {}
        reached = {}
        for name in names:
            if name not in activations:
                continue  # passed over, as what comes in is not a number
            steps = activations[name].isnan().any(2)[0]
            touched = steps.nonzero()[:, 0].tolist()
            if touched and touched[0] > 0 and touched[-1] < len(steps) - 1:
                reached[name] = touched[0], touched[-1]
        return reached

    def _stretch(self, names: Iterable[str]) -> tuple[int, int]:
        """Return where the stretch is; as long as the longest stride, so that none skips it."""
        start = self._long // 2
        return start, start + max(self.places[name].pace.stride for name in names)

    def _extents(self, reached: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        """Find offset and size of receptive fields: the frames with a gradient.

        Returns
        -------
        dict
            Without the places for which gradient and reach tell different stories.
        """
        if not reached:
            return {}
        start, stop = self._stretch(reached)
        touched: dict[str, set[int]] = {name: set() for name in reached}
        lengths: dict[int, list[str]] = {}
        for name, (low, high) in reached.items():
            size = (high - low + 2) * self.places[name].pace.stride
            lengths.setdefault(self._short if 3 * size < self._short else self._long, []).append(
                name
            )
        for length, names in lengths.items():
            for _ in range(_NOISES):
                x = self._noise(length).requires_grad_()
                activations = self._watch(names, x)[0]
                for name in names:
                    if name in activations:
                        touched[name] |= self._felt(activations[name], x)
        extents = {}
        for length, names in lengths.items():
            for name in names:
                pace, felt = self.places[name].pace, touched[name]
                if not felt:
                    continue
                offset = min(felt) - pace.stride * _middle(pace.steps(length))
                size = max(felt) - min(felt) + 1
                low = -((offset + size - 1 - start) // pace.stride)
                high = (stop - 1 - offset) // pace.stride
                if (low, high) == reached[name]:
                    extents[name] = offset, size
        return extents

    def _felt(self, activation: Tensor, x: Tensor) -> set[int]:
        """Return the frames that the middle step of an activation has a gradient for."""
        if not activation.requires_grad:
            return set()
        step = activation[:, _middle(activation.shape[1])]
        # At random: what is normalised over channels has the same sum whatever comes in.
        weights = torch.randn(step.shape, generator=self._random).to(step)
        gradients: tuple[Tensor | None, ...] = torch.autograd.grad(
            (step * weights).sum(), x, retain_graph=True, allow_unused=True
        )
        if gradients[0] is None:
            return set()
        felt = gradients[0][0].reshape(x.shape[1], -1).any(1)
        return set(felt.nonzero()[:, 0].tolist())


def _name(module: nn.Module) -> str:
    return type(module).__name__


def _hollow(module: nn.Module) -> nn.Module | None:
    """Return a copy that knows the shapes of its weights but not their values.

    It runs in no time, whatever the size. None where a module cannot be copied; and not every
    copy runs, since a module may need values or make tensors of its own.
    """
    weights = {id(w): w.detach().to("meta") for w in (*module.parameters(), *module.buffers())}
    try:
        return copy.deepcopy(module, weights)
    except Exception:
        return None


def _middle(steps: int) -> int:
    return steps // 2
