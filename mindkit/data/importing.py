"""Importing a table once into a folder without pickles, and reading data from a path."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mindkit
from mindkit.data.assemble import Assembled, assemble
from mindkit.data.files import writing_folder
from mindkit.data.formats.folder import read_folder, read_manifest, write_folder
from mindkit.data.formats.table import read_table, refuse_missing
from mindkit.data.home import data_folder
from mindkit.data.installed import or_installed
from mindkit.data.roles import assign_roles
from mindkit.data.store import Store
from mindkit.errors import DataError, did_you_mean
from mindkit.kinds import Dataset
from mindkit.registry import Registries


def import_data(
    name: str,
    path: Path | str,
    *,
    columns: Mapping[str, str] | None = None,
    splits: Mapping[str, str] | None = None,
    leaky: Mapping[str, str] | None = None,
    nan: str = "error",
    replace: bool = False,
    home: Path | str | None = None,
    registries: Registries | None = None,
) -> Path:
    """Read the table at `path` as the data set `name`, keep it, and return its folder.

    columns: role -> array ("text", "audio", "vision", "label", "split", "id", …), where the obvious
    names do not do. splits: split -> what stands for it in the split column. leaky: modality -> why
    its features know labels under this split. nan: "error" or "zero". An import that is there is
    only replaced with `replace`; one that is interrupted leaves nothing behind.
    """
    dataset = or_installed(registries).datasets.get(name)
    folder = data_folder(home) / name
    if folder.exists() and not replace:
        raise DataError(f"'{name}' is imported already, in {folder}; replace it with --replace")
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder; name the .npz, .csv or .tsv file in it")
    facts = _assembled(path, dataset, name, columns, splits, leaky, nan)
    with writing_folder(folder) as temporary:
        write_folder(facts.store, temporary, _facts(facts, path))
    return folder


def load_imported(name: str, home: Path | str | None = None) -> Store:
    """Read the imported copy of the data set `name`."""
    return read_folder(data_folder(home) / name)


def load_path(
    path: Path | str,
    dataset: type[Dataset],
    name: str,
    *,
    columns: Mapping[str, str] | None = None,
    splits: Mapping[str, str] | None = None,
    leaky: Mapping[str, str] | None = None,
    nan: str = "error",
) -> Store:
    """Read `path` as the data set `name`: a table, or a folder that mindkit wrote."""
    path = Path(path)
    refuse_missing(path)
    if not path.is_dir():
        return _assembled(path, dataset, name, columns, splits, leaky, nan).store
    manifest = read_manifest(path)
    if (manifest["task"], manifest["num_outputs"]) != (dataset.task, dataset.num_outputs):
        raise DataError(
            f"{path} holds '{manifest['name']}' ({manifest['task']}, {manifest['num_outputs']} "
            f"outputs), but {name} is {dataset.task} with {dataset.num_outputs}; pass --dataset "
            f"{manifest['name']}"
        )
    return read_folder(path)


def is_imported(name: str, home: Path | str | None = None) -> bool:
    """True if there is an imported copy of the data set `name`, even a damaged one."""
    return (data_folder(home) / name).exists()


def _assembled(
    path: Path,
    dataset: type[Dataset],
    name: str,
    columns: Mapping[str, str] | None,
    splits: Mapping[str, str] | None,
    leaky: Mapping[str, str] | None,
    nan: str,
) -> Assembled:
    """The checked store with its leaky modalities declared, by the user or by the file's hash."""
    table = read_table(path)
    roles = assign_roles(table, columns)
    read = assemble(table, roles, dataset, name, splits=splits, nan=nan)
    modalities = read.store.modalities
    for modality in leaky or {}:
        if modality not in modalities:
            hint = did_you_mean(modality, modalities)
            raise DataError(f"leaky: {path.name} has no modality '{modality}'{hint}")
    known = dataset.known_leaks.get(_sha256(path), {}).get(roles["split"], {})
    by_hash = {m: known[roles[m]] for m in modalities if roles.get(m) in known}
    store = replace(read.store, leaky={**by_hash, **(leaky or {})})
    taken = {part for array in roles.values() for part in array.split("+")}
    unused = [array for array in table.names if array not in taken]
    notes = [*read.notes, *([f"not used: {', '.join(unused)}"] if unused else [])]
    return Assembled(store, notes, roles)


def _facts(read: Assembled, path: Path) -> dict[str, Any]:
    return {
        "sha256": _sha256(path),
        "roles": dict(read.roles),
        "notes": read.notes,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "mindkit": mindkit.__version__,
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
