"""What can be plugged in: each component with its options, as plain data."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Sequence
from typing import Any

from mindkit.config.values import in_words
from mindkit.registry import Entry, Registries, Registry, read_signature


def describe_components(registries: Registries, kind: str | None = None) -> list[dict[str, Any]]:
    """Describe every component, or those of one kind, sorted by kind and name.

    Each is a map of kind, name, plugin, description (its first line) and options: a list of maps of
    name, type (in words), and default, which a required option has not. One that cannot be imported
    has no options, and an `error` that says why.
    """
    chosen: Sequence[Registry] = list(registries) if kind is None else [registries.kind(kind)]
    return [_describe(registry, entry) for registry in chosen for entry in registry]


def _describe(registry: Registry, entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": registry.kind, "name": entry.name, "plugin": entry.plugin}
    try:
        component = entry.load()
    except Exception as error:  # a plugin's module may raise anything when it is imported
        why = f"cannot be imported: {type(error).__name__}: {error}"
        return {**told, "description": why, "options": [], "error": why}
    text = inspect.getdoc(component) if component.__doc__ else None
    return {
        **told,
        "description": (text or "").partition("\n")[0],
        "options": _options(component),
    }


def _options(component: type[Any]) -> list[dict[str, Any]]:
    signature = read_signature(component)
    options: list[dict[str, Any]] = []
    for name, parameter in signature.options.items():
        option = {"name": name, "type": in_words(signature.hints.get(name, typing.Any))}
        if parameter.default is not parameter.empty:
            option["default"] = parameter.default
        options.append(option)
    return options
