"""Networks and an optimiser on disk, as safetensors: what a stopped training goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from intona.files import atomic

__all__ = ["restore", "store"]


def store(
    path: Path,
    networks: Mapping[str, nn.Module],
    optimiser: torch.optim.Optimizer | None = None,
    epochs: int = 0,
) -> None:
    """Write networks, an optimiser's state and how many epochs are done, all or nothing."""
    tensors = {"epochs": torch.tensor(epochs)}
    for name, network in networks.items():
        tensors |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
    if optimiser is not None:
        for number, state in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{key}": value for key, value in state.items()}
    with atomic(path) as temporary:
        save_file({key: value.contiguous() for key, value in tensors.items()}, temporary)


def restore(
    path: Path,
    networks: Mapping[str, nn.Module],
    optimiser: torch.optim.Optimizer | None = None,
) -> int:
    """Load what :func:`store` wrote and return how many epochs are done."""
    tensors = load_file(path)

    def part(prefix: str) -> dict[str, Tensor]:
        return {
            key.removeprefix(prefix): value
            for key, value in tensors.items()
            if key.startswith(prefix)
        }

    for name, network in networks.items():
        network.load_state_dict(part(f"{name}."))
    if optimiser is not None:
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in part("optimiser.").items():
            number, _, what = key.partition(".")
            state.setdefault(int(number), {})[what] = value
        optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return int(tensors["epochs"])
