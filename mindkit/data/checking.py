"""Whether the files of a data folder are those that were written, told without reading them twice.

The hash of a file is taken when its size or time is not that of the last time it was found right;
these are kept in `checked.json` beside the files, where the folder can be written to.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mindkit.data.files import write_text
from mindkit.errors import DataError

CHECKED = "checked.json"
NAME = re.compile(r"(\w+/)?\w[\w.]*", re.ASCII)  # in the folder or one below, and nowhere else

Stamp = list[Any]  # size in bytes, time in ns, SHA-256


def check_files(folder: Path, files: Mapping[str, Mapping[str, Any]], everything: bool) -> None:
    """Raise DataError if a file of `folder` is not as `files` says: name -> bytes and sha256.

    everything: take the hash of all files, whatever was found before. Raises OSError for a file
    that is not there.
    """
    before = {} if everything else _read_stamps(folder)
    stamps = {name: _stamp(folder, name, facts["sha256"]) for name, facts in files.items()}
    changed = [name for name in files if before.get(name) != stamps[name]]
    for name in changed:
        if stamps[name][0] != files[name]["bytes"] or sha256(folder / name) != stamps[name][2]:
            raise DataError(
                f"{folder} has changed since it was written: {name} is not the file that its "
                f"manifest describes; import the data again"
            )
    if changed:
        _write_stamps(folder, stamps)


def stamp_files(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Note that all `files` were just written, and so are right."""
    _write_stamps(folder, {name: _stamp(folder, name, f["sha256"]) for name, f in files.items()})


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(folder: Path, name: str, digest: str) -> Stamp:
    if not NAME.fullmatch(name):
        raise DataError(f"{folder} names a file '{name}', which is none of its own")
    found = (folder / name).stat()
    if not stat.S_ISREG(found.st_mode):
        raise DataError(f"{folder / name} is no file; import the data again")
    return [found.st_size, found.st_mtime_ns, digest]


def _read_stamps(folder: Path) -> dict[str, Stamp]:
    """The stamps of the last time; none where they cannot be read, so that all is checked."""
    with suppress(OSError, ValueError, RecursionError):
        stamps = json.loads((folder / CHECKED).read_text(encoding="utf-8"))
        if isinstance(stamps, dict):
            return stamps
    return {}


def _write_stamps(folder: Path, stamps: Mapping[str, Stamp]) -> None:
    with suppress(OSError):  # a folder that is only read from is checked each time
        write_text(folder / CHECKED, json.dumps(stamps, indent=1))
