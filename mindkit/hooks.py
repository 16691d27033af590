"""The two hooks a plugin may implement, and how plugins are found and loaded."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from mindkit.errors import PluginError, did_you_mean
from mindkit.registry import Registries

hookspec = pluggy.HookspecMarker("mindkit")
hookimpl = pluggy.HookimplMarker("mindkit")

ENTRY_POINT_GROUP = "mindkit.plugins"


class Hooks:
    """The hooks. An implementation may take fewer arguments than are listed here."""

    @hookspec
    def mindkit_register(self, registries: Registries) -> None:
        """Add components: `registries.criteria.add("cosine", Cosine)`."""

    @hookspec
    def mindkit_commands(self, cli: Any) -> None:
        """Add commands to the click group `cli`: `cli.add_command(my_command)`."""


@dataclass
class Plugins:
    """What was loaded: the filled `registries`, the pluggy `manager`, and what `failed` and why."""

    registries: Registries
    manager: pluggy.PluginManager
    failed: dict[str, str] = field(default_factory=dict[str, str])


def load_plugins(extra: Sequence[str] = ()) -> Plugins:
    """Load every installed plugin, then `extra` ones named on the command line.

    An installed plugin that fails is reported in a warning and in `Plugins.failed`, and the rest
    still work. One the user asked for by name (a module, or the path of a .py file) is an error.
    """
    manager = pluggy.PluginManager("mindkit")
    manager.add_hookspecs(Hooks)
    plugins = Plugins(Registries(), manager)
    for point in _installed():
        try:
            _register(plugins, point.name, point.load())
        except Exception as error:  # a plugin may raise anything at import; it is named below
            reason = str(error) if isinstance(error, PluginError) else f"{_describe(error)}"
            plugins.failed[point.name] = reason
            warnings.warn(
                f"plugin '{point.name}' ({point.value}) is left out: {reason}", stacklevel=2
            )
    for name in extra:
        try:
            _register(plugins, name, _import(name))
        except PluginError:
            raise
        except Exception as error:  # the user named this one: say what its code raised
            raise PluginError(f"plugin '{name}' cannot be loaded: {_describe(error)}") from error
    return plugins


def _installed() -> list[EntryPoint]:
    return sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name)


def _import(name: str) -> ModuleType:
    if not name.endswith(".py"):
        return importlib.import_module(name)
    path = Path(name).resolve()
    if not path.is_file():
        raise PluginError(f"plugin file '{name}' does not exist; check --plugin")
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    spec = importlib.util.spec_from_file_location(f"{path.stem}_{digest}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # get_type_hints looks a class's module up there
    spec.loader.exec_module(module)
    return module


def _register(plugins: Plugins, name: str, module: ModuleType) -> None:
    if plugins.manager.is_registered(module):
        return
    known = [hook for hook in vars(Hooks) if hook.startswith("mindkit_")]
    _refuse_misspelt_hooks(name, module, known)
    before = len(plugins.manager.get_plugins())
    try:
        plugins.manager.register(module, name)
    except pluggy.PluginValidationError as error:
        if plugins.manager.is_registered(module):  # older pluggy keeps what it has refused
            plugins.manager.unregister(module)
        raise PluginError(
            f"plugin '{name}' does not fit the hooks: {error}; known hooks: {', '.join(known)}"
        ) from None
    assert len(plugins.manager.get_plugins()) == before + 1
    try:
        with plugins.registries.registering(name):
            register = plugins.manager.subset_hook_caller(
                "mindkit_register",
                [p for p in plugins.manager.get_plugins() if p is not module],
            )
            register(registries=plugins.registries)
    except BaseException:
        plugins.manager.unregister(module)
        raise


def _refuse_misspelt_hooks(name: str, module: ModuleType, known: Sequence[str]) -> None:
    for attribute, value in vars(module).items():
        if hasattr(value, "mindkit_impl") and attribute not in known:
            hint = did_you_mean(attribute, known)
            raise PluginError(f"plugin '{name}' implements '{attribute}', which is no hook{hint}")


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
