"""Blocks: a `type` that names a component, the keys of its kind, and the component's options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mindkit.config.compose import STRUCTURE
from mindkit.config.source import Keys, Node, node_of
from mindkit.config.spec import Block
from mindkit.config.values import Report, plain
from mindkit.errors import did_you_mean
from mindkit.registry import Registry, read_signature

KEYWORDS = ("progress", "index", "mask")  # of `forward`; the engine fills them
_WIRED = ("width", "copies", "task", "num_outputs", "num_samples", "fused_names", "parts_dim")
_WIRED_BY_ARGUMENT = ("{}_dim", "num_{}", "{}_modalities")


@dataclass(frozen=True)
class Found:
    """A component that a `type` names: its class, and the registry it is in."""

    registry: Registry
    name: str
    component: type[Any]

    def __str__(self) -> str:
        return f"{self.registry.singular} '{self.name}'"

    @property
    def arguments(self) -> dict[str, inspect.Parameter]:
        """What its `forward` takes from `inputs`."""
        return arguments(self.component)

    @property
    def over_time(self) -> bool:
        """Whether its `forward` takes tensors with a time axis, and their mask."""
        return "mask" in inspect.signature(self.component.forward).parameters  # type: ignore[attr-defined]


def find(report: Report, node: Node, keys: Keys, registries: Sequence[Registry]) -> Found | None:
    """Return the component that the block's `type` names."""
    given = report.entries(node, keys).get("type")
    words = [registry.singular for registry in registries]
    what = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    known = [name for registry in registries for name in registry.names()]
    if given is None:
        if node.items is not None:
            report.refuse(node, (*keys, "type"), f"`type` is missing: which {what}? {_some(known)}")
        return None
    name = report.value(str, given, (*keys, "type"), default="")
    for registry in registries:
        if name in registry:
            try:
                return Found(registry, name, registry.get(name))
            except Exception as error:  # a plugin's module may raise anything when imported
                plugin = registry.entry(name).plugin
                why = f"{registry.singular} '{name}' of plugin '{plugin}' cannot be imported"
                report.refuse(given, (*keys, "type"), f"{why}: {type(error).__name__}: {error}")
                return None
    if name:
        report.refuse(
            given, (*keys, "type"), f"no {what} named '{name}'{did_you_mean(name, known)}"
        )
    return None


def fill(
    report: Report, node: Node, keys: Keys, found: Found | None, structure: Mapping[str, Node]
) -> tuple[Block | None, Node]:
    """Check the options of a block; return it with its defaults, `structure` put first."""
    before = len(report.problems)
    entries = report.entries(node, keys, silent=True)
    if found is None:
        return None, node
    own = STRUCTURE[str(keys[0])]
    signature = read_signature(found.component)
    for key, extra in entries.items():
        if key not in own and key not in signature.options:
            report.refuse(extra, (*keys, key), _why_unknown(found, key, own))
    for key in own:
        if key in signature.options:
            what = f"{found} has an option '{key}', a word that is taken in {keys[0]}"
            where = f"{found.component.__module__}.{found.component.__qualname__}"
            report.refuse(entries["type"], (*keys, key), f"{what}; rename it in {where}")
    options: dict[str, Any] = {}
    filled = {"type": entries["type"], **structure}
    for name, parameter in signature.options.items():
        if name in entries:
            hint = signature.hints.get(name, Any)
            options[name] = report.value(hint, entries[name], (*keys, name))
            filled[name] = node_of(plain(options[name]), entries[name].origin)
        elif parameter.default is parameter.empty:
            report.refuse(node, (*keys, name), f"{found} needs the option '{name}'; set it")
        else:
            options[name] = parameter.default
            filled[name] = node_of(plain(parameter.default))
    good = len(report.problems) == before
    return (Block(found.name, options) if good else None), Node(filled, node.origin)


def _why_unknown(found: Found, key: str, own: Sequence[str]) -> str:
    signature = read_signature(found.component)
    if key in signature.wired and key in wirable(found.component):
        return f"'{key}' is wired by the engine and cannot be set; remove it"
    if key in signature.wired:
        where = f"{found.component.__qualname__}.__init__"
        return (
            f"'{key}' stands before `*` in {where}, where the engine wires sizes, and it has no "
            f"'{key}' to give\nmove it after `*`: there it is an option"
        )
    hint = did_you_mean(key, [*signature.options, *own])
    if "did you mean" not in hint:
        hint = f"; {_some(list(signature.options))}" if signature.options else "; it has none"
    return f"{found} has no option '{key}'{hint}"


def _some(known: Sequence[str]) -> str:
    return f"known: {', '.join(sorted(known))}" if known else "none is known"


def arguments(component: type) -> dict[str, inspect.Parameter]:
    """Return what the component's `forward` takes from `inputs`."""
    parameters = inspect.signature(component.forward).parameters.values()  # type: ignore[attr-defined]
    return {p.name: p for p in parameters if p.name not in ("self", *KEYWORDS)}


def wirable(component: type) -> set[str]:
    """Return what the engine can give the component's constructor, asked for or not."""
    names = (form.format(name) for name in arguments(component) for form in _WIRED_BY_ARGUMENT)
    return {*_WIRED, *names}


def required(parameter: inspect.Parameter) -> bool:
    """Return whether an argument of `forward` must be given."""
    variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not variadic
