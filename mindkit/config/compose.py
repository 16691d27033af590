"""The merge: which files make a config, in which order, and who wins.

From weakest to strongest: dataclass defaults, `training/default.yaml`, the method (its base first,
then `default.yaml`, then `<dataset>.yaml`), a `--training` fragment, `set` of the ablations that
are dropped, options of the command line, `--set`. `datasets/<dataset>.yaml` says what holds for any
method, so it is weaker than the first file about a method on this data set, if there is one.
Maps merge and lists replace. A new `type` resets the options of its block, and only those.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mindkit.config.ablations import Ablation, Setting, split
from mindkit.config.files import Files, config_root
from mindkit.config.source import DEFAULT, Keys, Node, Origin, dotted, kind_of, node_of, read_value
from mindkit.config.spec import Data
from mindkit.config.training import Training
from mindkit.errors import ConfigError, Problem, did_you_mean

OPEN = ("encoders", "representations", "terms")  # maps whose keys are the author's own names
STRUCTURE = {
    "encoders": ("type",),
    "representations": ("type", "from", "share", "through"),
    "fusion": ("type", "inputs"),
    "terms": ("type", "goal", "weight", "reduce", "inputs", "pairs", "learning"),
}
_OF_ONE_OPTIMIZER = ("betas", "momentum")


@dataclass
class Composed:
    """The merged tree, and the ablations that the method offers."""

    tree: Node
    ablations: dict[str, Ablation] = field(default_factory=dict[str, Ablation])


def compose(
    method: str,
    *,
    dataset: str | None = None,
    data: str | None = None,
    training: str | None = None,
    settings: Sequence[str] = (),
    drop: Sequence[str] = (),
    simulate: bool = True,
    root: Path | None = None,
) -> Composed:
    """Merge everything that makes the config of `method`; see the head of this module."""
    files = Files(root or config_root())
    chosen = parse_settings(settings)
    first = [defaults(), files.read(files.root / "training" / "default.yaml")]
    dataset = dataset or _dataset_of([*first, *files.method(method, None)[0]], chosen)
    own, special = files.method(method, dataset)
    layers = [*first, *own]
    if (path := files.root / "datasets" / f"{dataset}.yaml").is_file():
        layers.insert(len(first) + special, files.read(path))
    if training is not None:
        layers.append(files.fragment("training", training))
    ablations = files.ablations(method)
    tree = layers[0]
    for layer in layers[1:]:
        tree = merge(tree, layer)
    tree = Node(tree.value, own[0].origin)
    options = [Setting(("data", "name"), Node(dataset, Origin(f"--dataset {dataset}")))]
    if tree.at(("data", "name")).value == dataset:
        options = []
    if data is not None:
        options.append(Setting(("data", "path"), Node(data, Origin(f"--data {data}"))))
    if not simulate:
        options.append(Setting(("data", "simulate"), Node(False, Origin("--no-simulate"))))
    of_ablations = [s for name in drop if name in ablations for s in ablations[name].settings]
    return Composed(apply(tree, [*_ordered(of_ablations), *options, *_ordered(chosen)]), ablations)


def merge(base: Node, over: Node, keys: Keys = ()) -> Node:
    """Return `base` with what `over` says; maps merge, everything else is replaced."""
    if base.items is None or over.items is None:
        return over
    entries = _kept(base.items, over.items, keys)
    for key, node in over.items.items():
        entries[key] = merge(entries[key], node, (*keys, key)) if key in entries else node
    return Node(entries, over.origin if base.origin == DEFAULT else base.origin)


def _kept(base: dict[str, Node], over: dict[str, Node], keys: Keys) -> dict[str, Node]:
    same = "type" not in base or "type" not in over or base["type"].value == over["type"].value
    if same:
        return dict(base)
    if keys == ("training", "optimizer"):
        return {key: node for key, node in base.items() if key not in _OF_ONE_OPTIMIZER}
    if keys and ((keys[0] in OPEN and len(keys) == 2) or keys == ("fusion",)):
        structure = STRUCTURE[str(keys[0])]
        return {key: node for key, node in base.items() if key in structure}
    return dict(base)


def defaults() -> Node:
    """Return what the dataclasses say when no file does."""
    values = {"training": dataclasses.asdict(Training()), "data": dataclasses.asdict(Data())}
    for key in _OF_ONE_OPTIMIZER:  # these depend on the type, and are filled in once it is known
        del values["training"]["optimizer"][key]
    return node_of(values)


def parse_settings(settings: Iterable[str]) -> list[Setting]:
    """Read `path=value` strings, the value as YAML; all mistakes are reported together."""
    found: list[Setting] = []
    problems: list[Problem] = []
    for text in settings:
        origin = Origin(f"--set {text}")
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            problems.append(
                Problem(str(origin), "a setting is PATH=VALUE, such as terms.diff.weight=0.01")
            )
            continue
        try:
            found.append(Setting(split(path.strip()), read_value(value, origin)))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def apply(tree: Node, settings: Iterable[Setting]) -> Node:
    """Return the tree with each setting put in its place, later ones winning."""
    problems: list[Problem] = []
    for setting in settings:
        try:
            tree = _put(tree, setting.keys, setting, ())
        except _Misplaced as error:
            problems.append(setting.origin.problem(setting.keys, str(error)))
    if problems:
        raise ConfigError(problems)
    return tree


class _Misplaced(Exception):
    """A setting whose path does not exist; the message says what does."""


def _ordered(settings: Sequence[Setting]) -> list[Setting]:
    # A new type resets its block's options, so it comes before the options set beside it.
    return sorted(settings, key=lambda setting: setting.keys[-1] != "type")


def _put(node: Node | None, rest: Keys, setting: Setting, at: Keys) -> Node:
    if not rest:
        return setting.node if node is None else merge(node, setting.node, at)
    key, *others = rest
    if node is not None and isinstance(node.value, list):
        items = list(node.value)
        if not isinstance(key, int) or key >= len(items):
            raise _Misplaced(
                f"{dotted(at)} is a list of {len(items)}; "
                f"its items are {dotted(at)}[0] to [{len(items) - 1}], not '{key}'"
                if items
                else f"{dotted(at)} is an empty list; set the whole of it"
            )
        items[key] = _put(items[key], tuple(others), setting, (*at, key))
        return Node(items, node.origin)
    key = str(key)
    entries = {} if node is None else node.items
    if entries is None:
        raise _Misplaced(
            f"{dotted(at)} is {kind_of(node.value)} ({node.value!r}), not a map: "  # type: ignore[union-attr]
            f"nothing lies below it; set {dotted(at)} itself"
        )
    whole = not others and bool({"type", "through"} & set(setting.node.items or {}))
    if len(at) == 1 and at[0] in OPEN and key not in entries and not whole:
        one = str(at[0]).removesuffix("s")
        raise _Misplaced(
            f"no {one} named '{key}'{did_you_mean(key, list(entries))}\n"
            f"to add one, set the whole of it: {at[0]}.{key}={{type: …}}"
        )
    if not others and key == "type" and node is not None:
        return merge(node, Node({key: setting.node}, setting.origin), at)
    changed = _put(entries.get(key), tuple(others), setting, (*at, key))
    return Node({**entries, key: changed}, node.origin if node else setting.origin)


def _dataset_of(layers: Sequence[Node], settings: Sequence[Setting]) -> str:
    name = Data().name
    for layer in layers:
        node = layer.at(("data", "name"))
        name = node.value if isinstance(node.value, str) else name
    for setting in settings:
        if setting.keys == ("data", "name") and isinstance(setting.node.value, str):
            name = setting.node.value
    return name
