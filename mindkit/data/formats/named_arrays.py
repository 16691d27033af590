"""Opening plain tables: `.npz` archives without pickles, `.csv` and `.tsv` in UTF-8.

A table is a set of named arrays. In text tables every cell is text ("NA" and "null" too), and
columns called `audio_0, audio_1, …` are also offered together as the array `audio`. A `.tsv` has no
quoting: a quotation mark is a character like any other.
"""

from __future__ import annotations

import csv
import math
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mindkit.errors import DataError, did_you_mean

SUFFIXES = (".npz", ".csv", ".tsv")
LARGE = 2**28  # bytes; an array below may be as compressible as it likes
DENSEST = 100  # times that an honest large array shrinks when it is compressed, at most

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Table:
    """Named arrays of one file: text cells as lists of strings, the rest as arrays.

    groups: array -> the columns that it is made of.
    """

    path: Path
    names: tuple[str, ...]
    read: Callable[[str], list[str] | Array]
    groups: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])

    def array(self, name: str) -> list[str] | Array:
        """Return the array `name`, or raise with the nearest name there is."""
        if name not in self.names:
            hint = did_you_mean(name, self.names)
            raise DataError(f"{self.path.name} has no array or column '{name}'{hint}")
        array = self.read(name)
        if not isinstance(array, list) and not array.ndim:
            raise DataError(f"{self.path.name}: '{name}' is one value; one a row is needed")
        return array

    def strings(self, name: str) -> list[str]:
        """Return the one-dimensional array `name` as strings."""
        array = self.array(name)
        if isinstance(array, list):
            return array
        if array.ndim != 1 or array.dtype.kind not in "USiu":
            raise DataError(
                f"{self.path.name}: array '{name}' is {array.dtype} {array.shape}; one string "
                f"a row is needed"
            )
        if array.dtype.kind == "S":
            return [cell.decode("utf-8", "replace") for cell in array.tolist()]
        return [str(cell) for cell in array.tolist()]


def read_table(path: Path) -> Table:
    """Open a table; raise a DataError that says what is wrong and what would do."""
    refuse_missing(path)
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path.name}: cannot read '{path.suffix}'; known: {', '.join(SUFFIXES)}")
    return _read_npz(path) if path.suffix.lower() == ".npz" else _read_text(path)


def refuse_missing(path: Path) -> None:
    """Raise if there is nothing at `path`, with the nearest name in the nearest folder."""
    if path.exists():
        return
    folder = path.parent
    if not folder.is_dir():
        raise DataError(f"there is no folder '{folder}', so no {path.name} in it; check the path")
    names = [p.name for p in folder.iterdir()]
    hint = did_you_mean(path.name, names) if names else "; the folder is empty"
    raise DataError(f"there is no file '{path}'{hint}")


def _read_npz(path: Path) -> Table:
    if not zipfile.is_zipfile(path):  # np.load would take a pickle or a single array as well
        raise DataError(f"{path.name} is no .npz archive, or is cut off; write it with np.savez")
    try:
        with zipfile.ZipFile(path) as archive:
            names = tuple(name.removesuffix(".npy") for name in archive.namelist())
    except Exception as error:  # zipfile does not say all that it raises for a damaged file
        raise DataError(f"{path.name} is a damaged .npz archive ({error})") from None

    def read(name: str) -> Array:
        try:
            with zipfile.ZipFile(path) as archive:
                return _read_member(path.name, archive, name)
        except DataError:
            raise
        except Exception as error:  # neither does numpy
            raise DataError(f"{path.name}: array '{name}' is damaged ({error})") from None

    return Table(path, names, read)


def _read_member(file: str, archive: zipfile.ZipFile, name: str) -> Array:
    """The array `name`, after a look at what its header claims."""
    if f"{name}.npy" not in archive.namelist():
        raise DataError(f"{file}: '{name}' is no array; write the archive with np.savez")
    member = archive.getinfo(f"{name}.npy")
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)  # type: ignore[arg-type]
        reader = {(1, 0): np.lib.format.read_array_header_1_0}.get(
            version, np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = reader(stream)  # type: ignore[arg-type]
        start = stream.tell()
    if dtype.hasobject:
        raise DataError(
            f"{file}: array '{name}' holds Python objects, which only a pickle can store, "
            f"and reading a pickle runs whatever code is in it; store strings with dtype 'U', "
            f"and ragged sequences as one array of all steps with an array 'offsets'"
        )
    size = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or size != member.file_size - start:
        raise DataError(
            f"{file}: array '{name}' claims {dtype} {shape}, which is {size} bytes, but there are "
            f"{member.file_size - start}; write it again with np.savez"
        )
    if size > LARGE and size > DENSEST * member.compress_size:
        raise DataError(
            f"{file}: array '{name}' claims {size} bytes out of {member.compress_size}, as only a "
            f"file made to fill the memory does; write it with np.savez where you trust it"
        )
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)  # type: ignore[arg-type]


def _read_text(path: Path) -> Table:
    rows = _read_rows(path)
    if not rows:
        raise DataError(f"{path.name} is empty; a header and a row for each sample are needed")
    header, body = rows[0], rows[1:]
    if doubled := sorted({name for name in header if header.count(name) > 1}):
        raise DataError(f"{path.name}: two columns are called '{doubled[0]}'; rename one")
    for number, row in enumerate(body):
        if len(row) != len(header):
            raise DataError(
                f"{path.name}: row {number} has {len(row)} cells, the header has {len(header)}; "
                f"quote cells that hold the separator"
            )
    columns = {name: [row[place] for row in body] for place, name in enumerate(header)}
    groups = _groups(header)

    def read(name: str) -> list[str] | Array:
        if name in columns:
            return columns[name]
        return np.stack([numbers(path, cell, columns[cell]) for cell in groups[name]], axis=1)

    return Table(path, (*header, *groups), read, groups)


def numbers(path: Path, name: str, cells: list[str]) -> Array:
    """Return cells as float64 (N,), or raise with the first that is no number."""
    values = np.empty(len(cells))
    for row, cell in enumerate(cells):
        try:
            values[row] = float(cell)
        except ValueError:
            bad = sum(not is_number(other) for other in cells)
            raise DataError(
                f"{path.name}: column '{name}' holds {cell!r} in row {row}, which is no number "
                f"({bad} of {len(cells)} cells are none)"
            ) from None
    return values


def is_number(cell: str) -> bool:
    """True if `float` takes the cell."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_rows(path: Path) -> list[list[str]]:
    tabs = path.suffix.lower() == ".tsv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if tabs:
                reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            else:
                reader = csv.reader(file, strict=True)
            return [row for row in reader if row]
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is not UTF-8 (byte {error.start}: {error.reason}); save it as UTF-8"
        ) from None
    except csv.Error as error:
        raise DataError(f"{path.name} cannot be read as a table: {error}") from None


def _groups(header: list[str]) -> dict[str, list[str]]:
    """Columns `name_0, name_1, …` by `name`, in the order of their numbers."""
    found: dict[str, dict[int, str]] = {}
    for column in header:
        if match := re.fullmatch(r"(.+?)_(\d+)", column):
            found.setdefault(match[1], {})[int(match[2])] = column
    return {
        name: [members[number] for number in sorted(members)]
        for name, members in found.items()
        if name not in header and sorted(members) == list(range(len(members)))
    }
