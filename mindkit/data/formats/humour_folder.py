"""UR-FUNNY as its authors give it, version 1 or 2: a folder of pickles, each by the id of an item.

    data_folds.pkl                  train, dev, test -> ids
    humor_label_sdk.pkl             id -> 0 or 1
    covarep_features_sdk.pkl        id -> punchline_features (n, 81), context_features
    openface_features_sdk.pkl       the same, (n, 75) in version 1 and (n, 371) in version 2
    language_sdk.pkl                version 2: id -> punchline_sentence, context_sentences,
                                    punchline_embedding_indexes (n)
    word_embedding_indexes_sdk.pkl  version 1: id -> punchline_embedding_indexes (n)
    word_list.pkl                   version 1: index -> word; missing from most copies
    word_embedding_list.pkl         index -> GloVe vector (300)

Features have one step a word. Only punchlines become modalities; the context is a column of text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mindkit.data.formats.humour_words import LANGUAGE, USED, Words, entry_of, read_words
from mindkit.data.formats.pickled import (
    Steps,
    as_integers,
    as_steps,
    by_key,
    described,
    steps_in,
    text_of,
)
from mindkit.data.raw import ALIASES, SPLITS, Drop, Feature, Part, Raw, Request
from mindkit.data.source import Source
from mindkit.errors import DataError, did_you_mean

TITLE = "UR-FUNNY folder: data_folds.pkl, humor_label_sdk.pkl and a pickle for each modality"

FOLDS, LABELS = "data_folds.pkl", "humor_label_sdk.pkl"
FEATURES = {"audio": "covarep_features_sdk.pkl", "vision": "openface_features_sdk.pkl"}
PUNCHLINE = "punchline_features"
WIDTHS = {75: 1, 371: 2}  # columns of OpenFace -> version
COLUMNS = ("text", "audio", "vision", "context", "text_glove")


@dataclass
class _Folder:
    """The pickles of a folder, by the id of an item."""

    labels: dict[str, Any]
    streams: dict[str, dict[str, Any]]
    words: Words | None
    left_out: set[str]

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """File -> its entries, for each file that must have every item."""
        tables = {LABELS: self.labels} | {FEATURES[r]: s for r, s in self.streams.items()}
        return tables if self.words is None else tables | {self.words.file: self.words.entries}

    def uneven(self, key: str) -> str:
        """Which modalities of an item differ in length, "" if none do."""
        lengths = {role: steps_in(*self._punchline(role, key)) for role in self.streams}
        if self.words is not None:
            lengths["words"] = self.words.count(key)
        return ", ".join(sorted(lengths)) if len(set(lengths.values())) > 1 else ""

    def part(self, items: Mapping[str, str]) -> Part:
        """The samples `items`: id -> where it stands."""
        ids = list(items)
        labels = np.array([_label(self.labels[key], key) for key in ids], np.int64)
        features = self.words.features(ids) if self.words is not None else {}
        features = {name: f for name, f in features.items() if name not in self.left_out}
        for role in self.streams:
            values, places = zip(*(self._punchline(role, key) for key in ids), strict=True)
            array = f"{FEATURES[role]}: {PUNCHLINE}"
            extractor = "COVAREP" if role == "audio" else "OpenFace"
            features[role] = Feature("ragged", Steps(values, places), None, array, extractor)
        return Part(ids, labels, features, places=list(items.values()))

    def _punchline(self, role: str, key: str) -> tuple[Any, str]:
        """The features (n, F) of a punchline, as stored, and where they stand."""
        file = FEATURES[role]
        return entry_of(self.streams[role], key, PUNCHLINE, file), f"{file}: {PUNCHLINE} of {key}"


def recognises(source: Source) -> bool:
    """True for a folder with the folds and labels of UR-FUNNY."""
    return source.has(FOLDS, LABELS)


def read(source: Source, request: Request) -> Raw:
    """Read the punchlines that have all modalities, and as many steps in each.

    A modality whose file is not there is left out. Raises DataError for files of two versions, for
    a pickle that is not as above, and where most items of the folds are missing from another file.
    """
    left_out = _left_out(source, request)
    streams = {
        role: by_key(source.unpickle(file), file)
        for role, file in FEATURES.items()
        if role not in left_out and source.has(file)
    }
    version = _version(source, streams.get("vision", {}))
    wanted = not {"text", "context", "text_glove"} <= left_out
    words = read_words(source, version) if wanted else None
    if not streams and words is None:
        raise DataError(
            f"{source.path} holds {FOLDS} and {LABELS}, but neither words nor features; put "
            f"{', '.join(FEATURES.values())} and {LANGUAGE[2]} beside them"
        )
    folder = _Folder(by_key(source.unpickle(LABELS), LABELS), streams, words, left_out)
    raw = Raw("humour_folder", _layout(version), [source.path], {}, aligned=True)
    _fill(raw, folder, _folds(source))
    _describe(raw, source, folder)
    return raw


def _left_out(source: Source, request: Request) -> set[str]:
    """The columns that the user leaves out; their arrays are fixed by the layout."""
    for role, name in request.columns.items():
        if role not in COLUMNS:
            raise DataError(
                f"{source.path.name}: a UR-FUNNY folder has no column '{role}'"
                f"{did_you_mean(role, COLUMNS)}"
            )
        if name:
            raise DataError(
                f"{source.path.name}: '{role}' of a UR-FUNNY folder stands in a file of its own, "
                f"so no other can be named; it can be left out with --column {role}="
            )
    return {role for role, name in request.columns.items() if not name}


def _version(source: Source, vision: Mapping[str, Any]) -> int:
    """1 or 2, by the columns of OpenFace and the file of words; 0 where neither tells."""
    file = FEATURES["vision"]
    punchlines = (entry_of(vision, key, PUNCHLINE, file) for key in vision)
    first = next((p for p in punchlines if steps_in(p, f"{file}: {PUNCHLINE}")), ())
    width = as_steps(first, f"{file}: the first {PUNCHLINE}").shape[1]
    by_file = [version for version, name in LANGUAGE.items() if source.has(name)]
    version = WIDTHS.get(width, by_file[0] if len(by_file) == 1 else 0)
    if version and by_file and version not in by_file:
        raise DataError(
            f"{source.path} mixes versions: {file} has the {width} columns of version {version}, "
            f"but {LANGUAGE[by_file[0]]} is of version {by_file[0]}, and items are numbered "
            f"differently; put the files of one version into one folder"
        )
    if not version and by_file:
        raise DataError(
            f"{source.path} holds {LANGUAGE[1]} of version 1 and {LANGUAGE[2]} of version 2; "
            f"keep only that which belongs to the other files"
        )
    return version


def _layout(version: int) -> str:
    which = f"version {version}" if version else "of unknown version"
    return f"UR-FUNNY {which}, punchlines, word-aligned"


def _folds(source: Source) -> dict[str, list[str]]:
    """Split -> ids, in the order of the file."""
    found = by_key(source.unpickle(FOLDS), FOLDS)
    folds: dict[str, list[str]] = {}
    for name, ids in found.items():
        split = ALIASES.get(name, name)
        if split not in SPLITS:
            raise DataError(f"{FOLDS} has a fold '{name}'{did_you_mean(name, (*SPLITS, 'dev'))}")
        if not steps_in(ids, f"{FOLDS}: {name}"):
            raise DataError(f"{FOLDS}: fold '{name}' is empty; every split needs an item")
        folds[split] = [text_of(key) for key in ids]
    times = Counter(key for ids in folds.values() for key in ids)
    for key, count in times.most_common(1):
        if count > 1:
            raise DataError(f"{FOLDS} names item {key} {count} times; items must be in one fold")
    return folds


def _fill(raw: Raw, folder: _Folder, folds: Mapping[str, list[str]]) -> None:
    """Give `raw` the items that are whole, and count the others."""
    absent: Counter[str] = Counter()
    for split in (split for split in SPLITS if split in folds):
        reasons: Counter[str] = Counter()
        items: dict[str, str] = {}
        for number, key in enumerate(folds[split]):
            file = next((file for file, table in folder.tables.items() if key not in table), "")
            if file:
                absent[file] += 1
                reasons[f"not in {file}"] += 1
            elif uneven := folder.uneven(key):
                reasons[f"different numbers of steps in {uneven} of the punchline"] += 1
            else:
                items[key] = f"item {number} of {split}"
        raw.drops += [Drop(split, count, reason) for reason, count in reasons.items()]
        if items:
            raw.parts[split] = folder.part(items)
    total = sum(map(len, folds.values()))
    if absent.total() * 2 > total:
        file, count = absent.most_common(1)[0]
        raise DataError(
            f"{file} lacks {count} of the {total} items of {FOLDS}; versions number items "
            f"differently, so take both files from one version"
        )


def _describe(raw: Raw, source: Source, folder: _Folder) -> None:
    """Say which array played which role, what was left over, and what had to be done without."""
    words = folder.words
    files = [FOLDS, *folder.tables, *(words.lists if words is not None else ())]
    raw.files += [source.path / file for file in files]
    features = next(iter(raw.parts.values())).features if raw.parts else {}
    raw.roles = {"split": FOLDS, "label": LABELS} | {r: f.array for r, f in features.items()}
    used = {PUNCHLINE, *USED}
    for file, table in folder.tables.items():
        first = next(iter(table.values()))
        if file != LABELS and isinstance(first, dict):
            raw.unused += [f"{file}: {key}" for key in map(text_of, first) if key not in used]
    raw.notes += words.notes if words is not None else []
    for role, file in FEATURES.items():
        if role not in folder.streams and role not in folder.left_out:
            raw.notes.append(f"{file} is not there, so there is no {role}")
    differ = sum(map(_unmatched, raw.parts.values()))
    if differ:
        raw.notes.append(
            f"{differ} sentences have another number of words, taken at blanks, than steps"
        )
    if words is None and "text" not in folder.left_out:
        raw.notes.append(f"{' or '.join(LANGUAGE.values())} is not there, so there is no text")


def _unmatched(part: Part) -> int:
    """How many texts have another number of words than the punchline has steps."""
    if not {"text", "text_glove"} <= part.features.keys() or part.features["text"].kind != "text":
        return 0
    texts, steps = part.features["text"].values, part.features["text_glove"].values
    return sum(len(text.split()) != len(n) for text, n in zip(texts, steps, strict=True))


def _label(value: Any, key: str) -> int:
    """The label of an item: a whole number, bare or as the only one of an array."""
    place = f"{LABELS}: the label of {key}"
    flat = value.reshape(-1) if isinstance(value, np.ndarray) else value
    found = as_integers(flat if isinstance(flat, list | np.ndarray) else [flat], place)
    if len(found) != 1:
        raise DataError(f"{place} is {described(value)}; one number is needed")
    return int(found[0])
