"""From names and options to a checked `Spec`, and from a `Spec` to YAML and back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mindkit.config.ablations import requests
from mindkit.config.compose import OPEN, compose, parse_settings
from mindkit.config.drop import prune
from mindkit.config.schema import check
from mindkit.config.source import Keys, Node, dotted, node_of, read_file, scalar
from mindkit.config.spec import Spec
from mindkit.errors import ConfigError
from mindkit.registry import Registries

_WITHOUT_EFFECT_ON_NUMBERS = ("trackers", "log_every")
_PLAIN = re.compile(r"[A-Za-z0-9_$/.~][A-Za-z0-9_$/.*+~-]*")


def load_spec(
    registries: Registries,
    method: str,
    *,
    dataset: str | None = None,
    data: str | None = None,
    training: str | None = None,
    settings: Sequence[str] = (),
    drop: Sequence[str] = (),
    simulate: bool = True,
    root: Path | None = None,
) -> Spec:
    """Return the checked config of a run, or raise `ConfigError` with every mistake in it.

    method: a name in configs/methods, or the path of a YAML file. dataset: by default the config's
    own `data.name`. data: a file or folder to read it from. training: a fragment in
    configs/training. settings: `path=value`. drop: terms, representations, modalities or ablations.
    simulate: False makes missing data an error. root: the folder of configs.
    """
    composed = compose(
        method,
        dataset=dataset,
        data=data,
        training=training,
        settings=settings,
        drop=drop,
        simulate=simulate,
        root=root,
    )
    name = Path(method).stem if method.endswith((".yaml", ".yml")) else method
    whole = check(composed.tree, registries, name)
    if whole.problems:
        raise ConfigError(whole.problems)
    wanted = requests(whole.tree, drop, composed.ablations)
    pruned, lines = prune(whole.tree, wanted, whole.tokenising)
    for setting in parse_settings(settings):
        kind, *names = setting.keys
        if kind in OPEN and names and names[0] not in (pruned.at((kind,)).items or {}):
            lines.append(f"{setting.origin}: no effect, since {names[0]} was dropped")
    return _checked(registries, pruned, name, lines)


def spec_from_resolved(registries: Registries, path: Path | str) -> Spec:
    """Return the spec that a run saved as its config.yaml: the same one, to the last row."""
    tree = read_file(Path(path))
    entries = dict(tree.items or {})
    lines = entries.pop("dropped", node_of([])).plain()
    return _checked(registries, Node(entries, tree.origin), Path(path).parent.name, lines)


def _checked(registries: Registries, tree: Node, name: str, dropped: Sequence[str]) -> Spec:
    final = check(tree, registries, name, dropped)
    if final.spec is None:
        raise ConfigError(final.problems)
    return final.spec


def spec_hash(spec: Spec) -> str:
    """Return eight hexadecimal digits over everything in the config that changes numbers."""
    config = {key: value for key, value in spec.resolved.items() if key != "stamp"}
    training = config["training"].items()
    config["training"] = {k: v for k, v in training if k not in _WITHOUT_EFFECT_ON_NUMBERS}
    text = json.dumps(config, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def dump(spec: Spec, origins: bool = True) -> str:
    """Return the complete config as YAML, each value followed by its origin as a comment."""
    lines = list(_lines(node_of(spec.resolved), ()))
    if spec.dropped:
        lines += [("dropped:", None), *((f"  - {_scalar(line)}", None) for line in spec.dropped)]
    width = min(max(len(text) for text, _ in lines), 78)
    shown = []
    for text, keys in lines:
        origin = spec.origins.get(dotted(keys)) if keys is not None and origins else None
        shown.append(f"{text.ljust(width)}  # {origin}" if origin else text)
    return "\n".join(shown) + "\n"


def as_yaml(values: dict[str, Any]) -> str:
    """Return plain maps, lists and scalars as YAML that reads back as the same values."""
    return "".join(f"{text}\n" for text, _ in _lines(node_of(values), ()))


def as_setting(path: str, value: Any) -> str:
    """Return the `--set` line that gives the value at `path` this plain value."""
    return f"{path}={_flow(node_of(value))}"


def _lines(node: Node, keys: Keys) -> Iterator[tuple[str, Keys | None]]:
    """Yield lines of block style; lists of scalars, and items of lists, are in flow style."""
    indent = "  " * len(keys)
    for key, one in (node.items or {}).items():
        place = (*keys, key)
        name = f"{indent}{_scalar(key)}:"
        if one.items:
            yield name, None
            yield from _lines(one, place)
        elif isinstance(one.value, list) and any(
            isinstance(x.value, list | dict) for x in one.value
        ):
            yield name, None
            for index, item in enumerate(one.value):
                leaf = next(item.leaves((*place, index)))[0]
                yield f"{indent}  - {_flow(item)}", leaf
        else:
            yield f"{name} {_flow(one)}", next(one.leaves(place))[0]


def _flow(node: Node) -> str:
    if isinstance(node.value, dict):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in node.value.items()) + "}"
    if isinstance(node.value, list):
        return "[" + ", ".join(_flow(item) for item in node.value) + "]"
    return _scalar(node.value)


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if not isinstance(value, str):
        text = repr(value)  # YAML 1.1 readers take a number with an exponent for text without a dot
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    if _PLAIN.fullmatch(value) and scalar(value) == value:
        return value
    return "".join(
        c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(value, ensure_ascii=False)
    )
