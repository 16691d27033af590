"""The targets of all samples: numbers in a range, or classes by number or name."""

from __future__ import annotations

from typing import Any

import numpy as np

from mindkit.data.formats.named_arrays import is_number
from mindkit.data.raw import SPLITS, Raw
from mindkit.errors import DataError, did_you_mean
from mindkit.kinds import Dataset

Array = np.ndarray[Any, Any]


def labels_of(raw: Raw) -> Array | list[str]:
    """The labels of all splits, one after the other: numbers (N,), or N names."""
    found = [raw.parts[split].labels for split in SPLITS if split in raw.parts]
    arrays = [np.asarray(labels).reshape(-1) for labels in found]
    if all(array.dtype.kind in "fiub" for array in arrays):
        return np.concatenate(arrays)
    return [str(label) for array in arrays for label in array.tolist()]


def place_of(raw: Raw, sample: int) -> str:
    """Where a sample stands, counted through train, valid and test: "row 7 (id a_7)"."""
    for split in SPLITS:
        part = raw.parts[split]
        if sample < len(part):
            place = (
                part.places[sample] if part.places is not None else f"sample {sample} of {split}"
            )
            return f"{place} (id {part.ids[sample]})"
        sample -= len(part)
    raise IndexError(sample)


def read_targets(raw: Raw, labels: Array | list[str], dataset: type[Dataset]) -> Array:
    """Targets (N,) float32 or int64 of the `labels` of all splits, within the data set's range."""
    if dataset.task == "classification":
        return _classes(raw, labels, dataset)
    values = _numbers(raw, labels)
    low, high = dataset.label_range or (-np.inf, np.inf)
    outside = np.flatnonzero((values < low) | (values > high))
    if len(outside):
        raise DataError(
            f"{raw.name}: label {values[outside[0]]:g} at {place_of(raw, outside[0])} is "
            f"outside [{low:g}, {high:g}] ({len(outside)} labels in '{_array(raw)}' are); this is "
            f"another data set or another column, choose one with --column label=NAME"
        )
    return values.astype(np.float32)


def _classes(raw: Raw, labels: Array | list[str], dataset: type[Dataset]) -> Array:
    if isinstance(labels, list):
        index = {label: number for number, label in enumerate(dataset.classes)}
        labels = [dataset.label_names.get(label, label) for label in labels]
        for sample, label in enumerate(labels):
            if label not in index:
                raise DataError(
                    f"{raw.name}: label '{label}' at {place_of(raw, sample)} is no class"
                    f"{did_you_mean(label, dataset.classes)}"
                )
        return np.array([index[label] for label in labels], dtype=np.int64)
    values = _numbers(raw, labels)
    bad = np.flatnonzero(
        (values != values.round()) | (values < 0) | (values >= dataset.num_outputs)
    )
    if len(bad):
        raise DataError(
            f"{raw.name}: label {values[bad[0]]:g} at {place_of(raw, bad[0])} is no class "
            f"from 0 to {dataset.num_outputs - 1} ({len(bad)} labels in '{_array(raw)}' are none); "
            f"choose another column with --column label=NAME"
        )
    return values.astype(np.int64)


def _numbers(raw: Raw, labels: Array | list[str]) -> Array:
    """Labels as finite float64 (N,)."""
    if isinstance(labels, list):
        strange = [sample for sample, label in enumerate(labels) if not is_number(label)]
        if strange:
            raise DataError(
                f"{raw.name}: column '{_array(raw)}' holds {labels[strange[0]]!r} in "
                f"{place_of(raw, strange[0])}, which is no number ({len(strange)} of {len(labels)} "
                f"cells are none); choose another column with --column label=NAME"
            )
    values = np.array(labels, np.float64)
    with np.errstate(over="ignore"):  # what is too large for float32 is found as infinite
        bad = np.flatnonzero(~np.isfinite(values.astype(np.float32)))
    if len(bad):
        raise DataError(
            f"{raw.name}: label at {place_of(raw, bad[0])} is {values[bad[0]]} ({len(bad)} labels "
            f"in '{_array(raw)}' are NaN or infinite); give those rows an empty split to leave "
            f"them out"
        )
    return values


def _array(raw: Raw) -> str:
    return raw.roles.get("label", "label")
