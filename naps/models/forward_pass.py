"""What the submodules of a network do while it runs once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from torch import Tensor

from naps.models.form import first, plain


@dataclass
class ForwardPass:
    """What submodules did in one forward pass.

    Attributes
    ----------
    calls : Counter
        How often each was called.
    outputs : dict of str to Tensor
        What each gave, in the order in which they finished.
    sources : dict of str to str
        The submodule, itself without any, whose output each got.
    idle : set of str
        Those that gave back what they got.
    """

    calls: Counter[str] = field(default_factory=Counter)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    idle: set[str] = field(default_factory=set)
    _versions: dict[str, int] = field(default_factory=dict)
    _givers: dict[int, str] = field(default_factory=dict)
    # A tensor that is gone may leave its id to another.
    _held: list[Tensor] = field(default_factory=list)

    def look(self, name: str, inputs: object, output: object, *, leaf: bool) -> None:
        """Take note of what a submodule did."""
        self.calls[name] += 1
        value, given = plain(output), first(inputs)
        source = self._givers.get(id(given))
        if source is not None:
            self.sources[name] = source
        if value is None:
            return
        if value is given and source is not None and _version(value) == self._versions[source]:
            self.idle.add(name)
        self._held.append(value)
        self.outputs.pop(name, None)
        self.outputs[name] = value
        self._versions[name] = _version(value)
        if leaf:
            self._givers[id(value)] = name

    def overwritten(self, name: str) -> bool:
        """Say whether an output was changed in place after it was given."""
        return _version(self.outputs[name]) != self._versions.get(name, 0)


def _version(value: Tensor) -> int:
    return 0 if value.is_inference() else value._version
