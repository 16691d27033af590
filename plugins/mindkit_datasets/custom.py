"""Data of one's own: what is to be predicted is told by the labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mindkit.api import DataError, Dataset, Recipe, Signal, Store, simulate
from mindkit_datasets.conventions import CLASS_METRICS, scaled
from mindkit_datasets.wording import FILLERS, SENTIMENT

MOST_NUMBERED = 20  # classes that may go by their numbers; more whole numbers are a scale
SCALE_METRICS = ("mae", "corr", "mse")
SIGNED_METRICS = ("acc2_non0", "acc2_has0", "f1_non0", "f1_has0")


class Custom(Dataset):
    """Your own samples, with the task that their labels tell.

    Of the labels of all splits together:
    names are classes, in alphabetical order, scored as MIntRec is;
    the whole numbers 0 to C - 1, each of which occurs, C from 2 to 20, are C classes;
    other numbers are a scale from the least to the greatest, scored by mae, corr and mse, and where
    it has both signs by the two-class scores of sentiment too.
    To have it otherwise, write the labels otherwise: names for numbers ("grade 3") make classes of
    them, and a scale of few whole numbers may begin at 1, or be divided by its end.
    Names and numbers in one column are refused, and so are as good as unique names.

    Its simulated stand-in is a scale from -2 to 2, with word texts, and audio and vision of 10 and
    8 features aligned to the words.
    """

    task = ""

    @classmethod
    def fitted(cls, labels: Sequence[Any]) -> type[Dataset]:
        """Return the data set of these labels; raise where they are neither classes nor a scale."""
        numbers = _numbers(labels)
        classes = _names(labels) if numbers is None else _numbered(numbers)
        facts: dict[str, Any] = {"task": "classification", "num_outputs": len(classes)}
        facts |= {"classes": classes, "metrics": CLASS_METRICS}
        if not classes:
            facts = _scale([number for number in numbers or () if math.isfinite(number)])
        return type(cls.__name__, (cls,), {"__doc__": cls.__doc__, **facts})

    def simulate(self, seed: int = 0, scale: float = 1.0) -> Store:
        """Return simulated samples; `scale` in (0, 1] shrinks every split alike."""
        store = simulate(
            Recipe(
                name="custom",
                splits=scaled({"train": 200, "valid": 50, "test": 50}, scale),
                videos={"train": 40, "valid": 10, "test": 10},
                signals={"audio": Signal(10), "vision": Signal(8)},
                shares={"shared": 0.7, "text": 0.5, "audio": 0.4, "vision": 0.4, "error": 0.3},
                phrases=SENTIMENT,
                fillers=FILLERS,
                label_range=(-2.0, 2.0),
            ),
            seed,
        )
        labels = [label for split in store.splits.values() for label in split.target.tolist()]
        fitted = self.fitted(labels)
        return replace(store, label_range=fitted.label_range, metrics=fitted.metrics)


def _numbers(labels: Sequence[Any]) -> list[float] | None:
    """The labels as numbers, or None where they are names."""
    found = [_number(label) for label in labels]
    if None not in found:
        return [number for number in found if number is not None]
    if any(number is not None for number in found):
        odd = found.index(None)
        raise DataError(
            f"{found.count(None)} of {len(labels)} labels are no numbers, first {labels[odd]!r}, "
            f"and the others are; mend them, or give those rows an empty split to leave them out"
        )
    return None


def _number(label: Any) -> float | None:
    try:
        return float(label)
    except (TypeError, ValueError):
        return None


def _names(labels: Sequence[Any]) -> tuple[str, ...]:
    names = sorted({str(label) for label in labels})
    if not names[0].strip():
        raise DataError(
            f"{sum(not str(label).strip() for label in labels)} of {len(labels)} labels are empty; "
            f"give those rows an empty split to leave them out"
        )
    if len(names) < 2 or 2 * len(names) > len(labels):
        shown = ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")
        raise DataError(
            f"the {len(labels)} labels have {len(names)} different names ({shown}), which is no "
            f"set of classes to learn; choose another column with --column label=NAME"
        )
    return tuple(names)


def _numbered(numbers: list[float]) -> tuple[str, ...]:
    """The classes 0 to C - 1 that the numbers are, or () where they are a scale."""
    found = set(numbers)
    whole = found == set(map(float, range(len(found))))
    return tuple(map(str, range(len(found)))) if whole and 2 <= len(found) <= MOST_NUMBERED else ()


def _scale(numbers: list[float]) -> dict[str, Any]:
    ends = (min(numbers), max(numbers)) if numbers else None
    signed = ends is not None and ends[0] < 0 < ends[1]
    return {
        "task": "regression",
        "label_range": ends,
        "metrics": (*SCALE_METRICS, *(SIGNED_METRICS if signed else ())),
    }
