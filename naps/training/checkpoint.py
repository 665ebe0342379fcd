"""The state of an unfinished training run, in safetensors, written beside and renamed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from naps.errors import InputError
from naps.files import replacing


def save_state(
    path: Path, step: int, network: nn.Module, optimiser: torch.optim.Optimizer, facts: Any
) -> None:
    """Write step, weights, optimiser state and whatever JSON the trainer adds."""
    tensors = {f"network.{k}": v for k, v in network.state_dict().items()}
    for index, values in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v) for k, v in values.items()}
    metadata = {"step": str(step), "facts": json.dumps(facts)}
    with replacing(path) as temporary:
        save_file({k: v.cpu().contiguous() for k, v in tensors.items()}, temporary, metadata)


def load_state(path: Path, network: nn.Module, optimiser: torch.optim.Optimizer) -> tuple[int, Any]:
    """Restore what `save_state` wrote.

    Returns
    -------
    step : int
        Updates already made.
    facts : Any
        What the trainer added.

    Raises
    ------
    InputError
        If the file is damaged or belongs to another network.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        weights = {
            k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")
        }
        network.load_state_dict(weights)
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("optimiser."):
                _, index, name = key.split(".")
                state.setdefault(int(index), {})[name] = value
        optimiser.load_state_dict(
            {"state": state, "param_groups": optimiser.state_dict()["param_groups"]}
        )
        return int(metadata["step"]), json.loads(metadata["facts"])
    except (SafetensorError, OSError, KeyError, RuntimeError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise InputError(
            f"{path}: not a checkpoint of this recipe ({first}); use another --out or delete it"
        ) from None
