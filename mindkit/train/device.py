"""Where a run computes, and in which precision."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from mindkit.errors import MindkitError


@dataclass(frozen=True)
class Device:
    """A torch device and whether the graph runs under bfloat16 autocast there."""

    torch: torch.device
    bfloat16: bool

    @property
    def name(self) -> str:
        """The card by name, or "cpu"."""
        if self.torch.type == "cuda":
            return torch.cuda.get_device_name(self.torch)
        return self.torch.type

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context in which the graph's forward pass runs."""
        return torch.autocast(self.torch.type, torch.bfloat16) if self.bfloat16 else nullcontext()


def choose_device(name: str | None = None, precision: str = "auto") -> Device:
    """Return the device called `name` ("cpu", "cuda", "cuda:1", "mps"), or the best there is.

    precision: "auto" takes bfloat16 on a GPU that computes in it, "bfloat16" insists.
    """
    try:
        device = torch.device(name) if name else _best()
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first_line = str(error).splitlines()[0]
        raise MindkitError(
            f"--device {name}: this machine cannot compute there ({first_line}); "
            f"leave --device out to take {_best()}"
        ) from None
    if precision == "auto":
        return Device(device, device.type == "cuda" and torch.cuda.is_bf16_supported())
    return Device(device, precision == "bfloat16")


def _best() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
