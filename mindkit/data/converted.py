"""Where data that were converted on the way to a run are kept, so that it happens once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mindkit.data.checking import sha256
from mindkit.errors import DataError
from mindkit.kinds import Dataset

DECLARED = (
    "task",
    "num_outputs",
    "label_range",
    "classes",
    "label_names",
    "metrics",
    "splits",
    "counts",
    "columns",
    "split_cells",
    "features",
    "known_files",
    "known_leaks",
)


def cache_key(path: Path, dataset: type[Dataset], told: list[Any]) -> str:
    """A name for what is converted: another file, data set, request or reader gives another one.

    A file is told by its content. A folder, which may hold hours of video, is told by the names,
    sizes and times of all files below it.
    """
    declared = [f"{dataset.__module__}.{dataset.__qualname__}"]
    declared += [repr(getattr(dataset, name)) for name in DECLARED]
    try:
        content = _below(path) if path.is_dir() else sha256(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    key = json.dumps([_code(), content, declared, told], default=dict)
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def digest_of(files: Mapping[str, str]) -> str:
    """One SHA-256 of several files: name -> SHA-256."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(files.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time make the cached `folder`; others wait for it."""
    import fcntl

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        file = (folder.parent / f"{folder.name}.lock").open("wb")
    except OSError as error:
        raise DataError(
            f"{folder.parent} cannot be written to ({error.strerror}), and converted data are kept "
            f"there; name another folder in the variable MINDKIT_HOME"
        ) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _below(folder: Path) -> list[Any]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    stats = [(path.relative_to(folder).as_posix(), path.stat()) for path in files]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


def _code() -> list[str]:
    """The hashes of all that reads and converts, so that no data outlive a mended reader."""
    return [sha256(path) for path in sorted(Path(__file__).parent.rglob("*.py"))]
