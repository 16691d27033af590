"""Checkpoints from which a run resumes to the bit.

`checkpoint/` holds one file per point worth going back to (the latest, and the best epoch's) and
`state.json`, which names them; renaming that file into place is what makes a checkpoint count.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from mindkit.data.files import write_text, writing
from mindkit.errors import MindkitError


class Checkpoints:
    """The checkpoints of one run, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pointer = folder / "state.json"

    def exist(self) -> bool:
        """Return True when there is something to resume from."""
        return self.pointer.is_file()

    def save(self, state: dict[str, Any], name: str, best: str | None) -> None:
        """Write `state` as the latest, called `name`; `best` names the one to keep beside it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with writing(self.folder / f"{name}.pt") as temporary:
            torch.save(state, temporary)
        write_text(self.pointer, json.dumps({"latest": name, "best": best}))
        for path in self.folder.glob("*.pt"):
            if path.stem not in (name, best):
                path.unlink()

    def latest(self) -> dict[str, Any]:
        """Return the latest state."""
        return self._read(self._names()["latest"])

    def best(self) -> dict[str, Any]:
        """Return the state at the end of the best epoch."""
        name = self._names()["best"]
        if name is None:
            raise MindkitError(f"{self.folder}: no epoch has been selected yet")
        return self._read(name)

    def _names(self) -> dict[str, Any]:
        return json.loads(self.pointer.read_text())

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / f"{name}.pt"
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            raise MindkitError(f"{path} is missing; start again with --fresh") from None
        except Exception as error:  # torch.load raises many kinds for a damaged file
            raise MindkitError(
                f"{path} cannot be read ({type(error).__name__}: {error}); start again with --fresh"
            ) from error
