"""Ablations of a method: what `--drop` names, and the settings by path of them and `--set`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mindkit.config.source import Keys, Node, Origin, kind_of, node_of
from mindkit.errors import ConfigError, Problem, did_you_mean


@dataclass(frozen=True)
class Setting:
    """One `path=value`, from `--set` or from the `set` of an ablation."""

    keys: Keys
    node: Node

    @property
    def origin(self) -> Origin:
        return self.node.origin


@dataclass(frozen=True)
class Ablation:
    """An entry of ablations.yaml: names to `drop` and settings to apply; nothing else."""

    name: str
    origin: Origin
    drop: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class Request:
    """One name to drop, and the words of the one who asked for it."""

    name: str
    by: str


def split(path: str) -> Keys:
    """Return the keys of a dotted path; a number, bare or in brackets, is an item of a list."""
    parts = [part for part in re.split(r"[.\[\]]+", path) if part]
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def read_ablations(tree: Node) -> dict[str, Ablation]:
    """Return the ablations of one file; all mistakes are reported together."""
    found: dict[str, Ablation] = {}
    problems: list[Problem] = []
    for name, entry in (tree.items or {}).items():
        try:
            found[name] = _ablation(name, entry)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def requests(tree: Node, names: Sequence[str], ablations: Mapping[str, Ablation]) -> list[Request]:
    """Resolve the names given to `--drop`: parts of the method, or ablations that name parts."""
    entries = tree.items or {}
    kinds = [entries[key] for key in ("terms", "representations", "encoders") if key in entries]
    parts = [name for kind in kinds for name in kind.items or {}]
    found: dict[str, Request] = {}
    problems: list[Problem] = []
    for name in names:
        if name in ablations:
            ablation = ablations[name]
            for part in ablation.drop:
                if part in parts:
                    found.setdefault(part, Request(part, f"--drop {name}"))
                else:
                    what = f"nothing to drop is named '{part}'{did_you_mean(part, parts)}"
                    problems.append(ablation.origin.problem((name, "drop"), what))
        elif name in parts:
            found[name] = Request(name, f"--drop {name}")
        else:
            hint = did_you_mean(name, [*parts, *ablations])
            what = f"no term, representation, modality or ablation named '{name}'{hint}"
            problems.append(Problem(f"--drop {name}", what))
    if problems:
        raise ConfigError(problems)
    return list(found.values())


def _ablation(name: str, entry: Node) -> Ablation:
    problems: list[Problem] = []
    items = entry.items
    if items is None:
        what = f"an ablation is a map of `drop` and `set`, got {kind_of(entry.value)}"
        raise ConfigError([entry.origin.problem((name,), what)])
    for key, node in items.items():
        if key not in ("drop", "set"):
            what = f"an ablation holds `drop` and `set` only{did_you_mean(key, ('drop', 'set'))}"
            problems.append(node.origin.problem((name, key), what))
    drop = items.get("drop", node_of([])).plain()
    if not isinstance(drop, list) or not all(isinstance(one, str) for one in drop):
        what = f"`drop` is a list of names, got {drop!r}"
        problems.append(items["drop"].origin.problem((name, "drop"), what))
    changes = items.get("set", node_of({}))
    if changes.items is None:
        what = f"`set` is a map of paths and values, got {kind_of(changes.value)}"
        problems.append(changes.origin.problem((name, "set"), what))
    if problems:
        raise ConfigError(problems)
    settings = tuple(Setting(split(path), node) for path, node in (changes.items or {}).items())
    return Ablation(name, entry.origin, tuple(drop), settings)
