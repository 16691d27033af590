"""The folder that mindkit keeps data in: one .npy or .json file per block, and a manifest.

    manifest.json                 what it is, where it came from, what was declared and noted
    <split>/ids.json              N strings; also videos.json, and <split>/<column>.json for text
    <split>/target.npy            (N,) float32 or int64
    <split>/<column>.npy          values; <split>/<column>.offsets.npy where they are ragged
    factors.npz                   of simulated data, the truth: <split>/<factor> (N, k)
    checked.json                  size and time of each file when its hash was last found right

No file holds a pickle. Blocks are mapped into memory, and read when they are used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mindkit.data.blocks import BlockWriter
from mindkit.data.checking import check_files, stamp_files
from mindkit.data.raw import Array, Feature, FeatureKind, Part, Raw, Request
from mindkit.data.source import Source
from mindkit.data.store import Column, Split, Statistics, Store
from mindkit.errors import DataError

TITLE = "folder that mindkit wrote: manifest.json and a folder of blocks for each split"

MANIFEST = "manifest.json"
FACTORS = "factors.npz"
FORMAT = 2
RAGGED = ("tokens", "sequence")
NEEDED = (
    "name",
    "task",
    "num_outputs",
    "label_range",
    "classes",
    "metrics",
    "samples",
    "columns",
    "leaky",
    "files",
    "source",
    "layout",
    "digest",
)


def recognises(source: Source) -> bool:
    """True for a folder with a manifest."""
    return source.has(MANIFEST)


def read(source: Source, request: Request) -> Raw:
    """The samples of the folder as a reader's; its arrays are views of mapped files."""
    store = read_folder(source.path)
    parts = {
        name: Part(
            split.ids,
            split.target.numpy(),
            {name: _feature(column, name) for name, column in split.columns.items()},
            split.videos,
        )
        for name, split in store.splits.items()
    }
    roles = read_manifest(source.path).get("roles", {})
    layout = store.layout or "written by mindkit"
    raw = Raw("folder", layout, [source.path], parts, roles, store.aligned)
    raw.notes += store.notes
    return raw


def write_folder(store: Store, folder: Path, facts: Mapping[str, Any]) -> None:
    """Write `store` into the empty `folder`; `facts` go into its manifest as they are."""
    writer = BlockWriter(folder)
    columns: dict[str, dict[str, Any]] = {}
    for name in store.modalities:
        column = store.splits["train"].columns[name]
        digests = {
            s: _write_column(writer, s, name, store.splits[s].columns[name]) for s in store.splits
        }
        columns[name] = {"kind": column.kind, "width": column.width, "digests": digests}
        columns[name]["provenance"] = column.provenance
    for name, split in store.splits.items():
        write_head(writer, name, split.ids, split.target.numpy(), split.videos)
    if store.factors:
        factors = {
            f"{s}/{f}": v.numpy() for s, named in store.factors.items() for f, v in named.items()
        }
        writer.archive(FACTORS, factors)
    write_manifest(writer, store, columns, facts)


def write_head(
    writer: BlockWriter, split: str, ids: list[str], target: Array, videos: list[str] | None
) -> None:
    """Write what a split holds beside its columns."""
    writer.json(f"{split}/ids.json", ids)
    writer.array(f"{split}/target.npy", target)
    if videos is not None:
        writer.json(f"{split}/videos.json", videos)


def write_manifest(
    writer: BlockWriter,
    store: Store,
    columns: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> None:
    """Write the manifest of a folder whose blocks are written, and note that they are right.

    columns: what is known of each column, beside what the store tells.
    """
    described = store.describe()
    manifest = {
        "format": FORMAT,
        **described,
        "columns": {name: {**told, **columns[name]} for name, told in described["columns"].items()},
        "num_outputs": store.num_outputs,
        "label_range": store.label_range,
        "classes": store.classes,
        "metrics": store.metrics,
        **facts,
        "files": dict(writer.files),
    }
    writer.json(MANIFEST, manifest)
    stamp_files(writer.folder, manifest["files"])


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of `folder`, or raise if it is none of ours."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{folder} holds no {MANIFEST}, so it is no data set that mindkit wrote; name a table, "
            f"or import again with --replace"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{folder / MANIFEST} cannot be read ({error}); import again") from None
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise DataError(
            f"{folder / MANIFEST} has format {found}, but this version of mindkit "
            f"reads format {FORMAT}; import the data again"
        )
    if lacking := [name for name in NEEDED if name not in manifest]:
        raise DataError(f"{folder / MANIFEST} lacks {', '.join(lacking)}; import the data again")
    return manifest


def read_folder(folder: Path, *, verify: bool = False) -> Store:
    """Map what was written into memory, after checking that it is still the same.

    verify: check every file, and not only those whose size or time has changed since the last time.
    """
    manifest = read_manifest(folder)
    try:
        _refuse_unlisted(folder, manifest)
        check_files(folder, manifest["files"], verify)
        videos = {s: f"{s}/videos.json" in manifest["files"] for s in manifest["samples"]}
        splits = read_splits(folder, manifest["columns"], videos)
        return Store(
            manifest["name"],
            splits,
            manifest["task"],
            manifest["num_outputs"],
            tuple(manifest["label_range"]) if manifest["label_range"] else None,
            tuple(manifest["classes"]),
            simulated=manifest["simulated"],
            source=manifest["source"],
            digest=manifest["digest"],
            leaky=manifest["leaky"],
            split_column=manifest["split_column"],
            factors=_read_factors(folder / FACTORS) if FACTORS in manifest["files"] else {},
            metrics=tuple(manifest["metrics"]),
            layout=manifest["layout"],
            aligned=manifest["aligned"],
            notes=(*manifest.get("notes", ()), *map(_told, manifest.get("drops", ()))),
        )
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{folder} is damaged ({error}); import the data again") from None


def read_splits(
    folder: Path, columns: Mapping[str, Mapping[str, Any]], videos: Mapping[str, bool]
) -> dict[str, Split]:
    """Map the blocks of a folder. columns: what the manifest says of each; videos: by split."""
    splits = {}
    for name, has_videos in videos.items():
        place = folder / name
        splits[name] = Split(
            _read_strings(place / "ids.json"),
            {c: _read_column(place, c, facts, name) for c, facts in columns.items()},
            _read_block(place / "target.npy"),
            _read_strings(place / "videos.json") if has_videos else None,
        )
    return splits


def _refuse_unlisted(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raise unless every block that is read is among the files that are checked."""
    blocks = ["ids.json", "target.npy"]
    for name, facts in manifest["columns"].items():
        blocks.append(f"{name}.json" if facts["kind"] == "text" else f"{name}.npy")
        blocks += [f"{name}.offsets.npy"] if facts["kind"] in RAGGED else []
    for file in (f"{split}/{block}" for split in manifest["samples"] for block in blocks):
        if file not in manifest["files"]:
            raise DataError(f"{folder / MANIFEST} lists no file {file}; import the data again")


def _read_column(place: Path, name: str, facts: Mapping[str, Any], split: str) -> Column:
    kind, provenance, digest = facts["kind"], facts["provenance"], facts["digests"][split]
    if kind == "text":
        column = Column("text", _read_strings(place / f"{name}.json"), None, provenance)
        return column.known_as(digest)
    values, offsets, statistics = _read_block(place / f"{name}.npy"), None, None
    if kind in RAGGED:
        offsets = _read_block(place / f"{name}.offsets.npy")
        if offsets[0] != 0 or (offsets.diff() < 1).any():
            raise ValueError(f"the offsets of {name} are no bounds of samples")
    if split == "train" and "statistics" in facts:
        found = facts["statistics"]
        mean, deviation = (
            torch.tensor(found[k], dtype=torch.float64) for k in ("mean", "deviation")
        )
        statistics = Statistics(mean, deviation)
    return Column(kind, values, offsets, provenance).known_as(digest, statistics)


def _read_block(path: Path) -> torch.Tensor:
    """The array as a view of the mapped file; what is written to it stays in memory."""
    return torch.from_numpy(np.lib.format.open_memmap(path, mode="c"))


def _read_strings(path: Path) -> list[str]:
    strings = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(strings, list) or not all(isinstance(string, str) for string in strings):
        raise ValueError(f"{path.name} is no list of strings")
    return strings


def _read_factors(path: Path) -> dict[str, dict[str, torch.Tensor]]:
    factors: dict[str, dict[str, torch.Tensor]] = {}
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            split, _, factor = name.partition("/")
            factors.setdefault(split, {})[factor] = torch.from_numpy(archive[name])
    return factors


def _told(drop: Mapping[str, Any]) -> str:
    return f"{drop['count']} samples of {drop['split']} are left out: {drop['reason']}"


def _write_column(writer: BlockWriter, split: str, name: str, column: Column) -> str:
    if not isinstance(column.values, torch.Tensor):
        return writer.text(split, name, column.values)
    values = column.values.numpy()
    lengths = None if column.lengths is None else column.lengths.numpy()
    return writer.column(split, name, column.kind, lengths, values.shape, [values])


def _feature(column: Column, name: str) -> Feature:
    if not isinstance(column.values, torch.Tensor):
        return Feature("text", column.values, array=name, provenance=column.provenance)
    values: Any = column.values.numpy()
    if column.offsets is None:
        return Feature("vector", values, array=name, provenance=column.provenance)
    steps = np.split(values, column.offsets[1:-1].numpy())
    kind: FeatureKind = "tokens" if column.kind == "tokens" else "ragged"
    return Feature(kind, steps, array=name, provenance=column.provenance)
