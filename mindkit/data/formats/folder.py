"""The folder that mindkit keeps data in: one .npy or .json file per block, and a manifest.

    manifest.json                 what it is, where it came from, what was declared and noted
    <split>/ids.json              N strings; also <split>/<modality>.json for text
    <split>/target.npy            (N,) float32 or int64
    <split>/<modality>.npy        values; <split>/<modality>.offsets.npy where they are ragged
    factors.npz                   of simulated data, the truth: <split>/<factor> (N, k)

No file holds a pickle: `np.load(path, mmap_mode="r", allow_pickle=False)` reads each block.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mindkit.data.store import Column, Split, Store
from mindkit.errors import DataError

MANIFEST = "manifest.json"
FACTORS = "factors.npz"
FORMAT = 1


def write_folder(store: Store, folder: Path, facts: Mapping[str, Any]) -> None:
    """Write `store` into the empty `folder`; `facts` go into its manifest as they are."""
    for name, split in store.splits.items():
        place = folder / name
        place.mkdir()
        _write_json(place / "ids.json", split.ids)
        np.save(place / "target.npy", split.target.numpy(), allow_pickle=False)
        for modality, column in split.columns.items():
            if isinstance(column.values, torch.Tensor):
                values = column.values.numpy()
                np.save(place / f"{modality}.npy", values, allow_pickle=False)
            else:
                _write_json(place / f"{modality}.json", column.values)
            if column.offsets is not None:
                offsets = column.offsets.numpy()
                np.save(place / f"{modality}.offsets.npy", offsets, allow_pickle=False)
    if store.factors:
        factors = {
            f"{s}/{f}": v.numpy() for s, named in store.factors.items() for f, v in named.items()
        }
        np.savez_compressed(folder / FACTORS, **factors)  # type: ignore[arg-type]
    manifest = {"format": FORMAT, **store.describe(), **facts}
    manifest |= {
        "num_outputs": store.num_outputs,
        "label_range": store.label_range,
        "classes": store.classes,
    }
    _write_json(folder / MANIFEST, manifest)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of `folder`, or raise if it is none of ours."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{folder} holds no {MANIFEST}, so it is no data set that mindkit wrote; name a table, "
            f"or import again with --replace"
        ) from None
    except ValueError as error:
        raise DataError(f"{folder / MANIFEST} cannot be read ({error}); import again") from None
    if manifest.get("format") != FORMAT:
        raise DataError(
            f"{folder / MANIFEST} has format {manifest.get('format')}, but this version of mindkit "
            f"reads format {FORMAT}; import the data again"
        )
    return manifest


def read_folder(folder: Path) -> Store:
    """Read what `write_folder` wrote, and check it against the digest in the manifest."""
    manifest = read_manifest(folder)
    try:
        splits = {name: _read_split(folder / name, manifest) for name in manifest["samples"]}
        factors = _read_factors(folder / FACTORS)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{folder} is damaged ({error}); import the data again") from None
    store = Store(
        manifest["name"],
        splits,
        manifest["task"],
        manifest["num_outputs"],
        tuple(manifest["label_range"]) if manifest["label_range"] else None,
        tuple(manifest["classes"]),
        simulated=manifest["simulated"],
        source=manifest["source"],
        leaky=manifest["leaky"],
        split_column=manifest["split_column"],
        factors=factors,
    ).with_digest()
    if store.digest != manifest["digest"]:
        raise DataError(
            f"{folder} has changed since it was written: its digest is {store.digest[:12]}, the "
            f"manifest says {manifest['digest'][:12]}; import the data again"
        )
    return store


def _read_split(place: Path, manifest: Mapping[str, Any]) -> Split:
    columns: dict[str, Column] = {}
    for modality, facts in manifest["columns"].items():
        kind = facts["kind"]
        if kind == "text":
            values = _read_json(place / f"{modality}.json")
        else:
            values = _read_block(place / f"{modality}.npy")
        ragged = kind in ("tokens", "sequence")
        offsets = _read_block(place / f"{modality}.offsets.npy") if ragged else None
        columns[modality] = Column(kind, values, offsets, facts["provenance"])
    return Split(_read_json(place / "ids.json"), columns, _read_block(place / "target.npy"))


def _read_factors(path: Path) -> dict[str, dict[str, torch.Tensor]]:
    factors: dict[str, dict[str, torch.Tensor]] = {}
    if path.is_file():
        with np.load(path, allow_pickle=False) as archive:
            for name in archive.files:
                split, _, factor = name.partition("/")
                factors.setdefault(split, {})[factor] = torch.from_numpy(archive[name])
    return factors


def _read_block(path: Path) -> torch.Tensor:
    return torch.from_numpy(np.load(path, allow_pickle=False))


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
