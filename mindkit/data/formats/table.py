"""Plain tables: `.npz` archives without pickles, `.csv` and `.tsv` in UTF-8.

A table is a set of named arrays. In text tables every cell is text ("NA" and "null" too), and
columns called `audio_0, audio_1, …` are also offered together as the array `audio`. A `.tsv` has no
quoting: a quotation mark is a character like any other.
"""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindkit.errors import DataError, did_you_mean

SUFFIXES = (".npz", ".csv", ".tsv")
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".joblib")

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Table:
    """Named arrays of one file: text cells as lists of strings, the rest as arrays."""

    path: Path
    names: tuple[str, ...]
    read: Callable[[str], list[str] | Array]

    def array(self, name: str) -> list[str] | Array:
        """Return the array `name`, or raise with the nearest name there is."""
        if name not in self.names:
            hint = did_you_mean(name, self.names)
            raise DataError(f"{self.path.name} has no array or column '{name}'{hint}")
        return self.read(name)

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
    if path.suffix.lower() in PICKLES:
        raise DataError(
            f"{path.name} is a pickle, and reading a pickle runs whatever code is in it; convert "
            f"it to .npz with np.savez(path, audio=…, label=…) where you trust it"
        )
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
    names = [p.name for p in folder.iterdir() if p.suffix.lower() in SUFFIXES or p.is_dir()]
    hint = did_you_mean(path.name, names) if names else "; the folder holds no tables"
    raise DataError(f"there is no file '{path}'{hint}")


def _read_npz(path: Path) -> Table:
    if not zipfile.is_zipfile(path):  # np.load would take a pickle or a single array as well
        raise DataError(f"{path.name} is no .npz archive, or is cut off; write it with np.savez")
    with np.load(path, allow_pickle=False) as archive:
        names = tuple(archive.files)

    def read(name: str) -> Array:
        try:
            with np.load(path, allow_pickle=False) as archive:
                array = archive[name]
        except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            if "Object arrays" not in str(error):
                raise DataError(f"{path.name}: array '{name}' is damaged ({error})") from None
            raise DataError(
                f"{path.name}: array '{name}' holds Python objects, which only a pickle can store, "
                f"and reading a pickle runs whatever code is in it; store strings with dtype 'U', "
                f"and ragged sequences as one array of all steps with an array 'offsets'"
            ) from None
        if not isinstance(array, np.ndarray):
            raise DataError(f"{path.name}: '{name}' is no array; write the archive with np.savez")
        return array

    return Table(path, names, read)


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

    return Table(path, (*header, *groups), read)


def numbers(path: Path, name: str, cells: list[str]) -> Array:
    """Return cells as float64 (N,), or raise with the first that is no number."""
    values = np.empty(len(cells))
    for row, cell in enumerate(cells):
        try:
            values[row] = float(cell)
        except ValueError:
            bad = sum(not _is_number(other) for other in cells)
            raise DataError(
                f"{path.name}: column '{name}' holds {cell!r} in row {row}, which is no number "
                f"({bad} of {len(cells)} cells are none)"
            ) from None
    return values


def _is_number(cell: str) -> bool:
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
