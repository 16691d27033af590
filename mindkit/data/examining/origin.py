"""Where the data come from: their files, known copies and known leaks, and which data set it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mindkit.data.examining.findings import FileFacts, Finding, counted
from mindkit.data.examining.labels import numbers_of
from mindkit.data.raw import SPLITS, Raw
from mindkit.kinds import Dataset

Known = Mapping[str, type[Dataset]]  # name -> data set, of all that are registered


def file_facts(paths: Iterable[Path], known: Known) -> tuple[FileFacts, ...]:
    """Size and SHA-256 of each file among `paths`, and which published file it is."""
    facts: list[FileFacts] = []
    for path in dict.fromkeys(paths):
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            published = [
                f"{name}: {dataset.known_files[digest]}"
                for name, dataset in known.items()
                if digest in dataset.known_files
            ]
            facts.append(FileFacts(str(path), path.stat().st_size, digest, "; ".join(published)))
    return tuple(facts)


def guess(raw: Raw, files: Iterable[FileFacts], known: Known) -> tuple[str, str]:
    """The one data set that this must be, and what told it; ("", "") where it may be several."""
    for name, dataset in known.items():
        for file in files:
            if file.sha256 in dataset.known_files or file.sha256 in dataset.known_leaks:
                return name, f"the SHA-256 of {Path(file.path).name}"
    named = {
        str(label)
        for split, part in raw.parts.items()
        if split and numbers_of(part.labels) is None
        for label in part.labels
    }
    alike = [name for name, dataset in known.items() if named and named <= set(dataset.classes)]
    exact = [name for name in alike if named == set(known[name].classes)]
    alike = exact or alike  # one data set may have all classes of another, and more
    if len(alike) == 1:
        return alike[0], "the names of its classes"
    counted = [name for name, dataset in known.items() if counts_of(raw, dataset)]
    if len(counted) == 1:
        return counted[0], f"its {_shown(_sizes(raw))} samples"
    return "", ""


def counts_of(raw: Raw, dataset: type[Dataset]) -> str:
    """Which known copy of `dataset` has as many samples in each split; "" if none has."""
    sizes = _sizes(raw)
    if dict(dataset.splits) == sizes:
        return "the usual copy"
    known = (name for name, counts in dataset.counts.items() if dict(counts) == sizes)
    return next((f"the copy {name}" for name in known), "")


def leaks_of(raw: Raw, files: Iterable[FileFacts], dataset: type[Dataset]) -> dict[str, str]:
    """Modality -> why it knows labels under the split column in use, by the hash of the file."""
    leaky: dict[str, str] = {}
    for file in files:
        arrays = dataset.known_leaks.get(file.sha256, {}).get(raw.roles.get("split", ""), {})
        for role, array in raw.roles.items():
            if array in arrays:
                leaky[role] = arrays[array]
    return leaky


def examine_origin(raw: Raw, dataset: type[Dataset], leaky: Mapping[str, str]) -> Iterator[Finding]:
    """What the reader left out or remarked, unusual numbers of samples, and leaks."""
    for modality, why in leaky.items():
        column = raw.roles.get("split", "split")
        told = f"it knows labels under the split column '{column}': {why}"
        action = (
            f"train with --drop {modality}, or import under another column: --column split=NAME"
        )
        yield Finding("fault", modality, told, action)
    yield from _unusual(raw, dataset)
    for drop in raw.drops:
        told = f"{counted(drop.count, 'sample')} left out: {drop.reason}"
        yield Finding("note", drop.split or "samples", told)
    for note in raw.notes:
        yield Finding("note", raw.name, note)
    if raw.unused:
        told = f"becomes no column: {', '.join(raw.unused)}"
        yield Finding("note", raw.name, told, "name what you need with --column ROLE=NAME")


def _unusual(raw: Raw, dataset: type[Dataset]) -> Iterator[Finding]:
    copy, usual = counts_of(raw, dataset), _shown(dataset.splits)
    if copy.startswith("the copy "):
        told = f"{_shown(_sizes(raw))} samples are those of {copy}; {usual} are usual"
        yield Finding("note", "splits", told, "compare only with results on the same copy")
    elif dataset.splits and not copy:
        others = "".join(
            f"; {_shown(counts)} has the copy {name}" for name, counts in dataset.counts.items()
        )
        told = f"{_shown(_sizes(raw))} samples, where {usual} are usual{others}"
        action = "find out which samples differ before comparing with a published number"
        yield Finding("warning", "splits", told, action)


def _sizes(raw: Raw) -> dict[str, int]:
    return {split: len(raw.parts[split]) for split in SPLITS if len(raw.parts.get(split, ()))}


def _shown(counts: Mapping[str, int]) -> str:
    return "/".join(str(counts.get(split, 0)) for split in SPLITS)
