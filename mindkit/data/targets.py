"""The targets of a table's rows: numbers in a range, or classes by number or name."""

from __future__ import annotations

from typing import Any

import numpy as np

from mindkit.data.formats.table import numbers
from mindkit.data.rows import Rows
from mindkit.errors import DataError, did_you_mean
from mindkit.kinds import Dataset

Array = np.ndarray[Any, Any]


def read_targets(work: Rows, labels: list[str] | Array, dataset: type[Dataset]) -> Array:
    """Targets of the kept rows, (N,) float32 or int64, within the data set's range."""
    name = work.roles["label"]
    if dataset.task == "classification":
        return _classes(work, name, labels, dataset)
    values = _label_numbers(work, name, labels)
    low, high = dataset.label_range or (-np.inf, np.inf)
    outside = np.flatnonzero((values < low) | (values > high))
    if len(outside):
        raise DataError(
            f"{work.file}: label {values[outside[0]]:g} at {work.place(int(outside[0]))} is "
            f"outside [{low:g}, {high:g}] ({len(outside)} labels in '{name}' are); this is another "
            f"data set or another column, choose one with --column label=NAME"
        )
    return values.astype(np.float32)


def _classes(work: Rows, name: str, labels: list[str] | Array, dataset: type[Dataset]) -> Array:
    named = labels if isinstance(labels, list) else labels.tolist()
    if isinstance(named[0], str) and not named[0].strip().lstrip("-").isdigit():
        index = {label: number for number, label in enumerate(dataset.classes)}
        kept = [label for label, keep in zip(named, work.kept, strict=True) if keep]
        for sample, label in enumerate(kept):
            if label not in index:
                raise DataError(
                    f"{work.file}: label '{label}' at {work.place(sample)} is no class"
                    f"{did_you_mean(label, dataset.classes)}"
                )
        return np.array([index[label] for label in kept], dtype=np.int64)
    values = _label_numbers(work, name, labels)
    bad = np.flatnonzero(
        (values != values.round()) | (values < 0) | (values >= dataset.num_outputs)
    )
    if len(bad):
        raise DataError(
            f"{work.file}: label {values[bad[0]]:g} at {work.place(int(bad[0]))} is no class "
            f"from 0 to {dataset.num_outputs - 1} ({len(bad)} labels in '{name}' are none); choose "
            f"another column with --column label=NAME"
        )
    return values.astype(np.int64)


def _label_numbers(work: Rows, name: str, labels: list[str] | Array) -> Array:
    """Labels of the kept rows as finite float64 (N,)."""
    if isinstance(labels, list):
        cells = [cell if keep else "0" for cell, keep in zip(labels, work.kept, strict=True)]
        values = numbers(work.table.path, name, cells)
    else:
        if labels.dtype.kind == "U":
            return _label_numbers(work, name, labels.tolist())
        if labels.size != len(labels) or labels.dtype.kind not in "fiub":
            raise DataError(
                f"{work.file}: array '{name}' (label) is {labels.dtype} {labels.shape}; one "
                f"number a row is needed"
            )
        values = labels.reshape(-1).astype(np.float64)
    values = values[work.kept]
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DataError(
            f"{work.file}: label at {work.place(int(bad[0]))} is {values[bad[0]]} ({len(bad)} "
            f"labels in '{name}' are NaN or infinite); give those rows an empty split to leave "
            f"them out"
        )
    return values
