"""What a run says of where and with what it was made."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import mindkit
from mindkit.data.store import Store
from mindkit.registry import Registries
from mindkit.train.device import Device


def environment_of(store: Store, place: Device, plugins: dict[str, str | None]) -> dict[str, Any]:
    """Return what a run made here and now would say of its versions, machine, plugins and data."""
    return {
        "mindkit": mindkit.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: version(name) for name in ("torch", "transformers", "numpy", "scipy")},
        "device": place.name,
        "precision": "bfloat16" if place.bfloat16 else "float32",
        "threads": torch.get_num_threads(),
        "plugins": plugins,
        "data": store.describe(),
    }


def plugin_code(registries: Registries) -> dict[str, str | None]:
    """Return the SHA-256 of each plugin that is a file of the user's; None for installed ones."""
    names = sorted({entry.plugin for registry in registries for entry in registry})
    files = {name: Path(name) for name in names if name.endswith(".py")}
    return {
        name: hashlib.sha256(files[name].read_bytes()).hexdigest() if name in files else None
        for name in names
    }


def _commit() -> str | None:
    source = Path(mindkit.__file__).parent
    command = ["git", "-C", str(source), "rev-parse", "HEAD"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None  # an installed wheel has no history
    return answer.stdout.strip()
