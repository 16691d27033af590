"""What a finished run predicted, sample by sample, as `predictions.csv` in its folder holds it."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mindkit.errors import DataError, MindkitError
from mindkit.train.scores import Array

NAME = "predictions.csv"


@dataclass(frozen=True)
class Predictions:
    """One split, in the precision it was predicted in, so that scores come out the same.

    ids: N. truth: (N,) float32, or int64 class numbers. scores: (N,) float32, or (N, C) float32
    for classes. classes: the C names, none for a regression.
    """

    ids: tuple[str, ...]
    truth: Array
    scores: Array
    classes: tuple[str, ...] = ()


def read_predictions(folder: Path | str) -> dict[str, Predictions]:
    """Return the predictions of a finished run by split, in the order of the file.

    Raises `MindkitError` where there is no such file, and `DataError` with the line where one
    cannot be read.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        raise MindkitError(
            f"{folder} holds no {NAME}; only a finished run has it, and `mindkit run … --resume` "
            "finishes one that was interrupted"
        )
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        columns, classes = _columns(path, header)
        rows: dict[str, list[tuple[str, list[float]]]] = {}
        for row in reader:
            where = f"{path}:{reader.line_num}"
            if len(row) != len(header):
                raise _broken(where, f"{len(row)} cells where the header has {len(header)}")
            identifier, split, *numbers = (row[column] for column in columns)
            rows.setdefault(split, []).append((identifier, _numbers(where, numbers, classes)))
    if not rows:
        raise _broken(str(path), "no samples")
    return {split: _gathered(found, classes) for split, found in rows.items()}


def _columns(path: Path, header: list[str]) -> tuple[list[int], tuple[str, ...]]:
    """Return the places of id, split, truth and the scores, and the names of the classes."""
    scores = [name for name in header if name.startswith("score_")] or ["prediction"]
    wanted = ["id", "split", "truth", *scores]
    if missing := [name for name in wanted if name not in header]:
        raise _broken(f"{path}:1", f"no column {', '.join(missing)} among: {', '.join(header)}")
    classes = [name.removeprefix("score_") for name in scores if name != "prediction"]
    return [header.index(name) for name in wanted], tuple(classes)


def _numbers(where: str, cells: Sequence[str], classes: tuple[str, ...]) -> list[float]:
    try:
        truth, *scores = map(float, cells)
    except ValueError as error:
        raise _broken(where, str(error)) from None
    if classes and truth not in range(len(classes)):
        raise _broken(where, f"truth {truth:g} is no class number below {len(classes)}")
    if not math.isfinite(truth):
        raise _broken(where, f"truth {truth} is not finite")
    return [truth, *scores]


def _gathered(rows: list[tuple[str, list[float]]], classes: tuple[str, ...]) -> Predictions:
    values = np.asarray([numbers for _, numbers in rows])
    truth = values[:, 0].astype(np.int64 if classes else np.float32)
    scores = values[:, 1:].astype(np.float32)
    ids = tuple(identifier for identifier, _ in rows)
    return Predictions(ids, truth, scores if classes else scores[:, 0], classes)


def _broken(where: str, what: str) -> DataError:
    return DataError(f"{where}: {what}; --fresh runs it again")
