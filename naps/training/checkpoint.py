"""The state of an unfinished training run, in safetensors, written beside and renamed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from naps.errors import InputError
from naps.files import replacing
from naps.weights import save_tensors


def save_state(
    path: Path,
    step: int,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    facts: Any,
    identity: Mapping[str, Any] | None = None,
) -> None:
    """Write step, weights, optimiser state and whatever JSON the trainer adds.

    Parameters
    ----------
    path : Path
        Replaced in one step; if that fails, what was there before is still there.
    step : int
        Updates already made.
    network, optimiser
        Whose state.
    facts : Any
        JSON for the trainer.
    identity : mapping, optional
        JSON that must be the same where the state is taken up again.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    tensors = {f"network.{k}": v for k, v in network.state_dict().items()}
    for index, values in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v) for k, v in values.items()}
    metadata = {
        "step": str(step),
        "facts": json.dumps(facts),
        "identity": json.dumps(dict(identity or {}), sort_keys=True),
    }
    with replacing(path) as temporary:
        save_tensors(path, temporary, tensors, metadata)


def load_state(
    path: Path,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    identity: Mapping[str, Any] | None = None,
) -> tuple[int, Any]:
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
        If the file is damaged, or belongs to another recipe; the message says in what.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        stored = json.loads(metadata.get("identity", "{}"))
        for key, value in json.loads(json.dumps(dict(identity or {}))).items():
            if key in stored and stored[key] != value:
                raise ValueError(f"its {key} is {stored[key]!r}, the recipe's {value!r}")
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
        first = " ".join(str(error).splitlines()[:2])
        raise InputError(
            f"{path}: not a checkpoint of this recipe ({first}); use another --out or delete it"
        ) from None
