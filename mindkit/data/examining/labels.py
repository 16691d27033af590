"""The labels by split: how they are spread, and which of them the data set cannot have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from mindkit.data.examining.columns import place_of
from mindkit.data.examining.findings import Finding, SplitFacts, counted
from mindkit.data.raw import Array, Part, Raw
from mindkit.errors import did_you_mean
from mindkit.kinds import Dataset

MOST_BARS = 21  # a histogram of more rounded labels says nothing
UNKNOWN_SPLIT = "(no split)"


def examine_labels(raw: Raw, dataset: type[Dataset]) -> tuple[dict[str, SplitFacts], list[Finding]]:
    """Facts by split, and what is wrong with the labels."""
    facts: dict[str, SplitFacts] = {}
    findings: list[Finding] = []
    for split, part in raw.parts.items():
        numbers = numbers_of(part.labels, dataset)
        classes = dataset.task == "classification" or numbers is None
        facts[split or UNKNOWN_SPLIT] = _facts(part, numbers, dataset, classes)
        findings += _findings(split, part, numbers, dataset)
    findings += _unseen(facts, dataset)
    return facts, findings


def numbers_of(labels: Array | list[str], dataset: type[Dataset] = Dataset) -> Array | None:
    """The labels as float64 (N,), or None if they are names, of classes of `dataset` perhaps."""
    if (
        isinstance(labels, list)
        and labels
        and {str(label) for label in labels} <= set(dataset.classes)
    ):
        return None  # names may look like numbers
    try:
        found = np.asarray(labels)
        return None if found.dtype.kind in "cmMV" else found.astype(np.float64).reshape(-1)
    except (ValueError, TypeError, OverflowError):
        return None


def _facts(part: Part, numbers: Array | None, dataset: type[Dataset], classes: bool) -> SplitFacts:
    finite = np.zeros(0) if numbers is None else numbers[np.isfinite(numbers)]
    spread = _class_counts(part, numbers, dataset) if classes else _rounded(finite, dataset)
    known = len(finite) and not classes
    return SplitFacts(
        samples=len(part),
        zero_labels=None if classes else int((finite == 0).sum()),
        label_range=(finite.min().item(), finite.max().item()) if known else None,
        labels=spread,
        videos=None if part.videos is None else len(set(part.videos)),
    )


def _class_counts(part: Part, numbers: Array | None, dataset: type[Dataset]) -> dict[str, int]:
    if numbers is None:
        found = Counter(_names(part, dataset))
        return {name: found[name] for name in (*dataset.classes, *sorted(found)) if name in found}
    values, counts = np.unique(numbers[np.isfinite(numbers)], return_counts=True)
    return {
        _class_name(value, dataset): count
        for value, count in zip(values.tolist(), counts.tolist(), strict=True)
    }


def _names(part: Part, dataset: type[Dataset]) -> list[str]:
    """The names of the classes that the labels stand for."""
    return [dataset.label_names.get(str(label), str(label)) for label in part.labels]


def _class_name(value: float, dataset: type[Dataset]) -> str:
    whole = value == int(value) and 0 <= value < len(dataset.classes)
    return dataset.classes[int(value)] if whole else f"{value:g}"


def _rounded(finite: Array, dataset: type[Dataset]) -> dict[str, int]:
    """Counts by label rounded half to even, after clipping to the data set's range."""
    if dataset.label_range:
        finite = np.clip(finite, *dataset.label_range)
    values, counts = np.unique(np.round(finite), return_counts=True)
    if len(values) > MOST_BARS:
        return {}
    return {f"{v:g}": n for v, n in zip((values + 0).tolist(), counts.tolist(), strict=True)}


def _findings(
    split: str, part: Part, numbers: Array | None, dataset: type[Dataset]
) -> Iterator[Finding]:
    if split == "" or not len(part):
        return
    where = f"labels of {split}"

    def fault(wrong: Array, what: str) -> Finding:
        first = int(np.flatnonzero(wrong)[0])
        place = f"first {part.labels[first]} at {place_of(part, first)}"
        told = f"{counted(int(wrong.sum()), 'label')} {what}; {place}"
        action = "this is another data set, or another column: --as NAME, --column label=NAME"
        return Finding("fault", where, told, action)

    if numbers is None:
        names = _names(part, dataset)
        wrong = np.array([name not in dataset.classes for name in names])
        if dataset.task == "regression":
            yield fault(wrong, "in names, where numbers are needed")
        elif dataset.task and wrong.any():
            odd = names[int(np.flatnonzero(wrong)[0])]
            yield fault(wrong, f"of no class{did_you_mean(odd, dataset.classes)}")
        return
    finite = np.isfinite(numbers)
    if not finite.all():
        yield fault(~finite, "NaN or infinite")
    if dataset.task == "classification":
        last = dataset.num_outputs - 1
        wrong = finite & ((numbers != np.round(numbers)) | (numbers < 0) | (numbers > last))
        what = f"of no class from 0 to {last}"
    else:
        low, high = dataset.label_range or (-np.inf, np.inf)
        wrong = finite & ((numbers < low) | (numbers > high))
        what = f"outside [{low:g}, {high:g}]"
    if wrong.any():
        yield fault(wrong, what)


def _unseen(facts: dict[str, SplitFacts], dataset: type[Dataset]) -> Iterator[Finding]:
    """Classes that are to be told apart but have no sample to learn from."""
    if dataset.task != "classification" or "train" not in facts:
        return
    seen = facts["train"].labels
    unseen = [name for name in dataset.classes if name not in seen]
    if unseen:
        told = f"no sample of class {', '.join(unseen)}"
        yield Finding("warning", "train", told, "no method can learn it: look at the folds")
