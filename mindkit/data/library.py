"""Where a run's data come from: a path, an imported copy, or a simulation that says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mindkit.config import spec
from mindkit.data.choosing import as_sequences, choose_columns
from mindkit.data.files import writing_folder
from mindkit.data.formats.folder import read_manifest, write_folder
from mindkit.data.home import data_folder
from mindkit.data.importing import is_imported, load_imported, load_path
from mindkit.data.installed import or_installed
from mindkit.data.store import Store
from mindkit.errors import DataError
from mindkit.registry import Entry, Registries


@dataclass(frozen=True)
class Listed:
    """One data set: what it is, and whether there is an imported copy.

    task: "" where data that are not there yet tell it.
    samples: by split, of the imported copy or else as expected. source: the imported file, or None.
    layout: how that was laid out, in words. fault: why the imported copy cannot be read, or "".
    """

    name: str
    plugin: str
    task: str
    samples: dict[str, int]
    source: str | None
    folder: Path | None
    leaky: dict[str, str] = field(default_factory=dict[str, str])
    fault: str = ""
    layout: str = ""


def open_store(data: spec.Data, registries: Registries, home: Path | str | None = None) -> Store:
    """Return the data set that `data` asks for: its path, else the imported copy, else simulated.

    Its modalities are the columns that `data.columns` names, vectors of `data.one_step` as
    sequences. A simulated store has `simulated` set.
    Without `data.simulate`, missing data are an error that says how to import them.
    """
    chosen = choose_columns(_opened(data, registries, home), data.columns)
    return as_sequences(chosen, data.one_step)


def list_data(
    *, home: Path | str | None = None, registries: Registries | None = None
) -> list[Listed]:
    """Return every known data set, by name, and whether it is imported."""
    return [_look_up(entry, home) for entry in or_installed(registries).datasets]


def _opened(data: spec.Data, registries: Registries, home: Path | str | None) -> Store:
    dataset = registries.datasets.get(data.name)
    if data.path is not None:
        return load_path(data.path, dataset, data.name, home=home)
    if is_imported(data.name, home):
        return load_imported(data.name, home)
    if data.simulate:
        return dataset().simulate()
    raise DataError(
        f"'{data.name}' is not imported ({data_folder(home) / data.name} is missing), and "
        f"simulated data are refused; import it with\n"
        f"  mindkit data import {data.name} PATH\n"
        f"or read it where it is with --data PATH"
    )


def _look_up(entry: Entry, home: Path | str | None) -> Listed:
    dataset = entry.load()
    if not is_imported(entry.name, home):
        expected = dict(dataset.splits)
        return Listed(entry.name, entry.plugin, dataset.task, expected, None, None)
    folder = data_folder(home) / entry.name
    try:
        manifest = read_manifest(folder)
    except DataError as error:  # the others can still be listed
        return Listed(entry.name, entry.plugin, dataset.task, {}, None, folder, fault=str(error))
    return Listed(
        entry.name,
        entry.plugin,
        dataset.task or manifest["task"],
        manifest["samples"],
        manifest["source"],
        folder,
        manifest["leaky"],
        layout=manifest["layout"],
    )


def simulate_data(
    name: str,
    out: Path | str,
    *,
    seed: int = 0,
    replace: bool = False,
    registries: Registries | None = None,
) -> Path:
    """Simulate the data set `name` into the folder `out`, with `factors.npz` beside it.

    `factors.npz` holds the truth as "<split>/<factor>" (N, k). Read the folder with --data.
    """
    dataset = or_installed(registries).datasets.get(name)
    out = Path(out)
    if out.exists() and not replace:
        raise DataError(f"{out} exists already; choose another folder, or replace it")
    store = dataset().simulate(seed)
    with writing_folder(out) as temporary:
        write_folder(store, temporary, {"seed": seed})
    return out
