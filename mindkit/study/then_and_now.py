"""What a saved run was made with, and what is here now: config, plugins, data, device."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mindkit.config.load import dump, spec_from_resolved, spec_hash
from mindkit.config.spec import Spec
from mindkit.data.importing import is_imported
from mindkit.data.library import open_store
from mindkit.data.store import Store
from mindkit.errors import DataError, MindkitError
from mindkit.hooks import load_plugins
from mindkit.registry import Registries
from mindkit.study.differences import Difference, differing, environment_differences
from mindkit.study.folders import (
    CONFIG,
    ENVIRONMENT,
    METRICS,
    Setting,
    read_record,
    read_settings,
    require_finished,
    settings_of,
)
from mindkit.study.jobs import Job
from mindkit.train.device import choose_device
from mindkit.train.environment import environment_of, plugin_code
from mindkit.train.selection import settle


@dataclass(frozen=True)
class Wanted:
    """One run that is to be made again.

    job: None where it cannot be, as `error` says, and for what is `beside` the methods of a study:
    a constant or a linear model, which is made with them.
    """

    row: str
    folder: Path
    differences: tuple[Difference, ...] = ()
    job: Job | None = None
    beside: bool = False
    error: str = ""


@dataclass(frozen=True)
class Here:
    """This place: where runs are made again, and what is given in place of what was then.

    data: where the data are now. plugins: those to load, by default the ones of the run.
    """

    out: Path
    data: str | None = None
    device: str | None = None
    plugins: tuple[str, ...] = ()
    fresh: bool = False
    registries: dict[tuple[str, ...], Registries] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)

    def wanted(self, row: str, folder: Path) -> Wanted:
        """Return how the finished run in `folder` is made again here, and what differs from then.

        Raises what stands in the way: an unfinished run, a config that this version refuses, data
        or plugins that are not here.
        """
        require_finished(folder)
        if not read_record(folder / METRICS).get("test"):
            raise MindkitError(
                f"{folder} is a trial of a search, whose test split was not scored; reproduce a "
                "run of the config that was chosen"
            )
        then, settings = read_record(folder / ENVIRONMENT), read_settings(folder)
        if "training.seed" not in settings:
            return Wanted(row, folder, beside=True)
        plugins = self.plugins or self._plugins_of(folder, then)
        registries = self._loaded(plugins)
        spec = spec_from_resolved(registries, folder / CONFIG)
        config = _config_differences(folder, settings, spec)
        spec = _reading(spec, self.data)
        _require_data(folder, spec, then["data"])
        store = self._opened(spec, registries)
        device = self.device or ("cpu" if then["device"] == "cpu" else None)
        place = choose_device(device, spec.training.precision)
        code = _by_names_of(then["plugins"], plugin_code(registries))
        now = environment_of(store, place, code)
        label = folder.name if row == folder.name else f"{row}, seed {spec.training.seed}"
        settled = settle(spec, registries, store)
        job = Job(label, settled, self.out, plugins, device, self.fresh)
        if job.folder.resolve() == folder.resolve():
            raise MindkitError(f"{folder} is the run itself; choose another folder with --out")
        return Wanted(row, folder, (*config, *environment_differences([then, now])), job)

    def _plugins_of(self, folder: Path, then: dict[str, Any]) -> tuple[str, ...]:
        """The plugins that the run was given beside the installed ones."""
        installed = plugin_code(self._loaded(()))
        given = {name: code for name, code in then["plugins"].items() if name not in installed}
        for name, code in given.items():
            if code is not None and not Path(name).is_file():
                raise MindkitError(
                    f"{folder} was run with the plugin {name} (SHA-256 {code[:12]}…), which is not "
                    "here; give it with --plugin FILE"
                )
        return tuple(given)

    def _loaded(self, plugins: tuple[str, ...]) -> Registries:
        if plugins not in self.registries:
            self.registries[plugins] = load_plugins(plugins).registries
        return self.registries[plugins]

    def _opened(self, spec: Spec, registries: Registries) -> Store:
        key = repr(spec.resolved["data"])
        if key not in self.stores:
            self.stores.clear()  # one data set at a time: they can be large
            self.stores[key] = open_store(spec.data, registries)
        return self.stores[key]


def _config_differences(folder: Path, settings: dict[str, Setting], spec: Spec) -> list[Difference]:
    """What this version makes of the saved config that is not in it, and a config edited since."""
    found = differing("config", [settings, settings_of(dump(spec))])
    named = re.search(r"-([0-9a-f]{8})$", folder.resolve().name)
    if not found and named and named[1] != spec_hash(spec):
        hashes = (Setting(named[1]), Setting(spec_hash(spec)))
        found.append(Difference("config", "hash in the folder's name", hashes))
    return found


def _reading(spec: Spec, data: str | None) -> Spec:
    """The same spec, reading its data from `data`."""
    if data is None:
        return spec
    resolved = spec.resolved | {"data": spec.resolved["data"] | {"path": data}}
    origins = spec.origins | {"data.path": f"--data {data}"}
    return replace(spec, data=replace(spec.data, path=data), resolved=resolved, origins=origins)


def _require_data(folder: Path, spec: Spec, then: dict[str, Any]) -> None:
    told = f"{then['source'] or spec.data.name}, digest {then['digest'][:12]}"
    path = spec.data.path
    if path is not None and not Path(path).exists():
        raise DataError(
            f"{folder} was run on {told}; there is no {path} in {Path.cwd()}: give the file with "
            "--data PATH, or call this from the folder that the path begins in"
        )
    if path is None and not then["simulated"] and not is_imported(spec.data.name):
        raise DataError(
            f"{folder} was run on the imported '{spec.data.name}' ({told}), which is not here; "
            f"`mindkit data import {spec.data.name} PATH` imports it, --data PATH reads it"
        )


def _by_names_of(then: dict[str, str | None], now: dict[str, str | None]) -> dict[str, str | None]:
    """The plugins of now; a file that has moved goes by the path it had then."""
    names = {Path(name).name: name for name in then if name.endswith(".py")}
    return {
        names.get(Path(name).name, name) if name.endswith(".py") else name: code
        for name, code in now.items()
    }
