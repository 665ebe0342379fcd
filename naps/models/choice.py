"""Which submodules of a network are its layers, where nobody has said so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import nn

_PLAIN = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
# torch's files of what only shapes the output of a layer, and of what gives such an output.
_CLOSING = {"activation", "batchnorm", "instancenorm", "normalization"}
_CLOSED = {"conv", "linear", *_CLOSING}


def blocks(module: nn.Module) -> Iterator[str]:
    """Name the submodules that are whole.

    What stands in a stack (a ``ModuleList``, ``Sequential`` or ``ModuleDict``) beside others of
    its kind is one block, whatever it holds, such as a layer of a transformer. Outside of stacks
    a block is what holds no stack, not several recurrent layers, and not half of all weights.

    Parameters
    ----------
    module : Module

    Yields
    ------
    str
        As in ``module.named_modules()``, in the order of definition.
    """
    yield from _inside("", module, _weights(module))


def _inside(prefix: str, module: nn.Module, weights: int) -> Iterator[str]:
    kinds = [type(child) for child in module.children()]
    for name, child in module.named_children():
        if name == "parametrizations":
            continue
        path = f"{prefix}{name}"
        alike = isinstance(module, nn.ModuleList) or (
            isinstance(module, nn.Sequential | nn.ModuleDict) and kinds.count(type(child)) > 1
        )
        if alike and type(child) not in _PLAIN:
            whole = not _stacks(child, nn.ModuleList)
        else:
            recurrent = sum(isinstance(part, nn.RNNBase) for part in child.modules())
            half = 2 * _weights(child) >= max(1, weights)
            whole = not (_stacks(child, *_PLAIN) or recurrent > 1 or half)
        if whole or not any(True for _ in child.children()):
            yield path
        else:
            yield from _inside(f"{path}.", child, weights)


def _weights(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def _stacks(module: nn.Module, *kinds: type[nn.Module]) -> bool:
    """Say whether a module is a stack with something in it, or holds one."""
    return any(
        isinstance(part, kinds) and any(True for _ in part.children())
        for name, part in module.named_modules()
        if "parametrizations" not in name.split(".")
    )


def parts(module: nn.Module, name: str) -> list[str]:
    """Name the submodules right below one."""
    below = [child for child, _ in module.get_submodule(name).named_children()]
    return [f"{name}.{child}" for child in below if child != "parametrizations"]


def closed(modules: Mapping[str, nn.Module], sources: Mapping[str, str]) -> dict[str, str]:
    """Find the layers whose output the next module only shapes.

    Of a convolution, a norm and a ReLU in a row, it is the ReLU that gives the activation.

    Parameters
    ----------
    modules : mapping of str to Module
        Which count.
    sources : mapping of str to str
        Whose output each of them gets.

    Returns
    -------
    dict of str to str
        From each such layer to the last that shapes its output.
    """
    after = {
        source: name
        for name, source in sources.items()
        if name in modules
        and source in modules
        and _file(modules[name]) in _CLOSING
        and _file(modules[source]) in _CLOSED
    }
    return {name: _end(after, name) for name in after}


def _end(after: Mapping[str, str], name: str) -> str:
    while name in after:
        name = after[name]
    return name


def _file(module: nn.Module) -> str:
    """Return torch's file of a module without any below it; nothing for all others."""
    home = type(module).__module__
    if any(True for _ in module.children()) or not home.startswith("torch.nn.modules."):
        return ""
    return home.rpartition(".")[2]
