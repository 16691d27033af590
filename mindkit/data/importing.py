"""Importing data once into a folder without pickles, and reading data from a path."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import mindkit
from mindkit.data.checking import sha256
from mindkit.data.converted import cache_key, digest_of, locked
from mindkit.data.converting import convert
from mindkit.data.files import writing_folder
from mindkit.data.folds import read_folds, refuse_other_folds
from mindkit.data.formats import folder as own
from mindkit.data.formats.named_arrays import refuse_missing
from mindkit.data.home import cache_folder, data_folder
from mindkit.data.installed import or_installed
from mindkit.data.raw import Raw, Request
from mindkit.data.recognising import recognise
from mindkit.data.source import Source
from mindkit.data.store import Store
from mindkit.errors import DataError
from mindkit.kinds import Dataset
from mindkit.registry import Registries

Cells = Mapping[str, str | Sequence[str]]


def import_data(
    name: str,
    path: Path | str,
    *,
    columns: Mapping[str, str] | None = None,
    splits: Cells | None = None,
    leaky: Mapping[str, str] | None = None,
    nan: str = "auto",
    folds: Path | str | None = None,
    replace: bool = False,
    home: Path | str | None = None,
    registries: Registries | None = None,
) -> Path:
    """Read the file or folder at `path` as the data set `name`, keep it, and return its folder.

    columns: role -> array ("text", "audio", "vision", "label", "split", "id", …), where the obvious
    names do not do. splits: split -> what stands for it in the split column, one cell or several.
    leaky: column -> why its features know labels under this split. nan: "error" or "zero" for NaN
    and infinite features; "auto" is an error for tables, zero for other layouts. folds: a table
    with the columns video_id and split, in place of the data set's own, for files without splits.
    An import that is there is only replaced with `replace`; one that is interrupted leaves nothing
    behind.
    """
    dataset = or_installed(registries).datasets.get(name)
    folder = data_folder(home) / name
    if folder.exists() and not replace:
        raise DataError(f"'{name}' is imported already, in {folder}; replace it with --replace")
    wish = _Wish.of(path, dataset, name, columns, splits, leaky, nan, folds)
    if wish.is_own_folder:
        _refuse_other_task(wish)
        own.read_folder(wish.path, verify=True)
        with writing_folder(folder) as temporary:
            shutil.copytree(wish.path, temporary, dirs_exist_ok=True)
        return folder
    source = Source(wish.path)
    _, reader = recognise(source)
    with writing_folder(folder) as temporary:
        _convert(source, reader, wish, temporary)
    return folder


def load_imported(name: str, home: Path | str | None = None) -> Store:
    """Read the imported copy of the data set `name`."""
    return own.read_folder(data_folder(home) / name)


def load_path(
    path: Path | str,
    dataset: type[Dataset],
    name: str,
    *,
    columns: Mapping[str, str] | None = None,
    splits: Cells | None = None,
    leaky: Mapping[str, str] | None = None,
    nan: str = "auto",
    folds: Path | str | None = None,
    home: Path | str | None = None,
) -> Store:
    """Read `path` as the data set `name`: a file or folder of a known layout, or one of our own.

    What is not ours is converted once, into the cache, and read from there as long as it stays the
    same. Options as for `import_data`.
    """
    wish = _Wish.of(path, dataset, name, columns, splits, leaky, nan, folds)
    if wish.is_own_folder:
        _refuse_other_task(wish)
        return own.read_folder(wish.path)
    source = Source(wish.path)
    found = recognise(source) if source.is_folder else None  # before all below it are looked at
    folder = cache_folder(home) / f"data-{cache_key(wish.path, dataset, wish.told)}"
    with locked(folder):
        if folder.exists():
            with suppress(DataError):  # a damaged copy is made again
                return own.read_folder(folder)
        _, reader = found or recognise(source)
        with writing_folder(folder) as temporary:
            _convert(source, reader, wish, temporary)
        return own.read_folder(folder)


def is_imported(name: str, home: Path | str | None = None) -> bool:
    """True if there is an imported copy of the data set `name`, even a damaged one."""
    return (data_folder(home) / name).exists()


@dataclass(frozen=True)
class _Wish:
    """What to read as which data set, and how; as `import_data` describes it."""

    path: Path
    dataset: type[Dataset]
    name: str
    request: Request
    leaky: Mapping[str, str]
    nan: str
    own_folds: bool

    @classmethod
    def of(
        cls,
        path: Path | str,
        dataset: type[Dataset],
        name: str,
        columns: Mapping[str, str] | None,
        splits: Cells | None,
        leaky: Mapping[str, str] | None,
        nan: str,
        folds: Path | str | None,
    ) -> _Wish:
        path = Path(path)
        refuse_missing(path)
        if not path.is_file() and not path.is_dir():
            raise DataError(f"{path} is neither a file nor a folder")
        cells = {s: (c,) if isinstance(c, str) else tuple(c) for s, c in (splits or {}).items()}
        videos = dataset.folds() if folds is None else read_folds(Path(folds))
        request = Request(dataset, columns or {}, cells, videos)
        return cls(path, dataset, name, request, leaky or {}, nan, folds is not None)

    @property
    def is_own_folder(self) -> bool:
        return own.recognises(Source(self.path))

    @property
    def told(self) -> list[Any]:
        """All that makes a difference to the converted data, beside the files and the data set."""
        request = self.request
        told = [request.columns, request.splits, request.folds, self.leaky, self.nan]
        return [self.path.name, self.name, *told]


def _convert(source: Source, reader: ModuleType, wish: _Wish, folder: Path) -> None:
    """Read `source` and write it into the empty `folder`, with where it comes from."""
    try:
        raw: Raw = reader.read(source, wish.request)
        if wish.own_folds:
            refuse_other_folds(raw, wish.request.folds)
        files = {_below(source, p): sha256(p) for p in raw.files if p.is_file()}
        declared = wish.dataset.known_leaks
        leaks = [declared.get(digest, {}) for digest in files.values()]
        column = raw.roles.get("split", "split")
        convert(
            raw,
            wish.dataset,
            wish.name,
            folder,
            nan=wish.nan,
            leaky=wish.leaky,
            known_leaks={a: why for by in leaks for a, why in by.get(column, {}).items()},
            facts=_facts(source, files, wish.dataset),
        )
    except OSError as error:
        raise DataError(
            f"{source.path} cannot be converted into {folder.parent}: {error}"
        ) from None


def _facts(source: Source, files: Mapping[str, str], dataset: type[Dataset]) -> dict[str, Any]:
    """Where the data come from. The hash of a folder is that of the hashes of what was read."""
    known = [
        dataset.known_files[digest] for digest in files.values() if digest in dataset.known_files
    ]
    return {
        "sha256": next(iter(files.values())) if not source.is_folder else digest_of(files),
        "files_read": dict(files),
        "known_file": known[0] if known else "",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "mindkit": mindkit.__version__,
    }


def _refuse_other_task(wish: _Wish) -> None:
    """Raise for a folder of ours that holds another kind of data, or that options would change."""
    path, dataset = wish.path, wish.dataset
    request = wish.request
    if request.columns or request.splits or wish.leaky or wish.own_folds or wish.nan != "auto":
        raise DataError(
            f"{path} was written by mindkit, so its columns, splits, leaks and NaN are settled; "
            f"leave the options out, or import the original file again"
        )
    manifest = own.read_manifest(path)
    found, wanted = (manifest["task"], manifest["num_outputs"]), (dataset.task, dataset.num_outputs)
    if dataset.task and found != wanted:
        raise DataError(
            f"{path} holds '{manifest['name']}' ({found[0]}, {found[1]} outputs), but {wish.name} "
            f"is {dataset.task} with {dataset.num_outputs}; pass --dataset {manifest['name']}"
        )


def _below(source: Source, path: Path) -> str:
    """The name of a file that was read: below the folder, or of the file itself."""
    inside = source.is_folder and path.is_relative_to(source.path)
    return path.relative_to(source.path).as_posix() if inside else path.name
