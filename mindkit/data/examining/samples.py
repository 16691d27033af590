"""The samples: ids, what occurs twice, what stands in two splits, and whether steps match."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from itertools import combinations
from typing import Any

import numpy as np

from mindkit.data.converting import TABLE
from mindkit.data.examining.columns import Scans, place_of
from mindkit.data.examining.findings import Finding, counted
from mindkit.data.examining.origin import counts_of
from mindkit.data.examining.scanning import steps_of
from mindkit.data.raw import Array, Raw
from mindkit.kinds import Dataset

SHOWN = 5  # names that a message lists
SEQUENCES = ("padded", "ragged")
Place = tuple[str, int]  # split, sample


def examine_samples(raw: Raw, scans: Scans, dataset: type[Dataset]) -> list[Finding]:
    """Repeated ids, content and sentences, and videos in two splits or not in their own."""
    return [
        *_empty_splits(raw),
        *_repeated_ids(raw),
        *_shared_videos(raw, dataset),
        *_misplaced_videos(raw, dataset),
        *_repeated_content(raw, scans),
        *_repeated_texts(raw, scans),
    ]


def same_steps(raw: Raw, scans: Scans) -> float | None:
    """Share of samples in which all sequences, and the words of the text, have one length.

    None where there are fewer than two such columns.
    """
    kinds = {name: _kind(raw, name) for name in ("text", "audio", "vision") if name in scans}
    names = [name for name, kind in kinds.items() if kind in (*SEQUENCES, "text")]
    if len(names) < 2 or not any(kinds[name] in SEQUENCES for name in names):
        return None
    splits = [split for split in raw.parts if all(split in scans[name] for name in names)]
    equal = total = 0
    for split in splits:
        lengths = np.stack([np.maximum(scans[name][split].lengths, 1) for name in names])
        equal += int((lengths == lengths[0]).all(0).sum())
        total += lengths.shape[1]
    return equal / total if total else None


def _empty_splits(raw: Raw) -> Iterator[Finding]:
    for split in ("train", "valid", "test"):
        if not len(raw.parts.get(split, ())):
            told = f"the {split} split is empty"
            action = "say where the splits stand: --column split=NAME, --split, or --folds FILE"
            yield Finding("fault", "splits", told, action)
    left_out = len(raw.parts.get("", ()))
    if left_out:
        told = f"{counted(left_out, 'sample')} of no split"
        yield Finding("note", "splits", told, "importing leaves them out")


def _repeated_ids(raw: Raw) -> Iterator[Finding]:
    places: dict[str, list[Place]] = defaultdict(list)
    for split, part in raw.parts.items():
        if split:
            for sample, name in enumerate(part.ids):
                places[name].append((split, sample))
    repeated = {name: found for name, found in places.items() if len(found) > 1}
    if repeated:
        name, found = next(iter(repeated.items()))
        told = f"{counted(len(repeated), 'repeated id')}; first '{name}', {_listed(raw, found)}"
        if raw.format == TABLE:
            action = "choose another id with --column id=NAME, or none with --column id="
            yield Finding("fault", "ids", told, action)
        else:
            action = "importing adds #2, #3, … to them; look whether the samples are the same"
            yield Finding("warning", "ids", told, action)


def _shared_videos(raw: Raw, dataset: type[Dataset]) -> Iterator[Finding]:
    published = bool(counts_of(raw, dataset)) and not dataset.folds()
    videos = {split: set(part.videos or ()) for split, part in raw.parts.items() if split}
    for one, other in combinations(videos, 2):
        shared = sorted(videos[one] & videos[other])
        if shared:
            more = f" and {len(shared) - SHOWN} more" if len(shared) > SHOWN else ""
            told = f"{counted(len(shared), 'video')} in both: {', '.join(shared[:SHOWN])}{more}"
            if published:
                action = "the published folds are so: scores say little about new videos"
                yield Finding("note", f"{one} and {other}", told, action)
            else:
                action = "scores will be too good for new videos; use folds by video: --folds FILE"
                yield Finding("warning", f"{one} and {other}", told, action)


def _misplaced_videos(raw: Raw, dataset: type[Dataset]) -> Iterator[Finding]:
    """Videos that are not in the split of the official folds."""
    folds = dataset.folds()
    for split, part in raw.parts.items():
        others = {
            video: folds[video]
            for video in part.videos or ()
            if split and folds.get(video, split) != split
        }
        if others:
            video, fold = next(iter(others.items()))
            told = f"{counted(len(others), 'video')} of another official fold; '{video}' is {fold}"
            action = "results are not comparable with those on the official folds"
            yield Finding("warning", split, told, action)


def _repeated_content(raw: Raw, scans: Scans) -> Iterator[Finding]:
    """Samples whose columns of numbers are all equal, under different ids."""
    columns = [
        name
        for name in scans
        if _kind(raw, name) not in ("text", "tokens") and not name.startswith(("text", "label_"))
    ]  # two clips may have one sentence and one label, but never one recording
    groups = _groups(raw, scans, columns)
    if not groups:
        return
    extra = sum(len(group) - 1 for group in groups)
    across = [group for group in groups if len({split for split, _ in group}) > 1]
    told = f"{counted(extra, 'sample')} with the {', '.join(columns)} of another under another id"
    if across:
        told += f", {counted(len(across), 'time')} in another split"
    told += f"; first {_listed(raw, (across or groups)[0])}"
    action = "give all but one of each an empty split, which leaves them out"
    yield Finding("warning", "samples", told, action)


def _repeated_texts(raw: Raw, scans: Scans) -> Iterator[Finding]:
    if "text" not in scans or _kind(raw, "text") != "text":
        return
    groups: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for split, part in raw.parts.items():
        if split and "text" in part.features:
            for sample, text in enumerate(part.features["text"].values):
                if text.strip():
                    groups[text, _shown(part.labels[sample])].append((split, sample))
    repeated = {key: found for key, found in groups.items() if len(found) > 1}
    if not repeated:
        return
    extra = sum(len(found) - 1 for found in repeated.values())
    test = sum(
        split == "test"
        for found in repeated.values()
        if any(split == "train" for split, _ in found)
        for split, _ in found
    )
    (text, label), found = max(repeated.items(), key=lambda item: len(item[1]))
    told = (
        f"{counted(extra, 'sample')} with the text and the label of another, most often "
        f"'{text:.40}' with {label} ({len(found)} times); "
        f"{counted(test, 'sample')} of test with such a one in train"
    )
    yield Finding("note", "samples", told, "short answers do that; long sentences should not")


def _groups(raw: Raw, scans: Scans, columns: list[str]) -> list[list[Place]]:
    """Groups of samples that are equal in all `columns`, blank ones left out."""
    candidates: dict[tuple[int, ...], list[Place]] = defaultdict(list)
    for split in raw.parts:
        if not split or not columns or not all(split in scans[name] for name in columns):
            continue
        keys = np.stack([scans[name][split].keys for name in columns])
        filled = ~np.stack([scans[name][split].blank for name in columns]).all(0)
        for sample in np.flatnonzero(filled).tolist():
            candidates[tuple(keys[:, sample].tolist())].append((split, sample))
    equal: dict[bytes, list[Place]] = defaultdict(list)
    for places in candidates.values():
        if len(places) > 1:
            for place in places:
                equal[_digest(raw, place, columns)].append(place)
    return [places for places in equal.values() if len(places) > 1]


def _digest(raw: Raw, place: Place, columns: list[str]) -> bytes:
    split, sample = place
    state = blake2b(digest_size=16)
    for name in columns:
        steps: Array = steps_of(raw.parts[split].features[name], sample)
        state.update(f"{steps.shape}".encode() + steps.tobytes())
    return state.digest()


def _shown(label: Any) -> str:
    return label if isinstance(label, str) else f"{label:g}"


def _kind(raw: Raw, name: str) -> str:
    return next(p.features[name].kind for p in raw.parts.values() if name in p.features)


def _listed(raw: Raw, places: list[Place]) -> str:
    return " and ".join(
        f"{place_of(raw.parts[split], sample)} of {split}" for split, sample in places[:SHOWN]
    )
