"""Files of word vectors: text as word2vec or GloVe write it, or an npz of `words` and `vectors`.

A text file has a word and F numbers a line, parted by single blanks; word2vec's begins with a line
"count F". It is read line by line, and no more of it is kept than is asked for.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from mindkit.api import DataError

LONGEST = 1 << 20  # bytes of a line; 4096 numbers take about 50,000
SWELLING, SPARE = 100, 1 << 26  # an archive may unpack to 100 times its size, and 64 MiB more

_DAMAGE = (
    ValueError,
    OSError,
    EOFError,
    MemoryError,
    RuntimeError,
    BadZipFile,
    zlib.error,
    SyntaxError,  # this and the next come from numpy's parser of headers
    TokenError,
)

Array = np.ndarray[Any, Any]
Key = str | int


def vector_width(path: Path) -> int:
    """Return F, from the first line or the archive's header; no vectors are read."""
    if not path.is_file():
        raise DataError(f"there is no file '{path}'; check the encoder's `vectors`")
    if not zipfile.is_zipfile(path):
        return _first_line(path)[1]
    return int(_open_npz(path, ("vectors",))["vectors"].shape[1])


def look_up(path: Path, wanted: Sequence[Key]) -> dict[str, Tensor]:
    """Return the `vectors` (V, F) float32 of the wanted words, or of the wanted lines from 0.

    `row` (W,) int64 tells which of them each of the W wanted ones has, -1 for a word without. The
    first of two lines for one word counts. A line that is not there is an error.
    """
    read = _read_npz if zipfile.is_zipfile(path) else _read_text
    by_line = bool(wanted) and isinstance(wanted[0], int)
    found, count = read(path, frozenset(wanted), by_line)
    if by_line and (absent := [one for one in wanted if one not in found]):
        raise DataError(
            f"index {absent[0]} is asked for, but {path.name} holds {count} vectors, 0 to "
            f"{count - 1}; name the file that the indices were made for"
        )
    if wanted and not found:
        raise DataError(
            f"{path.name} has a vector for none of the {len(wanted)} words, such as "
            f"'{wanted[len(wanted) // 2]}'; check that it is a list of words of this language"
        )
    rows = {key: number for number, key in enumerate(found)}
    vectors = np.stack(list(found.values())) if found else np.zeros((0, vector_width(path)), "f4")
    row = torch.tensor([rows.get(key, -1) for key in wanted], dtype=torch.int64)
    return {"vectors": torch.from_numpy(vectors), "row": row}


def _read_text(path: Path, wanted: Collection[Key], by_line: bool) -> tuple[dict[Key, Array], int]:
    announced, width = _first_line(path)
    words = {} if by_line else {str(word).encode(): word for word in wanted}
    found: dict[Key, Array] = {}
    count = 0
    for number, line in _lines(path):
        if number == 1 and announced is not None:
            continue
        blanks = line.count(b" ")
        if blanks < width:
            raise DataError(
                f"{path.name}, line {number}: {blanks} numbers behind a word, where {width} are "
                f"expected; the file is cut off or damaged"
            )
        if by_line:
            key: Key | None = count if count in wanted else None
        else:  # a word with blanks in it is none that could be asked for
            key = words.get(line[: line.index(b" ")]) if blanks == width else None
        if key is not None and key not in found:
            found[key] = _numbers(line, width, path, number)
        count += 1
    if announced not in (None, count):
        raise DataError(
            f"{path.name} is cut off or damaged: line 1 announces {announced} vectors, but there "
            f"are {count}"
        )
    return found, count


def _first_line(path: Path) -> tuple[int | None, int]:
    """The number of vectors, where the file announces it, and their width."""
    fields = next(_lines(path), (1, b""))[1].split(b" ")
    if len(fields) == 2 and all(field.isdigit() and len(field) < 10 for field in fields):
        return int(fields[0]), int(fields[1])
    if len(fields) < 2:
        raise DataError(
            f"{path.name}, line 1: no word and numbers behind it, parted by blanks; a text file of "
            f"vectors (word2vec, GloVe) or an .npz with `words` and `vectors` is needed"
        )
    return None, len(_numbers(b" ".join(fields), len(fields) - 1, path, 1))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, from 1; the C tool of word2vec ends each with a blank."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST):
            number += 1
            if len(line) == LONGEST:
                raise DataError(f"{path.name}, line {number}: longer than any line of vectors")
            yield number, line.rstrip(b" \r\n")


def _numbers(line: bytes, width: int, path: Path, number: int) -> Array:
    try:
        values = np.array([float(field) for field in line.split(b" ")[-width:]], np.float32)
    except ValueError as error:
        raise DataError(f"{path.name}, line {number}: {error}; the file is damaged") from None
    if not np.isfinite(values).all():
        raise DataError(f"{path.name}, line {number}: a number is not finite")
    return values


def _read_npz(path: Path, wanted: Collection[Key], by_line: bool) -> tuple[dict[Key, Array], int]:
    arrays = _open_npz(path, ("words", "vectors"))
    vectors = arrays["vectors"].astype(np.float32)
    keys = range(len(vectors)) if by_line else arrays["words"].tolist()
    first: dict[Key, int] = {}
    for number, key in enumerate(keys):
        if key in wanted:
            first.setdefault(key, number)
    found = {key: vectors[number] for key, number in first.items()}
    for key, vector in found.items():
        if not np.isfinite(vector).all():
            raise DataError(f"{path.name}: a number in the vector of '{key}' is not finite")
    return found, len(vectors)


def _open_npz(path: Path, names: Sequence[str]) -> dict[str, Array]:
    """The arrays of an archive, after checking that it stays in bounds and holds what it must."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(one.file_size for one in archive.infolist())
        if size > SWELLING * path.stat().st_size + SPARE:
            raise DataError(f"{path.name} would unpack to {size >> 20} MiB; it is no list of words")
        with np.load(path, allow_pickle=False) as loaded:
            arrays = {name: np.asarray(loaded[name]) for name in names}
    except KeyError as error:
        raise DataError(f"{path.name}: {error.args[0]}; `words` and `vectors` are needed") from None
    except _DAMAGE as error:
        raise DataError(f"{path.name} is damaged ({error})") from None
    shapes = ", ".join(f"{name} {one.dtype} {one.shape}" for name, one in arrays.items())
    vectors, words = arrays["vectors"], arrays.get("words")
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise DataError(f"{path.name}: {shapes}; vectors are (words, F) floating-point numbers")
    if words is not None and (words.shape != vectors.shape[:1] or words.dtype.kind != "U"):
        raise DataError(f"{path.name}: {shapes}; one word a vector is needed, as text (dtype U)")
    return arrays
