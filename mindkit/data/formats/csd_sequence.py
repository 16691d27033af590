"""One computational sequence of the CMU SDK: an HDF5 file with a group for each video.

    <root name>/data/<key>/features     (T, …), numbers, or words as byte strings (T, 1)
    <root name>/data/<key>/intervals    (T, 2), seconds
    <root name>/metadata/…              not read

A key is a video, or `video[k]` for its k-th segment once the sequence is aligned to labels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from mindkit.data.raw import Array
from mindkit.errors import DataError

MOST_BYTES = 2**30  # of one array, five hours of COVAREP; a file may claim any size
MOST_WORDS, MOST_LETTERS = 100_000, 2**24  # of one video


class CsdSequence:
    """An open .csd file. Arrays are read when they are asked for, and not kept.

    root: name of the sequence. keys: of videos or segments. holds_words: whether features are
    strings, by those of one key.
    """

    def __init__(self, path: Path, file: Any) -> None:
        self.path = path
        with _readable(path):
            self.root = next(iter(file), "")
            self._data = _child(_child(file, self.root), "data")
            self.keys = frozenset(self._data.keys())
            firsts = [self._array(key, "features") for key in [*self.keys][:1]]
            self.holds_words = any(first.dtype.kind in "SO" for first in firsts)

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    def count(self, key: str) -> int:
        """The number of entries of a video."""
        with _readable(self.path):
            return int(self._array(key, "intervals").shape[0])

    def numbers(self, key: str) -> tuple[Array, Array]:
        """Return features (T, D) and intervals (T, 2) of a video, as stored."""
        with _readable(self.path):
            stored = self._array(key, "features")
            if stored.dtype.kind not in "fiub" or not stored.ndim:
                raise DataError(f"features of '{key}' are {stored.dtype}; numbers are needed")
            width = math.prod(stored.shape[1:])
            if not width:
                raise DataError(f"features of '{key}' have shape {stored.shape}, so no column")
            features = stored[()].reshape(len(stored), width)
            return features, self._intervals(key, len(features))

    def words(self, key: str) -> tuple[list[str], Array]:
        """Return the words (T) and intervals (T, 2) of a video."""
        with _readable(self.path):
            stored = self._array(key, "features")
            if stored.dtype.kind not in "SO" or stored.shape not in (
                (n := self.count(key),),
                (n, 1),
            ):
                raise DataError(
                    f"features of '{key}' are {stored.dtype} {stored.shape}; one string for each "
                    f"of {n} intervals is needed"
                )
            return self._strings(key, stored), self._intervals(key, n)

    def _strings(self, key: str, stored: Any) -> list[str]:
        """The strings of an array, read little by little, since many may claim one long string."""
        words: list[str] = []
        letters = 0
        for start in range(0, len(stored), 100):
            for word in stored[start : start + 100].reshape(-1).tolist():
                words.append(
                    word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word)
                )
                letters += len(words[-1])
            if len(words) > MOST_WORDS or letters > MOST_LETTERS:
                raise DataError(f"'{key}' has more than {MOST_WORDS} words, which no video has")
        return words

    def _intervals(self, key: str, count: int) -> Array:
        stored = self._array(key, "intervals")
        if stored.dtype.kind not in "fiu" or stored.shape != (count, 2):
            raise DataError(
                f"intervals of '{key}' are {stored.dtype} {stored.shape}, but there are {count} "
                f"features; a start and an end in seconds for each are needed"
            )
        return stored[()].astype("f8")

    def _array(self, key: str, name: str) -> Any:
        """The stored array, not read yet."""
        import h5py

        array = _child(_child(self._data, key), name)
        if not isinstance(array, h5py.Dataset) or array.external or array.is_virtual:
            raise DataError(f"'{name}' of '{key}' is no array of this file")
        if array.nbytes > MOST_BYTES:
            raise DataError(f"'{name}' of '{key}' claims {array.nbytes} bytes, which no video has")
        return array


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[CsdSequence]]:
    """Open .csd files for as long as the block lasts."""
    try:
        import h5py
    except ImportError:
        raise DataError(
            f'{paths[0].name} is an HDF5 file, which needs h5py: pip install "mindkit[csd]"'
        ) from None
    with ExitStack() as stack:
        found: list[CsdSequence] = []
        for path in paths:
            with _readable(path):
                file = stack.enter_context(h5py.File(path, "r"))
            found.append(CsdSequence(path, file))
        yield found


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what HDF5 raises for a damaged file into a DataError, and name the file in others."""
    try:
        yield
    except DataError as error:
        prefix = f"{path.name}: "
        raise DataError(f"{prefix}{str(error).removeprefix(prefix)}") from None
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        raise DataError(f"{path.name} is damaged ({error}); copy it anew") from None


def _child(group: Any, name: str) -> Any:
    """What stands in a group itself; a link to elsewhere, which may be another file, is refused."""
    import h5py

    if not isinstance(group, h5py.Group) or name not in group:
        raise DataError(f"no '{name}' where a sequence of the CMU SDK has one")
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise DataError(f"'{name}' is a link; copy what it names into the file")
    return group[name]
