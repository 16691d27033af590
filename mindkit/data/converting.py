"""From what a reader hands on to a data folder, in bounded memory; every fault has its place.

A feature is looked at in pieces of a few megabytes: once for the real steps of padded sequences,
and once to be written. Nothing of it stays in memory but the lengths.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from mindkit.data.blocks import BlockWriter
from mindkit.data.column_writing import is_unicode, write_column
from mindkit.data.formats.folder import read_splits, write_head, write_manifest
from mindkit.data.raw import SPLITS, Raw
from mindkit.data.roles import MODALITIES
from mindkit.data.rows import FOLDS
from mindkit.data.store import Store
from mindkit.data.streams import Window, common_window, window_of
from mindkit.data.targets import labels_of, place_of, read_targets
from mindkit.errors import DataError, did_you_mean
from mindkit.kinds import Dataset

NAN = ("auto", "error", "zero")
TABLE = "table"  # the layout that people write themselves, so that faults in it can be mended
RESERVED = ("ids", "target", "videos")


@np.errstate(over="ignore", invalid="ignore")  # damaged bytes may be NaN that warn when read
def convert(
    raw: Raw,
    dataset: type[Dataset],
    name: str,
    folder: Path,
    *,
    nan: str = "auto",
    leaky: Mapping[str, str] | None = None,
    known_leaks: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write the samples of `raw` into the empty `folder`, as the data set `name`.

    nan: "error", or "zero" to set NaN and infinite features to 0; "auto" is an error for tables and
    zero for files that nobody can mend. leaky: column -> why it leaks labels. known_leaks: the
    same by array of the file. facts: go into the manifest as they are.
    """
    if nan not in NAN:
        raise DataError(f"nan is '{nan}'{did_you_mean(nan, NAN)}")
    nan = ("error" if raw.format == TABLE else "zero") if nan == "auto" else nan
    raw = replace(
        raw, parts={s: raw.parts[s] for s in SPLITS if s in raw.parts}, notes=[*raw.notes]
    )
    _refuse_empty_split(raw)
    names = _columns(raw)
    leaks = _leaks(raw, names, leaky or {}, known_leaks or {})
    labels = labels_of(raw)
    dataset = dataset.fitted(labels if isinstance(labels, list) else labels.tolist())
    targets = read_targets(raw, labels, dataset)
    _make_unique(raw)
    writer = BlockWriter(folder)
    start = 0
    for split, part in raw.parts.items():
        target = targets[start : start + len(part)]
        write_head(writer, split, part.ids, target, part.videos)
        start += len(part)
    columns = _write_columns(writer, raw, names, dataset, nan)
    _note_sizes(raw, dataset)
    store = replace(_written(raw, writer, columns, dataset, name), leaky=leaks).with_digest()
    told = {
        "reader": raw.format,
        "roles": dict(raw.roles),
        "notes": [*raw.notes, *([f"not used: {', '.join(raw.unused)}"] if raw.unused else [])],
        "drops": [asdict(drop) for drop in raw.drops],
    }
    write_manifest(writer, store, columns, {**told, **(facts or {})})


def _written(
    raw: Raw,
    writer: BlockWriter,
    columns: Mapping[str, Mapping[str, Any]],
    dataset: type[Dataset],
    name: str,
) -> Store:
    """The store of what has been written, mapped into memory."""
    videos = {split: part.videos is not None for split, part in raw.parts.items()}
    return Store(
        name,
        read_splits(writer.folder, columns, videos),
        dataset.task,  # type: ignore[arg-type]
        dataset.num_outputs,
        dataset.label_range,
        dataset.classes,
        source=raw.name,
        split_column=raw.roles.get("split", "split"),
        metrics=dataset.metrics,
        layout=raw.layout,
        aligned=raw.aligned,
    )


def _refuse_empty_split(raw: Raw) -> None:
    sizes = {split: len(raw.parts[split]) if split in raw.parts else 0 for split in SPLITS}
    told = ", ".join(f"{split} {size}" for split, size in sizes.items())
    for split, size in sizes.items():
        if size:
            continue
        column = raw.roles.get("split")
        if raw.format == TABLE and column and column != FOLDS:
            raise DataError(
                f"{raw.name}: the {split} split is empty under column '{column}' ({told}); every "
                f"split needs a row, choose another column with --column split=NAME"
            )
        left_out = "".join(f"; {d.count} of {d.split} left out: {d.reason}" for d in raw.drops)
        raise DataError(
            f"{raw.name}: the {split} split is empty ({told}{left_out}); every split needs a sample"
        )


def _columns(raw: Raw) -> list[str]:
    """The columns that all splits have; others are noted."""
    names: list[str] = []
    for name in dict.fromkeys(name for part in raw.parts.values() for name in part.features):
        if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) or name in RESERVED:
            raise DataError(
                f"'{name}' cannot be the name of a column; use letters, digits and _, and none of "
                f"{', '.join(RESERVED)}"
            )
        lacking = [split for split, part in raw.parts.items() if name not in part.features]
        if lacking:
            raw.notes.append(f"{name} is left out: there is none in {' and '.join(lacking)}")
        else:
            names.append(name)
    if not names:
        raise DataError(f"{raw.name}: no text, audio or vision is there in every split")
    return names


def _make_unique(raw: Raw) -> None:
    """Raise where two rows of a table have one id; number the ids of a file nobody can mend."""
    every = [name for part in raw.parts.values() for name in part.ids]
    for sample, name in enumerate(every):
        if not is_unicode(name):
            raise DataError(
                f"{raw.name}: the id of {place_of(raw, sample)!a} cannot be written in UTF-8; mend "
                f"it, or leave the ids out with --column id="
            )
    times = Counter(every)
    repeated = [(name, count) for name, count in times.items() if count > 1]
    if not repeated:
        return
    name, count = repeated[0]
    if raw.format == TABLE:
        raise DataError(
            f"{raw.name}: id '{name}' occurs {count} times in column '{raw.roles['id']}' "
            f"({len(repeated)} ids are repeated); ids must be unique, choose another column "
            f"with --column id=NAME, or leave it out with --column id="
        )
    raw.notes.append(
        f"{len(repeated)} ids occur more than once, first '{name}' {count} times; #2, #3, … are "
        f"added to them"
    )
    taken, seen = set(times), Counter[str]()
    for split, part in raw.parts.items():
        ids = []
        for name in part.ids:
            seen[name] += 1
            fresh = name
            while seen[name] > 1 and fresh in taken:
                fresh = f"{name}#{seen[name]}"
                seen[name] += fresh in taken
            taken.add(fresh)
            ids.append(fresh)
        raw.parts[split] = replace(part, ids=ids)


def _write_columns(
    writer: BlockWriter, raw: Raw, names: list[str], dataset: type[Dataset], nan: str
) -> dict[str, dict[str, Any]]:
    """Write the columns, and return the facts of each for the manifest."""
    shared = {split: _shared_windows(raw, split, names) for split in raw.parts}
    columns: dict[str, dict[str, Any]] = {}
    for name in names:
        feature = raw.parts["train"].features[name]
        windows = {split: found[name] for split, found in shared.items() if name in found}
        written, notes = write_column(writer, raw, name, windows, nan)
        raw.notes += notes
        stored = f"array '{feature.array}' of {raw.name}" if feature.array else raw.name
        known = dataset.features.get(name, {}).get(written.width or 0) or feature.provenance
        provenance = f"{known} ({stored})" if known else stored
        columns[name] = {**written.facts(), "array": feature.array, "provenance": provenance}
    return columns


def _shared_windows(raw: Raw, split: str, names: list[str]) -> dict[str, Window]:
    """The steps to keep of padded modalities with one step a word, which must not be cut apart."""
    padded = {
        name: feature
        for name, feature in raw.parts[split].features.items()
        if name in names and name in MODALITIES and feature.kind == "padded"
    }
    steps = {np.shape(feature.values)[1:2] for feature in padded.values()}
    if not raw.aligned or len(padded) < 2 or len(steps) > 1:
        return {}
    window = common_window([window_of(f, f"{raw.name}: {n}") for n, f in padded.items()])
    return dict.fromkeys(padded, window)


def _leaks(
    raw: Raw, names: list[str], leaky: Mapping[str, str], known: Mapping[str, str]
) -> dict[str, str]:
    for name in leaky:
        if name not in names:
            hint = did_you_mean(name, names)
            raise DataError(f"leaky: {raw.name} has no modality '{name}'{hint}")
    arrays = {name: raw.parts["train"].features[name].array for name in names}
    return {**{n: known[array] for n, array in arrays.items() if array in known}, **leaky}


def _note_sizes(raw: Raw, dataset: type[Dataset]) -> None:
    found = {split: len(part) for split, part in raw.parts.items()}
    if not dataset.splits or found == dict(dataset.splits):
        return
    told = f"{'/'.join(map(str, found.values()))} samples"
    usual = f"where {'/'.join(str(dataset.splits[split]) for split in SPLITS)} are usual"
    copy = next((copy for copy, sizes in dataset.counts.items() if found == dict(sizes)), None)
    raw.notes.append(f"{told}, {usual}" + (f"; so has the copy {copy}" if copy else ""))
