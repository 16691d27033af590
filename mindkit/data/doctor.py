"""The doctor: what a file, a folder or an import holds, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from mindkit.data.examining.columns import examine_columns
from mindkit.data.examining.findings import LEVELS, Examination, Facts, FileFacts, Finding
from mindkit.data.examining.labels import examine_labels
from mindkit.data.examining.origin import (
    Known,
    counts_of,
    examine_origin,
    file_facts,
    guess,
    leaks_of,
)
from mindkit.data.examining.samples import examine_samples, same_steps
from mindkit.data.folds import read_folds, refuse_other_folds
from mindkit.data.formats import folder as own
from mindkit.data.formats.named_arrays import refuse_missing
from mindkit.data.home import data_folder
from mindkit.data.importing import is_imported
from mindkit.data.installed import or_installed
from mindkit.data.raw import Raw, Request
from mindkit.data.recognising import recognise
from mindkit.data.source import Source
from mindkit.errors import DataError
from mindkit.kinds import Dataset
from mindkit.registry import Registries


class Unnamed(Dataset):
    """Data of which it is not known what they are: nothing is expected of them."""

    task = ""


@dataclass(frozen=True)
class Origin:
    """What is known of data beside what was read; the fields are those of `Facts`."""

    dataset: str = ""
    guessed: str = ""
    files: tuple[FileFacts, ...] = ()
    leaky: Mapping[str, str] = field(default_factory=dict[str, str])
    imported: Mapping[str, Any] = field(default_factory=dict[str, Any])


def check_data(
    target: str | Path,
    *,
    dataset: str | None = None,
    columns: Mapping[str, str] | None = None,
    splits: Mapping[str, str | Sequence[str]] | None = None,
    folds: Path | str | None = None,
    home: Path | str | None = None,
    registries: Registries | None = None,
) -> Examination:
    """Examine a file, a folder, or the imported copy of a data set, by its name.

    dataset: the data set that it is read as; by default the one that its hash, the names of its
    classes or its numbers of samples tell, or none. columns, splits, folds: as for `import_data`.
    Data that cannot be read are a result too: with the fault that says why.
    """
    datasets = or_installed(registries).datasets
    known = {entry.name: entry.load() for entry in datasets}
    if dataset is not None:
        datasets.get(dataset)  # raises for a name that is not known, with the nearest
    named = str(target) in known and (is_imported(str(target), home) or not Path(target).exists())
    path = data_folder(home) / str(target) if named else Path(target)
    try:
        if named and not path.exists():
            raise DataError(f"'{target}' is not imported: mindkit data import {target} PATH")
        refuse_missing(path)
        if own.recognises(Source(path)):
            raw, origin = _read_own(path, known)
        else:
            videos = None if folds is None else read_folds(Path(folds))
            asked = _Asked(columns or {}, splits or {}, videos)
            raw, origin = _read(path, known, dataset or "", asked)
        return examine(raw, known, origin, str(target))
    except (DataError, OSError) as error:
        files = file_facts([path], known)
        fault = Finding("fault", path.name, str(error))
        return Examination(str(target), Facts(dataset=dataset or "", files=files), (fault,))


def examine(raw: Raw, known: Known, origin: Origin, target: str = "") -> Examination:
    """Examine data that have been read."""
    dataset = known.get(origin.dataset, Unnamed)
    labels = [label for split, part in raw.parts.items() if split for label in part.labels]
    dataset = dataset.fitted(labels) if labels else dataset
    splits, findings = examine_labels(raw, dataset)
    columns, scans, of_columns = examine_columns(raw, dataset)
    leaky = {**leaks_of(raw, origin.files, dataset), **origin.leaky}
    findings += of_columns
    findings += examine_samples(raw, scans, dataset)
    findings += examine_origin(raw, dataset, leaky)
    facts = Facts(
        format=raw.format,
        layout=raw.layout,
        dataset=origin.dataset,
        guessed=origin.guessed,
        counts=counts_of(raw, dataset),
        files=origin.files,
        splits=splits,
        columns=columns,
        aligned=raw.aligned,
        same_steps=same_steps(raw, scans),
        leaky=leaky,
        imported=dict(origin.imported),
    )
    in_order = sorted(findings, key=lambda finding: LEVELS.index(finding.level))
    return Examination(target or raw.name, facts, tuple(in_order))


@dataclass(frozen=True)
class _Asked:
    """What is asked of the reader of a file, whatever data set it then is."""

    columns: Mapping[str, str]
    splits: Mapping[str, str | Sequence[str]]
    folds: Mapping[str, str] | None

    def read(self, source: Source, reader: ModuleType, dataset: type[Dataset]) -> Raw:
        """The samples, as the reader finds them for `dataset`."""
        cells = {s: (c,) if isinstance(c, str) else tuple(c) for s, c in self.splits.items()}
        folds = dataset.folds() if self.folds is None else self.folds
        raw: Raw = reader.read(source, Request(dataset, self.columns, cells, folds))
        if self.folds is not None:
            refuse_other_folds(raw, folds)
        return raw


def _read(path: Path, known: Known, name: str, asked: _Asked) -> tuple[Raw, Origin]:
    """The samples, read as the data set `name`, else as the one that they tell to be."""
    source = Source(path)
    _, reader = recognise(source)
    if name:
        raw = asked.read(source, reader, known[name])
        return raw, Origin(name, files=file_facts(raw.files, known))
    try:
        raw = asked.read(source, reader, Unnamed)
    except DataError:
        readable: dict[str, Raw] = {}
        for each, dataset in known.items():
            with suppress(DataError):
                raw = asked.read(source, reader, dataset)
                if counts_of(raw, dataset):
                    readable[each] = raw
        if len(readable) != 1:
            raise
        ((name, raw),) = readable.items()
        guessed = "its columns and its numbers of samples"
        return raw, Origin(name, guessed, file_facts(raw.files, known))
    files = file_facts(raw.files, known)
    name, guessed = guess(raw, files, known)
    if name:
        raw = asked.read(source, reader, known[name])  # it has its own columns and folds
    return raw, Origin(name, guessed, files)


def _read_own(path: Path, known: Known) -> tuple[Raw, Origin]:
    """The samples of a folder that mindkit wrote, every file of which is checked."""
    own.read_folder(path, verify=True)
    manifest = own.read_manifest(path)
    name = manifest["name"] if manifest["name"] in known else ""
    told = {
        "imported": manifest.get("date"),
        "from": manifest["source"],
        "SHA-256 of the source": manifest.get("sha256"),
        "which is": manifest.get("known_file"),
        "digest": manifest["digest"],
        "checked": f"all {len(manifest['files'])} files are as they were written",
        "simulated": "yes" if manifest["simulated"] else "",
    }
    imported = {what: value for what, value in told.items() if value}
    raw = own.read(Source(path), Request(known.get(name, Unnamed)))
    return raw, Origin(name, "its manifest", leaky=manifest["leaky"], imported=imported)
