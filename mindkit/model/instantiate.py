"""From a component's class to an instance: the only place that instantiates components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindkit.config.source import Origin, node_of
from mindkit.config.values import Report
from mindkit.errors import ConfigError, MindkitError
from mindkit.registry import Registries, read_signature


def create(registries: Registries, kind: str, name: str, **arguments: Any) -> Any:
    """Return one component that works alone, as in a notebook.

    `arguments` are its options, and the sizes it is wired with (`x_dim=128`, `width=64`, …);
    `copies` is 1 unless given. Options are checked as those in a config are.
    """
    registry = registries.kind(kind)
    component = registry.get(name)
    signature = read_signature(component)
    known = [*signature.wired, *signature.options]
    for argument in arguments:
        if argument not in known:
            raise MindkitError(
                f"{registry.singular} '{name}' takes no '{argument}'; it takes: {', '.join(known)}"
            )
    sizes = {"copies": 1, **arguments}
    parameters = {**signature.wired, **signature.options}.values()
    required = [one.name for one in parameters if one.default is one.empty]
    missing = [one for one in required if one not in sizes]
    place = f"create({kind!r}, {name!r})"
    if missing:
        more = "".join(f", {one}=…" for one in missing)
        raise MindkitError(
            f"{registry.singular} '{name}' needs {' and '.join(missing)} too: {place[:-1]}{more})"
        )
    report = Report()
    options = {
        key: report.value(signature.hints.get(key, Any), node_of(value, Origin(place)), (key,))
        for key, value in arguments.items()
        if key in signature.options
    }
    if report.problems:
        raise ConfigError(report.problems)
    return instantiate(component, place, sizes, options)


def instantiate(
    component: type, place: str, sizes: Mapping[str, Any], options: Mapping[str, Any]
) -> Any:
    """Call the constructor: `sizes` for what it is wired with, `options` for what is set."""
    wired = {}
    for name, parameter in read_signature(component).wired.items():
        if name in sizes:
            wired[name] = sizes[name]
        elif parameter.default is parameter.empty:
            raise MindkitError(
                f"{place}: {component.__name__} is wired with '{name}', which nothing here gives; "
                f"given: {', '.join(sorted(sizes))}. An option must stand after `*` in __init__"
            )
    try:
        return component(**wired, **options)
    except (ValueError, TypeError) as error:
        raise MindkitError(f"{place}: {component.__name__} refuses its options: {error}") from error
