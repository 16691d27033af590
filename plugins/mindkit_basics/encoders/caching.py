"""Results that are costly to compute, kept in a folder that many runs may share at once."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from torch import Tensor

from mindkit.api import DataError


def cached(
    folder: Path | None, key: object, make: Callable[[], dict[str, Tensor]]
) -> dict[str, Tensor]:
    """Return what `make` gives, from `folder` if it is there and whole; None keeps nothing.

    key: all that the tensors depend on; its `repr` is hashed. A file takes its place when it is
    complete, so that two processes may write the same one; one that is damaged is made anew.
    """
    if folder is None:
        return make()
    path = folder / f"{hashlib.sha256(repr(key).encode()).hexdigest()}.safetensors"
    found = _read(path)
    if found is None:
        found = make()
        _write(path, found)
    return found


def _read(path: Path) -> dict[str, Tensor] | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            whole = (file.metadata() or {}).get("sha256") == _digest(tensors)
    except (SafetensorError, OSError):
        return None
    return tensors if whole else None


def _write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(dict(tensors), unfinished, metadata={"sha256": _digest(tensors)})
        unfinished.replace(path)
    except (SafetensorError, OSError) as error:
        raise DataError(
            f"{path.parent} cannot be written to ({error}); make room there, or name another "
            "folder in the variable MINDKIT_HOME"
        ) from None
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _digest(tensors: Mapping[str, Tensor]) -> str:
    state = hashlib.sha256()
    for name in sorted(tensors):
        state.update(f"{name} {tuple(tensors[name].shape)}".encode())
        state.update(tensors[name].contiguous().numpy().data)
    return state.hexdigest()
