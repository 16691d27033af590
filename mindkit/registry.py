"""Registries: plain name -> class tables, one per kind of component, passed and never global."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from mindkit.errors import MindkitError, PluginError, did_you_mean


@dataclass(frozen=True)
class Entry:
    """One registered component: `name`, the class or a "module:Class" string, and its `plugin`."""

    name: str
    target: type[Any] | str
    plugin: str

    def load(self) -> type[Any]:
        """Return the class, importing its module if need be."""
        if not isinstance(self.target, str):
            return self.target
        module, _, attribute = self.target.partition(":")
        component: type[Any] = getattr(importlib.import_module(module), attribute)
        return component


class Registry:
    """The components of one kind, by name.

    `kind` is the plural that is also the attribute of `Registries`; `singular` is used in messages.
    A component is added as a class, or as "module:Class" so that listing names imports nothing.
    """

    def __init__(self, kind: str, singular: str, owner: Registries) -> None:
        self.kind = kind
        self.singular = singular
        self._owner = owner
        self._entries: dict[str, Entry] = {}

    def add(self, name: str, target: type[Any] | str) -> None:
        """Register `target` under `name`; a taken name is an error that names both plugins."""
        plugin = self._owner.plugin
        for registry in self._owner.sharing_names_with(self):
            if taken := registry._entries.get(name):
                raise PluginError(
                    f"plugin '{plugin}' registers the {self.singular} '{name}', but plugin "
                    f"'{taken.plugin}' already has a {registry.singular} of that name; "
                    f"rename the one in '{plugin}'"
                )
        self._entries[name] = Entry(name, target, plugin)

    def entry(self, name: str) -> Entry:
        """Return the entry of `name`, or raise an error with the nearest known name."""
        try:
            return self._entries[name]
        except KeyError:
            raise MindkitError(
                f"no {self.singular} named '{name}'{did_you_mean(name, self.names())}"
            ) from None

    def get(self, name: str) -> type[Any]:
        """Return the class registered under `name`."""
        return self.entry(name).load()

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries[name] for name in self.names())

    def discard(self, plugin: str) -> None:
        """Forget what `plugin` registered, as when it failed half-way through."""
        self._entries = {n: e for n, e in self._entries.items() if e.plugin != plugin}


@dataclass(init=False)
class Registries:
    """All registries; `mindkit_register(registries)` hooks fill them."""

    encoders: Registry
    stages: Registry
    mi_estimators: Registry
    criteria: Registry
    reconstructions: Registry
    fusion_heads: Registry
    datasets: Registry
    trackers: Registry

    def __init__(self) -> None:
        self.plugin = "mindkit"
        self.encoders = Registry("encoders", "encoder", self)
        self.stages = Registry("stages", "stage", self)
        self.mi_estimators = Registry("mi_estimators", "MI estimator", self)
        self.criteria = Registry("criteria", "criterion", self)
        self.reconstructions = Registry("reconstructions", "reconstruction", self)
        self.fusion_heads = Registry("fusion_heads", "fusion head", self)
        self.datasets = Registry("datasets", "data set", self)
        self.trackers = Registry("trackers", "tracker", self)

    def __iter__(self) -> Iterator[Registry]:
        return iter(getattr(self, field.name) for field in fields(self))

    @property
    def terms(self) -> tuple[Registry, Registry, Registry]:
        """The three kinds that the `type` of a term may name; they share one name space."""
        return self.criteria, self.mi_estimators, self.reconstructions

    def kind(self, name: str) -> Registry:
        """Return the registry called `name`, plural or singular."""
        for registry in self:
            if name in (registry.kind, registry.singular, registry.kind.removesuffix("s")):
                return registry
        kinds = [registry.kind for registry in self]
        raise MindkitError(f"no kind named '{name}'{did_you_mean(name, kinds)}")

    def sharing_names_with(self, registry: Registry) -> tuple[Registry, ...]:
        """Return the registries in which a name of `registry` must be free."""
        return self.terms if registry in self.terms else (registry,)

    @contextmanager
    def registering(self, plugin: str) -> Iterator[None]:
        """Attribute what is added inside the block to `plugin`; undo it all if the block fails."""
        before, self.plugin = self.plugin, plugin
        try:
            yield
        except BaseException:
            for registry in self:
                registry.discard(plugin)
            raise
        finally:
            self.plugin = before


@dataclass(frozen=True)
class Signature:
    """What a component's constructor asks for: `wired` by the engine, `options` from YAML."""

    wired: dict[str, inspect.Parameter]
    options: dict[str, inspect.Parameter]
    hints: dict[str, Any]


def read_signature(component: type[Any]) -> Signature:
    """Split a constructor's parameters at the `*`: before it wired, after it options."""
    constructor: Any = getattr(component, "__init__")  # noqa: B009  mypy distrusts the attribute
    parameters = [
        p for name, p in inspect.signature(constructor).parameters.items() if name != "self"
    ]
    if constructor is object.__init__ or any(
        p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters
    ):  # nn.Module's own constructor takes *args, **kwargs: the class defines none
        return Signature({}, {}, {})
    hints = get_type_hints(constructor, include_extras=True)
    wired = {p.name: p for p in parameters if p.kind != p.KEYWORD_ONLY}
    options = {p.name: p for p in parameters if p.kind == p.KEYWORD_ONLY}
    return Signature(wired, options, hints)
