"""A file or folder that readers look at; a pickle in it is read once, however many look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mindkit.errors import DataError


class Source:
    """A path, and what has been read below it so far."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._read: dict[tuple[Path, bool], Any] = {}

    @property
    def is_folder(self) -> bool:
        """True for a folder, False for a file."""
        return self.path.is_dir()

    def has(self, *names: str) -> bool:
        """True if the path is a folder with all these files ("audio_data/audio_feats.pkl")."""
        return all((self.path / name).is_file() for name in names)

    def file(self, name: str = "") -> Path:
        """The file `name` of the folder, or the file itself; no link may lead out of the folder."""
        if not name:
            return self.path
        found = self.path / name
        if not found.resolve().is_relative_to(self.path.resolve()):
            raise DataError(
                f"{found} points out of {self.path}; put the file itself into the folder"
            )
        return found

    def unpickle(self, name: str = "", *, torch: bool = False) -> Any:
        """The plain data in a pickle of the folder, or in the file itself.

        torch: take torch tensors too, as arrays. Raises DataError for anything but plain data.
        """
        from mindkit.data.safe_pickle import read_pickle  # tables do without

        key = self.file(name), torch
        if key not in self._read:
            self._read[key] = read_pickle(key[0], torch=torch)
        return self._read[key]
